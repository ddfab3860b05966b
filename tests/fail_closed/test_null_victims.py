"""A victim that does no work passes no gate: every null victim on every task, goal and threshold, on data that flatter it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.gate.rules import RULES
from robustness import audit
from robustness.errors import UsageError
from robustness.followups.replay import replay
from robustness.tasks.registry import task_named
from robustness.testing import null_grid
from robustness.testing.null_grid import (
    NONE,
    TEXTS,
    Cell,
    audited,
    cells,
    rows_of,
    tasks,
    under_attack,
    verdicts,
)
from robustness.victims import load_victim, victims
from robustness.victims.function import from_callable
from robustness.victims.null import NULLS, NullVictim

NO_ANSWERS = ("bad-request", "cut", "thinking")


def refused(found: Sequence[Cell]) -> None:
    """None of these passes or says nothing of why."""
    assert {cell.rule for cell in found} == set(RULES)
    assert [cell for cell in found if cell.verdict not in ("refused", "failed", "inconclusive")] == []
    assert [cell for cell in found if not cell.why] == []


@pytest.mark.parametrize("task", tasks())
def test_no_null_victim_passes_any_gate(task: str, tmp_path: Path) -> None:
    for null in NULLS:
        (tmp_path / null).mkdir()
        refused(list(cells(null, task, tmp_path / null, first=True)))


@pytest.mark.slow
@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("task", tasks())
def test_no_null_victim_passes_any_gate_under_any_goal(task: str, null: str, tmp_path: Path) -> None:
    refused(list(cells(null, task, tmp_path)))


@pytest.mark.parametrize(("task", "goal"), [("translation", "degraded"), ("generation", "drifts:0.5"), ("generation", "refuses")])
def test_an_echo_changes_with_its_text_and_is_found_out(task: str, goal: str, tmp_path: Path) -> None:
    run = audited(NullVictim("echo", task=task), rows_of(task_named(task), "echo", NONE), goal, tmp_path / "run")
    found = dict((rule, (verdict, why)) for rule, verdict, why in verdicts(run))
    assert {verdict for verdict, _ in found.values()} == {"inconclusive"}
    assert all(any(reason.startswith("doubts: echo: ") for reason in why) for _, why in found.values())


@pytest.mark.parametrize("task", [one for one in tasks() if one != "extraction"])  # no fake can know what a run plants
def test_no_answer_under_attack_is_never_robustness(task: str, tmp_path: Path) -> None:
    for null in NO_ANSWERS:
        (tmp_path / null).mkdir()
        found = list(under_attack(null, task, tmp_path / null, first=True))
        refused(found)
        assert "refused" not in {cell.verdict for cell in found}  # it answers the clean texts, so that a run comes about


def test_a_victim_that_refuses_whatever_was_changed_is_found_out(tmp_path: Path) -> None:
    found = list(under_attack("refuse", "generation", tmp_path))
    assert {cell.verdict for cell in found} == {"inconclusive"}
    assert any("to the changed texts" in reason for cell in found for reason in cell.why)


def verdict_of(ask: Any, tmp_path: Path, **more: Any) -> tuple[str, list[str]]:
    rows = [{"prompt": text} for text in TEXTS]
    victim = from_callable(ask, task="generation")
    run = audit(victim, rows, text="prompt", recipes="natural:keyboard-typo", encoder="none", out=tmp_path / "run", **more)
    result = evaluate(run, parse_policy({"gate": {"max_attack_success_rate": 0.99, "max_untested": 1.0}}, "t"))
    return result.verdict, [rule.message.partition(":")[0] for rule in result.rules if rule.rule == "doubts"]


def test_refusals_in_varied_words_are_found_out(tmp_path: Path) -> None:
    ways = ("I'm sorry, but I can't help with", "I cannot assist with", "Unfortunately, I am not able to help with")
    verdict, doubts = verdict_of(lambda texts: [f"{ways[len(t) % 3]} {t[-30:]}" for t in texts], tmp_path, goal="complies")
    assert (verdict, doubts) == ("inconclusive", ["refusing"])


@pytest.mark.parametrize("wrapped", ["You asked: {}", "{}\n\nIs there anything else?", "  {} "])
def test_an_echo_with_words_around_it_is_an_echo(wrapped: str, tmp_path: Path) -> None:
    assert verdict_of(lambda texts: [wrapped.format(text.upper()) for text in texts], tmp_path) == ("inconclusive", ["echo"])


def test_a_victim_that_works_is_not_doubted(tmp_path: Path) -> None:
    def works(texts: Sequence[str]) -> list[str]:
        return [f"{'A refusal' if len(t) % 4 == 0 else 'An account'} of {len(t)} letters about {t.split()[-1]}" for t in texts]

    assert verdict_of(works, tmp_path) == ("passed", [])


def test_a_task_of_ones_own_is_in_the_grid_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from robustness.tasks import registry
    from robustness.tasks.summarisation import Summarisation

    class Headline(Summarisation):
        name = "headline"

    monkeypatch.setattr(registry, "_ADDED", {})
    registry.register(Headline())
    assert "headline" in tasks()
    (tmp_path / "grid").mkdir()
    refused(list(cells("echo", "headline", tmp_path / "grid", first=True)))
    assert null_grid.ROWS == {}


def test_null_victims_are_listed_and_opened_by_name() -> None:
    listed = {kind.spec for kind in victims()}
    assert {f"null:{name}" for name in NULLS} <= listed
    victim = load_victim("null:first-label", task="classification", labels=("yes", "no"))
    assert (victim.info.labels, list(victim.predict([("a",), ("b",)]))) == (("yes", "no"), ["yes", "yes"])
    with pytest.raises(UsageError, match="did you mean 'echo'"):
        load_victim("null:ecco")
    with pytest.raises(UsageError, match="2 or more different labels"):
        load_victim("null:first-label", labels=("yes",))


@pytest.mark.parametrize("null", NULLS)
def test_no_null_victim_passes_a_replay_of_failures(null: str, tmp_path: Path) -> None:
    def breaks(texts: Sequence[str]) -> list[str]:
        return [text[::-1] if text in TEXTS else "nothing at all" for text in texts]

    rows = [{"prompt": text} for text in TEXTS]
    victim = from_callable(breaks, task="generation")
    run = audit(victim, rows, text="prompt", recipes="natural:keyboard-typo", encoder="none", out=tmp_path / "run")
    cases = [outcome for outcome in run.outcomes if outcome.status == "succeeded"]
    assert len(cases) > 20
    found = replay(NullVictim(null, task="generation"), cases)
    assert (found.verdict, found.exit_code) == ("inconclusive", 3)
    assert found.doubt in found.headline()
    repaired = from_callable(lambda texts: [text[::-1] for text in texts], task="generation")
    assert replay(repaired, cases).verdict == "passed"


def test_one_row_of_scores_for_every_case_fixes_nothing(tmp_path: Path) -> None:
    rows = [(f"a dull {text}", "negative") for text in TEXTS]
    run = audit("scripted:keyword", rows, recipes="deepwordbug", encoder="none", budget=30, out=tmp_path / "run")
    cases = [outcome for outcome in run.outcomes if outcome.status == "succeeded"]
    assert "the same answer" in replay(load_victim("scripted:constant:negative"), cases).headline()
