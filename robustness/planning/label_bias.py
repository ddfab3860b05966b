"""Does the wording of a prompt favour a label? What is answered to clean texts, and to texts that say nothing.

A small chat model is right on 71 % of reviews under one wording and calls all of them positive under another: the second looks
perfectly robust, because nothing changes its answer (Zhao et al. 2021, arXiv 2102.09690, for the check).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attacks.search import Prediction, Unusable
from robustness.errors import RefusedError, RobustnessError, SpentError
from robustness.planning.self_checks import CODES, Flag

if TYPE_CHECKING:
    from reports.run import Outcome
    from robustness.engine.backends import VictimBackend

CONTENT_FREE = ("N/A", "", "[MASK]")
FAR = 0.25
"""A share of answers this far above the share for which the label is right is a warning, from ``FEWEST`` texts on."""
FEWEST = 10
Shares = Mapping[str, float]


def content_free(backend: VictimBackend) -> Shares | None:
    """The share of each answer to inputs that say nothing; None where labels are not what the victim answers in words.

    Scores count as they are; of labels each answer counts one, and what is no answer counts under its kind.
    """
    info = backend.victim.info
    if not (info.prompted and backend.task.classes and info.labels):
        return None
    own = tuple(text for _, text in info.supplied)
    counts: dict[str, float] = defaultdict(float)
    for text in CONTENT_FREE:
        try:
            (answer,) = backend.compute([(*own, *(text,) * len(info.data_fields))])[:1]
        except (RefusedError, SpentError):  # nothing at all will be answered
            raise
        except RobustnessError:
            counts["error"] += 1
            continue
        if isinstance(answer, Unusable):
            counts[answer.kind] += 1
        elif not isinstance(answer, Prediction):
            counts["error"] += 1
        elif answer.scores is None:
            counts[info.labels[answer.label]] += 1
        else:
            total = float(sum(answer.scores)) or 1.0
            for label, score in zip(info.labels, answer.scores, strict=True):
                counts[label] += score / total
    return {name: count / len(CONTENT_FREE) for name, count in counts.items()}


class LabelBias:
    """Reads outcomes one by one and counts the answers to clean texts; ``empty``: those to texts that say nothing."""

    def __init__(self, labels: Sequence[str], empty: Shares | None) -> None:
        self._labels, self._empty = tuple(labels), empty
        self._clean: Counter[str] = Counter()
        self._right: Counter[str] = Counter()
        self._seen: set[str] = set()

    def read(self, outcome: Outcome) -> None:
        """Count the clean answer of an example once."""
        if outcome.clean is None or outcome.example_id in self._seen:
            return
        self._seen.add(outcome.example_id)
        self._clean[outcome.clean.shown] += 1
        self._right[outcome.reference] += 1

    def flags(self) -> list[Flag]:
        """What was answered, always; a warning where one label is answered much more often than it is right."""
        n = len(self._seen)
        if self._empty is None or not n:
            return []
        excess = {label: (self._clean[label] - self._right[label]) / n for label in self._labels}
        top = max(excess, key=lambda label: excess[label])
        far = excess[top] >= FAR and n >= FEWEST
        clean = _listed({label: self._clean[label] / n for label in self._labels})
        right = _listed({label: self._right[label] / n for label in self._labels})
        said = f"to {n} clean texts {clean} (right are {right}), to texts that say nothing {_listed(self._empty)}"
        way = "; try another wording, or --calibrate where the victim takes it" if far else ""
        return [Flag("label-bias", "warning" if far else "note", f"{CODES['label-bias']}: {said}{way}", round(excess[top], 6))]


def _listed(shares: Shares) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
