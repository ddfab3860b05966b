"""Null victims over HTTP: a loopback server that speaks the OpenAI dialects and does no work.

::

    python -m robustness.testing.null_server echo --port 0
    robustness audit --victim openai:http://127.0.0.1:PORT/v1#null …

Chat completions, completions and responses are answered, ``/v1/models`` and ``/health`` too. Nothing is read but the text that is
asked, so a key or any parameter of sampling is accepted and ignored, as by servers that drop what they do not know.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from robustness.victims.null import LABELS, NULLS, Said

MODEL = "null"
HOST = "127.0.0.1"
MOST_BYTES = 4 << 20
Fields = dict[str, Any]


class NullServer(ThreadingHTTPServer):
    """Serves one null victim. ``requests``: how many questions came, counted under a lock.

    ``known``: what it says to some texts in place of nothing, so that it works until a text is changed.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self, name: str, *, port: int = 0, labels: Sequence[str] = LABELS, known: Mapping[str, str] | None = None
    ) -> None:
        """Bind to loopback, on any free port where ``port`` is 0; raises ``KeyError`` for an unknown name, ``OSError``."""
        self._null, self._labels, self._known = NULLS[name], tuple(labels), dict(known or {})
        self.requests, self._lock = 0, threading.Lock()
        super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        """Where the API begins: ``http://127.0.0.1:PORT/v1``."""
        return f"http://{HOST}:{self.server_address[1]}/v1"

    def say(self, text: str) -> Said:
        """What the null victim says, and one more request."""
        with self._lock:
            self.requests += 1
        return Said(self._known[text]) if text in self._known else self._null.say(text, self._labels)


@contextmanager
def serving(name: str, *, labels: Sequence[str] = LABELS, known: Mapping[str, str] | None = None) -> Iterator[NullServer]:
    """A running server, ended with the block."""
    with NullServer(name, labels=labels, known=known) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _BadRequestError(Exception):
    """A request that the dialect does not know."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: NullServer
    timeout = 60

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(200, {"status": "ok"})
        elif self.path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "null"}]})
        else:
            self._send(404, _error(f"there is nothing at {self.path}"))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            self._send(413, _error(f"expected a body with a Content-Length up to {MOST_BYTES}"))
            return
        body = self.rfile.read(int(length))
        dialect = _DIALECTS.get(self.path)
        if dialect is None:
            self._send(404, _error(f"there is nothing at {self.path}"))
            return
        asked, reply = dialect
        try:
            text = asked(_read(body))
        except _BadRequestError as problem:
            self._send(400, _error(str(problem)))
            return
        said = self.server.say(text)
        self._send(said.status, reply(said, text) if said.status == 200 else _error("this null victim refuses every request"))

    def _send(self, status: int, value: Fields) -> None:
        body = json.dumps(value).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the texts are the caller's."""


def _error(message: str) -> Fields:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def _read(body: bytes) -> Fields:
    try:
        found = json.loads(body)
    except ValueError as problem:
        raise _BadRequestError(f"expected a body of JSON: {problem}") from None
    if not isinstance(found, dict):
        raise _BadRequestError("expected a JSON object")
    return found


def _last_user(messages: Any) -> str:
    """The text of the last message that is not the system's."""
    if not isinstance(messages, list) or not all(isinstance(one, Mapping) for one in messages):
        raise _BadRequestError("expected messages, each with a role and a content")
    said = [one for one in messages if one.get("role") in ("user", None)]
    if not said:
        raise _BadRequestError("expected a message of the user")
    return _text(said[-1].get("content"))


def _text(content: Any) -> str:
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    if not isinstance(content, str):
        raise _BadRequestError("expected a content of text")
    return content


def _prompt(body: Fields) -> str:
    prompt = body.get("prompt")
    prompt = prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt
    if not isinstance(prompt, str):
        raise _BadRequestError("expected one prompt of text")
    return prompt


def _input(body: Fields) -> str:
    given = body.get("input")
    return given if isinstance(given, str) else _last_user(given)


def _tokens(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)


def _head(kind: str) -> Fields:
    return {"id": f"{kind}-null", "object": kind, "created": 0, "model": MODEL}


def _usage(said: Said, text: str, names: tuple[str, str] = ("prompt_tokens", "completion_tokens")) -> Fields:
    read, written = _tokens(text), _tokens(said.content, said.thinking)
    return {names[0]: read, names[1]: written, "total_tokens": read + written}


def _chat(said: Said, text: str) -> Fields:
    message: Fields = {"role": "assistant", "content": said.content}
    if said.thinking:
        message["reasoning_content"] = said.thinking
    choice = {"index": 0, "message": message, "finish_reason": said.finish, "logprobs": None}
    return {**_head("chat.completion"), "choices": [choice], "usage": _usage(said, text)}


def _completion(said: Said, text: str) -> Fields:
    choice = {"index": 0, "text": said.content, "finish_reason": said.finish, "logprobs": None}
    return {**_head("text_completion"), "choices": [choice], "usage": _usage(said, text)}


def _response(said: Said, text: str) -> Fields:
    whole = said.finish != "length"
    output: list[Fields] = []
    if said.thinking:
        output.append(
            {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": said.thinking}]}
        )
    else:
        content = [{"type": "output_text", "text": said.content, "annotations": []}]
        status = "completed" if whole else "incomplete"
        output.append({"type": "message", "id": "m", "role": "assistant", "status": status, "content": content})
    return {
        **_head("response"),
        "status": "completed" if whole else "incomplete",
        "incomplete_details": None if whole else {"reason": "max_output_tokens"},
        "output": output,
        "usage": _usage(said, text, ("input_tokens", "output_tokens")),
    }


_DIALECTS: Mapping[str, tuple[Callable[[Fields], str], Callable[[Said, str], Fields]]] = {
    "/v1/chat/completions": (lambda body: _last_user(body.get("messages")), _chat),
    "/v1/completions": (_prompt, _completion),
    "/v1/responses": (_input, _response),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted; the first line of stdout is the URL."""
    parser = argparse.ArgumentParser(prog="python -m robustness.testing.null_server", description="A null victim over HTTP.")
    parser.add_argument("name", choices=tuple(NULLS), help="which null victim")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    parser.add_argument("--labels", default=",".join(LABELS), help="the first of them is what first-label says")
    asked = parser.parse_args(arguments)
    labels = [label.strip() for label in asked.labels.split(",")]
    if not all(labels):
        parser.error(f"--labels expects names with commas between, got {asked.labels!r}")
    try:
        server = NullServer(asked.name, port=asked.port, labels=labels)
    except (OSError, OverflowError) as problem:
        parser.error(f"port {asked.port} of {HOST} cannot be served: {problem}")
    with server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
