"""What a decoder is asked, by the options of ``hf:``: a template or a prompt of its own, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError
from robustness.victims.prompts.load import OWN, is_prompt, load_prompt
from robustness.victims.prompts.verbaliser import words_of
from robustness.victims.transformers.prompting import Asking, Templated, plain, template_of

MAX_NEW_TOKENS = 64
QUESTION_PROMPT = "{context}\n\nQuestion: {question}\nAnswer:"
"""What a decoder is asked for the task ``qa`` where the user says nothing else."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what may be answered.

    ``labels``, ``words``: with what the model says for each; empty where it writes texts. ``scored``: labels are chosen by
    their likelihood; else the model writes, and ``read`` turns what it wrote into a row. ``shown``: inputs of examples in it.
    """

    asked: Asking
    task: str
    labels: tuple[str, ...]
    words: tuple[str, ...]
    scored: bool
    most: int
    stop: tuple[str, ...]
    read: Callable[[str], Any] | None = None
    shown: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()


def question_of(
    *,
    task: str | None,
    prompt: str | None,
    system: str | None,
    fields: Sequence[str] | None,
    labels: Sequence[str] | None,
    max_new_tokens: int | None,
    stop: Sequence[str] | None,
    calibrate: bool,
    seed: int,
) -> Question:
    """The question that the options make up.

    Raises:
        UsageError: a prompt without a place for the text, labels that cannot be told apart, options that do not go together.
        DataError: the file of a prompt's examples cannot be read.
    """
    if max_new_tokens is not None and max_new_tokens < 1:
        raise UsageError(f"max_new_tokens must be at least 1, got {max_new_tokens}")
    if stop and not all(stop):
        raise UsageError("stop expects texts at which an answer ends, such as \\n, got an empty one")
    prompt = OWN.get(task or "") if prompt is None else prompt
    if is_prompt(prompt):
        if system:
            raise UsageError(
                f"system cannot be used with the prompt {prompt}, whose messages say all; write it into [[messages]]"
            )
        made = _of_file(str(prompt), task, fields, labels, seed, max_new_tokens=max_new_tokens, stop=stop)
    else:
        made = _of_template(task, prompt, system, fields, labels, max_new_tokens=max_new_tokens, stop=stop)
    if made.scored and (max_new_tokens is not None or stop):
        raise UsageError("with labels nothing is written, so max_new_tokens and stop mean nothing; leave them out, or the labels")
    if calibrate and not made.scored:
        why = (
            "the answers of this prompt are read, not scored"
            if made.labels
            else "there are none; name them with --labels first,second"
        )
        raise UsageError(f"calibrate evens out the scores of labels, and {why}")
    if made.task == "classification" and not made.labels:
        raise UsageError("a decoder classifies by the labels that it chooses from; name them with --labels first,second")
    return made


def _of_file(
    prompt: str,
    task: str | None,
    fields: Sequence[str] | None,
    labels: Sequence[str] | None,
    seed: int,
    *,
    max_new_tokens: int | None,
    stop: Sequence[str] | None,
) -> Question:
    loaded = load_prompt(prompt, task=task, labels=labels, fields=fields, seed=seed)
    return Question(
        asked=loaded,
        task=task or loaded.task or "generation",
        labels=loaded.labels,
        words=loaded.words,
        scored=bool(loaded.labels) and loaded.scored,
        most=max_new_tokens or loaded.max_tokens,
        stop=tuple(plain(one) for one in stop) if stop else loaded.stop,
        read=loaded.read,
        shown=loaded.shown,
    )


def _of_template(
    task: str | None,
    prompt: str | None,
    system: str | None,
    fields: Sequence[str] | None,
    labels: Sequence[str] | None,
    *,
    max_new_tokens: int | None,
    stop: Sequence[str] | None,
) -> Question:
    notes: tuple[str, ...] = ()
    named = words_of(labels) if labels is not None else {}
    default = _classify(tuple(named)) if named else ""
    if prompt is None:
        if task == "qa":
            prompt, fields = QUESTION_PROMPT, fields or ("question", "context")
        asked = prompt or default
        notes = ("no prompt was given: " + (f"the model is asked {asked!r}" if asked else "it reads the text alone"),)
    return Question(
        asked=Templated(template_of(prompt, fields, default), plain(system) if system else None),
        task=task or ("classification" if named else "generation"),
        labels=tuple(named),
        words=tuple(words for (words,) in named.values()),
        scored=bool(named),
        most=max_new_tokens or MAX_NEW_TOKENS,
        stop=tuple(plain(one) for one in stop or ()),
        notes=notes,
    )


def _classify(names: Sequence[str]) -> str:
    """The beginning of the prompt where labels are given and no prompt is."""
    return f"Classify the text as {', '.join(names[:-1])} or {names[-1]}. Answer with one of these words only.\nText: "
