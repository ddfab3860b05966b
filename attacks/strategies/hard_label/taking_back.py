"""Changes taken back while the answer stays turned: what is left of a success is what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attacks.constraints.base import Constraint, admissible
from attacks.search import Candidate, Search, Trial
from attacks.strategies.hard_label.stacks import Stack
from attacks.words import words_of

CONFIRMED = 2
"""Smaller texts, the smallest first, that may take the place of the success where answers vary."""


def take_back(
    trial: Trial, found: Mapping[str, Stack], made: Callable[[Stack], Candidate], constraints: Sequence[Constraint]
) -> Search[None]:
    """Take back chunk after chunk of the changes of a success, halves first, single ones last (Zeller and Hildebrandt 2002).

    ``found``: of which changes each text is made; ``made``: the text of changes. What turns the answer on the way is only
    learned; the smallest has to win as any other, where answers vary by fresh ones. The budget is kept, and the queries of the
    first success are written down as ``won_at``: those that follow make it smaller and no likelier.
    """
    assert trial.winner is not None
    trial.details["won_at"] = trial.queries
    stack = found[trial.winner[0].text]
    size, smaller = len(stack) // 2, list[Candidate]()
    while size and trial.remaining != 0:
        at = 0
        while at < len(stack):
            shorter = stack[:at] + stack[at + size :]
            turned = yield from _turned(trial, [made(shorter)] if shorter else [], constraints)
            if turned is not None:
                stack = shorter
                smaller.append(turned)
            else:
                at += size
        size //= 2
    for one in smaller[: -1 - CONFIRMED : -1]:
        yield from trial.attempt([one], prefer="first")
        if trial.winner[0].text == one.text:
            return


def _turned(trial: Trial, candidates: Sequence[Candidate], constraints: Sequence[Constraint]) -> Search[Candidate | None]:
    """The candidate if the answer to it is turned; None also where there is no query left to find out."""
    kept = yield from admissible(constraints, trial, words_of(trial.text), candidates)
    if not kept or trial.remaining == 0:
        return None
    (verdict,) = yield from trial.probe([kept[0].text])
    return kept[0] if verdict.reached and trial.tells_apart(verdict) else None
