"""Every part that a composition may name. A new search is one entry of ``SEARCHES``; the other parts come from their catalogues.

What a part can be told is read from its constructor: numbers, texts, yes or no. What it draws on (lexicon, vectors, tagger,
language) comes from the run's options and cannot be told.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from attacks.constraints import constraints
from attacks.constraints.base import Constraint
from attacks.constraints.stopwords import LISTS
from attacks.recipes.assemble import LAYOUTS, lexicon, neighbours
from attacks.recipes.composing.parts import Parameter, Part
from attacks.recipes.registry import Options
from attacks.search import Citation
from attacks.strategies.evolution import Evolution
from attacks.strategies.exhaustive import Exhaustive
from attacks.strategies.flipping import FlipBeam
from attacks.strategies.greedy import Greedy
from attacks.strategies.infilling import TECHNIQUE, Infilling
from attacks.strategies.learning.stacking import Stacking
from attacks.strategies.ranking import ByDeletion, ByGradient, ByMask, BySaliency, InOrder, Shuffled, Thrifty
from attacks.strategies.rewriting import Rewriting
from attacks.strategies.sampling import Ladder
from attacks.strategies.stochastic.annealing import Annealing
from attacks.transformations import transformations
from attacks.transformations.base import Paraphrase, PositionEdit, Transformation, WordSwap
from attacks.transformations.words.noise import NEGATIONS

KINDS = ("search", "transformation", "ranking", "constraint")
_TYPES = {
    "int": "whole",
    "int | None": "whole",
    "float": "number",
    "bool": "yes-no",
    "str": "text",
    "tuple[int, ...]": "wholes",
    "Sequence[str]": "texts",
    "tuple[Constraint, ...]": "constraints",
    "Ranking": "ranking",
    "Transformation": "transformation",
    **{f"tuple[{kind}, ...]": "transformations" for kind in ("WordSwap", "PositionEdit", "Paraphrase")},
}
"""Kinds of parameters by the annotation of a constructor; an argument with any other annotation cannot be told."""
_NOT_TOLD = ("tagger", "language", "alphabet", "characters", "url", "extra")
"""Arguments that come from the run's options, or that hold texts which a name had better not be made of."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One part that can be named: what it can be told, and how it is made.

    ``over``: of a search, the protocol of the transformations that it takes. ``access`` and ``needs``: of a search or ranking,
    what it asks for besides scores. ``technique``: of a search without transformations, what it does. ``learns``: whether a
    search learns from the other trials of a run.
    """

    kind: str
    name: str
    summary: str
    make: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    over: type | None = None
    access: str = "scores"
    needs: tuple[str, ...] = ()
    technique: str = ""
    learns: bool = False
    citation: Citation | None = None

    @property
    def lead(self) -> str:
        """The parameter whose name may be left out: the first, where its value tells by itself what it is about."""
        first = self.parameters[0] if self.parameters else None
        return "" if first is None or first.kind in ("yes-no", "text") else first.name

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name."""
        return next((one for one in self.parameters if one.name == name), None)

    def keyword(self, parameter: str) -> str:
        """The constructor's own word for a parameter: each strategy has another one for what it changes texts with."""
        if parameter != "transformations":
            return parameter.replace("-", "_")
        given = inspect.signature(self.make).parameters.values()
        return next(one.name for one in given if _TYPES.get(str(one.annotation), "").startswith("transformation"))


def _parameters(make: Callable[..., Any], default: Mapping[str, object]) -> tuple[Parameter, ...]:
    found = []
    for one in inspect.signature(make).parameters.values():
        kind = _TYPES.get(str(one.annotation))
        if kind is None or one.name in _NOT_TOLD:
            continue
        value = default.get(one.name, None if one.default is inspect.Parameter.empty else one.default)
        if kind == "number" and isinstance(value, int):
            value = float(value)
        required = value is None and one.default is inspect.Parameter.empty
        name = one.name if not kind.startswith("transformation") else "transformations"
        found.append(Parameter(name.replace("_", "-"), kind, tuple(value) if isinstance(value, list) else value, required))
    return tuple(sorted(found, key=lambda p: (not p.required, p.kind == "constraints")))


def _search(
    name: str,
    make: Callable[..., Any],
    over: type | None,
    summary: str,
    paper: str,
    *,
    ranking: str = "deletion",
    access: str = "scores",
    needs: tuple[str, ...] = (),
    technique: str = "",
    learns: bool = False,
) -> Entry:
    found = _parameters(make, {"ranking": Part("ranking", ranking), "constraints": ()})
    extra = () if access == "blind" else (Parameter("profile", "text"), Parameter("limit", "whole"))
    return Entry("search", name, summary, make, (*found, *extra), over, access, needs, technique, learns, Citation(paper))


SEARCHES: tuple[Entry, ...] = (
    _search(
        "greedy", Greedy, WordSwap, "word by word down a ranking, each to its best replacement", "Jin et al. 2020, section 3.1"
    ),
    _search(
        "exhaustive", Exhaustive, WordSwap, "every replacement of every word, in rounds", "Pruthi et al. 2019", ranking="in-order"
    ),
    _search(
        "flip-beam",
        FlipBeam,
        WordSwap,
        "beam of the flips with the highest gain by gradient",
        "Ebrahimi et al. 2018",
        access="gradients",
    ),
    _search("evolution", Evolution, PositionEdit, "differential evolution over the places of a few edits", "Boucher et al. 2022"),
    _search(
        "annealing",
        Annealing,
        WordSwap,
        "simulated annealing: one random change a query, worse ones kept now and then",
        "Kirkpatrick et al. 1983",
    ),
    _search("rewriting", Rewriting, Paraphrase, "beam over rewrites of the whole text", "Ribeiro et al. 2018"),
    _search(
        "infilling",
        Infilling,
        None,
        "greedy, words as a masked model reads them",
        "Garg and Ramakrishnan 2020",
        needs=("masked-lm",),
        technique=TECHNIQUE,
    ),
    _search("stacking", Stacking, WordSwap, "one more change at a time, by Thompson sampling", "Lee et al. 2022", learns=True),
    _search("noise", Ladder, Transformation, "no search: one sampled text a severity", "Belinkov and Bisk 2018", access="blind"),
)
"""Every search that a composition may begin with, an entry each: name, strategy, what it works with, and who published it."""

_RANKINGS: tuple[tuple[str, Callable[..., Any], str, str], ...] = (
    ("in-order", InOrder, "as the words stand", "scores"),
    ("shuffled", Shuffled, "at random", "scores"),
    ("deletion", ByDeletion, "by leaving each word out", "scores"),
    ("mask", ByMask, "by masking each word", "scores"),
    ("saliency", BySaliency, "by saliency times best change", "scores"),
    ("gradient", ByGradient, "by the norm of the loss gradient", "gradients"),
    ("thrifty", Thrifty, "another ranking, at random with a small budget", "scores"),
)

ALIASES = {
    "transformation": {
        "synonyms": "synonym", "keyboard": "keyboard-typo", "typos": "keyboard-typo", "neighbours": "embedding-neighbour",
        "embedding": "embedding-neighbour", "homoglyphs": "homoglyph", "invisible": "invisible-character", "leet": "leetspeak",
        "ocr": "ocr-confusion", "misspellings": "common-misspelling", "homophones": "homophone", "swap": "character-swap",
        "drop": "character-drop", "insert": "character-insert", "substitute": "character-substitute", "space": "space-insert",
        "case": "case-noise", "punctuation": "punctuation-noise", "whitespace": "whitespace-noise", "bidi": "bidi-reorder",
        "deletion": "deletion-character", "paraphrase": "rule-paraphrase", "contractions": "contraction",
    },
    "constraint": {
        "max-words": "max-words-changed", "edit-distance": "max-edit-distance", "similarity": "sentence-similarity",
        "word-cosine": "min-word-cosine", "min-length": "min-word-length", "pos": "part-of-speech", "stopwords": "stop-words",
        "antonyms": "not-antonym", "sense": "sense-in-context",
    },
    "ranking": {"random": "shuffled", "importance": "deletion", "gradients": "gradient"},
    "search": {"hotflip": "flip-beam", "natural": "noise", "differential-evolution": "evolution"},
}  # fmt: skip
"""Short names, by kind; the canonical form has the full ones."""


@cache
def entries(kind: str) -> Mapping[str, Entry]:
    """Every part of a kind of ``KINDS`` by its full name."""
    return {entry.name: entry for entry in _MADE[kind]()}


def _transformations() -> Sequence[Entry]:
    return [
        Entry("transformation", one.name, one.description, type(one), _parameters(type(one), {})) for one in transformations()
    ]


def _rankings() -> Sequence[Entry]:
    default = {"ranking": Part("ranking", "deletion")}
    return [
        Entry("ranking", name, summary, make, _parameters(make, default), access=access)
        for name, make, summary, access in _RANKINGS
    ]


def _constraints() -> Sequence[Entry]:
    return [Entry("constraint", one.name, _rule(one), type(one), _parameters(type(one), {})) for one in constraints()]


def _rule(one: Constraint) -> str:
    return one.describe()


_MADE: Mapping[str, Callable[[], Sequence[Entry]]] = {
    "search": lambda: SEARCHES,
    "transformation": _transformations,
    "ranking": _rankings,
    "constraint": _constraints,
}


def drawn_on(entry: Entry, options: Options) -> dict[str, object]:
    """What a transformation or constraint draws on, from the run's options."""
    names = inspect.signature(entry.make).parameters
    found: dict[str, object] = {}
    if "lexicon" in names:
        found["lexicon"] = lexicon(options)
    if "neighbours" in names:
        found["neighbours"] = neighbours(options)
    if "languages" in names:
        resources = options.resources
        found["languages"] = options.brought(resources.lexicon if "lexicon" in names else resources.neighbours)
    if "tagger" in names:
        found["tagger"] = options.tagger
    if "layout" in names:
        found["layout"] = LAYOUTS.get(options.language, "qwerty")
    if "language" in names and options.language in (LISTS if entry.kind == "constraint" else NEGATIONS):
        found["language"] = options.language
    return found
