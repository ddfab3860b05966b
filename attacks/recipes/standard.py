"""The standard cascade: few cheap recipes that differ in what they change, each on what the ones before left standing."""

from __future__ import annotations

from attacks.recipes.registry import register_suite

STANDARD = ("learned", "pwws", "deepwordbug", "bad-characters", "checklist", "paraphrase-rules")
LIMITS: dict[str, int] = {}

register_suite("standard", STANDARD, LIMITS)
