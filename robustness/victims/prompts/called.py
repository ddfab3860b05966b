"""A prompt made by a function of one's own: ``python:MODULE:FUNCTION``.

Its parameters are the fields, by name; one with a text as its default is supplied by the prompt, as ``instruction`` usually is.
It returns messages, each a mapping with ``role`` and ``content``, or one text, which is the user's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError, VictimError, cut
from robustness.victims.prompts.answers import Labels, Read, Words, whole
from robustness.victims.prompts.file import MAX_TOKENS, ROLES
from robustness.victims.prompts.prompt import Message
from robustness.victims.prompts.verbaliser import words_of
from robustness.victims.prompts.written import ordered, read_answer


@dataclass(frozen=True, slots=True)
class CalledPrompt:
    """A function that writes messages; a ``LoadedPrompt`` without examples of its own."""

    name: str
    function: Callable[..., Any]
    supplied: tuple[tuple[str, str], ...]
    data_fields: tuple[str, ...]
    meanings: Labels
    reader: Read
    task: str | None
    digest: str = ""
    stop: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    scored: bool = True
    shown: tuple[Input, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """What it supplies, then the fields of the data."""
        return (*(name for name, _ in self.supplied), *self.data_fields)

    @property
    def labels(self) -> tuple[str, ...]:
        """As ``--labels`` says."""
        return tuple(self.meanings)

    @property
    def words(self) -> tuple[str, ...]:
        """As ``--labels`` says."""
        return tuple(words[0] for words in self.meanings.values())

    @property
    def max_tokens(self) -> int:
        """Few with labels, more without."""
        return MAX_TOKENS[bool(self.meanings)]

    @property
    def identity(self) -> Mapping[str, str]:
        """Its name, and a digest of its module and of what it writes for inputs that say nothing."""
        return {"prompt": self.name, "written": self.digest, "verbaliser": str({n: list(w) for n, w in self.meanings.items()})}

    def messages(self, inputs: Input) -> Sequence[Message]:
        """What the function returns, checked; raises ``VictimError`` where it fails."""
        try:
            made = self.function(**dict(zip(self.fields, inputs, strict=True)))
        except Exception as problem:
            raise VictimError(f"the prompt {self.name} failed: {type(problem).__name__}: {cut(problem, 200)}") from problem
        if isinstance(made, str):
            return [Message("user", made)]
        fits = isinstance(made, (list, tuple)) and made and all(_is_message(one) for one in made)
        if not fits:
            raise VictimError(
                f"the prompt {self.name} returned {cut(repr(made), 80)}; expected a text, or messages with role "
                f"({', '.join(ROLES)}) and content"
            )
        return [Message(str(one["role"]), str(one["content"])) for one in made]

    def read(self, text: str) -> Any:
        """The one label that is named; without labels the text."""
        return read_answer(self.reader, text)


def _is_message(one: Any) -> bool:
    return isinstance(one, Mapping) and one.get("role") in ROLES and isinstance(one.get("content"), str)


def load_called(spec: str, *, task: str | None, labels: Sequence[str] | None, fields: Sequence[str] | None) -> CalledPrompt:
    """The prompt behind ``python:MODULE:FUNCTION``; raises ``UsageError`` where it is no such function."""
    from robustness.victims.function import imported

    function, source = imported(spec.removeprefix("python:"))
    try:
        taken = inspect.signature(function).parameters
    except (TypeError, ValueError) as problem:
        raise UsageError(f"{spec}: expected a function whose parameters are the fields, got {function!r}") from problem
    odd = [p.name for p in taken.values() if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY)]
    supplied = tuple((p.name, p.default) for p in taken.values() if isinstance(p.default, str))
    named = tuple(p.name for p in taken.values() if p.default is p.empty)
    if odd or not named or len(supplied) + len(named) < len(taken):
        raise UsageError(
            f"{spec}: expected a function whose parameters are the fields, at least one without a default and texts as defaults, "
            f"got {inspect.signature(function)}"
        )
    meanings = words_of(labels) if labels is not None else {}
    asked = ordered(spec, named, fields)
    read: Read = Words(meanings) if meanings else whole
    made = CalledPrompt(spec, function, supplied, asked, meanings, read, task or ("classification" if meanings else None))
    return replace(made, digest=_digest(made, source))


def _digest(made: CalledPrompt, source: str | None) -> str:
    """Over the file of its module and what it writes for inputs that say nothing: all that can be known of its code."""
    blank = made.messages((*(text for _, text in made.supplied), *("",) * len(made.data_fields)))
    code = Path(source).read_bytes() if source is not None else b""
    return sha256(code + repr([(one.role, one.content) for one in blank]).encode("utf-8", "surrogatepass")).hexdigest()
