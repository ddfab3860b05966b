"""An answer that is none (empty, truncated, refused) is neither robustness nor a break, and is counted by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from robustness import audit
from robustness.errors import VictimError
from robustness.followups.replay import replay
from robustness.victims.function import from_callable

TOPICS = ("apples", "bridges", "candles", "doctors", "engines", "forests", "gardens", "harbours", "islands", "jungles")
TEXTS = [f"the {word} answer about {topic}" for word in ("long", "plain", "usual") for topic in TOPICS]


def writer(broken: Any) -> Any:
    """Says what it read, in full; where ``broken`` tells so, what it gives in place of an answer."""

    def write(texts: Sequence[str]) -> list[Any]:
        return [broken(text) if text not in TEXTS else f"I read: {text}" for text in texts]

    return from_callable(write, task="generation")


def run(tmp_path: Path, broken: Any, **more: Any) -> Any:
    rows = [{"prompt": text} for text in TEXTS]
    return audit(
        writer(broken), rows, text="prompt", recipes="deepwordbug", budget=20, encoder="none", out=tmp_path / "run", **more
    )


@pytest.mark.parametrize(
    ("row", "kind"), [("", "empty"), ({"text": "I read: the", "finish": "length"}, "truncated"), ("  \n", "empty")]
)
def test_a_victim_that_answers_no_changed_text_is_untested_and_passes_nothing(tmp_path: Path, row: Any, kind: str) -> None:
    found = run(tmp_path, lambda text: row)
    assert {o.status for o in found.outcomes} == {"untested"}
    assert all(set(o.unusable) == {kind} and o.distinct == 0 for o in found.outcomes)
    verdict = evaluate(found, parse_policy({"gate": {"max_attack_success_rate": 0.9}}, "test"))
    assert verdict.verdict == "inconclusive"
    assert any(flag["code"] == "unusable" and kind in flag["message"] for flag in found.manifest.flags)


def test_many_answers_that_are_none_keep_a_run_from_passing(tmp_path: Path) -> None:
    found = run(tmp_path, lambda text: "" if len(text) % 2 else f"I read: {text}")
    policy = parse_policy({"gate": {"max_attack_success_rate": 0.99, "min_examples": 1}}, "test")
    assert {rule.rule for rule in evaluate(found, policy).rules if rule.verdict == "inconclusive"} >= {"doubts"}


def test_a_break_is_found_beside_answers_that_are_none(tmp_path: Path) -> None:
    found = run(tmp_path, lambda text: "" if len(text) % 2 else "no")
    broken = [o for o in found.outcomes if o.status == "succeeded"]
    assert broken
    assert all(o.best.shown == "no" for o in broken)
    cases = [o for o in broken if o.perturbed]
    assert {one.state for one in replay(writer(lambda text: ""), cases).cases} == {"error"}


def test_a_clean_text_without_an_answer_is_not_right_and_no_error(tmp_path: Path) -> None:
    victim = from_callable(lambda texts: ["" if "doctors" in t else f"I read {t}" for t in texts], task="generation")
    rows = [{"prompt": text} for text in TEXTS]
    found = audit(victim, rows, text="prompt", recipes="deepwordbug", budget=20, encoder="none", out=tmp_path / "run")
    unanswered = [o for o in found.outcomes if o.no_answer]
    assert {(o.status, o.no_answer) for o in unanswered} == {("skipped", "empty")}
    assert len(unanswered) == sum("doctors" in text for text in TEXTS)
    assert all("empty" in o.error["message"] for o in unanswered if o.error)
    with pytest.raises(VictimError, match="empty"):
        audit(from_callable(lambda texts: [""] * len(texts), task="generation"), rows, text="prompt", out=tmp_path / "none")


def test_many_clean_texts_without_an_answer_keep_a_run_from_passing(tmp_path: Path) -> None:
    victim = from_callable(lambda texts: ["" if "doctors" in t else t[::-1] for t in texts], task="generation")
    rows = [{"prompt": text} for text in TEXTS]
    found = audit(victim, rows, text="prompt", recipes="natural:word-order", encoder="none", out=tmp_path / "run")
    verdict = evaluate(found, parse_policy({"gate": {"max_attack_success_rate": 0.99, "min_examples": 1}}, "test"))
    assert any("3 empty" in rule.message for rule in verdict.rules if rule.rule == "doubts")
    assert verdict.verdict == "inconclusive"


@pytest.mark.parametrize(
    ("task", "answer", "data"),
    [
        ("translation", "sim", {}),
        ("summarisation", "A summary.", {}),
        ("generation", "yes", {}),
        ("ner", [], {"entities": []}),
        ("retrieval", ["p1", "p2"], {}),
        ("regression", 0.5, {}),
    ],
)
def test_a_victim_that_says_the_same_of_every_text_passes_nothing(
    tmp_path: Path, task: str, answer: Any, data: dict[str, Any]
) -> None:
    victim = from_callable(lambda texts: [answer] * len(texts), task=task)
    rows = [{"text": text, **data} for text in TEXTS]
    found = audit(victim, rows, text="text", recipes="deepwordbug", budget=20, encoder="none", out=tmp_path / "run")
    assert {o.status for o in found.outcomes} <= {"failed", "exhausted"}  # it holds, for it reads nothing
    rules = {"gate": {"max_attack_success_rate": 0.5, "max_untested": 1.0}}
    verdict = evaluate(found, parse_policy(rules, "test"))
    assert verdict.verdict == "inconclusive"
    assert any("constant" in rule.message for rule in verdict.rules if rule.rule == "doubts")
