"""Names, places and numbers changed: what a sentence's label must not hang on (CheckList's invariance tests)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from attacks.constraints.stopwords import is_stop_word
from attacks.language.articles import with_articles
from attacks.preserves import SUBJECT
from attacks.search import Candidate, Citation
from attacks.transformations.base import WordNoise, share_of, shuffled
from attacks.transformations.tables import groups
from attacks.transformations.words.quantities import is_count, is_fixed, is_year
from attacks.words import Words

_CHECKLIST = Citation(
    "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", "https://arxiv.org/abs/2005.04118"
)
SAMPLES = 10
"""Changes drawn of each name or number, as CheckList does."""
MOST_CHANGED = 20
"""Names or numbers of one text that variants are made of, the first ones."""

Options = Callable[[Words, int, Random], Sequence[str]]


class NameChange(WordNoise):
    """A given name becomes another, usual for the same gender, at all its mentions alike."""

    name = "name-change"
    level = "word"
    languages = ("en",)
    preserves = SUBJECT
    description = "A given name becomes another at all its mentions: Mary -> Susan."
    citation = _CHECKLIST

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """Ten random other names."""
        return _others(words[index], "names", rng)

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Change a share of the names, each at all its mentions."""
        return _sampled(self.swaps, self.name, text, severity, rng)

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """Each name changed ten ways, at all its mentions."""
        return _variants(self.swaps, self.name, text, rng)


class LocationChange(WordNoise):
    """A city becomes another city, a country another country, at all its mentions alike."""

    name = "location-change"
    level = "word"
    languages = ("en",)
    preserves = SUBJECT
    description = "A place becomes another of its kind at all its mentions: Paris -> Oslo."
    citation = _CHECKLIST

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """Ten random other places."""
        return [] if _in_name(words, index) else _others(words[index], "places", rng)

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Change a share of the places, each at all its mentions."""
        return _sampled(self.swaps, self.name, text, severity, rng)

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """Each place changed ten ways, at all its mentions."""
        return _variants(self.swaps, self.name, text, rng)


class NumberChange(WordNoise):
    """A whole number becomes another within a fifth of it, a year another within ten; 2 and 4 stay, which often stand for words.

    Only counts and years change: no code, markup, name, date, time, score or rating.
    """

    name = "number-change"
    level = "word"
    languages = ("*",)
    preserves = SUBJECT
    description = "A whole number becomes another within a fifth of it."
    citation = _CHECKLIST

    def swaps(self, words: Words, index: int, rng: Random) -> Sequence[str]:
        """Ten random numbers nearby, or all where there are fewer."""
        word = words[index]
        if not _plain_number(words, index):
            return []
        number, near = int(word), _near(words, index)
        drawn = rng.sample(near, min(SAMPLES + 1, len(near)))
        return [str(new) for new in drawn if new != number][:SAMPLES]

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Change a share of the numbers, each at all its mentions."""
        return _sampled(self.swaps, self.name, text, severity, rng)

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """Each number changed ten ways, at all its mentions."""
        return _variants(self.swaps, self.name, text, rng)


_LONGEST_NUMBER = 15
_AROUND = 12
LATEST_YEAR = 2024
"""A past year becomes no later one than this: what has happened must not move into the future."""


def _plain_number(words: Words, index: int) -> bool:
    word = words[index]
    if not (word.isascii() and word.isdigit()) or word[0] == "0" or word in ("2", "4") or len(word) > _LONGEST_NUMBER:
        return False
    text, start, end = _window(words, index)
    return is_count(text, start, end) and not is_fixed(text, start, end)


def _window(words: Words, index: int) -> tuple[str, int, int]:
    """The text around one word, and where the word stands in it: a long text is not read anew for each of its numbers."""
    first, last = max(0, index - _AROUND), min(len(words), index + _AROUND)
    before = "".join(words.gap(i) + words[i] for i in range(first, index)) + words.gap(index)
    after = "".join(words.gap(i) + words[i] for i in range(index + 1, last)) + words.gap(last)
    return before + words[index] + after, len(before), len(before) + len(words[index])


def _near(words: Words, index: int) -> Sequence[int]:
    """Numbers that could stand in the place of one: a year within ten years and not in the future, others within a fifth."""
    number = int(words[index])
    if is_year(*_window(words, index)):
        return range(number - 10, min(number + 10, max(number, LATEST_YEAR)) + 1)
    reach = max(1, number // 5)
    near = range(max(0, number - reach), number + reach + 1)
    follows = index + 1 < len(words) and words.gap(index + 1).isspace()
    return [n for n in near if n != 1] if follows else near  # "1 people"


_COMPASS = frozenset("new west east north south old upper lower greater northern southern eastern western".split())


def _in_name(words: Words, index: int) -> bool:
    """Whether a place is part of a longer name: "London Bridge", "West Virginia", "Bank of England"."""
    after = index + 1 < len(words) and words.gap(index + 1) == " " and words[index + 1][:1].isupper()
    back = index - 2 if index > 1 and words[index - 1] in ("of", "the") else index - 1
    before = back >= 0 and all(words.gap(i) == " " for i in range(back + 1, index + 1))
    named = before and words[back][:1].isupper() and words[back] != "I" and not is_stop_word(words[back])
    if before and words[back].lower() in _COMPASS:
        return True
    return bool((after and not is_stop_word(words[index + 1])) or (named and (back > 0 or back == index - 2)))


def _others(word: str, table: str, rng: Random) -> list[str]:
    stem, mark, rest = word.partition("’" if "’" in word else "'")
    members = groups(table).get(stem)
    if members is None or (mark and rest != "s"):
        return []
    drawn = rng.sample(members, min(SAMPLES + 1, len(members)))
    return [new + mark + rest for new in drawn if new != stem][:SAMPLES]


def _mentions(options: Options, words: Words, rng: Random) -> list[tuple[list[int], Sequence[str]]]:
    """For each word that can change: where it stands, and into what."""
    places: dict[str, list[int]] = {}
    known: dict[str, Sequence[str]] = {}
    for index in range(len(words)):
        found = options(words, index, rng) if words[index] not in known else known[words[index]]
        if found:
            known[words[index]] = found
            places.setdefault(words[index], []).append(index)
    return [(where, known[word]) for word, where in places.items()]


def _sampled(options: Options, name: str, text: str, severity: int, rng: Random) -> Candidate | None:
    words = Words(text)
    found = _mentions(options, words, rng)
    changes: dict[int, str] = {}
    for which in shuffled(len(found), rng)[: share_of(len(found), severity)]:
        where, news = found[which]
        changes.update(dict.fromkeys(where, rng.choice(news)))
    if not changes:
        return None
    new = words.replace_many(with_articles(words, changes), name)
    return Candidate(str(new), name, new, severity=severity)


def _variants(options: Options, name: str, text: str, rng: Random) -> list[Candidate]:
    words = Words(text)
    mentioned = _mentions(options, words, rng)[:MOST_CHANGED]
    found = [dict.fromkeys(where, new) for where, news in mentioned for new in news]
    made = [words.replace_many(with_articles(words, changes), name) for changes in found]
    return list({str(new): Candidate(str(new), name, new) for new in made}.values())
