"""How large batches get: on a processor as ever, on a GPU by its memory, and less where that does not suffice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from robustness.engine.backends import VictimBackend
from robustness.engine.engine import IN_FLIGHT, MANY_IN_FLIGHT, Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.victims.base import BATCH_OVERHEAD, BATCH_TOKENS
from robustness.victims.transformers.classifier import load_huggingface
from robustness.victims.transformers.fast.memory import COPIES, LAUNCH_OVERHEAD, MOST_TOKENS, room, within

torch = pytest.importorskip("torch")
Build = Callable[..., Path]
WORDS = "the film is a warm and funny story not bad at all".split()
TEXTS = [(" ".join((WORDS * 4)[n % 7 : n % 7 + 1 + n % 31]) + f" {n}",) for n in range(400)]
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


def test_tokens_are_a_power_of_two_between_a_processors_and_what_pays() -> None:
    assert [within(tokens) for tokens in (1.0, 3000.0, 40_000.0, 1e9)] == [BATCH_TOKENS, BATCH_TOKENS, 32_768, MOST_TOKENS]


def test_a_processor_is_not_measured(build: Build) -> None:
    assert room(lambda _: pytest.fail("asked"), lambda _: pytest.fail("measured"), 1, "cpu") == (BATCH_TOKENS, BATCH_OVERHEAD)
    victim = load_huggingface(str(build("bert")), device="cpu")
    assert victim.info.batch_tokens == BATCH_TOKENS


def test_half_of_a_cards_memory_holds_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    for name, answer in (
        ("reset_peak_memory_stats", None),
        ("memory_allocated", 10**9),
        ("max_memory_allocated", 10**9 + 4 * COPIES * 20 * 50_000),  # 50,000 bytes a token
        ("get_device_properties", SimpleNamespace(total_memory=4 * 10**9)),
    ):
        monkeypatch.setattr(torch.cuda, name, lambda _device, answer=answer: answer)
    found = room(lambda probe: asked.append(len(probe)), lambda probe: [20] * len(probe), 1, "cuda:0")
    assert asked == [4 * COPIES]
    assert found == (32_768, LAUNCH_OVERHEAD)  # 40,000 would fit


def test_more_searches_wait_where_batches_are_larger() -> None:
    class Backend:
        row_quantum, length_quantum, mixed_lengths, padding_cost, batch_tokens = 0, 1, (0, 0), 1.0, BATCH_TOKENS

    usual: Any = Backend()
    assert Engine(Oracles({"victim": Oracle(usual)})).in_flight == IN_FLIGHT
    usual.batch_tokens *= 2
    assert Engine(Oracles({"victim": Oracle(usual)})).in_flight == MANY_IN_FLIGHT
    assert Engine(Oracles({"victim": Oracle(usual)}), in_flight=3).in_flight == 3


def answers(victim: Any, **options: int) -> tuple[np.ndarray, Oracle[Any, Any]]:
    oracle: Oracle[Any, Any] = Oracle(VictimBackend(victim), batch_tokens=options.get("batch_tokens"))
    oracle.submit(1, TEXTS)
    while not (ready := oracle.pump()):
        pass
    ((_, found),) = ready
    assert isinstance(found, list)
    return np.array([one.scores for one in found]), oracle


@on_gpu
def test_on_a_gpu_scores_are_those_of_the_processor_to_rounding(build: Build) -> None:
    folder = str(build("bert"))
    gpu, processor = (load_huggingface(folder, device=device) for device in ("cuda", "cpu"))
    assert gpu.info.batch_tokens > BATCH_TOKENS
    assert not gpu.info.deterministic
    whole, oracle = answers(gpu)
    assert oracle.usage.batches < 4
    for found in (answers(gpu, batch_tokens=64)[0], answers(processor)[0]):
        np.testing.assert_allclose(found, whole, atol=2e-5)


@on_gpu
def test_on_a_gpu_without_room_batches_get_smaller(build: Build) -> None:
    victim = load_huggingface(str(build("bert")), device="cuda")
    whole, _ = answers(victim)
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_allocated() + (8 << 20)) / total)
    try:
        found, oracle = answers(victim)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert oracle.usage.batches > 1
    assert oracle.usage.rescued == 0
    np.testing.assert_allclose(found, whole, atol=2e-5)
