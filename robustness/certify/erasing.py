"""Erase-and-check for guards: parts of a text are erased and each remainder is asked; what flags any of them, flags the text.

A harmful text that the guard flags stays flagged whatever up to ``words`` words are appended (``suffix``) or inserted in one
piece (``insertion``): erasing exactly these words gives the text itself back. Kumar et al. 2024, Certifying LLM Safety against
Adversarial Prompting (https://arxiv.org/abs/2309.02705). It is exact, and speaks of the guard behind this procedure; what
it costs is asked too: harmless texts of which some remainder is flagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from attacks.search import Input, Query, Search
from reports.measures.chance.statement import AS_IT_IS
from reports.run.certificates import CERTIFIED, ERASED, HARMLESS, SKIPPED, UNCERTIFIED, Certificate
from robustness.certify.frame import Asked, Found, Frame
from robustness.errors import UsageError

SUFFIX, INSERTION = "suffix", "insertion"
MODES = (SUFFIX, INSERTION)
WORDS = 10
_WORD = re.compile(r"\S+")


def remainders(text: str, mode: str, words: int) -> Iterator[str]:
    """What is left of a text when up to ``words`` words are erased: its end, or one piece anywhere; the whole first.

    Words are what stands between blanks. What is left is joined by single blanks, and so is every text that is asked here, so
    that a text and what was added to it come apart exactly where they were put together.
    """
    parts = _WORD.findall(text)
    seen = {" ".join(parts)}
    yield " ".join(parts)
    for many in range(1, min(words, len(parts) - 1) + 1):
        places = [len(parts) - many] if mode == SUFFIX else range(len(parts) - many + 1)
        for at in places:
            left = " ".join(parts[:at] + parts[at + many :])
            if left not in seen:
                seen.add(left)
                yield left


@dataclass(frozen=True, slots=True)
class Erasing:
    """``harmless``: index of the label of harmless texts, and ``label`` its name."""

    mode: str
    words: int
    harmless: int
    label: str

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UsageError(f"--erase expects suffix or insertion, got {self.mode!r}")
        if self.words < 1:
            raise UsageError(f"--words expects at least one word, got {self.words}")

    @property
    def name(self) -> str:
        """Such as ``erase:suffix``."""
        return f"erase:{self.mode}"

    @property
    def kind(self) -> str:
        """``erased``."""
        return ERASED

    def check(self, frame: Frame) -> None:
        """Refuse what is no guard with answers that can be relied on."""
        if frame.task.name != "classification" or frame.goal.name != "misclassify":
            raise UsageError(
                f"--erase is for guards: classifiers with a label of harmless texts and the goal misclassify; this is "
                f"{frame.task.name} with the goal {frame.goal.name}"
            )
        if frame.varies:
            raise UsageError(
                "--erase relies on one answer to one text, and this victim's may differ when asked again, or beside other texts; "
                "certify it over samples (--rewrites or --smooth), or make it answer each text alike whatever is asked with it"
            )

    def forwards(self, examples: Iterable[Asked], field: int) -> int:
        """One for a harmful text, and every remainder of a harmless one."""
        return sum(
            sum(1 for _ in remainders(one.inputs[field], self.mode, self.words)) if one.reference == self.harmless else 1
            for one in examples
        )

    def record(self, examples: Iterable[Asked], field: int) -> Mapping[str, Any]:
        """The procedure."""
        return {"mode": self.mode, "words": self.words, "harmless": self.label}

    def certificate(self, frame: Frame, example: Asked) -> Search[Found]:
        """A harmful text: whether the guard flags it. A harmless one: which of its remainders the guard flags."""
        text, at = example.inputs[frame.at], frame.at
        texts = list(remainders(text, self.mode, self.words))
        harmless = example.reference == self.harmless
        asked = texts if harmless else texts[:1]
        inputs: tuple[Input, ...] = tuple((*example.inputs[:at], one, *example.inputs[at + 1 :]) for one in asked)
        answers = yield Query(inputs)
        flagged = [getattr(answer, "label", None) for answer in answers]
        unusable = sum(label is None for label in flagged)
        raised = [label is not None and label != self.harmless for label in flagged]
        if harmless:
            state = HARMLESS
        elif not text.split() or unusable:
            state = UNCERTIFIED
        else:
            state = CERTIFIED if raised[0] else SKIPPED
        kinds = {AS_IT_IS: (1, int(raised[0]))}
        if len(raised) > 1:
            kinds["erased"] = (len(raised) - 1, sum(raised[1:]))
        found = Certificate(
            example_id=example.id,
            state=state,
            size=len(texts),
            asked=len(asked),
            failures=sum(raised) if harmless else 0,
            unusable=unusable,
            distinct=len(set(asked)),
            kinds=kinds,
            why=f"{unusable} texts got no answer that counts" if unusable else "",
            group=example.group,
        )
        return Found(found)
