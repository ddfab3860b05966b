"""What runs in a process of Ray's: a worker, opened as its brief says. Module-level: it travels by name and not as code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from robustness.errors import RobustnessError
from robustness.scale.brief import Brief, Facts, facts, open_worker, prepare_process

if TYPE_CHECKING:
    from robustness.scale.queue import Unit
    from robustness.scale.worker import Report, Worker


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error of the suite's own on its way: by name, because not every one of them can be packed and built again."""

    kind: str
    message: str

    @classmethod
    def of(cls, error: RobustnessError) -> Trouble:
        """As it travels."""
        return cls(type(error).__name__, str(error))

    def error(self) -> RobustnessError:
        """As it is raised at its destination."""
        from robustness.isolation.victim import known_error

        return known_error(self.kind, self.message)


class Actor:
    """A worker in a process of its own."""

    def __init__(self, brief: Brief) -> None:
        prepare_process(brief)
        self._brief = brief
        self._worker: Worker | None = None

    def open(self) -> Facts | Trouble:
        """Load the victim and what goes with it."""
        try:
            self._worker = open_worker(self._brief)
        except RobustnessError as error:
            return Trouble.of(error)
        return facts()

    def step(self, units: Sequence[Unit], carried: Mapping[str, Any]) -> tuple[Report, Trouble | None]:
        """Work for a step."""
        assert self._worker is not None
        report = self._worker.step(units, carried)
        refused = report.refused
        return replace(report, refused=None), None if refused is None else Trouble.of(refused)
