"""What the certificates of all examples say together, beside what attacks found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from reports.measures.chance.certified import share_shown, shown_among
from reports.measures.clusters import Design, design_of
from reports.measures.intervals import CONFIDENCE, MIN_EXAMPLES, Proportion, proportion
from reports.run import Manifest, Run
from reports.run.certificates import (
    BROKEN,
    CERTIFIED,
    ERASED,
    EXHAUSTIVE,
    HARMLESS,
    REWRITES,
    SKIPPED,
    SMOOTHED,
    UNCERTIFIED,
    UNTOUCHED,
    Certificate,
    Certificates,
    certificates_of,
)

PASS, FAIL, INCONCLUSIVE, MEASURED = "passed", "failed", "inconclusive", "measured"
EXIT_CODES = {PASS: 0, MEASURED: 0, FAIL: 1, INCONCLUSIVE: 3}
AS_IT_IS = "as it is"
"""The kind of a text that nothing was erased from."""
SAMPLED = (REWRITES, SMOOTHED)
"""Kinds that hold with a stated confidence; the others are exact."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one certificate says of ``n`` examples.

    ``certified`` of them hold, one by one. ``low``, ``high``: between these shares of all examples like these do, at
    ``confidence``, which of an exact certificate allows for the choice of examples alone, and of a sampled one for the samples
    too. ``among``: of these very examples at least so many do, errors of the samples allowed for. ``floor``, ``ceiling``: the
    same as shares of these, of an exact certificate from the examples certified and from those without a counterexample.

    ``attacks``: the share that stands after the run's attacks by texts which the statement is about, None where the
    certificate and the run do not speak of the same; ``searched``: robust accuracy of the run, by all recipes and any text.
    ``foreign``: in what it differs from the run in whose folder it lies, "" in nothing. ``flagged``: of a guard behind
    erase-and-check, (harmless texts that it flags, those that the guard alone flags, all).
    """

    name: str
    kind: str
    n: int
    certified: int
    broken: int
    uncertified: int
    skipped: int
    untouched: int
    errors: int
    asked: int
    failures: int
    unusable: int
    distinct: int
    unchanged: int
    among: int
    low: float
    high: float
    floor: float | None
    ceiling: float | None
    confidence: float
    finished: bool
    kinds: Mapping[str, tuple[int, int]]
    tau: float | None = None
    radius: int | None = None
    attacks: float | None = None
    searched: Proportion | None = None
    observed: Proportion | None = None
    flagged: tuple[int, int, int] | None = None
    foreign: str = ""

    @property
    def exact(self) -> bool:
        """Whether it needs no confidence for these very examples."""
        return self.kind not in SAMPLED

    def verdict(self, threshold: float | None, fewest: int = MIN_EXAMPLES) -> tuple[str, str]:
        """The verdict on a required share of examples that hold, and why. Whatever is not shown to hold does not count."""
        if threshold is None:
            what = f"{self.certified} of {self.n} examples are certified"
            tested = self.certified + self.broken + self.uncertified - self.errors
            return (MEASURED, what) if tested else (INCONCLUSIVE, f"{what}, and no example could be tested")
        needs = f"{100 * threshold:g} % are required"
        if self.high < threshold and not self.foreign:
            return FAIL, f"at most {percent(self.high)} of examples hold, {needs}"
        held = f"at least {percent(self.low)} of examples hold"
        if self.foreign:
            return INCONCLUSIVE, f"the certificate does not speak of this run: it is of another {self.foreign}"
        if not self.finished:
            return (
                INCONCLUSIVE,
                f"the certificate is unfinished: {self.errors} of {self.n} examples have no answer; {held}, {needs}",
            )
        if self.n < fewest:
            return INCONCLUSIVE, f"{self.n} examples, and nothing passes on fewer than {fewest}; {held}, {needs}"
        if self.low >= threshold:
            return PASS, f"{held}, {needs}"
        return INCONCLUSIVE, f"between {percent(self.low)} and {percent(self.high)} of examples hold, {needs}"

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "kinds": {kind: list(pair) for kind, pair in self.kinds.items()}, "exact": self.exact}


def statement(
    certificates: Certificates,
    searched: Proportion | None = None,
    *,
    beside: Manifest | None = None,
    confidence: float | None = None,
) -> Statement:
    """What one certificate says; examples in groups count as what they are worth together.

    ``searched``: robust accuracy of the run that it stands beside, and ``beside``, that run. ``confidence``: of the interval of
    an exact certificate; a sampled one has its own.
    """
    settings, found = certificates.settings, certificates.found
    kind = certificates.kind
    count = Counter(one.state for one in found)
    n = len(found) - count[HARMLESS]
    sampled = kind in SAMPLED
    level = float(settings["confidence"]) if sampled else confidence or CONFIDENCE
    counted = [one for one in found if one.state != HARMLESS]
    observed = None if sampled else _observed(counted, level)
    low, high = _sampled_ends(certificates, level) if sampled else (observed.low, observed.high) if observed else (0.0, 1.0)
    among = shown_among(count[CERTIFIED], n, level, 1 - level) if sampled else count[CERTIFIED]
    lost = count[BROKEN] + count[SKIPPED]
    same = beside is not None and _same(settings, beside)
    hit = sum(bool(one.attacked) for one in counted if one.state != SKIPPED)
    open_and_hit = sum(bool(one.attacked) for one in counted if one.state in (UNCERTIFIED, UNTOUCHED))
    kinds: dict[str, tuple[int, int]] = {}
    for one in found:
        for name, (asked, failures) in one.kinds.items():
            before = kinds.get(name, (0, 0))
            kinds[name] = (before[0] + asked, before[1] + failures)
    return Statement(
        name=certificates.name,
        kind=kind,
        n=n,
        certified=count[CERTIFIED],
        broken=count[BROKEN],
        uncertified=count[UNCERTIFIED],
        skipped=count[SKIPPED],
        untouched=count[UNTOUCHED],
        errors=sum(one.error for one in found),
        asked=sum(one.asked for one in found),
        failures=sum(one.failures for one in found),
        unusable=sum(one.unusable for one in found),
        distinct=sum(one.distinct for one in found),
        unchanged=sum(one.unchanged for one in found),
        among=among,
        low=low,
        high=high,
        floor=among / n if n else None,
        ceiling=None if sampled or not n else (n - lost - open_and_hit) / n,
        confidence=level,
        finished=certificates.finished,
        kinds=dict(sorted(kinds.items())),
        tau=settings.get("tau"),
        radius=settings.get("radius"),
        attacks=(n - count[SKIPPED] - hit) / n if same and kind == EXHAUSTIVE and n else None,
        searched=searched,
        observed=observed,
        flagged=_flagged(found) if kind == ERASED else None,
    )


def statements(run: Run, searched: Proportion | None = None, confidence: float = CONFIDENCE) -> tuple[Statement, ...]:
    """What each certificate in a run's folder says beside that run, by name; ``searched``: the run's robust accuracy.

    Raises:
        RunError: the file is damaged.
    """
    found = []
    for one in certificates_of(run):
        foreign = _foreign(one, run)
        beside = None if foreign else run.manifest
        said = statement(one, None if foreign else searched, beside=beside, confidence=confidence)
        found.append(replace(said, foreign=foreign))
    return tuple(found)


def _foreign(found: Certificates, run: Run) -> str:
    """In what a certificate differs from a run: victim, data, goal, field or examples; "" in nothing."""
    settings, manifest = found.settings, run.manifest
    pins = [
        {key: str(value) for key, value in dict(of or {}).items()}
        for of in (settings.get("identity"), manifest.victim.get("identity"))
    ]
    own = {
        "victim": pins[0] == pins[1],
        "data": settings["data"] == manifest.data.get("digest", ""),
        "goal": settings["goal"] == manifest.goal,
        "field": settings["field"] == manifest.comparability.get("field", settings["field"]),
        "examples": {one.example_id for one in found.found} == {one.example_id for one in run.outcomes},
    }
    return " and ".join(what for what, same in own.items() if not same)


def _same(settings: Mapping[str, Any], run: Manifest) -> bool:
    """Whether a certificate compared itself with the very outcomes of this run."""
    return bool(run.outcomes) and dict(settings.get("beside") or {}).get("outcomes") == run.outcomes


def _observed(found: list[Certificate], confidence: float) -> Proportion:
    """Certified of those that came to an end; what did not, or was never tested, is unknown."""
    known = [one for one in found if one.state in (CERTIFIED, BROKEN, SKIPPED)]
    certified = sum(one.state == CERTIFIED for one in known)
    return proportion(certified, len(known), confidence, _design(known, (CERTIFIED,)), len(found) - len(known))


def _sampled_ends(certificates: Certificates, confidence: float) -> tuple[float, float]:
    """At least, and at most, so many of all examples like these hold; each end at the confidence of the samples."""
    found, varies = certificates.found, bool(certificates.settings["varies"])
    # A victim whose answers vary may be wrong on the clean text by luck; a smoothed one is wrong by a test of its own.
    wrong = {BROKEN} if varies and certificates.kind == REWRITES else {BROKEN, SKIPPED}

    def share(states: set[str]) -> float:
        n, shown = len(found), sum(one.state in states for one in found)
        design = _design(found, tuple(states))
        worth = float(n) if design is None else design.effective(n, 2 * confidence - 1)
        return share_shown(shown / n * worth, worth, confidence, 1 - confidence) if n and worth else 0.0

    return share({CERTIFIED}), 1 - share(wrong)


def _design(found: Any, states: tuple[str, ...]) -> Design | None:
    """How examples belong together; None where each is independent."""
    if all(one.group is None for one in found):
        return None
    return design_of((one.group or "", float(one.state in states)) for one in found)


def _flagged(found: tuple[Certificate, ...]) -> tuple[int, int, int]:
    harmless = [one for one in found if one.state == HARMLESS]
    alone = sum(one.kinds.get(AS_IT_IS, (0, 0))[1] for one in harmless)
    return sum(one.failures > 0 for one in harmless), alone, len(harmless)


def percent(share: float | None, digits: int = 1) -> str:
    """A share for people."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"
