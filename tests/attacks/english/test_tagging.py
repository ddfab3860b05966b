"""Who decides parts of speech: spaCy where it is installed, else the built-in tagger; the run names which."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from attacks import tagging
from attacks.recipes import Options, build
from attacks.tagging import installed, tokenised
from attacks.transformations.paraphrase.contractions import Contraction


def test_tokens_are_cut_as_in_the_treebank_and_give_the_text_back() -> None:
    text = "I'd say they don't, can't and WON'T: “it’s” O'Neil's co-op , is n't it ?"
    tokens = tokenised(text)
    assert [t.text for t in tokens][:7] == ["I", "'d", "say", "they", "do", "n't", ","]
    assert [t.text for t in tokens][-4:] == ["is", "n't", "it", "?"]
    assert all(text[t.start : t.end] == t.text for t in tokens)
    assert [t.text for t in tokens if t.glued][:2] == ["'d", "n't"]


TAGS = {
    "I 'd seen it": {"'d": "VBD", "seen": "VBN"},
    "I 'd see it": {"'d": "MD", "see": "VB"},
    "they will run": {"run": "VB"},
    "they have watched it": {"watched": "VBN"},
    "she watched it": {"watched": "VBD"},
    "the long watch ended": {"watch": "NN"},
    "he is watching": {"watching": "VBG"},
    "a quick run": {"run": "NN"},
    "to run": {"run": "VB"},
    "dogs run": {"run": "VBP"},
    "the film 's end": {"'s": "POS"},
    "it 's over": {"'s": "VBZ"},
}


@pytest.mark.parametrize("text", TAGS)
def test_the_builtin_tagger_reads_a_word_by_what_stands_around_it(text: str) -> None:
    tokens = tuple(text.split())
    found = dict(zip(tokens, tagging.tagger("builtin").tag(tokens), strict=True))
    assert found | TAGS[text] == found


class _Model:
    vocab = None

    def __call__(self, doc: Any) -> Any:
        return [SimpleNamespace(tag_={"have": "VBP", "a": "DT"}.get(word, "VBN")) for word in doc.words]


@pytest.fixture
def spacy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """spaCy as it looks from here: every word it does not know is a participle."""
    loaded: list[str] = []

    def load(name: str, exclude: Any = ()) -> _Model:
        loaded.append(name)
        return _Model()

    fake, tokens = ModuleType("spacy"), ModuleType("spacy.tokens")
    fake.load, tokens.Doc = load, lambda vocab, words: SimpleNamespace(words=words)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spacy", fake)
    monkeypatch.setitem(sys.modules, "spacy.tokens", tokens)
    monkeypatch.setattr(installed, "find_spec", lambda name: True if name in ("spacy", "en_core_web_sm") else None)
    monkeypatch.setattr("importlib.metadata.version", lambda name: {"spacy": "3.8.1"}.get(name, "3.8.0"))
    caches = (installed.pipeline_name, tagging.tagger, tagging.tagged)
    for cached in caches:
        cached.cache_clear()
    yield loaded
    for cached in caches:
        cached.cache_clear()


def test_spacy_decides_where_it_is_installed_and_the_recipe_names_it(spacy: list[str]) -> None:
    assert dict(build("checklist").parameters)["tagger"] == "spacy 3.8.1, en_core_web_sm 3.8.0"
    assert dict(build("checklist", Options(tagger="builtin")).parameters)["tagger"] == "builtin"
    assert dict(build("natural:expansion").parameters)["tagger"].startswith("spacy")
    assert spacy == []  # naming loads nothing
    assert [c.text for c in Contraction().variants("I have zqxed it", Random(0))] == ["I've zqxed it"]
    assert spacy == ["en_core_web_sm"]


def test_without_spacy_the_builtin_tagger_decides_and_spacy_by_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging.installed, "pipeline_name", lambda: None)
    tagging.tagger.cache_clear()
    try:
        assert dict(build("paraphrase-rules").parameters)["tagger"] == "builtin"
        with pytest.raises(ValueError, match="the tagger spacy needs spaCy and one of its English pipelines: pip install"):
            Options(tagger="spacy")
        with pytest.raises(ValueError, match="tagger must be one of auto, builtin, spacy, got 'nltk'"):
            Options(tagger="nltk")
    finally:
        tagging.tagger.cache_clear()
