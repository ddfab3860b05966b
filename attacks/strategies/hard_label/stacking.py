"""Random stacks of changes until one turns the answer, then changes taken back while it stays turned.

What is left when no score can be followed: a text far from the original that breaks the victim, brought back towards it. The
first step of every hard-label attack on texts: random initialisation, then search-space reduction (Maheshwary et al. 2021,
sections 3.1 and 3.2), with chunks of falling size as in delta debugging (Zeller and Hildebrandt 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

from attacks.constraints.base import Constraint, admissible
from attacks.search import BudgetExhaustedError, Candidate, Citation, Search, Trial
from attacks.strategies.hard_label.stacks import Stack, Stacks
from attacks.strategies.hard_label.taking_back import take_back
from attacks.words import words_of

CITATION = Citation(
    "Maheshwary et al. 2021, Generating Natural Language Attacks in a Hard Label Black Box Setting",
    "https://arxiv.org/abs/2012.14956",
)
DESCRIPTION = "labels only: random stacks of changes until one turns the answer, then changes taken back while it stays turned"
SUBSTITUTE = (
    "The victim gives labels only, so that the published search, which climbs on scores, is replaced by one that does not "
    f"({CITATION.text.partition(',')[0]})."
)
SHARES = (1.0, 0.5, 0.7, 0.3)
"""Shares of a full stack that are tried in turn: a victim may answer rightly what is changed beyond recognition."""
STALE = 20
"""Stacks in a row that bring no new text before a text counts as searched through."""
AT_ONCE, RENEWED = 8, 8
"""Most stacks asked about in one request, and stacks after which transformations draw anew."""
TAUGHT, PROBES = 40, 60
"""Stacks in vain after which queries are spent on learning, and how many; a third of those that are left at most."""
GRID = 4
"""Lengths tried between one that constraints let through and one that they do not."""


@dataclass(frozen=True, slots=True)
class Stacking:
    """The search over ``stacks``. ``most``: stacks that are tried where no budget ends it before.

    Of a stack as much is made as the constraints let through.
    """

    constraints: tuple[Constraint, ...] = ()
    shares: tuple[float, ...] = SHARES
    most: int = 1000

    def search(self, trial: Trial, stacks: Stacks) -> Search[None]:
        """Stack until it turns, then take back."""
        found: dict[str, Stack] = {}
        drawn = stale = 0
        while drawn < self.most and stale < STALE and not trial.won:
            if trial.remaining == 0:
                raise BudgetExhaustedError
            if drawn and drawn % RENEWED == 0:
                stacks.renew()
            if drawn == TAUGHT:
                yield from stacks.learn(trial.rng, min(PROBES, PROBES if trial.remaining is None else trial.remaining // 3))
            before, count = trial.queries, self._count(trial, drawn)
            candidates = yield from self._made(trial, stacks, range(drawn, drawn + count), found)
            drawn += count
            yield from trial.attempt(candidates, prefer="first")
            stale = 0 if trial.queries > before else stale + count
        if trial.won:
            yield from take_back(trial, found, stacks.candidate, self.constraints)

    def _count(self, trial: Trial, drawn: int) -> int:
        """Stacks of the next request: more of them the longer it takes, and never past where something else is due."""
        room = AT_ONCE if trial.remaining is None else trial.remaining
        return min(1 + drawn // AT_ONCE, room, AT_ONCE, RENEWED - drawn % RENEWED)

    def _made(self, trial: Trial, stacks: Stacks, turns: range, found: dict[str, Stack]) -> Search[list[Candidate]]:
        """New stacks as candidates; ``found`` learns of which changes each text is made."""
        candidates = []
        for turn in turns:
            stack = yield from stacks.draw(trial.rng)
            share = self.shares[turn % len(self.shares)]
            made = yield from self._longest(trial, stacks, stack[: max(1, round(share * len(stack)))])
            if made is not None:
                found[made[0].text] = made[1]
                candidates.append(made[0])
        return candidates

    def _longest(self, trial: Trial, stacks: Stacks, stack: Stack) -> Search[tuple[Candidate, Stack] | None]:
        """The longest of some beginnings of a stack that every constraint lets through: a coarse grid, then a finer one."""
        least, most, best = 0, len(stack), None
        sizes = [most] if most else []
        while sizes:
            made = [(stacks.candidate(stack[:size]), size) for size in sizes]
            kept = yield from admissible(self.constraints, trial, words_of(trial.text), [one for one, _ in made])
            by_text = {one.text: one for one in kept}
            size = max((size for one, size in made if one.text in by_text), default=least)
            if size > least:
                least, best = size, (by_text[next(one.text for one, n in made if n == size)], stack[:size])
            most = min((n for n in sizes if n > least), default=least)
            sizes = sorted({least + (most - least) * part // (GRID + 1) for part in range(1, GRID + 1)} - {least, most})
        return best
