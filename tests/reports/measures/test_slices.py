from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reports.measures.slices import find_slice, label_slices, metadata_slices, text_of
from reports.run import Outcome, Run

MakeRun = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]


def with_meta(make_outcome: MakeOutcome, metas: list[dict[str, Any]]) -> list[Outcome]:
    return [make_outcome(f"e{i}", status="failed" if i % 2 else "succeeded", meta=meta) for i, meta in enumerate(metas)]


def test_slices_add_up_to_the_whole(rich_run: Run) -> None:
    for slices in (label_slices(rich_run), metadata_slices(rich_run)):
        assert sum(part.measured.examples for part in slices) == 60
        assert sum(part.measured.judged for part in slices) == 58


def test_a_column_with_many_values_is_no_slice(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    metas = [{"id": i, "twenty": i % 20, "one": "same", "half": i % 2} for i in range(42)]
    found = metadata_slices(make_run(with_meta(make_outcome, metas)))
    assert sorted({part.column for part in found}) == ["half", "twenty"]


def test_small_slices_are_flagged(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    metas = [{"who": "few" if i < 29 else "many"} for i in range(59)]
    found = {part.key: part.small for part in metadata_slices(make_run(with_meta(make_outcome, metas)))}
    assert found == {"who=few": True, "who=many": False}


def test_missing_values_are_a_slice_of_their_own(make_run: MakeRun, make_outcome: MakeOutcome) -> None:
    metas: list[dict[str, Any]] = [{"a": None}, {}, {"a": "x"}, {"a": True}]
    found = metadata_slices(make_run(with_meta(make_outcome, metas)))
    assert [(part.value, part.measured.examples) for part in found] == [("", 2), ("true", 1), ("x", 1)]


@pytest.mark.parametrize(("key", "n"), [("label=positive", 2), ("id=3", 1), ("a=b=c", 1), ("id=99", 0), ("nope=1", 0), ("id", 0)])
def test_a_slice_is_found_by_its_name(make_run: MakeRun, make_outcome: MakeOutcome, key: str, n: int) -> None:
    metas: list[dict[str, Any]] = [{"id": i} for i in range(4)]
    outcomes = [
        make_outcome(f"e{i}", label=("positive", "negative")[i % 2], meta=meta | ({"a": "b=c"} if i == 0 else {}))
        for i, meta in enumerate(metas)
    ]
    found = find_slice(make_run(outcomes), key)
    assert (found.measured.examples if found else 0) == n


def test_text_of_values() -> None:
    assert [text_of(v) for v in (None, True, 3, 2.5, "x")] == ["", "true", "3", "2.5", "x"]
