"""Puts a recipe together: its own constraints and its profile's, the oracles they need, the parameters a report prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from attacks.constraints.base import Constraint
from attacks.constraints.profiles import profile
from attacks.constraints.stopwords import LISTS, StopWords
from attacks.language.lexicon import BuiltinLexicon
from attacks.language.resources import Lexicon, Neighbours
from attacks.language.vectors import BuiltinNeighbours
from attacks.preserves import fitting, in_common
from attacks.recipes.registry import Options, knows
from attacks.search import Attack, Citation, Recipe
from attacks.strategies.evolution import Evolution
from attacks.strategies.ranking import Thrifty
from attacks.transformations.base import Transformation
from attacks.transformations.characters.keyboard import KeyboardTypo

T = TypeVar("T", bound=Transformation)
Constraints = tuple[Constraint, ...]
LAYOUTS = {"de": "qwertz", "fr": "azerty"}
"""Keyboard layout by language, where it is not QWERTY."""


def assemble(
    options: Options,
    name: str,
    attack: Callable[[tuple[T, ...], Constraints], Attack],
    *,
    transformations: tuple[T, ...] = (),
    technique: str = "",
    citation: Citation,
    level: str,
    access: str = "scores",
    own: Sequence[Constraint] = (),
    needs: Sequence[str] = (),
    parameters: Sequence[tuple[str, str]] = (),
    note: str = "",
    goal: str = "",
    tasks: tuple[str, ...] = (),
    preserves: Sequence[str] | None = None,
    languages: tuple[str, ...] = (),
    profiled: bool = True,
    learns: bool = False,
) -> Recipe:
    """The recipe whose ``attack`` uses the transformations that know the texts' language and obeys all constraints.

    Of its transformations it uses those that preserve what ``options.preserve`` asks for. Where none does it uses them all:
    a suite leaves such a recipe out, and a run that names it is flagged. ``preserves`` is what the search itself preserves,
    where it makes texts of its own.

    Constraints are its ``own`` and those of the chosen profile. ``parameters`` are the search's; transformations and
    constraints are described here, the same way for all recipes. ``technique`` names what a search without transformations does.
    ``languages``: what the recipe as a whole is made for, where that is less than what one of its transformations knows.
    ``tasks``: those that it makes sense for, where not any. ``profiled``: whether a profile adds constraints; those of an attack
    that changes how a text is written, or what stands around it, are its own alone, for a profile's are about exchanged words.
    ``learns``: see ``Recipe``.
    """
    known = tuple(t for t in transformations if knows(t.languages, options.language)) or transformations
    used, left_out = _fitted(known, options.preserve)
    declared = [*(t.preserves for t in used), *([preserves] if preserves is not None else [])]
    rules = profile(options.profile, options.resources.lexicon).apply(own, level) if profiled else tuple(own)
    oracles = dict.fromkeys([*needs, *(need for rule in rules for need in rule.needs)])
    described = "; ".join(rule.describe() for rule in rules) or "none"
    techniques = ", ".join(t.name for t in used) or technique
    made = attack(used, rules)
    return Recipe(
        name=name,
        attack=made,
        citation=citation,
        level=level,
        access=access,
        profile=options.profile,
        needs=tuple(oracles),
        languages=languages or common_languages(transformations) or ("*",),
        parameters=(("transformations", techniques), *parameters, ("constraints", described)),
        note=note,
        goal=goal,
        tasks=tasks,
        preserves=in_common(declared),
        left_out=left_out,
        learns=learns,
        plans=isinstance(made, Evolution) or isinstance(getattr(made, "ranking", None), Thrifty),
    )


def _fitted(transformations: tuple[T, ...], needed: Sequence[str]) -> tuple[tuple[T, ...], tuple[str, ...]]:
    """Those that preserve what is needed, or all where none does; and the names of what was left out."""
    parts = [fitting(t, needed) for t in transformations]
    fit = tuple(part for part, _ in parts if part is not None)
    if not fit:
        return transformations, ()
    return fit, tuple(name for _, names in parts for name in names)


def common_languages(transformations: Sequence[Transformation]) -> tuple[str, ...]:
    """The languages that at least one transformation knows; ``("*",)`` if one works on any script."""
    known = dict.fromkeys(language for t in transformations for language in t.languages)
    return ("*",) if "*" in known else tuple(known)


def stop_words(options: Options, *, spelling: bool = False) -> Constraints:
    """The stop words of the texts' language, where there is a list of them; ``spelling`` for slips inside words."""
    return (StopWords(options.language, spelling=spelling),) if options.language in LISTS else ()


def keyboard_typo(options: Options, *, keep_first: bool = False, keep_last: bool = False) -> KeyboardTypo:
    """Typos on the keyboard that writers of the texts' language use."""
    return KeyboardTypo(LAYOUTS.get(options.language, "qwerty"), keep_first=keep_first, keep_last=keep_last)


def lexicon(options: Options) -> Lexicon:
    """The user's lexicon, or the shipped one."""
    return options.resources.lexicon or BuiltinLexicon()


def neighbours(options: Options) -> Neighbours:
    """The user's vectors, or the shipped neighbours."""
    return options.resources.neighbours or BuiltinNeighbours()
