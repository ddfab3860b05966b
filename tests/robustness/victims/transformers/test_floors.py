"""The bare forms that audits are held against give the model's answers; a command sees a score that depends on its batch."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[4]
TEXTS = ["the film is a warm and funny story", "not bad at all", "a dull and awful mess of a film", "funny"]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: import_module(f"bench.{name}")


def test_every_form_of_a_classifier_gives_the_answers_of_the_plain_one(build: Any, bench: Callable[[str], Any]) -> None:
    from transformers import AutoTokenizer

    floors, path = bench("floors"), str(build("bert"))
    (columns,) = floors.padded(AutoTokenizer.from_pretrained(path), TEXTS, 4)
    asks = {form: floors.asking(form, path, columns, head=True, threads=1) for form in floors.FORMS}
    missing = {form for form, ask in asks.items() if ask is None}
    assert missing == (set() if find_spec("onnxruntime") and find_spec("onnx") else {"onnxruntime"})
    plain = np.asarray(asks["plain"](columns))
    for form in asks.keys() - missing:
        assert np.allclose(np.asarray(asks[form](columns)), plain, rtol=1e-4, atol=1e-5), form


def test_an_encoder_has_no_form_that_reads_the_first_token_alone(build: Any, bench: Callable[[str], Any]) -> None:
    from transformers import AutoTokenizer

    floors, path = bench("floors"), str(build("bert", base=True))
    (columns,) = floors.padded(AutoTokenizer.from_pretrained(path), TEXTS, 4)
    assert floors.asking("plain, first token", path, columns, head=False, threads=1) is None


def test_a_score_that_depends_on_its_batch_is_seen(bench: Callable[[str], Any]) -> None:
    class Victim:
        def __init__(self, steady: bool) -> None:
            self.steady = steady

        def predict(self, inputs: Any) -> Any:
            scores = np.array([[len(text), 10.0] for (text,) in inputs])
            return scores if self.steady else scores + len(inputs) * 1e-9

    measured, texts = bench("independence").measured, [("a" * n,) for n in range(1, 20)]
    assert measured(Victim(True), texts, 8)["differ"] == 0
    found = measured(Victim(False), texts, 8)
    assert (found["differ"], found["labels"]) == (19, 0)
    assert 0 < found["largest"] < 1e-7
