"""Words replaced by what a masked language model reads in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attacks.constraints.base import Constraint
from attacks.language.articles import replaced_in
from attacks.language.morphology import like_case
from attacks.search import Candidate, Search, Trial, fill
from attacks.strategies.greedy import PREFERENCES, walk
from attacks.strategies.offers import Offers
from attacks.strategies.ranking import Ranking
from attacks.words import Words

TECHNIQUE = "masked-lm-replacement"


@dataclass(frozen=True, slots=True)
class Infilling:
    """Greedy replacement whose candidates are the ``n`` likeliest words in the text as it stands.

    ``masked``: the model reads a mask in the word's place, so that the context alone speaks; otherwise it reads the word.
    """

    ranking: Ranking
    constraints: tuple[Constraint, ...] = ()
    n: int = 50
    masked: bool = True
    prefer: str = "score"

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"the number of words asked for must be positive, got {self.n!r}")
        if self.prefer not in PREFERENCES:
            raise ValueError(f"prefer must be one of {PREFERENCES}, got {self.prefer!r}")

    def search(self, trial: Trial) -> Search[None]:
        """Rank the words, then fill each in its turn."""
        offers = _Blanks(trial, self.constraints, self.n, self.masked)
        yield from walk(trial, offers, self.ranking, self.prefer)


class _Blanks(Offers):
    """Offers that are not drawn but asked for, each time from the text as it stands."""

    __slots__ = ("_masked", "_n")

    def __init__(self, trial: Trial, constraints: Sequence[Constraint], n: int, masked: bool) -> None:
        super().__init__(trial, (), constraints)
        self._n, self._masked = n, masked

    def worth(self, indexes: Sequence[int]) -> list[int]:
        """All of them: that a model has nothing to say of a word is known only once it was asked."""
        return list(indexes)

    def proposed(self, words: Words, index: int) -> Search[list[Candidate]]:
        """The likeliest words in place of one, in its letter case."""
        (start, end), text, old = words.span(index), str(words), words[index]
        found = yield from fill([(text[:start], text[end:])], self._n, () if self._masked else (old,))
        new = dict.fromkeys(like_case(word, old) for word, _ in found[0] if word.lower() != old.lower())
        views = (replaced_in(words, index, word, TECHNIQUE) for word in new)
        return [Candidate(str(view), TECHNIQUE, view) for view in views]
