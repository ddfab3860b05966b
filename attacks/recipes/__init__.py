"""Recipes: published attacks by name. Each file registers what it builds; adding a recipe is one file and one line here."""

from attacks.recipes import (  # noqa: F401 - importing a recipe registers it
    bad_characters,
    checklist,
    deepwordbug,
    natural,
    pruthi,
    pwws,
    standard,
    textbugger,
    textfooler,
)
from attacks.recipes.registry import Options, build, names, register, register_suite, resolve, suites

__all__ = ["Options", "build", "names", "register", "register_suite", "resolve", "suites"]
