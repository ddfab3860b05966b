"""The noise of smoothed victims: words masked, words dropped, words replaced by synonyms.

Words of masking and dropping are what stands between blanks; noisy copies are joined by single blanks, so that blanks
decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from attacks.language.segmentation import UNSPACED
from attacks.words import Words
from robustness.certify.bounds import delete_radius, kept_words, mask_radius, synonym_radius
from robustness.certify.lexicons import Declared
from robustness.certify.spaces import spliced
from robustness.errors import UsageError

MASK, DELETE, SYNONYMS = "mask", "delete", "synonyms"
NOISES = (MASK, DELETE, SYNONYMS)
KEEP = 0.3
MASK_WORD = "[MASK]"
CLUSTER = 100
"""A word of a larger cluster of synonyms draws from its own synonyms alone."""


class Noise(Protocol):
    """Makes noisy copies of a text, and says how many words may change given how often copies are answered rightly."""

    @property
    def name(self) -> str:
        """One of ``NOISES``."""

    def copy(self, text: str, rng: Random) -> str:
        """One noisy copy; "" is one that no victim is asked, and that counts as wrong."""

    def radius(self, text: str, right: float) -> int:
        """Most words that may change where at least the share ``right`` of copies is answered rightly; -1 for none at all."""

    def record(self) -> Mapping[str, Any]:
        """What two certificates must share."""


@dataclass(frozen=True, slots=True)
class Masking:
    """Keeps a share of the words, chosen alike, and puts ``word`` in place of each other (RanMASK)."""

    keep: float = KEEP
    word: str = MASK_WORD
    name = MASK

    def copy(self, text: str, rng: Random) -> str:
        """See ``Noise``."""
        words = text.split()
        if not words:
            return ""
        seen = set(rng.sample(range(len(words)), kept_words(len(words), self.keep)))
        return " ".join(word if at in seen else self.word for at, word in enumerate(words))

    def radius(self, text: str, right: float) -> int:
        """Words replaced, their number unchanged."""
        n = len(text.split())
        return mask_radius(n, kept_words(n, self.keep), right) if n else -1

    def record(self) -> Mapping[str, Any]:
        """See ``Noise``."""
        return {"noise": MASK, "keep": self.keep, "mask_word": self.word, "change": "words replaced"}


@dataclass(frozen=True, slots=True)
class Dropping:
    """Keeps each word with the chance ``keep`` (CERT-ED)."""

    keep: float = KEEP
    name = DELETE

    def copy(self, text: str, rng: Random) -> str:
        """See ``Noise``."""
        return " ".join(word for word in text.split() if rng.random() < self.keep)

    def radius(self, text: str, right: float) -> int:
        """Words inserted, deleted or replaced."""
        return delete_radius(len(text.split()), 1 - self.keep, right)

    def record(self) -> Mapping[str, Any]:
        """See ``Noise``."""
        return {"noise": DELETE, "keep": self.keep, "change": "words inserted, deleted or replaced"}


@dataclass(frozen=True)
class Synonyms:
    """Replaces each word by one of its set, all with the same chance (SAFER).

    Only words that begin and end with a letter take part, and none of scripts without spaces: a synonym in their place leaves
    the text cut into the same words, which the bound needs.
    """

    lexicon: Declared
    name = SYNONYMS

    def copy(self, text: str, rng: Random) -> str:
        """See ``Noise``."""
        spans = Words(text).spans()
        return spliced(text, [((s, e), rng.choice(self.set_of(text[s:e]))) for s, e in spans])

    def set_of(self, word: str) -> tuple[str, ...]:
        """What a word is drawn from: its cluster of synonyms where that is small, else itself and its own synonyms."""
        cluster, new = {word}, [word]
        while new and len(cluster) <= CLUSTER:
            new = [other for one in new for other in self.choices(one) if other not in cluster]
            cluster.update(new)
        return tuple(sorted(cluster if len(cluster) <= CLUSTER else {word, *self.choices(word)}))

    def choices(self, word: str) -> tuple[str, ...]:
        """The synonyms that may stand in the place of a word."""
        return tuple(one for one in self.lexicon.choices(word) if _fits(one)) if _fits(word) else ()

    def overlap(self, word: str) -> float:
        """The least chance at which the draws for a word and for a synonym in its place can be made to agree."""
        own = set(self.set_of(word))
        sets = [set(self.set_of(other)) for other in self.choices(word)]
        return min((len(own & other) / max(len(own), len(other)) for other in sets), default=1.0)

    def radius(self, text: str, right: float) -> int:
        """Words replaced by a synonym that the lexicon lists for them."""
        places = [text[s:e] for s, e in Words(text).spans() if self.choices(text[s:e])]
        return synonym_radius([self.overlap(word) for word in places], right)

    def record(self) -> Mapping[str, Any]:
        """See ``Noise``."""
        change = "words replaced by a synonym of the lexicon"
        return {"noise": SYNONYMS, "lexicon": self.lexicon.name or "builtin", "cluster": CLUSTER, "change": change}


def _fits(word: str) -> bool:
    return word[0].isalpha() and word[-1].isalpha() and not UNSPACED.search(word)


def noise_of(name: str, keep: float | None, mask_word: str | None, lexicon: Declared | None) -> Noise:
    """The noise behind ``--smooth``; raises ``UsageError``."""
    if name not in NOISES:
        raise UsageError(f"--smooth expects {', '.join(NOISES)}, got {name!r}")
    if keep is not None and name == SYNONYMS:
        raise UsageError("--keep is the share of words that masking or deletion leaves; --smooth synonyms leaves none out")
    if keep is not None and not 0 < keep < 1:
        raise UsageError(f"--keep expects a share between 0 and 1, such as 0.3, got {keep}")
    if mask_word is not None and (name != MASK or len(mask_word.split()) != 1):
        raise UsageError(f"--mask-word expects one word, for --smooth mask alone; got {mask_word!r} with --smooth {name}")
    if name == SYNONYMS:
        assert lexicon is not None
        return Synonyms(lexicon)
    share = KEEP if keep is None else keep
    return Masking(share, mask_word or MASK_WORD) if name == MASK else Dropping(share)
