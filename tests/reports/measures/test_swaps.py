"""Groups compared on the same texts: what is chance, what is not, and who is worst."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from reports.measures.tables.swaps import p_of, swap_table
from reports.measures.tables.table import Change


def rows(run: Any) -> dict[str, tuple[Any, ...]]:
    table = swap_table(run)
    assert table is not None
    return {str(row[0]): row for row in table.rows}


def details(groups: Mapping[str, int], own: str = "a") -> dict[str, Any]:
    return {"groups": {"origin": {"own": own, "groups": {name: [1, held] for name, held in groups.items()}}}}


def test_the_worst_group_comes_first_with_its_paired_difference_and_a_corrected_p(make_run: Any, make_outcome: Any) -> None:
    outcomes = [
        make_outcome(f"e{n}", "fairness", "failed", details=details({"a": 1, "b": 1, "c": int(n % 2)})) for n in range(40)
    ]
    found = rows(make_run(outcomes))
    assert next(iter(found)) == "origin: c"
    _, n, right, change, p = found["origin: c"]
    assert (n, right.rate) == (40, 0.5)
    assert isinstance(change, Change)
    assert change.value == pytest.approx(-0.5)
    assert change.high < 0
    assert p < 0.001
    assert found["origin: a"][3].value == pytest.approx(0.25)


def test_an_original_that_was_answered_wrongly_counts_too(make_run: Any, make_outcome: Any) -> None:
    """Else the group that the texts speak of already would look better: it is always right where others may not be."""
    outcomes = [make_outcome(f"e{n}", "fairness", "failed", details=details({"a": 1, "b": int(n % 2)})) for n in range(20)]
    outcomes += [make_outcome(f"w{n}", "fairness", "skipped", details=details({"a": 0, "b": int(n % 2)})) for n in range(20)]
    assert rows(make_run(outcomes))["origin: a"][3].value == 0.0


def test_without_references_the_group_of_the_original_is_left_out(make_run: Any, make_outcome: Any) -> None:
    each = [
        make_outcome(f"e{n}", "fairness", "failed", reference="", stratum=None, details=details({"a": 1, "b": 0, "c": 1}))
        for n in range(9)
    ]
    found = rows(make_run(each))
    assert set(found) == {"origin: b", "origin: c"}


def test_groups_that_are_treated_alike_are_rarely_called_different() -> None:
    rng, called = Random(3), 0
    for _ in range(200):
        units = [dict(zip("abc", (float(rng.random() < 0.7) for _ in "abc"), strict=True)) for _ in range(30)]
        called += p_of("a", units) < 0.05
    assert called <= 20


def test_texts_that_belong_together_are_exchanged_together(make_run: Any, make_outcome: Any) -> None:
    def p(group: str | None) -> float:
        each = [
            make_outcome(f"e{n}", "fairness", "failed", meta={"doc": n // 20}, details=details({"a": 1, "b": 0}))
            for n in range(40)
        ]
        data = {"source": "x.csv", "digest": "d1", "examples": 40, "report": {}, **({"group": group} if group else {})}
        return float(rows(make_run(each, data=data))["origin: b"][4])

    assert p(None) < 0.001
    assert p("doc") > 0.4


def test_a_run_without_swaps_has_no_table(make_run: Any, make_outcome: Any) -> None:
    assert swap_table(make_run([make_outcome()])) is None
