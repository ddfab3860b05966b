"""Recipes that need gradients or a masked language model, end to end on tiny checkpoints; refused where the run lacks either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from robustness import audit
from robustness.errors import UsageError

ROWS = [
    ("the film is a warm and funny story about two brothers", "good"),
    ("not bad at all and the music is great", "bad"),
    ("the plot is thin but the actors are wonderful", "fair"),
    ("it fails as a comedy and as a drama", "bad"),
]


@pytest.fixture(scope="module")
def masker(build: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    base = build("bert")
    torch.manual_seed(1)
    out = tmp_path_factory.mktemp("mlm")
    transformers.BertForMaskedLM(transformers.BertConfig.from_pretrained(base)).save_pretrained(out)
    transformers.AutoTokenizer.from_pretrained(base).save_pretrained(out)
    return f"hf:{out}"


@pytest.mark.parametrize("recipe", ["hotflip", "a2t", "bae", "bert-attack", "input-reduction"])
def test_it_runs_and_depends_neither_on_batches_nor_on_flight(build: Any, masker: str, recipe: str, tmp_path: Path) -> None:
    rows = [(text, label) for text, _ in ROWS for label in ("bad", "fair", "good")]
    needs: dict[str, Any] = {"masked_lm": masker} if recipe in ("bae", "bert-attack") else {}
    runs = [
        audit(
            f"hf:{build('bert')}",
            rows,
            recipes=recipe,
            out=tmp_path / str(n),
            budget=60,
            **needs,
            in_flight=n,
            batch_tokens=64 * n,
        )
        for n in (1, 64)
    ]
    lines = [sorted((run.path / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()) for run in runs]
    assert lines[0] == lines[1]
    assert any('"status":"succeeded"' in line or '"status":"failed"' in line for line in lines[0])
    assert not any('"status":"error"' in line for line in lines[0])


def test_a_victim_without_gradients_is_refused() -> None:
    with pytest.raises(UsageError, match="hotflip needs gradients, which the victim 'scripted:keyword' does not give"):
        audit("scripted:keyword", [("a good film", "positive")], recipes="hotflip", encoder="none")


def test_a_run_without_a_masked_language_model_is_refused(build: Any) -> None:
    with pytest.raises(UsageError, match="bert-attack needs a masked language model: masked_lm="):
        audit(f"hf:{build('bert')}", ROWS, recipes="bert-attack")
