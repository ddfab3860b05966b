"""What the certificates of all examples say together, beside the worst case that a search found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reports.measures.chance.certified import share_shown, shown_among
from reports.measures.clusters import Design, design_of
from reports.measures.intervals import MIN_EXAMPLES, Proportion
from reports.run.certificates import ERROR, EXCEEDS, HOLDS, OPEN, UNTOUCHED, WRONG, Certificates

PASS, FAIL, INCONCLUSIVE, MEASURED = "passed", "failed", "inconclusive", "measured"
EXIT_CODES = {PASS: 0, MEASURED: 0, FAIL: 1, INCONCLUSIVE: 3}


@dataclass(frozen=True, slots=True)
class Statement:
    """``holds`` of ``n`` examples are shown to fail on at most ``tau`` of the rewrites, each by a test at ``confidence``.

    ``among``: of these very examples at least so many do, all errors of the tests allowed for; ``share``: at least this share of
    all examples like these does; ``exceeding``: at least this share does not. ``kinds``: samples and failures of each kind of
    rewrite. ``unchanged``: share of samples equal to the original. ``searched``: robust accuracy of the run that they stand
    beside.
    """

    n: int
    holds: int
    exceeds: int
    open: int
    wrong: int
    untouched: int
    errors: int
    samples: int
    failures: int
    unusable: int
    unchanged: float | None
    among: int
    share: float
    exceeding: float
    tau: float
    confidence: float
    kinds: Mapping[str, tuple[int, int]]
    searched: Proportion | None = None

    @property
    def sampled(self) -> int:
        """Examples of which anything was sampled."""
        return self.holds + self.exceeds + self.open

    def verdict(self, threshold: float | None) -> tuple[str, str]:
        """The verdict on a required share of examples that hold, and why. Whatever is not shown to hold does not count."""
        if threshold is None:
            what = f"{self.holds} of {self.n} examples are shown to hold"
            return (MEASURED, what) if self.sampled else (INCONCLUSIVE, "no example could be sampled")
        needs = f"{100 * threshold:g} % are required"
        if 1 - self.exceeding < threshold:
            return FAIL, f"at most {_percent(1 - self.exceeding)} of examples hold, {needs}"
        if self.n < MIN_EXAMPLES:
            return INCONCLUSIVE, f"{self.n} examples, and nothing passes on fewer than {MIN_EXAMPLES}"
        if self.share >= threshold:
            return PASS, f"at least {_percent(self.share)} of examples hold, {needs}"
        return INCONCLUSIVE, f"at least {_percent(self.share)} of examples are shown to hold, {needs}"

    def lines(self) -> list[str]:
        """For people: the bracket of what was searched and what is certified, and what it rests on."""
        found = []
        if self.searched is not None and self.searched.rate is not None:
            ends = f"{100 * self.searched.low:.1f}–{_percent(self.searched.high)}"
            found.append(f"searched   at most {_percent(self.searched.rate)} robust ({ends}): the worst case that a search found")
        rewrites, sure = _percent(1 - self.tau, 0), _percent(self.confidence, 0)
        found.append(
            f"certified  at least {rewrites} of rewrites hold for at least {_percent(self.share)} of examples (at {sure})"
        )
        one_by_one = f"one by one, {self.holds} are shown to hold"
        found.append(f"           of these {self.n} examples for at least {self.among}; {one_by_one}")
        rest = {"shown to exceed": self.exceeds, "left open": self.open, "wrong on the clean text": self.wrong}
        rest |= {"hardly changed by any rewrite": self.untouched, "with an error": self.errors}
        if any(rest.values()):
            found.append("           " + ", ".join(f"{count} {what}" for what, count in rest.items() if count))
        if self.samples:
            parts = ", ".join(f"{kind} {failures}/{samples}" for kind, (samples, failures) in self.kinds.items())
            found.append(f"samples    {self.samples:,}, of which {self.failures:,} failed ({parts}){self._odd()}")
        return found

    def _odd(self) -> str:
        odd = f", {self.unusable:,} of them without an answer that counts" if self.unusable else ""
        return odd + (f"; {_percent(self.unchanged)} left the text as it was" if self.unchanged else "")

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "kinds": {kind: list(pair) for kind, pair in self.kinds.items()}}


def statement(certificates: Certificates, searched: Proportion | None = None) -> Statement:
    """What all certificates say; examples in groups count as what they are worth together."""
    settings, found = certificates.settings, certificates.found
    count = Counter(one.state for one in found)
    confidence, n = float(settings["confidence"]), len(found)
    error = 1 - confidence
    bad = count[EXCEEDS] + (0 if settings["varies"] else count[WRONG])  # a varying victim may be wrong by luck
    states = {EXCEEDS} if settings["varies"] else {EXCEEDS, WRONG}

    def share(shown: int, *of: str) -> float:
        worth = _worth(certificates, of, confidence)
        return share_shown(shown / n * worth, worth, confidence, error) if n and worth else 0.0

    kinds: dict[str, tuple[int, int]] = {}
    for one in found:
        for kind, (samples, failures) in one.kinds.items():
            before = kinds.get(kind, (0, 0))
            kinds[kind] = (before[0] + samples, before[1] + failures)
    samples = sum(one.samples for one in found)
    return Statement(
        n=n,
        holds=count[HOLDS],
        exceeds=count[EXCEEDS],
        open=count[OPEN],
        wrong=count[WRONG],
        untouched=count[UNTOUCHED],
        errors=count[ERROR],
        samples=samples,
        failures=sum(one.failures for one in found),
        unusable=sum(one.unusable for one in found),
        unchanged=sum(one.unchanged for one in found) / samples if samples else None,
        among=shown_among(count[HOLDS], n, confidence, error),
        share=share(count[HOLDS], HOLDS),
        exceeding=share(bad, *states),
        tau=float(settings["tau"]),
        confidence=confidence,
        kinds=dict(sorted(kinds.items())),
        searched=searched,
    )


def _worth(certificates: Certificates, states: tuple[str, ...], confidence: float) -> float:
    """How many independent examples these are worth; those of one group are not."""
    found = certificates.found
    if all(one.group is None for one in found):
        return float(len(found))
    design: Design = design_of((one.group or "", float(one.state in states)) for one in found)
    return design.effective(len(found), 2 * confidence - 1)


def _percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f} %"
