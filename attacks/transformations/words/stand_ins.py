"""Another of the same kind: for a name, a place, a number, a date or a thing, something that it is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from random import Random

import regex

from attacks.constraints.stopwords import is_stop_word
from attacks.tagging.builtin import possible
from attacks.transformations.tables import groups, table

_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*")
_DIGITS = regex.compile(r"\d+")
_PER_TOKEN = ("nationality", "month", "day", "continent", "number", "magnitude", "ordinal")
"""Kinds whose members are one word each and change by themselves inside a phrase."""
_IN_ANSWERS = ("colour", "time", "length", "money")
"""The same, but only where they stand in an answer in lower case: Grey is a name too, and an hour of a question stays one."""
PLACE_WORDS = frozenset("in at from near to into".split())
ALIKE = 0.5
"""Overlap (F1 of the words) from which an answer could be held for another."""


def words_of(text: str) -> list[str]:
    """Its words in lower case, without articles and punctuation: as answers are compared."""
    return [word for word in map(str.lower, _WORD.findall(text)) if word not in ("a", "an", "the")]


def alike(one: str, other: str) -> bool:
    """Whether one answer could pass for the other: half of their words are the same, or one holds the other."""
    a, b = words_of(one), words_of(other)
    shared = sum(min(a.count(word), b.count(word)) for word in set(a))
    return holds(a, b) or holds(b, a) or (shared > 0 and 2 * shared / (len(a) + len(b)) >= ALIKE)


def holds(text: list[str], part: list[str]) -> bool:
    """Whether some words stand in a row in others."""
    size = len(part)
    return size > 0 and any(text[at : at + size] == part for at in range(len(text) - size + 1))


class StandIns:
    """Draws stand-ins that hold none of the words in ``taken``: those of the question, the passage and the answers.

    Whoever reads the outcome can so tell what was put in; and no stand-in says something about what the passage speaks of.
    """

    def __init__(self, taken: Collection[str], rng: Random) -> None:
        self._taken, self._rng = frozenset(map(str.lower, taken)), rng

    def _draw(self, members: Collection[str]) -> str:
        free = [one for one in members if not self._taken.intersection(words_of(one))]
        return self._rng.choice(free or list(members))

    def number(self, digits: str) -> str:
        """A year within fifty years, another number of as many digits."""
        value = int(digits) if len(digits) <= 15 else 0
        if len(digits) == 4 and 1000 <= value < 2100:
            near = [str(n) for n in range(value - 50, min(value + 50, 2024)) if abs(n - value) > 2]
        elif len(digits) <= 15:
            low = 10 ** (len(digits) - 1) if len(digits) > 1 else 2
            drawn = {self._rng.randrange(low, 10 ** len(digits)) for _ in range(12)}
            near = [str(n) for n in sorted(drawn) if n != value]
        else:
            near = []
        return self._draw(near) if near else digits[:-1] + str((int(digits[-1]) + 3) % 10)

    def name(self, phrase: str, before: str = "") -> str:
        """Another name of the kind of this one: a place for a place, a person for a person; ``before``: the word before it.

        The last word of a longer name stays where it is a common noun that says what the thing is: University, River, Bowl.
        """
        places = groups("places").get(phrase)
        if places:
            return self._draw([one for one in places if one != phrase])
        words = phrase.split()
        given = groups("names").get(words[0])
        unknown = [word for word in words if not (possible(word.lower()) or self._plain(word) or is_stop_word(word))]
        if given or (len(words) == 2 and unknown == words):
            return " ".join(
                [
                    self._draw([n for n in given or table("names")["female"] if n != words[0]]),
                    *(self._surname() for _ in words[1:]),
                ]
            )
        if len(words) == 1 and self._plain(phrase) is None and before.lower() in PLACE_WORDS:
            return self._draw(table("places")["city"])
        out = [self._part(word, keep=n == len(words) - 1 and len(words) > 1) for n, word in enumerate(words)]
        return " ".join(out) if out != words else " ".join([self._draw(table("stand_ins")["thing"]), *words[1:]])

    def _part(self, word: str, *, keep: bool) -> str:
        """One word of a name that is neither a known place nor a person."""
        plain = self._plain(word)
        if plain is not None:
            return plain
        common = bool(possible(word.lower()) & {"NN", "NNS"})
        if is_stop_word(word) or not _WORD.search(word) or (keep and common):
            return word
        return self._draw(table("stand_ins")["thing"]) if common else self._surname()

    def _surname(self) -> str:
        return self._draw(table("stand_ins")["surname"])

    def _plain(self, word: str, kinds: Sequence[str] = _PER_TOKEN) -> str | None:
        """Another number, month, nationality … for one; None for any other word."""
        if _DIGITS.search(word):
            return _DIGITS.sub(lambda found: self.number(found[0]), word)
        for kind in kinds:
            members = table("stand_ins")[kind]
            for way in (str,) if kind in _IN_ANSWERS else (str, str.lower, str.title):
                if way(word) in members:
                    new = self._draw([one for one in members if one != way(word)])
                    return new.title() if word[:1].isupper() else new
        return None

    def answers(self, gold: str, count: int, *, person: bool = False) -> list[str]:
        """Wrong answers of the kind of the gold one, not alike: a date for a date, with ``person`` a person."""
        found: dict[str, None] = {}
        for _ in range(8 * count):
            new = next((one for one in self._proposals(gold, person) if not alike(one, gold)), None)
            if new is not None:
                found[new] = None
            if len(found) == count:
                break
        return list(found)

    def _proposals(self, gold: str, person: bool) -> Iterator[str]:
        words = gold.split()
        changed = [self._plain(word.strip(".,;:"), _PER_TOKEN + _IN_ANSWERS) for word in words]
        if any(changed):  # a date, an amount, a nationality: only that changes, or where too much else stays it stands alone
            yield " ".join(new if new is not None else word for word, new in zip(words, changed, strict=True))
            yield " ".join(new for new in changed if new is not None)
        bare = " ".join(word.strip(".,;:") for word in words)
        if bare.islower() and (bare.title() in groups("places") or bare.title() in groups("names")):
            yield self.name(bare.title()).lower()
        capital = [word for word in words if word[:1].isupper()]
        if capital and not any(changed):
            if person:
                yield " ".join([self._draw(table("names")["female"]), *([self._surname()] if len(words) > 1 else [])])
            yield self.name(bare)
            yield " ".join(self._draw(table("stand_ins")[kind]) for kind in ("thing", "body"))
        last = words_of(gold)[-1:] or [""]
        tags = possible(last[0])
        first = possible(words_of(gold)[0]) if words_of(gold) else frozenset()
        kind = "doing" if "VBG" in first else "many" if "NNS" in tags and "NN" not in tags else "one"
        yield self._draw(table("stand_ins")[kind])
