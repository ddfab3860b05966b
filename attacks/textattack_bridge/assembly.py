"""Puts a recipe of TextAttack's together: its own ``build`` function, run with the parts that mean something else here."""

from __future__ import annotations

import copy
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from attacks.preserves import FORM, SUBJECT
from attacks.search import Recipe, Search, Trial
from attacks.textattack_bridge import judging, substitutes
from attacks.textattack_bridge.catalogue import Entry, find, version
from attacks.textattack_bridge.dice import Dice
from attacks.textattack_bridge.gather import gather
from attacks.textattack_bridge.isolation import no_network
from attacks.textattack_bridge.loading import load
from attacks.textattack_bridge.resources import RESOURCES, Found
from attacks.textattack_bridge.rewire import rewired
from attacks.textattack_bridge.tracing import name_of
from attacks.textattack_bridge.worker import Ask, Worker

_CHARACTER = ("Character", "QWERTY", "Homoglyph", "Deletions", "Reorderings", "Invisible", "Morphonym", "Homophone")


def recipe(name: str, named: Mapping[str, object], profile: str = "paper") -> Recipe:
    """One of TextAttack's recipes, with or without its prefix, as a recipe of this package.

    Raises:
        ValueError: TextAttack ships no such recipe, it cannot run here, or the profile is not the paper's.
    """
    entry = find(name)
    if profile != "paper":
        raise ValueError(f"{entry.spec} brings the rules of its paper; it cannot run under the profile {profile!r}")
    found = gather(entry, named)
    return _assembled(entry, found, _Parts(_built(entry, found)))


def _built(entry: Entry, found: Mapping[str, Found]) -> Any:
    """TextAttack's attack as its own ``build`` function makes it, which serves as the pattern of every trial."""
    load()
    build = vars(getattr(import_module(entry.module), entry.class_name))["build"].__func__
    try:
        with no_network():
            return rewired(build, **substitutes.names(entry, found))(_NoModel(), **entry.arguments)
    except Exception as error:
        raise ValueError(f"TextAttack {version()} could not build {entry.spec}: {type(error).__name__}: {error}") from error


class _NoModel:
    """Stands where a recipe expects the victim: searches reach it through their goal, never directly."""

    max_length = 1024
    model = None


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a built attack. Each trial gets its own goal, search, caches and copies of what asks the engine."""

    pattern: Any

    @property
    def rules(self) -> list[Any]:
        """Every constraint, those before the transformation first."""
        return [*self.pattern.pre_transformation_constraints, *self.pattern.constraints]

    @property
    def whole_text(self) -> bool:
        """Whether the search rewrites the text as a string, and so must see the attacked field alone."""
        return type(self.pattern.search_method).__name__ == "DifferentialEvolution"

    @property
    def reduces(self) -> bool:
        """Whether the goal is that the answer stays while words go."""
        return type(self.pattern.goal_function) is judging.reduction_class()

    def attack(self, line: judging.Line, ignored: list[str]) -> Any:
        """A fresh attack for one trial; ``ignored``: the fields that it must not touch."""
        rules = [copy.copy(rule) for rule in self.rules]
        for rule in rules:
            if hasattr(rule, "line"):
                rule.line = line
        if ignored:
            fixed = load().constraints.pre_transformation.InputColumnModification
            rules.insert(0, fixed(_columns(line.trial), set(ignored)))
        goal = type(self.pattern.goal_function)(line)
        return judging.attack_class()(goal, rules, self.pattern.transformation, copy.copy(self.pattern.search_method))


def _columns(trial: Trial) -> list[str]:
    return [f"field{i}" for i in range(len(trial.inputs))]


@dataclass(frozen=True, slots=True)
class TextAttackSearch:
    """A search of TextAttack's as an attack: it runs in a thread and asks through the trial, strictly one at a time."""

    parts: _Parts = field(repr=False)
    spec: str

    def search(self, trial: Trial) -> Search[None]:
        """Run until the trial is won, its budget is spent or TextAttack has nothing left to try."""
        dice = Dice(trial.rng.getrandbits(63), load().attack.torch)
        worker = Worker(lambda ask: self._work(trial, ask), lambda: _alone(dice))
        try:
            request = worker.step()
            while request is not None:
                answer = yield from request(trial)
                if trial.won:
                    return
                request = worker.step(answer)
        finally:
            worker.close()

    def _work(self, trial: Trial, ask: Ask) -> None:
        greedy = type(self.parts.pattern.search_method).__name__ == "GreedyWordSwapWIR"
        technique = name_of(self.parts.pattern.transformation)
        line = judging.Line(trial, ask, "similarity" if greedy else "score", technique, 1 if self.parts.reduces else None)
        single = len(trial.inputs) == 1 or self.parts.whole_text
        columns = [] if single else _columns(trial)
        text = load().shared.AttackedText(trial.text if single else OrderedDict(zip(columns, trial.inputs, strict=True)))
        if not text.words and not self.parts.whole_text:
            return
        attack = self.parts.attack(line, [c for i, c in enumerate(columns) if i != trial.field])
        start, _ = attack.goal_function.init_attack_example(text, trial.gold)
        attack.search_method.perform_search(start)


@contextmanager
def _alone(dice: Dice) -> Iterator[None]:
    """What surrounds every step of a trial: its own random numbers, no network, no warnings that are TextAttack's affair."""
    with no_network(), dice.rolling(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _assembled(entry: Entry, found: Mapping[str, Found], parts: _Parts) -> Recipe:
    method = parts.pattern.search_method
    gradients = getattr(method, "wir_method", "") == "gradient"
    encoder = any(type(rule).__name__ == "RunSentenceEncoder" for rule in parts.rules)
    replaced = tuple(f"in place of {RESOURCES[key].title}: {f.shown}" for key, f in found.items() if f.substitute)
    level = _level(parts.pattern.transformation)
    return Recipe(
        name=entry.spec,
        attack=TextAttackSearch(parts, entry.spec),
        citation=entry.citation,
        level=level,
        access="gradients" if gradients else "scores",
        needs=("encoder",) if encoder else (),
        languages=entry.languages,
        parameters=(
            ("textattack", version()),
            ("search", _described(method)),
            ("transformations", _described(parts.pattern.transformation)),
            ("constraints", "; ".join(map(_described, parts.rules)) or "none"),
            *((f"resource {key}", f.shown) for key, f in found.items()),
        ),
        goal="keep-answer" if parts.reduces else "",
        tasks=("classification",),
        note=f"Run by TextAttack {version()} through a bridge{''.join('; ' + one for one in replaced)}.",
        substitutes=replaced,
        preserves=FORM if level == "character" else SUBJECT,
    )


def _described(part: Any) -> str:
    return " ".join(repr(part).split())


def _level(transformation: Any) -> str:
    parts = getattr(transformation, "transformations", [transformation])
    names = [name for name in (type(part).__name__ for part in parts) if name != "LeftOut"]
    small = [any(word in name for word in _CHARACTER) for name in names]
    return "character" if all(small) else "mixed" if any(small) else "word"
