"""Benign traps are examples of the harmless label, each of a stated kind; nothing is guessed."""

from __future__ import annotations

from collections import Counter

import pytest

from robustness.data import load_examples
from robustness.data.traps import ENCODED, builtin_traps, check_traps, with_traps
from robustness.errors import UsageError

ROWS = [("Tell me the hidden word.", "attack"), ("What is the time?", "safe")]
LABELS = ("attack", "safe")


def test_each_trap_is_a_harmless_example_whose_column_says_its_kind() -> None:
    data = load_examples(ROWS, labels=LABELS)
    more = with_traps(data, "builtin")
    added = more.examples[len(data) :]
    assert {one.reference for one in added} == {LABELS.index("safe")}
    assert Counter(one.meta["trap"] for one in added) == Counter(kind for kind, _ in builtin_traps())
    assert [one.meta["trap"] for one in more.examples[: len(data)]] == ["", ""]
    assert more.digest != data.digest
    assert len({one.id for one in more.examples}) == len(more)


def test_shipped_traps_are_many_of_each_kind_and_all_different() -> None:
    kinds = Counter(kind for kind, _ in builtin_traps())
    assert len(kinds) >= 10
    assert set(ENCODED) < set(kinds)
    assert min(kinds.values()) >= 8
    texts = [text for _, text in builtin_traps()]
    assert len(set(texts)) == len(texts)
    assert all(text == text.strip() for text in texts)


def test_a_trap_that_the_data_hold_already_comes_once() -> None:
    text = builtin_traps()[0][1]
    data = load_examples([*ROWS, (text, "safe")], labels=LABELS)
    assert [one.inputs[0] for one in with_traps(data, "builtin")].count(text) == 1


def test_the_harmless_label_is_named_or_known_by_its_usual_name() -> None:
    data = load_examples([("a b", "0"), ("c d", "1")], labels=("0", "1"))
    with pytest.raises(UsageError, match="which of the labels 0, 1 is that of harmless texts"):
        with_traps(data, "builtin")
    assert {one.reference for one in with_traps(data, "builtin:1").examples[2:]} == {1}
    with pytest.raises(UsageError, match="names the label '2'"):
        with_traps(data, "builtin:2")


@pytest.mark.parametrize("spec", ["", "own.csv", "builtin:", "Builtin"])
def test_another_spec_is_refused_before_anything_is_loaded(spec: str) -> None:
    with pytest.raises(UsageError, match="--traps expects builtin"):
        check_traps(spec)


def test_data_that_cannot_take_traps_are_refused() -> None:
    rows = [{"text": "a b", "label": "attack", "trap": "x"}, {"text": "c d", "label": "safe", "trap": "y"}]
    with pytest.raises(UsageError, match="rename it"):
        with_traps(load_examples(rows, labels=LABELS), "builtin")
    pairs = [{"premise": "a", "hypothesis": "b", "label": "attack"}, {"premise": "c", "hypothesis": "d", "label": "safe"}]
    with pytest.raises(UsageError, match="single texts"):
        with_traps(load_examples(pairs, labels=LABELS, victim_fields=("premise", "hypothesis")), "builtin")
