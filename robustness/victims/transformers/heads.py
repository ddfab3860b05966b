"""What a checkpoint was made for, and how its outputs become scores: decided by what its ``config.json`` says, never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from robustness.errors import UsageError, VictimError
from robustness.victims.transformers.load import LOADERS

Scoring = Callable[[Any], Any]
"""From logits (n, outputs) in float64 to a row for each input, as its task reads it."""
EXCLUSIVE, SEVERAL, NUMBER = "single_label_classification", "multi_label_classification", "regression"
WANTED = "SequenceClassification"
OTHER_TASKS = {
    "TokenClassification": "labels every token of a text",
    "QuestionAnswering": "marks an answer inside a passage",
    "MultipleChoice|DoubleHeads": "picks one of several texts",
    "Reward": "gives a reward, a number",
    "NextSentencePrediction": "tells whether one sentence follows another",
    "MaskedLM|PreTraining": "fills in masked words",
    "CausalLM|LMHead|ConditionalGeneration|Seq2SeqLM": "writes text",
}
"""By a pattern in the name of the class, what such a model does instead of classifying a text as a whole."""


def check_kind(config: Any) -> None:
    """Refuse a checkpoint that was made for another task, before its weights are read.

    Some of them load as classifiers all the same, because their weights happen to have the same names.

    Raises:
        UsageError: ``architectures`` names a class that does not classify whole texts.
    """
    names = [str(name) for name in getattr(config, "architectures", None) or ()]
    if not names or any(WANTED in name and "Reward" not in name for name in names):
        return
    brings_own = "AutoModelFor" + WANTED in (getattr(config, "auto_map", None) or {})
    for name in names:
        does = next((what for pattern, what in OTHER_TASKS.items() if re.search(pattern, name)), None)
        if does is None and not brings_own and re.search(r"For[A-Z]", name):
            does = "is made for another task"
        if does is not None:
            raise UsageError(
                f"the checkpoint is a {name}, which {does}; what can be audited ends in {', '.join(LOADERS)}. "
                "If it was fine-tuned as one all the same, correct architectures in its config.json"
            )


@dataclass(frozen=True, slots=True)
class Head:
    """How the outputs of a head are read: its task, the names of its labels (none for a number), logits to rows, notes."""

    task: str
    labels: tuple[str, ...]
    scoring: Scoring
    notes: tuple[str, ...] = ()


def reading(config: Any, label: str | None) -> Head:
    """Classes through a softmax, several labels through sigmoids, one output as a number, or one label against the rest.

    One output without a ``problem_type`` is a number, as in transformers. ``label`` on a head without one is the user's
    word that each of its outputs answers for itself.

    Raises:
        UsageError: a head of several numbers; a ``label`` that it does not have, or that a number cannot have.
    """
    names, kind = _names(config), _problem_type(config)
    if kind == NUMBER:
        return _number(config, names, label)
    if label is not None and label not in names:
        raise UsageError(f"the checkpoint has no label {label!r}; it has: {', '.join(names)}")
    if len(names) == 1 and kind != SEVERAL and label is None:
        guess = (
            "config.json has no problem_type: its one output is read as a number, as transformers does; if it is the logit of a "
            f"label, name the label: hf:NAME#{names[0]}"
        )
        head = _number(config, names, None)
        return Head(head.task, head.labels, head.scoring, (guess, *head.notes))
    if kind == SEVERAL and len(names) > 1 and label is None:
        return Head("multi-label", names, _sigmoid)
    if kind == EXCLUSIVE and len(names) > 1 and label is not None:
        raise UsageError(
            f"#{label} picks from a multi-label checkpoint, but this one's classes exclude each other (problem_type is {kind})"
        )
    if len(names) > 1 and label is None:
        unmarked = "config.json has no problem_type: classes are taken to exclude each other (softmax), as transformers does"
        return Head("classification", names, softmax, () if kind else (unmarked,))
    chosen = label or names[0]
    index = names.index(chosen)
    note = f"config.json has no problem_type: #{chosen} is read through a sigmoid, as one label against the rest"
    rest = () if kind == SEVERAL else (note,)
    return Head("classification", (f"not {chosen}", chosen), lambda logits: _one_against_rest(logits[:, index]), rest)


def _number(config: Any, names: tuple[str, ...], label: str | None) -> Head:
    """One output as a number; through a sigmoid where sentence-transformers would put one behind it."""
    if label is not None:
        raise UsageError(f"#{label} picks a label, but the checkpoint predicts a number (problem_type is {NUMBER}); leave it out")
    if len(names) != 1:
        raise UsageError(f"the checkpoint predicts {len(names)} numbers (problem_type is {NUMBER}); only one can be audited")
    activation = _activation(config)
    if activation not in ("", "Identity", "Sigmoid"):
        raise UsageError(f"config.json puts the activation {activation!r} behind the output; expected Identity or Sigmoid")
    if activation == "Sigmoid":
        return Head("regression", (), _sigmoid, ("the output goes through a sigmoid, as sentence-transformers' entry says",))
    return Head("regression", (), lambda logits: logits)


def _activation(config: Any) -> str:
    """The class behind the output of a cross-encoder of sentence-transformers, without its module; "" where none is named."""
    entry = getattr(config, "sentence_transformers", None)
    named = entry.get("activation_fn") if isinstance(entry, Mapping) else None
    return str(named or getattr(config, "sbert_ce_default_activation_function", None) or "").rpartition(".")[2]


def _names(config: Any) -> tuple[str, ...]:
    table = {int(number): str(name) for number, name in config.id2label.items()}
    if sorted(table) != list(range(len(table))):
        raise UsageError(f"the checkpoint's id2label must number its labels from 0, got {sorted(table)}; correct its config.json")
    names = tuple(table[number] for number in range(len(table)))
    if len(set(names)) != len(names):
        raise UsageError(f"the checkpoint's id2label names a label twice: {', '.join(names)}; correct its config.json")
    return names


def _problem_type(config: Any) -> str | None:
    kind: str | None = getattr(config, "problem_type", None)
    if kind not in (None, EXCLUSIVE, SEVERAL, NUMBER):
        raise UsageError(f"config.json has problem_type {kind!r}; expected {EXCLUSIVE}, {SEVERAL} or {NUMBER}")
    return kind


def check_head(source: str, config: Any, loading: dict[str, Any], what: str) -> None:
    """Refuse weights that do not fill the model which ``config.json`` describes.

    ``loading``: what transformers reports of the loading; it fills what is missing with random numbers and only warns.
    ``what``: what it would be with its weights.

    Raises:
        VictimError: a weight is missing, or of another shape.
    """
    for name, found, expected in _mismatched(loading.get("mismatched_keys", ())):
        labels = [str(one) for one in config.id2label.values()]
        if expected[:1] == (len(labels),) and found[:1] != expected[:1]:
            raise VictimError(
                f"{source!r}: the head has {found[0]} outputs ({name}), but id2label in config.json names {len(labels)} labels: "
                f"{', '.join(labels[:8])}{' …' if len(labels) > 8 else ''}; correct config.json"
            )
        raise VictimError(
            f"{source!r}: {name} is {found} in the weights, but config.json makes it {expected}; correct config.json"
        )
    missing = sorted(loading["missing_keys"])
    if missing:
        raise VictimError(
            f"{source!r} is not a trained {what}: it lacks {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}; "
            "give a checkpoint that was fine-tuned as one"
        )


def _mismatched(keys: Iterable[Any]) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """(name, shape in the file, shape in the model), the head's own first: its message says most."""
    found = [(str(name), tuple(there), tuple(here)) for name, there, here in keys]
    return sorted(found, key=lambda key: (not key[0].endswith("weight"), len(key[2]) > 2, key[2][:1], key[0]))


def softmax(logits: Any) -> Any:
    """Scores of exclusive classes."""
    return logits.softmax(dim=-1)


def _sigmoid(logits: Any) -> Any:
    return logits.sigmoid()


def _one_against_rest(logits: Any) -> Any:
    import torch

    return torch.stack([(-logits).sigmoid(), logits.sigmoid()], dim=-1)
