"""Whether what is audited was trained on: by the texts themselves, whatever their case, accents, lookalikes and blanks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from robustness.data.dataset import Dataset
from robustness.data.overlaps import key_of
from robustness.data.sources import ReadOptions, read_table
from robustness.errors import DataError, UsageError
from robustness.planning.self_checks import CODES, Flag

SUFFIX = ".sources.json"
"""What is put behind the name of a training file for the list of the examples that its rows were made from."""
FORMAT = "robustness-sources"
VERSION = 1


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """``name``: the file, for messages. ``digests``: of examples that rows were made from. ``rows``: texts by column."""

    name: str
    digests: frozenset[str] = frozenset()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()


def digest_of_texts(inputs: Sequence[str]) -> str:
    """SHA-256 of what texts have in common that differ in case, accents, lookalikes, punctuation and blanks alone."""
    return sha256(key_of(tuple(inputs)).encode("utf-8", "surrogatepass")).hexdigest()


def sources_of(path: Path) -> Path:
    """Where the list of a training file's sources lies."""
    return path.with_name(path.name + SUFFIX)


def read_trained_on(path: str | Path) -> TrainedOn:
    """A list of sources that `robustness augment` wrote, a training file with or without one, or any file of examples.

    Raises:
        UsageError: a list of another version, or that is damaged. ``DataError``: a file that cannot be read.
    """
    place = Path(path)
    if not str(path).strip():
        raise UsageError("--trained-on was given without a value (an unset variable?); give one or leave it out")
    if place.name.endswith(SUFFIX):
        return TrainedOn(str(path), _digests(place))
    table = read_table(str(path), ReadOptions())
    digests = _digests(sources_of(place)) if sources_of(place).is_file() else frozenset()
    return TrainedOn(str(path), digests, table.columns, tuple(values for _, values in table.rows))


def _digests(place: Path) -> frozenset[str]:
    try:
        found = json.loads(place.read_text("utf-8"))
    except OSError as problem:
        raise DataError(f"{place} cannot be read: {problem.strerror}") from None
    except ValueError as problem:
        raise UsageError(f"{place} is no JSON: {problem}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != VERSION:
        raise UsageError(f"{place} is no list of sources of version {VERSION}, as `robustness augment` writes it beside its file")
    sources = found.get("sources")
    listed = [one.get("digest") if isinstance(one, dict) else None for one in sources] if isinstance(sources, list) else []
    digests = frozenset(one for one in listed if isinstance(one, str))
    if not listed or not all(isinstance(one, str) for one in listed):
        raise UsageError(f"{place}: expected under sources a list of objects with a digest each")
    return digests


def trained_on_flag(trained: TrainedOn, data: Dataset) -> list[Flag]:
    """A warning where examples stand in what was trained on, or rows there were made from them."""
    fields = list(data.columns.get("text") or data.fields)  # a prompt's own texts stand before them in the inputs
    known = trained.digests | frozenset(map(digest_of_texts, _texts(trained, fields)))
    seen = sum(digest_of_texts(example.inputs[-len(fields) :]) in known for example in data.examples)
    if not seen:
        return []
    share = seen / len(data.examples)
    said = f"{CODES['trained-on']}: {seen} of {len(data.examples)} examples, by {Path(trained.name).name}"
    return [Flag("trained-on", "warning", said, share)]


def _texts(trained: TrainedOn, fields: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """The texts of a training file under the columns of the data.

    Raises:
        DataError: it has not these columns, and no list of sources either.
    """
    at = {name: place for place, name in enumerate(trained.columns)}
    lacking = [name for name in fields if name not in at]
    if lacking:
        if trained.digests:
            return ()
        raise DataError(
            f"{trained.name}: expected the text columns of the data ({', '.join(fields)}), found {', '.join(trained.columns)}; "
            "rename them, so that it can be seen whether these data were trained on"
        )
    rows = (tuple(values[at[name]] for name in fields) for values in trained.rows)
    return (texts for texts in rows if all(isinstance(text, str) for text in texts))
