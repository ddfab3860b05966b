"""Answers that name their classes: mappings, ``{"label", "score"}`` rows, frames. Read by name, or refused with the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from robustness.errors import AnswerError

ONE_TEXT = (
    "a victim is given a list of texts and returns one row for each of them; "
    "a function of one text is asked text by text with --one-at-a-time"
)
LABELS_ONLY = "a victim that gives labels only must say so: --access labels"
_ALL_SCORES = f"return the score of every label (top_k=None in a transformers pipeline); {LABELS_ONLY}"
_TABLES = ("to_dicts", "to_pylist")


def table_rows(raw: Any) -> list[Any] | None:
    """The rows of a table, each a mapping where the table names its columns; None where ``raw`` is no table.

    Tables are frames, structured arrays, and mappings from column to a list. The columns of a pandas frame that has none of
    its own (0, 1 …) name nothing, so its rows stay plain.

    Raises:
        AnswerError: columns of different lengths, or a frame whose index says that its rows were put in another order.
    """
    if isinstance(raw, Mapping):
        return _rows_of_columns(raw)
    if hasattr(raw, "columns") and hasattr(raw, "iloc"):
        refuse_reordered(raw)
        values, names = raw.to_numpy().tolist(), [str(name) for name in raw.columns]
        if list(raw.columns) == list(range(len(names))):
            return list(values)
        return [_named(names, row) for row in values]
    for method in _TABLES:
        if hasattr(raw, method) and not hasattr(raw, "iloc"):
            return list(getattr(raw, method)())
    structured = getattr(getattr(raw, "dtype", None), "names", None)
    return [_named(structured, row) for row in raw.tolist()] if structured else None


def _rows_of_columns(raw: Mapping[Any, Any]) -> list[Any] | None:
    columns = {str(name): plain_list(values) for name, values in raw.items()}
    if not columns or any(values is None for values in columns.values()):
        return None
    lengths = {name: len(values or ()) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise AnswerError(f"the victim returned columns of different lengths: {lengths}; {ONE_TEXT}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*(values or () for values in columns.values()), strict=True)]


def _named(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    if len(set(names)) != len(names):
        raise AnswerError(f"the victim returned a table in which a column occurs twice: {list(names)}")
    return dict(zip(names, row, strict=True))


def refuse_reordered(raw: Any) -> None:
    """Raise ``AnswerError`` where the index of a frame or series is 0 … n-1 in another order: its rows were sorted."""
    index = plain_list(getattr(raw, "index", None)) if hasattr(raw, "iloc") else None
    if index and all(type(i) is int for i in index) and sorted(index) == list(range(len(index))) != index:
        raise AnswerError(
            f"the victim returned rows in a different order: their index is {index[:6]}{'…' if len(index) > 6 else ''}; "
            "rows must come in the order of the texts (sort_index() restores it)"
        )


def plain_list(values: Any) -> list[Any] | None:
    """A list of what an array, tensor, series, list or tuple holds; None for anything else."""
    for method in ("tolist", "to_list"):
        if hasattr(values, method):
            values = getattr(values, method)()
            break
    return list(values) if isinstance(values, (list, tuple)) else None


def named_scores(row: Any, labels: tuple[str, ...]) -> Any:
    """The scores of one input in the order of ``labels`` where the row names them; any other row as it is.

    Raises:
        AnswerError: names that are not exactly the victim's labels.
    """
    found = _by_label(row, labels)
    return row if found is None else _in_order(found, labels)


def named_label(row: Any, labels: tuple[str, ...]) -> Any:
    """The label that a row names: that of the highest score where there are several; any other row as it is.

    Raises:
        AnswerError: scores under names that are not labels of the victim, or two highest ones.
    """
    if isinstance(row, Mapping) and len(row) == 1 and isinstance(value := next(iter(row.values())), str):
        return value  # one column of names
    found = _by_label(row, labels)
    if found is None:
        return row
    high = max(found.values())
    best = [name for name, score in found.items() if score == high]
    if len(best) > 1:
        raise AnswerError(f"the victim gave {' and '.join(map(repr, best))} the same highest score {high:g}; return one label")
    return best[0]


def _by_label(row: Any, labels: tuple[str, ...]) -> dict[str, float] | None:
    """Score by label name as the row spells it, or None where the row names nothing."""
    if hasattr(row, "iloc") and hasattr(row, "items") and not hasattr(row, "columns"):  # a pandas series of one input
        names = list(row.index)
        row = None if names == list(range(len(names))) else dict(row.items())
    elif hasattr(row, "_asdict") and set(getattr(row, "_fields", ())) == set(labels):
        row = row._asdict()
    if isinstance(row, Mapping):
        return _of_mapping(row, labels)
    items = row if isinstance(row, (list, tuple)) else ()
    if len(items) == 1 and isinstance(items[0], (list, tuple)) and _names_something(items[0]):
        items = items[0]  # a pipeline's list for one text inside the list of all texts
    if not _names_something(items):
        return None
    pairs = [_pair(item) for item in items]
    if len({name for name, _ in pairs}) < len(pairs):
        raise AnswerError(f"the victim named a label twice in one row: {[name for name, _ in pairs]}")
    return dict(pairs)


def _names_something(items: Sequence[Any]) -> bool:
    return bool(items) and all(
        isinstance(item, Mapping) or (isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str))
        for item in items
    )


def _pair(item: Any) -> tuple[str, float]:
    if isinstance(item, Mapping):
        if not {"label", "score"} <= set(item):
            raise AnswerError(f'the victim answered {_short(item)}; expected {{"label": …, "score": …}}')
        return str(item["label"]), _score(item["score"], "score")
    return str(item[0]), _score(item[1], str(item[0]))


def _of_mapping(row: Mapping[Any, Any], labels: tuple[str, ...]) -> dict[str, float]:
    keys = {str(key) for key in row}
    if {"label", "score"} <= keys and not {"label", "score"} <= set(labels):
        return {str(row["label"]): _score(row["score"], "score")}
    if {"labels", "scores"} <= keys and not {"labels", "scores"} <= set(labels):  # a zero-shot pipeline's row
        names, scores = plain_list(row["labels"]) or [], plain_list(row["scores"]) or []
        if len(names) != len(scores):
            raise AnswerError(f"the victim answered {len(names)} labels and {len(scores)} scores in one row")
        return _of_mapping(dict(zip(names, scores, strict=True)), labels)
    return {str(key): _score(value, str(key)) for key, value in row.items()}


def _score(value: Any, name: str) -> float:
    if hasattr(value, "item") and not getattr(value, "ndim", 0):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise AnswerError(
            f"the victim answered {_short(value)} ({type(value).__name__}) under {name!r}; "
            "expected one score per label, in the order of the labels, or a mapping from each label to its number"
        )
    return float(value)


def _in_order(found: Mapping[str, float], labels: tuple[str, ...]) -> tuple[float, ...]:
    if found.keys() == set(labels):
        return tuple(found[name] for name in labels)
    strange = [name for name in found if name not in labels]
    if strange:
        raise AnswerError(f"the victim named {_listed(strange)}; it declares {list(labels)}{advice(strange, labels)}")
    raise AnswerError(
        f"the victim gave a score for {_listed(list(found))} only, of {list(labels)}; what it gives the others "
        f"is unknown: {_ALL_SCORES}"
    )


def advice(strange: Sequence[str], labels: tuple[str, ...]) -> str:
    """The way out where a victim answers names that it does not declare."""
    folded = {label.strip().casefold() for label in labels}
    if all(name.strip().casefold() in folded for name in strange):
        return f"; they differ only in case: declare them as it answers them, --labels {','.join(strange)} …"
    if all(re.fullmatch(r"LABEL_\d+", name) for name in strange):
        return (
            "; these are the names of a checkpoint without names: declare them as they are, such as --labels LABEL_0,LABEL_1, "
            "and say what they mean with --label-map, such as negative=LABEL_0,positive=LABEL_1"
        )
    return "; declare the names that it answers, in any order, with --labels"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:6])) + (" …" if len(names) > 6 else "")


def _short(value: Any) -> str:
    text = repr(value)
    return f"{text[:80]}{'…' if len(text) > 80 else ''}"
