"""English words that were disguised as others: leetspeak and single slips, undone where a known word comes out.

A noisy channel without context (Kernighan, Church and Gale 1990): of the known words one slip away the one is written that is
frequent and needs a likely slip. Left alone are words that are known, that hold a capital, a digit or an apostrophe, that are
shorter than four letters, or stand in an address, a path, a tag or a placeholder, and texts in which many words are unknown:
these are not English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import product

from robustness.harden.tables import read_table

SHORTEST = 4
ENGLISH = 0.4
"""Share of a text's words that must be known, names aside, before anything in it is corrected."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_OTHER_FIRST = 5
"""A word with another first letter must be this much more frequent: slips of the first letter are noticed and rare."""
_SMOOTH = 10.0
"""Added to ranks, as in Zipf's law with an offset, so that the first ten words do not win over every slip."""
_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ADDRESS = re.compile(r"://|^www\.|[@_\\/<>{}\[\]=]|^[#&]|[^\W\d_]\.[^\W\d_]")
_LEET = re.compile(r"[A-Za-z0-9@$!|+(]*[0-9@$!|+(][A-Za-z0-9@$!|+(]*")
_SIGNS = {
    **{"0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g"},
    **{"@": "a", "$": "s", "!": "i", "|": "il", "+": "t", "(": "c"},
}
_MOST_READINGS = 64
Edit = tuple[int, int, str]


class Speller:
    """Corrects by the shipped words and those of a domain, ``known``, the most frequent first, which count as more frequent."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        shipped, names = _words()
        self._names = names
        if known:
            own = dict.fromkeys(word for word in known if word not in names or word in shipped)
            self._ranks: Mapping[str, int] = {w: n for n, w in enumerate(dict.fromkeys((*own, *shipped)))}
        else:
            self._ranks = shipped
        self.correction = lru_cache(1 << 16)(self._correction)

    def knows(self, word: str) -> bool:
        """Whether a word in lower case is known, names included."""
        return word in self._ranks or word in self._names

    def plain(self, text: str) -> Iterator[Edit]:
        """Words whose digits and signs stand for letters."""
        for chunk in _CHUNK.finditer(text):
            core = chunk.group().rstrip("!?.,;:)'\"")
            lead = len(core) - len(core.lstrip("('\""))
            core = core[lead:]
            if len(core) < SHORTEST or not _LEET.fullmatch(core) or not any(c.isalpha() for c in core) or core[0] == "@":
                continue
            word = self._read(core.lower())
            if word is not None:
                start = chunk.start() + lead
                yield start, start + len(core), _cased(word, core)

    def corrected(self, text: str) -> Iterator[Edit]:
        """Words that are one slip away from a known one, and known words that were cut in two."""
        words = list(_candidates(text))
        small = [word for _, word in words if len(word) > 1]
        if not small or sum(word in self._ranks for word in small) < ENGLISH * len(small):
            return
        joined = -1
        for n, (start, word) in enumerate(words):
            if n == joined or self.knows(word):
                continue
            pair = self._joined(text, words, n)
            if pair is not None:
                joined = pair
                left = words[min(n, pair)]
                yield left[0] + len(left[1]), words[max(n, pair)][0], ""
                continue
            new = self.correction(word)
            if new is not None:
                yield start, start + len(word), new

    def _joined(self, text: str, words: Sequence[tuple[int, str]], n: int) -> int | None:
        """The neighbour that makes one known word with an unknown one, the one after first."""
        for other in (n + 1, n - 1):
            first, second = min(n, other), max(n, other)
            if first < 0 or second >= len(words):
                continue
            (start, left), (after, right) = words[first], words[second]
            whole = left + right
            if (
                text[start + len(left) : after] == " "
                and len(whole) > SHORTEST
                and whole in self._ranks
                and (other > n or not self._touched(words, other))
            ):
                return other
        return None

    def _touched(self, words: Sequence[tuple[int, str]], n: int) -> bool:
        """Whether an earlier word of the text was changed itself."""
        return not self.knows(words[n][1])

    def _read(self, core: str) -> str | None:
        ways = [_SIGNS.get(c, c) for c in core]
        count = 1
        for way in ways:
            count *= len(way)
        if count > _MOST_READINGS:
            return None
        found = [word for word in map("".join, product(*ways)) if word in self._ranks]
        return min(found, key=self._ranks.__getitem__, default=None)

    def _correction(self, word: str) -> str | None:
        """The likeliest known word one slip away: a letter dropped, added, exchanged, or two swapped; None where none is."""
        if len(word) < SHORTEST:
            return None
        if not word.isascii():
            bare = "".join(map(_unmarked, word))
            return bare if bare.isascii() and bare in self._ranks else None
        ranks = self._ranks
        best, least = None, float("inf")
        for other, unlikely in _one_slip(word):
            rank = ranks.get(other)
            if rank is not None:
                cost = (rank + _SMOOTH) * unlikely * (1 if other[0] == word[0] else _OTHER_FIRST)
                if cost < least:
                    best, least = other, cost
        return best


def _unmarked(letter: str) -> str:
    """The Latin letter that another one is described as, WITH something: o for ø and ọ; any other as it is."""
    described, _, marks = unicodedata.name(letter, "").partition(" WITH ")
    base = described.removeprefix("LATIN SMALL LETTER ")
    return base.lower() if marks and len(base) == 1 else letter


def _one_slip(word: str) -> Iterator[tuple[str, int]]:
    """Each string one slip away, and how unlikely the slip is: a letter that came in could have been any of 26."""
    for n in range(len(word) + 1):
        left, right = word[:n], word[n:]
        if right:
            yield left + right[1:], len(_LETTERS)
            for c in _LETTERS:
                yield left + c + right[1:], len(_LETTERS)
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:], 1
        for c in _LETTERS:
            yield left + c + right, 1


def _candidates(text: str) -> Iterator[tuple[int, str]]:
    """Where each word in lower case stands that may be corrected or tell the language."""
    for chunk in _CHUNK.finditer(text):
        whole = chunk.group()
        if _ADDRESS.search(whole):
            continue
        for found in _WORD.finditer(whole):
            word, start, end = found.group(), *found.span()
            beside = whole[start - 1 : start] + whole[end : end + 1]
            if word.islower() and not any(c.isdigit() or c in "'’" for c in (*word, *beside)):
                yield chunk.start() + start, word


def _cased(word: str, like: str) -> str:
    letters = [c for c in like if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return word.upper()
    return word.capitalize() if like[0].isupper() else word


@cache
def _words() -> tuple[Mapping[str, int], frozenset[str]]:
    """Rank of each shipped word, and names, which are left alone and never written."""
    lines: Iterable[str] = read_table("words.txt.gz").split("\n")
    ranks: dict[str, int] = {}
    names: set[str] = set()
    for rank, line in enumerate(lines):
        if line.startswith("-"):
            names.add(line[1:])
        else:
            ranks[line] = rank
    return ranks, frozenset(names)
