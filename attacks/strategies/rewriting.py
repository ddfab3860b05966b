"""Search over rewrites of the whole text: by rules, by a paraphrasing model, and by one applied to the other's results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from attacks.constraints.base import Constraint, admissible
from attacks.search import Candidate, Search, Trial, rewrite
from attacks.transformations.base import Paraphrase
from attacks.words import Words

MODEL = "model-paraphrase"


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A beam over compositions of rewrites: each round rewrites the ``width`` best texts so far once more.

    ``asked`` is how many rewrites of each text the paraphrasing model is asked for, 0 to do without it. A text carries each
    technique of the rules once, and one of each ``exclusive`` set. Constraints compare with the original, not with the text
    before. Among several successes the most similar to the original wins.
    """

    rules: tuple[Paraphrase, ...]
    constraints: tuple[Constraint, ...] = ()
    asked: int = 0
    depth: int = 3
    width: int = 4
    exclusive: tuple[frozenset[str], ...] = ()

    def __post_init__(self) -> None:
        if not self.rules and self.asked < 1:
            raise ValueError("a search over rewrites needs rules, or asked >= 1 for a paraphrasing model; got neither")
        if self.depth < 1 or self.width < 1:
            raise ValueError(f"depth and width must be at least 1, got {self.depth} and {self.width}")

    def search(self, trial: Trial) -> Search[None]:
        """Rewrite, keep the best, rewrite those."""
        origin, seed = Words(trial.text), trial.rng.getrandbits(64)
        beam, seen = [Candidate(trial.text)], {trial.text: Candidate(trial.text)}
        for _ in range(self.depth):
            made = yield from self._expand(beam, seed)
            kept = yield from admissible(self.constraints, trial, origin, _fresh(made, seen))
            verdicts = yield from trial.attempt(kept, prefer="similarity")
            if trial.won or not kept:
                return
            order = sorted(range(len(kept)), key=lambda i: (-verdicts[i].score, i))
            beam = [kept[i] for i in order[: self.width]]

    def _expand(self, beam: Sequence[Candidate], seed: int) -> Search[list[Candidate]]:
        made = []
        for parent in beam:
            for number, rule in enumerate(self.rules):
                variants = rule.variants(parent.text, Random(f"{seed}/{number}"))
                made += [_compose(parent, new) for new in variants if self._joins(parent, new)]
        if self.asked:
            answers = yield from rewrite([parent.text for parent in beam], self.asked)
            made += [_compose(p, Candidate(text, MODEL)) for p, texts in zip(beam, answers, strict=True) for text in texts]
        return made

    def _joins(self, parent: Candidate, new: Candidate) -> bool:
        """Whether the techniques of a rewrite may follow those that made the text."""
        before, after = set(_names(parent)), set(_names(new))
        return before.isdisjoint(after) and not any(before & group and after & group for group in self.exclusive)


def _fresh(made: Sequence[Candidate], seen: dict[str, Candidate]) -> list[Candidate]:
    """Those whose text was not seen before, each once; ``seen`` learns them."""
    known = len(seen)
    for candidate in made:
        seen.setdefault(candidate.text, candidate)
    return list(seen.values())[known:]


def _compose(parent: Candidate, new: Candidate) -> Candidate:
    """The rewrite of a rewrite; its edits are told from the original by alignment, its techniques add up."""
    if not parent.technique:
        return new
    return Candidate(new.text, "+".join(dict.fromkeys([*_names(parent), *_names(new)])))


def _names(candidate: Candidate) -> list[str]:
    return candidate.technique.split("+") if candidate.technique else []
