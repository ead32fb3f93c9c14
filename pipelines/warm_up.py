"""Importing what learning needs while dbt, another process, makes the tables: several seconds of every night."""

import importlib
import threading
from contextlib import suppress

# The order in which a run comes to them. `torch._dynamo` comes with torch's first optimiser.
LIBRARIES = ("torch", "torch._dynamo", "sentence_transformers", "faiss", "lightgbm", "matplotlib.backends.backend_agg")
DBT_STEP = "dbt_models"


class WarmUp:
    """Follows the steps of a run; imports on a thread of its own for as long as dbt's step lasts.

    Not longer: while dbt works, this process only waits for it, so that no two threads import at the same time.

    Args:
        libraries: Names of modules. One that cannot be imported is left to the step that needs it, which says so.
    """

    def __init__(self, libraries: tuple[str, ...] = LIBRARIES):
        self.libraries, self._dbt_ended = libraries, threading.Event()
        self._thread = threading.Thread(target=self._import_all, name="warm-up", daemon=True)

    def on_step(self, step: str, word: str) -> None:
        """Called at the start and end of each step."""
        if step != DBT_STEP:
            return
        if word == "started":
            self._thread.start()
        elif self._thread.is_alive():
            self._dbt_ended.set()
            self._thread.join()

    def _import_all(self) -> None:
        for name in self.libraries:
            if self._dbt_ended.is_set():
                return
            with suppress(ImportError, OSError):
                importlib.import_module(name)
