"""Paths that a policy file names are relative to that file, wherever the command is run from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.gate.policy import AuditDefaults

_WORDS = ("none", "builtin", "glove", "nltk", "apertium", "minilm")


def anchored(audit: AuditDefaults, folder: Path) -> AuditDefaults:
    """``[audit]`` of a file in ``folder`` as it reads from the working folder; unchanged where the two are the same.

    What may be a name as well as a path (a checkpoint, a module, a named resource) is a path where there is one.
    """
    if folder.resolve() == Path.cwd().resolve():
        return audit
    changed: dict[str, object] = {
        key: moved(folder, value) for key, moved in _MOVED.items() if isinstance(value := getattr(audit, key), str)
    }
    if audit.resource is not None:
        changed["resource"] = [_resource(folder, each) for each in audit.resource]
    return audit.model_copy(update=changed)


def _file(folder: Path, path: str) -> str:
    return path if path.startswith(("hub:", "demo:")) or path in _WORDS else str(folder / path)


def _checkpoint(folder: Path, spec: str) -> str:
    """``hf:PATH``, ``hf:THERE,BACK``, ``hf:PATH#LABEL``; a name of a hub is left alone."""
    if not spec.startswith("hf:"):
        return spec
    parts = (part.partition("#") for part in spec.removeprefix("hf:").split(","))
    return "hf:" + ",".join(f"{_if_there(folder, path)}{mark}{label}" for path, mark, label in parts)


def _victim(folder: Path, spec: str) -> str:
    kind, _, rest = spec.partition(":")
    if kind == "predictions":
        return f"predictions:{_file(folder, rest)}"
    if kind == "http":
        return spec if rest.startswith(("example:", "//")) else f"http:{folder / rest}"
    if kind != "python":
        return _checkpoint(folder, spec)
    module, _, name = rest.rpartition(":")
    file = module if module.endswith(".py") else f"{module}.py"
    return f"python:{folder / file}:{name}" if (folder / file).is_file() else spec


def _prompt(folder: Path, spec: str) -> str:
    """FILE.toml, ``@FILE`` or ``python:``; a shipped prompt's name and a text are left alone."""
    if spec.startswith("@"):
        return f"@{folder / spec[1:]}"
    if spec.startswith("python:"):
        return _victim(folder, spec)
    return str(folder / spec) if spec.endswith(".toml") else spec


def _resource(folder: Path, given: str) -> str:
    name, mark, value = given.partition("=")
    return f"{name}{mark}{_if_there(folder, value)}"


def _if_there(folder: Path, path: str) -> str:
    return str(folder / path) if path and (path.startswith(".") or (folder / path).exists()) else path


_MOVED: Mapping[str, Callable[[Path, str], str]] = {
    "victim": _victim,
    "prompt": _prompt,
    **dict.fromkeys(("data", "trained_on", "cache", "out", "prices", "vectors", "lexicon"), _file),
    **dict.fromkeys(("encoder", "rewriter", "masked_lm", "fluency"), _checkpoint),
    "parser": lambda folder, spec: _if_there(folder, spec),
}
