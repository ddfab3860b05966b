"""Additions that say nothing of the subject."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from string import ascii_letters, digits

import regex

from attacks.preserves import SUBJECT
from attacks.search import Candidate, Citation
from attacks.transformations.base import share_of
from attacks.transformations.paraphrase.prose import is_code, is_prose
from attacks.transformations.tables import table

KINDS = ("sentence", "url", "handle")
PLACES = ("front", "between", "end")
EACH = 6
"""Sentences drawn anew for each place of each text: there are some ten thousand."""
_SLOT = regex.compile(r"\{(\w+)\}")
_BOUNDARY = regex.compile(r"(?<=\p{Ll}{3}\s?[.!?])\s+(?=[\p{Lu}\p{Ll}])")
_CLOSED = regex.compile(r"[.!?…][\"'”’)]*\s*$")
_SPACED = regex.compile(r"\s[.,!?](?:\s|$)")


class NeutralInsertion:
    """A neutral sentence, a link or a handle before the text, between two of its sentences, or after it.

    Sentences are put together from parts and drawn anew for each text, so that a victim cannot be broken by one odd list; they
    come in the letter case and spacing of the text, stand where sentences begin and end, and only in running text: code and lists
    get nothing, headlines and what else has no full stop a link or a handle.

    Args:
        kinds: which of ``sentence``, ``url`` and ``handle`` to add.
        places: some of ``front``, ``between`` (sentences only) and ``end``.
        sentences: neutral sentences of your own, for another language or domain.
        url: what a random link begins with.
    """

    name = "neutral-insertion"
    level = "sentence"
    languages = ("en",)
    preserves = SUBJECT
    description = "A neutral sentence, a link or a handle is added before, within or after the text."
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
        share_of(1, severity)  # refuses an invalid severity
        slots = self._slots(text)
        if not slots:
            return None
        new = text
        for _ in range(severity):
            kind, place = rng.choice(slots)
            new = _joined(new, self._made(kind, text, rng), place, rng)
        return Candidate(new, self.name, severity=severity)

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """At each place: ``EACH`` sentences, or those given, and one random link and one random handle."""
        made: dict[str, None] = {}
        for kind, place in self._slots(text):
            for one in self._drawn(kind, text, rng):
                made[_joined(text, one, place, rng)] = None
        return [Candidate(new, self.name) for new in made]

    def _slots(self, text: str) -> list[tuple[str, str]]:
        """(kind, place) of all that can be added to the text without looking misplaced."""
        if not text.strip() or is_code(text):
            return []
        whole = is_prose(text) and _CLOSED.search(text) is not None  # without a full stop it may be a title, a query, a fragment
        open_at = {"front": whole, "between": whole and _BOUNDARY.search(text) is not None, "end": whole}
        return [
            (kind, place)
            for kind in self.kinds
            for place in self.places
            if (open_at[place] if kind == "sentence" else place != "between")
        ]

    def _drawn(self, kind: str, text: str, rng: Random) -> list[str]:
        if kind == "sentence" and self.sentences is not None:
            return list(self.sentences)
        return [self._made(kind, text, rng) for _ in range(EACH if kind == "sentence" else 1)]

    def _made(self, kind: str, text: str, rng: Random) -> str:
        if kind == "sentence":
            return rng.choice(self.sentences) if self.sentences is not None else _styled(neutral_sentence(rng), text)
        code = "".join(rng.choices(ascii_letters + digits, k=6))
        return f"{self.url}{code}" if kind == "url" else f"@{code}"


def neutral_sentence(rng: Random) -> str:
    """One of the sentences that the table's frames and slots make."""
    parts = table("insertions")
    return _SLOT.sub(lambda slot: rng.choice(parts[slot[1]]), rng.choice(parts["frame"]))


def _styled(sentence: str, like: str) -> str:
    """The sentence in the style of a text: lower case throughout, punctuation spaced out."""
    if like == like.lower():
        sentence = sentence.lower()
    return f"{sentence[:-1]} {sentence[-1]}" if _SPACED.search(like) else sentence


def _joined(text: str, added: str, place: str, rng: Random) -> str:
    if place == "between":
        gap = rng.choice(list(_BOUNDARY.finditer(text)))
        return f"{text[: gap.start()]} {added}{gap.group()}{text[gap.end() :]}"
    return f"{added} {text}" if place == "front" else f"{text} {added}"
