"""Two runs of the same examples, recipes and seed: what changed, and whether that is a regression.

Three questions, each with its own error kept small. *Is anything worse?* is asked of robust accuracy, clean accuracy and every
recipe by exact McNemar tests with Holm's correction, so that with nothing worse all of them together raise a false alarm in at
most 1 - confidence of comparisons. *By more than the margin?* is asked of the same by score tests, of robust accuracy at half of
that error and of the others together at the other half: only a loss that is shown to be larger is a regression. *Is a
regression larger than the margin excluded?* is asked of robust accuracy by the lower end of its interval (a non-inferiority
test), so that a larger one passes in at most half of that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reports.compare.certificates import certificate_notes
from reports.compare.changes import ROBUST, Case, Change, Judged, judged, measures, newly_broken, newly_fixed, slices, together
from reports.compare.comparable import Difference, differences
from reports.compare.replayed import Facing, facing
from reports.compare.shared import Shared
from reports.compare.verdicts import EXIT_CODES, IMPROVED, INCONCLUSIVE, NO_EVIDENCE, NOT_COMPARABLE, REGRESSED
from reports.gate.policy import AuditDefaults, CompareRules, GateRules
from reports.gate.run_policy import lacking
from reports.gate.soundness import DOUBTS, soundness
from reports.gate.verdicts import PASS
from reports.measures.of_run import measure
from reports.measures.power import pairs_to_pass
from reports.render.numbers import signed_interval
from reports.run import SCHEMA, Manifest, Run
from reports.run.replayed import Replay


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs."""

    path: Path
    manifest: Manifest

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``comparison.json``."""
        m = self.manifest
        return {"run": str(self.path), "created": m.created, "victim": dict(m.victim), "comparability_id": m.comparability_id}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of a comparison.

    ``verdict``: ``regressed``, ``improved``, ``no evidence`` (of a regression larger than the margin), ``inconclusive`` or
    ``not comparable``. ``measures``: robust accuracy, clean accuracy, then recipes; empty where not comparable. ``pairs``:
    examples judged in both runs; ``excluded``: those with an error, or missing, in either. ``notes``: what decides nothing.
    ``doubted``: the runs themselves cannot give a verdict. ``slices_decide``: a slice could have made the verdict. ``facing``:
    what became of the base's failures in the candidate's hands, where they were put to it. ``shared``: what both runs were cut
    down to, where they were.
    """

    verdict: str
    reasons: tuple[str, ...]
    base: Side
    candidate: Side
    max_regression: float
    confidence: float
    differences: tuple[Difference, ...] = ()
    measures: tuple[Change, ...] = ()
    slices: tuple[Change, ...] = ()
    newly_broken: tuple[Case, ...] = ()
    newly_fixed: tuple[Case, ...] = ()
    pairs: int = 0
    excluded: int = 0
    notes: tuple[str, ...] = ()
    doubted: bool = False
    slices_decide: bool = False
    facing: Facing | None = None
    shared: Shared | None = None

    def __repr__(self) -> str:
        """One line: the verdict and why."""
        return f"<Comparison {self.verdict}: {'; '.join(self.told(texts=False))}>"

    def _repr_html_(self) -> str:
        """A small card for notebooks: the verdict, why, and how many examples changed."""
        from reports.render.card import card

        rows = [("newly broken", str(len(self.newly_broken))), ("newly fixed", str(len(self.newly_fixed)))]
        return card(self.verdict, "; ".join(self.told(texts=False)), rows if self.measures else ())

    def told(self, *, texts: bool) -> tuple[str, ...]:
        """The reasons; without ``texts`` none of them quotes the data."""
        return self.reasons if not self.differences else tuple(each.told(texts=texts) for each in self.differences)

    def verdict_on(self, change: Change) -> str:
        """What the comparison says of one of its changes, asked by itself; the margin is asked of robust accuracy only."""
        if self.doubted or change.change is None:
            return INCONCLUSIVE
        alpha, table = 1 - self.confidence, change.pairs
        if _worse(change, alpha) and _beyond(change, alpha):
            return REGRESSED
        open_ = _worse(change, alpha) or change.kind == ROBUST
        if open_ and change.low < -self.max_regression:
            return INCONCLUSIVE
        return IMPROVED if change.p_holm <= alpha and table.fixed > table.broken else NO_EVIDENCE

    @property
    def exit_code(self) -> int:
        """0 no evidence or improved, 1 regressed, 3 inconclusive or not comparable; 2 is left to errors."""
        return EXIT_CODES[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """The content of ``comparison.json``."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "max_regression": self.max_regression,
            "confidence": self.confidence,
            "base": self.base.to_dict(),
            "candidate": self.candidate.to_dict(),
            "differences": [asdict(d) for d in self.differences],
            "pairs": self.pairs,
            "excluded": self.excluded,
            "measures": [{**c.to_dict(), "verdict": self.verdict_on(c)} for c in self.measures],
            "slices": [{**c.to_dict(), "verdict": self.verdict_on(c)} for c in self.slices],
            "newly_broken": [c.to_dict() for c in self.newly_broken],
            "newly_fixed": [c.to_dict() for c in self.newly_fixed],
            **({"replayed": self.facing.to_dict()} if self.facing else {}),
            **({"shared": self.shared.to_dict()} if self.shared else {}),
        }


def compare(
    base: Run,
    candidate: Run,
    rules: CompareRules | None = None,
    due: AuditDefaults | None = None,
    replay: Replay | None = None,
    shared: Shared | None = None,
) -> Comparison:
    """Compare two loaded runs.

    Args:
        base: the run to compare with.
        candidate: the run to judge.
        rules: ``max_regression``, the margin: the largest drop of robust accuracy that is still acceptable; ``confidence``
            of every interval, the tests using one minus it; ``max_error_rate``: inconclusive when a larger share of
            the examples had an error in either run; ``slices_decide``: a regression on one slice decides too, all questions
            being then corrected together.
        due: ``[audit]`` of the policy; inconclusive where either run is less than it asks for. The two may have
            audited different victims on other data than it names: whether they can be paired is looked at anyway.
        replay: the base's failures put to the candidate's victim; an example then holds in the candidate only if it survives
            them too.
        shared: what ``base`` and ``candidate`` were cut down to by ``reports.compare.shared.share``, if they were.
    """
    rules = rules or CompareRules()
    margin, confidence = rules.max_regression, rules.confidence
    sides = (Side(base.path, base.manifest), Side(candidate.path, candidate.manifest))
    unlike = differences(base, candidate)
    certified = certificate_notes(base.path, candidate.path, rules)
    if unlike:
        notes = (*_weaker_for_more(base, candidate, unlike), *((shared.sentence(),) if shared else ()), *certified)
        return Comparison(NOT_COMPARABLE, tuple(map(str, unlike)), *sides, margin, confidence, differences=unlike, notes=notes)
    faced, found = facing(candidate, replay) if replay is not None else (candidate, None)
    pairs = judged(base, faced)
    asked, parts = measures(pairs, margin, confidence), slices(pairs, base, margin, confidence)
    if rules.slices_decide:
        both = together((*asked, *parts))
        asked, parts = both[: len(asked)], both[len(asked) :]
    doubts = (
        *_short(base, candidate, due),
        *_shortened(base.manifest, due, shared),
        *_doubts(base, candidate, pairs, rules.max_error_rate),
    )
    verdict, reasons = (
        (INCONCLUSIVE, doubts) if doubts else decide((*asked, *parts) if rules.slices_decide else asked, margin, confidence)
    )
    hollow = tuple(_hollow(base, candidate, pairs, rules, replayed=replay is not None))
    if verdict in (NO_EVIDENCE, IMPROVED) and hollow:
        verdict, reasons = INCONCLUSIVE, hollow
    if shared is not None and not shared.everything:
        reasons = (*reasons, shared.sentence())
    return Comparison(
        verdict,
        reasons,
        *sides,
        margin,
        confidence,
        measures=asked,
        slices=parts,
        newly_broken=newly_broken(pairs),
        newly_fixed=newly_fixed(pairs),
        pairs=len(pairs.ids),
        excluded=pairs.excluded,
        notes=(
            *((found.sentence(),) if found else ()),
            *_moved_slices(parts, rules),
            *_notes(base.manifest, candidate.manifest, pairs),
            *certified,
        ),
        doubted=bool(doubts),
        slices_decide=rules.slices_decide,
        facing=found,
        shared=shared,
    )


def _short(base: Run, candidate: Run, due: AuditDefaults | None) -> Iterator[str]:
    """What either run lacks of what the policy's ``[audit]`` asks for."""
    for name, run in (("base", base), ("candidate", candidate)):
        missing = lacking(run.manifest, due, subject=False) if due is not None else ()
        if missing:
            yield f"the {name} run is less than [audit] asks for: {'; '.join(missing)}"


def _shortened(manifest: Manifest, due: AuditDefaults | None, shared: Shared | None) -> Iterator[str]:
    """A part of a cascade is not the suite that the policy asks for, though it was asked for by that name."""
    if due is None or due.recipes is None or shared is None or not manifest.cascade:
        return
    if any(shared.recipes != one for one in shared.of_recipes):
        yield f"[audit] asks for {', '.join(map(str, due.recipes))}, and the runs share only {', '.join(shared.recipes)} of it"


def _doubts(base: Run, candidate: Run, pairs: Judged, max_error_rate: float) -> Iterator[str]:
    """Why these two runs cannot give a verdict, whatever they show."""
    rules = GateRules(max_error_rate=1.0)  # errors are counted per pair below
    for name, run in (("base", base), ("candidate", candidate)):
        for rule in soundness(run, measure(run), rules):
            if rule.verdict != PASS:
                yield f"the {name} run: {rule.message}"
    total = len(pairs.ids) + pairs.excluded
    if pairs.excluded > max_error_rate * total:
        yield (
            f"{pairs.excluded} of {total} examples have an error or no outcome in either run, {100 * max_error_rate:g} % allowed"
        )
    elif not pairs.ids:
        yield "no example was judged in both runs"


def _weaker_for_more(base: Run, candidate: Run, unlike: Sequence[Difference]) -> Iterator[str]:
    """Whether a larger budget found less: then neither number can be trusted (AutoAttack's check)."""
    if [difference.what for difference in unlike] != ["budget"]:
        return
    small, large = sorted((base, candidate), key=lambda run: run.manifest.budget or math.inf)
    fell = [{o.example_id for o in run.outcomes if o.status == "succeeded"} for run in (small, large)]
    if len(fell[1]) < len(fell[0]):
        budgets = [run.manifest.budget or "no limit" for run in (small, large)]
        yield (
            f"the run with the larger budget broke fewer examples: {len(fell[1])} within {budgets[1]} "
            f"queries, {len(fell[0])} within {budgets[0]}; something hinders the search, so trust neither number"
        )


ASKED_IN_WORDS = ("openai", "responses", "http")
"""Kinds of victims of which two differ by a prompt or a model behind an address: a fresh search alone proves too little."""


def _hollow(base: Run, candidate: Run, pairs: Judged, rules: CompareRules, *, replayed: bool) -> Iterator[str]:
    """Why these two runs cannot show that nothing got worse; what did get worse they can still show."""
    if not replayed and candidate.manifest.victim.get("kind") in ASKED_IN_WORDS:
        yield "two prompts or models are held to the base's failures as well as to a fresh search: add --replay"
    total = len(pairs.ids) + pairs.untested
    if pairs.untested > rules.max_untested * total:
        yield f"{pairs.untested} of {total} examples had no fair try in either run, {100 * rules.max_untested:g} % allowed"
    for name, run in (("base", base), ("candidate", candidate)):
        for flag in run.manifest.flags:
            if flag["code"] in DOUBTS and flag["code"] not in rules.accept_flags:
                yield f"the {name} run: {flag['code']}: {flag.get('message', '')}"


def decide(asked: Sequence[Change], margin: float, confidence: float) -> tuple[str, tuple[str, ...]]:
    """Verdict and reasons from changes asked together, that of robust accuracy first."""
    robust, alpha = asked[0], 1 - confidence
    worse = [c for c in asked if _worse(c, alpha)]
    beyond = [c for c in worse if _beyond(c, alpha)]
    limit = f"{100 * margin:g} points"
    if beyond:
        more = f", more than the {100 * margin:g} allowed" if margin else ""
        return REGRESSED, tuple(_tested(c, "worse", max(c.p_holm, c.p_margin_holm), len(asked), more) for c in beyond)
    unsettled = [c for c in worse if c.low < -margin]
    if unsettled:
        more = f", possibly more than the {100 * margin:g} allowed: more examples would settle it"
        return INCONCLUSIVE, tuple(_tested(c, "worse", c.p_holm, len(asked), more) for c in unsettled)
    if robust.low < -margin:
        return INCONCLUSIVE, (_not_excluded(robust, margin, confidence),)
    better = [c for c in asked if c.change is not None and c.p_holm <= alpha and c.pairs.fixed > c.pairs.broken]
    excluded = (
        f"a regression of robust accuracy larger than {limit} is excluded: the change is {_said(robust)}"
        f" on {robust.pairs.n} examples"
    )
    return (IMPROVED if better else NO_EVIDENCE), (*(_tested(c, "better", c.p_holm, len(asked)) for c in better), excluded)


def _worse(change: Change, alpha: float) -> bool:
    """Whether a change is significantly for the worse, however small."""
    return change.change is not None and change.p_holm <= alpha and change.pairs.broken > change.pairs.fixed


def _beyond(change: Change, alpha: float) -> bool:
    """Whether the loss is significantly larger than the margin."""
    return change.p_margin_holm <= alpha


def _said(change: Change) -> str:
    return f"{signed_interval(change.change, change.low, change.high)} points"


def _tested(change: Change, word: str, p: float, questions: int, allowed: str = "") -> str:
    table = change.pairs
    return (
        f"{change.title} is {word}: {_said(change)}{allowed}; {table.broken} broken and {table.fixed} fixed of {table.n},"
        f" p = {p:.2g} corrected for {questions} questions"
    )


def _not_excluded(robust: Change, margin: float, confidence: float) -> str:
    table = robust.pairs
    churn = (table.broken + table.fixed) / (2 * table.n)
    enough = pairs_to_pass(margin, churn, confidence=confidence)
    if enough and table.design is not None:
        enough = math.ceil(enough * table.design.inflation(confidence)) if table.design.freedom > 0 else None
    more = f"; if nothing changed, about {enough} examples would exclude it" if enough and enough > table.n else ""
    return (
        f"a regression of robust accuracy larger than {100 * margin:g} points is not excluded: the change is {_said(robust)}"
        f" on {table.n} examples{more}"
    )


def _moved_slices(parts: Sequence[Change], rules: CompareRules) -> Iterator[str]:
    """Slices that are significantly worse where they do not decide; opposite changes can cancel out overall."""
    alpha = 1 - rules.confidence
    worse = [c for c in parts if _worse(c, alpha) and c.low < -rules.max_regression]
    if worse and not rules.slices_decide:
        yield "significantly worse, though slices do not decide unless asked to: " + "; ".join(
            f"{c.name} {_said(c)}, p = {c.p_holm:.2g}" for c in worse
        )


def _notes(base: Manifest, candidate: Manifest, pairs: Judged) -> Iterator[str]:
    """Facts that a reader of the verdict should know and that decide nothing."""
    same = dict(base.victim.get("identity") or {})
    if same and same == dict(candidate.victim.get("identity") or {}):
        moved = len(newly_broken(pairs)) + len(newly_fixed(pairs))
        yield "both runs audited the same victim, byte for byte" + (
            f", yet {moved} examples changed: the victim, or what it runs on, is not deterministic" if moved else ""
        )
    for package in sorted(base.versions.keys() & candidate.versions.keys()):
        before, after = base.versions[package], candidate.versions[package]
        if before != after:
            yield f"{package} was {before} in the base and {after} in the candidate"
    if pairs.untested:
        yield f"{pairs.untested} examples without a fair try in either run are left out of every figure"
    if pairs.excluded:
        yield f"{pairs.excluded} examples with an error in either run are left out of every figure"
