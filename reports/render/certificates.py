"""What was certified of a run, beside what its search found: a section of ``report.md``, and what the page shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reports.measures.chance.statement import Statement, statement
from reports.measures.intervals import Proportion
from reports.render.inert import code
from reports.render.numbers import interval, percent
from reports.run import Run
from reports.run.certificates import CERTIFICATES, EXCEEDS, OPEN, Certificate, read_certificates

SHOWN = 10
METHODS = {"exact": "one-sided Clopper–Pearson bounds", "anytime": "bounds that hold at every number of samples"}


@dataclass(frozen=True, slots=True)
class CertificateView:
    """``worst``: examples on which the most rewrites failed. ``rewrites``: the distribution as it was declared."""

    said: Statement
    rewrites: str
    method: str
    certificate_id: str
    worst: tuple[Certificate, ...]


def certificate_view(run: Run, searched: Proportion | None) -> CertificateView | None:
    """The certificates of a run, None where there are none; raises ``RunError`` where the file is damaged."""
    path = run.path / CERTIFICATES
    if not path.is_file():
        return None
    found = read_certificates(path)
    settings = found.settings
    same_goal = settings["goal"] == run.manifest.goal
    return CertificateView(
        said=statement(found, searched if same_goal else None),
        rewrites=str(settings.get("spec", "")),
        method=METHODS.get(str(settings["method"]), str(settings["method"])),
        certificate_id=str(settings["certificate_id"]),
        worst=tuple(_worst(found.found))[:SHOWN],
    )


def _worst(found: Iterable[Certificate]) -> list[Certificate]:
    failing = [one for one in found if one.state in (EXCEEDS, OPEN) and one.failures]
    return sorted(failing, key=lambda one: (-one.failures / one.samples, one.example_id))


def certificates_section(run: Run, searched: Proportion | None, *, texts: bool = True) -> str:
    """A Markdown section, or nothing; without ``texts`` no rewrite is quoted."""
    view = certificate_view(run, searched)
    if view is None:
        return ""
    said = view.said
    rows = [
        ("searched: robust accuracy, at most", interval(said.searched)),
        (f"certified: examples that hold on at least {percent(1 - said.tau, 0)} of rewrites, at least", percent(said.share)),
        ("of these examples, at least", f"{said.among} of {said.n}"),
        ("shown to hold, one by one", str(said.holds)),
        ("shown to exceed the tolerated rate", str(said.exceeds)),
        ("left open", str(said.open)),
        ("wrong on the clean text", str(said.wrong)),
        ("hardly changed by any rewrite", str(said.untouched)),
        ("with an error", str(said.errors)),
    ]
    table = ["|  | value |", "|---|---:|", *(f"| {what} | {value} |" for what, value in rows)]
    kinds = ", ".join(f"{code(kind)} {failures} of {samples}" for kind, (samples, failures) in said.kinds.items())
    note = (
        f"Rewrites drawn from {code(view.rewrites)}; {view.method} at {percent(said.confidence, 0)}, certificate "
        f"{code(view.certificate_id)}. Failed, by kind: {kinds or 'nothing was sampled'}. The two ends bracket what an adversary "
        "and what a random rewrite can do; neither speaks of the other."
    )
    worst = [
        f"- {code(one.example_id)}: {one.failures} of {one.samples} rewrites failed"
        + (f", such as {code(one.worst)} ({code(one.technique)})" if texts and one.worst is not None else "")
        for one in view.worst
    ]
    return "\n\n".join(
        ["## Certified over a distribution of rewrites", "\n".join(table), note, *(["\n".join(worst)] if worst else [])]
    )
