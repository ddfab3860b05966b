"""Kernels follow from the processor's instructions, threads from what a container may use, and both are written down."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from robustness.engine.cache import Memory
from robustness.victims.base import VictimInfo
from robustness.victims.transformers.classifier import load_huggingface
from robustness.victims.transformers.fast import processor

Build = Callable[..., Path]
TEXTS = [("the film is a warm and funny story",), ("not bad at all",), ("a dull and awful mess of a film",), ("funny",)]


def load(folder: Path, monkeypatch: pytest.MonkeyPatch, having: str) -> Any:
    monkeypatch.setattr(processor, "instructions", lambda: having)
    return load_huggingface(str(folder), device="cpu")


def test_layers_are_packed_where_the_instructions_make_that_faster(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build("bert")
    victims = {having: load(folder, monkeypatch, having) for having in ("AVX512", "AVX2", "DEFAULT")}
    changed = {
        having: sum("forward" in vars(part) for part in victim._model.modules() if type(part) is torch.nn.Linear)
        for having, victim in victims.items()
    }
    assert changed["AVX512"] > 5
    assert changed["AVX2"] == changed["DEFAULT"] == 0
    plain, packed = (victims[having].predict(TEXTS) for having in ("AVX2", "AVX512"))
    assert np.allclose(plain, packed, rtol=1e-5, atol=1e-6)


def test_scores_have_the_same_bits_with_any_number_of_threads(build: Build) -> None:
    victim, before = load_huggingface(str(build("bert")), device="cpu"), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(victim.predict(TEXTS * 8).tobytes())
    finally:
        torch.set_num_threads(before)
    assert len(set(found)) == 1


def test_a_run_says_which_processor_it_had_and_none_where_no_model_ran() -> None:
    assert set(processor.record()) == {"name", "instructions", "kernels", "threads"}
    done = subprocess.run(
        [sys.executable, "-c", "from robustness.victims.transformers.fast import processor; print(processor.record())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "{}"


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "350000 100000"}, 3),
        ({"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}, None),
        ({"cpu.cfs_quota_us": "400000", "cpu.cfs_period_us": "100000"}, 4),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_a_quota_is_read_as_whole_cores(tmp_path: Path, files: dict[str, str], cores: int | None) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content + "\n", encoding="ascii")
    assert processor.quota((str(tmp_path / "cpu.max"), str(tmp_path / "cpu.cfs_quota_us"))) == cores


def test_threads_keep_to_the_quota_and_to_what_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        monkeypatch.setattr(processor, "quota", lambda: 2)
        monkeypatch.setenv("OMP_NUM_THREADS", "4")
        torch.set_num_threads(4)
        processor.limit_threads()
        assert torch.get_num_threads() == 4
        monkeypatch.delenv("OMP_NUM_THREADS")
        processor.limit_threads()
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        processor.limit_threads()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_answers_of_other_instructions_are_not_found_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info, memory = VictimInfo("v", "hf", ("a", "b"), identity=(("weights", "1"),)), Memory(tmp_path)
    keys = set()
    for having in ("AVX2", "AVX512", "AVX2"):
        monkeypatch.setattr(processor, "instructions", lambda having=having: having)
        keys.add(memory.of_victim(info)._key(("a text",)))
    memory.close()
    assert len(keys) == 2
