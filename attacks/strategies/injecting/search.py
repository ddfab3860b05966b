"""Injects an instruction where an attacker may write, learns across examples what the victim obeys, and asks the benign twin.

Each trial begins with twelve balanced cells, so that every factor's effect is measured without the search's bias. Then all
trials of the run pool what they tried, round by round: cells that broke other examples, their neighbours, and Thompson draws. A
success is brought down to what it needs. Last comes the control: the same places and disguises with the word in them and no
instruction, for an answer that merely copies its document is not one that obeys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from attacks.search import BudgetExhaustedError, Candidate, Pool, Search, Trial, Unusable, Verdict
from attacks.strategies.injecting.bandit import Bandit, Tried, balanced, uniform
from attacks.transformations.payloads.payload import Cell, controlled, injected

MOST_TRIES = 200
ROUND = 4
CONTROLS = 3
_LETTERS = "bfgjkpvwxz", "aeiou"


@dataclass(slots=True)
class _State:
    """What one trial tried. ``texts``: candidate by cell; ``said``: its verdict, where it was asked."""

    word: str
    said: dict[Cell, Verdict] = field(default_factory=dict)
    block: list[list[Any]] = field(default_factory=list)
    fresh: list[Tried] = field(default_factory=list)
    controls: list[Verdict] = field(default_factory=list)
    won_at: int | None = None
    found: Cell | None = None
    cell: Cell | None = None


@dataclass(frozen=True, slots=True)
class Injecting:
    """The search. ``learns``: False for the comparison, uniform random draws (best of N), everything else alike.

    Args:
        most: injected texts that a trial tries at most, whatever its budget.
        controls: benign twins that are asked; their queries are kept back from the budget.
    """

    learns: bool = True
    most: int = MOST_TRIES
    controls: int = CONTROLS

    def __post_init__(self) -> None:
        if self.most < 1 or self.controls < 1:
            raise ValueError(f"most and controls must be at least 1, got {self.most} and {self.controls}")

    def search(self, trial: Trial) -> Search[None]:
        """Try, learn, bring down, ask the controls; the account of it stands in ``trial.details``."""
        state = _State(trial.target or _own_word(trial.rng))
        spent = False
        try:
            yield from self._explore(trial, state)
            if trial.won:
                yield from self._bring_down(trial, state)
            else:
                spent = len(state.said) < self.most
            yield from self._ask_controls(trial, state)
        finally:
            trial.details |= _account(trial, state)
        if spent:
            raise BudgetExhaustedError

    def _explore(self, trial: Trial, state: _State) -> Search[None]:
        bandit = Bandit()
        yield from self._try(trial, state, balanced(trial.rng) if self.learns else _some(trial.rng, state, 3 * ROUND))
        state.block = [[str(cell), int(v.reached)] for cell, v in state.said.items() if not isinstance(v.answer, Unusable)]
        while self._left(trial, state) and not trial.won:
            if self.learns:
                shared = yield Pool(trial.recipe, trial.example_id, tuple(state.fresh))
                state.fresh = []
                for _, tries in shared:
                    bandit.learn(tries)
            cells = self._next(trial, state, bandit) if self.learns else _some(trial.rng, state, ROUND)
            if not cells:
                break
            yield from self._try(trial, state, cells)
        if self.learns:
            yield Pool(trial.recipe, trial.example_id, tuple(state.fresh), last=True)

    def _left(self, trial: Trial, state: _State) -> int:
        """Texts that may still be tried."""
        room = self.most - len(state.said)
        return room if trial.remaining is None else min(room, trial.remaining - self._reserve(trial))

    def _reserve(self, trial: Trial) -> int:
        """Queries kept for the controls; none of a budget that is hardly one."""
        return self.controls if trial.budget is None or trial.budget > 4 * self.controls else 0

    def _next(self, trial: Trial, state: _State, bandit: Bandit) -> list[Cell]:
        """A round: what broke others, a step from it, and draws; draws alone as long as nothing broke."""
        known = bandit.winners(state.said)[: ROUND // 2]
        near = [cell for cell in bandit.near_winners(state.said) if cell not in known][: ROUND - 1 - len(known)]
        chosen = [*known, *near]
        while len(chosen) < ROUND:
            cell = bandit.draw(trial.rng, {*state.said, *chosen})
            if cell is None:
                break
            chosen.append(cell)
        return chosen

    def _try(self, trial: Trial, state: _State, cells: Sequence[Cell]) -> Search[None]:
        """Attempt cells as far as the budget goes; of several successes the first that is confirmed counts."""
        cells = cells[: max(0, self._left(trial, state))]
        candidates = [_candidate(trial, cell, state.word) for cell in cells]
        trial.tally.proposed += len(candidates)
        before = trial.queries
        if not candidates:
            return
        verdicts = yield from trial.attempt(candidates, prefer="first")
        for cell, verdict in zip(cells, verdicts, strict=True):
            state.said[cell] = verdict
            if not isinstance(verdict.answer, Unusable) and verdict.fair:
                state.fresh.append((str(cell), verdict.score, verdict.reached))
        if trial.winner is not None and state.found is None:
            at = next(n for n, one in enumerate(candidates) if one.text == trial.winner[0].text)
            state.found = state.cell = cells[at]
            state.won_at = before + len({one.text for one in candidates[: at + 1]})

    def _bring_down(self, trial: Trial, state: _State) -> Search[None]:
        """Leave out disguises, take the plain family and place, as long as the victim still falls for it (Zeller's ddmin)."""
        assert state.cell is not None
        while True:
            room = None if trial.remaining is None else max(0, trial.remaining - self._reserve(trial))
            smaller = sorted((c for c in state.cell.simpler() if c not in state.said), key=lambda c: (c.size, c))[:room]
            known = [c for c in state.cell.simpler() if c in state.said and state.said[c].reached]
            cells = sorted({*smaller, *known}, key=lambda c: (c.size, c))
            cells = [c for c in cells if c.size < state.cell.size]
            if not cells:
                return
            verdicts = yield from trial.attempt([_candidate(trial, c, state.word) for c in cells], prefer="first")
            state.said |= dict(zip(cells, verdicts, strict=True))
            won = next((c for c, v in zip(cells, verdicts, strict=True) if v.reached), None)
            if won is None:
                return
            state.cell = won

    def _ask_controls(self, trial: Trial, state: _State) -> Search[None]:
        """The benign twins of the cell that won, or of the closest, and of some others that were tried."""
        tried = sorted(state.said, key=lambda c: (-state.said[c].score, c))
        first = [state.cell] if state.cell is not None else tried[:1]
        others = [cell for cell in tried if cell not in first]
        cells = [*first, *trial.rng.sample(others, min(self.controls - len(first), len(others)))] if first else []
        room = len(cells) if trial.remaining is None else min(len(cells), trial.remaining)
        if room:
            texts = [controlled(trial.text, cell, state.word) for cell in cells[:room]]
            state.controls = yield from trial.probe(texts)


def _some(rng: Random, state: _State, count: int) -> list[Cell]:
    chosen: list[Cell] = []
    while len(chosen) < count and (cell := uniform(rng, {*state.said, *chosen})) is not None:
        chosen.append(cell)
    return chosen


def _candidate(trial: Trial, cell: Cell, word: str) -> Candidate:
    return Candidate(injected(trial.text, cell, word), str(cell))


def _own_word(rng: Random) -> str:
    """A word to ask for where the goal wants none: that a guard lets the text pass is all that counts."""
    return "".join(rng.choice(letters) for _ in range(8) for letters in _LETTERS)


def _account(trial: Trial, state: _State) -> dict[str, Any]:
    """What reports read of a trial."""
    return {
        "arms": {
            "clean": _arm([trial.clean]),
            "control": _arm(state.controls),
            "attack": _arm(list(state.said.values())),
        },
        "block": state.block,
        **({"won_at": state.won_at, "found": str(state.found), "cell": str(state.cell)} if state.found is not None else {}),
    }


def _arm(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """How many texts were asked and fairly answered, what became of them by kind, and the sum of their quality."""
    fair = [verdict for verdict in verdicts if not isinstance(verdict.answer, Unusable) and verdict.fair]
    kinds = Counter(verdict.kind for verdict in fair if verdict.kind)
    return {
        "asked": len(verdicts),
        "fair": len(fair),
        "reached": sum(verdict.reached for verdict in fair),
        "quality": sum(_qualities(fair)),
        **({"kinds": dict(sorted(kinds.items()))} if kinds else {}),
    }


def _qualities(verdicts: Sequence[Verdict]) -> Iterator[float]:
    return (verdict.quality for verdict in verdicts if verdict.quality is not None)
