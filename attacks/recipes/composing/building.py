"""From a composition to the recipe that it describes."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from attacks.recipes.assemble import Constraints, assemble
from attacks.recipes.composing.entries import SEARCHES, Entry, drawn_on, entries
from attacks.recipes.composing.parts import Part, printed, value_printed
from attacks.recipes.composing.reading import keywords, made, read
from attacks.recipes.registry import Options, register_composer
from attacks.recipes.specs import is_composed, split_specs
from attacks.search import Attack, Citation, Recipe

COMPOSED = Citation("composed by hand")


@lru_cache(maxsize=256)
def parsed(text: str) -> Part:
    """The composition that a text spells; raises ``CompositionError``, a ``ValueError`` with a caret under the place."""
    return read(text)


def canonical(text: str) -> str:
    """The one spelling of a composition: its recipe's name in every file and report; raises ``CompositionError``."""
    return printed(parsed(text))


def canonical_specs(spec: str) -> str:
    """A list of recipes in one text, with each composition in it in its canonical form; raises ``CompositionError``."""
    return ",".join(canonical(part) if is_composed(part) else part for part in split_specs(spec))


def compose(text: str, options: Options | None = None) -> Recipe:
    """The recipe that a composition describes, named by its canonical form; raises ``CompositionError``."""
    part, options = parsed(text), options or Options()
    entry = entries("search")[part.name]
    profile = part.argument("profile")
    options = options if profile is None else replace(options, profile=str(profile))
    techniques: tuple[Any, ...] = tuple(made(one, options) for one in _parts(part, "transformations"))
    own: tuple[Any, ...] = tuple(made(one, options) for one in _parts(part, "constraints"))
    levels = dict.fromkeys(one.level for one in techniques) or {"word": None}
    recipe = assemble(
        options,
        printed(part),
        lambda used, rules: _search(entry, part, used, rules, options),
        transformations=techniques,
        technique=entry.technique,
        citation=entry.citation or COMPOSED,
        level=next(iter(levels)) if len(levels) == 1 else "mixed",
        access="gradients" if "gradients" in _accesses(part) else entry.access,
        own=own,
        needs=entry.needs,
        learns=entry.learns,
        parameters=(("search", f"{entry.name}: {entry.summary}"), ("composition", _in_full(part, options))),
        note="Composed by hand; its name is its canonical spelling.",
        profiled=entry.parameter("constraints") is not None,
    )
    limit = part.argument("limit")
    return replace(recipe, limit=limit) if isinstance(limit, int) else recipe


def _search(entry: Entry, part: Part, used: tuple[Any, ...], rules: Constraints, options: Options) -> Attack:
    """The strategy with the transformations that fit the data and with all constraints, the profile's included."""
    plain = tuple((name, value) for name, value in part.arguments if name not in ("transformations", "constraints"))
    named = keywords(entry, replace(part, arguments=plain), options)
    if used:
        several = entry.parameters[0].kind == "transformations"
        named[entry.keyword("transformations")] = used if several else used[0]
    if entry.parameter("constraints") is not None:
        named["constraints"] = rules
    search: Attack = entry.make(**named)
    return search


def _parts(part: Part, name: str) -> tuple[Part, ...]:
    found = part.argument(name)
    return found if isinstance(found, tuple) else (found,) if isinstance(found, Part) else ()


def _accesses(part: Part) -> set[str]:
    inner = [value for _, value in part.arguments if isinstance(value, Part)]
    return {entries(part.kind)[part.name].access, *(access for one in inner for access in _accesses(one))}


def _in_full(part: Part, options: Options) -> str:
    """Every argument, what holds by default included: what a run was made with, whatever a later version takes for granted."""
    entry = entries(part.kind)[part.name]
    told = drawn_on(entry, options) | dict(part.arguments)
    arguments = ((p.name, told.get(p.name, p.default)) for p in entry.parameters)
    shown = ", ".join(f"{name}={_value_in_full(value, options)}" for name, value in arguments if value not in (None, ()))
    return f"{part.name}({shown})" if shown else part.name


def _value_in_full(value: object, options: Options) -> str:
    if isinstance(value, Part):
        return _in_full(value, options)
    if isinstance(value, tuple):
        return "+".join(_value_in_full(one, options) for one in value)
    return value_printed(value)


register_composer(compose, [entry.name for entry in SEARCHES])
