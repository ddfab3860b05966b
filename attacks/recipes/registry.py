"""Where recipes are known by name. A recipe file registers itself; ``attacks.recipes`` imports the files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from attacks.constraints.profiles import PROFILES
from attacks.language.resources import Resources
from attacks.preserves import checked, missing
from attacks.recipes.specs import is_composed, split_specs
from attacks.search import Recipe
from attacks.tagging import chosen as tagger_name


@dataclass(frozen=True, slots=True)
class Options:
    """What the user chose for all recipes of a run.

    ``language``: of the attacked texts, as an ISO 639-1 code, or ``unknown`` for texts that only recipes for any language fit.
    ``named``: whether the user named the language; the resources that the user brought are then taken to know it.
    ``preserve``: what every change must preserve for the labels to stay right, in words of
    ``attacks.preserves.VOCABULARY``; nothing by default. ``tagger``: who tells parts of speech, of ``attacks.tagging.TAGGERS``.
    ``helpers``: roles of the models beside the victim that the run has, for recipes that are better with one than without.
    """

    profile: str = "paper"
    resources: Resources = field(default_factory=Resources)
    language: str = "en"
    named: bool = False
    preserve: tuple[str, ...] = ()
    tagger: str = "auto"
    helpers: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise ValueError(f"unknown constraint profile {self.profile!r}; choose one of: {', '.join(PROFILES)}")
        if not (self.language.isascii() and self.language.isalpha() and self.language.islower()):
            raise ValueError(f"a language is a lower-case code, such as 'en' or 'de', got {self.language!r}")
        checked(self.preserve)
        tagger_name(self.tagger)

    def brought(self, resource: object) -> tuple[str, ...]:
        """The languages of a resource, None for the shipped one: English, and what the user says of one brought along."""
        return ("en",) if resource is None or not self.named or self.language == "en" else ("en", self.language)


class LanguageError(ValueError):
    """Recipes that were named do not know the language of the texts."""


Builder = Callable[[Options], Recipe]
_BUILDERS: dict[str, Builder] = {}
_SUITES: dict[str, tuple[str, ...]] = {}
_LIMITS: dict[str, dict[str, dict[str, int]]] = {}
_FAMILIES: dict[str, Callable[[str, Options], Recipe]] = {}
_BY_NAME_ONLY: set[str] = set()
_COMPOSERS: list[Callable[[str, Options], Recipe]] = []
_SEARCHES: list[str] = []


def register(name: str, *, by_name_only: bool = False) -> Callable[[Builder], Builder]:
    """Decorator: make a function from ``Options`` to ``Recipe`` known under a name.

    ``by_name_only``: no pattern covers it, because it needs programs that few machines have.
    """

    def keep(builder: Builder) -> Builder:
        if name in _BUILDERS or name in _SUITES:
            raise ValueError(f"a recipe or suite named {name!r} is registered already; choose another name")
        _BUILDERS[name] = builder
        if by_name_only:
            _BY_NAME_ONLY.add(name)
        return builder

    return keep


def register_suite(
    name: str,
    members: Sequence[str],
    limits: Mapping[str, int] | None = None,
    labels_only: Mapping[str, int] | None = None,
) -> None:
    """Make a fixed list of recipes known under one name, in this order.

    ``limits``: the most queries of some in a cascade. ``labels_only``: in place of those where the victim gives no scores.
    """
    if name in _BUILDERS or name in _SUITES:
        raise ValueError(f"a recipe or suite named {name!r} is registered already; choose another name")
    _SUITES[name] = tuple(members)
    _LIMITS[name] = {"scores": dict(limits or {}), "labels": {**(limits or {}), **(labels_only or {})}}


def knows(languages: Sequence[str], language: str) -> bool:
    """Whether a language is among these, or any will do."""
    return "*" in languages or language in languages


def register_family(prefix: str, builder: Callable[[str, Options], Recipe]) -> None:
    """Hand every name that starts with ``prefix`` to ``builder``, which raises ``ValueError`` for one that it does not know."""
    _FAMILIES[prefix] = builder


def register_composer(builder: Callable[[str, Options], Recipe], searches: Sequence[str]) -> None:
    """Hand every spec with a parenthesis to ``builder``, which raises ``ValueError`` for one that it cannot read.

    ``searches``: the names that a composition may begin with.
    """
    _COMPOSERS[:], _SEARCHES[:] = [builder], searches


def names() -> tuple[str, ...]:
    """Every recipe by name, sorted; members of a family are not listed."""
    return tuple(sorted(_BUILDERS))


def suites() -> dict[str, tuple[str, ...]]:
    """Every suite with the names of its members."""
    return {name: _SUITES[name] for name in sorted(_SUITES)}


def limits(suite: str, access: str = "scores") -> dict[str, int]:
    """The most queries that a cascade gives recipes of a suite; those that are not named may ask as long as its budget lasts.

    ``access``: what the victim gives, ``scores`` or ``labels``.
    """
    return dict(_LIMITS.get(suite, {}).get("labels" if access == "labels" else "scores", {}))


def build(name: str, options: Options | None = None) -> Recipe:
    """One recipe by its name; raises ``ValueError`` with the nearest names for an unknown one."""
    family = next((prefix for prefix in _FAMILIES if name.startswith(prefix)), None)
    if family is not None:
        return _FAMILIES[family](name, options or Options())
    if is_composed(name):
        return _COMPOSERS[0](name, options or Options())
    if name not in _BUILDERS:
        raise ValueError(_unknown(name))
    return _BUILDERS[name](options or Options())


def unfit(recipe: Recipe, options: Options) -> tuple[str, ...]:
    """What the data need and the recipe does not preserve.

    A recipe with a goal of its own is not about what is right, and one that moves marks has it moved along.
    """
    return () if recipe.goal or recipe.moves_marks else missing(recipe.preserves, options.preserve)


def unfit_members(spec: str, options: Options) -> tuple[str, ...]:
    """Names of the members of suites and patterns in ``spec`` that ``resolve`` leaves out for what they do not preserve."""
    parts = split_specs(spec)
    named = {part for part in parts if _is_recipe(part)}
    members = (build(name, options) for part in parts if part not in named for name in _members(part) if name not in named)
    found = (r.name for r in members if knows(r.languages, options.language) and unfit(r, options))
    return tuple(dict.fromkeys(found))


def resolve(spec: str, options: Options | None = None) -> list[Recipe]:
    """The recipes that ``spec`` names: recipes, compositions, suites and patterns such as ``natural:*``, separated by commas.

    Each recipe comes once, at its first mention. Members of a suite or a pattern that do not know ``options.language``
    are left out; a recipe asked for by its own name raises ``ValueError`` instead. Members that do not preserve what
    ``options.preserve`` asks for are left out too (``unfit_members`` names them); one asked for by its own name is built all
    the same, as its user may know the data better, and the run is flagged.
    """
    options = options or Options()
    found: dict[str, Recipe] = {}
    for part in split_specs(spec):
        for recipe in _resolve_one(part, options):
            found.setdefault(recipe.name, recipe)
    if not found:
        raise ValueError(f"no recipe named in {spec!r}; give names such as {', '.join(names()[:3])}, or a suite")
    return list(found.values())


def left_out(spec: str, options: Options) -> list[str]:
    """The recipes that ``resolve`` leaves out of suites and patterns because they do not know the language."""
    parts = [part for part in split_specs(spec) if not _is_recipe(part)]
    recipes = (build(name, options) for part in parts for name in _members(part))
    return list(dict.fromkeys(recipe.name for recipe in recipes if not knows(recipe.languages, options.language)))


def _is_recipe(part: str) -> bool:
    return part in _BUILDERS or part.startswith(tuple(_FAMILIES)) or is_composed(part)


def _resolve_one(part: str, options: Options) -> list[Recipe]:
    if _is_recipe(part):
        recipe = build(part, options)
        if not knows(recipe.languages, options.language):
            raise LanguageError(f"recipe {part!r} works on {', '.join(recipe.languages)}, not on {options.language!r}")
        return [recipe]
    recipes = [
        recipe for recipe in (build(name, options) for name in _members(part)) if knows(recipe.languages, options.language)
    ]
    if not recipes:
        raise LanguageError(f"no recipe of {part!r} works on language {options.language!r}")
    fit = [recipe for recipe in recipes if not unfit(recipe, options)]
    if not fit:
        wanted = " and ".join(options.preserve)
        raise ValueError(
            f"no recipe of {part!r} preserves {wanted}, which these data need; name recipes one by one, or --preserve"
        )
    return fit


def _members(part: str) -> tuple[str, ...]:
    """Names of the members of a suite or a pattern."""
    members = _SUITES.get(part) or tuple(name for name in names() if _matches(name, part) and name not in _BY_NAME_ONLY)
    if not members:
        raise ValueError(_unknown(part))
    return members


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern with ``*`` covers the name; ``family:*`` covers ``family-x`` as well."""
    return "*" in pattern and (fnmatchcase(name, pattern) or fnmatchcase(name, pattern.replace(":*", "-*")))


def _unknown(name: str) -> str:
    if name in _SEARCHES:
        return f"{name} is a search, and no recipe by itself: say what it works with, such as {name}(…); `robustness list parts`"
    known = (*names(), *_SUITES)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(known)}"
    return f"unknown recipe {name!r}; {hint}"
