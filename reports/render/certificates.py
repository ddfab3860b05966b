"""What was certified of a run, beside what its attacks found: a section of ``report.md``, and what page and terminal show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.measures.chance.statement import Statement
from reports.render.brackets import bar, bracket, ends, facts
from reports.render.inert import code, prose
from reports.run import Run
from reports.run.certificates import (
    BROKEN,
    ERASED,
    EXHAUSTIVE,
    REWRITES,
    SMOOTHED,
    UNCERTIFIED,
    Certificate,
    Certificates,
    certificates_of,
)

SHOWN = 10
NOTE = (
    "An attack shows what an adversary finds, and is a ceiling; a certificate shows what no text of its space can do, and is a "
    "floor. They bracket the truth only where they speak of the same victim, the same examples and the same texts: attacks by "
    "other texts are named beside it."
)
SPEAKS = {
    EXHAUSTIVE: "Every text of the space was asked: exact for these examples, without a confidence.",
    REWRITES: "Rewrites drawn from the distribution; it says nothing of an adversary, who chooses.",
    SMOOTHED: "It holds for the smoothed victim, which votes over noisy copies of a text; of the victim itself it says nothing.",
    ERASED: "It holds for the guard behind erase-and-check, which asks parts of a text; of the guard alone it says nothing.",
}


@dataclass(frozen=True, slots=True)
class CertificateView:
    """One certificate. ``held``, ``reach``: ends of its bar, as shares. ``worst``: examples on which the most texts failed."""

    said: Statement
    bracket: str
    held: float
    reach: float
    facts: tuple[tuple[str, str], ...]
    speaks: str
    certificate_id: str
    worst: tuple[Certificate, ...]


def certificate_views(run: Run, said: Sequence[Statement]) -> tuple[CertificateView, ...]:
    """The certificates of a run with what each says; raises ``RunError`` where the file is damaged."""
    return tuple(_view(one, what) for one, what in zip(certificates_of(run), said, strict=True))


def _view(found: Certificates, said: Statement) -> CertificateView:
    held, reach = ends(said)
    return CertificateView(
        said=said,
        bracket=bracket(said),
        held=held,
        reach=reach,
        facts=tuple(facts(said)),
        speaks=SPEAKS[said.kind],
        certificate_id=str(found.settings["certificate_id"]),
        worst=tuple(_worst(found.found))[:SHOWN],
    )


def _worst(found: Iterable[Certificate]) -> list[Certificate]:
    failing = [one for one in found if one.state in (BROKEN, UNCERTIFIED) and one.failures]
    return sorted(failing, key=lambda one: (-one.failures / one.asked, one.example_id))


def certificates_section(run: Run, said: Sequence[Statement], *, texts: bool = True) -> str:
    """A Markdown section, or nothing; without ``texts`` no text is quoted."""
    parts = [part for view in certificate_views(run, said) for part in _part(view, texts=texts)]
    return "\n\n".join(["## Certified", NOTE, *parts]) if parts else ""


def _part(view: CertificateView, *, texts: bool) -> Iterable[str]:
    said = view.said
    yield f"### {code(said.name)}" + ("" if said.finished else " (unfinished)")
    yield f"```\n{bracket(said)}\n|{bar(said)}|\n```"
    rows = [f"| {prose(what)} | {prose(value)} |" for what, value in view.facts]
    yield "\n".join(["|  | value |", "|---|---:|", *rows])
    yield f"{view.speaks} Certificate {code(view.certificate_id)}."
    worst = [
        f"- {code(one.example_id)}: {one.failures} of {one.asked} failed"
        + (f", such as {code(one.worst)} ({code(one.technique)})" if texts and one.worst is not None else "")
        for one in view.worst
    ]
    if worst:
        yield "\n".join(worst)
