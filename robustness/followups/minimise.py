"""Reduces each failure to the fewest edits that still flip the victim: delta debugging, batched across failures.

Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, IEEE Transactions on Software Engineering 28
(2002), algorithm ddmin. Its rounds are asked at once, and few edits are searched exhaustively, smallest choices first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from attacks.dialogue import turns_of
from attacks.search import Query, Search, UnansweredError, Unusable
from attacks.words import diff
from reports.run import EditRecord, Outcome
from reports.run.cases import inputs_of
from reports.run.minimised import ERROR, FIXED, MINIMAL, NOT_APPLICABLE, Minimal, edited_word, mechanism
from robustness.engine.converse import CaseJudge, VictimOracle, converse
from robustness.tasks.classification import KeepAnswer

if TYPE_CHECKING:
    from robustness.victims.base import Victim

FEW = 6
"""So many edits are searched exhaustively: at most 62 proper choices."""
MOST_QUERIES = 600
Choice = tuple[int, ...]


def minimise(victim: Victim, cases: Sequence[Outcome], oracle: VictimOracle) -> list[Minimal]:
    """Every case with the fewest of its edits that the victim still falls for; the oracle is that victim's.

    Raises:
        UsageError: labels or fields that do not fit the victim.
    """
    judges = [CaseJudge(victim.info, case) for case in cases]
    ended = converse(oracle, (_reduced(case, judge) for case, judge in zip(cases, judges, strict=True)))
    return [
        replace(_blank(case), state=ERROR, error=str(end)) if isinstance(end, UnansweredError) else end
        for case, end in zip(cases, ended, strict=True)
    ]


def _blank(case: Outcome) -> Minimal:
    return Minimal(case.example_id, case.recipe, case.reference, FIXED, was=len(case.edits))


@dataclass(slots=True)
class _Asked:
    """What a case has asked so far: the answer to each choice of its edits."""

    case: Outcome
    edits: tuple[EditRecord, ...]
    judge: CaseJudge
    clean: Any
    known: dict[Choice, Any]

    def flips(self, choices: Sequence[Choice]) -> Search[Choice | None]:
        """The first of these choices that the victim falls for, all of them asked at once."""
        new = [choice for choice in choices if choice not in self.known]
        if new:
            texts = tuple(inputs_of(self.case, self._text(c)) for c in new)
            answers = yield Query(texts)
            self.known.update(zip(new, answers, strict=True))
        return next((choice for choice in choices if self._broken(choice)), None)

    def _broken(self, choice: Choice) -> bool:
        return self.judge.reached(self.known[choice], self._text(choice), self.clean)

    def _text(self, choice: Choice) -> str:
        return applied(self.case.texts[self.case.field], self.edits, choice)[0]

    @property
    def spent(self) -> bool:
        return len(self.known) >= MOST_QUERIES


def _reduced(case: Outcome, judge: CaseJudge) -> Search[Minimal]:
    text, edits = case.texts[case.field], pieces_of(case)
    everything = tuple(range(len(edits)))
    clean = (yield Query((inputs_of(case),)))[0]
    if isinstance(clean, Unusable):
        raise UnansweredError.of(clean)
    asked = _Asked(case, edits, judge, clean, {})
    if not judge.right(clean):
        return replace(_blank(case), state=NOT_APPLICABLE)
    if (yield from asked.flips([everything])) is None:
        return _blank(case)
    found, exact = yield from _fewest(asked, everything)
    kept, shown = applied(text, edits, found)[1], applied(text, edits, found)[0]
    return Minimal(
        *(case.example_id, case.recipe, case.reference, MINIMAL, len(edits)),
        edits=kept,
        perturbed=shown,
        answer=judge.shown(asked.known[found]),
        exact=exact,
        queries=len(asked.known) + 1,
        mechanism=mechanism(text, kept, [_classes(edited_word(text, edit)) for edit in kept]),
    )


def _fewest(asked: _Asked, everything: Choice) -> Search[tuple[Choice, bool]]:
    """The smallest choice found; True where none smaller can flip."""
    if asked.case.goal == KeepAnswer.name:
        return everything, False  # the answer stays with fewer edits too: that so much was changed is the failure
    if len(everything) <= FEW:
        return (yield from _smallest(asked, everything)), True
    found = yield from _ddmin(asked, everything)
    if 1 < len(found) <= FEW and not asked.spent:
        found = yield from _smallest(asked, found)
    return found, len(found) == 1


def _smallest(asked: _Asked, within: Choice) -> Search[Choice]:
    """By exhaustion: all choices of one edit, then of two, and so on."""
    for size in range(1, len(within)):
        found = yield from asked.flips(list(combinations(within, size)))
        if found is not None:
            return found
    return within


def _ddmin(asked: _Asked, choice: Choice) -> Search[Choice]:
    """A choice of which no single edit can be left out (1-minimal), or the smallest when the queries are spent."""
    parts = 2
    while len(choice) > 1 and not asked.spent:
        chunks = list(_split(choice, parts))
        rests = [tuple(i for i in choice if i not in chunk) for chunk in chunks] if parts > 2 else []
        found = yield from asked.flips(chunks + rests)
        if found is None:
            if parts >= len(choice):
                break
            parts = min(len(choice), 2 * parts)
        else:
            parts = 2 if found in chunks else max(2, parts - 1)
            choice = found
    return choice


def _split(choice: Choice, parts: int) -> Iterator[Choice]:
    bounds = [len(choice) * i // parts for i in range(parts + 1)]
    return (choice[a:b] for a, b in pairwise(bounds) if b > a)


def pieces_of(case: Outcome) -> tuple[EditRecord, ...]:
    """A case's edits, those over several words cut into smaller ones; found by alignment where they do not fit the texts."""
    text = case.texts[case.field]
    if turns_of(case.perturbed or "") is not None:  # what stands around a text in a dialogue cannot be taken away in parts
        return (EditRecord(0, len(text), 0, len(case.perturbed or ""), text, case.perturbed or "", "dialogue"),)
    told = tuple(sorted(case.edits, key=lambda edit: (edit.start, edit.end)))
    if applied(text, told, range(len(told)))[0] != case.perturbed:
        told = tuple(_records(text, case.perturbed or "", case.edits[0].technique if case.edits else "", 0))
    return tuple(
        piece
        for edit in told
        for piece in (_records(edit.before, edit.after, edit.technique, edit.start) if _wide(edit) else (edit,))
    )


def _wide(edit: EditRecord) -> bool:
    return len(edit.before.split()) > 1 and len(edit.after.split()) > 1


def _records(before: str, after: str, technique: str, at: int) -> list[EditRecord]:
    found = (EditRecord(**asdict(edit)) for edit in diff(before, after, technique))
    return [replace(e, start=e.start + at, end=e.end + at, new_start=e.new_start + at, new_end=e.new_end + at) for e in found]


def applied(text: str, edits: Sequence[EditRecord], choice: Sequence[int]) -> tuple[str, tuple[EditRecord, ...]]:
    """The text with only the chosen edits made, and these with their places in it."""
    parts: list[str] = []
    kept: list[EditRecord] = []
    at = length = 0
    for edit in (edits[i] for i in choice):
        between = text[at : edit.start]
        length += len(between)
        kept.append(replace(edit, new_start=length, new_end=length + len(edit.after)))
        parts += [between, edit.after]
        length, at = length + len(edit.after), edit.end
    return "".join([*parts, text[at:]]), tuple(kept)


def _classes(word: str) -> str:
    """The word classes that a word can have, by the dictionary."""
    from attacks.language.morphology import word_classes

    return "|".join(sorted(word_classes(word)))
