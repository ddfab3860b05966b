"""Words replaced by what a masked language model reads in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attacks.constraints.base import Constraint
from attacks.language.articles import replaced_in
from attacks.language.morphology import like_case
from attacks.search import Attack, Candidate, Search, Trial, fill
from attacks.strategies.greedy import PREFERENCES, walk
from attacks.strategies.hard_label.words import StackedWords
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
        yield from walk(trial, self.offers(trial), self.ranking, self.prefer)

    def offers(self, trial: Trial) -> Offers:
        """What the model reads in place of each word."""
        return _Blanks(trial, self.constraints, self.n, self.masked)

    def without_scores(self) -> Attack:
        """The same changes where no score can be followed, all of them read from the original."""
        return StackedWords(self, self.constraints)


class _Blanks(Offers):
    """Offers that are not drawn but asked for, each time from the text as it stands."""

    __slots__ = ("_masked", "_n")

    def __init__(self, trial: Trial, constraints: Sequence[Constraint], n: int, masked: bool) -> None:
        super().__init__(trial, (), constraints)
        self._n, self._masked = n, masked

    def foresee(self, indexes: Sequence[int]) -> Search[None]:
        """Ask for the likeliest words at each of these places of the original, all in one request."""
        if not indexes:
            return
        text, spans = str(self.origin), [self.origin.span(index) for index in indexes]
        standing = () if self._masked else tuple(self.origin[index] for index in indexes)
        found = yield from fill([(text[:start], text[end:]) for start, end in spans], self._n, standing)
        for index, best in zip(indexes, found, strict=True):
            self._drawn[index] = tuple((TECHNIQUE, new) for new in _new_words(self.origin[index], best))

    def agrees(self, technique: str) -> bool:
        """Whole words are put in."""
        return True

    def worth(self, indexes: Sequence[int]) -> list[int]:
        """All of them: that a model has nothing to say of a word is known only once it was asked."""
        return list(indexes)

    def proposed(self, words: Words, index: int) -> Search[list[Candidate]]:
        """The likeliest words in place of one, in its letter case."""
        (start, end), text, old = words.span(index), str(words), words[index]
        found = yield from fill([(text[:start], text[end:])], self._n, () if self._masked else (old,))
        views = (replaced_in(words, index, word, TECHNIQUE) for word in _new_words(old, found[0]))
        return [Candidate(str(view), TECHNIQUE, view) for view in views]


def _new_words(old: str, likeliest: Sequence[tuple[str, float]]) -> list[str]:
    """Those that are not the word itself, in its letter case."""
    return list(dict.fromkeys(like_case(word, old) for word, _ in likeliest if word.lower() != old.lower()))
