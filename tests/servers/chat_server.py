"""A real server that speaks enough of OpenAI's chat protocol, and misbehaves as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-4f1d9c-never-shown"
SCHEMA = {
    "type": "object",
    "properties": {"item_id": {"const": "i1"}, "summary": {"type": "string"}},
    "required": ["item_id", "summary"],
    "additionalProperties": False,
}
GOOD = '{"item_id": "i1", "summary": "A mug."}'


def completion(content: str | None, **more: Any) -> dict[str, Any]:
    """The body of an answer; `refusal` and `finish_reason` where given."""
    message = {"role": "assistant", "content": content, "refusal": more.get("refusal")}
    choice = {"index": 0, "message": message, "finish_reason": more.get("finish_reason", "stop")}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


@dataclass
class Reply:
    """What the server does with one call.

    `how`: `whole`; `hang`: says nothing; `drip`: a byte a second; `cut`: closes in the middle of the body.
    """

    status: int = 200
    body: dict[str, Any] | str = ""
    headers: dict[str, str] = field(default_factory=dict)
    how: str = "whole"


def good(*_: Any) -> Reply:
    """A valid answer to any call."""
    return Reply(body=completion(GOOD))


def first(*replies: Reply) -> Callable[[dict[str, Any], int], Reply]:
    """These replies to the first calls with a body, then good ones."""
    return lambda body, nth: replies[nth - 1] if nth <= len(replies) else good()


@dataclass
class Call:
    """One call as it came in."""

    body: dict[str, Any]
    authorization: str | None
    at: float
    status: int = 0

    @property
    def prompt(self) -> str:
        """The last thing said by the user."""
        return self.body["messages"][-1]["content"]


class ChatServer(ThreadingHTTPServer):
    """Answers each call by `script(body, nth)`, `nth` counting the calls with this very body from 1."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: Callable[[dict[str, Any], int], Reply]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.under_way = self.most_under_way = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self) -> ChatServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChatServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        call = Call(json.loads(raw), self.headers.get("Authorization"), time.monotonic())
        server = self.server
        with server.lock:
            server.calls.append(call)
            server.counts[raw.decode()] += 1
            nth = server.counts[raw.decode()]
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
        try:
            reply = server.script(call.body, nth)
            call.status = reply.status
            self._send(reply)
        finally:
            with server.lock:
                server.under_way -= 1

    def _send(self, reply: Reply) -> None:
        if reply.how == "hang":
            self.server.closing.wait(30)
            self.close_connection = True
            return
        content = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if reply.how == "whole":
            self.wfile.write(content)
        elif reply.how == "cut":
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        else:
            for place in range(len(content)):
                self.wfile.write(content[place : place + 1])
                self.wfile.flush()
                if self.server.closing.wait(1):
                    return

    def log_message(self, *_: object) -> None:
        """Quiet."""
