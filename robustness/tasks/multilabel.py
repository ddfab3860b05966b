"""Multi-label: any number of labels for one text or a pair. Right is the same set of labels; broken is any other set.

A label whose score is over 0.5 is set, as in transformers' multi-label heads; a victim with thresholds of its own returns the
names of the labels that are set.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from attacks.search import Input, Judgement
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import LabelSet, Shown, Unusable
from robustness.tasks.reading.named_answers import advice, named_scores, plain_list
from robustness.tasks.reading.rows import shown
from robustness.tasks.task import Goal, GoalKind, Measure, Seen, Space, Task

SET_OVER = 0.5
SAME_SCORE = 1e-4
NONE = "no label"
_SEPARATORS = ("|", ";", ",")
Gold = frozenset[int]
LabelsSeen = Seen[Gold, LabelSet]


def belief(answer: LabelSet, label: int) -> float:
    """The score of a label; 0 or 1 where the victim names labels only."""
    return float(label in answer.labels) if answer.scores is None else answer.scores[label]


def gold_of(seen: LabelsSeen) -> Gold:
    """The labels that are right; those of the clean answer where the data name none."""
    return seen.clean.labels if seen.reference is None else seen.reference


def counts(answer: LabelSet, gold: Gold) -> tuple[int, int, int]:
    """(true positives, false positives, false negatives)."""
    return len(answer.labels & gold), len(answer.labels - gold), len(gold - answer.labels)


def f1(answer: LabelSet, gold: Gold) -> float:
    """F1 of one example; 1 where both sets are empty."""
    true, extra, missed = counts(answer, gold)
    return 1.0 if not extra and not missed else 2 * true / (2 * true + extra + missed)


@dataclass(frozen=True, slots=True)
class LabelsGoal:
    """A label that appears (``added``) or goes (``dropped``), any or the one of index ``label``, whose name is ``word``.

    Score: of the labels that count, how far the one nearest to its change has gone; 0.5 is where it changes.
    """

    kind: str
    label: int | None = None
    word: str = ""

    CHANGED: ClassVar[str] = "labels-changed"
    ADDED: ClassVar[str] = "label-added"
    DROPPED: ClassVar[str] = "label-dropped"

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"{self.kind}:{self.word}" if self.label is not None else self.kind

    def fits(self, gold: Gold, count: int | None) -> bool:
        """Whether an example of these labels can reach it. ``count``: of all labels, where that is known."""
        if self.label is not None:
            return (self.label in gold) is (self.kind == self.DROPPED)
        return bool(gold) if self.kind == self.DROPPED else self.kind == self.CHANGED or len(gold) != count

    def candidates(self, gold: Gold, count: int) -> tuple[Gold, Gold]:
        """The labels that may appear, and those that may go."""
        every = frozenset(range(count)) if self.label is None else frozenset({self.label})
        added = every - gold if self.kind != self.DROPPED else frozenset()
        dropped = every & gold if self.kind != self.ADDED else frozenset()
        return added, dropped

    def judge(self, answer: LabelSet, seen: LabelsSeen) -> Judgement:
        """Broken is where one of the labels that count has changed."""
        gold = gold_of(seen)
        # names alone do not tell how many labels there are, so those that appear are looked for among what came
        count = len(answer.scores) if answer.scores is not None else max(answer.labels | gold, default=-1) + 1
        added, dropped = self.candidates(gold, count)
        gone = [belief(answer, n) for n in added] + [1.0 - belief(answer, n) for n in dropped]
        reached = bool(added & answer.labels or dropped - answer.labels)
        return Judgement(max(gone, default=0.0), reached, f1(answer, gold))


class MultiLabel(Task[Gold, LabelSet]):
    """Any number of the victim's labels for each input."""

    name = "multi-label"
    summary = "any number of labels for a text or a pair"
    references = ("labels", "tags", "categories")
    graded = True
    fewest_labels = 1
    measures = (Measure("exact_match", "exact match"), Measure("micro_f1", "micro-F1", pooled=True))
    goals = (
        GoalKind("labels-changed", "any label that should not be there, or is missing"),
        GoalKind("label-added[:LABEL]", "a label, or this one, where it does not belong"),
        GoalKind("label-dropped[:LABEL]", "a label, or this one, missed where it belongs"),
    )

    def reference(self, cell: object, inputs: Input, space: Space) -> Gold:
        """Indexes of the labels in a list, a JSON list, a mapping to 0 and 1, or a string with ``|``, ``;`` or commas."""
        names = _cell_names(cell, space.labels)
        unknown = [name for name in names if name not in space.labels]
        folded = {label.strip().casefold(): label for label in space.labels}
        if unknown and len(folded) == len(space.labels):
            names = [folded.get(name.casefold(), name) if name in unknown else name for name in names]
            unknown = [name for name in names if name not in space.labels]
        if unknown:
            raise ValueError(f"expected labels among {', '.join(space.labels)}, got {unknown[0]!r} in {_short(cell)}")
        return frozenset(space.labels.index(name) for name in names)

    def answer(self, row: Any, inputs: Input, space: Space) -> LabelSet | Unusable:
        """A score for each label, in order or by name, or a list of the names that are set."""
        if row is None:
            return Unusable("empty", "the victim answered nothing (None); no label at all is an empty list")
        names = _set_names(row)
        if names is not None:
            strange = [name for name in names if name not in space.labels]
            if strange:
                hint = advice(strange, space.labels)
                raise AnswerError(f"the victim answered the label {strange[0]!r}; it declares {list(space.labels)}{hint}")
            return LabelSet(frozenset(map(space.labels.index, names)))
        scores = _scores(row, space.labels)
        return LabelSet(frozenset(n for n, score in enumerate(scores) if score > SET_OVER), scores)

    def goal(self, spec: str, space: Space) -> Goal[Gold, LabelSet]:
        """``labels-changed``, ``label-added[:LABEL]`` or ``label-dropped[:LABEL]``."""
        if spec in ("", LabelsGoal.CHANGED):
            return LabelsGoal(LabelsGoal.CHANGED)
        kind, colon, label = spec.partition(":")
        if kind not in (LabelsGoal.ADDED, LabelsGoal.DROPPED) or (colon and not label):
            raise self.unknown_goal(spec)
        if colon and label not in space.labels:
            raise UsageError(f"{kind} names the label {label!r}; the victim answers {', '.join(space.labels)}")
        return LabelsGoal(kind, space.labels.index(label), label) if colon else LabelsGoal(kind)

    def right(self, answer: LabelSet, seen: LabelsSeen) -> bool:
        """Whether it is exactly the set of right labels."""
        return answer.labels == gold_of(seen)

    def right_for(self, goal: Goal[Gold, LabelSet], answer: LabelSet, seen: LabelsSeen) -> bool:
        """Whether it has none of the faults that the goal looks for, and the example can come to have one."""
        if not isinstance(goal, LabelsGoal):
            return self.right(answer, seen)
        count = None if answer.scores is None else len(answer.scores)
        return goal.fits(gold_of(seen), count) and not goal.judge(answer, seen).reached

    def fits(self, goal: Goal[Gold, LabelSet], reference: Gold | None) -> bool:
        """A label can go only where it belongs, and appear only where it does not."""
        return reference is None or not isinstance(goal, LabelsGoal) or goal.fits(reference, None)

    def measure(self, answer: LabelSet, seen: LabelsSeen) -> Mapping[str, Any]:
        """Whether the sets are equal, and the counts that F1 is taken of."""
        return {"exact_match": float(self.right(answer, seen)), "micro_f1": counts(answer, gold_of(seen))}

    def gist(self, answer: LabelSet) -> Gold:
        """The set of labels."""
        return answer.labels

    def same(self, one: LabelSet, other: LabelSet) -> bool:
        """Equal sets, and scores equal but for the last digits."""
        if one.labels != other.labels or (one.scores is None) != (other.scores is None):
            return False
        return all(abs(x - y) <= SAME_SCORE for x, y in zip(one.scores or (), other.scores or (), strict=True))

    def show(self, answer: LabelSet, space: Space) -> Shown:
        """The names, with commas between; all scores."""
        return Shown(self.show_reference(answer.labels, space), answer.scores, answer=_names(answer.labels, space))

    def show_reference(self, reference: Gold | None, space: Space) -> str:
        """The names, with commas between."""
        return "" if reference is None else ", ".join(_names(reference, space)) or NONE

    def cell(self, reference: Gold | None, space: Space) -> Any:
        """A list of names."""
        return None if reference is None else _names(reference, space)

    def stratum(self, reference: Gold | None, space: Space) -> str | None:
        """Whether any label belongs to it: sets are too many to keep the share of each."""
        return None if reference is None else "labelled" if reference else NONE


def _names(labels: Gold, space: Space) -> list[str]:
    return [space.labels[n] for n in sorted(labels)]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _cell_names(cell: object, labels: tuple[str, ...]) -> list[str]:
    """The names that a cell holds, not yet compared with the victim's; raises ``ValueError``."""
    if isinstance(cell, str):
        return _text_names(cell.strip(), labels)
    if isinstance(cell, Mapping):
        parts = [_flag(value, str(name)) for name, value in cell.items()]
        return [str(name) for name, there in zip(cell, parts, strict=True) if there]
    values = sorted(cell) if isinstance(cell, Set) else plain_list(cell)
    if values is None:
        raise ValueError(f"expected a list of labels, or a text such as {_example(labels)}, got {_short(cell)}")
    if values and not any(isinstance(value, str) for value in values):
        return _flagged(values, labels)
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"expected a list of label names, got {_short(cell)}")
    return [str(value).strip() for value in values]


def _text_names(text: str, labels: tuple[str, ...]) -> list[str]:
    if not text:
        raise ValueError("expected labels, got an empty cell; where no label belongs, write []")
    if text in labels:
        return [text]
    if text[0] in "[{":
        return _cell_names(_literal(text), labels)
    separator = next((mark for mark in _SEPARATORS if mark in text), None)
    parts = [part.strip() for part in text.split(separator)]
    if all(part in ("0", "1") for part in parts) and not {"0", "1"} & set(labels):
        return _flagged([int(part) for part in parts], labels)
    if not all(parts):
        raise ValueError(f"expected a label on each side of {separator!r}, got {_short(text)}")
    return parts


def _literal(text: str) -> object:
    """A list or mapping as JSON writes it, or as Python does, which pandas puts into CSV files."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"expected a list of labels as JSON writes it, got {_short(text)}") from None


def _flagged(values: Sequence[Any], labels: tuple[str, ...]) -> list[str]:
    if len(values) != len(labels):
        raise ValueError(f"expected 0 or 1 for each of {len(labels)} labels ({', '.join(labels)}), got {len(values)} values")
    return [label for label, value in zip(labels, values, strict=True) if _flag(value, label)]


def _flag(value: Any, name: str) -> bool:
    if isinstance(value, (bool, Real)) and value in (0, 1):
        return bool(value)
    raise ValueError(f"expected 0 or 1 for the label {name!r}, got {_short(value)}")


def _example(labels: tuple[str, ...]) -> str:
    return repr("|".join(labels[:2]))


def _set_names(row: Any) -> list[str] | None:
    """The names in a list or set of names; None where the row is none."""
    values = list(row) if isinstance(row, Set) else plain_list(row)
    if values is None or not all(isinstance(value, str) for value in values):
        return None
    return values


def _scores(row: Any, labels: tuple[str, ...]) -> tuple[float, ...]:
    if isinstance(row, Mapping) and not {"label", "score"} <= row.keys():
        row = {name: float(value) if isinstance(value, bool) else value for name, value in row.items()}
    elif isinstance(row, Real) and len(labels) == 1:
        row = [row]
    values = plain_list(named_scores(row, labels))
    if values is None or not all(isinstance(value, Real) for value in values):
        raise AnswerError(
            f"the victim answered {shown(row)}; expected a score for each of {len(labels)} labels, a mapping from label to "
            f"score, or a list of the names that are set, such as {list(labels[:2])}"
        )
    scores = tuple(map(float, values))
    if len(scores) != len(labels):
        raise AnswerError(f"the victim gave {len(scores)} scores for one input; it declares {len(labels)} labels: {list(labels)}")
    if not all(map(math.isfinite, scores)):
        raise AnswerError(f"the victim gave scores that are not finite: {list(scores)}; expected numbers from 0 to 1")
    if not all(0.0 <= score <= 1.0 for score in scores):
        raise AnswerError(
            f"the victim gave scores outside 0 to 1: {list(scores)}; a label over {SET_OVER:g} is set, so logits must go through "
            "a sigmoid first"
        )
    return scores
