"""Rules that need no model: what may be touched, what a candidate may look like."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.constraints import (
    Constraint,
    MaxEditDistance,
    MaxWordsChanged,
    MinWordCosine,
    MinWordLength,
    NoRepeat,
    NotAntonym,
    PartOfSpeech,
    StopWords,
    constraints,
)
from attacks.language.lexicon import BuiltinLexicon
from attacks.search import Candidate
from attacks.transformations.words.synonyms import Synonym
from attacks.words import Words

TEXT = "The plot was not good, and the actors looked bored."


def edited(text: str, **changes: str) -> Candidate:
    """The text with words replaced, by their original form."""
    words = Words(text)
    index = {words[i]: i for i in range(len(words))}
    new = words.replace_many({index[before]: after for before, after in changes.items()}, "test")
    return Candidate(str(new), "test", new)


def bare(candidate: Candidate) -> Candidate:
    """The same text without its word view, as a whole-sentence rewrite would come."""
    return Candidate(candidate.text, candidate.technique)


def test_stop_words_are_not_touched() -> None:
    words = Words(TEXT)
    free = [words[i] for i in range(len(words)) if StopWords().allows_word(words, i)]
    assert free == ["plot", "good", "actors", "looked", "bored"]


@pytest.mark.parametrize("view", [lambda c: c, bare])
def test_a_replaced_stop_word_is_refused_however_the_candidate_came(view: Callable[[Candidate], Candidate]) -> None:
    rule = StopWords()
    assert rule.allows(Words(TEXT), view(edited(TEXT, plot="story")))
    assert not rule.allows(Words(TEXT), view(edited(TEXT, **{"not": "hardly"})))


def test_stop_words_know_both_apostrophes_and_extra_words() -> None:
    words = Words("I don’t like Batman")
    assert not StopWords().allows_word(words, 1)
    assert StopWords().allows_word(words, 3)
    assert not StopWords(extra=frozenset({"batman"})).allows_word(words, 3)


def test_function_words_that_weigh_may_be_misspelt_and_never_exchanged() -> None:
    """ "Nothing" with a slip is read as "nothing"; another word in its place says something else."""
    words = Words("the film never says nothing, and it is not the end")
    allowed = {words[i] for i in range(len(words)) if StopWords(spelling=True).allows_word(words, i)}
    assert {"never", "nothing", "film"} <= allowed
    assert not allowed & {"the", "and", "it", "is", "not"}
    assert not StopWords().allows_word(words, 2)
    assert not StopWords(extra=frozenset({"never"}), spelling=True).allows_word(words, 2)
    assert "may be misspelt" in StopWords(spelling=True).describe()
    plain, open_class = (Synonym(BuiltinLexicon(), open_class=only) for only in (False, True))
    other = Words("however good")
    assert plain.swaps(other, 0, Random(0)), "the lexicon has something for this one, or the next line shows nothing"
    assert not open_class.swaps(other, 0, Random(0))
    assert open_class.swaps(other, 1, Random(0))


def test_stop_words_of_an_unknown_language_are_an_error() -> None:
    with pytest.raises(ValueError, match="no stop words for language 'tlh'"):
        StopWords("tlh")


def test_a_word_changed_once_is_not_changed_again() -> None:
    words = Words("a fine film").replace(1, "good")
    assert [NoRepeat().allows_word(words, i) for i in range(3)] == [True, False, True]


def test_short_words_are_not_touched() -> None:
    rule = MinWordLength(5)
    words = Words("dull actors")
    assert [rule.allows_word(words, i) for i in range(2)] == [False, True]
    assert not rule.allows(words, edited("dull actors", dull="boring"))
    assert rule.allows(words, edited("dull actors", actors="players"))


def test_the_share_of_words_changed_is_bound() -> None:
    rule = MaxWordsChanged(0.2)
    ten = "one two three four five six seven eight nine ten"
    two, three = edited(ten, one="1", two="2"), edited(ten, one="1", two="2", three="3")
    for view in (two, bare(two)):
        assert rule.allows(Words(ten), view)
    for view in (three, bare(three)):
        assert not rule.allows(Words(ten), view)
    assert two.words is not None
    assert [rule.allows_word(two.words, i) for i in range(4)] == [True, True, False, False]


def test_one_word_of_a_short_text_may_always_change_unless_told_otherwise() -> None:
    assert MaxWordsChanged(0.2).allows(Words("dull film"), edited("dull film", dull="boring"))
    assert not MaxWordsChanged(0.2, at_least=0).allows(Words("dull film"), edited("dull film", dull="boring"))


def test_a_share_is_not_lost_to_rounding() -> None:
    assert MaxWordsChanged(0.3).limit(10) == 3
    assert MaxWordsChanged(0.29).limit(100) == 29


def test_inserted_words_count_as_changed() -> None:
    rule = MaxWordsChanged(0.25)
    assert rule.allows(Words("a dull old film"), Candidate("a very dull old film"))
    assert not rule.allows(Words("a dull old film"), Candidate("a very very dull old film"))


def test_edit_distance_is_bound_per_text_and_per_word() -> None:
    two_typos = edited("dull film", dull="dulll", film="flim")
    assert MaxEditDistance(3).allows(Words("dull film"), two_typos)
    assert not MaxEditDistance(2).allows(Words("dull film"), two_typos)
    assert MaxEditDistance(2, per="word").allows(Words("dull film"), two_typos)
    assert not MaxEditDistance(1, per="word").allows(Words("dull film"), two_typos)


def test_a_replacement_shares_a_part_of_speech() -> None:
    rule = PartOfSpeech()
    assert rule.compatible("movies", "films")
    assert not rule.compatible("boring", "movie")
    assert not rule.compatible("quickly", "movie")
    assert not rule.compatible("The", "movie")


def test_unknown_forms_are_left_to_other_rules() -> None:
    assert PartOfSpeech().compatible("movie", "mvoie")
    assert PartOfSpeech().compatible("Xanadu", "movie")


def test_verbs_may_stand_for_nouns_if_asked() -> None:
    assert not PartOfSpeech().compatible("actors", "went")
    assert PartOfSpeech(verb_noun_swap=True).compatible("actors", "went")
    assert not PartOfSpeech(verb_noun_swap=True).compatible("boredom", "happily")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("good", "bad"),
        ("Good", "BAD"),
        ("best", "worst"),
        ("rise", "falling"),
        ("hot", "cold"),
        ("great", "awful"),
        ("boring", "gripping"),
    ],
)
def test_antonyms_are_refused_in_any_form(before: str, after: str) -> None:
    assert not NotAntonym(BuiltinLexicon()).compatible(before, after)


def test_synonyms_are_not_taken_for_antonyms() -> None:
    rule = NotAntonym(BuiltinLexicon())
    assert rule.compatible("movies", "films")
    assert rule.compatible("terrible", "awful")
    assert rule.compatible("good", "good")


class TwoWords:
    """A vector space of two words."""

    name = "two-words"

    def nearest(self, word: str, n: int) -> tuple[tuple[str, float], ...]:
        """The other word."""
        return {"film": (("movie", 0.9), ("actor", 0.4)), "actor": (("film", 0.4),), "movie": (("film", 0.9),)}.get(word, ())[:n]


def test_a_replacement_is_a_near_neighbour() -> None:
    rule = MinWordCosine(TwoWords(), 0.5)
    assert rule.compatible("Film", "Movie")
    assert not rule.compatible("film", "actor")
    assert not rule.compatible("movie", "actor")
    assert rule.compatible("film", "flim")
    assert rule.compatible("flim", "film")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaxWordsChanged(0), "above 0"),
        (lambda: MaxWordsChanged(20), "not above 1"),
        (lambda: MaxWordsChanged(0.2, at_least=-1), "negative"),
        (lambda: MaxEditDistance(0), "positive"),
        (lambda: MaxEditDistance(3, per="line"), "'text' or 'word'"),
        (lambda: MinWordLength(0), "positive"),
        (lambda: MinWordCosine(TwoWords(), 2), "between 0 and 1"),
        (lambda: MinWordCosine(TwoWords(), 0.5, n=0), "positive"),
    ],
)
def test_bad_arguments_fail_in_the_constructor(make: Callable[[], Constraint], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


ALL = constraints(neighbours=TwoWords())


@pytest.mark.parametrize("rule", ALL, ids=lambda c: c.name)
def test_every_constraint_names_describes_and_prints_itself(rule: Constraint) -> None:
    assert rule.name == rule.name.lower()
    assert rule.describe()
    assert repr(rule).startswith(type(rule).__name__ + "(")
    assert len({c.name for c in ALL}) == len(ALL)


@given(text=st.text(max_size=60), other=st.text(max_size=60), data=st.data())
@settings(deadline=None, max_examples=60)
def test_no_rule_raises_on_any_text(text: str, other: str, data: st.DataObject) -> None:
    words = Words(text)
    for rule in ALL:
        assert rule.allows(words, Candidate(text, words=words))
        assert rule.allows(words, Candidate(other)) in (True, False)
        if len(words):
            index = data.draw(st.integers(0, len(words) - 1))
            assert rule.allows_word(words, index) in (True, False)
            new = words.replace(index, other)
            assert rule.allows(words, Candidate(str(new), words=new)) in (True, False)
