"""The failure browser's rows: what the page draws itself, and the compact data from which its script draws the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from reports.measures.chance.floor import breach
from reports.render.numbers import interval
from reports.render.page.diff import CONTEXT, Piece, pieces
from reports.render.page.leaning import Leaned, leaned
from reports.render.page.safe import coded, hidden_codes, long_name, script_json, short_name
from reports.run import Judged, Outcome, Run
from reports.run.explanations import EXPLANATIONS, Explained, read_explanations
from reports.run.failures import failures, lowest_severity

STATIC_ROWS = 200
"""Failures written as plain HTML, readable without JavaScript."""
STATIC_BYTES = 200_000
DATA_BYTES = 1_900_000
"""Compact data that the page carries at most; what lies beyond is in ``failures.csv`` only."""
_MOST_SCORES = 8
_OTHER_FIELD = 600
_BRIEF, _SHORT = 90, 32
NO_REFERENCE = "none in the data: compared with the clean answer"


Shaded = tuple[tuple[str, str], ...]
"""A text in pieces, each with the label of the span that it is, or "" between spans."""


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One failure as shown. ``scores``: (label, clean, under attack) each.

    ``fresh``: how often fresh answers to the text broke the victim. ``flip``: how far the answer fell in quality, or, without
    one, rose towards the goal. ``answer``: the difference of the two answers where these are texts. ``shades``: original and
    perturbed text with the spans that the victim answered. ``leaned``: both texts shaded by what each answer leaned on.
    """

    example_id: str
    recipe: str
    reference: str
    clean: str
    after: str
    clean_score: float | None
    after_score: float | None
    flip: float | None
    queries: int
    words_changed: int
    words: int
    words_inserted: int
    similarity: float | None
    severity: int | None
    field: str
    diff: tuple[Piece, ...]
    others: tuple[tuple[str, str, int], ...]
    scores: tuple[tuple[str, float, float], ...]
    answer: tuple[Piece, ...] = ()
    shades: tuple[Shaded, ...] = ()
    fresh: str = ""
    leaned: tuple[Leaned, ...] = ()
    blank: bool = False


BLANK = FailureRow("", "", "", "", "", None, None, None, 0, 0, 0, 0, None, None, "", (), (), (), blank=True)
"""An empty row, which the page's script copies and fills."""


@dataclass(frozen=True, slots=True)
class FailureBook:
    """The browser's content. ``total``: failures of the run. ``data``: JSON for the page's script, holding ``embedded`` rows.

    ``recipes`` and ``labels``: what can be filtered by, each with its number in the data.
    """

    total: int
    embedded: int
    static: tuple[FailureRow, ...]
    recipes: tuple[tuple[int, str], ...]
    labels: tuple[tuple[int, str], ...]
    data: str
    shortened: bool


def failure_book(run: Run) -> FailureBook:
    """All failures of a run, each recipe's smallest changes first, recipes in turn."""
    found = _in_turn(run)
    labels = tuple(map(str, run.manifest.victim.get("labels", ())))
    pack = _Pack()
    explained = _explained(run)
    static: list[FailureRow] = []
    embedded = 0
    for outcome in found:
        row = failure_row(outcome, labels, explained.get((outcome.recipe, outcome.example_id)))
        if not pack.add(row):
            break
        embedded += 1
        if len(static) < STATIC_ROWS and pack.size < STATIC_BYTES:
            static.append(row)
    recipes = sorted({o.recipe for o in found}, key=lambda name: _rank(run.manifest.recipe_names, name))
    told = all(o.stratum == o.reference for o in found)  # else each right answer is a text of its own, and no choice
    golds = sorted({o.reference for o in found}, key=lambda name: _rank(labels, name)) if told else []
    choices = [tuple((pack.name(name), name) for name in names) for names in (recipes, golds)]
    return FailureBook(len(found), embedded, tuple(static), choices[0], choices[1], pack.json(), pack.shortened)


def _explained(run: Run) -> Mapping[tuple[str, str], Explained]:
    found = read_explanations(run.path / EXPLANATIONS)
    return {} if found is None else {one.key: one for one in found.cases}


def _rank(labels: Sequence[str], label: str) -> tuple[int, str]:
    return (labels.index(label) if label in labels else len(labels), label)


def _in_turn(run: Run) -> list[Outcome]:
    names = {name: i for i, name in enumerate(run.manifest.recipe_names)}
    ordered = sorted(failures(run.outcomes), key=_smallness)
    turns = {name: count() for name in names}
    keyed = [(next(turns.setdefault(o.recipe, count())), names.get(o.recipe, len(names)), o) for o in ordered]
    return [o for _, _, o in sorted(keyed, key=lambda k: k[:2])]


def _smallness(outcome: Outcome) -> tuple[float, float, str]:
    similarity = outcome.similarity if outcome.similarity is not None else -1.0
    return outcome.words_touched, -similarity, outcome.example_id


def failure_row(outcome: Outcome, labels: Sequence[str], explained: Explained | None = None) -> FailureRow:
    """One outcome as a row, shaded where it was explained."""
    clean, after = _scores(outcome.clean, labels), _scores(outcome.best, labels)
    original = outcome.texts.get(outcome.field, "")
    clean_shown = outcome.clean.shown if outcome.clean else ""
    after_shown = outcome.best.shown if outcome.best else ""
    return FailureRow(
        example_id=outcome.example_id,
        recipe=outcome.recipe,
        reference=_brief(outcome.reference or NO_REFERENCE),
        clean=_brief(clean_shown),
        after=_brief(after_shown),
        clean_score=clean.get(clean_shown, outcome.clean.quality if outcome.clean else None),
        after_score=after.get(after_shown, outcome.best.quality if outcome.best else None),
        flip=_fall(outcome),
        queries=outcome.queries,
        words_changed=outcome.words_changed,
        words=outcome.words,
        words_inserted=outcome.words_inserted,
        similarity=outcome.similarity,
        severity=lowest_severity(outcome),
        field=outcome.field,
        diff=pieces(original, outcome.perturbed if outcome.perturbed is not None else original, outcome.edits),
        others=tuple((name, *_clipped(text)) for name, text in outcome.texts.items() if name != outcome.field),
        answer=_answers(outcome),
        shades=_shades(outcome),
        fresh=_fresh(outcome),
        leaned=leaned(outcome, explained),
        scores=_paired(clean, after, (outcome.reference, clean_shown, after_shown)),
    )


def _fresh(outcome: Outcome) -> str:
    """How often the text breaks a victim whose answers vary, and its original beside it; nothing of one that does not vary."""
    often = breach(outcome)
    if often is None:
        return ""
    beside = f"; the original {outcome.control_reached} of {outcome.control_asked}" if outcome.control_asked else ""
    return f"{often.successes} of {often.n} fresh answers, {interval(often)}{beside}"


def _brief(shown: str) -> str:
    """An answer for a line of facts."""
    return shown if len(shown) <= _BRIEF else shown[: _BRIEF - 1] + "…"


def _answers(outcome: Outcome) -> tuple[Piece, ...]:
    """Both answers, aligned, where either is too long for the line of facts."""
    if outcome.clean is None or outcome.best is None or max(len(outcome.clean.shown), len(outcome.best.shown)) <= _SHORT:
        return ()
    return pieces(outcome.clean.shown, outcome.best.shown)


def _shades(outcome: Outcome) -> tuple[Shaded, ...]:
    """The texts with what the victim found in each, where it answers spans."""
    if outcome.clean is None or outcome.best is None or not (outcome.clean.spans or outcome.best.spans):
        return ()
    original = outcome.texts.get(outcome.field, "")
    return shaded(original, outcome.clean.spans), shaded(outcome.perturbed or original, outcome.best.spans)


def shaded(text: str, spans: Sequence[tuple[int, int, str]]) -> Shaded:
    """A text cut at its spans; overlapping ones are shown by the first, and what is far from any is left out."""
    found: list[tuple[str, str]] = []
    at = 0
    for start, end, label in sorted(spans):
        if at <= start < end <= len(text):
            found += [(_between(text[at:start]), ""), (text[start:end], label or "span")]
            at = end
    return tuple((part, label) for part, label in (*found, (_between(text[at:]), "")) if part)


def _between(text: str) -> str:
    return text if len(text) <= 2 * CONTEXT else f"{text[:CONTEXT]} … {text[-CONTEXT:]}"


def _fall(outcome: Outcome) -> float | None:
    """How far the quality of the answer fell; without one, how far its score rose towards the goal."""
    if outcome.clean is None or outcome.best is None:
        return None
    if outcome.clean.quality is not None and outcome.best.quality is not None:
        return outcome.clean.quality - outcome.best.quality
    if outcome.clean.score is None or outcome.best.score is None:
        return None
    return outcome.best.score - outcome.clean.score


def _clipped(text: str) -> tuple[str, int]:
    return text[:_OTHER_FIELD], max(0, len(text) - _OTHER_FIELD)


def _scores(prediction: Judged | None, labels: Sequence[str]) -> Mapping[str, float]:
    if prediction is None or prediction.scores is None:
        return {}
    return dict(zip(labels, prediction.scores, strict=False))


def _paired(clean: Mapping[str, float], after: Mapping[str, float], named: Iterable[str]) -> tuple[tuple[str, float, float], ...]:
    """Both scores of each label; of many labels only those that the row names."""
    shared = [name for name in clean if name in after]
    if len(shared) > _MOST_SCORES:
        wanted = set(named)
        shared = [name for name in shared if name in wanted]
    return tuple((name, clean[name], after[name]) for name in shared)


class _Pack:
    """Rows as compact JSON: names are interned, hidden characters are named once, a limit on bytes is kept."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._rows: list[str] = []
        self._hidden: set[str] = set()
        self.size = 0
        self.shortened = False

    def add(self, row: FailureRow) -> bool:
        """Take one more row, or say that there is no room for it."""
        line = script_json(self._packed(row))
        if self.size + len(line) > DATA_BYTES:
            return False
        self._rows.append(line)
        self.size += len(line) + 1
        self.shortened |= any(piece.skipped for piece in row.diff) or any(left for _, _, left in row.others)
        self._hidden |= hidden_codes(_foreign(row))
        return True

    def json(self) -> str:
        """The whole: names, hidden characters by number, rows."""
        head = {
            "names": [coded(name) for name in self._names],
            "hidden": {code: [short_name(code), long_name(code)] for code in sorted(self._hidden)},
        }
        return f'{script_json(head)[:-1]},"rows":[{",".join(self._rows)}]}}'

    def name(self, name: str) -> int:
        """The number under which the data knows a name."""
        return self._names.setdefault(name, len(self._names))

    def _packed(self, row: FailureRow) -> list[Any]:
        return [
            coded(row.example_id),
            *(self.name(n) for n in (row.recipe, row.reference, row.clean, row.after, row.field)),
            row.queries,
            row.words_changed,
            row.words,
            _rounded(row.similarity),
            row.severity,
            [piece.compact() for piece in row.diff],
            [[self.name(name), coded(text), left] for name, text, left in row.others],
            [[self.name(name), _rounded(a), _rounded(b)] for name, a, b in row.scores],
            row.words_inserted,
            [_rounded(row.clean_score), _rounded(row.after_score), _rounded(row.flip)],
            *self._answered(row),
        ]

    def _answered(self, row: FailureRow) -> list[Any]:
        """What only answers that are texts or spans have, or those that were asked again; nothing for the others."""
        if not row.answer and not row.shades and not row.fresh and not row.leaned:
            return []
        sides = [[[coded(text), self.name(label)] if label else coded(text) for text, label in side] for side in row.shades]
        answered = [[piece.compact() for piece in row.answer], sides, *([row.fresh] if row.fresh or row.leaned else [])]
        shading = [
            [[coded(text), level, figure] if level else coded(text) for text, level, figure in side] for side in row.leaned
        ]
        return [*answered, *([shading] if shading else [])]


def _foreign(row: FailureRow) -> Iterable[str]:
    """Every text of a row that the page's script will draw."""
    yield from (row.example_id, row.recipe, row.reference, row.clean, row.after, row.field)
    yield from (part for piece in (*row.diff, *row.answer) for part in piece.parts)
    yield from (text for side in row.shades for pair in side for text in pair)
    yield from (text for side in row.leaned for text, _, _ in side)
    yield from (text for name, shown, _ in row.others for text in (name, shown))
    yield from (name for name, _, _ in row.scores)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
