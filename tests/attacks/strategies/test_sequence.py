from __future__ import annotations

from typing import Any

import pytest

from attacks.strategies.exhaustive import Exhaustive
from attacks.strategies.sequence import InTurn


def test_attacks_run_in_order_until_one_wins(drive: Any, table: Any) -> None:
    parts = tuple(Exhaustive((table({word: [word.upper()]}),)) for word in "abc")
    ran = drive(InTurn(parts), "a b c", lambda t: 0.1 if "B" in t else 0.9)
    assert (ran.asked, ran.won) == (["A b c", "a B c"], "a B c")


def test_the_budget_is_shared(drive: Any, table: Any) -> None:
    parts = tuple(Exhaustive((table({"a": [new]}),)) for new in ("b", "c", "d"))
    ran = drive(InTurn(parts), "a", lambda t: 0.9, budget=3)
    assert (ran.asked, ran.exhausted) == (["b", "c"], True)


def test_an_empty_sequence_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one attack"):
        InTurn(())
