"""The null victims over HTTP: each dialect says what the null victim in this process says, and how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import pytest

from robustness.testing.null_server import NullServer, main, serving
from robustness.victims.null import LABELS, NULLS

TEXT = "one two three four five six seven eight nine ten"
CHAT = {"model": "null", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": TEXT}]}


def post(server: NullServer, path: str, body: Any) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, raw, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("name", NULLS)
def test_every_dialect_says_what_the_null_victim_says(name: str) -> None:
    said = NULLS[name].say(TEXT, LABELS)
    with serving(name) as server:
        chat, completion, response = (
            post(server, "/chat/completions", CHAT),
            post(server, "/completions", {"prompt": TEXT}),
            post(server, "/responses", {"input": [{"role": "user", "content": [{"type": "input_text", "text": TEXT}]}]}),
        )
    assert [status for status, _ in (chat, completion, response)] == [said.status] * 3
    assert server.requests == 3
    if said.status != 200:
        assert "refuses" in chat[1]["error"]["message"]
        return
    choice = chat[1]["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (said.content, said.finish)
    assert choice["message"].get("reasoning_content", "") == said.thinking
    assert completion[1]["choices"][0]["text"] == said.content
    assert (response[1]["status"] == "incomplete") is (said.finish == "length")
    told = [part["text"] for item in response[1]["output"] if item["type"] == "message" for part in item["content"]]
    assert told == ([] if said.thinking else [said.content])
    assert chat[1]["usage"]["prompt_tokens"] == response[1]["usage"]["input_tokens"] == 10


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/chat/completions", b"{", 400, "a body of JSON"),
        ("/chat/completions", [], 400, "a JSON object"),
        ("/chat/completions", {"messages": "hi"}, 400, "messages"),
        ("/chat/completions", {"messages": [{"role": "system", "content": "x"}]}, 400, "message of the user"),
        ("/chat/completions", {"messages": [{"role": "user", "content": 3}]}, 400, "content of text"),
        ("/completions", {"prompt": ["a", "b"]}, 400, "one prompt"),
        ("/embeddings", {"input": "x"}, 404, "/v1/embeddings"),
    ],
)
def test_what_it_cannot_read_is_refused(path: str, body: Any, status: int, message: str) -> None:
    with serving("echo") as server:
        got, reply = post(server, path, body)
    assert (got, server.requests) == (status, 0)
    assert message in reply["error"]["message"]


def test_connections_are_kept_and_every_request_is_counted() -> None:
    def ask(server: NullServer) -> list[Mapping[str, Any]]:
        connection, found = HTTPConnection(*server.server_address[:2], timeout=10), []  # type: ignore[arg-type]
        for _ in range(10):
            connection.request("POST", "/v1/chat/completions", json.dumps(CHAT))
            found.append(json.load(connection.getresponse()))
        connection.close()
        return found

    with serving("first-label", labels=("yes", "no")) as server, ThreadPoolExecutor(8) as pool:
        replies = [reply for found in pool.map(lambda _: ask(server), range(8)) for reply in found]
        assert server.requests == len(replies) == 80
    assert {reply["choices"][0]["message"]["content"] for reply in replies} == {"yes"}


def test_it_is_started_as_a_module_and_says_where_it_is() -> None:
    command = [sys.executable, "-m", "robustness.testing.null_server", "echo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout is not None
            url = started.stdout.readline().strip()
            with urllib.request.urlopen(f"{url}/models", timeout=10) as reply:
                assert json.load(reply)["data"][0]["id"] == "null"
        finally:
            started.terminate()


@pytest.mark.parametrize("arguments", [["no-such"], ["echo", "--port", "99999"], ["echo", "--labels", "a,,b"], []])
def test_bad_arguments_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err
