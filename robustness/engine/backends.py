"""Backends: what turns a victim into something an oracle can batch; those of helpers stand in the helpers' files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from attacks.search import Answer, Input
from robustness.engine.failures import Failure
from robustness.engine.time_limit import Guard, guarded
from robustness.tasks.answers import Unusable
from robustness.tasks.reading.check_answers import AnswerOddities
from robustness.tasks.registry import task_named
from robustness.victims.base import Victim


class VictimBackend:
    """Asks the victim with a time limit and checks every row of its answer."""

    def __init__(self, victim: Victim, *, timeout: float | None = None) -> None:
        self.victim = victim
        self.row_quantum, self.length_quantum = victim.info.row_quantum, victim.info.length_quantum
        self.mixed_lengths, self.padding_cost = victim.info.mixed_lengths, victim.info.padding_cost
        self.task = task_named(victim.info.task)
        self.oddities = AnswerOddities()
        self._guard = Guard(victim, timeout)

    def lengths(self, items: Sequence[Input]) -> Sequence[int]:
        """Lengths in the victim's own tokens."""
        self._carried(items)
        return self._guard.run(lambda: self.victim.lengths(items))

    def truncated(self, items: Sequence[Input]) -> Sequence[bool]:
        """Which of these the victim truncates."""
        self._carried(items)
        return self._guard.run(lambda: self.victim.truncated(items))

    def unknown_tokens(self, items: Sequence[Input]) -> Sequence[tuple[int, int]]:
        """(unknown tokens, all tokens) of each; nothing where the victim does not say."""
        self._carried(items)
        count = getattr(self.victim, "unknown_tokens", None)
        return [] if count is None else self._guard.run(lambda: list(count(items)))

    def compute(self, items: Sequence[Input]) -> Sequence[Answer | Failure]:
        """Answers, a ``Failure`` for a row that is none; whatever the victim raises becomes a ``VictimError`` that names it.

        Its answer is read under the same guard: a generator, or an array of its own kind, runs its code only then.
        """
        lost = self._carried(items)
        if not lost:
            return self._guard.run(lambda: self._answers(items))
        reached = [one for one in items if one not in lost]
        filled = reached + reached[:1] * (-len(reached) % max(1, self.row_quantum))
        answers = iter(self._guard.run(lambda: self._answers(filled)) if reached else ())
        return [Failure("lost", lost[one]) if one in lost else next(answers) for one in items]

    def _carried(self, items: Sequence[Input]) -> Mapping[Input, str]:
        """Bring items through the victim's channel, if it has one; why nothing came out, for those of which nothing did.

        This is outside the victim's time limit: the channel is slower than most victims, and is not part of them.
        """
        carry = getattr(self.victim, "carry", None)
        return {} if carry is None else guarded(lambda: carry(items), "the channel")

    def _answers(self, items: Sequence[Input]) -> list[Answer | Failure]:
        read = self.task.read_answers(self.victim.predict(items), items, self.victim.info, self.oddities)
        answers: list[Answer | Failure] = list(read)
        readings = getattr(self.victim, "readings", None)
        if readings is None:
            return answers
        pairs = zip(answers, readings(items), strict=True)
        return [one if isinstance(one, (Failure, Unusable)) else replace(cast("Any", one), reading=seen) for one, seen in pairs]


class FreshBackend:
    """Asks the victim afresh; items are (input, serial number), so that no two questions count as one."""

    row_quantum = 0
    length_quantum = 1
    mixed_lengths = (0, 0)
    padding_cost = 1.0

    def __init__(self, victim: VictimBackend) -> None:
        self._victim = victim

    def lengths(self, items: Sequence[tuple[Input, int]]) -> Sequence[int]:
        """Lengths in the victim's own tokens."""
        return self._victim.lengths([one for one, _ in items])

    def compute(self, items: Sequence[tuple[Input, int]]) -> Sequence[Answer | Failure]:
        """Answers to each input, repeated ones asked again."""
        return self._victim.compute([one for one, _ in items])
