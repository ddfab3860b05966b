"""The language model behind ``--fluency``: what it says of a text, and what the recipe does with it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from robustness import audit
from robustness.errors import UsageError, VictimError
from robustness.helpers.fluency import load_fluency

PAIRS = [
    ("The plot is thin, but the cast is great.", "The plot thin is, but great the cast is."),
    ("It is a film that is both bleak and honest.", "It is a film what are both bleak and honest."),
    ("He told us a story about the war.", "He said us a story on to the war."),
]


@pytest.mark.parametrize("spec", [None, "gpt", "hf:", "demo"])
def test_a_name_that_is_no_model_is_refused_with_advice(spec: str | None) -> None:
    with pytest.raises(UsageError, match="--fluency expects a causal language model as hf:PATH_OR_NAME, got"):
        load_fluency(spec)


@pytest.mark.slow
def test_a_real_decoder_prefers_english_and_reads_each_text_alone(smollm2: Path) -> None:
    model = load_fluency(f"hf:{smollm2}", device="cpu", offline=True)
    texts = [text for pair in PAIRS for text in pair]
    scores = model.score(texts)
    assert all(good > bad for good, bad in zip(scores[::2], scores[1::2], strict=True))
    assert all(score < 0 for score in scores)
    assert model.score(texts[::-1]) == scores[::-1]
    assert model.score(["", "a \ud800 b", "word " * 3000])[:2] == [-math.inf, -math.inf]


@pytest.mark.slow
def test_an_audit_asks_what_the_decoder_finds_natural_and_says_who_judged(smollm2: Path, tmp_path: Path) -> None:
    reviews = [("a dull , silly and honest film that the director ruins with a very long ending .", "negative")]
    how: dict[str, Any] = {"recipes": "paraphrase", "budget": 8, "offline": True}
    plain = audit("demo", reviews, out=tmp_path / "plain", **how)
    judged = audit("demo", reviews, out=tmp_path / "judged", fluency=f"hf:{smollm2}", **how)
    assert "not judged" in plain.manifest.recipes[0]["parameters"]["fluency"]
    assert "ranked by a language model" in judged.manifest.recipes[0]["parameters"]["fluency"]
    (before,), (after,) = plain.outcomes, judged.outcomes
    assert after.attempted
    assert after.rejected > before.rejected


def test_a_folder_that_holds_no_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(VictimError):
        load_fluency(f"hf:{tmp_path}", device="cpu", offline=True)
