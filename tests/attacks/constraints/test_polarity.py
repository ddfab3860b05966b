"""The polarity guard held against pairs of words written for it: opposites to refuse, equals to let through."""

from __future__ import annotations

import pytest

from attacks.constraints import Polarity, profile
from attacks.constraints.polarity import valence
from attacks.language.lexicon import BuiltinLexicon
from attacks.recipes import Options, build
from attacks.search import Candidate
from attacks.words import Words

GUARD = Polarity(BuiltinLexicon())
OPPOSITE = """loses recovers
loses regains|solidly hardly|powerful terrible|never always|good bad|good awful|best worst|happy unhappy
careful careless|interesting uninteresting|funny unfunny|love hate|loved loathed|rises falls|increase reduction|win lose
without with|all none|many few|more less|most least|very slightly|completely partly|always sometimes|charming repulsive
brilliant stupid|fresh stale|gripping boring|engaging tedious|succeeds fails|true false|accept reject|before after
inside outside|strong weak|warm cold|remember forget|surprisingly barely|not also|doesn't does|hope despair|friend enemy
beautiful ugly|delightful dreadful|convincing unconvincing|pleasure pain|hero villain|moving emotionless|enjoyable painful
lively lifeless|wonderful horrible|smart dumb|original unoriginal|tasteful tasteless|peace war|simple complicated|fast slow
rich poor|old new|safe dangerous|fascinating annoying|triumph disaster|praise criticism|admire despise|genuine fake
intelligent idiotic|worth worthless|rarely often|nothing everything|lacks has"""
EQUAL = """film movie
movie picture|good great|great terrific|bad awful|awful dreadful|happy glad|large big|start begin|begin commence
buy purchase|story tale|actor performer|funny amusing|funny humorous|dull boring|boring tedious|fast quick|beautiful lovely
strange odd|smart clever|clever ingenious|director filmmaker|very extremely|completely totally|never ne'er|fails flops
loses forfeits|shows displays|offers provides|enjoyable pleasant|charming delightful|touching moving|sad unhappy|weak feeble
script screenplay|scary frightening|terrible horrible|brilliant superb|excellent outstanding|kids children|man guy|house home
ending finale|cheap inexpensive|silly foolish|entire whole|major big|famous renowned|difficult hard|speaks talks|watch see
looks seems|makes creates|city town|work job|small little|angry furious|quiet calm|dark gloomy|violent brutal|fresh new
simple plain|wonderful marvellous|lacks misses|hardly barely|company firm|stocks shares|price cost|rise climb|fell dropped
died perished|killed murdered|attack assault|war conflict|leader chief|said stated|announced declared|won triumphed|game match
team squad|player athlete|smart bright|engaging absorbing|original novel|comic comical|thrilling exciting|creepy eerie
menace threat|vivid graphic|tired weary|clear obvious|sincere honest|slick glossy|slow sluggish|lively spirited|love adore
hate detest|complex intricate|deep profound|warm affectionate|predictable foreseeable|odd peculiar|solid firm|romantic amorous
witty clever|subtle delicate|bold daring|bleak grim|compelling convincing|stupid dumb|fun enjoyment"""


def pairs(table: str) -> list[tuple[str, str]]:
    rows = [pair.split() for pair in table.replace("\n", "|").split("|")]
    return [(before, after) for before, after in rows]


def swapped(text: str, before: str, after: str) -> Candidate:
    words = Words(text)
    index = next(i for i in range(len(words)) if words[i] == before)
    new = words.replace(index, after, "test")
    return Candidate(str(new), "test", new)


def test_opposites_are_refused_and_equals_let_through() -> None:
    missed = [pair for pair in pairs(OPPOSITE) if GUARD.compatible(*pair)]
    refused = [pair for pair in pairs(EQUAL) if not GUARD.compatible(*pair)]
    assert (len(pairs(OPPOSITE)), len(pairs(EQUAL))) == (71, 112)
    assert len(missed) <= 3, missed
    assert len(refused) <= 1, refused


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("it completely loses its creepy menace", "loses", "recovers"),
        ("a solidly decent film", "solidly", "hardly"),
        ("a powerful piece", "powerful", "terrible"),
        ("never go here", "never", "always"),
        ("a happy end", "happy", "UNHAPPY"),
    ],
)
def test_what_people_read_as_the_opposite_is_refused(text: str, before: str, after: str) -> None:
    assert not GUARD.allows(Words(text), swapped(text, before, after))
    assert not GUARD.allows(Words(text), Candidate(text.replace(before, after)))


def test_a_slip_of_the_finger_is_no_opposite() -> None:
    assert GUARD.compatible("never", "nevr")
    assert GUARD.compatible("good", "goood")


def test_a_rewritten_sentence_keeps_its_negations() -> None:
    text = Words("I do not like it.")
    assert GUARD.allows(text, Candidate("I don't like it."))
    assert not GUARD.allows(text, Candidate("I do like it."))
    assert not GUARD.allows(Words("I like it."), Candidate("I like it not."))


def test_valence_is_read_for_the_form_or_its_lemma() -> None:
    assert (valence("wonderful"), valence("dreadful"), valence("table")) == (1, -1, 0)
    assert valence("lover") * valence("hating") < 0


def test_strict_guards_words_and_leaves_characters_alone() -> None:
    assert "VADER" in dict(build("pwws", Options("strict")).parameters)["constraints"]
    assert "VADER" not in dict(build("deepwordbug", Options("strict")).parameters)["constraints"]
    assert "VADER" not in dict(build("pwws").parameters)["constraints"]
    assert "polarity" in [rule.name for rule in profile("strict").apply((), "sentence")]
