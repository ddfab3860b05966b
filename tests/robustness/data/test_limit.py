"""A limit keeps the shares of labels and chooses by seed and id."""

from __future__ import annotations

from collections import Counter

from robustness.data import load_examples

LABELS = ("negative", "positive")


def test_the_limit_keeps_the_shares_of_labels() -> None:
    rows = [(f"text {i}", 0 if i % 10 < 7 else 1) for i in range(1000)]
    data = load_examples(rows, labels=LABELS, limit=55)
    assert Counter(e.reference for e in data) == {0: 39, 1: 16}  # 38.5 and 16.5: the tie goes to the first label
    assert data.report.messages()[0].startswith("examples: 1000 rows read, 1000 usable, 55 sampled by the limit of 55")
    uneven = [(f"text {i}", 0 if i < 61 else 1) for i in range(100)]
    assert Counter(e.reference for e in load_examples(uneven, labels=LABELS, limit=10)) == {0: 6, 1: 4}
    assert [e.id for e in data] != [e.id for e in load_examples(rows, labels=LABELS, limit=55, seed=1)]
    order = [int(e.inputs[0].split()[1]) for e in data]
    assert order == sorted(order)


def test_a_larger_limit_keeps_the_examples_of_a_smaller_one() -> None:
    rows = [(f"text {i}", i % 2) for i in range(100)]
    small, large = ({e.id for e in load_examples(rows, labels=LABELS, limit=n)} for n in (10, 20))
    assert small < large


def test_a_label_lost_to_the_limit_is_named() -> None:
    rows = [(f"text {i}", 0) for i in range(99)] + [("x", 1)]
    assert "the limit leaves no example labelled 'positive'" in load_examples(rows, labels=LABELS, limit=3).report.notes


def test_one_label_only_is_named() -> None:
    assert "every example is labelled 'positive'" in load_examples([("a", "positive")], labels=LABELS).report.notes
