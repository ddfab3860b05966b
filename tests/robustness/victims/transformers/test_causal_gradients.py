"""The gradients of a decoder that chooses among labels are those of its own scores, and suffixes climb along them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from robustness import audit
from robustness.victims.transformers.causal import load_causal

LABELS = ["negative", "positive"]
TEXT = "a good film"


@pytest.fixture(scope="module")
def victim(decoder: Path) -> Any:
    return load_causal(str(decoder), offline=True, device="cpu", prompt="{text}", labels=LABELS)


def test_the_gradient_is_the_slope_of_minus_the_log_of_the_score(victim: Any) -> None:
    (found,) = victim.token_gradients([(TEXT,)], [1])
    parts, at, step = victim._gradients, 7, 1e-2
    layer = parts._model.get_input_embeddings()
    direction = torch.as_tensor(found.gradient[at] / np.linalg.norm(found.gradient[at]))

    def loss(moved: float) -> float:
        prompt = layer(torch.tensor([found.ids.tolist()]))
        prompt[0, at] += moved * direction
        logs = []
        for answer in parts._words:
            tail = layer(torch.tensor([list(answer)]))
            steps = parts._model(inputs_embeds=torch.cat([prompt, tail], 1)).logits[0].double().log_softmax(-1)
            logs.append(sum(float(steps[len(found.ids) - 1 + n, token]) for n, token in enumerate(answer)))
        return float(np.logaddexp.reduce(logs)) - logs[1]

    assert loss(0.0) == pytest.approx(-math.log(victim.predict([(TEXT,)])[0][1]), abs=1e-4)
    slope = (loss(step) - loss(-step)) / (2 * step)
    assert slope == pytest.approx(float(np.linalg.norm(found.gradient[at])), rel=0.05, abs=1e-5)


def test_the_places_are_those_of_the_text_inside_the_prompt(victim: Any) -> None:
    (found,) = victim.token_gradients([(TEXT,)], [1])
    places = [place for place in found.places if place is not None]
    assert [TEXT[start:end] for _, start, end in places] == list(TEXT)
    assert np.abs(found.gradient).sum() > 0
    assert len(found.places) == len(found.ids) == len(found.gradient)


def test_a_decoder_that_writes_gives_none_and_says_so_before_it_is_attacked(decoder: Path, tmp_path: Path) -> None:
    from robustness.errors import UsageError

    writer = load_causal(str(decoder), offline=True, device="cpu", max_new_tokens=10)
    assert not writer.info.gradients
    with pytest.raises(UsageError, match="gcg needs gradients"):
        audit(writer, [("capital of france?", "paris")], recipes="gcg", encoder="none", out=tmp_path / "run")


def test_suffixes_attack_a_decoder_by_its_scores(victim: Any, tmp_path: Path) -> None:
    rows = [("a good film", "positive"), ("a dull film", "negative")]
    run = audit(victim, rows, recipes="random-suffix", budget=20, encoder="none", out=tmp_path / "run")
    assert {o.status for o in run.outcomes} <= {"succeeded", "exhausted", "failed"}
    assert all(o.texts["text"] in str(o.perturbed) for o in run.outcomes if o.perturbed)
