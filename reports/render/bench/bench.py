"""The workbench over one folder: its pages by name. Knows no server; the server and the static files both ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reports.gate.gate import evaluate
from reports.gate.run_policy import own_policy
from reports.gate.verdicts import FAIL, INCONCLUSIVE, GateResult, RuleResult
from reports.index import FINISHED
from reports.measures.of_run import Measured, measure
from reports.measures.summary import summarise
from reports.render.bench.catalogue import Catalogue, Listed
from reports.render.bench.history import histories, history
from reports.render.bench.live import Follower
from reports.render.bench.shell import bench_page, way_back
from reports.render.bench.together import MOST, Column, paired, questions, together
from reports.render.comparison.page import html_comparison
from reports.render.page.page import html_report
from reports.render.page.rows import failure_row
from reports.render.page.view import created
from reports.run import Run, RunError
from reports.run.certificates import CERTIFICATES
from reports.run.explanations import EXPLANATIONS
from reports.run.minimised import MINIMISED
from reports.run.seal import RENDERED, SEAL
from reports.run.store import MANIFEST, OUTCOMES, load_run

FILES = frozenset({MANIFEST, OUTCOMES, MINIMISED, EXPLANATIONS, CERTIFICATES, SEAL, *RENDERED} - {"report.html"})
"""Files of a run that may be asked for as they are. Its page is not: what an editor put into it would run."""
_NOWHERE: Mapping[str, str | None] = {"files_at": None, "folder": ""}
"""Static pages bring no files of the run along, and whoever reads them has its folder elsewhere."""
_KEPT = 16
"""Pages of runs that are kept, so that a second look costs nothing; each is up to 3 MB."""


class NoSuchPageError(Exception):
    """Nothing of that name: what was asked for and what there is."""


class Bench:
    """All pages over one folder. ``served``: they may ask their server again, and let runs be chosen.

    Every look walks the folder again, so that a page shows what is there now; only what changed is read.
    """

    def __init__(self, top: Path, *, served: bool) -> None:
        self.catalogue = Catalogue(top)
        self._served = served
        self._followers: dict[str, Follower] = {}
        self._pages: dict[tuple[object, ...], str] = {}

    def runs(self) -> list[Listed]:
        """Every run, the latest first."""
        return self.catalogue.runs()

    def index(self) -> str:
        """The first page: all runs."""
        runs = self.runs()
        return bench_page(
            "index",
            root="",
            served=self._served,
            runs=runs,
            when=created,
            victims=[(victim, members) for victim, members in histories(runs).items() if len(members) > 1],
            questions=questions(runs),
            most=MOST,
            folder=self.catalogue.top.name or "this folder",
        )

    def run(self, run_id: str) -> str:
        """One run: its report, how far it has come, or what is wrong with it."""
        listed = self._one(run_id)
        if not listed.readable:
            return self._problem(listed, listed.problems)
        if listed.entry.state != FINISHED:
            return self._live(listed)
        return self._kept(("run", listed.id, listed.signature), lambda: self._report(listed))

    def _report(self, listed: Listed) -> str:
        try:
            run = load_run(listed.entry.folder)
            measured, gate = _judged(run, listed)
            elsewhere = {"files_at": f"{listed.id}/", "folder": str(listed.entry.folder)} if self._served else _NOWHERE
            return html_report(run, summarise(run, gate, measured), gate, above=way_back("../", listed), **elsewhere)
        except Exception as problem:  # noqa: BLE001 - whatever a run's files hold, the other pages are shown
            return self._problem(listed, (*listed.problems, self._said(problem)))

    def _said(self, problem: Exception) -> str:
        said = self.catalogue.said(problem)
        return said if isinstance(problem, (RunError, OSError)) else f"It cannot be shown, {type(problem).__name__}: {said}"

    def _live(self, listed: Listed) -> str:
        try:
            so_far = self._followers.setdefault(listed.id, Follower(listed.entry.folder)).look()
        except Exception as problem:  # noqa: BLE001 - as above
            return self._problem(listed, (*listed.problems, self._said(problem)))
        labels = tuple(map(str, so_far.manifest.victim.get("labels", ())))
        latest = [failure_row(outcome, labels) for outcome in so_far.latest]
        return bench_page(
            "live",
            root="../",
            served=self._served,
            run=listed,
            so_far=so_far,
            latest=latest,
            started=created(listed.entry.created),
        )

    def _problem(self, listed: Listed, problems: Sequence[str]) -> str:
        return bench_page("problem", root="../", served=self._served, run=listed, problems=problems or ("It cannot be read.",))

    def file(self, run_id: str, name: str) -> Path:
        """A file of a run as it lies there, one of those that runs are made of."""
        listed = self._one(run_id)
        if name not in FILES or name not in {entry[0] for entry in listed.signature}:
            raise NoSuchPageError("The run has no such file.")
        return listed.entry.folder / name

    def victim(self, victim_id: str) -> str:
        """The history of one victim."""
        members = histories(self.runs()).get(victim_id)
        if members is None:
            raise NoSuchPageError("There is no victim of that name under this folder.")
        return bench_page("victim", root="../", served=self._served, script=False, it=history(members), when=created)

    def together(self, run_ids: Sequence[str], base: str | None = None, root: str = "") -> str:
        """Runs side by side, paired with ``base``; without one, with the oldest of them."""
        chosen = [self._one(run_id) for run_id in dict.fromkeys(run_ids)]
        if not 2 <= len(chosen) <= MOST:
            raise NoSuchPageError(f"Side by side stand two to {MOST} runs; {len(chosen)} were chosen.")
        first = self._one(base) if base else min(chosen, key=lambda one: (not one.trusted, one.entry.created, one.name))
        ordered = [first, *sorted((o for o in chosen if o.id != first.id), key=lambda one: (one.entry.created, one.name))]
        key = ("together", root, *((one.id, one.signature) for one in ordered))
        return self._kept(key, lambda: self._side_by_side(ordered, root))

    def _side_by_side(self, ordered: Sequence[Listed], root: str) -> str:
        content = together([self._column(one) for one in ordered])
        return bench_page("together", root=root, served=self._served, script=False, it=content, when=created)

    def _column(self, listed: Listed) -> Column:
        if not listed.readable or listed.entry.state != FINISHED:
            return Column(listed, problem=" ".join(listed.problems) or "It is not finished.")
        try:
            run = load_run(listed.entry.folder)
            return Column(listed, run, *_judged(run, listed))
        except Exception as problem:  # noqa: BLE001 - as above
            return Column(listed, problem=self._said(problem))

    def comparison(self, base: str, candidate: str) -> str:
        """The whole comparison of two runs."""
        sides = self._one(base), self._one(candidate)
        key = ("comparison", *((one.id, one.signature) for one in sides))
        return self._kept(key, lambda: self._compared(*sides))

    def _compared(self, base: Listed, candidate: Listed) -> str:
        columns = self._column(base), self._column(candidate)
        for listed, column in zip((base, candidate), columns, strict=True):
            if column.run is None or not listed.trusted:
                return self._problem(listed, (column.problem or " ".join(listed.problems),))
        runs = [column.run for column in columns if column.run is not None]
        named = [replace(run, path=Path(listed.name)) for run, listed in zip(runs, (base, candidate), strict=True)]
        return html_comparison(paired(named[0], named[1]), above=way_back("../"))

    def _one(self, run_id: str) -> Listed:
        found = next((one for one in self.runs() if one.id == run_id), None)
        if found is None:
            raise NoSuchPageError("There is no run of that name under this folder; it was moved, or never there.")
        return found

    def _kept(self, key: tuple[object, ...], make: Callable[[], str]) -> str:
        page = self._pages.pop(key, None) or make()
        self._pages[key] = page
        while len(self._pages) > _KEPT:
            del self._pages[next(iter(self._pages))]
        return page


def _judged(run: Run, listed: Listed) -> tuple[Measured, GateResult]:
    """What a run measured and its verdict under its own policy; one whose seal does not hold never passes."""
    policy = own_policy(run.manifest)
    measured = measure(run, policy.gate.confidence)
    gate = evaluate(run, policy, measured)
    if policy.wants_verdict:
        gate = gate.demanding()
    if listed.trusted:
        return measured, gate
    rule = RuleResult("seal", "run", FAIL if listed.seal == "edited" else INCONCLUSIVE, " ".join(listed.problems).rstrip("."))
    verdict = "failed" if FAIL in {rule.verdict, *(one.verdict for one in gate.rules)} else "inconclusive"
    return measured, replace(gate, verdict=verdict, rules=(rule, *gate.rules))
