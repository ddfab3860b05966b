"""The standard cascade: few cheap recipes that differ in what they change, each on what the ones before left standing.

Order and limits come from measurement on victims that the cascade is not judged on (docs/strength.md), by

    python -m bench.tune_cascade --victims words,characters,prompts -n 60

What falls to any of the recipes falls, whatever their order; the order decides what that costs. None needs a sentence encoder in
the paper profile, so that the same cascade runs everywhere. The first three stages are what that command prints. The last two
added nothing there, and stay because they alone change no spelling and no word for a synonym; few examples reach them.
"""

from __future__ import annotations

from attacks.recipes.registry import register_suite

STAGES: tuple[tuple[str, int], ...] = (
    ("learned", 250),
    ("pwws", 250),
    ("bad-characters", 100),
    ("checklist", 100),
    ("paraphrase-rules", 100),
)
"""Recipes in order, each with the most queries that it is given of an example; the budget of the run binds them together."""

LABELS_ONLY = {"learned": 100, "pwws": 100, "bad-characters": 250}
"""Limits in place of those where the victim gives no scores: a search that cannot follow any draws at random, and what it has
not found within a hundred texts another finds sooner. Measured by the same command with ``--labels-only``, the order held."""

STANDARD = tuple(name for name, _ in STAGES)

register_suite("standard", STANDARD, dict(STAGES), LABELS_ONLY)
