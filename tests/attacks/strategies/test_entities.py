"""Entities exchanged where the gold marks them, and left alone where they are protected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from attacks.recipes import Options, build
from attacks.search import Attack, Judgement, Mark, Query, Trial
from attacks.strategies.entities import EntityChanges
from attacks.strategies.protected import Protected
from attacks.transformations.tables import table
from attacks.transformations.words.entities import OtherCase, OtherName
from robustness.tasks.answers import Span, Spans

TEXT = "Mary Walker met Peter in Paris, and Peter liked an Italian team from France ."
NAMES = (("Mary Walker", "PER"), ("Peter", "PER"), ("Paris", "LOC"), ("Italian", "MISC"), ("France", "LOC"))


def marks(text: str, names: Sequence[tuple[str, str]] = NAMES) -> tuple[Mark, ...]:
    found = []
    for name, label in names:
        at = text.find(name)
        while at >= 0:
            found.append(Mark(0, at, at + len(name), label))
            at = text.find(name, at + 1)
    return tuple(found)


def asked(
    attack: Attack, text: str = TEXT, found: tuple[Mark, ...] | None = None, wins: Callable[[str], bool] = lambda text: False
) -> tuple[list[str], Trial]:
    """Every text that the attack tries, and the trial; ``wins``: which reach the goal."""
    trial = Trial(
        inputs=(text,),
        judge=lambda answer, inputs: Judgement(0.0, wins(inputs[0])),
        clean=Spans(()),
        rng=Random(1),
        marks=marks(text) if found is None else found,
    )
    texts: list[str] = []
    search, answer = attack.search(trial), None
    while True:
        try:
            request: Any = search.send(answer)
        except StopIteration:
            return texts, trial
        assert isinstance(request, Query)
        texts += [inputs[0] for inputs in request.inputs]
        answer = [Spans((Span(0, 1, str(len(one[0]))),)) for one in request.inputs]


def test_each_entity_becomes_another_of_its_type_at_all_its_mentions() -> None:
    texts, trial = asked(EntityChanges(OtherName(), together=0))
    city, country, people = table("places")["city"], table("places")["country"], table("entities")["nationality"]
    assert len(texts) >= 35
    for text in texts:
        subject, _, rest = text.partition(" met ")
        friend, _, rest = rest.partition(" in ")
        place, _, rest = rest.partition(", and ")
        again, _, rest = rest.partition(" liked an ")
        nation, _, rest = rest.partition(" team from ")
        assert len(subject.split()) == 2
        assert friend == again, "all mentions alike"
        assert place in city
        assert nation in people
        assert nation[0] in "AEIOU", "the article stays right"
        assert rest.removesuffix(" .") in country
        before = ("Mary Walker", "Peter", "Paris", "Italian", "France .")
        assert sum(old != new for old, new in zip(before, (subject, friend, place, nation, rest), strict=True)) == 1
    assert trial.tally.distinct == len(texts) == len(set(texts))


def test_where_none_succeeds_alone_all_are_exchanged_at_once() -> None:
    texts, _ = asked(EntityChanges(OtherName(), together=5))
    assert not any(name in text for text in texts[-5:] for name, _ in NAMES)


def test_it_ends_with_the_first_success() -> None:
    texts, trial = asked(EntityChanges(OtherName()), wins=lambda text: "Mary Walker" not in text)
    assert trial.winner is not None
    assert all("Peter in Paris" in text for text in texts)
    assert trial.winner[0].technique == "entity-swap"


def test_names_keep_their_letter_case_and_number_of_words() -> None:
    text = "JAPAN beat acme motors group ."
    texts, _ = asked(EntityChanges(OtherName(), together=0), text, marks(text, (("JAPAN", "LOC"), ("acme motors group", "ORG"))))
    assert texts
    for one in texts:
        place, _, rest = one.partition(" beat ")
        assert place.isupper()
        assert rest.islower()
        assert len(rest.split()) == 4
    acronym, _ = asked(EntityChanges(OtherName(), together=0), "the U.S. team", marks("the U.S. team", (("U.S.", "LOC"),)))
    assert acronym
    assert not any(one.removeprefix("the ").removesuffix(" team").isupper() for one in acronym)


@pytest.mark.parametrize("label", ["DATE", "WORK_OF_ART", "MISC"])
def test_a_type_without_a_table_has_nothing_to_try(label: str) -> None:
    texts, trial = asked(EntityChanges(OtherName()), "the World Cup of 1996 .", (Mark(0, 4, 13, label),))
    assert (texts, trial.tally.attempted) == ([], 0)


def test_without_marks_there_is_nothing_to_try() -> None:
    assert asked(EntityChanges(OtherName()), found=())[0] == []
    assert asked(EntityChanges(OtherName()), found=(Mark(1, 0, 4, "PER"),))[0] == [], "marks of another field"


def test_a_name_that_alignment_would_not_find_again_is_not_tried() -> None:
    """Of "Paris Paris" one mention is marked: exchanged, it could not be told from the other moved."""

    class Longer(OtherName):
        def forms(self, entity: str, label: str, before: str, rng: Random) -> list[str]:
            return ["New Paris", "Oslo"]

    texts, _ = asked(EntityChanges(Longer(), together=0), "to Paris .", (Mark(0, 3, 8, "LOC"),))
    assert texts == ["to Oslo ."]


def test_letter_case_changes_in_the_entities_alone() -> None:
    texts, _ = asked(
        EntityChanges(OtherCase(), together=0), "Mary met NATO .", marks("Mary met NATO .", (("Mary", "PER"), ("NATO", "ORG")))
    )
    assert texts == ["mary met NATO .", "MARY met NATO .", "Mary met nato .", "Mary met Nato ."]


def test_a_context_attack_leaves_the_marked_spans_alone() -> None:
    for name in ("deepwordbug", "natural:keyboard-typo", "checklist", "bad-characters-homoglyph"):
        texts, _ = asked(Protected(build(name, Options()).attack, marks=True))
        assert texts, name
        for text in texts:
            at = 0
            for mark in sorted(marks(TEXT), key=lambda one: one.start):
                entity = TEXT[mark.start : mark.end]
                at = text.find(entity, at)
                assert at >= 0, (name, text)
                at += len(entity)


def test_marks_beside_a_protected_span_are_seen_where_they_stand() -> None:
    from attacks.protection import patterns

    texts, _ = asked(Protected(EntityChanges(OtherName(), together=0), patterns(["Walker met", "from"])))
    assert texts
    assert all(text.startswith("Mary Walker met ") for text in texts), "an entity that is protected in part is left alone"
    assert any("Paris" not in text for text in texts)
