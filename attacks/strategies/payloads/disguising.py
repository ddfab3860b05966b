"""Disguises put over a text: all of it in each, then in pairs, then over as few words as will do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attacks.constraints.base import Constraint, admissible, word_allowed
from attacks.search import Candidate, Search, Trial
from attacks.transformations.characters.disguises import Disguise, disguised
from attacks.words import Words


@dataclass(frozen=True, slots=True)
class Disguising:
    """The whole text in each disguise, least noticeable first; with ``depth`` 2, then those that came closest under another.

    Once one works, half of its words go without, again and again, as long as it still works: what is left is the
    cheapest that bisection finds, and what reports call cheapest. ``width``: how many go on to the second layer.
    """

    disguises: tuple[Disguise, ...]
    constraints: tuple[Constraint, ...] = ()
    depth: int = 1
    width: int = 3

    def __post_init__(self) -> None:
        if not self.disguises or self.depth not in (1, 2) or self.width < 1:
            raise ValueError(
                f"expected disguises, a depth of 1 or 2 and a width from 1, got {self.disguises!r}, {self.depth!r} and "
                f"{self.width!r}"
            )

    def search(self, trial: Trial) -> Search[None]:
        """Disguise, pair, then narrow."""
        origin = Words(trial.text)
        where = tuple(i for i in range(len(origin)) if word_allowed(self.constraints, origin, i))
        tried = yield from self._attempt(trial, origin, [(one,) for one in self.disguises], where)
        if not trial.won and self.depth > 1:
            best = sorted(tried, key=lambda pair: -pair[1])[: self.width]
            chains = [(*chain, one) for chain, _ in best for one in self.disguises if one not in chain]
            yield from self._attempt(trial, origin, chains, where)
        if trial.won:
            yield from self._narrow(trial, origin, where)

    def _attempt(
        self, trial: Trial, origin: Words, chains: Iterable[tuple[Disguise, ...]], where: Sequence[int]
    ) -> Search[list[tuple[tuple[Disguise, ...], float]]]:
        """Every chain over these words; those that were asked about, with the goal's score."""
        made = [(chain, disguised(origin, chain, where)) for chain in chains]
        by_text: dict[str, tuple[tuple[Disguise, ...], Candidate]] = {}
        for chain, candidate in made:
            if candidate is not None:
                by_text.setdefault(candidate.text, (chain, candidate))
        kept = yield from admissible(self.constraints, trial, origin, [candidate for _, candidate in by_text.values()])
        verdicts = yield from trial.attempt(kept, prefer="first")
        return [(by_text[c.text][0], v.score) for c, v in zip(kept, verdicts, strict=False)]

    def _narrow(self, trial: Trial, origin: Words, where: Sequence[int]) -> Search[None]:
        """Fewer and fewer words in the disguise that worked; one of the whole text cannot be had in part."""
        assert trial.winner is not None
        names = {one.name: one for one in self.disguises}
        chain = tuple(names[name] for name in trial.winner[0].technique.split("+"))
        if any(one.whole for one in chain):
            return
        kept = tuple(i for i in where if disguised(origin, chain, (i,)) is not None)
        while len(kept) > 1:
            halves = kept[: len(kept) // 2], kept[len(kept) // 2 :]
            made = [(half, candidate) for half in halves if (candidate := disguised(origin, chain, half)) is not None]
            allowed = yield from admissible(self.constraints, trial, origin, [candidate for _, candidate in made])
            yield from trial.attempt(allowed, prefer="first")
            text = trial.winner[0].text
            smaller = next((half for half, candidate in made if candidate.text == text), None)
            if smaller is None:
                return
            kept = smaller
