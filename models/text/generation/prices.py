"""What tokens cost."""

from __future__ import annotations

from dataclasses import dataclass

PER = 1_000_000


@dataclass(frozen=True)
class Prices:
    """Prices of a model, in any one currency per million tokens; `None` where they are not known."""

    read: float | None = None
    written: float | None = None

    def cost(self, tokens_in: float, tokens_out: float) -> float | None:
        """Price of some tokens read and written; `None` without prices."""
        if self.read is None or self.written is None:
            return None
        return (self.read * tokens_in + self.written * tokens_out) / PER
