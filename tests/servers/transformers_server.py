"""`transformers serve`, a real server that others run: it ignores the schema, so what it says must be looked at."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

READY_SECONDS = 240
ANSWERED = '"POST /v1/chat/completions HTTP/1.1" 200'


class TransformersServer:
    """Serves a model's folder on a free port of this machine; skips the test, with the reason, where it cannot.

    Args:
        model: The folder.
        folder: Where its log and its caches go.
    """

    def __init__(self, model: Path, folder: Path):
        self.model, self.log = model, folder / "serve.log"
        missing = [name for name in ("fastapi", "uvicorn", "accelerate") if not find_spec(name)]
        command = Path(sys.executable).parent / "transformers"
        if missing or not command.exists():
            pytest.skip(f"transformers serve needs {', '.join(missing) or command}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [command, "serve", model, "--device", "cpu", "--host", "127.0.0.1", "--port", str(self.port)],
            env=environment,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
        )

    @property
    def address(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def n_answered(self) -> int:
        """Calls it has answered, as its own log tells."""
        return self.log.read_text(errors="replace").count(ANSWERED)

    def __enter__(self) -> TransformersServer:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2).close()
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)
            else:
                return self
        self.__exit__()
        last = self.log.read_text(errors="replace").strip().splitlines()[-1:]
        pytest.skip(f"transformers serve did not start: {' '.join(last) or 'it said nothing'}")

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.log.parent / "cache", ignore_errors=True)
