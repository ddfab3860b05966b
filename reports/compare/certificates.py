"""The same certificates of two victims: which examples lost theirs, and whether that is a regression.

Two certificates are held against each other where they were made under the same settings for the same examples; only the
victim may differ. Nothing but *certified* counts as held, as in the certificate itself. An exact certificate that is gone is a
loss of these very examples; a sampled one may also be gone because its samples no longer show what is still so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reports.compare.changes import Change, corrected
from reports.compare.comparable import Difference, shortened, unequal
from reports.compare.verdicts import EXIT_CODES, IMPROVED, INCONCLUSIVE, NO_EVIDENCE, NOT_COMPARABLE, REGRESSED
from reports.gate.policy import CompareRules
from reports.measures.chance.statement import SAMPLED, statement
from reports.measures.paired import Pairs, tabulate
from reports.measures.power import pairs_to_pass
from reports.render.numbers import percent, signed_interval
from reports.run.certificates import CERTIFICATES, CERTIFIED, HARMLESS, UNTOUCHED, Certificate, Certificates, read_certificates

KIND = "certified"
SCHEMA = 1
_OWN = frozenset({"certificate_id", "victim", "identity", "beside", "varies", "count", "digest", "finished"})
"""Settings in which two certificates may differ: whose they are, beside what they were made, how they ended."""
_WORST_FIRST = (REGRESSED, INCONCLUSIVE, NOT_COMPARABLE, IMPROVED, NO_EVIDENCE)
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class CertificateChange:
    """One certificate of both. ``differences``: why it cannot be compared; then there is no ``change``.

    ``lost``, ``gained``: examples certified in the base alone, in the candidate alone. ``left_out``: examples of which either
    says nothing, because an answer is missing or there was no text to ask.
    """

    name: str
    kind: str
    verdict: str
    reasons: tuple[str, ...]
    differences: tuple[Difference, ...] = ()
    change: Change | None = None
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    left_out: int = 0
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "differences": [asdict(one) for one in self.differences],
            "change": None if self.change is None else self.change.to_dict(),
            "lost": list(self.lost),
            "gained": list(self.gained),
            "left_out": self.left_out,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class CertificateComparison:
    """The certificates of two files. ``extra``: names that the candidate alone has, which say nothing of a change."""

    base: str
    candidate: str
    max_regression: float
    confidence: float
    certificates: tuple[CertificateChange, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The worst of any certificate; one that the base has and the candidate lacks is not comparable, and so no pass."""
        found = {one.verdict for one in self.certificates}
        return next((verdict for verdict in _WORST_FIRST if verdict in found), NOT_COMPARABLE)

    @property
    def exit_code(self) -> int:
        """0 no evidence or improved, 1 regressed, 3 inconclusive or not comparable."""
        return EXIT_CODES[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        own = {
            name: getattr(self, name) for name in ("verdict", "exit_code", "max_regression", "confidence", "base", "candidate")
        }
        return {"schema": SCHEMA, **own, "certificates": [one.to_dict() for one in self.certificates], "extra": list(self.extra)}


def compare_certificates(base: Path, candidate: Path, rules: CompareRules | None = None) -> CertificateComparison:
    """Hold the certificates in one file against those of the same names in another.

    ``rules``: the margin, here of the share certified; the confidence; and how many examples may be without an answer, or
    without a text to ask.

    Raises:
        RunError: a file is damaged.
    """
    rules = rules or CompareRules()
    before, after = ({one.name: one for one in read_certificates(path)} for path in (base, candidate))
    unlike = {name: tuple(_differences(one, after.get(name))) for name, one in before.items()}
    held = {name: _Held.of(before[name], after[name]) for name, found in unlike.items() if not found}
    tables = [(KIND, name, one.pairs) for name, one in held.items()]
    changes = dict(zip(held, corrected(tables, rules.max_regression, rules.confidence), strict=True))
    found = [
        _judged(one, after[name], held[name], changes[name], rules)
        if name in held
        else CertificateChange(name, one.kind, NOT_COMPARABLE, tuple(map(str, unlike[name])), unlike[name])
        for name, one in before.items()
    ]
    extra = tuple(name for name in after if name not in before)
    return CertificateComparison(str(base), str(candidate), rules.max_regression, rules.confidence, tuple(found), extra)


def certificate_notes(base: Path, candidate: Path, rules: CompareRules) -> tuple[str, ...]:
    """What the certificates in two run folders say of each other; none of it decides a comparison of the runs.

    Raises:
        RunError: a file is damaged.
    """
    files = [folder / CERTIFICATES for folder in (base, candidate)]
    there = [file.is_file() for file in files]
    if not all(there):
        lone = "base" if there[0] else "candidate"
        return (f"only the {lone} run has certificates, so those are not compared",) if any(there) else ()
    found = compare_certificates(files[0], files[1], rules)
    told = [f"certificate {one.name}: {one.verdict}: {one.reasons[0]}" for one in found.certificates]
    how = f"certificates decide nothing here; `robustness compare {files[0]} {files[1]}` decides on them"
    return (*told, how)


def _differences(base: Certificates, candidate: Certificates | None) -> Iterator[Difference]:
    """Why two certificates of one name do not answer the same question."""
    if candidate is None:
        yield Difference("the certificate", "there", "(absent)")
        return
    before, after = ({key: value for key, value in one.settings.items() if key not in _OWN} for one in (base, candidate))
    for what, one, other in unequal(before, after):
        yield Difference(what, shortened(one), shortened(other))
    if not (base.settings["data"] and candidate.settings["data"]):
        yield Difference("the record of the data", *("kept" if one.settings["data"] else "missing" for one in (base, candidate)))
    ids = [{one.example_id for one in side.found} for side in (base, candidate)]
    lone = [sorted(ids[0] - ids[1]), sorted(ids[1] - ids[0])]
    if any(lone):
        yield Difference("examples that the other lacks", *(f"{len(one)}, such as {one[0]}" if one else "none" for one in lone))


@dataclass(frozen=True, slots=True)
class _Held:
    """The examples that both speak of, whether each holds in either, and how many were left out."""

    held: Mapping[str, tuple[bool, bool]]
    pairs: Pairs
    errors: int
    untouched: int

    @classmethod
    def of(cls, base: Certificates, candidate: Certificates) -> _Held:
        after = {one.example_id: one for one in candidate.found}
        both = [(one, after[one.example_id]) for one in base.found if HARMLESS not in (one.state, after[one.example_id].state)]
        answered = [pair for pair in both if not any(one.error for one in pair)]
        known = [pair for pair in answered if not any(one.state == UNTOUCHED for one in pair)]
        held = {one.example_id: (one.state == CERTIFIED, other.state == CERTIFIED) for one, other in known}
        pairs = tabulate(list(held.values()), _groups(known))
        return cls(held, pairs, len(both) - len(answered), len(answered) - len(known))

    def moved(self, how: tuple[bool, bool]) -> tuple[str, ...]:
        """The examples that held in one of the two alone."""
        return tuple(sorted(name for name, found in self.held.items() if found == how))


def _groups(pairs: Sequence[tuple[Certificate, Certificate]]) -> list[str] | None:
    groups = [one.group if one.group is not None else other.group for one, other in pairs]
    return None if all(group is None for group in groups) else [group or "" for group in groups]


def _judged(base: Certificates, candidate: Certificates, held: _Held, change: Change, rules: CompareRules) -> CertificateChange:
    lost, gained = held.moved((True, False)), held.moved((False, True))
    doubts = tuple(_doubts(base, candidate, held, rules))
    verdict, why = (INCONCLUSIVE, doubts) if doubts else _decided(change, rules)
    shown = tuple(
        f"{word}: {', '.join(ids[:_SHOWN])}" + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")
        for word, ids in (("no longer certified", lost), ("newly certified", gained))
        if ids
    )
    return CertificateChange(
        name=base.name,
        kind=base.kind,
        verdict=verdict,
        reasons=why,
        change=change,
        lost=lost,
        gained=gained,
        left_out=held.errors + held.untouched,
        notes=(*shown, *_notes(base, candidate, held)),
    )


def _doubts(base: Certificates, candidate: Certificates, held: _Held, rules: CompareRules) -> Iterator[str]:
    """Why these two certificates give no verdict, whatever they show."""
    for name, one in (("base", base), ("candidate", candidate)):
        if not one.finished:
            yield f"the {name}'s certificate is unfinished; the same `robustness certify` command goes on"
    total = held.pairs.n + held.errors + held.untouched
    for count, most, why in (
        (held.errors, rules.max_error_rate, "have no answer"),
        (held.untouched, rules.max_untested, "have no text that the victim can tell from the original"),
    ):
        if count > most * total:
            yield f"{count} of {total} examples {why} in either, {100 * most:g} % allowed"
    if not held.pairs.n:
        yield "no example was tested in both"


def _decided(change: Change, rules: CompareRules) -> tuple[str, tuple[str, ...]]:
    """As a comparison of runs decides on robust accuracy: by the margin, and never by a bare point."""
    table, alpha, margin = change.pairs, 1 - rules.confidence, rules.max_regression
    said = (
        f"certified {percent(table.base_rate)} → {percent(table.candidate_rate)} of {table.n}: "
        f"{signed_interval(change.change, change.low, change.high)} points, {table.broken} lost and {table.fixed} gained, "
        f"p = {change.p_holm:.2g}"
    )
    worse = change.p_holm <= alpha and table.broken > table.fixed
    if worse and change.p_margin_holm <= alpha:
        return REGRESSED, (f"{said}; more than the {100 * margin:g} points allowed",)
    if change.low < -margin:
        churn = (table.broken + table.fixed) / (2 * table.n)
        enough = pairs_to_pass(margin, churn, confidence=rules.confidence)
        more = f"; if nothing changed, about {enough} examples would exclude it" if enough and enough > table.n else ""
        return INCONCLUSIVE, (f"{said}; a loss larger than {100 * margin:g} points is not excluded{more}",)
    better = change.p_holm <= alpha and table.fixed > table.broken
    return (IMPROVED if better else NO_EVIDENCE), (f"{said}; a loss larger than {100 * margin:g} points is excluded",)


def _notes(base: Certificates, candidate: Certificates, held: _Held) -> Iterator[str]:
    same = dict(base.settings.get("identity") or {})
    if same and same == dict(candidate.settings.get("identity") or {}):
        yield "both speak of the same victim, byte for byte"
    if base.kind in SAMPLED and held.moved((True, False)):
        yield "it holds by samples: what is no longer certified is no longer shown, and not shown to be broken"
    if held.errors or held.untouched:
        yield f"left out of every figure: {held.errors} without an answer, {held.untouched} without a text to ask"
    flagged = [statement(one).flagged for one in (base, candidate)]
    if flagged[0] and flagged[1] and flagged[0][2]:
        yield f"harmless texts flagged: {flagged[0][0]} of {flagged[0][2]} in the base, {flagged[1][0]} in the candidate"
