"""What a training run says of itself while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_SECONDS = 1.0


class Pace:
    """Words for a progress bar: loss, validation NDCG, examples a second, time left.

    They are made anew once a second: asking a GPU for a loss makes it wait.

    Args:
        title: What comes first.
        clock: Seconds, never falling.
    """

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic):
        self.title, self.clock = title, clock
        self.words = title
        self.n_examples = 0.0
        self._began: tuple[float, int] | None = None
        self._said = float("-inf")

    def begin(self, done: int) -> None:
        """Training goes on from here: what was done before, in an earlier process, says nothing of its pace."""
        self._began = self.clock(), done

    def say(
        self, done: int, total: int, n_examples: float, loss: Callable[[], float], validation: float | None = None
    ) -> str:
        """The words after some batches.

        Args:
            done: Batches done.
            total: Of the longest possible run.
            n_examples: In the batches since the last call.
            loss: Mean of the epoch so far; called only where it is said.
            validation: NDCG@10 of the last epoch that was validated.
        """
        self.n_examples += n_examples
        now = self.clock()
        if self._began is None or now - self._said < EVERY_SECONDS:
            return self.words
        self._said = now
        seconds, n_done = max(now - self._began[0], 1e-9), done - self._began[1]
        parts = [f"loss {loss():.4g}"]
        if validation is not None:
            parts.append(f"validation NDCG@10 {validation:.4f}")
        parts.append(f"{self.n_examples / seconds:,.0f} examples/s")
        parts.append(f"at most {in_words((total - done) * seconds / max(n_done, 1))} left")
        self.words = f"{self.title}: {', '.join(parts)}"
        return self.words


def in_words(seconds: float) -> str:
    """`42 s`, `12:30` or `3:05:00`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
