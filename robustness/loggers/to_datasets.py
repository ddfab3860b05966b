"""The failures of a run as a ``datasets`` data set: saved to a folder, or pushed to a hub by that library's own call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import MissingExtraError, RobustnessError, UsageError, cut
from robustness.loggers.table import arrow_schema, batches, rows

if TYPE_CHECKING:
    from reports.run import Run


def check_target(folder: Path | None, name: str | None) -> None:
    """Raise ``UsageError`` for a folder that holds something or a name that no hub takes, before anything is read."""
    if folder is not None and (folder.is_file() or (folder.is_dir() and any(folder.iterdir()))):
        raise UsageError(f"--to-dataset {folder} is there already; name a new folder")
    if name is not None and (not name.strip("/") or name.count("/") > 1 or " " in name):
        raise UsageError(f"--push-to-hub expects NAME or ORGANISATION/NAME, got {name!r}")
    _library()


def dataset_of(run: Run, *, failures: bool = True) -> Any:
    """The table of a run as a ``datasets.Dataset``.

    Raises:
        MissingExtraError: datasets is not installed.
    """
    datasets = _library()
    import pyarrow as pa

    table = pa.Table.from_batches(list(batches(run, rows(run, failures=failures))), schema=arrow_schema(run))
    return datasets.Dataset(table)


def save(found: Any, folder: Path) -> None:
    """Write it so that ``datasets.load_from_disk`` reads it."""
    found.save_to_disk(str(folder))


def push(found: Any, name: str, *, private: bool) -> None:
    """Push it to the hub that ``datasets`` is set up for, with the token that it finds (``HF_TOKEN`` or a login).

    Raises:
        RobustnessError: whatever the library says went wrong.
    """
    try:
        found.push_to_hub(name, private=private)
    except Exception as error:  # whatever the hub's library raises
        raise RobustnessError(f"the failures were not pushed to {name}: {cut(error)}") from error


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "data") from error
    datasets.disable_progress_bars()
    return datasets
