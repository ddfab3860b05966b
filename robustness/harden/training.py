"""Fine-tunes a classifier on texts perturbed anew in every epoch; stops early; goes on after a kill as if there were none.

Everything random follows from the seed and the place: what a text becomes from the seed, the epoch and the text, the order of
the rows from the seed and the epoch, which units drop out from the seed and the step. So a state holds no generator, and a
training that goes on from one ends, with as many threads, in the same weights to the last bit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Protocol

from attacks.search import Input
from robustness.errors import UsageError
from robustness.harden.classifier import Classifier
from robustness.harden.noise import Noise
from robustness.harden.rows import Row, Rows
from robustness.harden.state import BEST, Epoch, State, load, save, write_tensors

SAVE_SECONDS = 60.0
CHUNK = 20
"""Batches of similar length are formed within this many batches' worth of rows, so that little is padded."""
HELD_OUT_EPOCH = -1
"""The epoch whose noise perturbs the rows that are kept out: the same each time."""


@dataclass(frozen=True, slots=True)
class Training:
    """How to fine-tune.

    ``rate``: peak of the learning rate, reached after a tenth of the steps, falling to zero. ``batch``: rows a step. ``share``:
    of the texts that are perturbed. ``patience``: epochs without a better score before it stops. ``freeze``: lower layers that
    stay as they are, with the embeddings.
    """

    method: str = "augment"
    epochs: int = 3
    rate: float = 5e-5
    batch: int = 32
    share: float = 0.75
    patience: int = 2
    freeze: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("patience", 1), ("freeze", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"--{name} must be at least {least}, got {getattr(self, name)}")
        if not 0 < self.rate < 1:
            raise UsageError(f"--rate must lie between 0 and 1, such as 5e-5, got {self.rate}")
        if not 0 < self.share <= 1:
            raise UsageError(f"--share must be above 0 and at most 1, got {self.share}")


class Listener(Protocol):
    """Hears how a training goes."""

    def begun(self, steps: int, done: int) -> None:
        """It begins, or goes on, with this many batches of all done."""

    def step(self, loss: float) -> None:
        """One batch was learnt."""

    def epoch(self, epoch: Epoch) -> None:
        """One pass ended."""


Worse = Callable[[Classifier, Sequence[Row], int], list[Input]]
"""Makes of the rows of a batch, in an epoch, the texts that are learnt."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it: every epoch, the number of the one that is kept, and what it cost."""

    epochs: tuple[Epoch, ...]
    kept: int
    seconds: float
    forwards: int


class Trainer:
    """One training, from nothing or from where its state in ``folder`` stands."""

    def __init__(self, victim: Classifier, rows: Rows, noise: Noise, how: Training, folder: Path, perturb: Worse) -> None:
        self.victim, self.rows, self.noise, self.how, self.folder = victim, rows, noise, how, folder
        self._perturb = perturb
        victim.freeze(how.freeze)
        self._weights = victim.trainable()
        if not self._weights:
            raise UsageError(f"--freeze {how.freeze} leaves no layer that learns; give a smaller number")
        self._each = -(-len(rows.fit) // how.batch)
        self._optimizer = _optimizer(self._weights, how)
        self._state = State(fingerprint(victim, rows, noise, how))
        self._since = 0.0

    def run(self, listener: Listener) -> Trained:
        """Train to the end; the victim then holds the weights of the best epoch."""
        self._resume()
        steps = self.how.epochs * self._each
        listener.begun(steps, self._state.step)
        self._since = saved = time.monotonic()
        while self._state.step < steps and not self._stopped():
            number = self._state.step // self._each
            batches = self._batches(number)
            for rows in batches[self._state.step - number * self._each :]:
                listener.step(self._step(rows, number))
                if time.monotonic() - saved > SAVE_SECONDS:
                    self._save()
                    saved = time.monotonic()
            self._ended(number + 1)
            listener.epoch(self._state.epochs[-1])
            saved = time.monotonic()
        self._keep_best()
        state = self._timed()
        return Trained(state.epochs, state.best, state.seconds, state.forwards)

    def _resume(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        found = load(self.folder, self._state.fingerprint)
        if found is None:
            return
        import torch

        self._state, weights, moments = found
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(weights[name])
                if name in moments:
                    self._optimizer.state[weight] = dict(moments[name])
        if self._state.step and self._state.step % self._each == 0 and len(self._state.epochs) < self._state.step // self._each:
            self._ended(self._state.step // self._each)  # killed between the last batch of an epoch and its measurement

    def _step(self, rows: Sequence[Row], number: int) -> float:
        import torch

        torch.manual_seed(_seed(self.how.seed, self._state.step))
        texts = self._perturb(self.victim, rows, number)
        self.victim.model.train()
        labels = torch.tensor([row.label for row in rows], device=self.victim.device)
        loss = torch.nn.functional.cross_entropy(self.victim.logits(texts), labels)
        for group in self._optimizer.param_groups:
            group["lr"] = self.how.rate * rate_at(self._state.step, self.how.epochs * self._each)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(list(self._weights.values()), 1.0)
        self._optimizer.step()
        found, (total, count) = float(loss.detach()), self._state.losses
        state = replace(self._state, step=self._state.step + 1, losses=(total + found, count + 1))
        self._state = replace(state, forwards=state.forwards + len(rows))
        return found

    def _batches(self, epoch: int) -> list[list[Row]]:
        """The rows of an epoch in random order, each batch of similar length."""
        rng, order, size = Random(f"{self.how.seed}|order|{epoch}"), list(self.rows.fit), self.how.batch
        rng.shuffle(order)
        made: list[list[Row]] = []
        for start in range(0, len(order), size * CHUNK):
            chunk = sorted(order[start : start + size * CHUNK], key=lambda row: sum(map(len, row.inputs)))
            made += [chunk[i : i + size] for i in range(0, len(chunk), size)]
        rng.shuffle(made)
        return made

    def _ended(self, number: int) -> None:
        """Measure the epoch, keep its weights if they are the best so far, and save."""
        total, count = self._state.losses
        found = self.measured(number, total / max(1, count))
        epochs = (*self._state.epochs, found)
        best = max(epochs, key=lambda epoch: (epoch.score, -epoch.number)).number
        spent = self._state.forwards + 2 * len(self.rows.held_out)
        self._state = replace(self._state, epochs=epochs, losses=(0.0, 0), best=best, forwards=spent)
        if best == number:
            write_tensors(self.folder / BEST, {name: w.detach().cpu().contiguous() for name, w in self._weights.items()})
        self._save()

    def measured(self, number: int, loss: float | None) -> Epoch:
        """Accuracy on the rows kept out, as they are and perturbed, the same way each time."""
        held = self.rows.held_out
        noisy = [Row(perturbed_last(row.inputs, self.noise, HELD_OUT_EPOCH, always=True), row.label) for row in held]
        return Epoch(number, loss, self.victim.accuracy(held), self.victim.accuracy(noisy))

    def _stopped(self) -> bool:
        state = self._state
        return bool(state.epochs) and state.epochs[-1].number - state.best >= self.how.patience

    def _keep_best(self) -> None:
        import torch
        from safetensors.torch import load_file

        kept = load_file(self.folder / BEST)
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(kept[name])
        self.victim.model.eval()

    def _timed(self) -> State:
        now = time.monotonic()
        self._state = replace(self._state, seconds=self._state.seconds + now - self._since)
        self._since = now
        return self._state

    def _save(self) -> None:
        moments = {name: self._optimizer.state[weight] for name, weight in self._weights.items()}
        save(self.folder, self._timed(), self._weights, moments)


def perturbed_last(inputs: Input, noise: Noise, epoch: int, *, always: bool = False) -> Input:
    """An input whose last text is read as the noise has it in an epoch."""
    text = inputs[-1]
    found = noise.perturbed(text, Random(f"{noise.seed}|{epoch}|{text}")) if always else noise.applied(text, epoch)
    return (*inputs[:-1], found)


def augmented(noise: Noise) -> Worse:
    """Texts perturbed at random."""
    return lambda _victim, rows, epoch: [perturbed_last(row.inputs, noise, epoch) for row in rows]


def fingerprint(victim: Classifier, rows: Rows, noise: Noise, how: Training) -> str:
    """What decides the weights that come out, as a digest."""
    said = {"how": asdict(how), "noise": noise.names, "rows": rows.digest, "victim": victim.pins}
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _optimizer(weights: dict[str, Any], how: Training) -> Any:
    import torch

    decayed = [w for w in weights.values() if w.ndim > 1]
    others = [w for w in weights.values() if w.ndim <= 1]
    groups = [{"params": part, "weight_decay": decay} for part, decay in ((decayed, 0.01), (others, 0.0)) if part]
    return torch.optim.AdamW(groups, lr=how.rate)


def rate_at(step: int, steps: int) -> float:
    """The learning rate at a step, as a share of its peak: rising for a tenth of all steps, falling to zero."""
    warm = max(1, steps // 10)
    return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))


def _seed(seed: int, step: int) -> int:
    return int.from_bytes(sha256(f"{seed}|{step}".encode()).digest()[:7], "big")
