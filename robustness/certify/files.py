"""Where certificates go: into the run folder, or a file of their own; with what is written on the way, and the seal around it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.files.atomic import write_atomically
from reports.run.certificates import (
    CERTIFICATES,
    COUNTEREXAMPLES,
    Certificates,
    block,
    line_of,
    read_certificates,
    write_certificates,
)
from reports.run.failures import case
from reports.run.seal import SEAL, reopen, rewriting
from robustness.certify.frame import RECIPE, Found
from robustness.certify.journal import SUFFIX
from robustness.errors import UsageError
from robustness.victims.endpoint.cassette import FILE

ANSWERS = ".answers"


@dataclass(frozen=True, slots=True)
class Target:
    """``file``: the certificates; ``counterexamples``: texts that broke examples, as saved failures."""

    file: Path
    counterexamples: Path

    @property
    def answers(self) -> Path:
        """The folder in which answers of a victim behind an API are kept."""
        return self.file.with_name(self.file.name + ANSWERS)

    @property
    def writes(self) -> tuple[str, ...]:
        """Everything that certifying writes, by its name in the folder."""
        journal, answers = self.file.name + SUFFIX, f"{self.answers.name}/{FILE}"
        return self.file.name, self.counterexamples.name, journal, answers

    @property
    def lost(self) -> tuple[str, ...]:
        """Those that are not there: they are made again. What is there is kept in part, so an edit of it must not be sealed."""
        return tuple(name for name in self.writes if not (self.file.parent / name).exists())

    @contextmanager
    def unsealed(self) -> Iterator[None]:
        """Seal the folder again at the end, if it is sealed: one that is left on the way is unfinished, not edited."""
        if not (self.file.parent / SEAL).exists():
            yield
            return
        reopen(self.file.parent, *self.writes, lost=self.lost)
        try:
            yield
        finally:
            with rewriting(self.file.parent, self.writes):
                pass

    def write(self, settings: Mapping[str, Any], found: Sequence[Found]) -> Certificates:
        """Write the block, in the place of one of the same name, and its counterexamples; other blocks stay."""
        made = block(settings, [one.certificate for one in found])
        there = read_certificates(self.file) if self.file.is_file() else ()
        recipe = RECIPE + made.name
        cases = [line_of(case(one.case)) for one in found if one.case is not None]
        others = self.counterexamples.read_text("ascii").splitlines(keepends=True) if self.counterexamples.is_file() else []
        kept = [line for line in others if json.loads(line)["recipe"] != recipe]
        lines = sorted([*kept, *cases], key=lambda line: str(json.loads(line)["recipe"]))  # stable: examples keep their order
        if lines or self.counterexamples.exists():
            write_atomically(self.counterexamples, "".join(lines))
        write_certificates(self.file, [*(one for one in there if one.name != made.name), made])
        return made


def target_of(run: Path | None, out: Path | None) -> Target:
    """Where the certificates of a run, or of data, go; raises ``UsageError``."""
    if out is None and run is None:
        raise UsageError("there is no run folder to put the certificates into; give --out FILE")
    file = out if out is not None else Path(str(run)) / CERTIFICATES
    if not file.parent.is_dir() or file.is_dir():
        raise UsageError(f"--out expects a file in a folder that exists, got {file}")
    if file.name == CERTIFICATES:
        return Target(file, file.with_name(COUNTEREXAMPLES))
    return Target(file, file.with_name(f"{file.stem}.{COUNTEREXAMPLES}"))
