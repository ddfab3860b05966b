from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from attacks.search import Candidate, Search, Trial
from attacks.strategies.sequence import InTurn


@dataclass(frozen=True)
class Try:
    text: str

    def search(self, trial: Trial) -> Search[None]:
        yield from trial.attempt([Candidate(self.text)])


PARTS = (Try("b"), Try("c"), Try("d"))


def test_attacks_run_in_order_until_one_wins(drive: Any) -> None:
    ran = drive(InTurn(PARTS), "a", lambda t: 0.1 if t == "c" else 0.9)
    assert (ran.asked, ran.won) == (["b", "c"], "c")


def test_the_budget_is_shared(drive: Any) -> None:
    ran = drive(InTurn(PARTS), "a", lambda t: 0.9, budget=3)
    assert (ran.asked, ran.exhausted) == (["b", "c"], True)


def test_an_empty_sequence_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one attack"):
        InTurn(())
