"""What null victims get: every task and goal, on data that flatter them, under every threshold that a gate can set.

A task that is registered is in it at once. One whose rows need more than a text gets its own rows in ``ROWS``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import RobustnessError
from robustness.tasks.registry import names, task_named
from robustness.victims.null import LABELS, NULLS, NullVictim, Said, row_of

if TYPE_CHECKING:
    from reports.run import Run
    from robustness.tasks.task import Task

Row = Mapping[str, Any]
CERTIFIED = "min_certified_accuracy"
EXAMPLES = 32
"""Just above the number of examples that a pass needs."""
BUDGET = 20
RECIPE = "natural:keyboard-typo"
RECIPES = {"injection": "inject"}
"""Of tasks on which a changed letter is no attack at all."""
FLATTERING, MIXED, NONE = "flattering", "mixed", "none"
"""References that the null victim gives by itself; those that it gives on every other text; no references."""
_NOUNS = ("harbour", "garden", "bridge", "market", "forest", "valley", "island", "castle")
_DEEDS = ("opened", "closed", "changed", "pleased")
TEXTS = tuple(f"the negative {noun} near Lima {deed} in spring" for noun in _NOUNS for deed in _DEEDS)
QUESTION = "which town is it near"


def own_answer(null: str, task: str, text: str) -> Any:
    """The reference that a null victim would match, as a cell of the data; None where it says nothing that could be right."""
    said = NULLS[null].say(text, LABELS)
    if said.status != 200 or said.finish != "stop":
        return None
    if task == "qa":
        return "Lima"  # must stand in the context: so it does in an echo
    row = row_of(Said(said.content), task, (text,), LABELS)
    if isinstance(row, Mapping):
        return row["text"] or None
    return row if isinstance(row, (str, list, float)) else None


_OTHERS: Mapping[str, Any] = {
    "classification": "positive",
    "multi-label": ["positive"],
    "regression": 1.0,
    "ner": [],
    "retrieval": ["positive"],
    "qa": "spring",
}
"""A reference that null victims do not match."""


def rows_of(task: Task[Any, Any], null: str, how: str) -> list[Row]:
    """Rows of a task with references of a kind; raises ``ValueError`` where there can be none of it."""
    if task.name in ROWS:
        return ROWS[task.name](null, how)
    if how == NONE:
        if task.reference_needed:
            raise ValueError(f"{task.name} needs references")
        return [_texts(task, text) for text in TEXTS]
    other = _OTHERS.get(task.name, "something else altogether, by the sea")
    cells = [own_answer(null, task.name, text) for text in TEXTS]
    if how == MIXED:
        cells = [other if n % 2 else cell for n, cell in enumerate(cells)]
    name = _right_column(task)
    return [{**_texts(task, text), name: other if cell is None else cell} for text, cell in zip(TEXTS, cells, strict=True)]


def _texts(task: Task[Any, Any], text: str) -> dict[str, Any]:
    return {"text": text} if len(task.fields) == 1 else {name: QUESTION for name in task.fields} | {task.fields[-1]: text}


def _right_column(task: Task[Any, Any]) -> str:
    """The column of what is right, as a plain answer."""
    return next(name for name in task.references if name != "check")


def tasks() -> list[str]:
    """Every registered task that data are read for; the others, such as a panel, are asked through victims of these."""
    return [name for name in names() if task_named(name).references]


ROWS: dict[str, Callable[[str, str], list[Row]]] = {}
"""By task, what gives its rows for a null victim and a kind of references, where a text and a reference are not all of it."""


def goals_of(task: Task[Any, Any], folder: Path) -> list[str]:
    """Every goal of a task as it can be typed; ``folder`` gets the schema that one of them names."""
    schema = folder / "schema.json"
    schema.write_text(json.dumps({"type": "object"}), encoding="utf-8")
    filled = {
        **{"LABEL": "positive", "SHARE": "0.5", "TOLERANCE": "0.1", "K": "2", "TEXT": "spring", "WORD": "spring"},
        **{"REGEX": r"\w", "FILE.json": str(schema), "SALT": "salt"},
    }
    found = []
    for kind in task.goals:
        word, _, blank = kind.spec.replace("[:", ":").rstrip("]").partition(":")
        if blank and blank not in filled:
            raise ValueError(f"fill in the goal {kind.spec} of {task.name} here: what stands for {blank}?")
        found.append(f"{word}:{filled[blank]}" if blank else word)
    return found


@dataclass(frozen=True, slots=True)
class Cell:
    """A null victim under one threshold. ``verdict``: of the gate, or ``refused`` where no run came about; ``why``: reasons."""

    null: str
    task: str
    goal: str
    references: str
    rule: str
    verdict: str
    why: tuple[str, ...]


def thresholds() -> dict[str, dict[str, Any]]:
    """Every threshold of a gate by itself, at its most lenient, beside the most lenient of what else a policy can allow."""
    from reports.gate.rules import RULES

    lenient = {"max_untested": 1.0, "max_error_rate": 1.0, "max_flip_rate": 1.0, "max_exhausted": 1.0, "min_examples": 1}
    each = {key: {key: 0.01 if key.startswith("min_") else 0.99, **lenient} for key in RULES}
    return each | {CERTIFIED: {"certified": {"any": {CERTIFIED: 0.01}}, **lenient}}  # of a certificate, which has a name


def audited(victim: NullVictim, rows: Sequence[Row], goal: str, out: Path) -> Run:
    """A small run against a victim; raises ``RobustnessError`` where none came about."""
    from robustness.auditing import audit

    texts = [name for name in rows[0] if name in ("text", *victim.info.fields)]
    return audit(
        victim, rows, text=texts, recipes=RECIPES.get(victim.info.task, RECIPE), goal=goal, budget=BUDGET, encoder="none", out=out
    )


def verdicts(run: Run) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """By threshold, the verdict and why it is that."""
    from reports.gate.gate import evaluate
    from reports.gate.policy import parse_policy
    from reports.measures.of_run import measure

    measured = measure(run)
    for rule, gate in thresholds().items():
        result = evaluate(run, parse_policy({"gate": gate}, "null victims"), measured)
        yield rule, result.verdict, tuple(f"{r.rule}: {r.message}" for r in result.rules if r.verdict != "pass")


def cells(null: str, task: str, folder: Path, *, first: bool = False) -> Iterator[Cell]:
    """Every goal, kind of references and threshold for one null victim and task; with ``first`` the task's first goal only.

    ``folder``: an empty one, for the runs.
    """
    kind = task_named(task)
    for goal in goals_of(kind, folder)[: 1 if first else None]:
        for how in (FLATTERING, MIXED, *(() if kind.reference_needed else (NONE,))):
            yield from _of_run(NullVictim(null, task=task), rows_of(kind, null, how), goal, how, folder)


def under_attack(null: str, task: str, folder: Path, *, first: bool = False) -> Iterator[Cell]:
    """The same for a victim that is right on every clean text, and a null victim on every other one."""
    kind = task_named(task)
    cells = [_right_cell(task, n) for n in range(len(TEXTS))]
    texts, column = [_texts(kind, text) for text in TEXTS], _right_column(kind)
    rows = [{**row, column: cell} for row, cell in zip(texts, cells, strict=True)]
    known = {tuple(row.values()): cell for row, cell in zip(texts, cells, strict=True)}
    for goal in goals_of(kind, folder)[: 1 if first else None]:
        yield from _of_run(NullVictim(null, task=task, known=known), rows, goal, "right", folder)


def _right_cell(task: str, n: int) -> Any:
    """A reference that is the raw row of a right answer too, and differs from text to text."""
    label = LABELS[n % 2]
    at = TEXTS[n].index("Lima")
    right = {"classification": label, "multi-label": [label], "regression": float(n), "retrieval": [f"p{n}"], "qa": "Lima"}
    right["ner"] = [[at, at + 4, "LOC"]] if n % 2 else []
    return right.get(task, f"{TEXTS[n].split()[2]} report {n} of spring")


def _of_run(victim: NullVictim, rows: Sequence[Row], goal: str, how: str, folder: Path) -> Iterator[Cell]:
    null, task = victim.info.name.removeprefix("null:"), victim.info.task
    try:
        run = audited(victim, rows, goal, folder / f"run{len(list(folder.iterdir()))}")
    except RobustnessError as error:
        yield from (Cell(null, task, goal, how, rule, "refused", (str(error),)) for rule in thresholds())
        return
    yield from (Cell(null, task, goal, how, *found) for found in verdicts(run))
