"""Fine-tuning: what it reads, that it helps, that a kill changes nothing, and that plain transformers loads what it made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file

import attacks.recipes.registry as recipes
from attacks.recipes import Options
from robustness.data.overlaps import key_of
from robustness.errors import DataError, UsageError
from robustness.harden.adversarial import adversarial
from robustness.harden.classifier import Classifier
from robustness.harden.noise import noise_of
from robustness.harden.rows import Row, Rows, split
from robustness.harden.training import Trained, Trainer, Training, augmented, perturbed_last
from tests.robustness.harden.conftest import LABELS, rows_of

SLIPS = noise_of(recipes.resolve("deepwordbug", Options()), share=0.9, seed=3)


class Quiet:
    """Hears nothing."""

    def begun(self, steps: int, done: int) -> None:
        """Nothing."""

    def step(self, loss: float) -> None:
        """Nothing."""

    def epoch(self, epoch: object) -> None:
        """Nothing."""


def data(count: int = 200) -> Rows:
    rows = [Row((text,), LABELS.index(label)) for text, label in rows_of(count, 2)]
    return split(rows, [], 0)


def train(checkpoint: Path, folder: Path, method: str = "augment", **how: Any) -> tuple[Classifier, Trained]:
    victim = Classifier(str(checkpoint), offline=True)
    perturb = adversarial(SLIPS) if method == "adversarial" else augmented(SLIPS)
    settings = Training(method=method, **{"epochs": 2, "rate": 2e-3, "batch": 16, **how})
    return victim, Trainer(victim, data(), SLIPS, settings, folder, perturb).run(Quiet())


def noisy(victim: Classifier) -> float:
    rows = [Row((text,), LABELS.index(label)) for text, label in rows_of(200, 9)]
    return victim.accuracy([Row(perturbed_last(row.inputs, SLIPS, 7, always=True), row.label) for row in rows])


@pytest.mark.parametrize("method", ["augment", "adversarial"])
def test_training_on_noise_makes_noise_hurt_less(checkpoint: Path, tmp_path: Path, method: str) -> None:
    before = noisy(Classifier(str(checkpoint), offline=True))
    victim, found = train(checkpoint, tmp_path, method)
    assert noisy(victim) > before
    assert found.kept in {epoch.number for epoch in found.epochs}
    assert found.forwards > 2 * 180


def test_plain_transformers_loads_what_was_made(checkpoint: Path, tmp_path: Path) -> None:
    victim, _ = train(checkpoint, tmp_path / "training", epochs=1)
    victim.save(tmp_path / "model")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "model", local_files_only=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model", local_files_only=True)
    text = "this film is wonderful and charming"
    with torch.inference_mode():
        plain = model.eval()(**tokenizer([text], return_tensors="pt")).logits
        ours = victim.logits([(text,)])
    assert torch.allclose(plain, ours, atol=1e-5)
    assert tuple(model.config.id2label.values()) == LABELS
    assert not list((tmp_path / "model").glob("*.bin"))


CODE = """
import sys
from pathlib import Path
import robustness.harden.training as training
training.SAVE_SECONDS = 0.0
from tests.robustness.harden.test_training import train
train(Path(sys.argv[1]), Path(sys.argv[2]))
print("ended before it was killed")
"""


def kill_midway(checkpoint: Path, folder: Path) -> None:
    """Train in a process of its own, and kill it soon after it first saved where it stands."""
    root, state = Path(__file__).resolve().parents[3], folder / "training.safetensors"
    args = [sys.executable, "-c", CODE, str(checkpoint), str(folder)]
    with subprocess.Popen(args, cwd=root, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 300
        while not state.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        said = process.stdout.read() if process.stdout else b""
    assert state.exists()
    assert said == b""


def test_a_training_that_was_killed_ends_in_the_same_weights(checkpoint: Path, tmp_path: Path) -> None:
    whole, _ = train(checkpoint, tmp_path / "whole")
    kill_midway(checkpoint, tmp_path / "killed")
    again, _ = train(checkpoint, tmp_path / "killed")
    one, other, base = whole.model.state_dict(), again.model.state_dict(), load_file(checkpoint / "model.safetensors")
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not all(torch.equal(one[name], base[name]) for name in base)


def test_a_training_of_other_settings_is_not_gone_on_with(checkpoint: Path, tmp_path: Path) -> None:
    train(checkpoint, tmp_path, epochs=1)
    with pytest.raises(UsageError, match="holds a training with other data, settings or weights"):
        train(checkpoint, tmp_path, epochs=1, seed=1)


def test_it_stops_where_nothing_gets_better(checkpoint: Path, tmp_path: Path) -> None:
    _, found = train(checkpoint, tmp_path, epochs=8, rate=1e-9, patience=1)
    assert len(found.epochs) == 2
    assert found.kept == 1


def test_frozen_layers_and_embeddings_stay_as_they_are(checkpoint: Path, tmp_path: Path) -> None:
    victim, _ = train(checkpoint, tmp_path, epochs=1, freeze=1)
    base = load_file(checkpoint / "model.safetensors")
    moved = {name for name, weight in victim.model.named_parameters() if not torch.equal(weight, base[name])}
    assert moved
    assert not [name for name in moved if "embeddings" in name or "layer.0." in name]
    with pytest.raises(UsageError, match="--epochs must be at least 1"):
        Training(epochs=0)


def test_what_is_audited_is_not_trained_on() -> None:
    rows = [Row((text,), LABELS.index(label)) for text, label in rows_of(60, 2)]
    audited = [(rows[0].inputs[0].upper() + " !!",), (rows[1].inputs[0].replace("a", "\u0430"),)]
    found = split(rows, audited, 0)
    assert found.leaked == 2
    assert not {key_of(row.inputs) for row in (*found.fit, *found.held_out)} & {key_of(one) for one in audited}
    assert not {key_of(row.inputs) for row in found.fit} & {key_of(row.inputs) for row in found.held_out}
    with pytest.raises(DataError, match="60 of 60 rows are in the evaluation data too"):
        split(rows, [row.inputs for row in rows], 0)


def test_a_text_is_perturbed_anew_in_each_epoch_and_alike_in_each_run() -> None:
    texts = [text for text, _ in rows_of(20, 4)]
    first, again, second = ([SLIPS.applied(text, epoch) for text in texts] for epoch in (0, 0, 1))
    assert first == again != second
    assert {"character-swap", "keyboard-typo"} <= set(SLIPS.names)


def test_recipes_that_change_no_text_cannot_be_trained_on() -> None:
    with pytest.raises(UsageError, match="change no words or letters"):
        noise_of(recipes.resolve("input-reduction", Options()), share=0.5, seed=0)
