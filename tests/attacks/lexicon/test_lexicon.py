"""The shipped lexicon: real synonyms, in the form of the word, never its antonyms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.language.lexicon import BuiltinLexicon
from attacks.language.morphology import lemmas

ROOT = Path(__file__).resolve().parents[3]
WORDNET = Path("/usr/share/wordnet")
LEXICON = BuiltinLexicon()


@pytest.mark.parametrize(
    ("word", "synonym"),
    [
        ("movie", "film"),
        ("movies", "films"),
        ("Movies", "Films"),
        ("MOVIES", "FILMS"),
        ("boring", "tedious"),
        ("terrible", "awful"),
        ("took", "assumed"),
        ("taken", "chosen"),
        ("taking", "bringing"),
        ("children", "kids"),
        ("happiest", "gladdest"),
        ("funnier", "more amusing"),
        ("quickly", "rapidly"),
        ("well-known", "long-familiar"),
    ],
)
def test_synonyms_come_in_the_form_of_the_word(word: str, synonym: str) -> None:
    assert synonym in LEXICON.synonyms(word)


def test_the_most_frequent_sense_comes_first() -> None:
    assert LEXICON.synonyms("movies")[0] == "films"
    found = LEXICON.synonyms("films")
    assert found.index("movies") < found.index("shoots")


@pytest.mark.parametrize(
    ("word", "antonym"),
    [
        ("good", "bad"),
        ("best", "bad"),
        ("Boring", "interesting"),
        ("excellent", "mediocre"),
        ("rises", "fall"),
        ("happily", "unhappily"),
    ],
)
def test_antonyms_are_known_for_every_form_and_for_the_words_around(word: str, antonym: str) -> None:
    assert antonym in LEXICON.antonyms(word)


@pytest.mark.parametrize("word", ["", "x", "xyzzy", "don't", "12", "#", "@0", "İ", "電影", "a\tb", "\ud800"])
def test_what_is_not_known_has_neither(word: str) -> None:
    assert LEXICON.synonyms(word) == ()
    assert LEXICON.antonyms(word) == frozenset()


_COMMON = """good bad great awful film story actor people make take long short high low fast slow early late love hate begin end
open close man woman day night rise fall right wrong young old new hot cold big small win lose buy sell true false"""


@pytest.mark.parametrize("word", _COMMON.split())
def test_an_antonym_is_never_offered_as_a_synonym(word: str) -> None:
    for form in (word, word + "s", word.title()):
        antonyms = LEXICON.antonyms(form)
        offered = LEXICON.synonyms(form)
        assert form not in offered
        assert len(set(offered)) == len(offered)
        for synonym in offered:
            assert synonym.lower() not in antonyms


def test_antonyms_would_have_been_offered_without_the_filter() -> None:
    from attacks.language.lexicon import inflected_synonyms

    def groups(lemma: str) -> list[tuple[str, tuple[str, ...]]]:
        return [("ADJ", ("bad", "fine"))] if lemma == "good" else []

    assert inflected_synonyms("good", groups, frozenset()) == ("bad", "fine")
    assert inflected_synonyms("good", groups, LEXICON.antonyms("good")) == ("fine",)


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=100)
def test_any_text_can_be_looked_up(word: str) -> None:
    assert word not in LEXICON.synonyms(word)
    assert isinstance(LEXICON.antonyms(word), frozenset)
    assert word.lower() in lemmas(word)


def test_lexicons_are_equal_values() -> None:
    assert BuiltinLexicon() == BuiltinLexicon()
    assert len({BuiltinLexicon(), BuiltinLexicon()}) == 1


@pytest.mark.slow
@pytest.mark.skipif(not (WORDNET / "data.noun").is_file(), reason="needs WordNet 3.0 (Debian: wordnet-base)")
def test_the_shipped_file_is_what_the_script_builds() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "build_lexicon.py"), str(WORDNET), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "lexicon.tsv.gz: as built\n")


def test_a_folder_without_wordnet_is_an_error_that_says_so(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "build_lexicon.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "is not a WordNet dict folder: it lacks data.noun" in done.stderr
