"""Search over rewrites of the whole text: by rules, over a parser's tree, by a model, and by one applied to another's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attacks.constraints.base import Constraint, admissible
from attacks.search import Candidate, Search, Trial
from attacks.strategies.paraphrasing.sources import MODEL as MODEL
from attacks.strategies.paraphrasing.sources import Rules, Source, composed, in_turn, names, ranked
from attacks.transformations.base import Paraphrase
from attacks.words import Words


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A beam over compositions of rewrites: each round rewrites the ``width`` best texts so far once more.

    ``sources`` make rewrites besides the ``rules``, and may ask helpers. A text carries each technique of the rules once, and one
    of each ``exclusive`` set. Constraints compare with the original, not with the text before. Among several successes the most
    similar to the original wins.

    ``slack``: where a language model ranks rewrites, how much less natural than the original one may be, in mean log-probability
    of a token; None to do without one. ``most``: rewrites attempted in a round, of each technique in turn; None for all.
    """

    rules: tuple[Paraphrase, ...]
    constraints: tuple[Constraint, ...] = ()
    sources: tuple[Source, ...] = ()
    depth: int = 3
    width: int = 4
    exclusive: tuple[frozenset[str], ...] = ()
    slack: float | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        if not self.rules and not self.sources:
            raise ValueError("a search over rewrites needs rules or sources of rewrites; got neither")
        if self.depth < 1 or self.width < 1:
            raise ValueError(f"depth and width must be at least 1, got {self.depth} and {self.width}")

    def search(self, trial: Trial) -> Search[None]:
        """Rewrite, keep the best, rewrite those."""
        origin, seed = Words(trial.text), trial.rng.getrandbits(64)
        beam, seen = [Candidate(trial.text)], {trial.text: Candidate(trial.text)}
        for _ in range(self.depth):
            made = yield from self._expand(beam, seed)
            kept = yield from admissible(self.constraints, trial, origin, _fresh(made, seen))
            if self.slack is not None:
                kept = yield from ranked(kept, trial, self.slack)
            kept = in_turn(kept, self.most) if self.most is not None else kept
            verdicts = yield from trial.attempt(kept, prefer="similarity")
            if trial.won or not kept:
                return
            order = sorted(range(len(kept)), key=lambda i: (-verdicts[i].score, i))
            beam = [kept[i] for i in order[: self.width]]

    def _expand(self, beam: Sequence[Candidate], seed: int) -> Search[list[Candidate]]:
        """What every source makes of every text of the beam: text by text from the rules, then source by source."""
        texts = [parent.text for parent in beam]
        offers = []
        for number, rule in enumerate(self.rules):
            offers.append((yield from Rules(rule, number).offers(texts, seed)))
        made = [new for place, parent in enumerate(beam) for some in offers for new in self._joined(parent, some[place])]
        for source in self.sources:
            found = yield from source.offers(texts, seed)
            made += [new for parent, some in zip(beam, found, strict=True) for new in self._joined(parent, some)]
        return made

    def _joined(self, parent: Candidate, offered: Sequence[Candidate]) -> Iterator[Candidate]:
        """Those whose techniques may follow the ones that made the text, as rewrites of the original."""
        before = set(names(parent))
        for new in offered:
            after = set(names(new))
            again = before & after - {MODEL}
            if not again and not any(before & group and after & group for group in self.exclusive):
                yield composed(parent, new)


def _fresh(made: Sequence[Candidate], seen: dict[str, Candidate]) -> list[Candidate]:
    """Those whose text was not seen before, each once; ``seen`` learns them."""
    known = len(seen)
    for candidate in made:
        seen.setdefault(candidate.text, candidate)
    return list(seen.values())[known:]
