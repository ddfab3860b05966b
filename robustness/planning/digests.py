"""Pins what a run draws on besides its victim and its data: SHA-256 of the user's own files and of the checkpoints used."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.victims.transformers.checkpoints import file_digest

if TYPE_CHECKING:
    from attacks.language.resources import Resources

Pin = Mapping[str, str]


def word_pins(resources: Resources | None) -> dict[str, Pin]:
    """The user's word vectors, lexicon and ``--resource`` choices, by name; what is shipped is left out."""
    if resources is None:
        return {}
    chosen: dict[str, object] = {"vectors": resources.neighbours, "lexicon": resources.lexicon}
    chosen |= {f"resource {name}": value for name, value in resources.named.items()}
    return {name: _pin(value) for name, value in sorted(chosen.items()) if value is not None}


def model_pins(models: Mapping[str, Any]) -> dict[str, Pin]:
    """The checkpoints used, by role."""
    return {role: dict(model.identity) for role, model in models.items() if model is not None}


def _pin(value: object) -> Pin:
    if isinstance(value, str):
        return _path_pin(value)
    name = str(getattr(value, "name", type(value).__name__))
    return {"name": name, **getattr(value, "identity", {})}


def _path_pin(value: str) -> Pin:
    """A file by its content, a folder by its files; a choice that is not a path, such as ``none``, by its word."""
    path = Path(value).expanduser()
    if path.is_file():
        return {"name": path.name, "sha256": file_digest(path)}
    return {"name": path.name, "sha256": _folder_digest(path)} if path.is_dir() else {"name": value}


def _folder_digest(folder: Path) -> str:
    total = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def without_names(pins: Mapping[str, Pin]) -> dict[str, Pin]:
    """As two runs must share them: by content, wherever there is a hash, and by name only where there is none."""
    return {
        role: {part: value for part, value in pin.items() if part != "name"} if len(pin) > 1 else pin
        for role, pin in pins.items()
    }
