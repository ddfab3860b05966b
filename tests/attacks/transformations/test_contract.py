"""What every technique of the catalogue keeps, on any text there can be."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

import attacks.transformations
from attacks.search import Candidate
from attacks.transformations import transformations
from attacks.transformations.base import SEVERITIES, Paraphrase, PositionEdit, Transformation, WordSwap, spliced
from attacks.words import Words

ALL = transformations()
SWAPPERS = [t for t in ALL if isinstance(t, WordSwap)]
PARAPHRASERS = [t for t in ALL if isinstance(t, Paraphrase)]
POSITION_EDITS = [t for t in ALL if isinstance(t, PositionEdit)]

_WORDS = (
    "the their receive don’t I'm do not It is Mary Mary's John London 35 2 007 12345678901234567890 3.5 modern clever U+FE0F "
    "naïve e\u0301te\u0301 שלום مرحبا 你好 हिन्दी ❤️ 👩‍👩‍👧 🇬🇧 a\u200bb x\by \u202dq\u202c \ud800 ß İ ﬁn co\u00adop "
    "can't O'Neil aa -- . , !? …"
).split(" ")
ODD = st.text(st.characters(exclude_categories=()), max_size=30)
SENTENCES = st.lists(st.sampled_from(_WORDS), max_size=14).flatmap(
    lambda words: st.sampled_from([" ", "  ", "\n", " \t"]).map(lambda gap: gap.join(words))
)
TEXTS = st.one_of(SENTENCES, ODD, st.tuples(SENTENCES, ODD).map(" ".join), st.sampled_from(["", " ", "\t\n", "a", "."]))
SEEDS = st.integers(0, 2**32)
each = pytest.mark.parametrize("technique", ALL, ids=lambda t: str(t.name))
examples = settings(max_examples=40, deadline=None)


def applied(candidate: Candidate, text: str) -> str:
    parts, at = [], 0
    for edit in candidate.edits(text):
        assert edit.start >= at
        assert text[edit.start : edit.end] == edit.before
        assert candidate.text[edit.new_start : edit.new_end] == edit.after
        assert edit.before != edit.after
        assert edit.technique == candidate.technique
        parts += [text[at : edit.start], edit.after]
        at = edit.end
    return "".join([*parts, text[at:]])


def check(candidates: Sequence[Candidate], text: str, technique: Transformation) -> None:
    texts = [candidate.text for candidate in candidates]
    assert text not in texts
    assert len(set(texts)) == len(texts)
    for candidate in candidates:
        assert candidate.technique == technique.name or technique.name in (
            "rule-paraphrase",
            "framing",
        )  # names its rules
        assert applied(candidate, text) == candidate.text
        assert candidate.words is None or (str(candidate.words) == candidate.text and candidate.words.original == text)


@each
@examples
@given(text=TEXTS, severity=st.sampled_from(SEVERITIES), seed=SEEDS)
def test_a_sample_is_a_changed_text_with_exact_edits(technique: Transformation, text: str, severity: int, seed: int) -> None:
    found = technique.sample(text, severity, Random(seed))
    if found is not None:
        check([found], text, technique)
        assert found.severity == severity
    assert technique.sample(text, severity, Random(seed)) == found


def touched(technique: Transformation, candidate: Candidate | None, text: str) -> int:
    if candidate is None:
        return 0
    if technique.name == "rule-paraphrase":  # later rules may rewrite what earlier ones made, so its rules are counted
        return candidate.technique.count("+") + 1
    words = candidate.words
    if words is None:
        return int(Levenshtein.distance(text, candidate.text))
    return len(words.changed) + sum(words.gap(i) != Words(text).gap(i) for i in range(len(words) + 1))


@each
@examples
@given(text=SENTENCES, seed=SEEDS)
def test_a_higher_severity_touches_no_less(technique: Transformation, text: str, seed: int) -> None:
    counts = [touched(technique, technique.sample(text, severity, Random(seed)), text) for severity in SEVERITIES]
    assert counts == sorted(counts)


@each
def test_a_severity_that_does_not_exist_is_refused(technique: Transformation) -> None:
    for severity in (0, 6, -1):
        with pytest.raises(ValueError, match="severity must be one of"):
            technique.sample("I do not believe that Mary paid 35 pounds in London.", severity, Random(0))


@pytest.mark.parametrize("technique", SWAPPERS, ids=lambda t: str(t.name))
@examples
@given(text=TEXTS, seed=SEEDS)
def test_swaps_are_distinct_and_never_the_word(technique: WordSwap, text: str, seed: int) -> None:
    words = Words(text)
    for index in range(len(words)):
        options = technique.swaps(words, index, Random(seed))
        assert words[index] not in options
        assert len(set(options)) == len(options)
        assert list(technique.swaps(words, index, Random(seed))) == list(options)
        assert list(technique.swaps(words.replace(index, ""), index, Random(seed))) == []


@pytest.mark.parametrize("technique", PARAPHRASERS, ids=lambda t: str(t.name))
@examples
@given(text=TEXTS, seed=SEEDS)
def test_variants_are_distinct_changed_texts(technique: Paraphrase, text: str, seed: int) -> None:
    found = technique.variants(text, Random(seed))
    check(found, text, technique)
    assert list(technique.variants(text, Random(seed))) == list(found)


@pytest.mark.parametrize("technique", POSITION_EDITS, ids=lambda t: str(t.name))
@examples
@given(text=TEXTS, seed=SEEDS, data=st.data())
def test_a_position_edit_changes_a_text_at_each_of_its_positions(
    technique: PositionEdit, text: str, seed: int, data: st.DataObject
) -> None:
    positions = list(technique.positions(text))
    assert positions == sorted(set(positions))
    for position in positions:
        start, end, new = technique.replacement(text, position, Random(seed))
        assert start == position
        check([Candidate(text[:start] + new + text[end:], technique.name)], text, technique)
    chosen = data.draw(st.lists(st.sampled_from(positions), min_size=1, max_size=5, unique=True)) if positions else []
    many = spliced(text, [technique.replacement(text, position, Random(seed)) for position in sorted(chosen)])
    if chosen:
        check([Candidate(many, technique.name)], text, technique)
    else:
        assert many == text


def test_the_catalogue_is_sorted_named_once_and_cited() -> None:
    names = [technique.name for technique in ALL]
    assert names == sorted(set(names))
    assert {"bidi-reorder", "keyboard-typo", "word-order"} <= set(names)
    for technique in ALL:
        assert technique.level in ("character", "word", "sentence")
        assert technique.languages
        assert technique.description.endswith((".", "s"))
        assert technique.citation.text
        assert technique.citation.url.startswith("https://")
    assert {t.name for t in POSITION_EDITS} == {
        "bidi-reorder",
        "deletion-character",
        "homoglyph",
        "invisible-character",
        "visual-character",
    }


def test_every_file_of_techniques_is_in_the_catalogue() -> None:
    optional = {"base", "catalogue", "synonyms", "embedding"}  # the last two draw on resources that a user may choose
    for file in pkgutil.iter_modules(attacks.transformations.__path__):
        if file.name in optional or file.name.startswith("paraphrase"):
            continue
        module = importlib.import_module(f"attacks.transformations.{file.name}")
        classes = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
        techniques = [c for c in classes if hasattr(c, "sample")]
        assert all(any(type(known) is technique for known in ALL) for technique in techniques), file.name
