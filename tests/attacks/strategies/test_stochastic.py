"""Simulated annealing, and triggers that all trials look for together."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from attacks.search import Flips, Pool, Prediction, Query, Trial
from attacks.strategies.greedy import Greedy
from attacks.strategies.ranking import InOrder
from attacks.strategies.stochastic.annealing import Annealing
from attacks.strategies.universal.triggers import Triggers, before

TEXT = "a b c d e f"
OPTIONS = {word: (word.upper(), word * 2) for word in TEXT.split()}


def valley(text: str) -> float:
    """Each capital by itself moves away from the goal; three of them at once reach it."""
    capitals = sum(word.isupper() for word in text.split())
    return 0.1 if capitals >= 3 else 0.9 + 0.01 * capitals


def test_annealing_goes_through_a_valley_where_greedy_search_stays(drive: Any, table: Any) -> None:
    assert drive(Greedy((table(OPTIONS),), InOrder()), TEXT, valley, budget=200).won is None
    ran = drive(Annealing((table(OPTIONS),)), TEXT, valley, budget=200)
    assert ran.won is not None


def test_annealing_takes_back_what_a_success_does_not_need(drive: Any, table: Any) -> None:
    for seed in range(3):
        ran = drive(Annealing((table(OPTIONS),)), TEXT, valley, budget=200, seed=seed)
        assert sum(one != other for one, other in zip(ran.won.split(), TEXT.split(), strict=True)) == 3


def test_annealing_keeps_its_budget_and_ends_where_nothing_is_new(drive: Any, table: Any) -> None:
    ran = drive(Annealing((table(OPTIONS),)), TEXT, lambda _: 0.9, budget=30)
    assert (ran.exhausted, ran.trial.queries) == (True, 30)
    ran = drive(Annealing((table({"a": ("A",)}),)), TEXT, lambda _: 0.9)
    assert (ran.asked, ran.exhausted) == (["A b c d e f"], False)


def test_a_search_with_nonsensical_settings_is_refused(table: Any) -> None:
    with pytest.raises(ValueError, match="cold <= hot"):
        Annealing((table(OPTIONS),), hot=0.001, cold=0.1)
    with pytest.raises(ValueError, match="at least 1"):
        Triggers(rounds=0)


TEXTS = {f"good {n}": f"fine film number {n} seen" for n in range(8)} | {f"bad {n}": f"awful thing number {n}" for n in range(8)}


def told(sure: float) -> Prediction:
    return Prediction(int(sure >= 0.5), (1 - sure, sure))


def together(attack: Triggers, trial_of: Any, order: list[str], budget: int) -> dict[str, Trial]:
    """All trials side by side, as the engine lets them wait for one another, begun in this order."""

    def belief(text: str) -> float:
        said = sum(word in ("awful", "thing") for word in text.split()) - sum(word in ("fine", "film") for word in text.split())
        return 0.2 if said >= 0 else 0.9

    trials: dict[str, Any] = {}
    waiting: dict[str, tuple[Any, Any]] = {}
    reports: dict[str, Any] = {}
    answer: Any
    for name in order:
        trial = trial_of(TEXTS[name], belief, budget)
        trial.gold, trial.example_id, trial.recipe = int(name.startswith("good")), name, "t"
        trial.rng = Random(name)
        trials[name] = trial
        waiting[name] = (attack.search(trial), None)
    while waiting:
        parked = {}
        for name, (search, answer) in list(waiting.items()):
            try:
                while True:
                    said = search.send(answer)
                    if isinstance(said, Query):
                        answer = [told(belief(text)) for (text,) in said.inputs]
                    elif isinstance(said, Flips):
                        answer = [[[("awful", 2.0), ("seen", 1.0)] for _ in said.spans]]
                    else:
                        assert isinstance(said, Pool)
                        reports[name], answer = said.report, ()
                        if not said.last:
                            parked[name] = search
                            break
            except StopIteration:
                pass
        shared = sorted(reports.items())
        reports = {}
        waiting = {name: (search, shared) for name, search in parked.items()}
    return trials


@pytest.mark.parametrize("gradients", [False, True])
def test_a_trigger_is_found_on_half_and_judged_on_the_others_whatever_the_order(trial_of: Any, gradients: bool) -> None:
    attack = Triggers(gradients=gradients, width=4, rounds=6)
    one = together(attack, trial_of, sorted(TEXTS), 60)
    two = together(attack, trial_of, sorted(TEXTS, reverse=True), 60)
    good = {name: trial for name, trial in one.items() if name.startswith("good")}
    assert {name: trial.details for name, trial in one.items()} == {name: trial.details for name, trial in two.items()}
    parts = [trial.details["part"] for trial in good.values()]
    assert (parts.count("search"), parts.count("judged")) == (4, 4)
    (trigger,) = {trial.details["trigger"] for trial in good.values()}
    assert set(trigger.split()) & {"awful", "thing"}
    assert all(trial.won for trial in good.values())
    judged = [trial for trial in good.values() if trial.details["part"] == "judged"]
    assert {trial.queries for trial in judged} == {2}, "nothing was asked about them but the clean text and the one trigger"


def test_a_budget_too_small_to_search_is_kept(trial_of: Any) -> None:
    trials = together(Triggers(), trial_of, sorted(TEXTS), 2)
    assert {trial.queries for trial in trials.values()} == {2}
    assert {trial.details["trigger"] for trial in trials.values()} == {"the the the"}
    assert before(("a", "b"), "c") == "a b c"
