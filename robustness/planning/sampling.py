"""Which examples a run attacks next: all of them, or drawn at random until the verdict is certain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.gate.policy import Policy
    from reports.run import Manifest, Outcome
    from reports.run.store import RunWriter
    from robustness.data import Example


class Drawing(Protocol):
    """Hands out examples batch by batch and is told how they ended."""

    def resume(self, writer: RunWriter) -> None:
        """Take note of what an interrupted run has done."""

    def batches(self) -> Iterator[Sequence[Example]]:
        """The next examples to attack; the next batch is requested once every outcome of this one has been reported."""

    def heard(self, outcome: Outcome) -> None:
        """One trial ended."""

    def stopped(self) -> None:
        """The run ends in the middle of a batch."""

    def record(self) -> dict[str, Any]:
        """What the manifest says about it at the end."""


class Everything:
    """All examples at once, in the order of the data."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def resume(self, writer: RunWriter) -> None:
        """Nothing depends on it."""

    def batches(self) -> Iterator[Sequence[Example]]:
        """One batch."""
        yield self._examples

    def heard(self, outcome: Outcome) -> None:
        """Nothing depends on it."""

    def stopped(self) -> None:
        """Nothing depends on it."""

    def record(self) -> dict[str, Any]:
        """Nothing."""
        return {}


def refuse_undecidable(policy: Policy) -> None:
    """Raise ``UsageError`` where a policy has no threshold, so that an until-decided run would never end."""
    if not policy.gate.has_thresholds:
        raise UsageError(
            "until_decided needs something to decide: set a threshold in robustness.toml or by flag, "
            "such as --min-robust-accuracy 30%"
        )


def refuse_grouped(group: str | None, until_decided: bool) -> None:
    """Raise ``UsageError`` for an until-decided run over examples in groups: its intervals treat each example as independent."""
    if group and until_decided:
        raise UsageError(
            f"--until-decided and --group {group} cannot go together: intervals that may be looked at as a run grows "
            "hold for independent examples only; leave --until-decided out, and use --limit to spend less"
        )


class UntilDecided:
    """Examples in a seeded random order, in batches of fixed sizes, until a policy's thresholds are decided.

    The order depends on the seed and the ids alone, and the looks fall between batches, when every trial of every drawn
    example has ended. So where a run stops depends on nothing that scheduling, batching, or a kill and resume can change.
    """

    def __init__(self, manifest: Manifest, examples: Sequence[Example], policy: Policy) -> None:
        refuse_undecidable(policy)
        self._manifest, self._policy = manifest, policy
        self._order = sorted(examples, key=lambda example: example.id)
        Random(f"{manifest.seed} drawing order").shuffle(self._order)
        self._outcomes: list[Outcome] = []
        self._ended_before: set[str] = set()
        self.drawn = self.looks = self._begun = 0

    def resume(self, writer: RunWriter) -> None:
        """Take in the outcomes on disk; a run that was finished is not drawn further."""
        from reports.run.store import iter_outcomes

        if writer.manifest.finished:
            self.drawn, self.looks = writer.manifest.due, int(writer.manifest.sequential["looks"])
            self._order = self._order[: self.drawn]
        elif writer.done:
            self._outcomes = list(iter_outcomes(writer.path))
            self._ended_before = {outcome.example_id for outcome in self._outcomes}

    def batches(self) -> Iterator[Sequence[Example]]:
        """Batches until a look finds the verdict certain, or all examples are drawn.

        A resumed run does not look before it is past all that the killed one had begun.
        """
        from reports.measures.sequential import next_look

        begun = self._ended_before.copy()
        while self.drawn < len(self._order):
            batch = self._order[self.drawn : next_look(self.drawn)]
            self._begun = self.drawn + len(batch)
            yield batch
            self.drawn, self.looks = self.drawn + len(batch), self.looks + 1
            begun.difference_update(example.id for example in batch)
            if not begun and self._certain():
                return

    def heard(self, outcome: Outcome) -> None:
        """Keep it for the next look."""
        self._outcomes.append(outcome)

    def stopped(self) -> None:
        """All of the batch counts as drawn: those that came to their end first are no random part of it."""
        self.drawn = self._begun

    def _certain(self) -> bool:
        from reports.gate.gate import certain
        from reports.run import Run

        so_far = replace(self._manifest, sequential=self.record())
        return certain(Run(Path(), so_far, tuple(self._outcomes)), self._policy)

    def record(self) -> dict[str, Any]:
        """How many examples it took, and how often it looked."""
        return {"looks": self.looks, "drawn": self.drawn}
