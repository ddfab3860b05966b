"""A victim that picks a letter, from end to end: the share of each letter in the report, failures that can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attacks.language.options import options_of
from reports.measures.of_run import measure
from reports.run.replayed import BROKEN, ERROR
from robustness import audit
from robustness.followups.replay import replay
from robustness.victims.function import from_callable

SUMS = [(f"What is {n} plus {n}?\nA) {2 * n}\nB) {2 * n + 1}\nC) {2 * n + 2}", "A") for n in range(20, 32)]


def lazy(texts: Sequence[str]) -> list[str]:
    """Knows sums below 26, and says A to others."""
    answers = []
    for text in texts:
        number = int(text.split()[2])
        right = next(option.letter for option in options_of(text) if option.content == str(2 * number))
        answers.append(right if number < 26 else "A")
    return answers


def test_a_bias_of_position_is_measured_and_a_failure_replays(tmp_path: Path) -> None:
    victim = from_callable(lazy, task="generation", labels=None, access=None)
    run = audit(victim, SUMS, recipes="option-order", task="generation", encoder="none", out=tmp_path / "run")
    assert {o.status for o in run.outcomes} == {"succeeded", "failed"}
    (table,) = measure(run).tables
    rows = {str(row[0]): row for row in table.rows}
    assert rows["A of 3"][2].rate == (6 / 3 + 6) / 12  # type: ignore[union-attr]
    assert rows["same option in every order, 3 options"][2].rate == 0.5  # type: ignore[union-attr]
    broken = [o for o in run.outcomes if o.status == "succeeded"]
    assert len(broken) == 6
    assert {one.state for one in replay(victim, broken).cases} == {BROKEN}


def test_an_answer_that_picks_no_option_is_neither_held_nor_broken(tmp_path: Path) -> None:
    """Nor is a saved failure fixed by it."""

    def unsure(texts: Sequence[str]) -> list[str]:
        return ["A" if text in {row[0] for row in SUMS} else "I am not sure." for text in texts]

    victim = from_callable(unsure, task="generation", labels=None, access=None)
    run = audit(victim, SUMS, recipes="option-order", task="generation", encoder="none", out=tmp_path / "unsure")
    assert {o.status for o in run.outcomes} == {"untested"}
    assert all(o.unusable["unparsed"] > 0 for o in run.outcomes)
    guessing = from_callable(lazy, task="generation", labels=None, access=None)
    broken = audit(guessing, SUMS, recipes="option-order", task="generation", encoder="none", out=tmp_path / "broken")
    found = replay(victim, [o for o in broken.outcomes if o.status == "succeeded"])
    assert {one.state for one in found.cases} == {ERROR}
    assert found.verdict == "inconclusive"
