"""Which columns hold the texts, the label and the id: as given by flags, else by the usual names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from robustness.data.labels import picked_label
from robustness.errors import DataError

T = TypeVar("T")

TEXT_NAMES = (
    *("text", "sentence", "review", "content", "prompt", "comment", "tweet", "message", "utterance"),
    *("body", "document", "query", "question", "passage", "input", "inputs"),
)
PAIR_NAMES = (
    *(("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"), ("text1", "text2")),
    *(("question", "sentence"), ("question", "passage"), ("question", "context"), ("query", "passage"), ("text", "text_pair")),
    *(("text_a", "text_b"), ("sentence_a", "sentence_b"), ("query", "document"), ("claim", "evidence"), ("context", "response")),
)
_FIRST_SECOND = (("1", "2"), ("a", "b"), ("left", "right"), ("first", "second"))
LABEL_NAMES = ("label", "labels", "gold_label", "gold", "target", "class", "category", "sentiment", "y")
SEVERAL_LABELS = (
    "examples with several labels each are not supported yet: audit one label at a time, with a column that says whether it "
    "holds (--label COLUMN) and a victim that answers the same (hf:NAME#LABEL)"
)
_YES_NO = {"0", "1", "0.0", "1.0", "true", "false"}
ID_NAMES = ("id", "example_id", "uid", "guid", "idx")


@dataclass(frozen=True, slots=True)
class Columns:
    """The chosen columns by name. ``id_asked``: the user named the id column, so it must be usable.

    ``group``: the column that says which rows belong together, None where each is independent. It may be any column.
    """

    text: tuple[str, ...]
    label: str
    id: str | None
    id_asked: bool
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for; None means guess. ``fields``: the victim's text fields, ``labels``: its labels, when known.

    ``left_out``: columns that the reader found to hold no single values. ``yes_no``: columns that hold 0 and 1 (or true and
    false) and nothing else.
    """

    text: str | Sequence[str] | None = None
    label: str | None = None
    id: str | None = None
    group: str | None = None
    fields: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    yes_no: tuple[str, ...] = ()


def choose_columns(source: str, columns: Sequence[str], wanted: Wanted) -> Columns:
    """Choose the columns; raises ``DataError`` listing them where a choice is absent or ambiguous."""
    faults: list[DataError] = []

    def chosen(choose: Callable[[], T], otherwise: T) -> T:
        try:
            return choose()
        except DataError as fault:
            faults.append(fault)
            return otherwise

    ask = _asked_label if wanted.label is not None else _guess_label
    label = chosen(lambda: ask(source, columns, wanted), "")
    texts: tuple[str, ...] = ()
    if wanted.text is not None:
        texts = chosen(lambda: asked_texts(source, columns, wanted.text or ()), ())
    elif label or not (usual(columns, TEXT_NAMES) or _pairs(columns)):  # a label that is not known may look like a text
        texts = chosen(lambda: _guess_texts(source, columns, label, wanted), ())
    group = None if wanted.group is None else chosen(lambda: named_column(source, columns, wanted.group or "", "--group"), None)
    id_ = None if wanted.id is None else chosen(lambda: named_column(source, columns, wanted.id or "", "--id"), None)
    if faults:
        raise _together(source, faults)
    if label in texts:
        raise DataError(f"{source}: the column {label!r} cannot be both text and label; choose with --text and --label")
    if wanted.fields and len(texts) != len(wanted.fields):
        raise DataError(
            f"{source}: the victim reads {len(wanted.fields)} text field(s) ({', '.join(wanted.fields)}), "
            f"but {len(texts)} column(s) were chosen ({', '.join(texts)}); choose as many with --text {_example(wanted.fields)}"
        )
    if id_ is not None:
        return Columns(texts, label, id_, True, group)
    free = [c for c in columns if c not in (label, group, *texts)]
    return Columns(texts, label, next(iter(usual(free, ID_NAMES)), None), False, group)


def _together(source: str, faults: Sequence[DataError]) -> DataError:
    """One error for all columns that could not be chosen, so that they are named in one go."""
    first, *others = map(str, faults)
    return DataError("; and ".join([first, *(one.removeprefix(f"{source}: ") for one in others)]))


def _example(fields: Sequence[str]) -> str:
    return "COLUMN" if len(fields) == 1 else ",".join(f"COLUMN{i + 1}" for i in range(len(fields)))


def named_column(source: str, columns: Sequence[str], name: str, flag: str) -> str:
    """A column by its name, whatever its case; raises ``DataError`` with the nearest."""
    if name in columns:
        return name
    folded = [c for c in columns if c.casefold() == name.strip().casefold()]
    if len(folded) == 1:
        return folded[0]
    near = get_close_matches(name, columns, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise DataError(f"{source}: there is no column {name!r} for {flag}; columns: {_listed(columns)}{hint}")


def asked_texts(source: str, columns: Sequence[str], text: str | Sequence[str]) -> tuple[str, ...]:
    """The columns of ``--text``; raises ``DataError``."""
    names = [text] if isinstance(text, str) and text in columns else text.split(",") if isinstance(text, str) else list(text)
    texts = tuple(named_column(source, columns, name, "--text") for name in names)
    if not texts or len(set(texts)) != len(texts):
        raise DataError(f"{source}: --text must name different columns, got {', '.join(texts) or 'none'}")
    return texts


def usual(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Columns with a usual name, in the order of the names."""
    folded = {c.casefold(): c for c in reversed(columns)}
    return [folded[name] for name in names if name in folded]


def _asked_label(source: str, columns: Sequence[str], wanted: Wanted) -> str:
    if wanted.label in wanted.left_out and wanted.label not in columns:
        raise DataError(f"{source}: the column {wanted.label!r} for --label does not hold single values; {SEVERAL_LABELS}")
    return named_column(source, columns, wanted.label or "", "--label")


def _guess_label(source: str, columns: Sequence[str], wanted: Wanted) -> str:
    """A usual name, or that of the one label that the victim is asked about (``hf:NAME#LABEL``)."""
    found = usual(columns, LABEL_NAMES)
    picked = picked_label(wanted.labels)
    own = usual(columns, [picked.casefold()]) if picked else []
    if own and not found:
        return own[0]
    if found and not own and (len(found) == 1 or found[0].casefold() == LABEL_NAMES[0]):
        return found[0]
    lists = usual(wanted.left_out, LABEL_NAMES)
    if not found and lists:
        raise DataError(f"{source}: the column {lists[0]!r} does not hold single values; {SEVERAL_LABELS}")
    names = {label.casefold() for label in wanted.labels}
    apart = [c for c in wanted.yes_no if c.casefold() in names] or list(wanted.yes_no)
    if not found and not own and len(apart) > 1:
        raise DataError(
            f"{source}: the columns {_listed(apart)} each hold yes or no, as with one column per label; {SEVERAL_LABELS}"
        )
    raise undecided(source, columns, [*dict.fromkeys([*found, *own])], "the label", "--label COLUMN")


def yes_no_columns(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> tuple[str, ...]:
    """Columns whose values are all 0 or 1, or true or false; those without any value are not among them."""
    seen = [{str(value).strip().casefold() for value in column} - {"", "none"} for column in zip(*rows, strict=True)]
    return tuple(name for name, values in zip(columns, seen, strict=False) if values and values <= _YES_NO)


def _guess_texts(source: str, columns: Sequence[str], label: str, wanted: Wanted) -> tuple[str, ...]:
    """The victim's own field names, else a usual pair, else a usual single name; ``text`` wins over the others."""
    free = [c for c in columns if c != label and c != wanted.id]
    own = usual(free, [f.casefold() for f in wanted.fields])
    pairs = _pairs(free)
    if len(wanted.fields) == 1:
        named = own if wanted.fields != ("text",) else []  # "text" is the name of a field that nobody named
        found = named or usual(free, TEXT_NAMES)
        halves = [pair for pair in pairs if not found or found[0] in pair]
        if halves and not named:
            raise _half_of_a_pair(source, columns, halves)
        pairs = []
    if own and len(own) == len(wanted.fields):
        return tuple(own)
    if len(pairs) == 1:
        return tuple(pairs[0])
    flag = "--text COLUMN" if len(wanted.fields) == 1 else "--text COLUMN, or --text COLUMN1,COLUMN2 for a pair"
    if pairs or len(wanted.fields) > 1:
        what = f"the victim's {len(wanted.fields)} text fields ({', '.join(wanted.fields)})" if wanted.fields else "the texts"
        raise undecided(source, columns, [" + ".join(pair) for pair in pairs], what, flag)
    found = usual(free, TEXT_NAMES)
    if found and (len(found) == 1 or found[0].casefold() == TEXT_NAMES[0]):
        return (found[0],)
    raise undecided(source, columns, found, "the text", flag)


def usual_texts(source: str, columns: Sequence[str], fields: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The text columns of a task: the victim's own field names, else the task's usual ones, else a usual single name."""
    own = usual(columns, [name.casefold() for name in fields]) if tuple(fields) != ("text",) else []
    if own and len(own) == len(fields):
        return tuple(own)
    some = usual(columns, [*names, *TEXT_NAMES]) if len(fields) == 1 else []
    if some:
        return (some[0],)
    flag = "--text COLUMN" if len(fields) == 1 else "--text " + _example(fields)
    raise undecided(source, columns, [], f"the victim's text fields ({', '.join(fields)})", flag)


def _pairs(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Columns that look like the two texts of a pair: usual names, else names that differ in 1 and 2, or a and b, only."""
    known = [(pair[0], pair[1]) for names in PAIR_NAMES if len(pair := usual(columns, names)) == 2]
    if known or usual(columns, TEXT_NAMES):
        return known
    folded = {column.casefold(): column for column in reversed(columns)}
    alike = [
        (folded[name], folded[other])
        for name in folded
        for one, two in _FIRST_SECOND
        if name.endswith(one) and len(name) > len(one) and (other := name.removesuffix(one) + two) in folded
    ]
    return alike if len(alike) == 1 else []


def _half_of_a_pair(source: str, columns: Sequence[str], pairs: Sequence[tuple[str, str]]) -> DataError:
    first, second = pairs[0]
    return DataError(
        f"{source}: the columns {first!r} and {second!r} look like the two texts of a pair, and the victim reads one text; "
        f"columns: {_listed(columns)}; for a victim of pairs add --fields {first},{second} (or --text {first},{second}); "
        f"to audit one of them alone, name it: --text {second}"
    )


def undecided(source: str, columns: Sequence[str], found: Sequence[str], what: str, flag: str) -> DataError:
    """The error for a choice that the columns' names leave open."""
    why = f"several columns could hold {what}: {_listed(found)}" if found else f"no column has a usual name for {what}"
    header = "" if found else f" (if these are values, the file lacks its header line: name its columns{_for_example(columns)})"
    return DataError(f"{source}: {why}; columns: {_listed(columns)}{header}; choose with {flag}")


def _for_example(columns: Sequence[str]) -> str:
    return " in order, --columns label,text" if len(columns) == 2 else " in order with --columns"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(repr(c if len(c) <= 60 else c[:60] + "…") for c in columns)
