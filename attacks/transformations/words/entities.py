"""Other forms of a named entity: another name of its type, or its own in other letter case. The text says what its type is."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol

from attacks.language.morphology import like_case
from attacks.preserves import FORM, SUBJECT
from attacks.transformations.tables import groups, table

SAMPLES = 10
"""Other names drawn for each entity."""
LONGEST_ACRONYM = 3
PERSON = frozenset(("PER", "PERSON", "PEOPLE"))
PLACE = frozenset(("LOC", "LOCATION", "GPE"))
ORGANISATION = frozenset(("ORG", "ORGANIZATION", "ORGANISATION", "COMPANY"))
PEOPLES = frozenset(("MISC", "NORP"))


class EntityForms(Protocol):
    """A technique of change for entities that are marked. ``preserves``: as a transformation declares it."""

    @property
    def name(self) -> str:
        """The technique in small letters with hyphens."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages it knows, or ``("*",)``."""

    @property
    def preserves(self) -> tuple[str, ...]:
        """What it leaves as it was, in words of ``attacks.preserves.VOCABULARY``."""

    def forms(self, entity: str, label: str, before: str, rng: Random) -> Sequence[str]:
        """Distinct other forms of an entity of type ``label``, never itself; ``before``: the text in front of it."""


class OtherName:
    """Another name of the same type: a person's, a city for a city, an invented organisation, a nationality."""

    name = "entity-swap"
    languages = ("en",)
    preserves = SUBJECT

    def forms(self, entity: str, label: str, before: str, rng: Random) -> list[str]:
        """Ten random other names, in the letter case of the one that they replace; none for a type without a table."""
        drawn = [_alike(name, entity) for name in _names(entity, label, rng)]
        found = [name for name in drawn if name != entity and _article_fits(name, entity, before)]
        return list(dict.fromkeys(found))[:SAMPLES]


class OtherCase:
    """The same name in upper and in lower case: headlines, chats, speech written down."""

    name = "entity-case"
    languages = ("*",)
    preserves = FORM

    def forms(self, entity: str, label: str, before: str, rng: Random) -> list[str]:
        """Lower case, upper case, title case."""
        forms = (entity.lower(), entity.upper(), " ".join(like_case(word.lower(), "Aa") for word in entity.split(" ")))
        return [form for form in dict.fromkeys(forms) if form != entity]


def _names(entity: str, label: str, rng: Random) -> list[str]:
    """Names that could stand for it, twice as many as wanted."""
    kind, words, most = label.upper(), entity.split(), 2 * SAMPLES
    if kind in PERSON:
        return [_person(words, rng) for _ in range(most)]
    if kind in PLACE:
        members = _group(entity, "places") or table("places")["city"]
    elif kind in ORGANISATION:
        members = table("entities")[f"organisation-{min(3, len(words))}"]
    elif kind in PEOPLES:  # other names of this type, of events and works, have nothing in common that a table could hold
        members = _group(entity, "entities") if _title(entity) in table("entities")["nationality"] else ()
    else:
        members = ()
    return rng.sample(members, min(most, len(members)))


def _person(words: Sequence[str], rng: Random) -> str:
    """A name of as many words: one of the same gender where the given name tells, a surname for a surname."""
    given = _group(words[0], "names")
    surname = rng.choice(table("entities")["surname"])
    if len(words) == 1:
        return rng.choice(given) if given else surname
    return f"{rng.choice(given or groups('names')['James'])} {surname}"


def _group(name: str, of: str) -> tuple[str, ...]:
    """All names of the group that a name is a member of."""
    return groups(of).get(_title(name), ())


def _title(name: str) -> str:
    return name.title() if name.isupper() or name.islower() else name


def _alike(name: str, entity: str) -> str:
    """The name in the letter case of the entity; the capitals of an acronym say nothing of the text around it."""
    headline = entity.isupper() and len(entity) > LONGEST_ACRONYM and "." not in entity
    return name.upper() if headline else name.lower() if entity.islower() else name


def _article_fits(name: str, entity: str, before: str) -> bool:
    """Whether "a" or "an" in front of the entity would still be right."""
    if before.lower().split(" ")[-2:-1] not in (["a"], ["an"]):
        return True
    vowels = "aeiouAEIOU"
    return (name[0] in vowels) == (entity[0] in vowels)
