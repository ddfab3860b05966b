"""Word forms."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.language.morphology import inflect, lemmas, like_case, readings, tags, word_classes


def test_a_form_has_its_lemmas_and_classes() -> None:
    assert lemmas("Movies") == {"movies", "movie"}
    assert "good" in lemmas("better")
    assert word_classes("RUNNING") == {"NOUN", "VERB"}
    assert word_classes("flim") == frozenset()


@pytest.mark.parametrize(
    ("word", "lemma", "pos", "found"),
    [
        ("movies", "movie", "NOUN", ("NNS",)),
        ("walked", "walk", "VERB", ("VBD",)),
        ("put", "put", "VERB", ("VB",)),
        ("are", "be", "VERB", ("VB",)),
        ("best", "good", "ADJ", ("JJS",)),
    ],
)
def test_a_form_has_its_tags(word: str, lemma: str, pos: str, found: tuple[str, ...]) -> None:
    assert tags(word, lemma, pos) == found


@pytest.mark.parametrize(
    ("lemma", "pos", "tag", "form"),
    [
        ("film", "NOUN", "NNS", "films"),
        ("go", "VERB", "VBN", "gone"),
        ("walk", "VERB", "VBN", "walked"),
        ("glad", "ADJ", "JJR", "gladder"),
        ("tedious", "ADJ", "JJR", "more tedious"),
        ("tedious", "ADJ", "JJS", "most tedious"),
        ("easily", "ADV", "RBR", "more easily"),
        ("good", "ADV", "RBR", None),
        ("grokk", "VERB", "VBZ", "grokks"),
        ("film", "NOUN", "NN", "film"),
    ],
)
def test_a_lemma_takes_the_form_of_a_tag(lemma: str, pos: str, tag: str, form: str | None) -> None:
    assert inflect(lemma, pos, tag) == form


@pytest.mark.parametrize(
    ("word", "model", "cased"),
    [("film", "Movie", "Film"), ("film", "MOVIE", "FILM"), ("film", "movie", "film"), ("film", "I", "Film")],
)
def test_letter_case_follows_the_model(word: str, model: str, cased: str) -> None:
    assert like_case(word, model) == cased


@given(st.text(max_size=20), st.text(max_size=20))
@settings(deadline=None, max_examples=100)
def test_any_text_has_readings_and_case(word: str, model: str) -> None:
    for pos, lemma in readings(word):
        assert pos
        assert lemma
    assert like_case(word, model).lower() == word.lower() or not word.isascii()


def test_looking_up_a_form_imports_no_spacy_and_leaves_it_to_be_imported() -> None:
    """The dictionary would import it wherever it is installed, which takes longer than all its own tables."""
    pytest.importorskip("spacy")
    code = """
import sys
from attacks.language.morphology import lemmas
assert "movie" in lemmas("movies")
assert "spacy" not in sys.modules
import spacy
"""
    subprocess.run([sys.executable, "-c", code], check=True)
