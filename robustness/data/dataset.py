"""A data set ready to be attacked: its examples, their digest, and a sample of them that depends on no order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.files.exact import canonical
from robustness.data.columns import Columns
from robustness.data.report import DataReport
from robustness.data.rows import CleanRow, Meta


@dataclass(frozen=True, slots=True)
class Example:
    """One input: a text per field, what is right as its task reads it (a class: its index), the other columns as ``meta``.

    ``line``: where it begins in the data set's ``file``, counted from 1; None where there is no such line.
    """

    id: str
    inputs: tuple[str, ...]
    reference: Any
    meta: Mapping[str, Meta]
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples ready to be attacked, in source order.

    ``fields``: the text columns' names. ``labels``: the victim's. ``digest``: SHA-256 over ids, texts and labels as the data
    spells them, whatever the order of rows, so that two victims that name their classes differently can be compared.
    ``group``: the column, kept in every ``meta``, that says which examples belong together; None where each is independent.
    ``file``: the text file of the user's whose lines the examples know; None for any other source.
    ``columns``: those that were read: ``text``, ``label``, ``id``, absent where there is none. ``spelled``: how the data spell
    each of the victim's labels that occurs.
    """

    examples: tuple[Example, ...]
    fields: tuple[str, ...]
    labels: tuple[str, ...]
    source: str
    digest: str
    report: DataReport
    group: str | None = None
    file: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)


def stratified_by(names: Sequence[str], strata: Sequence[str], limit: int, seed: int) -> list[int]:
    """``stratified`` over named strata."""
    known = {name: number for number, name in enumerate(sorted(set(strata)))}
    return stratified(names, [known[name] for name in strata], limit, seed)


def stratified(names: Sequence[str], gold: Sequence[int], limit: int, seed: int) -> list[int]:
    """Indexes of ``limit`` examples in source order: shares by largest remainder, members by a hash of seed and id."""
    groups: dict[int, list[int]] = {}
    for i, label in enumerate(gold):
        groups.setdefault(label, []).append(i)
    total = len(gold)
    if limit >= total:
        return list(range(total))
    quota = {label: limit * len(members) // total for label, members in groups.items()}
    by_remainder = sorted(groups, key=lambda label: (-(limit * len(groups[label]) % total), label))
    for label in by_remainder[: limit - sum(quota.values())]:
        quota[label] += 1
    ranked = {label: sorted(members, key=lambda i: _rank(seed, names[i])) for label, members in groups.items()}
    return sorted(i for label, members in ranked.items() for i in members[: quota[label]])


def _rank(seed: int, name: str) -> tuple[bytes, str]:
    return hashlib.blake2b(canonical([seed, name]), digest_size=16).digest(), name


def read_columns(columns: Columns) -> dict[str, Any]:
    """The columns that examples were read from, by what they hold."""
    named = {"label": columns.label, "id": columns.id}
    return {"text": list(columns.text), **{name: column for name, column in named.items() if column}}


def digest_of(columns: Columns, rows: Sequence[tuple[str, CleanRow]]) -> str:
    """Over rows in id order; the columns' names are left out, since renaming one changes no example."""
    sha = hashlib.sha256(canonical([len(columns.text)]))
    for name, row in sorted(rows, key=lambda pair: pair[0]):
        sha.update(canonical([name, *row.inputs, row.label]) + b"\n")
    return sha.hexdigest()
