"""``--resource NAME=VALUE``."""

from __future__ import annotations

from pathlib import Path

import pytest

from attacks.language.vectors import BuiltinNeighbours, VectorNeighbours
from robustness.cli import main
from robustness.errors import UsageError
from robustness.helpers.named_resources import encoder_for, named_resources


def test_pairs_become_values_and_word_vectors_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("north 0 1\neast 1 0\n", "utf-8")
    named = named_resources([f"counter-fitted={tmp_path / 'v.txt'}", "homoglyphs=a=b.txt", "google-lm=none"])
    assert isinstance(named["counter-fitted"], VectorNeighbours)
    assert (named["homoglyphs"], named["google-lm"]) == ("a=b.txt", "none")
    assert isinstance(named_resources(["counter-fitted=builtin"])["counter-fitted"], BuiltinNeighbours)
    assert named_resources([]) == {}


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["homoglyphs"], "--resource expects NAME=VALUE, got 'homoglyphs'"),
        (["homoglyphs="], "expects NAME=VALUE"),
        (["=x"], "expects NAME=VALUE"),
        (["gpt2=a", "gpt2=b"], "--resource gpt2 is given twice"),
        (["gpt3=a"], "unknown resource 'gpt3'; known: "),
        (["counter-fitted=/no/such"], "no word vectors at '/no/such'"),
    ],
)
def test_what_cannot_be_read_is_refused(pairs: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        named_resources(pairs)


def test_minilm_settles_the_encoder_of_the_run() -> None:
    assert encoder_for({"sentence-encoder": "minilm"}, None) == "minilm"
    assert encoder_for({"sentence-encoder": "minilm"}, "minilm") == "minilm"
    assert encoder_for({"sentence-encoder": "run"}, "hf:./mine") == "hf:./mine"
    assert encoder_for({}, None) is None
    with pytest.raises(UsageError, match="name two encoders"):
        encoder_for({"sentence-encoder": "minilm"}, "hf:./mine")


def test_the_command_line_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--victim", "scripted:keyword", "--resource", "gpt3=x"]) == 2
    assert "unknown resource 'gpt3'" in capsys.readouterr().err
