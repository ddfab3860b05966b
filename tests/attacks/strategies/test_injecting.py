"""The pooled search for injections, against a hand-made driver: what it learns, tries first, and leaves for the controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from attacks.recipes import build
from attacks.search import BudgetExhaustedError, Input, Judgement, Pool, Prediction, Query, Recipe, Trial
from attacks.strategies.injecting.bandit import ARMS, Bandit, arms_of, balanced, uniform
from attacks.transformations.payloads.families import FAMILIES
from attacks.transformations.payloads.payload import Cell, payload_of
from attacks.transformations.payloads.places import PLACES

WORD = "pezugawawijofeja"
DOCUMENT = "Hello team. The meeting is on Thursday at ten. Please bring the figures.\nBest wishes, Ann"
Weak = Callable[[Cell], bool]


class Victim:
    """Falls for the cells that it is told to, which it knows by the text alone; ``asked``: every text, in order."""

    def __init__(self, weak: Weak, *, words: Sequence[str] = (WORD,), copies: bool = False) -> None:
        from attacks.transformations.payloads.disguises import chains

        self._weak = {
            payload_of(cell, word): place
            for word in words
            for family in FAMILIES
            for chain in chains()
            for place in PLACES
            if weak(cell := Cell(family, chain, place))
        }
        self.copies, self.asked = copies, list[str]()

    def judge(self, _: object, perturbed: Input) -> Judgement:
        document = perturbed[-1]
        self.asked.append(document)
        fell = self.copies or any(payload in document for payload in self._weak)
        return Judgement(1.0 if fell else 0.1, fell and document != DOCUMENT, 1.0, "emitted" if fell else "absent")


def run(recipe: Recipe, victims: Sequence[Victim], *, budget: int = 60, seed: int = 0, order: Sequence[int] = ()) -> list[Trial]:
    """Every trial of a recipe, side by side; ``order``: in which they are let go on each round."""
    answer = Prediction(0)
    trials = [
        Trial(
            inputs=("task", DOCUMENT), field=1, judge=victim.judge, clean=answer, rng=Random(seed * 100 + n), budget=budget,
            example_id=f"e{n:02}", recipe=recipe.name, target=WORD,
        )
        for n, victim in enumerate(victims)
    ]  # fmt: skip
    searches = {n: recipe.attack.search(trial) for n, trial in enumerate(trials)}
    said: dict[int, Any] = dict.fromkeys(searches)
    reports: dict[str, Any] = {}
    while said:
        parked = []
        for n in [n for n in (order or range(len(trials))) if n in said]:
            try:
                request = searches[n].send(said.pop(n))
                while not isinstance(request, Pool) or request.last:
                    if isinstance(request, Pool):
                        reports[request.example_id] = request.report
                        request = searches[n].send(())
                        continue
                    assert isinstance(request, Query)
                    request = searches[n].send([answer] * len(request.inputs))
                reports[request.example_id] = request.report
                parked.append(n)
            except (StopIteration, BudgetExhaustedError):
                continue
        shared, reports = sorted(reports.items()), {}
        said = dict.fromkeys(parked, shared)
    return trials


def test_the_prior_is_the_same_for_every_arm_and_a_success_raises_its_own() -> None:
    bandit, cell = Bandit(), Cell("urgency", ("rot13", "base64"), "comment")
    before = bandit.worth(cell), bandit.worth(Cell("direct", ("hex",), "end"))
    assert before[0] == pytest.approx(before[1]) == 0.5**4
    bandit.learn([(str(cell), 1.0, True)])
    assert bandit.worth(cell) > before[0]
    assert bandit.worth(Cell("direct", ("hex",), "end")) == before[1]
    assert set(arms_of(cell)) <= set(ARMS)


def test_what_it_learned_does_not_depend_on_the_order_of_reports() -> None:
    tries = [(str(uniform(Random(n), ())), n / 40, n % 7 == 0) for n in range(40)]
    one, other = Bandit(), Bandit()
    one.learn(tries)
    other.learn(reversed(tries))
    assert one.winners(()) == other.winners(())
    assert [one.draw(Random(n), ()) for n in range(20)] == [other.draw(Random(n), ()) for n in range(20)]


def test_draws_come_to_prefer_what_worked() -> None:
    bandit, rng = Bandit(), Random(1)
    tries = [cell for n in range(300) if (cell := uniform(Random(n), ())) is not None]
    bandit.learn([(str(cell), 1.0 if cell.family == "format" else 0.1, cell.family == "format") for cell in tries])
    drawn = [cell for _ in range(50) if (cell := bandit.draw(rng, ())) is not None]
    assert sum(cell.family == "format" for cell in drawn) > 40


def test_the_first_block_is_balanced_whatever_the_seed() -> None:
    for seed in range(20):
        block = balanced(Random(seed))
        assert sorted(cell.family for cell in block) == sorted(FAMILIES)
        assert sorted(cell.place for cell in block) == sorted([*PLACES] * 2)
        assert sorted(len(cell.chain) for cell in block) == [0, 1, 2] * 0 + [0] * 4 + [1] * 4 + [2] * 4


def _narrow(cell: Cell) -> bool:
    return cell.family in ("role-play", "urgency") and bool({"base64", "rot13"} & {*cell.chain})


def test_one_example_s_break_breaks_the_others() -> None:
    trials = run(build("inject"), [Victim(_narrow) for _ in range(12)])
    lone = run(build("inject-random"), [Victim(_narrow) for _ in range(12)])
    won = [trial.details["won_at"] for trial in trials if trial.won]
    assert len(won) == 12
    assert max(won) <= 40
    assert len(won) >= 1.5 * sum(trial.won for trial in lone)


def test_outcomes_depend_on_neither_order_nor_others_budget() -> None:
    first = run(build("inject"), [Victim(_narrow) for _ in range(6)])
    other = run(build("inject"), [Victim(_narrow) for _ in range(6)], order=(5, 3, 1, 0, 2, 4))
    assert [t.details for t in first] == [t.details for t in other]
    assert [t.winner and t.winner[0].text for t in first] == [t.winner and t.winner[0].text for t in other]


def test_a_success_is_brought_down_to_what_it_needs() -> None:
    (trial,) = run(build("inject"), [Victim(lambda cell: "tags" in cell.chain)], budget=200)
    assert trial.won
    assert trial.details["cell"] == "direct/tags/end"
    assert trial.winner is not None
    assert trial.winner[0].technique == "direct/tags/end"
    assert trial.details["won_at"] <= trial.queries


def test_the_budget_is_kept_and_three_of_it_go_to_the_controls() -> None:
    for budget in (1, 2, 5, 20, 47):
        victim = Victim(lambda _: False)
        (trial,) = run(build("inject"), [victim], budget=budget)
        assert trial.queries <= budget
        if budget > 12:
            assert trial.queries == budget
            assert trial.details["arms"]["control"]["asked"] == 3
            assert trial.details["arms"]["attack"]["asked"] == budget - 4


def test_a_victim_that_copies_shows_it_in_the_control() -> None:
    (trial,) = run(build("inject"), [Victim(lambda _: False, copies=True)])
    arms = trial.details["arms"]
    assert trial.won
    assert arms["control"]["reached"] == arms["control"]["asked"] == 3


def test_cells_that_cannot_be_are_refused_with_what_there_is() -> None:
    for text, told in (
        ("direct/base64", "expected FAMILY"),
        ("polite/none/end", "family"),
        ("direct/leet+base64+hex/end", "chain"),
    ):
        with pytest.raises(ValueError, match=told):
            Cell.of(text)
