"""Where tasks are known by name: adding one is its file and one line here."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from robustness.errors import UsageError
from robustness.tasks.task import Task

_FILES = {
    "classification": "robustness.tasks.classification:Classification",
    "multi-label": "robustness.tasks.multilabel:MultiLabel",
    "regression": "robustness.tasks.regression:Regression",
    "retrieval": "robustness.tasks.retrieval:Retrieval",
    "ner": "robustness.tasks.entities:Entities",
    "generation": "robustness.tasks.generation:Generation",
    "extraction": "robustness.tasks.chats.extraction:Extraction",
    "injection": "robustness.tasks.injection:Injection",
    "qa": "robustness.tasks.extractive_qa:ExtractiveQA",
    "summarisation": "robustness.tasks.summarisation:Summarisation",
    "panel": "robustness.tasks.panel:PanelTask",
    "translation": "robustness.tasks.translation:Translation",
}
DEFAULT = "classification"
_ADDED: dict[str, Task[Any, Any]] = {}


def names() -> tuple[str, ...]:
    """Every task by name."""
    return (*_FILES, *_ADDED)


def register(task: Task[Any, Any]) -> None:
    """Make a task of one's own known; raises ``UsageError`` for a name that is taken."""
    if task.name in names():
        raise UsageError(f"there is a task {task.name!r} already")
    _ADDED[task.name] = task


@cache
def _shipped(name: str) -> Task[Any, Any]:
    module, _, found = _FILES[name].partition(":")
    made: Task[Any, Any] = getattr(import_module(module), found)()
    return made


def task_named(name: str) -> Task[Any, Any]:
    """The task of a name; raises ``UsageError`` with the nearest ones."""
    if name in _ADDED:
        return _ADDED[name]
    if name not in _FILES:
        from robustness.victims.names import unknown

        raise unknown("task", name, names())
    return _shipped(name)
