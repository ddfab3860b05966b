"""Dialects, bare: what is sent, and what every kind of reply means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attacks.search import Unusable
from robustness.errors import RefusedError, VictimError
from robustness.victims.endpoint.dialects.chat import Chat
from robustness.victims.endpoint.dialects.completions import Completions, likelihood_after, prompt_text
from robustness.victims.endpoint.dialects.dialect import Ask, Dialect, EndpointError, TokenChance, Written, usable
from robustness.victims.endpoint.dialects.responses import Responses
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.wire import Reply
from robustness.victims.prompts.prompt import Message

URL = "https://api.example/v1/chat/completions"
CHAT, TEXT, RESPONSES = Chat(URL, "m"), Completions(URL, "m"), Responses(URL, "m")
TURNS = (Message("system", "Be brief."), Message("user", "Hello?"))
ASK = Ask(TURNS, max_tokens=9, stop=("\n",), seed=3, logprobs=20, schema={"type": "object"})
FLAGGED = {"reasons": ["violence"], "flagged_input": "x"}


def reply(body: Any, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "application/json"}, body if isinstance(body, bytes) else json.dumps(body).encode())


def chat(content: Any = "yes", finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    one = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return {"model": "m-2", "choices": [one]}


def response(*items: Any, status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"status": status, "output": list(items), **more}


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def outcome(dialect: Dialect, came: Reply) -> str:
    """``ok: TEXT``, the kind of an answer that is none, or the name of the error."""
    try:
        written = dialect.read(came)
        found = written if isinstance(written, Unusable) else usable(written)
    except VictimError as problem:
        return type(problem).__name__
    return found.kind if isinstance(found, Unusable) else f"ok: {found}"


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (chat(), 200, "ok: yes"),
        (chat(""), 200, "empty"),
        (chat(None), 200, "empty"),
        (chat(" \n"), 200, "empty"),
        (chat("", "length", reasoning_content="hmm"), 200, "truncated"),
        (chat("", "stop", reasoning="hmm"), 200, "empty"),
        (chat("<think>hmm, ye", "length"), 200, "truncated"),
        (chat("<think>hmm</think>\nyes"), 200, "ok: yes"),
        (chat("yes, bec", "length"), 200, "truncated"),
        (chat("yes", "content_filter"), 200, "filtered"),
        (chat(None, "stop", refusal="I cannot."), 200, "refused"),
        (chat(None, "tool_calls", tool_calls=[{}]), 200, "unparsed"),
        (chat("yes", "stop", tool_calls=[{}]), 200, "unparsed"),
        (chat("yes", None), 200, "ok: yes"),
        (chat("yes", "error"), 200, "EndpointError"),
        (chat([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}]), 200, "ok: yes"),
        ({"choices": []}, 200, "EndpointError"),
        ({"choices": [{"index": 0}]}, 200, "EndpointError"),
        ({"error": {"message": "overloaded"}}, 200, "EndpointError"),
        ({"error": "overloaded"}, 200, "EndpointError"),
        ({"object": "error", "message": "no", "code": 400}, 400, "EndpointError"),
        ({"error": {"code": "content_filter", "message": "blocked"}}, 400, "filtered"),
        ({"error": {"code": "400", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, 400, "filtered"),
        ({"error": {"code": 403, "message": "flagged", "metadata": FLAGGED}}, 403, "filtered"),
        ({"error": {"code": "context_length_exceeded", "message": "too long"}}, 400, "EndpointError"),
        ({"error": {"message": "no such model", "code": "model_not_found"}}, 404, "EndpointError"),
        ({"error": {"message": "bad key"}}, 401, "RefusedError"),
        (b"<html>hello</html>", 200, "EndpointError"),
        (b'"yes"', 200, "EndpointError"),
        (b"\xff\xfe", 200, "EndpointError"),
    ],
)
def test_every_reply_of_chat_is_an_answer_no_answer_or_an_error(body: Any, status: int, expected: str) -> None:
    assert outcome(CHAT, reply(body, status)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (response({"type": "reasoning"}, said("yes")), "ok: yes"),
        (response({"type": "reasoning"}, status="incomplete", incomplete_details={"reason": "max_output_tokens"}), "truncated"),
        (response(said("ye"), status="incomplete", incomplete_details={"reason": "content_filter"}), "filtered"),
        (response({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}), "refused"),
        (response({"type": "function_call"}), "unparsed"),
        (response(), "empty"),
        (response(status="failed", error={"code": "server_error", "message": "sorry"}), "EndpointError"),
        ({"status": "completed"}, "EndpointError"),
    ],
)
def test_every_reply_of_responses_is_an_answer_no_answer_or_an_error(body: Any, expected: str) -> None:
    assert outcome(RESPONSES, reply(body)) == expected


def test_what_is_optional_is_sent_where_the_api_has_it_and_not_once_it_was_refused() -> None:
    assert CHAT.body(ASK)["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]
    assert {"max_tokens", "stop", "seed", "top_logprobs", "response_format"} <= CHAT.body(ASK).keys()
    later = CHAT.without("max_tokens")
    assert later is not None
    assert (later.body(ASK)["max_completion_tokens"], "max_tokens" in later.body(ASK)) == (9, False)
    fewer = later.without("Unsupported value: 'temperature' does not support 0 with this model.")
    assert fewer is not None
    assert "temperature" not in fewer.body(ASK)
    assert later.without("messages: expected a list") is None
    sent = RESPONSES.body(ASK)
    assert sent["store"] is False
    assert sent["max_output_tokens"] == 16  # a smaller limit is refused
    assert not {"seed", "stop", "n"} & sent.keys()
    assert (TEXT.body(ASK)["prompt"], TEXT.body(ASK)["logprobs"]) == ("Be brief.\n\nHello?", 5)


def test_an_error_blames_the_parameter_that_it_names() -> None:
    body = {"error": {"message": "Unsupported parameter: use something else than temperature", "param": "max_tokens"}}
    with pytest.raises(EndpointError) as caught:
        CHAT.read(reply(body, 400))
    assert caught.value.blames == "max_tokens"


def test_usage_is_read_with_what_was_cached_and_is_unknown_where_it_is_no_number() -> None:
    counted = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5}}
    assert CHAT.usage(reply({"usage": counted})) == Usage(7, 3, 5)
    assert CHAT.usage(reply({"usage": {"prompt_tokens": "7", "completion_tokens": 3}})) is None
    assert CHAT.usage(reply(b"nonsense")) is None
    assert RESPONSES.usage(reply({"usage": {"input_tokens": 2, "output_tokens": 1}})) == Usage(2, 1)


def test_log_probabilities_are_read_in_both_shapes_and_malformed_ones_count_as_none() -> None:
    top = [{"token": "yes", "logprob": -0.1}, {"token": "no", "logprob": -2.5}]
    new = {"content": [{"token": "yes", "logprob": -0.1, "top_logprobs": top}]}
    old = {"tokens": ["yes"], "token_logprobs": [-0.1], "top_logprobs": [{"yes": -0.1, "no": -2.5}]}
    of_chat = CHAT.read(reply({"choices": [{"message": {"content": "yes"}, "logprobs": new}]}))
    of_text = TEXT.read(reply({"choices": [{"text": "yes", "logprobs": old}]}))
    assert isinstance(of_chat, Written)
    assert isinstance(of_text, Written)
    assert of_chat.tokens == of_text.tokens == (TokenChance("yes", -0.1, (("yes", -0.1), ("no", -2.5))),)
    broken = CHAT.read(reply({"choices": [{"message": {"content": "yes"}, "logprobs": {"content": [{"token": "yes"}]}}]}))
    assert isinstance(broken, Written)
    assert broken.tokens == ()


def test_the_likelihood_of_an_answer_is_that_of_its_tokens_in_an_echo() -> None:
    tokens = ["The", " sky is", " bl", "ue", "!"]
    body = {"choices": [{"text": "", "logprobs": {"tokens": tokens, "token_logprobs": [None, -1, -2, -0.5, -9]}}]}
    written = TEXT.read(reply(body))
    assert isinstance(written, Written)
    assert likelihood_after(written.tokens, "The sky is", " blue") == -2.5
    assert likelihood_after(written.tokens[3:], "The sky is", " blue") is None
    assert prompt_text([Message("user", "The sky is"), Message("assistant", "blue")]) == "The sky is blue"


def test_a_refused_key_ends_the_run() -> None:
    with pytest.raises(RefusedError, match="refuses the key"):
        CHAT.read(reply({"error": {"message": "no"}}, 401))
