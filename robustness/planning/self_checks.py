"""Doubts about the evaluation itself: reasons why a good number may mean little. Each doubt is a flag in every report."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from attacks.search import Input, Recipe
from attacks.strategies.hard_label.flat import FLAT_SEARCH
from attacks.strategies.universal.triggers import JUDGED, SEARCH
from reports.files.public import counted, error_type
from reports.run import Outcome
from robustness.tasks.reading.check_answers import AnswerOddities

if TYPE_CHECKING:
    from robustness.engine.backends import VictimBackend

MUCH_REJECTED = 0.95
MUCH_UNKNOWN = 0.10
SOME_INDISTINGUISHABLE = 0.05
SOME_UNUSABLE = 0.05
SOME_UNTESTED = 0.05
MUCH_EXHAUSTED = 0.20
SOME_WITHOUT_CANDIDATES = 0.05
SOME_NO_OPS = 0.01
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Flag:
    """One doubt. ``severity``: ``warning`` or ``note``; ``value``: the measured share or count, where there is one.

    ``message`` is public. What may quote a text of the data, such as an exception of the victim, belongs in ``detail``.
    """

    code: str
    severity: str
    message: str
    value: float | None = None
    detail: str = ""

    def record(self) -> dict[str, Any]:
        """As it stands in ``run.json``."""
        return {key: value for key, value in asdict(self).items() if key != "detail" or value}


CODES: Mapping[str, str] = {
    "nondeterministic": "the victim answered the same text differently when asked again",
    "batch-order": "answers depend on the other texts in the batch: are they in the order of the inputs?",
    "truncation": "the victim truncates some examples, so edits past the cut cannot matter",
    "zero-candidates": "no candidate was found for some examples; they are untested",
    "untested": "some examples had no fair try: they do not count as survivals, and the verdict allows for either outcome",
    "indistinguishable": "the victim cannot tell some candidates from the original (unknown words, or edits past its cut)",
    "unusable": "to many texts the victim returned no answer that counts; they are neither tries nor breaks",
    "echo": "most answers hold the whole text that was asked: a victim that copies its input answers nothing",
    "refusing": "the victim refuses most clean texts: what always refuses looks steady, and safe",
    "unknown-words": "the victim's tokenizer does not know much of the data",
    "unconfirmed": "some successes of the search were not confirmed by fresh answers and count as failed",
    "constant": "the victim gives the same answer whatever it is asked",
    "ties": "several labels share the highest score, so their order decides the answer",
    "channel": "every text went through a channel before the victim read it",
    "one-label": "all examples have one label: a victim that always answers it looks perfect",
    "swapped-labels": "clean accuracy is below chance and another naming of the labels fits: they look swapped",
    "blind-beats-guided": "a recipe that never looks at the answers breaks more than one that does: something hinders the search",
    "rejected": "constraints refused nearly all candidates",
    "no-op": "some candidates were equal to the original",
    "exhausted": "many trials held only until the budget was spent; a larger budget may break them",
    "label-only": "the victim gives labels only; instead of climbing on scores, recipes stack random changes",
    "universal-trigger": "what one trigger for all examples of a class is worth is what it breaks of those it was not found on",
    "flat-scores": "in some trials no score moved, so that the search went on as for a victim that gives labels only",
    "rounded-scores": "scores are rounded or saturated, which hides progress from score-guided attacks",
    "not-probabilities": "score rows do not sum to one, or leave 0..1; they were used as they are",
    "near-chance": "clean accuracy is not shown to be better than always answering the most common label",
    "spent": "a cap on what may be spent ended the run",
    "errors": "some trials ended in an error and say nothing about robustness",
    "unreliable": "the victim failed on batches, yet answered each of their inputs when asked again",
    "dropped-rows": "rows of the data were dropped",
    "selected": "only examples that an earlier run broke were audited, so no rate estimates anything",
    "clusters": "many examples share long passages, or a column suggests that they belong together, and no --group was given",
    "language": "not every recipe knows the language of every text",
    "not-this-language": "the texts look English, but the language that was named rules out the attacks for English",
    "segmentation": "each character of scripts without spaces counts as a word, for want of a dictionary",
    "substitute": "something stands in for a resource that the published recipe names",
    "trained-on": "examples of these data were trained on, as they are or attacked: how the victim does on them is no evidence",
    "goal-fit": "examples that the goal cannot be asked of were left out",
    "left-out": "recipes or techniques were left out because they do not preserve what the labels of these data depend on",
    "unfit": "a recipe was named that does not preserve what the labels of these data depend on, so a break may not be genuine",
    "insertion-only": "some examples were broken only by added text, with their own text unchanged",
    "polarity": "some successes replace a word by one of opposite polarity, which the strict profile refuses",
    "universal": "one text is put to a whole panel of examples, whose accuracy is judged",
    "label-bias": "what a victim that is asked in words answers by itself",
    "no-encoder": "no sentence encoder: similarity of the failures is unknown",
}


def substitutes(recipes: Iterable[Recipe]) -> list[Flag]:
    """What the recipes use instead of what their publications name."""
    return [Flag("substitute", "note", f"{recipe.name}: {phrase}") for recipe in recipes for phrase in recipe.substitutes]


def unreliable(rescued: int) -> list[Flag]:
    """Inputs that failed once and were answered later, with nothing wrong with them."""
    message = f"{CODES['unreliable']}: {rescued} inputs; for a victim that takes one text at a time, pass --batch-tokens 1"
    return [Flag("unreliable", "warning", message, float(rescued))] if rescued else []


def truncation(backend: VictimBackend, inputs: Sequence[Input]) -> Flag | None:
    """How many examples the victim cuts off."""
    cut = sum(backend.truncated(inputs))
    if not cut:
        return None
    share = cut / len(inputs)
    most = backend.victim.info.max_tokens
    limit = f" at {most} tokens" if most else ""
    return Flag("truncation", "warning", f"{CODES['truncation']}: {cut} of {len(inputs)}{limit}", share)


def unknown_words(backend: VictimBackend, inputs: Sequence[Input]) -> Flag | None:
    """How much of the data the victim's tokenizer does not know."""
    rows = backend.unknown_tokens(inputs)
    unknown, tokens = sum(u for u, _ in rows), sum(t for _, t in rows)
    if not tokens or unknown / tokens <= MUCH_UNKNOWN:
        return None
    share = unknown / tokens
    return Flag("unknown-words", "warning", f"{CODES['unknown-words']}: {share:.1%} of its tokens are unknown", share)


def answers(access: str, oddities: AnswerOddities, live: AnswerOddities) -> list[Flag]:
    """Doubts about the kind of answers that came.

    ``oddities``: of the rows that the outcomes hold, for these do not depend on how often a run was interrupted. ``live``: of
    the rows as the victim gave them, since outcomes round to six decimals, and a confident victim's scores are then 0 or 1.
    """
    flags = []
    if access == "labels":
        flags.append(Flag("label-only", "warning", CODES["label-only"]))
    rows = max(1, oddities.rows)
    if oddities.rows and oddities.rounded / rows > 0.9 and live.rounded > 0.9 * live.rows:
        example = oddities.examples.get("rounded", "")
        flags.append(
            Flag("rounded-scores", "warning", f"{CODES['rounded-scores']}; for example {example}", oddities.rounded / rows)
        )
    odd = max(oddities.not_summing, oddities.out_of_range)
    if odd:
        example = oddities.examples.get("not_summing") or oddities.examples.get("out_of_range", "")
        flags.append(Flag("not-probabilities", "warning", f"{CODES['not-probabilities']}; for example {example}", odd / rows))
    return flags


@dataclass(slots=True)
class _Count:
    tried: int = 0
    without: int = 0
    exhausted: int = 0
    proposed: int = 0
    rejected: int = 0
    attempted: int = 0
    no_ops: int = 0
    untested: int = 0
    distinct: int = 0
    indistinguishable: int = 0
    unconfirmed: int = 0
    flat: int = 0
    unusable: Counter[str] = field(default_factory=Counter)


class OutcomeChecks:
    """Reads outcomes one by one, keeps counts only, and ends in flags. ``classes``: answers are labels of the victim's."""

    def __init__(self, *, classes: bool = True) -> None:
        self.oddities, self._classes = AnswerOddities(), classes
        self._by_recipe: dict[str, _Count] = {}
        self._errors: Counter[str] = Counter()
        self._types: Counter[str] = Counter()
        self._gold: Counter[str] = Counter()
        self._right = self._given_up = 0
        self._clean: set[str] = set()
        self._unanswered: dict[str, str] = {}
        self._triggers: dict[tuple[str, str], Counter[tuple[str, bool]]] = {}

    def read(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self._read_clean(outcome)
        if self._classes and outcome.best is not None and outcome.best.scores is not None:
            self.oddities.look(outcome.best.scores)
        count = self._by_recipe.setdefault(outcome.recipe, _Count())
        if outcome.status == "error" and error_type(outcome.error) == "SpentError":
            self._given_up += 1  # no error of the victim's
        elif outcome.status == "error":
            self._errors[(outcome.error or {}).get("message", "")[:120]] += 1
            self._types[error_type(outcome.error)] += 1
        elif outcome.status != "skipped":
            count.tried += 1
            count.without += outcome.attempted == 0
            count.exhausted += outcome.status == "exhausted"
            count.proposed += outcome.proposed
            count.rejected += outcome.rejected
            count.attempted += outcome.attempted
            count.no_ops += outcome.no_ops
            count.untested += outcome.status == "untested"
            count.distinct += outcome.distinct
            count.indistinguishable += outcome.indistinguishable
            count.unconfirmed += outcome.unconfirmed
            if "trigger" in outcome.details:
                told = self._triggers.setdefault((outcome.recipe, str(outcome.details["trigger"])), Counter())
                told[str(outcome.details["part"]), outcome.status == "succeeded"] += 1
            count.flat += outcome.details.get("search") == FLAT_SEARCH
            count.unusable.update(outcome.unusable)

    def _read_clean(self, outcome: Outcome) -> None:
        if outcome.no_answer:
            self._unanswered[outcome.example_id] = outcome.no_answer
        if outcome.clean is None or outcome.example_id in self._clean:
            return
        self._clean.add(outcome.example_id)
        if self._classes and outcome.clean.scores is not None:
            self.oddities.look(outcome.clean.scores)
        self._gold[outcome.reference] += 1
        self._right += outcome.clean.shown == outcome.reference

    def flags(self) -> list[Flag]:
        """Every doubt that the outcomes raise, the most common kinds by recipe."""
        flags = [flag for recipe, count in sorted(self._by_recipe.items()) for flag in _recipe_flags(recipe, count)]
        if self._given_up:
            said = f"{CODES['spent']}; {self._given_up} trials were under way"
            flags.append(Flag("spent", "note", said, float(self._given_up)))
        total = sum(self._errors.values())
        if total:
            worst = self._errors.most_common(1)[0]
            message, detail = f"{CODES['errors']}: {counted(self._types)}", f"{worst[1]} of them: {worst[0]}"
            flags.append(Flag("errors", "warning", message, float(total), detail))
        return flags + self._universal() + self._no_answer() + self._chance()

    def _universal(self) -> list[Flag]:
        """What each trigger broke, of the examples that it was found on and of the others."""
        flags = []
        for (recipe, trigger), told in sorted(self._triggers.items()):
            (won, n), (own, m) = ((told[part, True], told[part, True] + told[part, False]) for part in (JUDGED, SEARCH))
            said = f"{recipe}: {CODES['universal-trigger']}: {won} of {n}, and {own} of {m} that it was found on"
            flags.append(Flag("universal-trigger", "note", said, won / n if n else None, repr(trigger)))
        return flags

    def _no_answer(self) -> list[Flag]:
        """Clean texts without an answer; of the answers that are measured, few may then be left."""
        n = len(self._unanswered) + len(self._clean)
        if not self._unanswered or len(self._unanswered) / n <= SOME_UNUSABLE:
            return []
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(self._unanswered.values()).most_common())
        message = f"{CODES['unusable']}: of {n} clean texts, {kinds}"
        return [Flag("unusable", "warning", message, len(self._unanswered) / n)]

    def _chance(self) -> list[Flag]:
        n = sum(self._gold.values())
        if not n or not self._classes:
            return []
        majority = max(self._gold.values()) / n
        accuracy = self._right / n
        margin = Z95 * math.sqrt(max(majority * (1 - majority), 0.25 / n) / n)
        if accuracy > majority + margin or (len(self._gold) == 1 and accuracy > 0.5):
            return []
        message = f"{CODES['near-chance']}: {accuracy:.1%} against {majority:.1%} on {n} examples"
        return [Flag("near-chance", "warning", message, accuracy)]


def _recipe_flags(recipe: str, count: _Count) -> Iterable[Flag]:
    if count.tried and count.without / count.tried > SOME_WITHOUT_CANDIDATES:
        share = count.without / count.tried
        yield Flag(
            "zero-candidates", "warning", f"{recipe}: {CODES['zero-candidates']} ({count.without} of {count.tried})", share
        )
    if count.proposed and count.rejected / count.proposed > MUCH_REJECTED:
        share = count.rejected / count.proposed
        yield Flag("rejected", "warning", f"{recipe}: {CODES['rejected']} ({share:.1%} of {count.proposed})", share)
    if count.attempted and count.no_ops / count.attempted > SOME_NO_OPS:
        share = count.no_ops / count.attempted
        yield Flag("no-op", "warning", f"{recipe}: {CODES['no-op']} ({count.no_ops} of {count.attempted})", share)
    if count.tried and count.exhausted / count.tried > MUCH_EXHAUSTED:
        share = count.exhausted / count.tried
        yield Flag("exhausted", "warning", f"{recipe}: {CODES['exhausted']} ({count.exhausted} of {count.tried})", share)
    if count.tried and count.untested / count.tried > SOME_UNTESTED:
        share = count.untested / count.tried
        yield Flag("untested", "warning", f"{recipe}: {CODES['untested']} ({count.untested} of {count.tried})", share)
    lost = count.unusable.total()
    if lost and lost / (lost + count.distinct + count.indistinguishable) > SOME_UNUSABLE:
        share = lost / (lost + count.distinct + count.indistinguishable)
        kinds = ", ".join(f"{n} {kind}" for kind, n in count.unusable.most_common())
        yield Flag("unusable", "warning", f"{recipe}: {CODES['unusable']} ({kinds})", share)
    asked = count.distinct + count.indistinguishable
    if asked and count.indistinguishable / asked > SOME_INDISTINGUISHABLE:
        share = count.indistinguishable / asked
        said = f"{recipe}: {CODES['indistinguishable']} ({count.indistinguishable} of {asked})"
        yield Flag("indistinguishable", "warning", said, share)
    if count.flat:
        said = f"{recipe}: {CODES['flat-scores']} ({count.flat} of {count.tried})"
        yield Flag("flat-scores", "note", said, count.flat / count.tried)
    if count.unconfirmed:
        said = f"{recipe}: {CODES['unconfirmed']} ({count.unconfirmed})"
        yield Flag("unconfirmed", "note", said, float(count.unconfirmed))
