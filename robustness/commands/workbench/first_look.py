"""A first look at victim and data together: some rows as they were read, and how many clean texts the victim gets right."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.measures.intervals import Proportion
    from robustness.planning.audit import Audit

ROWS = 3
ASKED = 20
WIDTH = 60
"""Characters of a text that are shown."""


@dataclass(frozen=True, slots=True)
class FirstLook:
    """``rows``: id, what is right, and the texts by field, of the first examples; ``right``: of the answered clean texts.

    ``unanswered``: texts without a usable answer, which count neither way; ``first_error``: of them. ``seconds``: for ``asked``
    texts.
    """

    rows: tuple[tuple[str, str, dict[str, str]], ...]
    right: Proportion
    asked: int
    unanswered: int
    first_error: str
    seconds: float

    def record(self) -> dict[str, Any]:
        """As ``validate --json`` has it; texts whole."""
        clean = {
            "right": self.right.successes,
            "of": self.right.n,
            "rate": self.right.rate,
            "low": self.right.low,
            "high": self.right.high,
        }
        return {
            "rows": [{"id": id_, "right": right, "texts": texts} for id_, right, texts in self.rows],
            "clean": {**clean, "asked": self.asked, "unanswered": self.unanswered, "seconds": round(self.seconds, 3)},
        }

    def lines(self) -> list[str]:
        """As ``validate`` prints it."""
        from reports.render.numbers import interval

        lines = [f"row       {_cut(right, 20)} | {_texts(texts)}" for _, right, texts in self.rows]
        lost = f"; {self.unanswered} not answered, the first: {_cut(self.first_error, 2 * WIDTH)}" if self.unanswered else ""
        lines.append(f"clean     {self.right.successes} of {self.right.n} right, {interval(self.right)}{lost}")
        speed = f"about {self.asked / self.seconds:,.0f} a second" if self.seconds else "at once"
        lines.append(
            f"time      {self.asked} texts in {self.seconds:.2g} s, {speed}; an audit asks up to its --budget of each example"
        )
        return lines


def first_look(audit: Audit) -> FirstLook:
    """Ask some clean texts, evenly spread over the data, and judge the answers as an audit would."""
    from attacks.search import UnansweredError
    from reports.measures.intervals import proportion
    from robustness.engine.converse import ask
    from robustness.planning.preflight import spread
    from robustness.tasks.task import Seen

    plan, task = audit.plan, audit.plan.task
    by_input = {example.inputs: example for example in audit.data.examples}
    sample = [by_input[inputs] for inputs in spread([example.inputs for example in audit.data.examples], ASKED)]
    began = time.perf_counter()
    answers = ask(audit.oracles.victim, [example.inputs for example in sample])
    seconds = time.perf_counter() - began
    errors = [str(answer) for answer in answers if isinstance(answer, UnansweredError)]
    right = [
        task.right_for(plan.goal, answer, Seen(example.inputs, example.inputs, plan.field, example.reference, answer))
        for example, answer in zip(sample, answers, strict=True)
        if not isinstance(answer, UnansweredError)
    ]
    rows = tuple(
        (one.id, task.show_reference(one.reference, plan.space), dict(zip(plan.fields, one.inputs, strict=True)))
        for one in audit.data.examples[:ROWS]
    )
    found = proportion(sum(right), len(right))
    return FirstLook(rows, found, len(sample), len(errors), next(iter(errors), ""), seconds)


def _texts(texts: dict[str, str]) -> str:
    if len(texts) == 1:
        return _cut(next(iter(texts.values())), WIDTH)
    return " | ".join(f"{name}: {_cut(text, WIDTH // 2)}" for name, text in texts.items())


def _cut(text: str, most: int) -> str:
    from reports.files.text import one_line

    return one_line(text if len(text) <= most else f"{text[:most]}…")
