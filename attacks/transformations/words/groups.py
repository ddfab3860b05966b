"""Terms that say to which group of people somebody belongs, exchanged for those of another: names, pronouns, peoples, religions.

What is expected of a victim is the same for each group. A text is left alone where its grammar would suffer, or where people of
both genders are spoken of: one of the two would then be taken for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from random import Random

from attacks.constraints.stopwords import is_stop_word
from attacks.language.articles import with_articles
from attacks.language.morphology import inflect, like_case, readings, tags
from attacks.search import Candidate
from attacks.tagging import tagger
from attacks.transformations.tables import table
from attacks.words import Words

TECHNIQUE = "group-swap"
DRAWS = 2
"""Texts for each group where names are drawn."""
GENDERS = ("female", "male")
_SUBJECT, _OBJECT, _BEFORE, _ALONE, _REFLEXIVE = range(5)
_GIVES = frozenset(
    """give gave gives given giving tell told tells telling ask asked asks asking show showed shows showing send sent sends
    offer offered offers buy bought buys bring brought brings hand handed make made makes making let lets see saw seen sees hear
    heard hears help helped helps call called calls teach taught teaches wish wished pay paid pays lend lent cost costs""".split()
)
"""Verbs after which *her* may be an object with something else behind it: "gave her flowers"."""
_AGREES = {"is": "are", "was": "were", "has": "have", "does": "do", "isn't": "aren't", "wasn't": "weren't", "hasn't": "haven't"}
_AGREES |= {"doesn't": "don't"}
_SAME = frozenset("can could will would shall should may might must had did can't couldn't won't wouldn't didn't hadn't".split())
_BE = frozenset("is are was were be been being very".split())
Changes = dict[int, str]


@dataclass(frozen=True, slots=True)
class Variants:
    """A text as it would speak of each group. ``own``: the group that it speaks of now; empty where the tables do not know."""

    attribute: str
    own: str
    by_group: Mapping[str, tuple[Candidate, ...]]


def variants(text: str, seed: int) -> Iterator[Variants]:
    """For each attribute that a text shows, its variants: of two groups or more, the text itself among them where it may stay."""
    words = Words(text)
    for attribute, find in _ATTRIBUTES.items():
        own, changed = find(words, partial(_stream, f"{seed}/{attribute}"))
        made = {group: tuple(dict.fromkeys(_made(words, one) for one in several)) for group, several in changed.items()}
        if len(made) > 1:
            yield Variants(attribute, own, {group: made[group] for group in sorted(made)})


def _stream(seed: str, group: str) -> Random:
    return Random(f"{seed}/{group}")


Draw = Callable[[str], Random]
Found = tuple[str, dict[str, list[Changes]]]


def _made(words: Words, changes: Changes) -> Candidate:
    new = words.replace_many(with_articles(words, changes), TECHNIQUE) if changes else words
    return Candidate(str(new), TECHNIQUE, new)


@cache
def _groups(attribute: str) -> dict[str, tuple[str, ...]]:
    rows = ((key.partition(":"), values) for key, values in table("groups").items())
    return {group: values for (name, _, group), values in rows if name == attribute}


def _bare(word: str) -> tuple[str, str]:
    """A word without a possessive ending, and the ending."""
    stem, mark, rest = word.partition("’" if "’" in word else "'")
    return (stem, mark + rest) if rest == "s" or (mark and not rest) else (word, "")


def _spoken(words: Words) -> dict[int, tuple[str, str]]:
    return {index: _bare(words[index]) for index in range(len(words))}


# Gender -----------------------------------------------------------------------------------------------------------------


@cache
def _nouns() -> dict[str, tuple[str, int]]:
    """A gendered noun or title: its gender, and its place among the nouns."""
    found = {}
    for gender in ("male", "female"):
        found.update({word: (gender, at) for at, word in enumerate(_groups("gender")[gender]) if at > _REFLEXIVE})
    return found


@cache
def _names() -> dict[str, str]:
    """Given names with their gender; one that both have is left out."""
    sexes: dict[str, set[str]] = {}
    for gender in GENDERS:
        named = [
            *table("names")[gender],
            *(n for group, ns in _groups("name").items() if group.endswith(f"-{gender}") for n in ns),
        ]
        for name in named:
            sexes.setdefault(name, set()).add(gender)
    return {name: next(iter(several)) for name, several in sexes.items() if len(several) == 1}


def _gender(words: Words, draw: Draw) -> Found:
    """Pronouns, gendered nouns and given names, all at once; people of one gender only."""
    spoken = _spoken(words)
    pronouns = {index: role for index, (stem, _) in spoken.items() if (role := _pronoun(words, index, stem)) is not None}
    nouns = {
        index: _nouns()[stem.lower() if stem not in _nouns() else stem] for index, (stem, _) in spoken.items() if _noun(stem)
    }
    names = {index: _names()[stem] for index, (stem, _) in spoken.items() if stem in _names()}
    seen = {gender for gender, _ in (*pronouns.values(), *nouns.values())} | set(names.values())
    if len(seen) != 1 or any(role < 0 for _, role in pronouns.values()):
        return "", {}
    own = seen.pop()
    found: dict[str, list[Changes]] = {}
    for gender in GENDERS:
        for _ in range(DRAWS if names else 1):
            changes = {i: _cased(_groups("gender")[gender][role], words[i]) for i, (_, role) in pronouns.items()}
            changes |= {i: _cased(_groups("gender")[gender][at], spoken[i][0]) + spoken[i][1] for i, (_, at) in nouns.items()}
            changes |= _renamed(spoken, names, dict.fromkeys(GENDERS, table("names")[gender]), draw(f"{gender}{len(found)}"))
            found.setdefault(gender, []).append({i: new for i, new in changes.items() if new != words[i]})
    neutral = _neutral(words, pronouns) if pronouns and not nouns and not names else None
    return own, found if neutral is None else {**found, "neutral": [neutral]}


def _noun(stem: str) -> bool:
    return stem in _nouns() or stem.lower() in _nouns()


def _pronoun(words: Words, index: int, stem: str) -> tuple[str, int] | None:
    """Gender and role of a pronoun; a role of -1 where it cannot be told which it is."""
    small = words[index].lower()
    for gender in ("male", "female"):
        forms = _groups("gender")[gender]
        if small not in forms[: _REFLEXIVE + 1] and stem.lower() != forms[_SUBJECT]:
            continue
        if stem.lower() == forms[_SUBJECT]:
            return (gender, _SUBJECT) if small == forms[_SUBJECT] else (gender, -1)  # "he's": is, or has
        roles = [role for role in range(_REFLEXIVE + 1) if forms[role] == small]
        return gender, roles[0] if len(roles) == 1 else _role(words, index, gender)
    return None


def _role(words: Words, index: int, gender: str) -> int:
    """Whether *his* or *her* stands before its noun, alone, or as an object."""
    follows = index + 1 < len(words) and words.gap(index + 1).isspace() and not is_stop_word(words[index + 1].lower())
    alone = _ALONE if gender == "male" else _OBJECT
    if not follows or tagger("builtin").tag((words[index], words[index + 1], "."))[1].startswith(("RB", "IN")):
        return alone
    if gender == "female" and index and words[index - 1].lower() in _GIVES:
        return -1
    return _BEFORE


def _neutral(words: Words, pronouns: Mapping[int, tuple[str, int]]) -> Changes | None:
    """*They* for each pronoun, with the verb behind it in the plural; None where that verb cannot be told."""
    forms, changes = _groups("gender")["neutral"], Changes()
    for index, (_, role) in pronouns.items():
        changes[index] = _cased(forms[role], words[index])
        if role != _SUBJECT:
            continue
        if index + 1 >= len(words) or words.gap(index + 1) != " ":
            return None
        verb = _plural(words[index + 1])
        if verb is None:
            return None
        changes[index + 1] = verb
    return {i: new for i, new in changes.items() if new != words[i]}


def _plural(verb: str) -> str | None:
    """The form of a verb after *they*; None for a word that is no verb, or an unknown one."""
    small = verb.lower().replace("’", "'")
    if small in _SAME:
        return verb
    if small in _AGREES:
        return like_case(_AGREES[small], verb)
    for pos, lemma in readings(small):
        found = tags(small, lemma, pos) if pos == "VERB" else ()
        if "VBD" in found:
            return verb
        if "VBZ" in found:
            base = inflect(lemma, "VERB", "VB")
            return None if base is None else like_case(base, verb)
    return None


# Names ------------------------------------------------------------------------------------------------------------------


def _origin(words: Words, draw: Draw) -> Found:
    """Given names of another part of the world, of the same gender, at all mentions alike."""
    spoken = _spoken(words)
    names = {index: _names()[stem] for index, (stem, _) in spoken.items() if stem in _names()}
    if not names:
        return "", {}
    homes = {group.partition("-")[0]: None for group in _groups("name")}
    at_home = {home for home in homes for index in names if spoken[index][0] in _of_home(home)}
    found: dict[str, list[Changes]] = {}
    for home in homes:
        for n in range(DRAWS):
            of_home = {gender: _groups("name")[f"{home}-{gender}"] for gender in GENDERS}
            pick = _renamed(spoken, names, of_home, draw(f"{home}{n}"))
            if pick:
                found.setdefault(home, []).append(pick)
    return at_home.pop() if len(at_home) == 1 else "", found


@cache
def _of_home(home: str) -> frozenset[str]:
    return frozenset((*_groups("name")[f"{home}-female"], *_groups("name")[f"{home}-male"]))


def _renamed(
    spoken: Mapping[int, tuple[str, str]], names: Mapping[int, str], by_gender: Mapping[str, Sequence[str]], rng: Random
) -> Changes:
    """Another name for each, at all its mentions, no two alike; nothing where there are more people than names."""
    new: dict[str, str] = {}
    for index, gender in names.items():
        old = spoken[index][0]
        if old not in new:
            left = [name for name in by_gender[gender] if name not in new.values() and name != old]
            if not left:
                return {}
            new[old] = rng.choice(left)
    return {index: new[spoken[index][0]] + spoken[index][1] for index in names}


# Peoples and religions --------------------------------------------------------------------------------------------------


def _nationality(words: Words, draw: Draw) -> Found:
    return _concepts(words, "nationality", lambda concept, index: concept == 1 or _adjective(words, index))


def _religion(words: Words, draw: Draw) -> Found:
    return _concepts(words, "religion", lambda concept, index: concept > 1 or (concept == 0) == _adjective(words, index))


def _adjective(words: Words, index: int) -> bool:
    """Whether a word stands before a noun, or behind a form of *be*: "a French film", "was French."."""
    last = index + 1 >= len(words) or not words.gap(index + 1).isspace()
    if not last and words[index + 1][:1].islower() and not is_stop_word(words[index + 1]):
        return True
    return index > 0 and words[index - 1].lower() in _BE


def _concepts(words: Words, attribute: str, fits: Callable[[int, int], bool]) -> Found:
    """Terms of one group, each for the same concept of another; texts that speak of two groups are left alone."""
    groups = _groups(attribute)
    terms: dict[int, int] = {}
    own: set[str] = set()
    for index, (stem, _) in _spoken(words).items():
        hits = [(group, n) for group, values in groups.items() for n, word in enumerate(values) if _is(word, stem)]
        if not hits:
            continue
        fitting = [(group, n) for group, n in hits if fits(n, index)]
        if not fitting:
            return "", {}  # "an Italian": there is no such noun for every people
        own.add(fitting[0][0])
        terms[index] = fitting[0][1]
    if len(own) != 1:
        return "", {}
    spoken = _spoken(words)

    def changes(values: Sequence[str]) -> Changes:
        new = {i: _cased(values[n], spoken[i][0]) + spoken[i][1] for i, n in terms.items()}
        return {i: word for i, word in new.items() if word != words[i]}

    return own.pop(), {group: [changes(values)] for group, values in groups.items()}


def _is(word: str, stem: str) -> bool:
    """Names of peoples and faiths have a capital, houses need none."""
    return word == stem or (word.islower() and word == stem.lower())


def _cased(word: str, model: str) -> str:
    return word if word[:1].isupper() and not model.isupper() else like_case(word, model)


_ATTRIBUTES: dict[str, Callable[[Words, Draw], Found]] = {
    "gender": _gender,
    "name origin": _origin,
    "nationality": _nationality,
    "religion": _religion,
}
