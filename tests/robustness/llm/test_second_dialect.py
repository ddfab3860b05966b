"""``transformers serve``, another server of the API: it drops log-probabilities that were asked for, and says nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from robustness import audit
from robustness.errors import VictimError
from robustness.victims.endpoint.asking.opening import load_endpoint
from robustness.victims.endpoint.asking.victim import EndpointVictim
from tests.robustness.llm.honest import check_honest, flags, summary

pytestmark = [pytest.mark.llm, pytest.mark.timeout(900)]
LABELS = ["negative", "positive"]


@pytest.fixture(scope="module")
def victim(served: str) -> Iterator[EndpointVictim]:
    found = load_endpoint("openai", served, labels=LABELS, max_new_tokens=8)
    yield found
    found.close()


def test_log_probabilities_that_were_dropped_without_a_word_are_seen(victim: EndpointVictim) -> None:
    table = dict(victim.info.probe)
    assert table["log-probabilities"] == "no: none came"
    assert victim.info.access == "labels"
    assert int(table["requests"]) <= 6


def test_scores_that_cannot_be_had_are_refused_and_not_made_up(served: str) -> None:
    with pytest.raises(VictimError, match="--scoring logprobs: no: none came"):
        load_endpoint("openai", served, labels=LABELS, scoring="logprobs", max_new_tokens=8)


def test_it_answers_though_its_list_of_models_may_not(victim: EndpointVictim) -> None:
    (row,) = victim.predict([("a wonderful film",)])
    assert row in LABELS or getattr(row, "kind", "") in ("unparsed", "truncated")


@pytest.mark.parametrize("field", ["input", "instruction"])
def test_sentiment_is_audited_by_what_it_writes(field: str, served: str, reviews: list[tuple[str, str]], tmp_path: Path) -> None:
    how: dict[str, Any] = {"recipes": "deepwordbug", "budget": 4, "encoder": "none", "offline": True, "field": field}
    run = audit(f"openai:{served}", reviews[:4], victim_options={"prompt": "sentiment-a"}, out=tmp_path / "run", **how)
    check_honest(run)
    assert "label-only" in flags(run)
    assert {o.field for o in run.outcomes} == {field}
    assert summary(run)["gate"]["verdict"] != "passed"  # four examples show nothing


def test_injection_is_audited_with_its_arms(served: str, tmp_path: Path) -> None:
    how: dict[str, Any] = {"recipes": "inject", "budget": 3, "limit": 2, "encoder": "none", "offline": True}
    how |= {"victim_options": {"max_new_tokens": 48}, "gate": {"max_attack_success_rate": 0.9}}
    run = audit(f"openai:{served}", "demo:injection", task="injection", out=tmp_path / "run", **how)
    check_honest(run)
    assert summary(run)["gate"]["verdict"] != "passed"
