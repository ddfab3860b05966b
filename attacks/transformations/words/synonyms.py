"""Synonyms: a word gives way to another of the same meaning, in the same form."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attacks.constraints.stopwords import LISTS
from attacks.language.lexicon import BuiltinLexicon
from attacks.language.resources import Lexicon
from attacks.preserves import MEANING
from attacks.search import Citation
from attacks.transformations.base import WordNoise
from attacks.words import Words


class Synonym(WordNoise):
    """Swaps a word for its synonyms over all senses, inflected like it, antonyms excluded.

    ``languages``: of the lexicon. ``open_class``: function words have none, where a recipe lets them be misspelt.
    """

    name = "synonym"
    level = "word"
    preserves = MEANING
    description = "words become synonyms in the same form: movies -> films"
    citation = Citation(
        "Ren et al. 2019, Generating Natural Language Adversarial Examples through Probability Weighted Word Saliency",
        "https://aclanthology.org/P19-1103",
    )

    def __init__(
        self,
        lexicon: Lexicon | None = None,
        n: int | None = None,
        languages: tuple[str, ...] = ("en",),
        *,
        open_class: bool = False,
    ) -> None:
        if n is not None and n < 1:
            raise ValueError(f"the number of synonyms must be positive, or None for all of them, got {n!r}")
        self.lexicon: Lexicon = lexicon if lexicon is not None else BuiltinLexicon()
        self.n = n
        self.languages = languages
        self._closed = frozenset[str]().union(*(LISTS.get(one, frozenset()) for one in languages)) if open_class else frozenset()

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """Synonyms of the word as it stands now, most frequent sense first."""
        if words[index].lower() in self._closed:
            return ()
        found = self.lexicon.synonyms(words[index])
        return found if self.n is None else found[: self.n]
