"""From a tree to a checked part: names looked up, values read by the kind of their parameter, ranges checked by building once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attacks.constraints.profiles import PROFILES
from attacks.recipes.composing.entries import ALIASES, Entry, drawn_on, entries
from attacks.recipes.composing.parts import Parameter, Part
from attacks.recipes.composing.syntax import Argument, Call, CompositionError, Item, Number, Text, nearest, parse
from attacks.recipes.registry import Options
from attacks.recipes.registry import names as recipe_names

ELSEWHERE = {
    "goal": "--goal",
    "budget": "--budget",
    "seed": "--seed",
    "language": "--language",
    "encoder": "--encoder",
    "lexicon": "--lexicon",
    "vectors": "--vectors",
    "tagger": "--tagger",
    "field": "--field",
}
"""What a run has once, for all of its recipes, and where it is said."""
OF_RECIPE = ("profile", "limit")
"""What a composition says of the recipe rather than of its search."""
_ARTICLES = {"transformation": "a transformation", "ranking": "a ranking", "constraint": "a constraint", "search": "a search"}
_YES_NO = {"yes": True, "no": False, "true": True, "false": False}
_WANTED = {"whole": "a whole number", "number": "a number", "yes-no": "yes or no", "text": "a word or a text in quotation marks"}


def read(text: str) -> Part:
    """The composition that a text spells; raises ``CompositionError``."""
    return _Reader(text).search(parse(text))


@dataclass(frozen=True, slots=True)
class _Reader:
    text: str

    def search(self, call: Call) -> Part:
        if _full("search", call.name) not in entries("search") and call.name in recipe_names():
            raise self.error(f"{call.name} is a recipe and takes no arguments; a composition begins with a search: "
                             f"{', '.join(entries('search'))}", call)  # fmt: skip
        return self.part("search", call)

    def part(self, kind: str, call: Call) -> Part:
        known = entries(kind)
        name = _full(kind, call.name)
        if name not in known:
            raise self.error(f"unknown {kind} {call.name[:60]!r}{nearest(call.name, (*known, *ALIASES[kind]))}", call)
        entry = known[name]
        told: dict[str, object] = {}
        short: list[Part] = []
        for argument in call.arguments:
            self.take(entry, argument, told, short)
        if short:
            told["constraints"] = (*self.parts_told(told), *short)
        self.refuse_gaps(entry, call, told)
        self.settle(entry, call, told)
        if kind == "constraint" and entry.lead:
            told.setdefault(entry.lead, entry.parameters[0].default)  # a rule is printed with its number, the usual one too
        kept = ((p.name, told[p.name]) for p in entry.parameters if p.name in told and _matters(entry, p, told[p.name]))
        part = Part(kind, name, tuple(kept), entry.lead)
        if kind != "search":
            self.check(entry, part, call)
        return part

    def take(self, entry: Entry, argument: Argument, told: dict[str, object], short: list[Part]) -> None:
        name = argument.name.lower().replace("_", "-")
        if not name and told:
            raise self.error("expected NAME=VALUE: only the first argument may come without its name", argument)
        parameter = entry.parameter(name or entry.lead)
        if parameter is None and name and entry.parameter("constraints") and _full("constraint", name) in entries("constraint"):
            one = Call(argument.name, (Argument("", argument.value, argument.start, argument.end),), argument.start, argument.end)
            short.append(self.part("constraint", one))
            return
        if parameter is None:
            raise self.error(self.no_parameter(entry, argument, name), argument)
        if parameter.name in told:
            raise self.error(f"{parameter.name} was given twice; give it once", argument)
        told[parameter.name] = self.value(entry, parameter, argument)

    def no_parameter(self, entry: Entry, argument: Argument, name: str) -> str:
        if name in ELSEWHERE:
            return f"{argument.name} belongs to the run, not to one of its recipes: give {ELSEWHERE[name]}"
        known = [p.name for p in entry.parameters]
        if entry.parameter("constraints"):
            known += [*entries("constraint"), *ALIASES["constraint"]]
        if not known:
            return f"{entry.name} takes no arguments"
        return f"{entry.name} has no argument {argument.name or 'without a name'!r}"[:160] + nearest(name, known)

    def value(self, entry: Entry, parameter: Parameter, argument: Argument) -> object:
        kind, items = parameter.kind, argument.value
        if kind.rstrip("s") in _ARTICLES:
            parts = tuple(self.component(kind.rstrip("s"), item) for item in items)
            if kind == "transformations" or kind == "transformation":
                self.refuse_misfits(entry, items, parts)
            if kind.endswith("s"):
                return parts
            self.single(entry, parameter, items)
            return parts[0]
        if kind in ("wholes", "texts"):
            return tuple(self.simple(entry, parameter, kind.rstrip("s"), item) for item in items)
        self.single(entry, parameter, items)
        return self.simple(entry, parameter, kind, items[0])

    def single(self, entry: Entry, parameter: Parameter, items: Sequence[Item]) -> None:
        if len(items) > 1:
            what = "one transformation" if parameter.name == "transformations" else f"one value as its {parameter.name}"
            raise self.error(f"{entry.name} takes {what}, got {len(items)} joined by '+'", items[1])

    def component(self, kind: str, item: Item) -> Part:
        if not isinstance(item, Call):
            raise self.error(f"expected {_ARTICLES[kind]}, such as {next(iter(entries(kind)))}", item)
        return self.part(kind, item)

    def simple(self, entry: Entry, parameter: Parameter, kind: str, item: Item) -> object:
        named = item.name if isinstance(item, Call) and not item.arguments else None
        if kind == "yes-no" and named is not None and named.lower() in _YES_NO:
            return _YES_NO[named.lower()]
        if kind == "text" and (named is not None or isinstance(item, Text)):
            return named if named is not None else item.value  # type: ignore[union-attr]
        if kind == "whole" and isinstance(item, Number) and isinstance(item.value, int):
            return item.value
        if kind == "number" and isinstance(item, Number):
            return float(item.value)
        raise self.error(f"{entry.name} expects {_WANTED[kind]} as its {parameter.name}", item)

    def refuse_misfits(self, entry: Entry, items: Sequence[Item], parts: Sequence[Part]) -> None:
        """Raise for a transformation that the search cannot work with, and for one that is there twice."""
        for number, (item, part) in enumerate(zip(items, parts, strict=True)):
            if entry.over is not None and not isinstance(made(part, Options()), entry.over):
                fit = [name for name, one in entries("transformation").items() if isinstance(one.make(), entry.over)]
                raise self.error(f"{entry.name} cannot work with {part.name}; it can with: {', '.join(fit)}", item)
            if part in parts[:number]:
                raise self.error(f"{part.name} is there twice; name it once", item)

    def parts_told(self, told: dict[str, object]) -> tuple[Part, ...]:
        found = told.get("constraints", ())
        assert isinstance(found, tuple)
        return found

    def refuse_gaps(self, entry: Entry, call: Call, told: dict[str, object]) -> None:
        missing = next((p for p in entry.parameters if p.required and p.name not in told), None)
        if missing is not None:
            example = "synonym" if missing.kind.startswith("transformation") else "…"
            raise self.error(f"{entry.name} needs its {missing.name}, such as {entry.name}({example})", call)

    def settle(self, entry: Entry, call: Call, told: dict[str, object]) -> None:
        """Bring what has no order into one, and refuse what contradicts itself."""
        if entry.kind != "search":
            return
        rules = self.parts_told(told)
        names = [rule.name for rule in rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise self.error(f"constraint {twice} was given twice; give it once", call)
        if rules:
            told["constraints"] = tuple(sorted(rules, key=lambda rule: rule.name))
        limit = told.get("limit")
        if isinstance(limit, int) and limit < 2:
            raise self.error(f"limit must be at least 2 queries (the clean text is one), got {limit}", call)
        if (profile := told.get("profile")) is not None and profile not in PROFILES:
            raise self.error(f"unknown profile {str(profile)[:60]!r}{nearest(str(profile), PROFILES)}", call)
        self.check(entry, Part("search", entry.name, tuple(told.items())), call)

    def check(self, entry: Entry, part: Part, call: Call) -> None:
        """Build it once: its constructor knows the ranges."""
        try:
            made(part, Options())
        except CompositionError:
            raise
        except ValueError as error:
            named = [one for one in call.arguments if one.name and one.name.lower().replace("-", "_") in str(error)]
            raise self.error(f"{entry.name}: {error}", named[0] if named else call) from error

    def error(self, message: str, place: Item | Argument) -> CompositionError:
        return CompositionError(message, self.text, place.start, place.end)


def _matters(entry: Entry, parameter: Parameter, value: object) -> bool:
    return value != parameter.default or (entry.kind == "constraint" and parameter.name == entry.lead)


def _full(kind: str, name: str) -> str:
    plain = name.lower().replace("_", "-")
    return ALIASES[kind].get(plain, plain)


def made(part: Part, options: Options) -> Any:
    """What a part stands for: a search, transformation, ranking or constraint, with the parts inside it made as well."""
    entry = entries(part.kind)[part.name]
    return entry.make(**keywords(entry, part, options))


def keywords(entry: Entry, part: Part, options: Options) -> dict[str, Any]:
    """The arguments of a part's constructor: what it draws on from the run's options, and what it was told."""
    told = {p.name: p.default for p in entry.parameters if isinstance(p.default, Part)} | dict(part.arguments)
    for name in OF_RECIPE:
        told.pop(name, None)
    named = {entry.keyword(name): _made(value, options) for name, value in told.items()}
    return drawn_on(entry, options) | named


def _made(value: object, options: Options) -> object:
    if isinstance(value, Part):
        return made(value, options)
    if isinstance(value, tuple):
        return tuple(_made(one, options) for one in value)
    return value
