"""Randomised smoothing: a statement about the victim that votes over noisy copies of a text, with a radius in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from attacks.search import Answer, Confirm, Query, Search
from reports.measures.chance.certified import lower
from reports.run.certificates import CERTIFIED, SKIPPED, SMOOTHED, UNCERTIFIED, Certificate
from reports.run.upgrade import MISCLASSIFY
from robustness.certify.frame import Asked, Begun, Found, Frame
from robustness.certify.noise import Noise
from robustness.certify.sampled import check_confidence
from robustness.engine.trial import seed_of
from robustness.errors import UsageError

SAMPLES = 200


@dataclass(frozen=True, slots=True)
class Smoothed:
    """Certifies the vote over noisy copies, right against wrong, within ``radius`` words.

    The share of copies that are answered rightly is bounded from below by Clopper and Pearson at ``confidence``: one number, of
    one class that is fixed beforehand, so that no correction for choosing it or for a second class is needed. Where the bound
    does not leave more than one half at the radius, the example is not certified.
    """

    noise: Noise
    radius: int = 1
    samples: int = SAMPLES
    confidence: float = 0.95

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if self.radius < 1:
            raise UsageError(f"--radius expects at least one word, got {self.radius}")
        best = lower(self.samples, self.samples, self.confidence)
        if best <= 0.5:
            raise UsageError(f"--samples {self.samples} can show nothing: even if all are right no majority is shown")
        keep = getattr(self.noise, "keep", 0.0)
        if best - 1 + (1 - keep) ** self.radius <= 0.5:
            raise UsageError(
                f"--keep {keep:g} can show no radius of {self.radius}: changed words are seen in too many of the copies, even if "
                f"all of {self.samples} are right; keep less than {1 - (1.5 - best) ** (1 / self.radius):.2f}"
            )

    @property
    def name(self) -> str:
        """Such as ``smooth:mask``."""
        return f"smooth:{self.noise.name}"

    @property
    def kind(self) -> str:
        """``smoothed``."""
        return SMOOTHED

    def check(self, frame: Frame) -> None:
        """Refuse a task whose answers are no labels: there would be no class to vote for."""
        if not frame.task.classes:
            raise UsageError(f"--smooth votes over labels, and answers of the task {frame.task.name} are none; leave it out")
        if frame.goal.name != MISCLASSIFY:
            raise UsageError(f"--smooth speaks of right labels, and the goal {frame.goal.name} depends on more than the label")

    def forwards(self, examples: Iterable[Asked], field: int) -> int:
        """All copies; the clean text itself is not asked."""
        return sum(self.samples for _ in examples)

    def record(self, examples: Iterable[Asked], field: int) -> Mapping[str, Any]:
        """The noise, and what it is asked to show."""
        shown = {"samples": self.samples, "confidence": self.confidence, "radius": self.radius}
        return {"smoothing": dict(self.noise.record()), **shown}

    def certificate(self, frame: Frame, example: Asked) -> Search[Found]:
        """Ask the copies of one example, and bound the share of those that are answered rightly."""
        rng = Random(seed_of(frame.seed, f"certify\x1f{self.name}", example.id))
        text = example.inputs[frame.at]
        copies = [self.noise.copy(text, rng) for _ in range(self.samples)]
        # What is right here is a fixed set of labels, whatever the text: else a copy of a changed text might be judged otherwise.
        begun = Begun(
            frame, example, None, frame.task.judge_of(frame.goal, example.inputs, frame.at, example.reference, None), ()
        )
        answers = yield from self._answers(frame, example, begun, copies)
        failures = unusable = 0
        for copy, answer in zip(copies, answers, strict=True):
            reached, lost, _ = (True, True, True) if answer is None else begun.lost(answer, begun.with_text(copy))
            failures += reached or lost
            unusable += lost
        right = _down(lower(self.samples - failures, self.samples, self.confidence))
        wrong = lower(failures, self.samples, self.confidence)
        radius = self.noise.radius(text, right)
        state = CERTIFIED if radius >= self.radius else SKIPPED if wrong > 0.5 else UNCERTIFIED
        why = "" if state == CERTIFIED else "the vote is shown to be wrong" if state == SKIPPED else _why(radius, self.radius)
        found = Certificate(
            example_id=example.id,
            state=state,
            size=self.samples,
            asked=self.samples,
            failures=failures,
            unusable=unusable,
            distinct=len(set(copies)),
            unchanged=sum(_same(copy, text) for copy in copies),
            bound=right,
            radius=radius,
            why=why,
            group=example.group,
        )
        return Found(found)

    def _answers(self, frame: Frame, example: Asked, begun: Begun, copies: list[str]) -> Search[list[Answer | None]]:
        """An answer to each copy; None to an empty one, which no victim is asked."""
        real = [begun.with_text(copy) for copy in copies if copy]
        found: list[Answer] = []
        if frame.varies:
            for number, inputs in enumerate(real):
                found += yield Confirm(inputs, 1, f"certify\x1f{self.name}\x1f{example.id}", number)
        elif real:
            found = yield Query(tuple(real))
        answers = iter(found)
        return [next(answers) if copy else None for copy in copies]


def _why(radius: int, wanted: int) -> str:
    return "no majority is shown" if radius < 0 else f"shown within {radius} words, {wanted} are asked for"


def _same(copy: str, text: str) -> bool:
    return copy.split() == text.split()


def _down(bound: float) -> float:
    """Rounded downwards: it is a bound from below."""
    return math.floor(bound * 1e6) / 1e6
