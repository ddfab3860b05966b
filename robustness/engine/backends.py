"""Backends: what turns a victim into something an oracle can batch; those of helpers stand in the helpers' files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from attacks.search import Answer, Input
from robustness.engine.failures import Failure
from robustness.engine.orders import failure_of
from robustness.engine.stream import Mailbox, StreamOracle
from robustness.engine.time_limit import Guard, guarded
from robustness.errors import RobustnessError
from robustness.tasks.answers import Unusable
from robustness.tasks.reading.check_answers import AnswerOddities
from robustness.tasks.registry import task_named
from robustness.victims.base import Streaming, Victim


class VictimBackend:
    """Asks the victim with a time limit and checks every row of its answer."""

    def __init__(self, victim: Victim, *, timeout: float | None = None) -> None:
        self.victim = victim
        self.row_quantum, self.length_quantum = victim.info.row_quantum, victim.info.length_quantum
        self.mixed_lengths, self.padding_cost = victim.info.mixed_lengths, victim.info.padding_cost
        self.batch_tokens, self.batch_overhead = victim.info.batch_tokens, victim.info.batch_overhead
        self.task = task_named(victim.info.task)
        self.oddities = AnswerOddities()
        self.streaming = isinstance(victim, Streaming)
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
        if self.streaming:
            return wait_for(self, [(one, "") for one in items])
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

    def compute_fresh(self, items: Sequence[tuple[Input, str]]) -> Sequence[Answer | Failure]:
        """Answers to (input, name of the asking), each asked anew; what cannot be asked by name is simply asked again."""
        if self.streaming:
            return wait_for(self, items)
        return self.compute([one for one, _ in items])

    def read(self, item: Input, raw: Any) -> Answer | Failure:
        """One raw row, as it came from a victim that is asked one input at a time; raises ``RobustnessError`` only."""
        return guarded(lambda: self._read([raw], [item])[0], "reading the victim's answer")

    def bring(self, items: Sequence[Input]) -> None:
        """Take inputs through the victim's channel together, ahead of being asked about one by one."""
        self._carried(items)

    def _answers(self, items: Sequence[Input]) -> list[Answer | Failure]:
        return self._read(self.victim.predict(items), items)

    def _read(self, raw: Any, items: Sequence[Input]) -> list[Answer | Failure]:
        answers = list(self._read_rows(raw, items))
        readings = getattr(self.victim, "readings", None)
        if readings is None:
            return answers
        pairs = zip(answers, readings(items), strict=True)
        return [
            one if seen is None or isinstance(one, (Failure, Unusable)) else replace(cast("Any", one), reading=seen)
            for one, seen in pairs
        ]

    def _read_rows(self, raw: Any, items: Sequence[Input]) -> Iterator[Answer | Failure]:
        """Rows as answers; those that the victim itself holds for none stay what they are, and the task reads the others."""
        if not isinstance(raw, list) or len(raw) != len(items) or not any(isinstance(row, NO_ROW) for row in raw):
            yield from self.task.read_answers(raw, items, self.victim.info, self.oddities)
            return
        rows = [(row, item) for row, item in zip(raw, items, strict=True) if not isinstance(row, NO_ROW)]
        read = self.task.read_answers([r for r, _ in rows], [i for _, i in rows], self.victim.info, self.oddities) if rows else ()
        answers = iter(read)
        for row in raw:
            if isinstance(row, RobustnessError):
                yield failure_of(row)
            else:
                yield row if isinstance(row, Unusable) else next(answers)


NO_ROW = (Unusable, RobustnessError)
"""What may stand in the place of a row: what the victim returned is no answer, or it could not be asked."""


class FreshBackend:
    """Asks the victim afresh; items are (input, name of the asking), so that no two askings count as one."""

    row_quantum = 0
    length_quantum = 1
    mixed_lengths = (0, 0)
    padding_cost = 1.0

    def __init__(self, victim: VictimBackend) -> None:
        self._victim = victim
        self.batch_tokens, self.batch_overhead = victim.batch_tokens, victim.batch_overhead

    def lengths(self, items: Sequence[tuple[Input, str]]) -> Sequence[int]:
        """Lengths in the victim's own tokens."""
        return self._victim.lengths([one for one, _ in items])

    def compute(self, items: Sequence[tuple[Input, str]]) -> Sequence[Answer | Failure]:
        """Answers to each input, repeated ones asked again."""
        return self._victim.compute_fresh(items)


class StreamedVictim:
    """A streaming victim as a stream oracle asks it: one answer to each input. ``ask``: names all its askings."""

    def __init__(self, backend: VictimBackend, ask: str = "") -> None:
        assert isinstance(backend.victim, Streaming)
        self._backend, self._start, self._name = backend, backend.victim.start, ask

    def bring(self, items: Sequence[Input]) -> None:
        """Take inputs through the victim's channel."""
        self._backend.bring(items)

    def start(self, item: Input, done: Callable[[Any], None]) -> None:
        """Ask the victim."""
        self._start(item, self._name, done)

    def read(self, item: Input, raw: Any) -> Answer | Failure:
        """Check what came."""
        return self._backend.read(item, raw)


class StreamedFresh:
    """The same victim asked afresh; items are (input, name of the asking)."""

    def __init__(self, backend: VictimBackend) -> None:
        assert isinstance(backend.victim, Streaming)
        self._backend, self._start = backend, backend.victim.start

    def bring(self, items: Sequence[tuple[Input, str]]) -> None:
        """Take inputs through the victim's channel."""
        self._backend.bring([one for one, _ in items])

    def start(self, item: tuple[Input, str], done: Callable[[Any], None]) -> None:
        """Ask the victim."""
        self._start(item[0], item[1], done)

    def read(self, item: tuple[Input, str], raw: Any) -> Answer | Failure:
        """Check what came."""
        return self._backend.read(item[0], raw)


def wait_for(backend: VictimBackend, items: Sequence[tuple[Input, str]]) -> list[Answer | Failure]:
    """Ask a streaming victim all of these at once and wait for every answer; raises ``RefusedError`` and ``SpentError``."""
    mailbox = Mailbox()
    oracle: StreamOracle[tuple[Input, str], Answer] = StreamOracle(StreamedFresh(backend), mailbox)
    oracle.submit(0, items)
    while oracle.in_flight:
        mailbox.deliver(wait=True)
    if oracle.spent is not None:
        raise oracle.spent
    return oracle.answers(items)
