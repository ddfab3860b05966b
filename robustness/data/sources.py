"""From whatever the user named to a table: files, folders, hub names, data frames, ``datasets`` objects, iterables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from robustness.data.files import decode, read_csv
from robustness.data.json_tables import read_json, read_jsonl
from robustness.data.table import Table, table_of_columns, table_of_mappings
from robustness.errors import DataError, MissingExtraError, UsageError, cut

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet")
_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"} | {
    ".parquet": "parquet",
    ".pq": "parquet",
}
SHIPPED = "demo:"
"""What a set of examples is named by that comes with this package."""
_KINDS = "a .csv, .tsv, .jsonl, .json or .parquet file, a folder written by datasets' save_to_disk, or hub:NAME"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a source; what does not apply to it is an error."""

    format: str | None = None
    split: str | None = None
    encoding: str | None = None
    offline: bool = False
    fields: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def read_table(source: Any, options: ReadOptions) -> Table:
    """Read any supported source; raises ``DataError`` where it cannot."""
    if options.format is not None and options.format not in FORMATS:
        raise UsageError(f"unknown data format {options.format!r}; expected one of {', '.join(FORMATS)}")
    if isinstance(source, Table):
        return source
    if isinstance(source, str) and source.startswith(SHIPPED):
        return _shipped(source, options)
    if isinstance(source, (str, Path)) and not str(source).startswith("hub:"):
        table = _path(Path(source), options)
        return replace(table, file=str(source)) if table.unit == "line" else table
    if options.columns:
        raise DataError(f"--columns names the columns of a text file without a header line; {_kind_of(source)} has its own names")
    if isinstance(source, str):
        return _hub(source, options)
    if _is_a(source, "pandas", "DataFrame"):
        return _frame(source)
    if _is_a(source, "datasets", "Dataset", "DatasetDict"):
        return _dataset("datasets object", source, options.split)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, Mapping)):
        return _iterable(source, options.fields)
    raise DataError(f"cannot read examples from {type(source).__name__}; expected {_KINDS}, a DataFrame, or (text, label) pairs")


def _shipped(source: str, options: ReadOptions) -> Table:
    """A set of examples that comes with this package, ``demo:NAME``."""
    from importlib.resources import files

    folder = files("robustness").joinpath("demo")
    known = sorted(entry.name.removesuffix(".jsonl") for entry in folder.iterdir() if entry.name.endswith(".jsonl"))
    name = source.removeprefix(SHIPPED)
    if name not in known:
        raise DataError(f"there are no shipped examples {source!r}; there are: {', '.join(SHIPPED + one for one in known)}")
    if options.columns or options.split is not None or options.encoding is not None or options.format is not None:
        raise DataError(f"{source} is read as it is: leave --columns, --split, --encoding and --format out")
    return read_jsonl(source, folder.joinpath(f"{name}.jsonl").read_text(encoding="utf-8"), (), ())


def _kind_of(source: Any) -> str:
    return source if isinstance(source, str) else f"a {type(source).__name__}"


def _is_a(source: Any, module: str, *names: str) -> bool:
    """Whether ``source`` is of one of these classes, without importing their package."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(source, tuple(getattr(loaded, name) for name in names))


def _path(path: Path, options: ReadOptions) -> Table:
    source = str(path)
    if path.is_dir():
        return _folder(path, options)
    if not path.is_file():
        raise DataError(f"no such file: {source!r}; expected {_KINDS}")
    kind = options.format or _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise DataError(
            f"{source}: cannot tell the format from the name; expected {_KINDS}, or name it with --format {'|'.join(FORMATS)}"
        )
    if options.split is not None and kind != "json":
        raise DataError(f"{source}: --split {options.split} has no meaning for a {kind} file; leave it out")
    if options.columns and kind == "parquet":
        raise DataError(f"{source}: --columns has no meaning for a parquet file, which has its own names; leave it out")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error
    if kind == "parquet":
        return _parquet(source, data)
    text, notes = decode(source, data, options.encoding)
    if kind in ("csv", "tsv"):
        return read_csv(source, text, tabs=kind == "tsv", notes=tuple(notes), columns=options.columns)
    if kind == "jsonl":
        return read_jsonl(source, text, tuple(notes), options.columns)
    return read_json(source, text, tuple(notes), options.columns, options.split)


def _parquet(source: str, data: bytes) -> Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("pyarrow", "data") from error
    try:
        table = pq.read_table(pa.BufferReader(data))
        values = [column.to_pylist() for column in table.columns]
    except (ValueError, OSError, pa.ArrowException) as error:
        raise DataError(f"{source}: this is not a readable Parquet file: {cut(error, 200)}") from error
    return table_of_columns(source, table.column_names, values)


def _frame(frame: Any) -> Table:
    """A pandas frame; every missing value (None, NaN, NA, NaT) becomes None, strings such as "NA" stay."""
    plain = frame.astype(object).where(frame.notna(), None)
    rows = [plain.iloc[:, i].tolist() for i in range(plain.shape[1])]
    return table_of_columns("DataFrame", list(frame.columns), rows)


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "data") from error
    return datasets


def _folder(path: Path, options: ReadOptions) -> Table:
    if options.columns:
        raise DataError(f"{path}: --columns names the columns of a text file without a header line; leave it out")
    if not any((path / name).is_file() for name in ("dataset_info.json", "dataset_dict.json")):
        raise DataError(f"{path}: this folder was not written by datasets' save_to_disk; expected {_KINDS}")
    try:
        loaded = _datasets().load_from_disk(str(path))
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise DataError(f"{path}: datasets cannot load this folder: {cut(error, 200)}") from error
    return _dataset(str(path), loaded, options.split)


def _hub(source: str, options: ReadOptions) -> Table:
    """``hub:NAME`` or ``hub:NAME:CONFIG``; only from the local cache when the hub client itself is offline."""
    datasets = _datasets()
    if options.offline and not getattr(datasets.config, "HF_HUB_OFFLINE", False):
        raise DataError(
            f"{source}: reading from a hub needs the network, which --offline forbids; set HF_HUB_OFFLINE=1 to read it "
            "from the local cache, or save it once with save_to_disk and name the folder"
        )
    name, _, config = source.removeprefix("hub:").partition(":")
    try:
        loaded = datasets.load_dataset(name, config or None, split=options.split)
    except Exception as error:  # the hub client raises dozens of unrelated types
        raise DataError(f"{source}: the dataset cannot be loaded: {type(error).__name__}: {cut(error)}") from error
    return _dataset(source, loaded, None)


def _dataset(source: str, loaded: Any, split: str | None) -> Table:
    if isinstance(loaded, Mapping):
        loaded = _choose_split(source, loaded, split)
    elif split is not None and str(loaded.split) != split:
        raise DataError(f"{source}: this dataset has no splits to choose from; leave --split {split} out")
    kinds = {name: type(feature).__name__ for name, feature in loaded.features.items()}
    names = [name for name in loaded.column_names if kinds[name] in ("Value", "ClassLabel")]
    left = [name for name in loaded.column_names if name not in names]
    columns = loaded.with_format(None).select_columns(names)[:]
    values = [_named(columns[name], getattr(loaded.features[name], "names", None)) for name in names]
    notes = [f"columns that do not hold single values are left out: {', '.join(left)}"] if left else []
    return table_of_columns(source, names, values, notes=notes, left_out=left)


def _choose_split(source: str, splits: Mapping[str, Any], split: str | None) -> Any:
    if split is None and len(splits) == 1:
        return next(iter(splits.values()))
    if split is None or split not in splits:
        listed = ", ".join(f"{name} ({len(rows)} rows)" for name, rows in splits.items())
        said = "it has several splits" if split is None else f"it has no split {split!r}"
        raise DataError(f"{source}: {said}; choose one with --split: {listed}")
    return splits[split]


def _named(values: Iterable[Any], names: Sequence[str] | None) -> list[Any]:
    """Class indexes as the names that the dataset gives them; -1, which marks unlabelled rows there, as missing."""
    if names is None:
        return list(values)
    return [None if v is None or v == -1 else names[v] for v in values]


def _iterable(source: Iterable[Any], fields: tuple[str, ...]) -> Table:
    items = list(source)
    if items and all(isinstance(item, Mapping) for item in items):
        return table_of_mappings("examples", enumerate(items, 1))
    pairs = [_pair(number, item) for number, item in enumerate(items, 1)]
    width = max((len(texts) for texts, _ in pairs), default=1)
    names = fields if len(fields) == width else ("text",) if width == 1 else tuple(f"text{i + 1}" for i in range(width))
    for number, (texts, _) in enumerate(pairs, 1):
        if len(texts) != width:
            raise DataError(f"examples, item {number}: expected {width} texts as in the others, got {len(texts)}")
    columns = [*zip(*([*texts, label] for texts, label in pairs), strict=True)]
    return table_of_columns("examples", [*names, "label"], columns)


def _pair(number: int, item: Any) -> tuple[tuple[Any, ...], Any]:
    if not isinstance(item, (tuple, list)) or len(item) != 2:
        shown = repr(item)
        raise DataError(
            f"examples, item {number}: expected a (text, label) pair or a mapping, got {type(item).__name__} "
            f"{shown if len(shown) <= 60 else shown[:60] + '…'}"
        )
    texts, label = item
    return (tuple(texts) if isinstance(texts, (tuple, list)) else (texts,)), label
