"""One trial as the page shows it: a line of facts, the difference of the texts, both answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.measures.chance.floor import breach
from reports.render.numbers import interval
from reports.render.page.anchors import failure_anchor
from reports.render.page.diff import CONTEXT, Piece, pieces
from reports.render.page.flips import NO_FLIP, Flip, flip_of
from reports.render.page.leaning import Leaned, leaned
from reports.run import Judged, Outcome, Run
from reports.run.explanations import Explained
from reports.run.failures import lowest_severity
from reports.run.minimised import MINIMAL, Minimal

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
    ``minimal``: the difference with the fewest edits that still flip, where that says more than ``diff``. ``touched``: what the
    edits touched. ``line``: its line in ``failures.jsonl``, 0 for a trial that broke nothing.
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
    minimal: tuple[Piece, ...] = ()
    touched: Flip = NO_FLIP
    line: int = 0
    blank: bool = False

    @property
    def anchor(self) -> str:
        """Its address within the page."""
        return failure_anchor(self.recipe, self.example_id)

    @property
    def shortened(self) -> bool:
        """Whether the page holds less than the whole texts."""
        return any(piece.skipped for piece in self.diff) or any(left for _, _, left in self.others)


BLANK = FailureRow("", "", "", "", "", None, None, None, 0, 0, 0, 0, None, None, "", (), (), (), blank=True)
"""An empty row, which the page's script copies and fills."""


def failure_row(
    outcome: Outcome, labels: Sequence[str], explained: Explained | None = None, minimal: Minimal | None = None, line: int = 0
) -> FailureRow:
    """One outcome as a row, shaded where it was explained, and with its fewest edits where it was minimised."""
    clean, after = _scores(outcome.clean, labels), _scores(outcome.best, labels)
    original = outcome.texts.get(outcome.field, "")
    clean_shown = outcome.clean.shown if outcome.clean else ""
    after_shown = outcome.best.shown if outcome.best else ""
    return FailureRow(
        example_id=outcome.example_id,
        recipe=outcome.recipe,
        reference=brief(outcome.reference or NO_REFERENCE),
        clean=brief(clean_shown),
        after=brief(after_shown),
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
        others=tuple((name, *clipped(text)) for name, text in outcome.texts.items() if name != outcome.field),
        answer=_answers(outcome),
        shades=_shades(outcome),
        fresh=_fresh(outcome),
        leaned=leaned(outcome, explained),
        minimal=_fewest(original, minimal),
        touched=touched(outcome, minimal),
        line=line,
        scores=_paired(clean, after, (outcome.reference, clean_shown, after_shown)),
    )


def touched(outcome: Outcome, minimal: Minimal | None) -> Flip:
    """What a trial's edits touched: of a minimised failure those that are needed, else all of them."""
    needed = minimal.edits if minimal is not None and minimal.state == MINIMAL else outcome.edits
    return flip_of(outcome.texts.get(outcome.field, ""), needed)


def _fewest(original: str, minimal: Minimal | None) -> tuple[Piece, ...]:
    """The difference with the edits that are needed, where some were not."""
    if minimal is None or minimal.state != MINIMAL or len(minimal.edits) >= minimal.was:
        return ()
    return pieces(original, minimal.perturbed, minimal.edits)


def _fresh(outcome: Outcome) -> str:
    """How often the text breaks a victim whose answers vary, and its original beside it; nothing of one that does not vary."""
    often = breach(outcome)
    if often is None:
        return ""
    beside = f"; the original {outcome.control_reached} of {outcome.control_asked}" if outcome.control_asked else ""
    return f"{often.successes} of {often.n} fresh answers, {interval(often)}{beside}"


def brief(shown: str, longest: int = _BRIEF) -> str:
    """An answer for a line of facts."""
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


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


def clipped(text: str) -> tuple[str, int]:
    """As much of a text as is shown of a field that was not attacked, and how many characters that leaves out."""
    return text[:_OTHER_FIELD], max(0, len(text) - _OTHER_FIELD)


def _scores(prediction: Judged | None, labels: Sequence[str]) -> Mapping[str, float]:
    if prediction is None or prediction.scores is None:
        return {}
    return dict(zip(labels, prediction.scores, strict=False))


def own_score(answer: Judged | None, run: Run) -> float | None:
    """The victim's score of its own answer; for answers that are no labels their quality."""
    if answer is None:
        return None
    scores = _scores(answer, tuple(map(str, run.manifest.victim.get("labels", ()))))
    value = scores.get(answer.shown, answer.quality)
    return None if value is None else round(value, 4)


def _paired(clean: Mapping[str, float], after: Mapping[str, float], named: Iterable[str]) -> tuple[tuple[str, float, float], ...]:
    """Both scores of each label; of many labels only those that the row names."""
    shared = [name for name in clean if name in after]
    if len(shared) > _MOST_SCORES:
        wanted = set(named)
        shared = [name for name in shared if name in wanted]
    return tuple((name, clean[name], after[name]) for name in shared)
