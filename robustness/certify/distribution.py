"""A declared distribution of rewrites that should change nothing: what is sampled from it, a certificate speaks of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from random import Random
from typing import TYPE_CHECKING, Any

from attacks.words import diff, moved
from robustness.certify import formats
from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.recipes import Options
    from attacks.search import Input, Mark
    from attacks.transformations.base import Transformation
    from attacks.transformations.paraphrase.paraphrase import RuleParaphrase

NATURAL, FORMAT, PARAPHRASE = "natural", "format", "paraphrase"
KINDS = (NATURAL, FORMAT, PARAPHRASE)
DEFAULT = "natural@2,format,paraphrase"
SEVERITY = 2
MOST_PARAPHRASES = 40
MARK_TRIES = 20
"""Draws for one sample until one leaves the spans alone that what is right speaks of."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of rewrite with its share of the samples. ``severity``: from 1 to 5, of noise; 0 for other kinds."""

    kind: str
    severity: int
    weight: float

    @property
    def name(self) -> str:
        """Such as ``natural@2``."""
        return f"{self.kind}@{self.severity}" if self.severity else self.kind


def parse_rewrites(spec: str) -> tuple[Part, ...]:
    """The parts of ``natural@2:0.5,format:0.3,paraphrase:0.2``; weights are shares of their sum, 1 each where none is given.

    A kind is ``natural`` (all noise that fits the data), the name of one technique of noise, ``format`` or ``paraphrase``.

    Raises:
        UsageError: an unknown kind, a severity or a weight that cannot be, a part named twice.
    """
    parts = [_part(text.strip(), spec) for text in spec.split(",")]
    names = [part.name for part in parts]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"--rewrites names {twice[0]} twice; name each once")
    total = sum(part.weight for part in parts)
    return tuple(Part(part.kind, part.severity, part.weight / total) for part in parts)


def _part(text: str, spec: str) -> Part:
    from attacks.recipes.natural import REWORDING, TECHNIQUES

    named, colon, weight = text.partition(":")
    kind, at, severity = named.partition("@")
    known = [*KINDS, *sorted(set(TECHNIQUES) - set(REWORDING))]
    if kind not in known:
        near = get_close_matches(kind, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it may name natural, format, paraphrase or one of {', '.join(known[3:])}"
        raise UsageError(f"--rewrites has no kind {kind!r} in {spec!r}; {hint}")
    noisy = kind not in (FORMAT, PARAPHRASE)
    if at and not noisy:
        raise UsageError(f"--rewrites: {kind} has no severity, got {named!r}")
    if at and severity not in ("1", "2", "3", "4", "5"):
        raise UsageError(f"--rewrites expects a severity from 1 to 5, such as {kind}@2, got {named!r}")
    return Part(kind, int(severity or SEVERITY) if noisy else 0, _weight(weight, text) if colon else 1.0)


def _weight(weight: str, text: str) -> float:
    try:
        value = float(weight)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"--rewrites expects a positive weight after the colon, such as natural@2:0.5, got {text!r}")
    return value


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One sample: the attacked field's text, and what made it (``natural@2:keyboard-typo``); "" where nothing changed it."""

    text: str
    technique: str


class Rewrites:
    """The distribution, bound to a kind of data: which techniques fit is decided once, for all of its texts.

    Raises:
        UsageError: a part that fits these data not at all.
    """

    def __init__(self, parts: Sequence[Part], options: Options) -> None:
        self.parts = tuple(parts)
        self._noise: dict[str, list[Transformation]] = {
            part.kind: _techniques(part.kind, options) for part in parts if part.kind not in (FORMAT, PARAPHRASE)
        }
        self._rules = _rules(options) if any(part.kind == PARAPHRASE for part in parts) else None
        if any(part.kind == FORMAT for part in parts) and "wording" in options.preserve:
            self._refuse_format()

    @staticmethod
    def _refuse_format() -> None:
        raise UsageError("--rewrites: format may put a text under a label, and --preserve wording forbids added words")

    def record(self) -> dict[str, Any]:
        """What two certificates must share to speak of the same rewrites."""
        found: dict[str, Any] = {"parts": {part.name: round(part.weight, 9) for part in self.parts}}
        noise = {kind: sorted(technique.name for technique in known) for kind, known in self._noise.items()}
        if noise:
            found["techniques"] = noise
        if any(part.kind == FORMAT for part in self.parts):
            found["format"] = formats.record()
        if self._rules is not None:
            found["rules"] = repr(self._rules)
        return found

    def sample(self, inputs: Input, field: int, marks: Sequence[Mark], rng: Random) -> Rewrite:
        """One independent draw; the spans of ``marks`` in the field are left as they are, by drawing again where they are not.

        The original itself is a possible draw, where what was drawn finds nothing to change: the statement is about texts as the
        distribution makes them.
        """
        text = inputs[field]
        spans = [(mark.start, mark.end) for mark in marks if mark.field == field]
        for _ in range(MARK_TRIES):
            found = self._draw(text, rng)
            if not spans or _kept(text, found.text, spans):
                return found
        return Rewrite(text, "")

    def _draw(self, text: str, rng: Random) -> Rewrite:
        (part,) = rng.choices(self.parts, [part.weight for part in self.parts])
        if part.kind == FORMAT:
            new, technique = formats.formatted(text, rng)
            return Rewrite(new, f"{FORMAT}:{technique}" if technique else "")
        if part.kind == PARAPHRASE:
            assert self._rules is not None
            found = self._rules.sample(text, rng.randint(1, self._rules.depth), rng)
            return Rewrite(text, "") if found is None else Rewrite(found.text, f"{PARAPHRASE}:{found.technique}")
        techniques = list(self._noise[part.kind])
        rng.shuffle(techniques)
        for noise in techniques:
            candidate = noise.sample(text, part.severity, rng)
            if candidate is not None and candidate.text != text:
                return Rewrite(candidate.text, f"{part.name}:{noise.name}")
        return Rewrite(text, "")


def _techniques(kind: str, options: Options) -> list[Transformation]:
    from attacks import recipes as registry
    from attacks.strategies.sampling import Ladder

    try:
        chosen = registry.resolve(NATURAL if kind == NATURAL else f"natural:{kind}", options)
    except ValueError as error:
        raise UsageError(f"--rewrites: {error}") from error
    return [recipe.attack.transformation for recipe in chosen if isinstance(recipe.attack, Ladder)]


def _rules(options: Options) -> RuleParaphrase:
    from attacks.transformations.paraphrase.paraphrase import RuleParaphrase

    made = RuleParaphrase(tagger=options.tagger)
    if options.language not in made.languages:
        raise UsageError(
            f"--rewrites: the rules of paraphrase are for English texts, and these are {options.language!r}; leave it out"
        )
    fit, _ = made.fitting(options.preserve)
    if fit is None:
        raise UsageError(f"--rewrites: no rule of paraphrase preserves {' and '.join(options.preserve)}; leave it out")
    return fit


def _kept(before: str, after: str, spans: Sequence[tuple[int, int]]) -> bool:
    edits = diff(before, after, "")
    places = [moved(edits, start, end) for start, end in spans]
    return all(
        at is not None and after[at[0] : at[1]] == before[start:end] for at, (start, end) in zip(places, spans, strict=True)
    )
