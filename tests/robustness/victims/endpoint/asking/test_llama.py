"""Endpoint victims against llama.cpp's own server with SmolLM2: probe, scores against parsed labels, cut answers, a whole run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from attacks.search import Unusable
from robustness.auditing import audit
from robustness.cli import app
from robustness.errors import UsageError, VictimError
from robustness.victims import load_victim
from robustness.victims.endpoint.asking.opening import load_endpoint

LABELS = ["negative", "positive"]
REVIEWS = [("a wonderful film , funny and warm", "positive"), ("a dull mess without one joke", "negative"), ("a joy", "positive")]
PROMPT = "Classify the sentiment of this movie review as positive or negative. Answer with one word.\\nReview: {text}"


def test_scores_of_labels_come_from_log_probabilities_in_one_request_each(llama: str) -> None:
    victim = load_endpoint("openai", f"{llama}#smollm2", labels=LABELS, prompt=PROMPT, max_new_tokens=2)
    try:
        assert victim.info.access == "scores"
        assert dict(victim.info.identity)["scoring"] == "logprobs"
        (good,), (bad,) = (victim.predict([(text,)]) for text in ("a wonderful, moving film", "a terrible, boring mess"))
        assert sum(good) == pytest.approx(1.0)
        assert good[1] > bad[1]
        written = load_endpoint("openai", f"{llama}#smollm2", labels=LABELS, prompt=PROMPT, scoring="parse", max_new_tokens=3)
        assert written.info.access == "labels"
        assert written.predict([("a wonderful, moving film",)]) == [LABELS[good.index(max(good))]]
        written.close()
    finally:
        victim.close()


def test_what_inputs_that_say_nothing_are_answered_can_be_taken_off(llama: str) -> None:
    how: dict[str, Any] = {
        "labels": LABELS,
        "prompt": "Is it positive or negative?\\n\\n{text}\\n\\nAnswer:",
        "max_new_tokens": 1,
    }
    plain = load_endpoint("openai", f"{llama}#smollm2", **how)
    evened = load_endpoint("openai", f"{llama}#smollm2", calibrate=True, **how)
    rows = [one.predict([("N/A",), ("",), ("[MASK]",)]) for one in (plain, evened)]
    lean = [abs(sum(row[0] for row in each) / 3 - 0.5) for each in rows]
    assert lean[1] < lean[0]
    assert any("taken off" in note for note in evened.info.notes)
    plain.close()
    evened.close()


def test_the_instruction_of_a_file_is_a_field_of_its_own(llama: str) -> None:
    victim = load_victim(f"openai:{llama}#smollm2", prompt="sentiment-a")
    assert victim.info.fields[0] == "instruction"
    assert victim.info.data_fields == victim.info.fields[1:]
    assert victim.info.access == "scores"
    instruction = victim.info.supplied[0][1]
    (row,) = victim.predict([(instruction, "a joy from start to end")])
    assert sum(row) == pytest.approx(1.0)
    victim.close()


def test_an_answer_cut_off_by_the_limit_of_tokens_is_truncated(llama: str) -> None:
    victim = load_endpoint("openai", f"{llama}#smollm2", max_new_tokens=4)
    (row,) = victim.predict([("Write a long story about a ship.",)])
    assert isinstance(row, Unusable)
    assert row.kind == "truncated"
    victim.close()


def test_an_echo_that_never_comes_is_not_scored_by(llama: str) -> None:
    """llama.cpp leaves ``echo`` out of account: every label would be as likely as any other."""
    with pytest.raises(VictimError, match=r"--scoring echo: no: the prompt did not come back"):
        load_endpoint("openai", f"{llama}#smollm2", labels=LABELS, endpoint="completions", scoring="echo")


def test_validate_prints_what_the_endpoint_was_found_to_do(llama: str) -> None:
    command = ["validate", "--victim", f"openai:{llama}#smollm2", "--labels", ",".join(LABELS), "--max-new-tokens", "2"]
    table = CliRunner().invoke(app, command)
    assert table.exit_code == 0, table.output
    for row in ("two equal requests", "log-probabilities ", "stop texts", "seed", "temperature 0", "token limit", "JSON schema"):
        assert f"probe     {row}" in table.stdout, table.stdout
    found = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)["victim"]
    assert found["probe"]["two equal requests"].startswith("equal answers")
    assert found["probe"]["token limit"] == "holds, ended by length"
    assert found["probe"]["JSON schema"] == "obeyed"
    assert int(found["probe"]["requests"]) <= 6
    assert "bias      texts that say nothing are answered" in table.stdout


def test_an_audit_end_to_end_keeps_probe_and_key_free_files(llama: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_ENDPOINT", "sk-canary-1234567890")  # a name that does not speak of a key
    options: dict[str, Any] = {"labels": LABELS, "prompt": PROMPT, "header": ["x-own=MY_ENDPOINT"]}
    options |= {"max_new_tokens": 1, "deterministic": True, "concurrency": 2}
    how: dict[str, Any] = {"recipes": "deepwordbug", "budget": 4, "offline": True, "victim_options": options}
    run = audit(f"openai:{llama}#smollm2", REVIEWS, out=tmp_path / "run", **how)
    assert len(run.outcomes) == len(REVIEWS)
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    assert manifest["victim"]["probe"]["log-probabilities"].startswith("yes")
    assert manifest["comparability"]["asked"]["scoring"] == "logprobs"
    holding = [path.name for path in (tmp_path / "run").iterdir() if b"sk-canary" in path.read_bytes()]
    assert holding == []


def test_a_prompt_that_asks_for_text_gets_text(llama: str) -> None:
    victim = load_victim(f"openai:{llama}#smollm2", task="qa", max_new_tokens=24)
    assert victim.info.fields == ("question", "context")
    (row,) = victim.predict([("What is the capital of France?", "Paris is the capital of France.")])
    assert "Paris" in row
    victim.close()


def test_entities_are_refused_in_plain_words() -> None:
    with pytest.raises(UsageError, match="entities are read out of JSON"):
        load_victim("openai:http://127.0.0.1:9#m", task="ner")
