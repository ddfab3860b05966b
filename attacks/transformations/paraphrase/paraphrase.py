"""Paraphrases by rule: whole-text rewrites that leave the meaning as it is, alone and composed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from random import Random

from attacks.preserves import FORM, MEANING, in_common, missing
from attacks.search import Candidate, Citation
from attacks.transformations.base import SEVERITIES
from attacks.transformations.paraphrase.clauses import turn_clauses, turn_owner
from attacks.transformations.paraphrase.contractions import Contraction, Expansion
from attacks.transformations.paraphrase.figures import count_in_figures, reorder_dates, write_numbers
from attacks.transformations.paraphrase.spellings import rephrase, respell

MOST_COMPOSED = 10_000
"""Characters of the longest text that is rewritten by several rules at once."""
_NO_CHANCE = Random(0)
"""Given to techniques that take a generator and, for whole-text variants, draw nothing from it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A named way to rewrite a text; ``rewrites`` yields the results, the broadest first. ``preserves``: what it leaves."""

    name: str
    rewrites: Callable[[str], Iterable[str]]
    preserves: tuple[str, ...] = MEANING


def _contract(text: str, tagger: str) -> Iterator[str]:
    return (candidate.text for candidate in Contraction(tagger).variants(text, _NO_CHANCE))


def _expand(text: str, tagger: str) -> Iterator[str]:
    return (candidate.text for candidate in Expansion(tagger).variants(text, _NO_CHANCE))


@cache
def rules_by(tagger: str) -> tuple[Rule, ...]:
    """Every rule, those that need parts of speech with this tagger (see ``attacks.tagging``)."""
    return (
        Rule("contraction", partial(_contract, tagger=tagger), FORM),
        Rule("expansion", partial(_expand, tagger=tagger), FORM),
        Rule("clause-order", turn_clauses),
        Rule("owner-order", turn_owner),
        Rule("phrase", rephrase),
        Rule("spelling", respell, FORM),
        Rule("number-in-words", write_numbers),
        Rule("number-in-figures", count_in_figures),
        Rule("date-form", reorder_dates),
    )


RULES: tuple[Rule, ...] = rules_by("auto")


class RuleParaphrase:
    """Rewrites a text by rule; each candidate's technique names the rules that made it, joined by ``+``.

    ``depth`` rules at most are applied one after the other, ``limit`` rewrites at most are offered: every rule alone
    first, then compositions drawn at random.
    """

    name = "rule-paraphrase"
    level = "sentence"
    languages = ("en",)
    description = "Sentences are rewritten by rule: clause order, phrases, contractions, spelling, numbers, dates."
    citation = Citation(
        "Ribeiro et al. 2018, Semantically Equivalent Adversarial Rules for Debugging NLP Models",
        "https://aclanthology.org/P18-1079",
    )

    def __init__(
        self, depth: int = 2, limit: int = 60, each: int = 10, rules: Sequence[Rule] = RULES, tagger: str = "auto"
    ) -> None:
        if min(depth, limit, each) < 1:
            raise ValueError(f"depth, limit and each must be at least 1, got {depth}, {limit} and {each}")
        if not rules:
            raise ValueError("a paraphrase needs at least one rule, got none")
        self.depth, self.limit, self.each = depth, limit, each
        self.tagger = tagger
        self._rules = rules_by(tagger) if rules is RULES else tuple(rules)
        self.preserves = in_common(rule.preserves for rule in self._rules)

    def __repr__(self) -> str:
        rules = "" if self._rules == rules_by(self.tagger) else f", rules={[rule.name for rule in self._rules]}"
        return f"RuleParaphrase(depth={self.depth}, limit={self.limit}, each={self.each}{rules})"

    def fitting(self, needed: Sequence[str]) -> tuple[RuleParaphrase | None, tuple[str, ...]]:
        """This paraphrase with the rules that preserve what is needed, None where none does; and the names of the others."""
        fit = [rule for rule in self._rules if not missing(rule.preserves, needed)]
        left_out = tuple(rule.name for rule in self._rules if rule not in fit)
        if not left_out:
            return self, ()
        return (RuleParaphrase(self.depth, self.limit, self.each, fit, self.tagger) if fit else None), left_out

    def variants(self, text: str, rng: Random) -> Sequence[Candidate]:
        """Distinct rewrites of the text, never the text itself."""
        alone = [(rule, made) for rule in self._rules if (made := self._apply(rule, text))]
        found: dict[str, tuple[Rule, ...]] = {}
        for rule, made in alone:
            for new in made:
                found.setdefault(new, (rule,))
        draws = self.limit - len(found) if alone and self.depth > 1 and len(text) <= MOST_COMPOSED else 0
        for _ in range(draws):
            rule, made = rng.choice(alone)
            found.setdefault(*self._composed(rng.choice(made), (rule,), rng))
        found.pop(text, None)
        return [Candidate(new, _technique(by)) for new, by in islice(found.items(), self.limit)]

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """As many rules as the severity says, each where it can be applied, one after the other."""
        if severity not in SEVERITIES:
            raise ValueError(f"severity must be one of {SEVERITIES}, got {severity!r}")
        now = text
        used: tuple[Rule, ...] = ()
        while len(used) < severity and (step := self._step(now, used, rng)) is not None:
            now, used = step
        return Candidate(now, _technique(used), severity=severity) if now != text else None

    def _composed(self, text: str, used: tuple[Rule, ...], rng: Random) -> tuple[str, tuple[Rule, ...]]:
        for _ in range(rng.randint(1, self.depth - 1)):
            step = self._step(text, used, rng)
            if step is None:
                break
            text, used = step
        return text, used

    def _step(self, text: str, used: tuple[Rule, ...], rng: Random) -> tuple[str, tuple[Rule, ...]] | None:
        """One more rule, drawn among those still open that find something to do."""
        closed = _closed(used)
        free = [rule for rule in self._rules if rule.name not in closed]
        rng.shuffle(free)
        for rule in free:
            options = self._apply(rule, text)
            if options:
                return rng.choice(options), (*used, rule)
        return None

    def _apply(self, rule: Rule, text: str) -> list[str]:
        return list(islice(dict.fromkeys(new for new in rule.rewrites(text) if new != text), self.each))


EXCLUSIVE = (
    frozenset({"contraction", "expansion"}),
    frozenset({"number-in-words", "number-in-figures"}),
    frozenset({"frame", "no-frame"}),
    frozenset({"opener", "no-opener", "hedge", "no-hedge"}),
)
"""Rules that undo or double each other: of each set, one is used on a text."""


def _closed(used: Sequence[Rule]) -> set[str]:
    """Names of the rules that may not follow those used."""
    names = {rule.name for rule in used}
    return names.union(*(group for group in EXCLUSIVE if group & names))


def _technique(rules: Sequence[Rule]) -> str:
    return "+".join(rule.name for rule in rules)
