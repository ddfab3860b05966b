from __future__ import annotations

import math
from typing import Any

import pytest

from attacks.search import Search, Trial
from attacks.strategies.greedy import Greedy
from attacks.strategies.offers import Offers
from attacks.strategies.ranking import (
    CHUNK,
    ByDeletion,
    ByMask,
    BySaliency,
    InOrder,
    Ranking,
    Shuffled,
    Thrifty,
    softmax,
)

WEIGHTS = {"a": 0.1, "b": 0.4, "c": 0.2, "A": 0.1, "B": 0.3, "C": 0.0, "[UNK]": 0.05, "#": 0.2}
UPPER = {"a": ["A"], "b": ["B"], "c": ["C"]}


def weigh(text: str) -> float:
    return 0.3 + sum(WEIGHTS.get(word, 0.0) for word in text.split())


class Only:
    """An attack that ranks and does nothing else."""

    def __init__(self, ranking: Ranking, swap: Any) -> None:
        self.ranking, self.swap, self.order = ranking, swap, list[int]()

    def search(self, trial: Trial) -> Search[None]:
        offers = Offers(trial, (self.swap,))
        self.order = yield from self.ranking.order(trial, offers, offers.editable(offers.origin))


def test_deletion_puts_the_word_first_that_matters_most(drive: Any, table: Any) -> None:
    ranked = Only(ByDeletion(), table(UPPER))
    assert drive(ranked, "a b c", weigh).asked == ["b c", "a c", "a b"]
    assert ranked.order == [1, 2, 0]


def test_mask_puts_the_word_first_that_matters_most(drive: Any, table: Any) -> None:
    ranked = Only(ByMask(), table(UPPER))
    assert drive(ranked, "a b c", weigh).asked == ["[UNK] b c", "a [UNK] c", "a b [UNK]"]
    assert ranked.order == [1, 2, 0]
    assert drive(Only(ByMask("#"), table(UPPER)), "a b c", weigh).asked[0] == "# b c"


def test_equally_important_words_keep_text_order(drive: Any, table: Any) -> None:
    ranked = Only(ByDeletion(), table(UPPER))
    drive(ranked, "c b a", lambda text: 0.9)
    assert ranked.order == [0, 1, 2]


def test_words_without_replacements_cost_no_probe(drive: Any, table: Any) -> None:
    for ranking in (ByDeletion(), ByMask()):
        ranked = Only(ranking, table({"b": ["B"]}))
        assert len(drive(ranked, "a b c", weigh).asked) == 1
        assert ranked.order == [1]


def test_saliency_weighs_the_change_that_the_best_replacement_brings(drive: Any, table: Any) -> None:
    """By hand: saliency = p - p(masked), change = p - p(best), merit = softmax(saliency) * change."""
    ranked = Only(BySaliency(), table(UPPER))
    drive(ranked, "a b c", weigh)
    saliency = [0.1 - 0.05, 0.4 - 0.05, 0.2 - 0.05]
    total = sum(map(math.exp, saliency))
    merit = [math.exp(s) / total * change for s, change in zip(saliency, [0.0, 0.1, 0.2], strict=True)]
    assert ranked.order == sorted(range(3), key=lambda i: -merit[i]) == [2, 1, 0]


def test_saliency_does_not_rank_by_the_probability_itself(drive: Any, table: Any) -> None:
    """Weighted by 1 - p the salient word would come first; by the change in p, the word that can be moved does."""
    belief = {"a b": 0.60, "[UNK] b": 0.30, "A b": 0.59, "a [UNK]": 0.60, "a B": 0.55}
    ranked = Only(BySaliency(), table(UPPER))
    drive(ranked, "a b", belief.__getitem__)
    assert math.exp(0.30) * (1 - 0.59) > math.exp(0.0) * (1 - 0.55)
    assert ranked.order == [1, 0]


def test_saliency_ends_at_a_single_word_that_succeeds(drive: Any, table: Any) -> None:
    swap = table({"a": ["A"], "b": ["bad"], "c": ["C"]})
    ran = drive(Greedy((swap,), BySaliency()), "a b c", lambda t: 0.1 if "bad" in t else 0.9 - 0.1 * ("[UNK]" in t.split()[1]))
    assert ran.won == "a bad c"
    assert ran.asked == ["[UNK] b c", "a [UNK] c", "a b [UNK]", "a bad c"]


def test_saliency_search_asks_no_text_twice(drive: Any, table: Any) -> None:
    ran = drive(Greedy((table(UPPER),), BySaliency()), "a b c a b c", weigh)
    assert len(ran.asked) == len(set(ran.asked))
    assert "a b c a b c" not in ran.asked


def test_random_orders_differ_by_seed_alone(drive: Any, table: Any) -> None:
    swap, text = table({w: [w.upper()] for w in "abcdefgh"}), "a b c d e f g h"

    def order(seed: int) -> list[int]:
        ranked = Only(Shuffled(), swap)
        assert drive(ranked, text, weigh, seed=seed).asked == []
        return ranked.order

    assert sorted(order(1)) == list(range(8))
    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(5)}) > 1


@pytest.mark.parametrize(("budget", "probes"), [(None, 3), (100, 3), (99, 0), (5, 0)])
def test_thrifty_ranks_only_where_the_budget_repays_it(drive: Any, table: Any, budget: int | None, probes: int) -> None:
    assert len(drive(Only(Thrifty(ByDeletion()), table(UPPER)), "a b c", weigh, budget=budget).asked) == probes


def test_thrifty_asks_more_budget_of_longer_texts(drive: Any, table: Any) -> None:
    long = " ".join("abc" * 20)
    assert drive(Only(Thrifty(ByDeletion()), table(UPPER)), long, weigh, budget=299).asked == []
    assert drive(Only(Thrifty(ByDeletion()), table(UPPER)), long, weigh, budget=300).asked


def test_probes_are_built_in_chunks(drive: Any, table: Any) -> None:
    text = " ".join(f"w{i}" for i in range(CHUNK + 10))
    ran = drive(Only(ByDeletion(), table({w: ["x"] for w in text.split()})), text, lambda t: 0.9, budget=40)
    assert ran.exhausted
    assert len(ran.asked) == 39


def test_softmax_sums_to_one_and_survives_large_values() -> None:
    assert softmax([]) == []
    assert sum(softmax([1000.0, 999.0, -1000.0])) == pytest.approx(1.0)
    assert softmax([0.0, 1.0])[1] == pytest.approx(1 / (1 + math.exp(-1)))


@pytest.mark.parametrize("ranking", [InOrder(), Shuffled(), ByDeletion(), ByMask(), BySaliency(), Thrifty(ByMask("#"))])
def test_rankings_describe_themselves_and_their_parameters(ranking: Ranking) -> None:
    assert ranking.describe().startswith("words")
    assert ("#" in ranking.describe()) == isinstance(ranking, Thrifty)
