"""The parser as a helper: trees of a real pipeline, one text at a time, and what is said where there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from robustness.cli import main
from robustness.errors import UsageError
from robustness.helpers.parser import ParserBackend, check_parser, load_parser

TEXTS = ["The dog bites the man.", "", "It 's  spaced .", "a \ud800 lone surrogate", "The plot is thin, but the cast is great."]


def test_a_tree_depends_on_no_other_text() -> None:
    parser = load_parser(None)
    together = ParserBackend(parser).compute(TEXTS)
    assert list(together) == [ParserBackend(parser).compute([text])[0] for text in TEXTS]
    assert together[1] == together[3] == ()
    assert [node.dep for node in together[0]][:3] == ["det", "nsubj", "ROOT"]
    assert all(text[n.start : n.end] == n.text for text, tree in zip(TEXTS, together, strict=True) for n in tree)
    assert {"pipeline", "weights", "spacy"} <= parser.identity.keys()


@pytest.mark.parametrize("spec", ["en_core_web_none", "no/such/folder", "a b", ""])
def test_a_pipeline_that_is_not_there_is_named_before_anything_is_loaded(spec: str) -> None:
    with pytest.raises(UsageError, match="--parser expects an installed spaCy pipeline or a folder"):
        check_parser(spec)


def test_without_spacy_the_recipe_ends_with_advice_and_not_with_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    monkeypatch.setattr("robustness.helpers.parser.find_spec", lambda name: None)
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\na dull film,negative\na great film,positive\n", encoding="utf-8")
    code = main(
        ["audit", "--victim", "scripted:keyword", "--data", str(rows), "--recipes", "paraphrase", "--out", str(tmp_path / "run")]
    )
    said = " ".join(capsys.readouterr().err.split())
    assert code == 2
    assert "robustness-suite[paraphrase]" in said
    assert "paraphrase-rules" in said
    assert not (tmp_path / "run").exists()
