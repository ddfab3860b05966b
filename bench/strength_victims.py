"""The victims that strength is measured on, and the texts that they are asked about: judged ones here, tuning ones beside them.

A victim is written ``NAME`` for one of ``JUDGED``, or ``NAME=SPEC@FILE.tsv`` for any other. The order and the limits of the
``standard`` cascade are chosen on the victims of ``bench.tuning_victims``, which are none of these.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = tuple[str, int]
"""A text and the index of its label."""


@dataclass(frozen=True)
class Subject:
    """A victim's name, its spec, and a file of labelled texts (TSV with the columns label and text)."""

    name: str
    spec: str
    data: Path


def demo_rows() -> list[Row]:
    """What the demo victim was not fitted on."""
    from robustness.demo import LABELS, demo_examples

    return [(text, LABELS.index(label)) for _, text, label in demo_examples()]


def guard_rows() -> list[Row]:
    """The prompts of ``bastioncorpus``, malicious ones and benign ones in turn, for the detector ``metatronnanoguard``."""
    from importlib.resources import files

    lines = files("bastioncorpus").joinpath("corpus", "injections.jsonl").read_text("utf-8").splitlines()
    found = [(row["text"], int(row["label"] == "malicious")) for row in map(json.loads, lines)]
    return interleaved([(" ".join(text.split()), label) for text, label in found])


def interleaved(rows: list[Row]) -> list[Row]:
    """One row of each label in turn, as long as there are some, so that the first n hold the same share of each."""
    kinds = [[row for row in rows if row[1] == label] for label in sorted({label for _, label in rows})]
    return [kind[n] for n in range(max(map(len, kinds))) for kind in kinds if n < len(kind)]


JUDGED: dict[str, tuple[str, Callable[[], list[Row]]]] = {
    "demo": ("demo", demo_rows),
    "guard": ("python:robustness/examples/nanoguard_victim.py:true_length", guard_rows),
}


def subject(written: str, folder: Path) -> Subject:
    """The victim that ``NAME`` or ``NAME=SPEC@FILE.tsv`` stands for; its texts are written into ``folder`` where it brings them.

    Raises:
        SystemExit: neither of the two.
    """
    if written in JUDGED:
        spec, rows = JUDGED[written]
        return Subject(written, spec, write(rows(), folder / f"{written}.tsv"))
    name, _, rest = written.partition("=")
    spec, _, data = rest.rpartition("@")
    if not (name and spec and data):
        raise SystemExit(f"--victims expects {', '.join(JUDGED)} or NAME=SPEC@FILE.tsv, got {written!r}")
    return Subject(name, spec, Path(data))


def write(rows: list[Row], path: Path) -> Path:
    """The rows as a TSV; tabs and line breaks in texts become spaces."""
    lines = [f"{label}\t{' '.join(text.split())}" for text, label in rows]
    path.write_text("\n".join(["label\ttext", *lines]) + "\n", encoding="utf-8")
    return path


def opened(spec: str, *, labels_only: bool) -> Any:
    """The victim behind a spec; with ``labels_only`` it says which label is best and no more."""
    from robustness.auditing import open_victim

    victim = open_victim(spec)
    return without_scores(victim) if labels_only else victim


def without_scores(victim: Any) -> Any:
    """The victim, but that it says which label is best and no more."""
    import numpy as np

    from robustness.auditing import open_victim

    names = victim.info.labels

    def best(texts: list[str]) -> list[str]:
        return [names[int(n)] for n in np.argmax(np.asarray(victim.predict([(text,) for text in texts])), axis=1)]

    return open_victim(best, labels=names, access="labels")
