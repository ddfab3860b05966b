"""The standard cascade: few cheap recipes that differ in what they change, each on what the ones before left standing."""

from __future__ import annotations

from attacks.recipes.registry import register_suite

STANDARD = ("checklist", "paraphrase-rules", "deepwordbug", "pwws", "bad-characters")
"""In order. Diversity of transformations, not of searches, is what a union of attacks gains from: additions and exchanges that
keep the label, rewrites of the sentence, slips of the finger, synonyms, unseen characters. None needs a sentence encoder in the
paper profile, so that the same cascade runs everywhere. Meant for a budget of 100 to 200 queries a recipe, within which each
does most of its work."""

register_suite("standard", STANDARD)
