"""The standard cascade: few cheap recipes that differ in what they change, each on what the ones before left standing."""

from __future__ import annotations

from attacks.recipes.registry import register_suite

STANDARD = ("deepwordbug", "checklist", "pwws", "bad-characters", "paraphrase-rules")
"""In order. Diversity of transformations, not of searches, is what a union of attacks gains from: slips of the finger, additions
and exchanges that keep the label, synonyms, unseen characters, rewrites of the sentence. The order changes no verdict, for what
falls to any of them falls; it decides what that costs. First comes what breaks most for the fewest queries, last what mostly
spends its budget in vain. None needs a sentence encoder in the paper profile, so that the same cascade runs everywhere. Meant
for a budget of 100 to 200 queries a recipe, within which each does most of its work."""

register_suite("standard", STANDARD)
