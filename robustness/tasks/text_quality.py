"""What tasks share whose answers are texts of a graded quality: how an answer is read, when it is right, when it is broken.

Quality is a similarity, 0 to 1, to the reference, or, where the data hold none, to the answer that the clean text got: then a
clean answer is *right* whatever it says, and an attack shows how far small changes carry the answer away.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rapidfuzz.fuzz import ratio

from attacks.search import Input, Judgement
from robustness.errors import UsageError
from robustness.tasks.answers import Completion, Shown, Unusable
from robustness.tasks.reading.refusals import kind_of
from robustness.tasks.reading.rows import shown
from robustness.tasks.task import Goal, GoalKind, Seen, Space, Task, share_in, text_of

TextSeen = Seen[str, Completion]
Similarity = Callable[[str, str], float]
"""From a text and what it should be to 0 … 1."""
CUT_OFF = {"length": "truncated", "content_filter": "filtered", "refusal": "refused"}
"""By ``finish``, the kind of an answer that is none."""
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


def expected(seen: TextSeen) -> str:
    """The reference, else the clean answer."""
    return seen.clean.text if seen.reference is None else seen.reference


def words_of(text: str) -> list[str]:
    """Its words, lower-case; what an apostrophe or a hyphen joins is one."""
    return [word.casefold() for word in _WORD.findall(text)]


@dataclass(frozen=True, slots=True)
class QualityBelow:
    """Quality below a share of the clean answer's. Score: one minus the share that is left."""

    share: float
    similarity: Similarity

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"quality-below:{self.share:g}"

    def judge(self, answer: Completion, seen: TextSeen) -> Judgement:
        """Broken is what falls below the share."""
        quality, left = _left(self.similarity, answer, seen)
        return Judgement(1.0 - left, left < self.share, quality)


@dataclass(frozen=True, slots=True)
class Contains:
    """A whole word, whatever its case, in an answer that should not hold it.

    Score: how near the answer's nearest word comes to it, and how much of the quality is lost, half each; 1 once it is there.
    """

    word: str
    similarity: Similarity

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"contains:{self.word}"

    def applies(self, seen: TextSeen) -> bool:
        """Not where it is there rightly, or was there before."""
        return not _holds(expected(seen), self.word) and not _holds(seen.clean.text, self.word)

    def judge(self, answer: Completion, seen: TextSeen) -> Judgement:
        """Broken is what holds it, wrongly."""
        quality, left = _left(self.similarity, answer, seen)
        if _holds(answer.text, self.word):
            return Judgement(1.0, self.applies(seen), quality)
        wanted = self.word.casefold()
        near = max((ratio(wanted, word) / 100.0 for word in words_of(answer.text)), default=0.0)
        return Judgement(0.495 * near + 0.495 * (1.0 - min(1.0, left)), False, quality)


@dataclass(frozen=True, slots=True)
class Lacks:
    """An answer without a whole word that belongs there, whatever its case.

    Score: how much of the quality is lost; 1 once the word is gone.
    """

    word: str
    similarity: Similarity

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"lacks:{self.word}"

    def applies(self, seen: TextSeen) -> bool:
        """Only where it belongs there, and was there."""
        return _holds(expected(seen), self.word) and _holds(seen.clean.text, self.word)

    def judge(self, answer: Completion, seen: TextSeen) -> Judgement:
        """Broken is what has lost it."""
        quality, left = _left(self.similarity, answer, seen)
        if not _holds(answer.text, self.word):
            return Judgement(1.0, self.applies(seen), quality)
        return Judgement(0.99 * (1.0 - min(1.0, left)), False, quality)


def _left(similarity: Similarity, answer: Completion, seen: TextSeen) -> tuple[float, float]:
    """The answer's quality, and the share of the clean one's that is left, which may be over 1."""
    right = expected(seen)
    quality, clean = similarity(answer.text, right), similarity(seen.clean.text, right)
    return quality, quality / clean if clean else 1.0


def _holds(text: str, phrase: str) -> bool:
    words, wanted = words_of(text), words_of(phrase)
    return any(words[n : n + len(wanted)] == wanted for n in range(len(words) - len(wanted) + 1))


class TextTask(Task[str, Completion]):
    """A task whose answers are texts. A subclass brings ``similarity``, and what else it measures."""

    reference_needed = False
    graded = True
    answer_keys: ClassVar[tuple[str, ...]]
    """Keys of a mapping that hold the text, in order."""
    default_share: ClassVar[float]
    right_quality: ClassVar[float]
    """The quality from which a clean answer is right, where the data hold references."""
    measure_name: ClassVar[str]
    kinds: ClassVar[tuple[GoalKind, ...]] = (
        GoalKind("contains:WORD", "this word in an answer that should not hold it"),
        GoalKind("lacks:WORD", "this word gone from an answer that should hold it"),
    )

    @abstractmethod
    def similarity(self, text: str, right: str) -> float:
        """How near a text is to what it should be, 0 to 1; of equal texts 1."""

    @abstractmethod
    def check_extra(self) -> None:
        """Raise ``MissingExtraError`` where what it measures with is not installed."""

    def reference(self, cell: object, inputs: Input, space: Space) -> str:
        """A text that is not empty."""
        if isinstance(cell, (list, tuple)) and len(cell) == 1:  # data sets that allow several references often hold one
            cell = cell[0]
        if not isinstance(cell, str):
            raise ValueError(f"expected a text, one reference for each row, got {shown(cell)}")
        if not words_of(cell):
            raise ValueError(f"expected a text as the reference, got {shown(cell)}, which has no word")
        return cell

    def answer(self, row: Any, inputs: Input, space: Space) -> Completion | Unusable:
        """A text, or a mapping with one and perhaps with ``finish``."""
        text = text_of(row, self.answer_keys)
        finish = str(row.get("finish") or "") if isinstance(row, Mapping) else ""
        if finish in CUT_OFF:
            return Unusable(
                CUT_OFF[finish], f"the victim answered {shown(text)} and stopped by {finish!r}; expected a whole answer"
            )
        if not text.strip():
            return Unusable("empty", "the victim answered an empty text; expected one with words")
        return Completion(text)

    def goal(self, spec: str, space: Space) -> Goal[str, Completion]:
        """``quality-below:SHARE``, ``contains:WORD`` or ``lacks:WORD``."""
        self.check_extra()
        word, colon, rest = spec.partition(":")
        if word in ("", "quality-below"):
            return QualityBelow(share_in(spec, "quality-below", self.default_share), self.similarity)
        if word not in ("contains", "lacks"):
            raise self.unknown_goal(spec)
        if not colon or not words_of(rest):
            raise UsageError(f"{word} expects a word, such as {word}:never, got {spec!r}")
        return (Contains if word == "contains" else Lacks)(rest, self.similarity)

    def right(self, answer: Completion, seen: TextSeen) -> bool:
        """Near enough to the reference; without references, any answer."""
        return seen.reference is None or self.similarity(answer.text, seen.reference) >= self.right_quality

    def right_for(self, goal: Goal[str, Completion], answer: Completion, seen: TextSeen) -> bool:
        """Not where a word that is to come or go is there, or missing, from the first."""
        applies = getattr(goal, "applies", None)
        return self.right(answer, seen) and (applies is None or applies(seen))

    def quality(self, answer: Completion, seen: TextSeen) -> float:
        """How near it is to the reference, or to the clean answer where there is none."""
        return self.similarity(answer.text, expected(seen))

    def kind(self, answer: Completion, seen: TextSeen) -> str:
        """A refusal, unless it is what was expected."""
        return kind_of(answer.text, right=seen.reference is not None and self.right(answer, seen))

    def show(self, answer: Completion, space: Space) -> Shown:
        """The text."""
        return Shown(answer.text)
