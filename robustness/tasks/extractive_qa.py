"""Extractive question answering: a question, a context, and an answer that stands in the context.

An answer is *right* where it holds a gold answer word for word, or where its F1 with one (Rajpurkar et al. 2016) is at least
one half and it names no number that the gold answer does not. So a chatty model that says "It was Oslo, of course." is right,
"9 million dollars" for "5 million dollars" is not, and neither is one that repeats the passage.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import regex

from attacks.search import Input, Judgement, Mark
from robustness.errors import AnswerError
from robustness.tasks.answers import Completion, Shown, Unusable
from robustness.tasks.reading.answer_overlap import Tokens, f1, holds, numbers, tokens
from robustness.tasks.reading.refusals import kind_of
from robustness.tasks.reading.rows import shown
from robustness.tasks.task import Goal, GoalKind, Measure, Seen, Space, Task, share_in, text_of

Gold = tuple[str, ...]
"""The gold answers, any of which is right."""
QaSeen = Seen[Gold, Completion]

RIGHT_F1 = 0.5
QUOTE_WORDS, QUOTE_SHARE = 20, 0.5
"""An answer of more words than both, counted and as a share of the passage, repeats the passage: it says nothing by holding the
gold answer."""
DEFAULT_SHARE = 0.5
KEYS = ("answer", "text", "prediction_text", "generated_text")
CUT_OFF = {"length": "truncated", "content_filter": "filtered", "refusal": "refused"}


def answer_f1(answer: Completion, seen: QaSeen) -> float:
    """The highest F1 with a gold answer, 0 to 1."""
    words = tokens(answer.text)
    return max(f1(words, gold) for gold in _gold(seen))


def contained(answer: Completion, seen: QaSeen) -> bool:
    """Whether a gold answer stands in the answer, and the answer is not the passage over again."""
    words = tokens(answer.text)
    passage = max(len(tokens(text)) for text in seen.perturbed)
    quotes = len(words) > max(QUOTE_WORDS, QUOTE_SHARE * passage)
    return not quotes and any(holds(words, gold) for gold in _gold(seen))


def is_right(answer: Completion, seen: QaSeen) -> bool:
    """What the module says: a gold answer contained, or F1 of at least one half without a number of its own."""
    words = tokens(answer.text)
    near = any(f1(words, gold) >= RIGHT_F1 and numbers(words) <= numbers(gold) for gold in _gold(seen))
    return near or contained(answer, seen)


def _gold(seen: QaSeen) -> list[Tokens]:
    texts = seen.reference if seen.reference is not None else (seen.clean.text,)
    return [tokens(text) for text in texts]


def _sureness(answer: Completion) -> float:
    return 1.0 if answer.confidence is None else answer.confidence


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """An answer that is not right.

    Score: up to 0.5 while it is right, higher the lower its F1 and the reader's own confidence in it; above 0.5 once lost.
    """

    name: ClassVar[str] = "answer-lost"

    def judge(self, answer: Completion, seen: QaSeen) -> Judgement:
        """Broken is what would not have been right on the clean text."""
        quality, lost = answer_f1(answer, seen), not is_right(answer, seen)
        score = 1.0 - 0.25 * quality if lost else 0.5 * (1.0 - quality * _sureness(answer))
        return Judgement(score, lost, quality)


@dataclass(frozen=True, slots=True)
class QualityBelow:
    """F1 below a share of what it was on the clean text. Score: one minus the F1."""

    share: float

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"quality-below:{self.share:g}"

    def judge(self, answer: Completion, seen: QaSeen) -> Judgement:
        """Broken is what falls below the share, of an answer that had any quality."""
        quality, clean = answer_f1(answer, seen), answer_f1(seen.clean, seen)
        lost = quality < self.share * clean
        score = 1.0 - 0.25 * quality if lost else 0.5 * (1.0 - quality * _sureness(answer))
        return Judgement(score, lost, quality)


@dataclass(frozen=True, slots=True)
class AnswerWith:
    """A given wrong answer; ``wanted``: its text. Score: its F1, more where it is said."""

    wanted: str

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"answer-with:{self.wanted}"

    def judge(self, answer: Completion, seen: QaSeen) -> Judgement:
        """Broken is what says it and is not right."""
        words, wanted = tokens(answer.text), tokens(self.wanted)
        said = holds(words, wanted) and not is_right(answer, seen)
        near = f1(words, wanted)
        return Judgement(0.5 + 0.5 * near if said else 0.5 * near, said, answer_f1(answer, seen))


class ExtractiveQA(Task[Gold, Completion]):
    """A span of the context for a question about it."""

    name = "qa"
    summary = "a question about a context, answered by a span of it"
    fields = ("question", "context")
    references = ("answers", "answer", "gold_answer", "gold", "label")
    graded = True
    protects = True
    measures = (
        Measure("exact_match", "exact match"),
        Measure("f1", "F1"),
        Measure("contained", "gold answer contained"),
    )
    goals = (
        GoalKind("answer-lost", "no gold answer contained, and F1 below 0.5 or a number of its own"),
        GoalKind("quality-below:SHARE", f"F1 below this share of the clean answer's, {DEFAULT_SHARE} by default"),
        GoalKind("answer-with:TEXT", "this wrong answer"),
    )

    def reference(self, cell: object, inputs: Input, space: Space) -> Gold:
        """The gold answers: one, a list (JSON in a text cell), or SQuAD's mapping with ``text``. One must stand in a field.

        Raises:
            ValueError: there is none, as with unanswerable questions, which cannot be told from a victim that says nothing.
        """
        found = dict.fromkeys(_texts(cell))
        if not found:
            raise ValueError(
                "expected a gold answer, got none; a question without an answer cannot be attacked, because saying nothing is "
                "both right and what a broken victim does: leave its row out"
            )
        if not any(_places(answer, text) for answer in found for text in inputs):
            raise ValueError(
                f"expected an answer that stands in the context, got {_listed(found)}, which does not; is the column right? "
                "Answers in free words are the task of generation"
            )
        return tuple(found)

    def answer(self, row: Any, inputs: Input, space: Space) -> Completion | Unusable:
        """A text, or a mapping with one under ``answer`` or ``text`` and at will ``score`` (0 to 1) and ``finish``."""
        finish = row.get("finish") if isinstance(row, Mapping) else None
        if finish in CUT_OFF:
            return Unusable(CUT_OFF[finish], f"expected a whole answer, got one that ended by {finish!r}: {shown(row)}")
        text = text_of(row, KEYS).strip()
        if not tokens(text):
            return Unusable("empty", f"expected an answer, got {shown(row)}")
        score = row.get("score") if isinstance(row, Mapping) else None
        return Completion(text, confidence=None if score is None else _confidence(score))

    def goal(self, spec: str, space: Space) -> Goal[Gold, Completion]:
        """``answer-lost``, ``quality-below:SHARE`` or ``answer-with:TEXT``."""
        if spec in ("", AnswerLost.name):
            return AnswerLost()
        word, _, text = spec.partition(":")
        if word == "quality-below":
            return QualityBelow(share_in(spec, word, DEFAULT_SHARE))
        if word != "answer-with" or not tokens(text):
            raise self.unknown_goal(spec)
        return AnswerWith(text)

    def right(self, answer: Completion, seen: QaSeen) -> bool:
        """A gold answer contained, or F1 of at least one half without a number of its own."""
        return is_right(answer, seen)

    def kind(self, answer: Completion, seen: QaSeen) -> str:
        """A refusal, unless it is right."""
        return kind_of(answer.text, right=is_right(answer, seen))

    def measure(self, answer: Completion, seen: QaSeen) -> Mapping[str, Any]:
        """Exact match and containment as 0 or 1, and F1."""
        exact = any(tokens(answer.text) == gold for gold in _gold(seen))
        return {"exact_match": float(exact), "f1": answer_f1(answer, seen), "contained": float(contained(answer, seen))}

    def marks(self, reference: Gold | None, inputs: Input) -> tuple[Mark, ...]:
        """Every place of every gold answer, in the context and in the question."""
        found = {(n, *span) for n, text in enumerate(inputs) for gold in reference or () for span in _places(gold, text)}
        return tuple(Mark(*place, label="answer") for place in sorted(found))

    def show(self, answer: Completion, space: Space) -> Shown:
        """The text."""
        return Shown(answer.text)

    def show_reference(self, reference: Gold | None, space: Space) -> str:
        """The gold answers with a bar between."""
        return " | ".join(reference or ())

    def cell(self, reference: Gold | None, space: Space) -> Any:
        """The list of gold answers."""
        return None if reference is None else list(reference)

    def gist(self, answer: Completion) -> Tokens:
        """The words that count."""
        return tokens(answer.text)


def _texts(cell: object) -> list[str]:
    """The texts of a cell, without blank ones."""
    if isinstance(cell, str):
        cell = _from_json(cell)
    if isinstance(cell, Mapping):
        if "text" not in cell:
            raise ValueError(f"expected gold answers under 'text', as SQuAD has them, got a mapping of {_listed(cell)}")
        cell = cell["text"]
    if isinstance(cell, str):
        cell = [cell]
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return []
    if hasattr(cell, "tolist"):  # a column of lists comes as arrays from some readers
        cell = cell.tolist()
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        cell = [str(cell)]  # a table's reader makes numbers of a column of years
    if not isinstance(cell, (list, tuple)):
        raise ValueError(f"expected a gold answer, a list of them, or a mapping with 'text', got {shown(cell)}")
    odd = next((one for one in cell if not isinstance(one, str)), None)
    if odd is not None:
        raise ValueError(f"expected gold answers as texts, got {shown(odd)} among them")
    return [one.strip() for one in cell if tokens(one)]


def _from_json(text: str) -> object:
    """A list or mapping written as JSON; any other text is itself the answer, a number too."""
    if text.lstrip()[:1] in ("[", "{"):
        try:
            found: object = json.loads(text)
        except ValueError:
            return text
        return found
    return text


def _places(answer: str, text: str) -> list[tuple[int, int]]:
    """Where an answer stands in a text as whole words, letter case and blanks aside; within words where nowhere else."""
    body = r"\s+".join(map(regex.escape, answer.split()))
    whole = regex.compile(rf"(?<![\p{{L}}\p{{N}}]){body}(?![\p{{L}}\p{{N}}])", regex.IGNORECASE)
    found = [match.span() for match in whole.finditer(text)]
    return found or [match.span() for match in regex.finditer(body, text, regex.IGNORECASE)]


def _confidence(score: Any) -> float:
    number = score.item() if hasattr(score, "item") else score
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0.0 <= number <= 1.0 + 1e-6:
        raise AnswerError(f"the victim answered the score {shown(score)}; expected a probability from 0 to 1, or no score")
    return min(1.0, float(number))


def _listed(values: Iterable[object]) -> str:
    names = [repr(value)[:60] for value in values]
    return ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
