"""What flips the victim: which words, edits and positions its failures share, and which answer is turned into which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.render.page.anchors import filtered
from reports.run import EditRecord, Outcome
from reports.run.minimised import edited_word, position

SHOWN = 10
"""Bars of one kind that are drawn at most."""
MOST_LABELS = 12
"""Answers up to which a matrix can be read; of more, the most frequent pairs are ranked."""
_LONGEST, _MOST_WORDS = 40, 3
PLACES = ("start", "middle", "end")
LEVELS = (0.05, 0.15, 0.35, 0.6)
"""Shares of a row from which a cell of the matrix is of level 1, 2, 3, 4."""


@dataclass(frozen=True, slots=True)
class Flip:
    """What one failure edited, each once: words in lower case (``+word`` for one put in), techniques, thirds of the text."""

    words: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


NO_FLIP = Flip()


@dataclass(frozen=True, slots=True)
class Bar:
    """One ranked bar. ``width``: in percent of the longest. ``query``: the filter that shows these failures."""

    name: str
    count: int
    width: float
    query: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one kind, longest first. ``left``: how many shorter ones are not drawn."""

    kind: str
    title: str
    bars: tuple[Bar, ...]
    left: int


@dataclass(frozen=True, slots=True)
class Cell:
    """How often one right answer became another. ``level``: 0 to 4, by its share of the row."""

    answer: str
    count: int
    level: int
    query: str


@dataclass(frozen=True, slots=True)
class Turned:
    """Right answers against answers under attack: ``rows`` of a matrix, or, of many labels, the ranked ``pairs`` alone.

    Each row: the right answer, its trials, those of them that held, a cell for each of ``answers``.
    """

    answers: tuple[str, ...]
    rows: tuple[tuple[str, int, int, tuple[Cell, ...]], ...]
    pairs: Bars | None
    trials: int


def flip_of(text: str, edits: Iterable[EditRecord]) -> Flip:
    """What these edits of a text touched. An edit that rewrites a passage names no word."""
    fitting = [edit for edit in edits if 0 <= edit.start <= edit.end <= len(text)]
    words = (_word(text, edit) for edit in fitting)
    return Flip(
        tuple(dict.fromkeys(word for word in words if word)),
        tuple(dict.fromkeys(edit.technique for edit in fitting if edit.technique)),
        tuple(place for place in PLACES if place in {position(text, edit) for edit in fitting}),
    )


def _word(text: str, edit: EditRecord) -> str:
    word = edited_word(text, edit)
    put_in = " ".join(edit.after.split()).lower()
    found = word or (f"+{put_in}" if put_in else "")
    return found if len(found) <= _LONGEST and len(found.split()) <= _MOST_WORDS else ""


def ranked(flips: Iterable[Flip]) -> tuple[Bars, ...]:
    """Words, edits and positions by how many failures touched them; a kind that tells nothing apart is left out."""
    words: Counter[str] = Counter()
    edits: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for flip in flips:
        words.update(flip.words)
        edits.update(flip.edits)
        places.update(flip.places)
    found = (_bars("word", "Words", words), _bars("edit", "Edits", edits), _bars("place", "Positions in the text", places))
    return tuple(bars for bars in found if bars.bars)


def _bars(kind: str, title: str, counts: Mapping[str, int]) -> Bars:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    most = ordered[0][1] if ordered else 1
    bars = tuple(Bar(name, n, round(100 * n / most, 2), filtered(**{kind: name})) for name, n in ordered[:SHOWN])
    return Bars(kind, title, bars, max(0, len(ordered) - SHOWN))


def turned(outcomes: Iterable[Outcome], labels: Sequence[str]) -> Turned | None:
    """Which label became which under attack, over all trials that attacked a right answer; None where no trial did.

    Only for a victim that answers with labels: of answers that are texts each is one of its own.
    """
    tried = [o for o in outcomes if o.status in ("succeeded", "failed", "exhausted")]
    if not tried or not labels or any(o.stratum != o.reference for o in tried):
        return None
    flips = Counter((o.reference, o.best.shown) for o in tried if o.status == "succeeded" and o.best)
    all_of, held = Counter(o.reference for o in tried), Counter(o.reference for o in tried if o.status != "succeeded")
    known = {name: at for at, name in enumerate(labels)}
    names = sorted({*all_of, *(after for _, after in flips)}, key=lambda name: (known.get(name, len(known)), name))
    if len(names) > MOST_LABELS:
        return Turned((), (), _pairs(flips), len(tried))
    rows = []
    for label in (name for name in names if name in all_of):
        cells = (_cell(label, answer, flips[label, answer], all_of[label]) for answer in names)
        rows.append((label, all_of[label], held[label], tuple(cells)))
    return Turned(tuple(names), tuple(rows), None, len(tried))


def _cell(label: str, answer: str, count: int, of: int) -> Cell:
    level = sum(count / of >= share for share in LEVELS) if count else 0
    return Cell(answer, count, level, filtered(label=label, answer=answer))


def _pairs(flips: Mapping[tuple[str, str], int]) -> Bars:
    ordered = sorted(flips.items(), key=lambda item: (-item[1], item[0]))
    most = ordered[0][1] if ordered else 1
    bars = tuple(
        Bar(f"{label} → {answer}", n, round(100 * n / most, 2), filtered(label=label, answer=answer))
        for (label, answer), n in ordered[:SHOWN]
    )
    return Bars("answer", "Most frequent", bars, max(0, len(ordered) - SHOWN))
