"""Terms of groups exchanged: grammar kept, everybody else left alone."""

from __future__ import annotations

import pytest

from attacks.transformations.tables import table
from attacks.transformations.words.groups import variants


def swapped(text: str, attribute: str) -> dict[str, list[str]]:
    return {
        g: [c.text for c in several]
        for one in variants(text, 0)
        if one.attribute == attribute
        for g, several in one.by_group.items()
    }


@pytest.mark.parametrize(
    ("text", "female", "neutral"),
    [
        ("He was tired and left his bag.", "She was tired and left her bag.", "They were tired and left their bag."),
        ("The bag is his.", "The bag is hers.", "The bag is theirs."),
        ("I saw him; he works alone.", "I saw her; she works alone.", "I saw them; they work alone."),
        ("HE DID IT HIMSELF.", "SHE DID IT HERSELF.", "THEY DID IT THEMSELF."),
        ("He quickly ran.", "She quickly ran.", None),
    ],
)
def test_pronouns_keep_their_case_and_they_agrees_with_its_verb(text: str, female: str, neutral: str | None) -> None:
    found = swapped(text, "gender")
    assert found["female"] == [female]
    assert found["male"] == [text]
    assert found.get("neutral") == (None if neutral is None else [neutral])


def test_her_is_told_apart_before_a_noun_and_as_an_object() -> None:
    assert swapped("She lost her keys.", "gender")["male"] == ["He lost his keys."]
    assert swapped("We met her yesterday.", "gender")["male"] == ["We met him yesterday."]
    assert swapped("They gave her flowers.", "gender") == {}


@pytest.mark.parametrize("text", ["He met her.", "Mary and John left.", "He's late.", "A fine day.", ""])
def test_people_of_both_genders_and_what_cannot_be_told_are_left_alone(text: str) -> None:
    assert swapped(text, "gender") == {}


def test_names_change_at_all_mentions_within_their_gender_and_no_two_become_one() -> None:
    found = swapped("Mary called Anna. Mary's train was late.", "name origin")
    assert set(found) >= {"arabic", "chinese", "english", "indian"}
    for several in found.values():
        for text in several:
            first, second = text.split()[0], text.split()[2].rstrip(".")
            assert first != second
            assert text == f"{first} called {second}. {first}'s train was late."
            assert any(first in table("groups")[key] for key in table("groups") if key.endswith("-female"))


def test_a_people_is_exchanged_where_it_is_an_adjective_with_its_article() -> None:
    assert swapped("An Italian film from Italy.", "nationality")["german"] == ["A German film from Germany."]
    assert swapped("A French film.", "nationality")["iranian"] == ["An Iranian film."]
    assert swapped("He is an Italian.", "nationality") == {}
    assert swapped("A French film and a German one.", "nationality") == {}


def test_a_religion_is_exchanged_with_its_houses() -> None:
    found = swapped("A Muslim family; two Muslims left the mosque.", "religion")
    assert found["jewish"] == ["A Jewish family; two Jews left the synagogue."]
    assert found["muslim"] == ["A Muslim family; two Muslims left the mosque."]


def test_groups_of_an_attribute_name_the_same_concepts() -> None:
    for attribute in ("nationality", "religion"):
        assert len({len(values) for key, values in table("groups").items() if key.startswith(attribute)}) == 1
    assert len(table("groups")["gender:male"]) == len(table("groups")["gender:female"])
    homes = [key.rpartition("-")[0] for key in table("groups") if key.startswith("name:")]
    assert all(homes.count(home) == 2 for home in homes)


def test_the_same_seed_draws_the_same_names() -> None:
    one, two, other = (list(variants("Mary left.", seed)) for seed in (1, 1, 2))
    assert one == two != other
