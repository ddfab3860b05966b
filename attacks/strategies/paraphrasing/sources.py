"""Where rewrites of a whole text come from: rules over words, rules over a parser's tree, and a paraphrasing model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from attacks.search import Candidate, Search, Trial, fluency, parse, rewrite
from attacks.strategies.paraphrasing.screening import screened
from attacks.syntax.rewrites import confirmed, drafts, recovered
from attacks.syntax.style import prepare, restyled
from attacks.syntax.tree import Tree
from attacks.transformations.base import Paraphrase

MODEL = "model-paraphrase"
MOST_DRAFTS = 48
"""Drafts of one text that are parsed again."""


class Source(Protocol):
    """Makes rewrites of texts; may ask helpers."""

    def offers(self, texts: Sequence[str], seed: int) -> Search[list[list[Candidate]]]:
        """Rewrites of each text, the likeliest first, the text itself never among them."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules over words alone."""

    rule: Paraphrase
    number: int = 0

    def offers(self, texts: Sequence[str], seed: int) -> Search[list[list[Candidate]]]:
        """What the rules make of each text."""
        yield from ()
        return [list(self.rule.variants(text, Random(f"{seed}/{self.number}"))) for text in texts]


@dataclass(frozen=True, slots=True)
class Syntax:
    """Rules over the parser's tree; of what they make, those stay in which the parser finds the same facts again."""

    most: int = MOST_DRAFTS

    def offers(self, texts: Sequence[str], seed: int) -> Search[list[list[Candidate]]]:
        """What the rules make of each text, as far as a second parse confirms it."""
        trees = yield from parse([prepare(text).text for text in texts])
        made = [drafts(text, tree)[: self.most] for text, tree in zip(texts, trees, strict=True)]
        wanted = list(dict.fromkeys(prepare(draft.text).text for some in made for draft in some))
        if not wanted:
            return [[] for _ in texts]
        again = dict(zip(wanted, (yield from parse(wanted)), strict=True))
        return [
            [Candidate(d.text, d.rule) for d in some if confirmed(tree, again[prepare(d.text).text], d.rule)]
            for some, tree in zip(made, trees, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Model:
    """A paraphrasing model, asked for ``asked`` rewrites of each text; what changes too much is dropped (``screening``).

    ``english``: whether the screen, whose words are English, is put before what the model returns.
    """

    asked: int
    english: bool = True

    def offers(self, texts: Sequence[str], seed: int) -> Search[list[list[Candidate]]]:
        """What the model makes of each text, in the text's own manner."""
        if not self.english:
            answers = yield from rewrite(texts, self.asked)
            return [[Candidate(new, MODEL) for new in some] for some in answers]
        answers = yield from rewrite([prepare(text).text for text in texts], self.asked)
        kept = [
            list(dict.fromkeys(restyled(new, text) for new in some if screened(prepare(text).text, new)))
            for text, some in zip(texts, answers, strict=True)
        ]
        wanted = list(dict.fromkeys(prepare(text).text for text in (*texts, *(new for some in kept for new in some))))
        trees = dict(zip(wanted, (yield from parse(wanted)), strict=True))
        return [
            [Candidate(new, MODEL) for new in some if new != text and recovered(_tree(trees, text), _tree(trees, new))]
            for text, some in zip(texts, kept, strict=True)
        ]


def _tree(trees: Mapping[str, Tree], text: str) -> Tree:
    return trees[prepare(text).text]


def ranked(candidates: Sequence[Candidate], trial: Trial, slack: float) -> Search[list[Candidate]]:
    """The candidates that a language model finds about as natural as the original, the most natural first."""
    if not candidates:
        return []
    scores = yield from fluency([prepare(text).text for text in (trial.text, *(c.text for c in candidates))])
    least = scores[0] - slack
    pairs = sorted(enumerate(scores[1:]), key=lambda pair: (-pair[1], pair[0]))
    trial.tally.rejected += sum(score < least for score in scores[1:])
    return [candidates[index] for index, score in pairs if score >= least]


def in_turn(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """The first of each technique, then the second of each and so on, up to ``most``: variety before more of the same."""
    ranks: dict[str, int] = {}
    keyed = []
    for place, candidate in enumerate(candidates):
        rank = ranks.get(candidate.technique, 0)
        ranks[candidate.technique] = rank + 1
        keyed.append(((rank, place), candidate))
    return [candidate for _, candidate in sorted(keyed, key=lambda pair: pair[0])][:most]


def composed(parent: Candidate, new: Candidate) -> Candidate:
    """The rewrite of a rewrite; its edits are told from the original by alignment, its techniques add up."""
    if not parent.technique:
        return new
    return replace(Candidate(new.text), technique="+".join(dict.fromkeys([*names(parent), *names(new)])))


def names(candidate: Candidate) -> list[str]:
    """The techniques that made a text."""
    return candidate.technique.split("+") if candidate.technique else []
