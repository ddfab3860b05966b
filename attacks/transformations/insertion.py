"""Additions that say nothing of the subject."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from string import ascii_letters, digits

from attacks.search import Candidate, Citation
from attacks.transformations.base import share_of
from attacks.transformations.tables import table

KINDS = ("sentence", "url", "handle")
PLACES = ("front", "end")


class NeutralInsertion:
    """A neutral sentence, a link or a handle before or after the text.

    Args:
        kinds: which of ``sentence``, ``url`` and ``handle`` to add.
        places: ``front``, ``end`` or both.
        sentences: neutral sentences of your own, for another language or domain.
        url: what a random link begins with.
    """

    name = "neutral-insertion"
    level = "sentence"
    languages = ("en",)
    description = "A neutral sentence, a link or a handle is added before or after the text."
    citation = Citation(
        "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList",
        "https://arxiv.org/abs/2005.04118",
    )

    def __init__(
        self,
        kinds: Sequence[str] = KINDS,
        places: Sequence[str] = PLACES,
        sentences: Sequence[str] | None = None,
        url: str = "https://t.co/",
    ) -> None:
        if not kinds or any(kind not in KINDS for kind in kinds):
            raise ValueError(f"kinds must be some of {', '.join(KINDS)}, got {kinds!r}")
        if not places or any(place not in PLACES for place in places):
            raise ValueError(f"places must be some of {', '.join(PLACES)}, got {places!r}")
        if sentences is not None and not all(sentence.strip() for sentence in sentences or [""]):
            raise ValueError(f"sentences must be a list of sentences, none of them empty, got {sentences!r}")
        self.kinds, self.places, self.url = tuple(dict.fromkeys(kinds)), tuple(dict.fromkeys(places)), url
        self.sentences = None if sentences is None else tuple(sentences)

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Add as many things as the severity says."""
        share_of(1, severity)  # refuses what is no severity
        if not text.strip():
            return None
        new = text
        for _ in range(severity):
            new = _joined(new, self._made(rng.choice(self.kinds), rng), rng.choice(self.places))
        return Candidate(new, self.name, severity=severity)

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """Every sentence, one random link and one random handle, each at each place."""
        if not text.strip():
            return []
        added = [*(self._sentences() if "sentence" in self.kinds else ())]
        added += [self._made(kind, rng) for kind in self.kinds if kind != "sentence"]
        made = dict.fromkeys(_joined(text, one, place) for one in added for place in self.places)
        return [Candidate(new, self.name) for new in made]

    def _sentences(self) -> Sequence[str]:
        return self.sentences if self.sentences is not None else table("insertions")["neutral"]

    def _made(self, kind: str, rng: Random) -> str:
        if kind == "sentence":
            return rng.choice(self._sentences())
        code = "".join(rng.choices(ascii_letters + digits, k=6))
        return f"{self.url}{code}" if kind == "url" else f"@{code}"


def _joined(text: str, added: str, place: str) -> str:
    return f"{added} {text}" if place == "front" else f"{text} {added}"
