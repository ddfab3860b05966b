"""A loopback server of chat completions that answers as a function says; it counts what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[Mapping[str, Any]], tuple[int, Any]]


@dataclass
class Stub:
    """Where it listens, and the (path, headers, body) of each request."""

    url: str
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)


def said(text: str, finish: str = "stop", tokens: int = 3, **message: Any) -> tuple[int, Any]:
    """A reply of chat completions."""
    choice = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    return 200, {"model": "stub-1", "choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": tokens}}


def refused(parameter: str) -> tuple[int, Any]:
    """The error for a parameter that the model does not take."""
    return 400, {"error": {"message": f"'{parameter}' is not supported", "param": parameter, "code": "unsupported_parameter"}}


@contextmanager
def serving(answer: Answer) -> Iterator[Stub]:
    """The server, as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stub.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, found = answer(body)
            raw = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        stub = Stub(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()
