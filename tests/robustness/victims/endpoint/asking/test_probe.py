"""The probe against a server that refuses or ignores what it is asked for: at most six requests, and a table that says so."""

from __future__ import annotations

import json
import queue
from collections.abc import Mapping
from typing import Any

import pytest

from attacks.search import Unusable
from robustness.errors import RefusedError, UsageError, VictimError
from robustness.victims.endpoint.asking.opening import load_endpoint, target_of
from robustness.victims.endpoint.asking.options import EndpointOptions
from robustness.victims.endpoint.asking.victim import Asking
from robustness.victims.prompts.chosen import prompt_of
from tests.robustness.victims.endpoint.stub import Answer, refused, said, serving

LABELS = ["negative", "positive"]


def probed(answer: Answer, **options: Any) -> tuple[dict[str, str], Any, list[dict[str, Any]]]:
    """(table, victim, bodies that were asked before the first content-free input)."""
    with serving(answer) as stub:
        victim = load_endpoint("openai", f"{stub.url}#m", **options)
        victim.close()
        return dict(victim.info.probe), victim, [body for _, _, body in stub.asked]


def test_what_a_reasoning_model_refuses_is_left_out_of_every_later_request() -> None:
    def reasoning(body: Mapping[str, Any]) -> tuple[int, Any]:
        for name in ("max_tokens", "temperature", "logprobs", "stop"):
            if name in body:
                return refused(name)
        return said("positive", reasoning_content="hm")

    table, victim, bodies = probed(reasoning, labels=LABELS)
    assert int(table["requests"]) <= 6
    assert dict(victim.info.identity)["parameters"] == "schema,seed,stop"
    assert victim.info.access == "labels"
    last = bodies[-1]
    assert "max_completion_tokens" in last
    assert not {"max_tokens", "temperature", "logprobs"} & last.keys()
    assert any("refuses logprobs, temperature" in note for note in victim.info.notes)
    assert any("thinks" in note for note in victim.info.notes)


def test_log_probabilities_that_never_come_are_not_scored_by() -> None:
    table, victim, _ = probed(lambda body: said("positive"), labels=LABELS)
    assert table["log-probabilities"] == "no: none came"
    assert victim.info.access == "labels"
    with pytest.raises(VictimError, match="--scoring logprobs: no: none came"):
        probed(lambda body: said("positive"), labels=LABELS, scoring="logprobs")


def test_log_probabilities_of_the_wrong_number_are_not_scored_by() -> None:
    def odd(body: Mapping[str, Any]) -> tuple[int, Any]:
        status, found = said("positive", tokens=9)
        top = [{"token": "positive", "logprob": -0.1}, {"token": "negative", "logprob": -3.0}]
        found["choices"][0]["logprobs"] = {"content": [{"token": "positive", "logprob": -0.1, "top_logprobs": top}]}
        return status, found

    table, victim, _ = probed(odd, labels=LABELS)
    assert table["log-probabilities"] == "no: 1 came for 9 tokens"
    assert victim.info.access == "labels"


def test_two_equal_requests_with_different_answers_are_seen_and_contradict_a_claim() -> None:
    def varying() -> Answer:
        answers = iter(["positive", "negative"] * 50)
        return lambda body: said(next(answers))

    table, _, _ = probed(varying(), labels=LABELS)
    assert table["two equal requests"] == "different answers"
    with pytest.raises(UsageError, match="two equal requests differently"):
        probed(varying(), labels=LABELS, deterministic=True)


def test_a_limit_that_cuts_the_thinking_is_seen() -> None:
    def thinking(body: Mapping[str, Any]) -> tuple[int, Any]:
        return said("", "length", tokens=8, reasoning_content="let me count") if body["max_tokens"] == 8 else said("fine")

    assert probed(thinking)[0]["token limit"].startswith("cuts the thinking")


def test_a_limit_that_does_not_hold_is_seen() -> None:
    table, _, _ = probed(lambda body: said("one two three …", tokens=90))
    assert table["token limit"] == "does not hold: 90 tokens for a limit of 8"


def test_an_endpoint_that_takes_nothing_is_refused_at_once() -> None:
    with pytest.raises(VictimError, match="does not take what it would be asked"):
        probed(lambda body: (400, {"error": {"message": "the context is too long"}}))
    with pytest.raises(RefusedError):
        probed(lambda body: (404, {"error": {"message": "no such model", "code": "model_not_found"}}))


@pytest.mark.parametrize("name", ["max_tokens", "n", "best_of", "n_predict", "num_predict", "stream"])
def test_an_extra_body_cannot_make_an_answer_dearer_than_the_ledger_reserved(name: str) -> None:
    with pytest.raises(UsageError, match=f"--extra-body must not set '{name}'"):
        load_endpoint("openai", "http://127.0.0.1:9#m", extra_body={name: 400}, labels=LABELS)
    assert EndpointOptions(extra_body='{"top_k": 1}').extra == {"top_k": 1}


def test_a_404_to_one_text_of_an_endpoint_that_answers_is_that_texts_error_and_ends_no_run() -> None:
    def answer(body: Mapping[str, Any]) -> tuple[int, Any]:
        return (404, {"error": {"message": "no route"}}) if "odd" in body["messages"][-1]["content"] else said("positive")

    with serving(answer) as stub:
        victim = load_endpoint("openai", f"{stub.url}#m", labels=LABELS)
        with pytest.raises(VictimError) as caught:
            victim.predict([("an odd film",)])
        assert not isinstance(caught.value, RefusedError)
        assert victim.predict([("a film",)])
        victim.close()


def test_a_thinking_model_that_writes_nothing_has_no_answers() -> None:
    with serving(lambda body: said("", "length", tokens=32, reasoning_content="hm")) as stub:
        victim = load_endpoint("openai", f"{stub.url}#m", labels=LABELS)
        (row,) = victim.predict([("a film",)])
        assert isinstance(row, Unusable)
        assert row.kind == "truncated"
        victim.close()


def test_fresh_asks_get_seeds_of_their_own_always_the_same_ones() -> None:
    with serving(lambda body: said("positive")) as stub:
        victim = load_endpoint("openai", f"{stub.url}#m", labels=LABELS, sampling_seed=5)
        stub.asked.clear()
        for ask in ("", "again#1", "again#2", "again#1"):
            rows: queue.SimpleQueue[Any] = queue.SimpleQueue()
            victim.start(("a film",), ask, rows.put)
            assert rows.get(timeout=10) == "positive"
        victim.close()
        seeds = [body["seed"] for _, _, body in stub.asked]
    assert seeds[0] == 5
    assert len(set(seeds[:3])) == 3


@pytest.mark.parametrize("kind", ["openai", "responses"])
def test_what_is_reserved_is_never_less_than_what_the_body_allows(kind: str) -> None:
    target = target_of(kind, "http://localhost:1#m", EndpointOptions())
    asking = Asking(target.dialect, prompt_of(None, max_new_tokens=3), shown_url=target.shown)
    exchange = asking.exchange(asking.ask(asking.prompt.messages(("é" * 50 + "\ud800",))))
    body = json.loads(exchange.call.body)
    assert exchange.tokens_out == body.get("max_tokens", body.get("max_output_tokens"))
    assert exchange.tokens_in > len(("é" * 50).encode())
    assert "Authorization" not in json.dumps(exchange.canonical)


def test_a_closed_client_is_an_error_of_each_input_and_hangs_nobody() -> None:
    with serving(lambda body: said("positive")) as stub:
        victim = load_endpoint("openai", f"{stub.url}#m")
        victim.close()
        with pytest.raises(VictimError):
            victim.predict([("a",), ("b",)])


def test_no_key_and_no_list_of_models_is_asked_of_a_server_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefgh1")
    with serving(lambda body: said("positive")) as stub:
        load_endpoint("openai", f"{stub.url}#m").close()
        assert {path for path, _, _ in stub.asked} == {"/v1/chat/completions"}
        assert not any("authorization" in headers for _, headers, _ in stub.asked)
        assert {headers["content-type"] for _, headers, _ in stub.asked} == {"application/json"}
