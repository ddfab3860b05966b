"""What a checkpoint was made for, and how its outputs become scores: decided by what its ``config.json`` says, never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from robustness.errors import UsageError, VictimError

Scoring = Callable[[Any], Any]
"""From logits (n, outputs) in float64 to scores (n, classes) whose rows sum to one."""
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
                f"the checkpoint is a {name}, which {does}; only sequence classifiers (…For{WANTED}) can be audited. "
                "If it was fine-tuned as one all the same, correct architectures in its config.json"
            )


def reading(config: Any, label: str | None) -> tuple[tuple[str, ...], Scoring, tuple[str, ...]]:
    """Label names, how logits become scores (softmax, or the sigmoid of one label against the rest), and notes.

    One output without a ``problem_type`` is a regression, as in transformers. ``label`` on a head without one is the user's
    word that each of its outputs answers for itself.

    Raises:
        UsageError: a regression head; a multi-label head without ``label``; a ``label`` that it does not have.
    """
    names, kind = _names(config), _problem_type(config)
    if kind == NUMBER:
        raise UsageError(
            "the checkpoint predicts a number (problem_type is regression), not a class; only classifiers can be audited"
        )
    if label is not None and label not in names:
        raise UsageError(f"the checkpoint has no label {label!r}; it has: {', '.join(names)}")
    if len(names) == 1 and kind != SEVERAL and label is None:
        raise UsageError(
            "the checkpoint has one output and no problem_type in its config.json, which means a number (regression), not a "
            f"class. If that output is the logit of one label, name the label: hf:NAME#{names[0]}"
        )
    if kind == SEVERAL and len(names) > 1 and label is None:
        raise UsageError(
            f"the checkpoint is multi-label; name the one to audit against the rest, hf:NAME#LABEL, among: {', '.join(names)}"
        )
    if kind == EXCLUSIVE and len(names) > 1 and label is not None:
        raise UsageError(
            f"#{label} picks from a multi-label checkpoint, but this one's classes exclude each other (problem_type is {kind})"
        )
    if len(names) > 1 and label is None:
        unmarked = "config.json has no problem_type: classes are taken to exclude each other (softmax), as transformers does"
        return names, softmax, () if kind else (unmarked,)
    chosen = label or names[0]
    index = names.index(chosen)
    note = f"config.json has no problem_type: #{chosen} is read through a sigmoid, as one label against the rest"
    return (f"not {chosen}", chosen), lambda logits: _one_against_rest(logits[:, index]), () if kind == SEVERAL else (note,)


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


def check_head(source: str, config: Any, loading: dict[str, Any], what: str = "sequence classifier") -> None:
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
            f"{source!r} is no trained {what}: it lacks {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}; "
            "give a checkpoint that was fine-tuned as one"
        )


def _mismatched(keys: Iterable[Any]) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """(name, shape in the file, shape in the model), the head's own first: its message says most."""
    found = [(str(name), tuple(there), tuple(here)) for name, there, here in keys]
    return sorted(found, key=lambda key: (not key[0].endswith("weight"), len(key[2]) > 2, key[2][:1], key[0]))


def softmax(logits: Any) -> Any:
    """Scores of exclusive classes."""
    return logits.softmax(dim=-1)


def _one_against_rest(logits: Any) -> Any:
    import torch

    return torch.stack([(-logits).sigmoid(), logits.sigmoid()], dim=-1)
