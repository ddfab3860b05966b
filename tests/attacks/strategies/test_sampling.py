from __future__ import annotations

from typing import Any

import pytest

from attacks.search import Search, Trial
from attacks.strategies.sampling import Ladder


def rungs(ran: Any) -> dict[int, str]:
    return {severity: candidate.text for severity, (candidate, _) in ran.trial.ladder.items()}


def test_all_severities_are_asked_at_once_and_kept(drive: Any, table: Any) -> None:
    noise = table({str(s): [f"text {s}"] for s in range(1, 6)})
    ran = drive(Ladder(noise), "text", lambda t: 0.2 if t[-1] in "35" else 0.9)
    assert ran.requests == [[f"text {s}" for s in range(1, 6)]]
    assert rungs(ran) == {s: f"text {s}" for s in range(1, 6)}
    assert [v.reached for _, (_, v) in sorted(ran.trial.ladder.items())] == [False, False, True, False, True]
    assert ran.won == "text 3"
    assert ran.trial.tally.proposed == ran.trial.tally.attempted == 5


def test_the_lowest_severity_wins_even_where_a_higher_one_comes_closer(drive: Any, table: Any) -> None:
    noise = table({"2": ["two"], "4": ["four"]})
    assert drive(Ladder(noise), "text", {"text": 0.9, "two": 0.4, "four": 0.0}.__getitem__).won == "two"


def test_a_later_ladder_takes_no_win_from_an_earlier(drive: Any, table: Any) -> None:
    class Both:
        def search(self, trial: Trial) -> Search[None]:
            yield from Ladder(table({"5": ["first"]})).search(trial)
            yield from Ladder(table({"1": ["second"]})).search(trial)

    ran = drive(Both(), "text", {"text": 0.9, "first": 0.4, "second": 0.1}.__getitem__)
    assert (ran.asked, ran.won) == (["first", "second"], "first")


def test_a_severity_without_a_text_is_absent(drive: Any, table: Any) -> None:
    ran = drive(Ladder(table({"2": ["two"]})), "text", lambda t: 0.9)
    assert rungs(ran) == {2: "two"}
    assert drive(Ladder(table({})), "text", lambda t: 0.9).requests == []


def test_equal_rungs_cost_one_query(drive: Any, table: Any) -> None:
    ran = drive(Ladder(table({"1": ["same"], "2": ["same"]})), "text", lambda t: 0.9)
    assert ran.requests == [["same"]]
    assert rungs(ran) == {1: "same", 2: "same"}


def test_a_rung_equal_to_the_original_is_a_no_op_that_cannot_win(drive: Any, table: Any) -> None:
    ran = drive(Ladder(table({"1": ["text"]})), "text", lambda t: 0.1)
    assert (ran.asked, ran.won, ran.trial.tally.no_ops) == ([], None, 1)


def test_severities_do_not_depend_on_each_other(drive: Any, table: Any) -> None:
    noise = table({str(s): [f"{s} {n}" for n in range(1000)] for s in range(1, 6)})
    every = rungs(drive(Ladder(noise), "text", lambda t: 0.9, seed=3))
    assert len({text.split()[1] for text in every.values()}) > 1, "each severity draws from a stream of its own"
    assert rungs(drive(Ladder(noise, (2, 5)), "text", lambda t: 0.9, seed=3)) == {s: every[s] for s in (2, 5)}
    assert rungs(drive(Ladder(noise), "text", lambda t: 0.9, seed=4)) != every


def test_rungs_past_the_budget_are_missing(drive: Any, table: Any) -> None:
    noise = table({str(s): [f"text {s}"] for s in range(1, 6)})
    ran = drive(Ladder(noise), "text", lambda t: 0.9, budget=3)
    assert (ran.exhausted, rungs(ran)) == (True, {1: "text 1", 2: "text 2"})
    ran = drive(Ladder(noise), "text", lambda t: 0.1 if "2" in t else 0.9, budget=3)
    assert (ran.exhausted, ran.won) == (False, "text 2")


def test_unknown_severities_are_refused(table: Any) -> None:
    with pytest.raises(ValueError, match=r"severities must be some of .*, got \(0, 1\)"):
        Ladder(table({}), (0, 1))
