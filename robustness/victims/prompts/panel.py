"""A victim whose one input is an instruction, and whose answer is how a panel of examples fares under it.

Every search works on it unchanged: it perturbs one text, and the mean over many examples decides. One query asks as many requests
as the panel has members.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from attacks.search import Input, Unusable
from robustness.errors import RobustnessError, VictimError, cut
from robustness.victims.base import PlainVictim, Streaming, Victim, VictimInfo
from robustness.victims.gathered import Gathered

FIELDS = ("instruction", "panel")


@dataclass(frozen=True, slots=True)
class Member:
    """One example of a panel: its inputs with the clean instruction, and what is right."""

    id: str
    inputs: Input
    reference: Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one answer comes to: right or not, how wrong from 0 to 1, and what it says, to see whether all say the same."""

    right: bool
    wrongness: float
    gist: Any


class Asked(Protocol):
    """The victim inside, asked and read as the engine does."""

    def compute(self, items: Sequence[Input]) -> Sequence[Any]:
        """An answer, an ``Unusable`` or a failure for each."""

    def read(self, item: Input, raw: Any) -> Any:
        """One raw row as an answer, an ``Unusable`` or a failure."""


Weigh = Callable[[Member, Input, Any], Verdict | None]
"""(member, what was asked, its answer) as a verdict; None for a failure."""


class PanelVictim(PlainVictim):
    """``panels``: members by name; ``asked``: how the victim inside is asked; ``weigh``: what its answers come to."""

    def __init__(self, inner: Victim, panels: Mapping[str, Sequence[Member]], asked: Asked, weigh: Weigh) -> None:
        self.inner, self._panels, self._asked, self._weigh = inner, panels, asked, weigh
        size = max(map(len, panels.values()))
        pins = {**dict(inner.info.identity), "panel": str(size)}
        self._info = replace(
            inner.info,
            kind="panel",
            labels=(),
            fields=FIELDS,
            access="scores",
            identity=tuple(sorted(pins.items())),
            row_quantum=0,
            length_quantum=1,
            mixed_lengths=(0, 0),
            gradients=False,
            task="panel",
            notes=(*inner.info.notes, f"one query puts an instruction to a panel of {size} examples: {size} requests"),
            supplied=(),
            shown=(),
            prompted=False,
            requests=size,
        )

    @property
    def info(self) -> VictimInfo:
        """Who it is: the victim inside, asked for a panel."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[Any]:
        """A row of the task ``panel`` for each (instruction, name of a panel); an error where a member could not be asked."""
        asked = [[_put(member, instruction) for member in self._panels[name]] for instruction, name in inputs]
        answers = iter(self._asked.compute([one for panel in asked for one in panel]))
        return [
            self._row(self._panels[name], panel, [next(answers) for _ in panel])
            for (_, name), panel in zip(inputs, asked, strict=True)
        ]

    def _row(self, members: Sequence[Member], asked: Sequence[Input], answers: Sequence[Any]) -> Any:
        lost, verdicts = 0, list[Verdict]()
        for member, one, answer in zip(members, asked, answers, strict=True):
            if isinstance(answer, Unusable):
                lost += 1
                continue
            verdict = self._weigh(member, one, answer)
            if verdict is None:
                return VictimError(f"the example {member.id} of the panel could not be asked: {answer.error}: {answer.message}")
            verdicts.append(verdict)
        if not verdicts:
            return Unusable(answers[0].kind, f"no example of the panel was answered; the first: {answers[0].message}")
        right = sum(one.right for one in verdicts)
        return {
            "right": right,
            "wrong": len(verdicts) - right,
            "unusable": lost,
            "score": sum(one.wrongness for one in verdicts) / len(verdicts),
            "alike": len(verdicts) > 1 and len({one.gist for one in verdicts}) == 1,
        }

    def lengths(self, inputs: Sequence[Input]) -> Sequence[int]:
        """Of one request under each instruction: the first member's."""
        return self.inner.lengths([_put(self._panels[name][0], instruction) for instruction, name in inputs])

    def readings(self, inputs: Sequence[Input]) -> Sequence[bytes | None]:
        """What is read under each instruction, by the first member."""
        return self.inner.readings([_put(self._panels[name][0], instruction) for instruction, name in inputs])

    def close(self) -> None:
        """Close the victim inside."""
        self.inner.close()


class StreamingPanel(PanelVictim):
    """The same around a victim that is asked one input at a time."""

    def start(self, inputs: Input, ask: str, done: Callable[[Any], None]) -> None:
        """Ask every member; ``done`` gets the row once all have answered."""
        assert isinstance(self.inner, Streaming)
        instruction, name = inputs
        members = self._panels[name]
        asked = [_put(member, instruction) for member in members]
        whole = Gathered(len(asked), lambda raw: done(self._gathered(members, asked, raw)))
        for n, one in enumerate(asked):
            self.inner.start(one, ask, partial(whole.take, n))

    def _gathered(self, members: Sequence[Member], asked: Sequence[Input], raw: Sequence[Any]) -> Any:
        failed = next((one for one in raw if isinstance(one, RobustnessError)), None)
        if failed is not None:
            return failed
        try:
            answers = [one if isinstance(one, Unusable) else self._asked.read(i, one) for i, one in zip(asked, raw, strict=True)]
            return self._row(members, asked, answers)
        except RobustnessError as problem:
            return problem
        except Exception as problem:  # noqa: BLE001 - raised in the client's thread it would leave the engine waiting for ever
            return VictimError(f"the panel's answers cannot be judged: {type(problem).__name__}: {cut(problem)}")


def _put(member: Member, instruction: str) -> Input:
    """A member's inputs under another instruction, which is its first field."""
    return (instruction, *member.inputs[1:])
