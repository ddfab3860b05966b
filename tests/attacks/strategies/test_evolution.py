from __future__ import annotations

from random import Random
from typing import Any

import pytest

from attacks.constraints.amount import MaxEditDistance
from attacks.strategies.evolution import Evolution

TEXT = "a text of some length to put marks in"


def test_a_generation_is_one_request_and_edits_rise(drive: Any, marker: Any) -> None:
    ran = drive(Evolution((marker(),), edits=(1, 2), population=8, generations=3), TEXT, lambda t: 0.9)
    edits = [{t.count("*") for t in request} for request in ran.requests]
    assert len(edits) == 8
    assert edits[:4] == [{1}] * 4
    assert all(counts <= {1, 2} and 2 in counts for counts in edits[4:])
    assert (ran.won, ran.exhausted) == (None, False)


def test_it_finds_the_one_place_that_matters(drive: Any, marker: Any) -> None:
    """The victim believes less the nearer the mark comes to the middle; only two places break it."""

    def belief(text: str) -> float:
        at = text.find("*")
        return 0.9 if at < 0 else min(0.9, 0.47 + abs(at - 18) / 40)

    ran = drive(Evolution((marker(),), edits=(1,)), TEXT, belief)
    assert ran.won is not None
    assert ran.trial.queries < 32 * 11


def test_evolution_comes_closer_than_chance(drive: Any, marker: Any) -> None:
    """Two marks in a thousand characters, best at 300 and 700: random pairs of the same number come half as close."""
    text = "x" * 1000

    def distance(text: str) -> int:
        marks = [at for at, character in enumerate(text) if character == "*"]
        return abs(marks[0] - 300) + abs(marks[-1] - 700) if marks else 999

    def nearest(seed: int, generations: int, population: int) -> int:
        attack = Evolution((marker(),), edits=(2,), generations=generations, population=population)
        return distance(drive(attack, text, lambda t: 0.5 + distance(t) / 2000, seed=seed).trial.best.text)

    evolved = [nearest(seed, generations=10, population=32) for seed in range(8)]
    drawn = [nearest(seed, generations=0, population=32 * 11) for seed in range(8)]
    assert sum(evolved) < sum(drawn) / 2


def test_several_injections_are_mixed_in_one_text(drive: Any, marker: Any) -> None:
    both = (marker(name="star", marks="*"), marker(name="hash", marks="#"))
    ran = drive(Evolution(both, edits=(2,), generations=0), TEXT, lambda t: 0.1 if "*" in t and "#" in t else 0.9)
    assert ran.won is not None
    assert ran.trial.winner[0].technique in ("star+hash", "hash+star")


def test_edits_of_one_place_do_not_pile_up(drive: Any, marker: Any) -> None:
    class Cover(marker):  # type: ignore[misc]
        def positions(self, text: str) -> range:
            return range(len(text) - 1)

        def replacement(self, text: str, position: int, rng: Random) -> tuple[int, int, str]:
            return position, position + 2, "##"

    ran = drive(Evolution((Cover(),), edits=(2,), generations=2), "abcd", lambda t: 0.9)
    assert {len(text) for text in ran.asked} == {4}
    assert {"##cd", "####"} <= set(ran.asked)


def test_variants_are_searched_too(drive: Any, marker: Any) -> None:
    ran = drive(Evolution((marker(marks="abcdefgh"),), edits=(1,), generations=3), ".", lambda t: 0.1 if t == ".g" else 0.9)
    assert ran.won == ".g"


def test_the_same_seed_asks_the_same(drive: Any, marker: Any) -> None:
    attack = Evolution((marker(marks="*#"),), edits=(1, 2), population=6, generations=2)
    one, two, other = (drive(attack, TEXT, lambda t: len(t) / 99, seed=s).requests for s in (1, 1, 2))
    assert one == two != other


@pytest.mark.parametrize("budget", [2, 5, 20, 40, 60, 150, 333])
def test_a_budget_is_kept_and_shared(drive: Any, marker: Any, budget: int) -> None:
    ran = drive(Evolution((marker(),)), TEXT, lambda t: 0.9, budget=budget)
    assert ran.exhausted
    assert budget * 0.6 < ran.trial.queries <= budget


@pytest.mark.parametrize(
    ("remaining", "kept"), [(None, [1, 2, 3, 4, 5]), (320, [1, 2, 3, 4, 5]), (319, [1, 2, 3, 5]), (150, [2, 5]), (9, [5])]
)
def test_a_small_budget_keeps_fewer_edit_counts_and_the_largest(marker: Any, remaining: int | None, kept: list[int]) -> None:
    assert Evolution((marker(),)).thinned([1, 2, 3, 4, 5], remaining) == kept


@pytest.mark.parametrize(
    ("remaining", "turns", "affordable"),
    [(None, 2, (32, 10)), (704, 2, (32, 10)), (703, 2, (32, 9)), (64, 1, (32, 1)), (20, 1, (10, 1)), (3, 1, (4, 0))],
)
def test_generations_shrink_before_the_population(
    marker: Any, remaining: int | None, turns: int, affordable: tuple[int, int]
) -> None:
    assert Evolution((marker(),)).affordable(remaining, turns) == affordable


def test_constraints_are_asked(drive: Any, marker: Any) -> None:
    ran = drive(Evolution((marker(),), constraints=(MaxEditDistance(2),), generations=2), TEXT, lambda t: 0.9)
    assert max(t.count("*") for t in ran.asked) == 2
    assert ran.trial.tally.rejected > 0


def test_a_text_without_positions_is_left_alone(drive: Any, marker: Any) -> None:
    assert drive(Evolution((marker(),)), "", lambda t: 0.9).requests == []
    assert {t.count("*") for t in drive(Evolution((marker(),), generations=1), "ab", lambda t: 0.9).asked} == {1, 2}


def test_wrong_arguments_say_what_was_expected(marker: Any) -> None:
    with pytest.raises(ValueError, match="at least one transformation"):
        Evolution(())
    with pytest.raises(ValueError, match=r"edits must be .*, got \(0, 1\)"):
        Evolution((marker(),), edits=(0, 1))
    with pytest.raises(ValueError, match=r"population must be at least 4 .*, got 3 and 10"):
        Evolution((marker(),), population=3)
