"""``--prompt`` as a file, a shipped name or a callable: which it is, and the prompt behind it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from robustness.errors import UsageError
from robustness.victims.prompts.prompt import LoadedPrompt

CODE = "python:"


def is_prompt(spec: str | None) -> bool:
    """Whether ``--prompt`` names a prompt of this kind; else it is a text with places in braces, or ``@FILE`` with one."""
    return spec is not None and (spec.endswith(".toml") or spec.startswith(CODE) or spec in shipped())


def shipped() -> tuple[str, ...]:
    """The names of the prompts that come with the suite."""
    folder = resources.files("robustness.victims.prompts").joinpath("shipped")
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


def load_prompt(
    spec: str, *, task: str | None = None, labels: Sequence[str] | None = None, fields: Sequence[str] | None = None, seed: int = 0
) -> LoadedPrompt:
    """The prompt behind ``--prompt``: FILE.toml, the name of a shipped one, or ``python:MODULE:FUNCTION``.

    ``task``: what the victim is asked, None for what the prompt says. ``labels``: ``NAME`` or ``NAME=WORDS``, as in ``--labels``;
    None for those of the prompt. ``fields``: of the data, in their order; None for those that the prompt names. ``seed``: of the
    examples that it shows.

    Raises:
        UsageError: the file or the callable cannot be used; it names the key, what was expected and what came.
        DataError: the file of examples cannot be read.
    """
    raise UsageError(f"not yet: {Path(spec).name}")
