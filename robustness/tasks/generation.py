"""Generation: a text in answer to a prompt, from a chat model, a local decoder or any other system that writes.

Right is an answer that the data accept; where they name none, whatever the clean text got stands in for it. An answer that was
cut off is no answer, even where the right one stands in it already: what would have followed is not known, so it is neither
robust nor broken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from attacks.search import Input
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Completion, Shown, Unusable
from robustness.tasks.goals import options
from robustness.tasks.goals.checks import INVALID, Checks, checks_in, of_columns
from robustness.tasks.goals.generation import (
    DRIFT,
    BreaksSchema,
    Complies,
    Contains,
    Drifts,
    Expected,
    Lacks,
    NotMatching,
    Refuses,
    WrittenSeen,
    Wrong,
    is_accepted,
    pattern_of,
    quality,
    schema_of,
)
from robustness.tasks.reading.answer_overlap import tokens
from robustness.tasks.reading.refusals import kind_of
from robustness.tasks.reading.rows import shown
from robustness.tasks.task import Goal, GoalKind, Measure, Space, Task, share_in, text_of

KEYS = ("text", "generated_text", "answer", "content", "translation_text", "summary_text")
ENDS = {"stop": "", "": "", "length": "truncated", "content_filter": "filtered", "refusal": "refused"}
"""By ``finish``, the kind of an answer that is none."""


class Generation(Task[Expected, Completion]):
    """A text in answer to a prompt."""

    name = "generation"
    summary = "a text in answer to a prompt"
    references = ("check", "answer", "answers", "reference", "expected", "target", "output", "completion", "response", "label")
    reference_needed = False
    graded = True
    measures = (Measure("likeness", "similarity to the accepted answer"),)
    goals = (
        GoalKind("wrong", "no longer an accepted answer in it (wrong:exact: nothing else); without references as drifts"),
        GoalKind("lacks:WORD", "this word gone from it"),
        GoalKind("contains:WORD", "this word in it, which the clean answer did not have"),
        GoalKind("not-matching:REGEX", "this pattern no longer found in it"),
        GoalKind("breaks-schema:FILE.json", "no longer JSON of this schema"),
        GoalKind("refuses", "a refusal where the clean answer was none; English openings only"),
        GoalKind("complies", "no refusal where the clean answer was one"),
        GoalKind("drifts:SHARE", f"less similar to the clean answer than this, {DRIFT:g} by default"),
        options.KIND,
    )

    def reference(self, cell: object, inputs: Input, space: Space) -> Expected:
        """Accepted answers: a text, a number, a list of texts, or such a list as JSON in a text. A mapping names checks."""
        checks = checks_in(cell)
        if checks is not None:
            return checks
        if isinstance(cell, str) and cell.lstrip().startswith('["'):
            with suppress(ValueError):  # else a text that begins with a bracket
                cell = json.loads(cell)
        several = list(cell) if isinstance(cell, (list, tuple)) else [cell]
        numbers = [str(one) if isinstance(one, (int, float)) and not isinstance(one, bool) else one for one in several]
        found = tuple(dict.fromkeys(one.strip() for one in numbers if isinstance(one, str)))
        if not found or len(numbers) != sum(isinstance(one, str) for one in numbers):
            raise ValueError(f"expected an accepted answer, or a list of them, as text, got {shown(cell)}")
        nothing = [one for one in found if not tokens(one)]
        if nothing:
            raise ValueError(f"expected answers with a word or a number in them, got {nothing[0]!r}")
        return found

    def adapted(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row with a column ``check``, and perhaps ``check_value``, with both as what is right."""
        return of_columns(row)

    def answer(self, row: Any, inputs: Input, space: Space) -> Completion | Unusable:
        """A text, a chat message, or a mapping with one and perhaps with ``finish``."""
        text = text_of(_last_message(row), KEYS)
        finish = ""
        if isinstance(row, Mapping):
            finish = str(row.get("finish") or row.get("finish_reason") or "")
        if finish not in ENDS:
            raise AnswerError(f"the victim's answer ended by {finish!r}; expected one of {', '.join(filter(None, ENDS))}")
        if ENDS[finish]:
            way = "; let it write more" if finish == "length" else ""
            return Unusable(
                ENDS[finish], f"the victim answered {shown(text)} and ended by {finish!r}; expected a whole answer{way}"
            )
        if not tokens(text):  # nothing, blanks, or what is drawn as nothing
            return Unusable("empty", "the victim answered an empty text; expected one with words")
        return Completion(text)

    def goal(self, spec: str, space: Space) -> Goal[Expected, Completion]:
        """One of ``goals``; raises ``UsageError`` for a pattern, a file or a share that cannot be used."""
        word, _, rest = spec.partition(":")
        if spec in ("", "wrong", "wrong:contains", "wrong:exact"):
            return Wrong(exact=rest == "exact")
        if spec in ("refuses", "complies"):
            return Refuses() if spec == "refuses" else Complies()
        if spec == options.NAME:
            return options.OtherOption()
        if word == "drifts":
            return Drifts(share_in(spec, "drifts", DRIFT))
        if word not in ("lacks", "contains", "not-matching", "breaks-schema"):
            raise self.unknown_goal(spec)
        if not rest.strip():
            raise self.unknown_goal(spec)
        if word == "not-matching":
            return NotMatching(rest, pattern_of(rest))
        if word == "breaks-schema":
            return BreaksSchema(rest, schema_of(rest))
        if not tokens(rest):
            raise UsageError(f"{word} expects a word, such as {word}:never, got {spec!r}")
        return Lacks(rest) if word == "lacks" else Contains(rest)

    def right(self, answer: Completion, seen: WrittenSeen) -> bool:
        """Whether an accepted answer stands in it; without references, any answer."""
        return seen.reference is None or is_accepted(answer.text, seen.reference)

    def right_for(self, goal: Goal[Expected, Completion], answer: Completion, seen: WrittenSeen) -> bool:
        """Right, and what the goal takes away is there, or what it brings is not."""
        applies = getattr(goal, "applies", None)
        return self.right(answer, seen) and (applies is None or applies(seen))

    def quality(self, answer: Completion, seen: WrittenSeen) -> float:
        """How near it comes to holding an accepted answer, or to the clean answer where none is known."""
        return quality(answer, seen)

    def kind(self, answer: Completion, seen: WrittenSeen) -> str:
        """A refusal that holds no accepted answer, or an answer that is not in the form that its row asks for."""
        right = seen.reference is not None and self.right(answer, seen)
        broken = isinstance(seen.reference, Checks) and seen.reference.fault(answer.text) == INVALID
        return kind_of(answer.text, right=right) or (INVALID if broken else "")

    def measure(self, answer: Completion, seen: WrittenSeen) -> Mapping[str, float]:
        """The quality."""
        return {"likeness": quality(answer, seen)}

    def show(self, answer: Completion, space: Space) -> Shown:
        """The text."""
        return Shown(answer.text)

    def show_reference(self, reference: Expected | None, space: Space) -> str:
        """The accepted answers, or the checks, in a line."""
        if isinstance(reference, Checks):
            return str(reference)
        return " | ".join(reference) if isinstance(reference, tuple) else ""

    def cell(self, reference: Expected | None, space: Space) -> Any:
        """The accepted answers as a list, checks as a mapping."""
        if isinstance(reference, Checks):
            return reference.cell
        return list(reference) if isinstance(reference, tuple) else None


def _last_message(row: Any) -> Any:
    """The text of the assistant's last message where a row is a chat, or holds one; any other row as it is."""
    inner = row.get("generated_text") if isinstance(row, Mapping) else row
    if isinstance(inner, (list, tuple)) and inner and isinstance(inner[-1], Mapping) and "content" in inner[-1]:
        return inner[-1]
    return row
