"""Words lost and words out of order."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from attacks.preserves import SUBJECT
from attacks.search import Candidate, Citation
from attacks.transformations.base import share_of, shuffled
from attacks.words import words_of

_EDA = Citation(
    "Wei and Zou 2019, EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks",
    "https://arxiv.org/abs/1901.11196",
)
NEGATIONS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "no not never none nobody nothing nowhere neither nor without cannot",
        "da": "ikke ingen intet ingenting aldrig hverken uden nej",
        "de": "nicht nichts nie niemals kein keine keinen keinem keiner keines niemand nirgends weder ohne nein",
        "es": "no ni nunca jamás nada nadie ningún ninguno ninguna sin tampoco",
        "fr": "ne n pas jamais rien aucun aucune personne sans ni non point nulle",
        "it": "non né mai niente nulla nessuno nessuna nessun senza no",
        "nl": "niet niets nooit geen niemand nergens noch zonder nee",
        "no": "ikke ingen intet ingenting aldri verken uten nei",
        "pt": "não nem nunca jamais nada ninguém nenhum nenhuma sem",
        "ru": "не нет ни никогда ничего никто нигде без нельзя",
        "sv": "inte ingen inget inga aldrig varken utan nej ej",
        "uk": "не ні ніколи нічого ніхто ніде без немає",
        "zh": "不 没 沒 没有 沒有 無 无 非 别 別 未 莫 勿",
    }.items()
}
"""Words whose loss turns a sentence into its opposite, by language."""


class WordDrop:
    """Words are left out, never all of them.

    Args:
        keep: words, in lower case, that stay; None: the negations of the language, and what contains one (``don't``, 不好).
        language: of the texts, one of ``NEGATIONS``.
    """

    name = "word-drop"
    level = "word"
    preserves = SUBJECT
    description = "Words are left out; negations stay."
    citation = _EDA

    def __init__(self, keep: Iterable[str] | None = None, language: str = "en") -> None:
        if language not in NEGATIONS:
            raise ValueError(f"no negations are known for language {language!r}; known: {', '.join(sorted(NEGATIONS))}")
        self.keep = None if keep is None else frozenset(keep)
        self.language, self.languages = language, (language,)

    def __repr__(self) -> str:
        keep = None if self.keep is None else sorted(self.keep)
        return f"WordDrop(keep={keep!r}, language={self.language!r})"

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Drop a share of the words."""
        words = words_of(text)
        wanted = min(share_of(len(words), severity), len(words) - 1)
        droppable = [index for index in shuffled(len(words), rng) if not self._stays(words[index])]
        if wanted < 1 or not droppable:
            return None
        new = words.delete_many(droppable[:wanted], self.name)
        return Candidate(str(new), self.name, new, severity=severity)

    def _stays(self, word: str) -> bool:
        lowered = word.lower().replace("’", "'")
        if self.keep is not None:
            return lowered in self.keep
        negations = NEGATIONS[self.language]
        if self.language == "zh":
            return any(character in negations for character in word)
        parts = (lowered, lowered.partition("'")[0] if self.language in ("fr", "it") else lowered)
        return not negations.isdisjoint(parts) or (self.language == "en" and lowered.endswith("n't"))


class WordOrder:
    """Neighbouring words change places."""

    name = "word-order"
    level = "word"
    languages = ("*",)
    preserves = SUBJECT
    description = "Neighbouring words change places."
    citation = _EDA

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Swap neighbours until a share of the words, at least two, stands elsewhere."""
        words = words_of(text)
        wanted = (share_of(len(words), severity) + 1) // 2
        changes: dict[int, str] = {}
        for index in shuffled(len(words) - 1, rng):
            if len(changes) >= 2 * wanted:
                break
            if index not in changes and index + 1 not in changes and words[index] != words[index + 1]:
                changes[index], changes[index + 1] = words[index + 1], words[index]
        if not changes:
            return None
        new = words.replace_many(changes, self.name)
        return Candidate(str(new), self.name, new, severity=severity)
