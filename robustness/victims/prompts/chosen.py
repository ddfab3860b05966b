"""``--prompt`` of a victim behind an API: a template, a file, a shipped name or a callable, as one thing with one face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError
from robustness.victims.prompts.load import OWN, is_prompt, load_prompt
from robustness.victims.prompts.plain import check_limits, plain_prompt
from robustness.victims.prompts.prompt import Message, Prompt
from robustness.victims.transformers.prompting import plain


@dataclass(frozen=True, slots=True)
class ChosenPrompt:
    """A prompt with what flags say of it.

    ``task``: how answers are read. ``scored``: whether labels may be scored by their likelihood. ``supplied``: (field, text) of
    the fields that it brings itself, first among ``fields``. ``shown``: inputs of the examples in it. ``schema``: of the answers.
    """

    asked: Prompt
    task: str
    max_tokens: int
    stop: tuple[str, ...]
    scored: bool = True
    supplied: tuple[tuple[str, str], ...] = ()
    shown: tuple[Input, ...] = ()
    schema: Mapping[str, Any] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Those that it supplies, then those of the data."""
        return self.asked.fields

    @property
    def labels(self) -> tuple[str, ...]:
        """The names that it answers with."""
        return self.asked.labels

    @property
    def words(self) -> tuple[str, ...]:
        """What the model is to say for each label."""
        return self.asked.words

    @property
    def identity(self) -> Mapping[str, str]:
        """What pins it."""
        return self.asked.identity

    def messages(self, inputs: Input) -> Sequence[Message]:
        """The chat for one input."""
        return self.asked.messages(inputs)

    def read(self, text: str) -> Any:
        """What was written, as a raw row of the task."""
        return self.asked.read(text)

    def filled(self, text: str) -> Input:
        """An input with ``text`` in every field that the data fill."""
        own = tuple(supplied for _, supplied in self.supplied)
        return (*own, *(text,) * (len(self.fields) - len(own)))


def prompt_of(
    prompt: str | None,
    *,
    system: str | None = None,
    task: str | None = None,
    labels: Sequence[str] | None = None,
    fields: Sequence[str] | None = None,
    max_new_tokens: int | None = None,
    stop: Sequence[str] | None = None,
    seed: int = 0,
) -> ChosenPrompt:
    """The prompt behind ``--prompt``; ``seed``: of the examples that a file shows.

    Raises:
        UsageError: a prompt that cannot be used, or not with these labels, fields, task or flags.
        DataError: the file of a prompt's examples cannot be read.
    """
    prompt = OWN.get(task or "") if prompt is None else prompt
    if prompt is None or not is_prompt(prompt):
        made = plain_prompt(
            prompt=prompt, system=system, fields=fields, labels=labels, task=task, max_new_tokens=max_new_tokens, stop=stop
        )
        return ChosenPrompt(made, made.task, made.max_tokens, made.stop)
    if system:
        raise UsageError(f"system cannot be used with the prompt {prompt}, whose messages say all; write it into [[messages]]")
    check_limits(max_new_tokens, stop)
    loaded = load_prompt(prompt, task=task, labels=labels, fields=fields, seed=seed)
    return ChosenPrompt(
        asked=loaded,
        task=task or loaded.task or "generation",
        max_tokens=max_new_tokens or loaded.max_tokens,
        stop=tuple(plain(one) for one in stop) if stop else loaded.stop,
        scored=loaded.scored,
        supplied=loaded.supplied,
        shown=loaded.shown,
        schema=loaded.schema,
    )
