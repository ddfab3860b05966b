"""Why an item has no answer: what oracles and backends hand on in an answer's place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one item has no answer. ``error``: the kind of error; ``message``: what came and what was expected."""

    error: str
    message: str
