"""What ``init`` asks of the data: the file, its columns, and which label of the victim each of its labels is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.commands.terminal.status import status
from robustness.errors import DataError, UsageError

if TYPE_CHECKING:
    from robustness.commands.starting.asking import Asking
    from robustness.data.table import Table
    from robustness.victims.base import VictimInfo

FEWEST = 30
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
LOOKED_IN = ("", "data", "tests/data")
MOST_FILES = 12


def choose_data(
    asking: Asking, spec: str, data: str | None, text: str | None, label: str | None, opening: Mapping[str, Any]
) -> dict[str, Any]:
    """``data``, ``text`` and ``label``; nothing for the demo, which brings its own, unless it is given others."""
    files, default = list(_files()), _likely(list(_files()))
    shown = f"Files here: {', '.join(files)}" if files else "No data file lies here."
    if spec == "demo":
        if data is None and not asking.live:
            return {}
        shown, default = "The demo brings its own examples: leave this empty to take them.", ""
    source = asking.value("Data file", data, default, lambda path: _readable(path, spec), flag="--data", shown=(shown,))
    if not source:
        return {}
    table = _table(source)
    names = ", ".join(map(repr, table.columns))
    texts, right = _guessed(table, spec, opening)
    asked = asking.value(
        "Text column, or two with a comma between",
        text,
        ",".join(texts) or None,
        lambda value: _columns(table, value, "--text"),
        flag="--text",
        shown=(f"Columns: {names}", *_first_rows(table)),
    )
    answer = asking.value(
        "Column that says what is right",
        label,
        right or None,
        lambda value: _columns(table, value, "--label"),
        flag="--label",
    )
    if len(answer) != 1 or answer[0] in asked:
        raise UsageError(f"the column that says what is right must be one, and none of the texts: got {', '.join(answer)}")
    fields = {"fields": list(asked)} if len(asked) > 1 else {}
    return {"data": source, "text": list(asked), "label": answer[0], **fields}


def _files() -> Iterator[str]:
    """Data files in the usual folders, those that are named like test data first."""
    found = [
        path
        for folder in map(Path, LOOKED_IN)
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]
    yield from [str(path) for path in sorted(found, key=lambda path: "train" in path.stem.lower())][:MOST_FILES]


def _likely(files: Sequence[str]) -> str | None:
    """A file that is named like test data, else the only one."""
    tests = [one for one in files if any(word in Path(one).stem.lower() for word in ("test", "eval", "valid", "dev"))]
    found = tests or (files if len(files) == 1 else [])
    return found[0] if found else None


def _readable(path: str, spec: str) -> str:
    if not path and spec == "demo":
        return path
    f.refuse_empty(path, "--data")
    if not path.startswith(("hub:", "demo:")):
        here, whole = Path.cwd(), Path(path).expanduser().absolute()
        path = str(whole.relative_to(here)) if whole.is_relative_to(here) else path
    _table(path)
    return path


def _table(source: str) -> Table:
    from robustness.data.sources import ReadOptions, read_table

    table = read_table(source, ReadOptions(None, None, None, False, (), ()))
    if not table.rows:
        raise DataError(f"{source}: it holds no rows; name a file with examples")
    return table


def _guessed(table: Table, spec: str, opening: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """The columns that an audit would take; none where their names leave it open."""
    from robustness.data.columns import TEXT_NAMES, choose_columns, usual
    from robustness.data.examples import wanted
    from robustness.planning.early_checks import task_of_data
    from robustness.tasks.registry import DEFAULT, task_named

    name = opening.get("task") or task_of_data(spec, table) or DEFAULT
    if name != DEFAULT:
        task = task_named(name)
        right = next(iter(usual(table.columns, task.references)), "")
        free = [column for column in table.columns if column != right]
        wanting = task.fields if len(task.fields) > 1 else ()
        texts = usual(free, wanting) if wanting else usual(free, [*task.texts, *TEXT_NAMES])[:1]
        return tuple(texts) if len(texts) == max(1, len(wanting)) else (), right
    try:
        roles = choose_columns(table.source, table.columns, wanted(table, None, None, None, None))
    except DataError:
        labels = [one for one in table.columns if one.casefold() in ("label", "labels", "sentiment", "class", "target")]
        return (), labels[0] if labels else ""
    return roles.text, roles.label


def _first_rows(table: Table) -> list[str]:
    """The first row, a column a line, cut."""
    _, values = table.rows[0]
    return [f"  {name}: {' '.join(str(value).split())[:60]}" for name, value in zip(table.columns, values, strict=True)]


def _columns(table: Table, text: str, flag: str) -> list[str]:
    from robustness.data.columns import named_column

    if text in table.columns:
        return [text]
    names = [named_column(table.source, table.columns, part, flag) for part in f.listed(text) or []]
    if not names or len(set(names)) != len(names):
        raise UsageError(f"{flag} expects different columns of {', '.join(table.columns)}, got {text!r}")
    return names


def choose_label_map(asking: Asking, audit: Mapping[str, Any], given: str | None, *, check: bool) -> dict[str, Any]:
    """``label_map`` where it is needed, found out by loading the victim; says how many examples there are."""
    from robustness.victims import is_endpoint

    named = f.mapping(given, "--label-map")
    said = f.given(label_map=named)
    if is_endpoint(audit["victim"]) or not check:
        status("the victim was not loaded, so whether its labels fit is not known: `robustness validate` says", quiet=False)
        return said
    status(f"loading victim {audit['victim']}", quiet=False)
    info = _info(audit)
    try:
        count = _examples(audit, info, named)
    except DataError as problem:
        if not asking.live or named is not None or "do not match" not in str(problem):
            raise
        named = _mapped(asking, audit, info)
        count = _examples(audit, info, named)
    if count < FEWEST:
        status(f"{count} examples: nothing passes a gate with fewer than {FEWEST}", quiet=False)
    return f.given(label_map=named)


def _info(audit: Mapping[str, Any]) -> VictimInfo:
    from robustness.auditing import open_victim
    from robustness.planning.early_checks import task_of_data

    opening = {name: audit[name] for name in ("task", "labels", "access", "fields") if name in audit}
    opening.setdefault("task", task_of_data(audit["victim"], _table(audit["data"])))
    if "fields" in opening and not _takes_fields(audit["victim"]):
        del opening["fields"]
    subject = open_victim(audit["victim"], offline=False, session=None, **opening)
    try:
        return subject.info
    finally:
        subject.close()


def _takes_fields(spec: str) -> bool:
    from robustness.victims import takes

    return takes(spec, "fields")


def _examples(audit: Mapping[str, Any], info: VictimInfo, label_map: Mapping[str, str] | None) -> int:
    from robustness.data import load_examples
    from robustness.tasks.task import Space

    how: dict[str, Any] = {"text": audit["text"], "label": audit["label"], "label_map": label_map, "task": info.task}
    space = Space(info.labels, info.data_fields)
    return len(load_examples(audit["data"], labels=info.labels, victim_fields=info.data_fields, space=space, **how))


def _mapped(asking: Asking, audit: Mapping[str, Any], info: VictimInfo) -> dict[str, str]:
    from robustness.data import labels_in

    def read(name: str) -> str:
        hits = [one for one in info.labels if one.casefold() == name.casefold()]
        if len(hits) != 1:
            raise UsageError(f"expected one of {', '.join(info.labels)}, got {name!r}")
        return hits[0]

    output.warn(f"Labels of the victim: {', '.join(info.labels)}")
    found = labels_in(audit["data"], text=audit["text"], label=audit["label"])
    return {one: asking.value(f"Which of them is {one!r} of the data", None, None, read, flag="--label-map") for one in found}
