"""Examples that a prompt shows: drawn from a file by a hash of the seed and their texts, so that no order of rows matters."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError
from robustness.tasks.task import Space
from robustness.victims.prompts.file import Examples


@dataclass(frozen=True, slots=True)
class Shot:
    """One example: the texts of its fields, and the label or the text that is right."""

    inputs: Input
    right: str


def draw(
    source: str, wanted: Examples, *, task: str, labels: Sequence[str], fields: Sequence[str], seed: int
) -> tuple[Shot, ...]:
    """``wanted.n`` examples in the order in which they are shown, as many of each label as of any other, or one more.

    Raises:
        UsageError: there are fewer; the task's answers cannot be shown in words.
        DataError: the file cannot be read as data of the task.
    """
    from robustness.data import load_examples

    space = Space(tuple(labels), tuple(fields))
    read = load_examples(wanted.file, labels=labels, victim_fields=fields, task=task, space=space)
    groups: dict[str, list[Shot]] = defaultdict(list)
    for example in read.examples:
        right = _in_words(example.reference, labels, f"{source}: examples.file", task)
        groups[right if labels else ""].append(Shot(example.inputs, right))
    names = list(labels) if labels else [""]
    first = _rank(seed, "first") % len(names)  # which labels get one more, where they cannot all have as many
    quota = {name: wanted.n // len(names) for name in names}
    for step in range(wanted.n % len(names)):
        quota[names[(first + step) % len(names)]] += 1
    for name, needed in quota.items():
        if len(groups[name]) < needed:
            of = f" labelled {name}" if name else ""
            raise UsageError(
                f"{source}: examples.n: expected a file with {needed} examples{of} for n = {wanted.n}, got {len(groups[name])} "
                f"in {wanted.file.name}; lower n, or give more examples"
            )
    chosen = [shot for name, few in quota.items() for shot in sorted(groups[name], key=lambda one: _of(seed, one))[:few]]
    return tuple(sorted(chosen, key=lambda one: _of(seed + 1, one)))


def _of(seed: int, shot: Shot) -> tuple[int, Input]:
    return _rank(seed, "\x1f".join((*shot.inputs, shot.right))), shot.inputs


def _rank(seed: int, text: str) -> int:
    digest = hashlib.blake2b(f"{seed}\x1f{text}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def _in_words(reference: Any, labels: Sequence[str], key: str, task: str) -> str:
    """What is right as a model would say it: a label's name, a text, the first of several accepted ones, a number."""
    if labels and isinstance(reference, int):
        return labels[reference]
    first = reference[0] if isinstance(reference, (tuple, list)) and reference else reference
    if isinstance(first, str):
        return first
    if isinstance(first, (int, float)) and not isinstance(first, bool):
        return f"{first:g}"
    raise UsageError(
        f"{key}: expected examples whose answers are labels, texts or numbers, got those of the task {task}; leave them out"
    )
