"""The prompt that is no file: one message from a template, a system message, and answers read by the task.

An answer that names one label and no other is that label, any other is no answer; numbers and lists of labels are read as
strictly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import Input, Unusable
from robustness.errors import UsageError
from robustness.tasks.reading.refusals import refuses
from robustness.tasks.reading.rows import shown
from robustness.tasks.registry import task_named
from robustness.victims.prompts.answers import Words
from robustness.victims.prompts.prompt import Message
from robustness.victims.prompts.verbaliser import check_words, words_of
from robustness.victims.transformers.prompting import Template, plain, template_of

LABEL_TOKENS, TEXT_TOKENS = 32, 256
"""Most tokens of an answer where the user says nothing: of a label or a number, of a text."""
ASKED = {
    "qa": "{context}\n\nQuestion: {question}\nAnswer with words from the text only.",
    "summarisation": "Summarise the text in one or two sentences.\n\n{text}",
}
"""What is asked, by task, where the user says nothing else."""
UNTOLD = {
    "translation": "into which language it should translate",
    "regression": "which number it should answer, and on which scale",
}
"""Tasks that cannot be asked without words of the user's, and what those must say."""
UNREADABLE = {
    "ner": "entities are read out of JSON: give a --prompt FILE.toml that asks for it and says how to read it",
    "retrieval": "an endpoint ranks no passages; use bm25:CORPUS or embedder:MODEL#CORPUS",
}
NONE = ("none", "no label", "nothing", "[]")
_NUMBER = re.compile(r"(?<![\w.,])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w]|[.,]\d)")


@dataclass(frozen=True, slots=True)
class PlainPrompt:
    """A template, perhaps behind a system message; ``task``: how answers are read."""

    template: Template
    task: str
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    system: str = ""
    max_tokens: int = TEXT_TOKENS
    stop: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Those of the template."""
        return self.template.fields

    @property
    def identity(self) -> Mapping[str, str]:
        """The template, the system message and the words of the labels."""
        return {"prompt": self.template.text, "system": self.system, "words": "\x1f".join(self.words)}

    def messages(self, inputs: Input) -> Sequence[Message]:
        """A user's message, behind the system message if there is one."""
        user = Message("user", self.template.fill(inputs))
        return [Message("system", self.system), user] if self.system else [user]

    def read(self, text: str) -> Any:
        """A label's name, a list of names, a number, or the text."""
        if self.task == "multi-label":
            return listed(text, self.labels, self.words)
        if self.labels:
            return Words({name: (word,) for name, word in zip(self.labels, self.words, strict=True)})(text)
        return number(text) if self.task == "regression" else text.strip()


def plain_prompt(
    *,
    prompt: str | None = None,
    system: str | None = None,
    fields: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    task: str | None = None,
    max_new_tokens: int | None = None,
    stop: Sequence[str] | None = None,
) -> PlainPrompt:
    """The prompt behind ``--prompt TEXT`` or ``@FILE``, or the task's own where none is given.

    ``labels``: ``NAME``, or ``NAME=WORDS`` where the model is to say other words than the label's name.

    Raises:
        UsageError: a task that needs a prompt or labels and has none, a prompt without a place for the text, labels that cannot
            be told apart, or a task whose answers cannot be read out of a text.
    """
    named = task or ("classification" if labels else "generation")
    if named in UNREADABLE:
        raise UsageError(f"the task {named} cannot be asked of an endpoint in plain words: {UNREADABLE[named]}")
    if prompt is None and named in UNTOLD:
        raise UsageError(f"the task {named} needs a --prompt that tells the model {UNTOLD[named]}")
    meanings = {} if labels is None else words_of(labels)
    check_words(meanings, "labels")
    names, words = tuple(meanings), tuple(first for first, *_ in meanings.values())
    if task_named(named).fewest_labels > len(names):
        raise UsageError(f"for the task {named} the model answers with labels: name them with --labels first,second")
    if names and named not in ("classification", "multi-label"):
        raise UsageError(f"labels were given, and the task {named} has none; leave --labels or --task out")
    check_limits(max_new_tokens, stop)
    if prompt is None and named in ASKED and fields is None:
        template = Template(ASKED[named], task_named(named).fields)
    elif prompt is None and named == "qa" and fields is not None and set(fields) == set(task_named(named).fields):
        template = Template(ASKED[named], tuple(fields))
    else:
        template = template_of(prompt, fields, _question(named, words))
    short = bool(names) or named == "regression"
    return PlainPrompt(
        template=template,
        task=named,
        labels=names,
        words=words,
        system=plain(system) if system else "",
        max_tokens=max_new_tokens or (LABEL_TOKENS if short else TEXT_TOKENS),
        stop=tuple(plain(one) for one in stop or ()),
    )


def check_limits(max_new_tokens: int | None, stop: Sequence[str] | None) -> None:
    """Raise ``UsageError`` for a limit or a stop text that cannot be meant."""
    if max_new_tokens is not None and max_new_tokens < 1:
        raise UsageError(f"max_new_tokens must be at least 1, got {max_new_tokens}")
    if stop and not all(stop):
        raise UsageError("stop expects texts at which an answer ends, such as \\n, got an empty one")


def listed(text: str, labels: Sequence[str], words: Sequence[str]) -> list[str] | Unusable:
    """The labels in a list, as JSON or separated by commas or lines; ``none`` for an empty one."""
    inner = text.strip().strip("`").strip()
    try:
        found = json.loads(inner)
    except ValueError:
        found = None
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        parts = found
    else:
        parts = [] if inner.casefold().rstrip(".") in NONE else re.split(r"[,;\n]", inner.rstrip("."))
    tidy = [re.sub(r"^[\s\-*•\"']+|[\s\"'.]+$", "", one) for one in parts]
    by_word = {word.casefold(): name for name, word in zip(labels, words, strict=True)}
    strange = [one for one in tidy if one.casefold() not in by_word]
    if strange:
        kind = "refused" if refuses(text) else "unparsed"
        return Unusable(kind, f"expected a list of {', '.join(words)}, or none; got {shown(text)}")
    return list(dict.fromkeys(by_word[one.casefold()] for one in tidy))


def number(text: str) -> float | Unusable:
    """The one number in a text; no answer where there are none or several."""
    found = _NUMBER.findall(text)
    if len(found) == 1:
        return float(found[0])
    kind = "refused" if refuses(text) else "unparsed"
    return Unusable(kind, f"expected one number, got {len(found)} in {shown(text)}")


def _question(task: str, words: Sequence[str]) -> str:
    """The beginning of the prompt where labels are given and no prompt is."""
    if not words:
        return ""
    several = f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
    if task == "multi-label":
        return (
            f"Which of these labels fit the text: {', '.join(words)}? Answer with those that fit, separated by commas, or with "
            "none.\nText: "
        )
    return f"Classify the text as {several}. Answer with one of these words only.\nText: "
