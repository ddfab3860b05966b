"""Answers kept between runs: exact, per model, never a failure; a second run asks the victim nothing it has answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.search import Input, Prediction
from robustness import audit
from robustness.engine.cache import FILE, Memory
from robustness.engine.oracle import Oracle
from robustness.errors import UsageError, VictimError
from robustness.victims import load_victim
from robustness.victims.base import VictimInfo

INFO = VictimInfo("v", "hf", ("a", "b"), identity=(("weights", "1"),))
YES = Prediction(1, (0.25, 0.75))
ROWS = [("a wonderful and moving film", "positive"), ("a dull and awful mess", "negative"), ("a great, warm story", "positive")]


def test_a_second_run_has_the_same_outcomes_and_no_forwards(tmp_path: Path) -> None:
    runs = [
        audit(
            "scripted:keyword",
            ROWS,
            recipes="deepwordbug,natural:keyboard-typo",
            out=tmp_path / n,
            cache=tmp_path / "kept",
            encoder="none",
        )
        for n in ("cold", "warm")
    ]
    cold, warm = ((run.path / "outcomes.jsonl").read_text(encoding="utf-8") for run in runs)
    assert cold == warm
    usage: list[Any] = [run.manifest.usage["victim"] for run in runs]
    assert usage[0]["recalled"] == 0
    assert usage[0]["forwards"] == usage[1]["recalled"] > 20
    assert usage[1]["forwards"] == usage[1]["batches"] == 0


@settings(deadline=None, max_examples=30)
@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=4).map(tuple),
    label=st.integers(0, 3),
    texts=st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=2).map(tuple),
)
def test_answers_come_back_to_the_last_bit(tmp_path_factory: Any, scores: tuple[float, ...], label: int, texts: Input) -> None:
    memory, labels = Memory(tmp_path_factory.mktemp("kept")), ("a", "b", "c", "d")
    for info, answer in (
        (replace(INFO, labels=labels[: len(scores)]), Prediction(scores.index(max(scores)), scores, b"\0read")),
        (replace(INFO, labels=labels, access="labels", identity=()), Prediction(label)),
    ):
        shelf = memory.of_victim(info)
        shelf.keep({texts: answer})
        assert shelf.recall([texts, ("another", "input", "still")]) == {texts: answer}


def test_vectors_come_back_to_the_last_bit(tmp_path: Path) -> None:
    class Encoder:
        name, identity, row_quantum, length_quantum, mixed_lengths = "e", {"weights": "1"}, 4, 4, (0, 0)
        padding_cost = 1.0

    vector = np.asarray([0.1, -1e-7, 3.0], np.float32)
    encoder: Any = Encoder()
    Memory(tmp_path).of_encoder(encoder).keep({"text": vector})
    assert np.array_equal(Memory(tmp_path).of_encoder(encoder).recall(["text"])["text"], vector)


@pytest.mark.parametrize(
    "other",
    [
        replace(INFO, identity=(("weights", "2"),)),
        replace(INFO, labels=("b", "a")),
        replace(INFO, fields=("premise",)),
        replace(INFO, row_quantum=4),
        replace(INFO, mixed_lengths=(16, 128)),
    ],
)
def test_another_victim_finds_nothing(tmp_path: Path, other: VictimInfo) -> None:
    memory = Memory(tmp_path)
    memory.of_victim(INFO).keep({("text",): YES})
    assert memory.of_victim(other).recall([("text",)]) == {}
    assert memory.of_victim(INFO).recall([("text",)]) != {}


def test_two_fields_are_not_one(tmp_path: Path) -> None:
    shelf = Memory(tmp_path).of_victim(INFO)
    shelf.keep({("a", "b"): YES})
    assert shelf.recall([("ab",), ("a\x1fb",), ('a","b',)]) == {}


def test_failures_are_not_kept(tmp_path: Path) -> None:
    class Backend:
        row_quantum, length_quantum, mixed_lengths, padding_cost = 0, 1, (0, 0), 1.0

        def lengths(self, items: Any) -> list[int]:
            return [1] * len(items)

        def compute(self, items: Any) -> list[Prediction]:
            if ("bad",) in items:
                raise VictimError("no")
            return [YES] * len(items)

    shelf = Memory(tmp_path).of_victim(INFO)
    oracle = Oracle[Any, Any](Backend(), store=shelf)
    oracle.submit(1, [("good",), ("bad",)])
    while not oracle.pump():
        pass
    assert shelf.recall([("good",), ("bad",)]) == {("good",): YES}


def test_a_victim_without_a_pinned_identity_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="robustness_identity"):
        audit(lambda texts: [0] * len(texts), ROWS, recipes="deepwordbug", cache=tmp_path, encoder="none",
              victim_options={"labels": ["negative", "positive"], "access": "labels"})  # fmt: skip


def test_a_file_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all, but long enough to look like one" * 50)
    with pytest.raises(UsageError, match=r"cannot be used .* delete it"):
        Memory(tmp_path)


def test_shipped_victims_are_pinned(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.of_victim(load_victim("scripted:keyword").info)
