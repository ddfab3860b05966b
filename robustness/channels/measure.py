"""What a channel costs before any attack: word errors, and the answers that they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from reports.measures.answers.word_errors import pooled
from robustness.channels.channel import Channel, Lost

if TYPE_CHECKING:
    from robustness.data import Example
    from robustness.planning.self_checks import Flag
    from robustness.victims.base import Victim

CODE = "channel"
"""Code of the flag, and key in the run's record of its victim."""
MOST = 200
"""Clean examples that are measured, evenly spread."""
_AT_ONCE = 16


class Carried(Protocol):
    """A victim behind a channel."""

    @property
    def inner(self) -> Victim:
        """The victim, asked without the channel."""

    @property
    def channel(self) -> Channel:
        """What texts go through."""

    def arrived(self, inputs: Sequence[tuple[str, ...]]) -> list[tuple[str, ...] | Lost]:
        """What comes out of each input."""


@dataclass(frozen=True, slots=True)
class ChannelLoss:
    """What clean texts lose on their way to a victim.

    ``texts``: examples measured; ``lost``: those of which nothing came out; ``changed``: whose words came out otherwise.
    ``word_error_rate``: pooled over those that came out. ``right_without`` and ``right_through``: examples answered right
    without the channel and through it, of ``texts`` less ``lost``; ``broken``: right without and wrong through; ``mended``: the
    other way round.
    """

    channel: str
    texts: int
    lost: int
    changed: int
    word_error_rate: float | None
    right_without: int
    right_through: int
    broken: int
    mended: int

    @property
    def measured(self) -> int:
        """Examples that were answered both ways."""
        return self.texts - self.lost

    def record(self) -> dict[str, Any]:
        """As it stands in ``run.json``."""
        share = (lambda n: round(n / self.measured, 6)) if self.measured else (lambda n: None)
        rate = self.word_error_rate
        return {
            "channel": self.channel,
            "texts": self.texts,
            "lost": self.lost,
            "changed": self.changed,
            "word_error_rate": None if rate is None else round(rate, 6),
            "accuracy_without": share(self.right_without),
            "accuracy_through": share(self.right_through),
            "broken": self.broken,
            "mended": self.mended,
        }

    def flag(self) -> Flag:
        """As a note for the reports."""
        from robustness.planning.self_checks import Flag

        return Flag(CODE, "note", self.sentence(), self.word_error_rate)

    def sentence(self) -> str:
        """In two lines at most, without a text of the data."""
        if not self.measured:
            return f"nothing came out of {self.channel} for any of {self.texts} clean texts"
        rate = "unknown" if self.word_error_rate is None else f"{self.word_error_rate:.1%}"
        lost = f", {self.lost} came out empty" if self.lost else ""
        return (
            f"every text went through {self.channel}: word error rate {rate} on {self.texts} clean texts{lost}; without it "
            f"{self.right_without / self.measured:.1%} of them are answered right, through it "
            f"{self.right_through / self.measured:.1%} ({self.broken} broken by the channel, {self.mended} fixed). "
            "Losses under attack come on top of that"
        )


def measured_loss(victim: Victim, examples: Sequence[Example], field: int = 0) -> ChannelLoss | None:
    """What the channel of a victim costs; None for a victim without one."""
    return measure_channel(cast("Carried", victim), examples, field) if hasattr(victim, "arrived") else None


def measure_channel(victim: Carried, examples: Sequence[Example], field: int = 0) -> ChannelLoss:
    """Ask a victim with and without its channel about clean examples; ``field``: the one whose words are compared.

    Raises:
        VictimError: it cannot answer, or a program of the channel failed.
    """
    chosen = [examples[i * len(examples) // min(MOST, len(examples))] for i in range(min(MOST, len(examples)))]
    came = victim.arrived([one.inputs for one in chosen])
    both = [(one, out) for one, out in zip(chosen, came, strict=True) if not isinstance(out, Lost)]
    errors = pooled((one.inputs[field], out[field]) for one, out in both)
    without = _right(victim.inner, [(one, one.inputs) for one, _ in both])
    through = _right(victim.inner, both)
    pairs = list(zip(without, through, strict=True))
    return ChannelLoss(
        channel=victim.channel.name,
        texts=len(chosen),
        lost=len(chosen) - len(both),
        changed=sum(pooled([(one.inputs[field], out[field])]).errors > 0 for one, out in both),
        word_error_rate=errors.rate,
        right_without=sum(without),
        right_through=sum(through),
        broken=sum(before and not after for before, after in pairs),
        mended=sum(after and not before for before, after in pairs),
    )


def _right(victim: Victim, asked: Sequence[tuple[Example, tuple[str, ...]]]) -> list[bool]:
    """Whether each example is answered right when the victim reads these texts; an answer that is none is not right."""
    from robustness.engine.backends import VictimBackend
    from robustness.engine.failures import Failure
    from robustness.tasks.answers import Unusable
    from robustness.tasks.registry import task_named
    from robustness.tasks.task import Seen, space_of

    backend, task = VictimBackend(victim), task_named(victim.info.task)
    goal = task.goal("", space_of(victim))
    out: list[bool] = []
    for first in range(0, len(asked), _AT_ONCE):
        part = asked[first : first + _AT_ONCE]
        filled = [texts for _, texts in part]
        filled += filled[:1] * (-len(filled) % max(1, victim.info.row_quantum))
        answers = backend.compute(filled)[: len(part)]
        out += [
            not isinstance(answer, (Failure, Unusable))
            and task.right_for(goal, answer, Seen(texts, texts, 0, example.reference, answer))
            for (example, texts), answer in zip(part, answers, strict=True)
        ]
    return out
