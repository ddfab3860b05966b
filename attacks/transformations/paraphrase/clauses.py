"""Clauses in another order, and a noun's owner before or after it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import regex

from attacks.constraints.stopwords import is_stop_word
from attacks.language.morphology import readings, tags
from attacks.transformations.base import Replacement
from attacks.transformations.paraphrase.text import lowered, raised, sentences, together_and_alone, words_of

_SUBJECTS = frozenset(
    """i you he she it we they this that these those there everyone everybody everything nobody nothing someone something
    the a an my your his her its our their each every no some many most one
    it's he's she's that's there's i'm i've you're we're they're""".split()
)
_FINITE = frozenset(
    """am is are was were has have had do does did can could will would shall should may might must
    isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't can't cannot couldn't won't wouldn't shouldn't
    it's he's she's that's there's i'm i've you're we're they're""".split()
)
_BARE = frozenset({"i", "you", "we", "they", "these", "those", "people"})
_TURNED = "because|although|though|when|if|while|unless|since"
_BUT = regex.compile(r"^(?P<a>[^,;:()\"]+),\s+but\s+(?P<b>[^,;:()\"]+?)(?P<end>[.!]*)$")
_ALTHOUGH = regex.compile(r"^(?:Although|although|Though|though)\s+(?P<a>[^,;:()\"]+),\s+(?P<b>[^,;:()\"]+?)(?P<end>[.!]*)$")
_TAIL = regex.compile(rf"^(?P<a>[^,;:()\"]+?),?\s+(?P<how>{_TURNED})\s+(?P<b>[^,;:()\"]+?)(?P<end>[.!]*)$")
_HEAD = regex.compile(rf"^(?P<how>(?i:{_TURNED}))\s+(?P<b>[^,;:()\"]+),\s+(?P<a>[^,;:()\"]+?)(?P<end>[.!]*)$")
_LONGEST = 400
_OWNED = frozenset(
    """plot story director cast acting ending start beginning end title author style tone pace quality message script soundtrack
    music price name color colour size owner star hero heroine villain theme mood length climax premise charm history
    success failure weakness strength taste texture design manager staff location service cover""".split()
)
_OF = regex.compile(r"\b(?i:the)\s(?P<owned>\p{Ll}+)\sof\sthe\s(?P<owner>\p{Ll}+)(?=[,.;:!?)]|\s(?P<next>\p{L}+)|$)")
_POSSESSIVE = regex.compile(r"\b(?i:the)\s(?P<owner>\p{Ll}+)['’]s\s(?P<owned>\p{Ll}+)(?=[,.;:!?)]|\s(?P<next>\p{L}+)|$)")


@lru_cache(1 << 14)
def _is_finite(word: str, bare: bool = False) -> bool:
    """Whether the word can be a verb in a statement; ``bare``: after a subject that takes the base form."""
    wanted = ("VBD", "VBZ", "VB") if bare else ("VBD", "VBZ")
    return word in _FINITE or any(
        tag in wanted for pos, lemma in readings(word) if pos == "VERB" for tag in tags(word, lemma, pos)
    )


def finite_at(words: list[str]) -> int | None:
    """Where the first word stands that looks like a finite verb."""
    after_subject = {i + 1 for i, word in enumerate(words[:-1]) if word in _BARE}
    return next((i for i, word in enumerate(words) if _is_finite(word, i in after_subject)), None)


def is_clause(text: str) -> bool:
    """Whether the text looks like a statement: it begins with a subject, and a finite verb is there."""
    words = words_of(text[:_LONGEST])
    return len(words) > 1 and words[0] in _SUBJECTS and finite_at(words) is not None


def turn_clauses(text: str) -> Iterator[str]:
    """``A, but B`` and ``Although A, B``; ``A because B`` and ``Because B, A``: one sentence turned at a time, and all."""
    changes: list[Replacement] = []
    for start, end in sentences(text):
        if end - start <= _LONGEST:
            changes += [(start, end, new) for new in _turned(text[start:end])][:1]
    yield from together_and_alone(text, changes)


def _turned(sentence: str) -> Iterator[str]:
    for pattern, build in ((_BUT, _although), (_ALTHOUGH, _but), (_HEAD, _tail), (_TAIL, _head)):
        match = pattern.match(sentence)
        if match and is_clause(match["a"]) and is_clause(match["b"]):
            yield build(match, sentence)


def _although(match: regex.Match[str], sentence: str) -> str:
    return f"{raised('although', sentence)} {lowered(match['a'])}, {match['b']}{match['end']}"


def _but(match: regex.Match[str], sentence: str) -> str:
    return f"{raised(match['a'], sentence)}, but {match['b']}{match['end']}"


def _tail(match: regex.Match[str], sentence: str) -> str:
    return f"{raised(match['a'], sentence)} {match['how'].lower()} {match['b']}{match['end']}"


def _head(match: regex.Match[str], sentence: str) -> str:
    return f"{raised(match['how'], sentence)} {match['b']}, {lowered(match['a'])}{match['end']}"


def turn_owner(text: str) -> Iterator[str]:
    """``the plot of the film`` becomes ``the film's plot``, and the reverse."""
    changes = [(m.start("owned"), m.end(), f"{m['owner']}'s {m['owned']}") for m in _OF.finditer(text) if _alone(m)]
    changes += [(m.start("owner"), m.end(), f"{m['owned']} of the {m['owner']}") for m in _POSSESSIVE.finditer(text) if _alone(m)]
    yield from together_and_alone(text, sorted(changes))


def _alone(match: regex.Match[str]) -> bool:
    """Whether both are plain nouns, and no further noun follows that they would only describe."""
    owner, after = match["owner"], match["next"]
    noun = ("NOUN", owner) in readings(owner) and not owner.endswith("s")
    return noun and match["owned"] in _OWNED and (after is None or (is_stop_word(after) and after.lower() != "of"))
