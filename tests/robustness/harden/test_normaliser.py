"""The normaliser undoes disguises, keeps what is no disguise, is its own normal form, and knows where everything came from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.transformations.base import PositionEdit, spliced
from attacks.transformations.characters.bidi import BidiReorder
from attacks.transformations.characters.deletion import DeletionCharacter
from attacks.transformations.characters.homoglyphs import Homoglyph
from attacks.transformations.characters.invisible import InvisibleCharacter
from robustness.errors import UsageError
from robustness.harden import Normaliser
from robustness.harden.kept import export, identity_of, normaliser_of, save
from robustness.harden.normaliser import STEPS, chosen

CHARACTERS, ALL = Normaliser(), Normaliser("all")
SENTENCE = "The director's third film, shown in Cannes (2002), is a warm and funny story about 12 brothers!"
DISGUISED = st.text(
    st.sampled_from(
        "abel ofilmwrd01@$ \n\t\r\b\u200b\u200d\u202e\u202d\u202c\u2066\u2069\u0430\u0435\u043e\u0438\u0301\u0337\uff41\ufb01"
    )
    | st.characters(),
    max_size=40,
)


@pytest.mark.parametrize("edit", [InvisibleCharacter(), Homoglyph(), BidiReorder(), DeletionCharacter()], ids=lambda e: e.name)
def test_bad_characters_are_undone_wherever_they_stand(edit: PositionEdit) -> None:
    rng = Random(5)
    for _ in range(60):
        places = sorted(rng.sample(list(edit.positions(SENTENCE)), 3))
        hidden = spliced(SENTENCE, [edit.replacement(SENTENCE, at, rng) for at in places])
        assert hidden != SENTENCE
        assert CHARACTERS(hidden) == SENTENCE


@pytest.mark.parametrize(
    "text",
    [
        "Zoë’s naïve café in São Paulo — 100 %, œuvre, Łódź",
        "это хороший фильм, а он нет",
        "να ένα ωραίο φιλμ",
        "İstanbul'da ısı güzel",
        "👨\u200d👩\u200d👧 and ❤\ufe0f and 1\ufe0f\u20e3",
        "می\u200cخواهم",
        "क्\u200dष",
        "한국어 日本語 中文",
    ],
)
def test_what_is_no_disguise_stays(text: str) -> None:
    assert CHARACTERS(text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("c00l, h0rr1bl3 but M0VIE", "cool, horrible but MOVIE"),
        ("this flim is wonderfl", "this film is wonderful"),
        ("it is a hor rible film", "it is a horrible film"),
        ("it is an \u1ea1wfu\u0142 film", "it is an awful film"),
    ],
)
def test_words_that_were_disguised_are_read_as_known_ones(text: str, plain: str) -> None:
    assert ALL(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Spielbrg and Kubrik of the Wachowskii films",
        "it is a film, see http://flim.exmaple.com/moive or www.flim.com",
        "mail it to flim@moive.org, @flim #moive",
        "it has the code mp3, h264, B2B, 2nd, covid19, 4k and v1.0",
        "the file is in C:\\flim or /usr/moive, with {flim} and <moive>",
        "ein shcöner Film ist das nicht, aber gut gemahct",
        "the film isnt it, it's",
    ],
)
def test_names_numbers_addresses_and_other_languages_are_left_alone(text: str) -> None:
    assert ALL(text) == text


def test_words_of_the_domain_are_known_and_written_first() -> None:
    assert Normaliser("spelling", ["laddish"])("it is so laddish and ladish") == "it is so laddish and laddish"


@settings(max_examples=300, deadline=None)
@given(DISGUISED, st.sampled_from([CHARACTERS, ALL]))
def test_a_normalised_text_is_its_own_normal_form(text: str, normaliser: Normaliser) -> None:
    once = normaliser(text)
    assert normaliser(once) == once


@settings(max_examples=300, deadline=None)
@given(DISGUISED)
def test_every_stretch_leads_back_into_the_original(text: str) -> None:
    found = CHARACTERS.mapped(text)
    assert len(found.starts) == len(found.ends) == len(found.text)
    for at, character in enumerate(found.text):
        start, end = found.span(at, at + 1)
        assert 0 <= start < end <= len(text)
        if end - start == 1 and text[start].isascii() and text[start].isalnum():
            assert character == text[start] or not text.isascii()
    assert found.span(0, 0)[0] <= len(text)


def test_offsets_of_a_disguised_entity_lead_back_to_it() -> None:
    text = "he met Ann\u200ba Sm\u0456th in Pa\bris"
    found = CHARACTERS.mapped(text)
    assert found.text == "he met Anna Smith in Pris"
    at = found.text.index("Anna Smith")
    start, end = found.span(at, at + len("Anna Smith"))
    assert text[start:end] == "Ann\u200ba Sm\u0456th"


def test_an_exported_module_needs_nothing_else_and_does_the_same(tmp_path: Path) -> None:
    texts = ["a gr\u0435at fi\u200blm", "this flim is wonderfl", "ladish and laddish it is", SENTENCE]
    normaliser = Normaliser("all", [f"laddish{'abcdefghij'[n % 10] * (n // 10)}" for n in range(60)])
    export(normaliser, tmp_path / "cleaning.py")
    code = (
        "import cleaning, sys; print([cleaning.normalise(t) for t in eval(sys.argv[1])], cleaning.mapped('a\\u200bb').span(1, 2))"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}", repr(texts)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert ran.stdout.strip() == f"{[normaliser(text) for text in texts]} (2, 3)"
    assert "robustness." not in (tmp_path / "cleaning.py").read_text("utf-8").split('"""', 2)[2]


def test_settings_survive_a_file_and_stand_in_the_identity(tmp_path: Path) -> None:
    normaliser = Normaliser("spelling,invisible", ["laddish"])
    save(normaliser, tmp_path / "normaliser.json")
    again = normaliser_of(str(tmp_path / "normaliser.json"))
    assert identity_of(again) == identity_of(normaliser)
    assert identity_of(again)["normalise"] == "invisible,spelling"
    assert identity_of(Normaliser("spelling,invisible")) != identity_of(normaliser)


@pytest.mark.parametrize(
    ("spec", "content", "words"),
    [
        ("leet,speling", None, "expected steps among characters, all, bidi"),
        ("", None, "got none"),
        ("missing.json", None, "cannot be read"),
        ("n.json", "{", "is no JSON"),
        ("n.json", "[]", "was not written by"),
        ("n.json", '{"format": "robustness-normaliser", "version": "0"}', "is of version '0'"),
        ("n.json", '{"format": "robustness-normaliser", "version": "1", "steps": "all"}', "lists of strings"),
        ("n.json", '{"format": "robustness-normaliser", "version": "1", "steps": ["x"]}', "expected steps among"),
    ],
)
def test_settings_that_cannot_be_used_say_why(
    spec: str, content: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(spec).write_text(content)
    with pytest.raises(UsageError, match=words):
        normaliser_of(spec)


def test_steps_come_in_their_own_order() -> None:
    assert chosen("spelling, bidi") == ("bidi", "spelling")
    assert chosen(["all"]) == STEPS
