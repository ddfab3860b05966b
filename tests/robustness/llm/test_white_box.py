"""SmolLM2 in transformers, out of the same file that llama.cpp serves: equal tokens, gradients, suffixes, both fields."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustness import audit
from robustness.victims import load_victim
from tests.robustness.llm.honest import check_honest, flags

pytestmark = [pytest.mark.llm, pytest.mark.timeout(900)]
HERE: dict[str, Any] = {"encoder": "none", "offline": True}
TEXTS = (
    "What is the capital of France?",
    "a wonderful , moving film\n\n\tand 123,456 more",
    "naïve café – “quoted” 你好 🙂 terr\u200bible",
    "<|im_start|>user\nIs this movie review positive or negative?<|im_end|>\n",
)


@pytest.fixture(scope="module")
def victim(smollm2: Path) -> Iterator[Any]:
    found = load_victim(f"hf:{smollm2}", prompt="sentiment-a", offline=True)
    yield found
    found.close()


@pytest.mark.parametrize("text", TEXTS)
def test_the_tokens_are_those_of_llama_cpp(text: str, llama: str, smollm2: Path) -> None:
    from transformers import AutoTokenizer

    body = json.dumps({"content": text, "add_special": False, "parse_special": True}).encode()
    request = urllib.request.Request(f"{llama}/tokenize", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        served = json.loads(reply.read())["tokens"]
    assert AutoTokenizer.from_pretrained(smollm2)(text, add_special_tokens=False)["input_ids"] == served


def test_both_ways_to_it_agree_on_the_label(victim: Any, llama: str, reviews: list[tuple[str, str]]) -> None:
    """The server computes with four bits and adds up spellings; what it is sure of, the checkpoint says as well."""
    server = load_victim(f"openai:{llama}#smollm2", prompt="sentiment-a", max_new_tokens=1)
    inputs = [(victim.info.supplied[0][1], text) for text, _ in reviews]
    here, there = np.asarray(victim.predict(inputs)), np.asarray(server.predict(inputs))
    server.close()
    sure = np.abs(there[:, 1] - 0.5) > 0.25
    assert sure.any()
    assert (here.argmax(axis=1) == there.argmax(axis=1))[sure].mean() >= 0.8
    assert np.corrcoef(here[:, 1], there[:, 1])[0, 1] > 0.8


def test_gradients_flow_to_every_word_of_the_text(victim: Any) -> None:
    text = "a dull and empty film"
    (found,) = victim.token_gradients([(victim.info.supplied[0][1], text)], [0])
    assert np.isfinite(found.gradient).all()
    inside = [n for n, place in enumerate(found.places) if place is not None and place[0] == 1]
    assert {text[found.places[n][1] : found.places[n][2]].strip() for n in inside} == set(text.split())
    assert (np.linalg.norm(found.gradient[inside], axis=1) > 0).all()


def test_the_gradient_suffix_takes_a_step(victim: Any, tmp_path: Path) -> None:
    rows = [("a dull , empty and endless mess", "negative"), ("a warm , wonderful film", "positive")]
    run = audit(victim, rows, recipes="gcg", budget=20, field="input", out=tmp_path / "run", **HERE)
    check_honest(run)
    attacked = [o for o in run.outcomes if o.status != "skipped"]
    assert attacked
    for o in attacked:
        assert o.attempted > 0
        assert o.perturbed is not None
        assert o.perturbed.startswith(o.texts["input"])


@pytest.mark.parametrize("field", ["input", "instruction"])
def test_sentiment_is_audited_by_either_field(field: str, victim: Any, reviews: list[tuple[str, str]], tmp_path: Path) -> None:
    run = audit(victim, reviews[:6], recipes="deepwordbug", budget=6, field=field, out=tmp_path / "run", **HERE)
    check_honest(run)
    assert {o.field for o in run.outcomes} == {field}
    assert "label-bias" in flags(run)
