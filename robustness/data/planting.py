"""What a task puts into the examples before anything is asked: secrets of this run's own."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from reports.files.exact import canonical
from robustness.data.dataset import Dataset
from robustness.tasks.task import Task


def planted(data: Dataset, task: Task[Any, Any], seed: int) -> Dataset:
    """The examples as the task plants them; the data as they are for a task that plants nothing."""
    made = [(example, task.planted(example.inputs, example.id, seed)) for example in data.examples]
    if not any(new for _, new in made):
        return data
    examples = tuple(replace(one, inputs=new[0], reference=new[1]) if new else one for one, new in made)
    digest = hashlib.sha256(canonical([data.digest, [[one.id, *one.inputs] for one in examples]])).hexdigest()
    return replace(data, examples=examples, digest=digest)
