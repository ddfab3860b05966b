"""Where a training stands, in one safetensors file that is replaced in one step: a kill leaves the last one whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from robustness.errors import UsageError

STATE, BEST = "training.safetensors", "best.safetensors"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What a pass gave: mean loss, and accuracy on the rows kept out, as they are and perturbed."""

    number: int
    loss: float | None
    clean: float
    noisy: float

    @property
    def score(self) -> float:
        """What the best epoch is chosen by."""
        return (self.clean + self.noisy) / 2


@dataclass(frozen=True, slots=True)
class State:
    """Where a training stands. ``step``: batches done in all; ``losses``: sum and count of those of this epoch.

    ``fingerprint``: what was asked, so that nothing else is gone on with. ``seconds`` and ``forwards``: spent so far.
    """

    fingerprint: str
    step: int = 0
    epochs: tuple[Epoch, ...] = ()
    losses: tuple[float, int] = (0.0, 0)
    seconds: float = 0.0
    forwards: int = 0
    best: int = field(default=-1)


def save(folder: Path, state: State, weights: Mapping[str, Any], moments: Mapping[str, Any]) -> None:
    """Write the state with the weights that learn, and the optimizer's moments of each."""
    tensors = {f"weight.{name}": value.detach().cpu().contiguous() for name, value in weights.items()}
    for name, kept in moments.items():
        tensors |= {f"moment.{key}.{name}": value.detach().cpu().contiguous().clone() for key, value in kept.items()}
    write_tensors(folder / STATE, tensors, {"state": json.dumps(asdict(state))})


def load(folder: Path, fingerprint: str) -> tuple[State, dict[str, Any], dict[str, dict[str, Any]]] | None:
    """The state, the weights and the moments by name; None where nothing was begun.

    Raises:
        UsageError: what was begun there is another training.
    """
    file = folder / STATE
    if not file.exists():
        return None
    from safetensors import safe_open

    weights: dict[str, Any] = {}
    moments: dict[str, dict[str, Any]] = {}
    with safe_open(file, framework="pt") as stored:
        found = json.loads(stored.metadata()["state"])
        for key in stored.keys():  # noqa: SIM118 - it is no mapping
            kind, _, name = key.partition(".")
            if kind == "weight":
                weights[name] = stored.get_tensor(key)
            else:
                which, _, name = name.partition(".")
                moments.setdefault(name, {})[which] = stored.get_tensor(key)
    state = State(**{**found, "epochs": tuple(Epoch(**e) for e in found["epochs"]), "losses": tuple(found["losses"])})
    if state.fingerprint != fingerprint:
        raise UsageError(
            f"{folder} holds a training with other data, settings or weights; name another --out, or repeat the first command"
        )
    return state, weights, moments


def write_tensors(file: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file beside the old one, put it on disk, and move it into place."""
    from safetensors.torch import save_file

    from reports.files.atomic import TEMPORARY, sync_folder

    temporary = file.with_name(file.name + TEMPORARY)
    save_file(dict(tensors), temporary, metadata=dict(metadata or {}))
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    temporary.replace(file)
    sync_folder(file.parent)
