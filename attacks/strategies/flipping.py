"""Beam search over word flips that the loss gradient proposes (Ebrahimi et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attacks.constraints.base import Constraint, admissible
from attacks.language.articles import replaced_in
from attacks.search import Candidate, Search, Trial, flips
from attacks.strategies.offers import Offers
from attacks.transformations.base import WordSwap
from attacks.words import Words

MOST_WORDS = 10_000
"""Words of one text that flips are estimated for, evenly spaced where it has more; each may have fifty."""


@dataclass(frozen=True, slots=True)
class FlipBeam:
    """Up to ``flips`` words flipped; of all flips of all texts of the beam the ``width`` with the highest gain are asked.

    The estimate is first order, from one gradient a text; the victim's answer decides who stays in the beam and who won.
    Gradients are no queries: they are counted apart.
    """

    swaps: tuple[WordSwap, ...]
    constraints: tuple[Constraint, ...] = ()
    width: int = 10
    flips: int = 2

    def __post_init__(self) -> None:
        if not self.swaps:
            raise ValueError("a beam of flips needs at least one transformation that swaps words, got none")
        if self.width < 1 or self.flips < 1:
            raise ValueError(f"width and flips must be at least 1, got {self.width} and {self.flips}")

    def search(self, trial: Trial) -> Search[None]:
        """Flip one word of each text of the beam, keep the best, flip another."""
        offers = Offers(trial, self.swaps, self.constraints)
        beam = [offers.origin]
        for _ in range(self.flips):
            asked = yield from self._likeliest(trial, offers, beam)
            verdicts = yield from trial.attempt(asked)
            if trial.won or not asked:
                return
            order = sorted(range(len(asked)), key=lambda i: (-verdicts[i].score, i))
            beam = [view for i in order if (view := asked[i].words) is not None]

    def _likeliest(self, trial: Trial, offers: Offers, beam: Sequence[Words]) -> Search[list[Candidate]]:
        """The admissible flips with the highest gain; texts are made only until there are enough of them."""
        found: list[_Flip] = []
        for words in beam:
            found += yield from _estimated(trial, offers, words)
        found.sort(key=lambda flip: -flip.gain)
        kept: dict[str, Candidate] = {}
        for at in range(0, len(found), 2 * self.width):
            made = [flip.candidate() for flip in found[at : at + 2 * self.width]]
            passed = yield from admissible(self.constraints, trial, offers.origin, [c for c in made if c.text not in kept])
            kept.update((c.text, c) for c in passed if c.text not in kept)
            if len(kept) >= self.width:
                break
        return list(kept.values())[: self.width]


@dataclass(frozen=True, slots=True)
class _Flip:
    words: Words
    index: int
    new: str
    technique: str
    gain: float

    def candidate(self) -> Candidate:
        view = replaced_in(self.words, self.index, self.new, self.technique)
        return Candidate(str(view), self.technique, view)


def _estimated(trial: Trial, offers: Offers, words: Words) -> Search[list[_Flip]]:
    """Every flip of one word of a text, with what it is estimated to gain."""
    editable = offers.editable(words)
    worth = offers.worth(editable[:: -(-len(editable) // MOST_WORDS) or 1])
    if not worth:
        return []
    spans, techniques = words.spans(), [{new: technique for technique, new in offers.at(i)} for i in worth]
    most = max(map(len, techniques))
    ranked = yield from flips(trial, str(words), [spans[i] for i in worth], [tuple(one) for one in techniques], most)
    places = zip(worth, techniques, ranked, strict=True)
    return [_Flip(words, index, new, of[new], gain) for index, of, best in places for new, gain in best]
