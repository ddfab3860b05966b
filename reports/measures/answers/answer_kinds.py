"""Where accuracy goes: how every example was answered on its clean text and at worst under attack, by kind.

One drop hides different faults. A model that gives wrong labels and one that talks so that no reader can use it lose the same
points: of the 34.5 that GPT-3.5 lost on restyled reviews, 27.1 were unparsable answers and 7.4 wrong labels (counted from the
published generations of Wang et al. 2023, DecodingTrust, arXiv 2306.11698).

Every example is in every share, whatever became of it, so the shares of a column add up to one. An example whose clean answer is
not ``right`` keeps its kind under attack, because nothing attacks it: the difference of the two columns is what the attack did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.measures.intervals import CONFIDENCE, Proportion
from reports.measures.metrics import by_example, expected, groups_of
from reports.measures.sequential import share_of
from reports.run import Outcome, Run

RIGHT, WRONG, UNDECIDED, ERROR, UNTESTED = "right", "wrong", "undecided", "error", "untested"
KINDS = (RIGHT, WRONG, "invalid", "refused", "unparsed", "truncated", "filtered", "empty", UNDECIDED, ERROR, UNTESTED)
"""In the order of reports; kinds that a victim names besides stand before ``error``."""
_PLAIN = (RIGHT, WRONG, UNTESTED)


@dataclass(frozen=True, slots=True)
class AnswerKind:
    """One kind, as shares of all examples.

    ``clean``, ``attacked``: answered so on the clean text, and at worst under attack; ``moved``: under attack only. ``texts``:
    changed texts to which the victim returned it in place of an answer, over all recipes.
    """

    kind: str
    clean: Proportion
    attacked: Proportion
    moved: Proportion
    texts: int = 0


@dataclass(frozen=True, slots=True)
class AnswerKinds:
    """Every kind that occurs. ``examples``: how many there are; ``texts``: changed texts that were asked, over all recipes.

    ``mixed``: whether any kind but right and wrong occurs, so that the split says more than the accuracies.
    """

    examples: int
    texts: int
    kinds: tuple[AnswerKind, ...]
    mixed: bool


def answer_kinds(run: Run, confidence: float = CONFIDENCE) -> AnswerKinds:
    """The split of a run's examples. Examples that have no outcome at all are in no share; intervals allow for them."""
    groups = by_example(run.outcomes)
    clean = {example: clean_kind(group) for example, group in groups.items()}
    attacked = {example: attacked_kind(group, clean[example]) for example, group in groups.items()}
    texts = unusable_texts(run.outcomes)
    members, unknown = groups_of(run, run.outcomes), [""] * max(0, expected(run) - len(groups))

    def share(hits: Mapping[str, bool]) -> Proportion:
        return share_of(run.manifest, hits.items(), members, confidence, unknown)

    found = [
        AnswerKind(
            kind=kind,
            clean=share({e: one == kind for e, one in clean.items()}),
            attacked=share({e: one == kind for e, one in attacked.items()}),
            moved=share({e: attacked[e] == kind != clean[e] for e in groups}),
            texts=texts[kind],
        )
        for kind in _in_order({*clean.values(), *attacked.values(), *texts})
    ]
    asked = sum(o.distinct + o.indistinguishable + sum(o.unusable.values()) for o in run.outcomes)
    return AnswerKinds(len(groups), asked, tuple(found), any(one.kind not in _PLAIN for one in found))


def unusable_texts(outcomes: Sequence[Outcome]) -> Counter[str]:
    """Changed texts to which the victim returned what is no answer, by kind."""
    texts: Counter[str] = Counter()
    for outcome in outcomes:
        texts.update(outcome.unusable)
    return texts


def clean_kind(group: Sequence[Outcome]) -> str:
    """How the clean text of one example was answered, from the outcomes of its recipes."""
    answered = next((o for o in group if o.clean is not None), None)
    if answered is None or answered.clean is None:
        return next((o.no_answer for o in group if o.no_answer), ERROR)
    return answered.clean.kind or (WRONG if answered.status == "skipped" else RIGHT)


def attacked_kind(group: Sequence[Outcome], clean: str) -> str:
    """How one example was answered at worst under attack.

    Broken comes before no answer, no answer before an error, an error before a text that held. An example that no recipe broke is
    of the kind of its unusable answers, the most frequent one, where there was any: what the victim would have answered is not
    known, and its user gets nothing.
    """
    if all(o.status == "skipped" for o in group):
        return clean
    broken = [o.best.kind if o.best is not None else "" for o in group if o.status == "succeeded"]
    if broken:
        return WRONG if "" in broken else broken[0]
    unusable = unusable_texts(group)
    if unusable:
        return min(unusable, key=lambda kind: (-unusable[kind], kind))
    if any(o.status == "undecided" for o in group):  # a success of a victim that varies, which fresh answers left open
        return UNDECIDED
    if any(o.status == "error" for o in group):
        return ERROR
    return UNTESTED if all(o.status == "untested" for o in group) else clean


def _in_order(kinds: set[str]) -> list[str]:
    others = sorted(kinds - {*KINDS})
    return [kind for kind in (*KINDS[:-2], *others, *KINDS[-2:]) if kind in kinds]
