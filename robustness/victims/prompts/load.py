"""``--prompt`` as a file, a shipped name or a callable: which it is, and the prompt behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from robustness.errors import UsageError
from robustness.victims.prompts.prompt import LoadedPrompt

CODE = "python:"
OWN = {"injection": "injection-a", "extraction": "extraction-a"}
"""The prompt of a task where the user names none: its system prompt has to reach the model as one, and not as more text."""
_ONE_WORD = re.compile(r"[\w-]+")
"""A name: as a template it would have no place for the text."""


def is_prompt(spec: str | None) -> bool:
    """Whether ``--prompt`` names a prompt of this kind; else it is a text with places in braces, or ``@FILE`` with one."""
    if spec is None:
        return False
    return spec.endswith(".toml") or spec.startswith(CODE) or _ONE_WORD.fullmatch(spec) is not None


def shipped() -> tuple[str, ...]:
    """The names of the prompts that come with the suite."""
    return tuple(sorted(one.name.removesuffix(".toml") for one in _folder().iterdir() if one.name.endswith(".toml")))


def _folder() -> Path:
    from importlib import resources

    return Path(str(resources.files("robustness.victims.prompts").joinpath("shipped")))


def refuse_local_prompt(spec: object, source: str, allowed: bool) -> None:
    """Raise ``UsageError`` where a file, not the user, names a prompt that is code and nobody allowed to run it."""
    if not allowed and isinstance(spec, str) and spec.startswith(CODE):
        raise UsageError(
            f"{source} names the prompt {spec}, which runs code of its own; to run it, repeat it as --prompt {spec}, or pass "
            "--allow-local-code"
        )


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
    if spec.startswith(CODE):
        from robustness.victims.prompts.called import load_called

        return load_called(spec, task=task, labels=labels, fields=fields)
    from robustness.victims.prompts.file import parser_of, read_prompt
    from robustness.victims.prompts.shown import Shot, draw
    from robustness.victims.prompts.verbaliser import check_words, words_of
    from robustness.victims.prompts.written import WrittenPrompt, ordered

    path = _folder() / f"{spec}.toml" if spec in shipped() else Path(spec).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        known = ", ".join(shipped())
        raise UsageError(f"cannot read the prompt {spec!r}: {problem}; expected a TOML file, or one of {known}") from problem
    file = read_prompt(spec, text, path.parent)
    meanings = dict(file.labels)
    if labels is not None:
        given = words_of(labels)
        if meanings and set(given) != set(meanings):
            raise UsageError(f"{spec}: labels: expected those of --labels ({', '.join(given)}), got {', '.join(meanings)}")
        meanings = {name: words if words != (name,) or not meanings else meanings[name] for name, words in given.items()}
        check_words(meanings, spec)
    if task is not None and file.task is not None and task != file.task:
        raise UsageError(f"{spec}: task: expected {task}, as --task says, got {file.task!r}")
    parser = "words" if meanings and not file.labels and file.parser == "text" else file.parser
    asked = ordered(spec, file.fields, fields or _usual(task or file.task, file.fields))
    shots: tuple[Shot, ...] = ()
    if file.examples is not None:
        what = task or file.task or ("classification" if meanings else "generation")
        shots = draw(spec, file.examples, task=what, labels=tuple(meanings), fields=asked, seed=seed)
    return WrittenPrompt(spec, file, asked, meanings, parser_of(parser, meanings, f"{spec}: answer.parser"), shots)


def _usual(task: str | None, named: Sequence[str]) -> Sequence[str] | None:
    """The fields of a task in its own order, where the prompt has the same: a question comes before its context."""
    from robustness.tasks.registry import task_named

    usual = task_named(task).fields if task is not None else ()
    return usual if set(usual) == set(named) else None
