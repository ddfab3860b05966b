"""``--lf``: of the data only the examples that an earlier run broke, said wherever the run is spoken of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.data.dataset import Dataset
    from robustness.settings import Settings


@dataclass(frozen=True, slots=True)
class Selection:
    """The ids that a run broke; ``run``: the name of its folder."""

    ids: frozenset[str]
    run: str


def failed_in(folder: str | Path) -> Selection:
    """The examples that a run broke, by whichever recipe.

    Raises:
        RunError: it is not a run. ``UsageError``: it broke none.
    """
    from reports.run.failures import failures
    from reports.run.store import load_run

    run = load_run(folder)
    ids = frozenset(one.example_id for one in failures(run.outcomes))
    if not ids:
        raise UsageError(f"{folder} broke no example, so there is nothing to audit again; leave --lf out to audit all of them")
    return Selection(ids, Path(folder).resolve().name)


def previous_run(below: Path) -> Path:
    """The latest run in a folder; raises ``UsageError`` where there is none."""
    from reports.index import UNREADABLE, entry_of

    folders = sorted(below.iterdir()) if below.is_dir() else []
    found = [entry_of(one) for one in folders if (one / "run.json").is_file()]
    readable = [entry for entry in found if entry.state != UNREADABLE]
    if not readable:
        raise UsageError(f"--lf needs an earlier run, and there is none in {below}; name one: --lf-from RUN")
    return max(readable, key=lambda entry: (entry.created, str(entry.folder))).folder


def refuse_selected(selection: Selection | None, settings: Settings, traps: str | None) -> None:
    """Raise ``UsageError`` for what makes no sense of a sample that was selected by its outcomes."""
    if selection is None:
        return
    for odd, flag in ((settings.until_decided, "until-decided"), (settings.universal, "universal"), (traps, "traps")):
        if odd:
            raise UsageError(f"--{flag} needs a sample of the data, and --lf audits what an earlier run broke; leave one out")


def select(data: Dataset, selection: Selection, limit: int | None) -> tuple[Dataset, Mapping[str, Any]]:
    """The data with the selected examples alone, at most ``limit`` of them, and what ``run.json`` says of that.

    Raises:
        UsageError: none of them is in these data.
    """
    there = [example for example in data.examples if example.id in selection.ids]
    if not there:
        raise UsageError(
            f"none of the {len(selection.ids)} examples that {selection.run} broke is in these data; "
            "name the data of that run, read the same way"
        )
    kept = tuple(there[:limit])
    names = "\n".join(sorted(example.id for example in kept))
    digest = sha256(f"{data.digest}\n{names}".encode("utf-8", "surrogatepass")).hexdigest()
    record = {"run": selection.run, "examples": len(kept), "of": len(data.examples), "broken": len(selection.ids)}
    return replace(data, examples=kept, digest=digest), record


def told(record: Mapping[str, Any]) -> str:
    """What it means for the numbers of the run."""
    lost = record["broken"] - record["examples"]
    rest = f" ({lost} more were broken and are not among these)" if lost > 0 else ""
    return (
        f"only {record['examples']} of {record['of']} examples were audited, because {record['run']} broke them{rest}: "
        "no rate of this run estimates the victim's robustness, and no threshold passes or fails on it"
    )
