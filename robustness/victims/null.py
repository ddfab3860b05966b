"""Null victims: they do no work at all, and no gate may ever pass one. ``null:echo``, ``null:empty`` …; ``NULLS`` lists them.

Each is a way in which real endpoints fail without an error: the wrong chat template echoes the prompt, a token limit eats the
answer, a reasoning model thinks and says nothing, a policy refuses everything. They say the same over HTTP:
``python -m robustness.testing.null_server``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError, VictimError
from robustness.tasks.answers import Unusable
from robustness.tasks.reading.refusals import refuses
from robustness.tasks.registry import DEFAULT, task_named
from robustness.victims.base import PlainVictim, VictimInfo

LABELS = ("negative", "positive")
FEW_TOKENS = 8
REFUSAL = "I'm sorry, but I can't help with that request."
THOUGHT = "Okay, the user wants an answer. Let me read the text once more and think about every word of it."


@dataclass(frozen=True, slots=True)
class Said:
    """What an endpoint sends back: ``content`` and ``thinking``, how it ended, and the status of the reply."""

    content: str
    finish: str = "stop"
    thinking: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class Null:
    """One null victim. ``say``: from the text that it is asked and its labels to what it says."""

    summary: str
    say: Callable[[str, Sequence[str]], Said]


NULLS: Mapping[str, Null] = {
    "echo": Null("the text over again", lambda text, labels: Said(text)),
    "empty": Null("an empty answer; where an answer is a set or a list, none of it", lambda text, labels: Said("")),
    "refuse": Null("the same refusal of everything", lambda text, labels: Said(REFUSAL)),
    "first-label": Null("its first label, whatever it reads", lambda text, labels: Said(labels[0])),
    "bad-request": Null("status 400, whatever it is asked", lambda text, labels: Said("", status=400)),
    "cut": Null(f"the first {FEW_TOKENS} words and no end (finish: length)", lambda text, labels: Said(_first(text), "length")),
    "thinking": Null("thoughts, and no answer after them", lambda text, labels: Said("", "length", THOUGHT)),
}


def _first(text: str) -> str:
    return " ".join(text.split()[:FEW_TOKENS])


class NullVictim(PlainVictim):
    """A null victim behind the protocol.

    ``known``: raw rows that it gives for some inputs in place of its own, so that it works on clean texts and becomes a null
    victim under attack.
    """

    def __init__(
        self,
        name: str,
        *,
        task: str = DEFAULT,
        labels: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        known: Mapping[Input, Any] | None = None,
    ) -> None:
        self._null, self._known = NULLS[name], dict(known or {})
        kind = task_named(task)
        # a tagger's types may stay open; where a task needs labels and none were named, any two will do
        named = tuple(labels) if labels is not None else LABELS if kind.fewest_labels else ()
        self._labels = named or LABELS
        self._info = VictimInfo(
            name=f"null:{name}",
            kind="null",
            labels=named,
            fields=tuple(fields or kind.fields),
            access="labels",
            identity=(("null", name),),
            deterministic=True,
            task=task,
            notes=("a null victim: it does no work, and no gate passes it",),
        )

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[Any]:
        """A raw row of its task for each input; raises ``VictimError`` where an endpoint would have sent status 400."""
        return [self._known[one] if one in self._known else self._row(one) for one in inputs]

    def _row(self, one: Input) -> Any:
        said = self._null.say("\n".join(one), self._labels)
        if said.status != 200:
            raise VictimError(f"the endpoint answered with status {said.status}: this null victim refuses every request")
        return row_of(said, self._info.task, one, self._labels)


def row_of(said: Said, task: str, inputs: Input, labels: Sequence[str]) -> Any:
    """What was said as a raw row of a task, read as kindly as a careless reader would.

    A text where the task is not known here: what a task of words makes of that is its own affair.
    """
    if said.thinking:
        return Unusable("empty", "the victim thought and said nothing; expected an answer after the thoughts")
    if task not in _READERS:
        return {"text": said.content, "finish": said.finish}
    if said.finish == "length":
        return Unusable("truncated", f"the victim was cut off after {said.content!r}; expected a whole answer")
    return _READERS[task](said.content, inputs, labels)


def _label(text: str, inputs: Input, labels: Sequence[str]) -> Any:
    return text if text in labels else _no_answer(text, f"one of {', '.join(labels)}")


def _labels_set(text: str, inputs: Input, labels: Sequence[str]) -> Any:
    if not text or text in labels:
        return [text] if text else []
    return _no_answer(text, f"labels among {', '.join(labels)}")


def _entities(text: str, inputs: Input, labels: Sequence[str]) -> Any:
    """A label alone is taken for the type of everything."""
    if not text or text in labels:
        return [(0, len(inputs[-1]), text)] if text else []
    return _no_answer(text, "entities")


def _ranking(text: str, inputs: Input, labels: Sequence[str]) -> Any:
    if not text or text in labels:
        return [text] if text else []
    return _no_answer(text, "ids of passages")


def _number(text: str, inputs: Input, labels: Sequence[str]) -> Any:
    """The first label stands for the first number of a scale."""
    return 0.0 if text in labels else _no_answer(text, "a number")


def _no_answer(text: str, expected: str) -> Unusable:
    kind = "empty" if not text.strip() else "refused" if refuses(text) else "unparsed"
    return Unusable(kind, f"the victim answered {text[:80]!r}; expected {expected}")


_READERS: Mapping[str, Callable[[str, Input, Sequence[str]], Any]] = {
    "classification": _label,
    "multi-label": _labels_set,
    "ner": _entities,
    "retrieval": _ranking,
    "regression": _number,
}


def load_null(
    name: str, *, task: str | None = None, labels: Sequence[str] | None = None, fields: Sequence[str] | None = None
) -> NullVictim:
    """The null victim of a name; raises ``UsageError`` where there is none, or its labels cannot be those of the task."""
    from robustness.victims.names import unknown

    if name not in NULLS:
        raise unknown("null victim", name, NULLS)
    fewest = task_named(task or DEFAULT).fewest_labels
    if labels is not None and (len(labels) < max(1, fewest) or len(set(labels)) < len(labels)):
        raise UsageError(f"null:{name} needs {max(1, fewest)} or more different labels, got {list(labels)}")
    return NullVictim(name, task=task or DEFAULT, labels=labels, fields=fields)
