"""What the papers' own experiments allow, where a recipe's text alone would not say it."""

from __future__ import annotations

from attacks.constraints.amount import MaxWordsChanged
from attacks.recipes import Options, build
from attacks.strategies.greedy import Greedy
from attacks.strategies.infilling import Infilling


def test_a2t_may_change_four_words_of_a_short_text_and_a_tenth_of_a_long_one() -> None:
    attack = build("a2t", Options()).attack
    assert isinstance(attack, Greedy)
    (rule,) = [rule for rule in attack.constraints if isinstance(rule, MaxWordsChanged)]
    assert [rule.limit(words) for words in (10, 40, 60)] == [4, 4, 6]


def test_a2t_takes_the_most_similar_of_several_successes() -> None:
    attack = build("a2t", Options()).attack
    assert isinstance(attack, Greedy)
    assert attack.prefer == "similarity"


def test_bert_attack_ends_with_the_first_success_in_the_order_of_the_predictions() -> None:
    """Algorithm 1 of the paper returns as soon as one of the 48 candidates turns the answer."""
    attack = build("bert-attack", Options()).attack
    assert isinstance(attack, Infilling)
    assert (attack.prefer, attack.n, attack.masked) == ("first", 48, False)
