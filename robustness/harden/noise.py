"""On-line augmentation: every time a text is read for training it is perturbed anew, by what the recipes are made of.

Ivgi and Berant (EMNLP 2021, arXiv 2107.01114) found that random perturbations made afresh in each epoch give most of what
training on searched attacks gives, at a tenth of the cost. What a text becomes depends on the seed, the epoch and the text
alone, so that a training that was killed goes on with the very texts that it would have read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from random import Random
from typing import Any

from attacks.search import Recipe
from attacks.transformations.base import SEVERITIES, Transformation
from robustness.errors import UsageError

NATURAL = ("character-repeat", "common-misspelling", "keyboard-typo", "space-insert")
"""Noise without an adversary that is mixed in, whatever the recipes."""
_DEEP = 6
"""How far down in an attack its transformations are looked for."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What perturbs texts: ``own`` are the recipes' transformations, ``natural`` others; ``share`` of the texts are perturbed."""

    own: tuple[Transformation, ...]
    natural: tuple[Transformation, ...] = ()
    share: float = 0.75
    seed: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The techniques by name."""
        return tuple(dict.fromkeys(one.name for one in (*self.own, *self.natural)))

    def applied(self, text: str, epoch: int) -> str:
        """The text as it is read in an epoch: as it is, or perturbed once or twice at a random severity."""
        rng = Random(f"{self.seed}|{epoch}|{text}")
        return self.perturbed(text, rng) if rng.random() < self.share else text

    def perturbed(self, text: str, rng: Random) -> str:
        """One random perturbation; half the time by the recipes' own means. The text itself where nothing can be changed."""
        found = text
        for _ in range(1 + (rng.random() < 0.5)):
            pool = self.own if not self.natural or rng.random() < 0.7 else self.natural
            candidate = rng.choice(pool).sample(found, rng.choice(SEVERITIES), rng)
            if candidate is not None and candidate.text.strip():
                found = candidate.text
        return found


def noise_of(recipes: Sequence[Recipe], *, share: float, seed: int, language: str = "en") -> Noise:
    """The noise for training against recipes: their transformations, and typos that come without an adversary.

    Raises:
        UsageError: none of the recipes is made of transformations of the text.
    """
    from attacks.transformations import transformations

    own: dict[str, Transformation] = {}
    for recipe in recipes:
        for technique in techniques_of(recipe.attack):
            own.setdefault(repr(technique), technique)
    if not own:
        names = ", ".join(recipe.name for recipe in recipes)
        raise UsageError(f"{names} change no words or letters of a text, so nothing can be trained on; name a recipe that does")
    known = [one for one in transformations() if one.name in NATURAL]
    natural = [one for one in known if "*" in one.languages or language in one.languages]
    return Noise(tuple(own.values()), tuple(natural), share, seed)


def techniques_of(part: Any, deep: int = _DEEP) -> Iterator[Transformation]:
    """The transformations that an attack is made of, however deep it holds them."""
    if isinstance(part, Transformation):
        yield part
    elif deep and isinstance(part, (tuple, list)):
        for one in part:
            yield from techniques_of(one, deep - 1)
    elif deep and is_dataclass(part):
        for field in fields(part):
            yield from techniques_of(getattr(part, field.name), deep - 1)
    elif deep and type(part).__module__.startswith("attacks."):
        for value in vars(part).values() if hasattr(part, "__dict__") else ():
            yield from techniques_of(value, deep - 1)
