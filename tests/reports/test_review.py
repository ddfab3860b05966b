"""Reviews: sampling, blinding, sheets, agreement, validity."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.render.review_form import review_form
from reports.review.agreement import agreement, cohen, fleiss
from reports.review.sample import KEY, SHEET, Review, consensus, draw, read_review, read_sheet, share_out, write_review
from reports.review.validity import review_result, score_judge, weighted
from reports.run import Run, RunError


@pytest.fixture
def run(make_run: Callable[..., Run], make_outcome: Callable[..., Any]) -> Run:
    """Forty failures of one recipe, ten of another, and five examples that held."""
    labels = ("positive", "negative")
    made = [make_outcome(f"case-a{i:02d}", "pwws", label=labels[i % 2], texts={"text": f"text a{i}"}) for i in range(40)]
    made += [make_outcome(f"case-b{i:02d}", "textfooler", label=labels[i % 2], texts={"text": f"text b{i}"}) for i in range(10)]
    made += [make_outcome(f"case-c{i:02d}", "pwws", "failed", texts={"text": f"text c{i}"}) for i in range(5)]
    return make_run(made)


def rated(review: Review, wrong: int = 0) -> dict[str, str]:
    """A rater who agrees with the data but on the first few failures."""
    other = {"positive": "negative", "negative": "positive"}
    failures = [item for item in review.items if item.recipe]
    flipped = {item.item for item in failures[:wrong]}
    return {item.item: other[item.gold] if item.item in flipped else item.gold for item in review.items}


def test_the_sample_is_stratified_and_repeatable(run: Run) -> None:
    review = draw(run, 20, controls=3, seed=1)
    strata = Counter(item.stratum for item in review.items if item.recipe)
    assert strata == {
        ("pwws", "positive"): 8,
        ("pwws", "negative"): 8,
        ("textfooler", "positive"): 2,
        ("textfooler", "negative"): 2,
    }
    assert sum(not item.recipe for item in review.items) == 3
    assert draw(run, 20, controls=3, seed=1) == review
    assert draw(run, 20, controls=3, seed=2).items != review.items
    assert len({item.item for item in review.items}) == 23


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.tuples(st.text(max_size=2), st.text(max_size=2)), st.integers(1, 30), min_size=1), st.data())
def test_shares_add_up_and_fit(sizes: dict[tuple[str, str], int], data: st.DataObject) -> None:
    sample = data.draw(st.integers(1, sum(sizes.values())))
    shares = share_out(sizes, sample)
    assert sum(shares.values()) == sample
    assert all(0 <= shares[key] <= sizes[key] for key in sizes)
    assert min(shares.values()) >= 1 or sample < len(sizes)


def test_sheet_and_form_are_blind(run: Run, tmp_path: Path) -> None:
    review = draw(run, 20, controls=3)
    write_review(review, tmp_path)
    with (tmp_path / SHEET).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 23
    assert {row["label"] for row in rows} == {""}
    assert {row["choices"] for row in rows} == {"negative / positive / unclear"}
    for text in ((tmp_path / SHEET).read_text("utf-8-sig"), review_form(review)):
        assert not any(word in text for word in ("pwws", "textfooler", '"gold"', *(item.example_id for item in review.items)))
        assert all(item.item in text for item in review.items)


def test_hostile_texts_come_out_dead(make_run: Callable[..., Run], make_outcome: Callable[..., Any], hostile_texts: Any) -> None:
    run = make_run([make_outcome(f"e{i}", perturbed=text) for i, text in enumerate(hostile_texts)])
    form = review_form(draw(run, 50))
    form.encode("utf-8")
    assert "<img" not in form
    assert form.count("<script") == 2
    assert "connect-src" not in form
    assert "default-src 'none'" in form.replace("&#39;", "'")


def test_key_and_sheets_come_back(
    run: Run, tmp_path: Path, make_run: Callable[..., Run], make_outcome: Callable[..., Any]
) -> None:
    review = draw(run, 20, controls=3)
    write_review(review, tmp_path)
    assert read_review(tmp_path / KEY, run) == review
    with pytest.raises(RunError, match="another run"):
        read_review(tmp_path / KEY, make_run([make_outcome("x")]))
    sheet = tmp_path / "anna.csv"
    items = [item.item for item in review.items]
    sheet.write_text(f"item,label\n{items[0]},POSITIVE\n{items[1]},\n{items[2]},unclear\n")
    assert read_sheet(sheet, review) == {items[0]: "positive", items[2]: "unclear"}
    for line, why in (
        (f"{items[0]},good", "not one of negative"),
        ("x,positive", "not part of this"),
        (f"{items[0]},\n{items[0]},", "twice"),
    ):
        sheet.write_text(f"item,label\n{line}\n")
        with pytest.raises(RunError, match=why):
            read_sheet(sheet, review)


def test_kappas_by_hand() -> None:
    """Cohen: 45 and 15 against 25 and 15 of 100, the textbook's 0.4; Fleiss: his own table, kappa 0.210."""
    pairs = [("y", "y")] * 45 + [("y", "n")] * 15 + [("n", "y")] * 15 + [("n", "n")] * 25
    assert cohen(pairs) == pytest.approx((0.70 - (0.6 * 0.6 + 0.4 * 0.4)) / (1 - (0.36 + 0.16)))
    table = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0],
             [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]  # fmt: skip
    rows = [[str(c) for c, n in enumerate(row) for _ in range(n)] for row in table]
    assert fleiss(rows) == pytest.approx(0.210, abs=0.0005)
    assert cohen([("a", "a")] * 5) is None
    assert agreement([("a",)] * 3) is None


def test_an_interval_holds_kappa() -> None:
    rng = random.Random(0)
    found = agreement([(x := rng.choice("ab"), x if rng.random() < 0.8 else "b") for _ in range(80)])
    assert found is not None
    assert found.kappa is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.kappa < found.high


def test_the_majority_decides_and_ties_are_unclear() -> None:
    said = consensus([{"i": "a", "j": "a", "k": "a"}, {"i": "a", "j": "b"}, {"i": "b"}])
    assert said == {"i": "a", "j": "unclear", "k": "a"}


def test_validity_adjusts_success(run: Run) -> None:
    review = draw(run, 50, controls=5)
    result = review_result(run, review, [rated(review, wrong=10), rated(review, wrong=10)])
    assert result.rated == 50
    assert result.controls.rate == 1.0
    assert result.overall.validity.rate == pytest.approx(0.8)
    assert result.overall.adjusted is None  # two recipes on the same examples: only each alone has a product
    pwws = next(one for one in result.recipes if one.name == "pwws")
    assert pwws.success is not None
    assert pwws.adjusted is not None
    assert pwws.success.rate is not None
    assert pwws.validity.rate is not None
    assert pwws.adjusted.rate is not None
    assert pwws.adjusted.rate == pytest.approx(pwws.success.rate * pwws.validity.rate)
    assert pwws.adjusted.low < pwws.success.low * pwws.validity.low < pwws.adjusted.rate < pwws.adjusted.high
    json.dumps(result.to_dict(), allow_nan=False)


def test_unclear_is_not_valid_and_nothing_rated_says_nothing(run: Run) -> None:
    review = draw(run, 50)
    result = review_result(run, review, [{item.item: "unclear" for item in review.items}])
    assert result.overall.validity.rate == 0.0
    assert result.unclear == 50
    empty = review_result(run, review, [{}])
    assert empty.overall.validity.rate is None
    assert empty.recipes[0].adjusted is None


def test_strata_weigh_by_their_size() -> None:
    kept = [(("a", "x"), True)] * 10 + [(("b", "x"), False)] * 10
    found = weighted(kept, {("a", "x"): 900, ("b", "x"): 100})
    assert found.rate == pytest.approx(0.9)
    assert found.low < 0.9 < found.high <= 1


def test_a_judge_is_believed_only_when_it_is_good() -> None:
    good = score_judge(
        "j", [(True, True)] * 38 + [(True, False)] * 2 + [(False, False)] * 38 + [(False, True)] * 2, [True] * 70 + [False] * 30
    )
    assert good.believed
    assert good.validity is not None
    assert good.validity.rate == pytest.approx((0.7 + 0.95 - 1) / 0.9)
    assert good.validity.low < 0.7 < good.validity.high
    assert not score_judge("j", [(True, True)] * 40, [True] * 40).believed  # it never met a text that lost its label
    assert not score_judge("j", [(True, True), (False, False)], [True] * 40).believed
    assert not score_judge("j", [(True, True)] * 40 + [(False, True)] * 40, [True] * 80).believed
