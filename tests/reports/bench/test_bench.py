"""What the workbench lists, shows, pairs and draws; runs that cannot be trusted never stand as passed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.gate.policy import parse_policy
from reports.index import runs_under
from reports.render import render_all
from reports.render.bench.bench import Bench, NoSuchPageError
from reports.render.bench.catalogue import Catalogue, Listed
from reports.render.page.anchors import failure_anchor
from reports.run import Outcome, Run
from reports.run.seal import write_seal
from reports.run.store import RunWriter

Make = Callable[..., Run]
POLICY = parse_policy({"gate": {"min_robust_accuracy": "20%"}}, "robustness.toml").record()


@pytest.fixture
def passed(make_run: Make, make_counted: Callable[..., list[Outcome]]) -> Run:
    """A sealed run that passes."""
    run = make_run(make_counted(failed=60, succeeded=20), policy=POLICY)
    render_all(run)
    return run


def listed(run: Run) -> Listed:
    found = Catalogue(run.path.parent).runs()
    return next(one for one in found if one.entry.folder == run.path)


def page(run: Run) -> str:
    return Bench(run.path.parent, served=False).run(listed(run).id)


def test_a_sealed_run_has_the_verdict_of_its_reports(passed: Run) -> None:
    one = listed(passed)
    assert (one.verdict, one.tone, one.seal, one.problems) == ("passed", "passed", "verified", ())
    assert re.search(r"<h2 id=\"verdict-title\">Passed</h2>", page(passed))


def _edit_summary(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    summary["gate"]["verdict"] = "passed"
    summary["overall"]["robust_accuracy"]["rate"] = 1.0
    (folder / "summary.json").write_text(json.dumps(summary))


def _shorten(folder: Path) -> None:
    lines = (folder / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "outcomes.jsonl").write_bytes(b"".join(lines[:-1]))


def _forge(folder: Path) -> None:
    """Outcomes shortened and everything sealed anew."""
    _shorten(folder)
    write_seal(folder)


def _strip(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != "seal.json":
            path.unlink()


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "unsealed": (lambda f: (f / "seal.json").unlink(), "unsealed"),
    "summary edited": (_edit_summary, "edited"),
    "outcomes shortened": (_shorten, "edited"),
    "a file added": (lambda f: (f / "new.txt").write_text("x"), "edited"),
    "a report lost": (lambda f: (f / "report.html").unlink(), "edited"),
    "the seal edited": (lambda f: (f / "seal.json").write_text("{}"), "edited"),
    "run.json lost": (lambda f: (f / "run.json").unlink(), "unreadable"),
    "run.json cut": (lambda f: (f / "run.json").write_text((f / "run.json").read_text()[:100]), "unreadable"),
    "run.json nested": (lambda f: (f / "run.json").write_text("[" * 100_000), "unreadable"),
    "of a newer version": (
        lambda f: (f / "run.json").write_text((f / "run.json").read_text().replace('"schema": 2', '"schema": 9')),
        "unreadable",
    ),
    "all but the seal lost": (_strip, "unreadable"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_with_a_run_is_said_and_it_is_never_passed(passed: Run, damage: str) -> None:
    harm, verdict = DAMAGE[damage]
    harm(passed.path)
    one = listed(passed)
    assert one.verdict == verdict
    assert one.tone != "passed"
    assert one.problems
    assert not one.trusted
    index = Bench(passed.path.parent, served=False).index()
    assert 'tone-passed"' not in index
    assert one.name in index
    shown = page(passed)
    assert '<h2 id="verdict-title">Passed</h2>' not in shown
    assert 'class="verdict tone-passed"' not in shown
    assert passed.path.as_posix() not in index + shown, "pages name files from the viewed folder on"


def test_a_run_whose_outcomes_do_not_bear_its_seal_is_not_shown_as_passed(passed: Run) -> None:
    _forge(passed.path)
    assert "This run cannot be shown" in page(passed)


def test_a_run_of_a_shape_that_nobody_foresaw_does_not_keep_the_others_from_being_shown(passed: Run) -> None:
    odd = passed.path.parent / "odd"
    shutil.copytree(passed.path, odd)
    (odd / "run.json").write_text((odd / "run.json").read_text().replace('"parameters": {', '"parameters": 5, "had": {'))
    write_seal(odd)
    bench = Bench(passed.path.parent, served=False)
    ids = {one.name: one.id for one in bench.runs()}
    assert "This run cannot be shown" in bench.run(ids["odd"])
    assert '<h2 id="verdict-title">Passed</h2>' in bench.run(ids[passed.path.name])
    assert bench.index()
    assert bench.together(list(ids.values()))


def test_an_edit_while_the_workbench_is_open_is_seen(passed: Run) -> None:
    catalogue = Catalogue(passed.path.parent)
    assert catalogue.runs()[0].verdict == "passed"
    (passed.path / "report.md").write_bytes((passed.path / "report.md").read_bytes()[:-1] + b" ")
    assert catalogue.runs()[0].verdict == "edited"


def test_another_policy_does_not_pass_a_run_that_fails_its_own(make_run: Make, make_counted: Any) -> None:
    strict = parse_policy({"gate": {"min_robust_accuracy": "90%"}}, "strict.toml")
    run = make_run(make_counted(failed=60, succeeded=20), policy=strict.record())
    render_all(run, parse_policy({"gate": {"min_robust_accuracy": "10%"}}, "lax.toml"))
    one = listed(run)
    assert one.verdict == "failed"
    assert any("another policy, by which it is passed" in note for note in one.notes)


def test_a_run_of_an_older_format_says_so(passed: Run) -> None:
    file = passed.path / "run.json"
    file.write_text(file.read_text().replace('"schema": 2', '"schema": 1'))
    write_seal(passed.path)
    one = listed(passed)
    assert any("older format (schema 1)" in note for note in one.notes)


def test_stray_files_and_folders_hide_no_run(passed: Run) -> None:
    (passed.path.parent / "outcomes.jsonl").write_text("")
    (passed.path.parent / "seal.json").mkdir()
    names = {one.name: one.verdict for one in Catalogue(passed.path.parent).runs()}
    assert names[passed.path.name] == "passed"
    assert "unreadable" in names.values()
    assert len(runs_under(passed.path.parent)) == len(names)


def test_ids_stay_and_are_plain(passed: Run) -> None:
    other = passed.path.parent / "ünï / x".replace("/", "-")
    shutil.copytree(passed.path, other)
    before = {one.name: one.id for one in Catalogue(passed.path.parent).runs()}
    assert all(re.fullmatch(r"[a-z0-9-]+", one) and "--" not in one for one in before.values())
    shutil.rmtree(passed.path)
    assert Catalogue(passed.path.parent).runs()[0].id == before[other.name]


def test_a_run_being_written_is_counted_and_not_finished(make_manifest: Any, make_counted: Any, tmp_path: Path) -> None:
    outcomes = make_counted(succeeded=3, failed=4, skipped=2, error=1)
    folder = tmp_path / "live"
    bench = Bench(tmp_path, served=True)
    with RunWriter.create(folder, make_manifest(("deepwordbug",), examples=20)) as writer:
        writer.append_many(outcomes[:5])
        (one,) = bench.runs()
        assert (one.verdict, one.live) == ("not finished", True)
        assert "5 of at most 20 trials" in bench.run(one.id)
        writer.append_many(outcomes[5:])
        with (folder / "outcomes.jsonl").open("ab") as torn:
            torn.write(b'{"example_id":"e9')
        html = bench.run(one.id)
        assert "10 of at most 20 trials" in html
        counts = dict(re.findall(r'data-count="([^"]+)">(\d+)<', html))
        assert counts == {"broken": "3", "robust": "4", "wrong": "2", "not judged": "1", "not begun": "10"}
        assert 'data-live="2"' in html
    (one,) = bench.runs()
    assert (one.verdict, one.live) == ("not finished", False)
    assert any("It stopped after" in said for said in one.problems)


def test_a_cascade_under_way_expects_no_trial_of_what_is_broken(make_manifest: Any, make_outcome: Any, tmp_path: Path) -> None:
    made = [
        make_outcome("e1", "pruthi", "succeeded"),
        make_outcome("e2", "pruthi", "failed"),
        make_outcome("e2", "pwws", "failed"),
    ]
    with RunWriter.create(tmp_path / "live", make_manifest(("pruthi", "pwws"), examples=3, cascade=True)) as writer:
        writer.append_many(made)
        bench = Bench(tmp_path, served=True)
        assert "3 of at most 5 trials" in bench.run(bench.runs()[0].id)


def test_a_damaged_line_of_a_run_under_way_is_said(make_manifest: Any, make_outcome: Any, tmp_path: Path) -> None:
    with RunWriter.create(tmp_path / "live", make_manifest(examples=3)) as writer:
        writer.append(make_outcome())
        with (tmp_path / "live" / "outcomes.jsonl").open("ab") as stream:
            stream.write(b"not json\n")
        writer.append(make_outcome("e2"))
        bench = Bench(tmp_path, served=True)
        html = bench.run(bench.runs()[0].id)
        assert "line 2: not an outcome" in html
        assert "2 of at most 3 trials" in html


@pytest.fixture
def versions(make_run: Make, make_counted: Any, make_manifest: Any) -> list[Run]:
    """Three versions of one victim on the same question, the last one worse, and one run of another question."""
    made = []
    for at, broken in enumerate((20, 20, 50)):
        victim = {**make_manifest().victim, "name": "hf:model", "identity": {"weights": f"w{at}"}}
        outcomes = make_counted(failed=100 - broken, succeeded=broken)
        made.append(make_run(outcomes, victim=victim, policy=POLICY, created=f"2025-0{at + 1}-01T00:00:00+00:00"))
    other = {**make_manifest().victim, "name": "hf:model", "identity": {"weights": "w2"}}
    made.append(make_run(make_counted("pwws", failed=40), victim=other, comparability={"data": "d2"}, created="2025-04-01"))
    for run in made:
        render_all(run)
    return made


def test_runs_of_one_question_are_paired_and_others_say_why_not(versions: list[Run]) -> None:
    bench = Bench(versions[0].path.parent, served=True)
    ids = [listed(run).id for run in versions]
    html = bench.together(ids)
    assert re.findall(r'<span class="sub">the base</span>', html)
    assert html.index(versions[0].path.name) < html.index(versions[2].path.name), "the oldest is the base"
    section = html[html.index('id="paired"') : html.index('id="shared"')]
    assert section.count("Regressed") == 1
    assert section.count("Not comparable") == 1
    assert "data: d1 in the base, d2 in the candidate" in section
    assert "30 of 100" in html.split('id="shared-title">')[1].split("</h2>")[0]
    changed = failure_anchor("deepwordbug", "e00050")
    assert f'href="run/{ids[2]}.html#{changed}"' in html
    assert bench.together(ids, base=ids[2]).index(f"run/{ids[2]}.html") < bench.together(ids, base=ids[2]).index(
        f"run/{ids[0]}.html"
    )


def test_runs_that_share_a_part_are_paired_on_it(make_run: Make, make_counted: Any) -> None:
    one, other = make_counted(failed=40), make_counted("pwws", failed=40)
    record: dict[str, Any] = {"data": "d1", "budget": 500}
    names = ({"name": "deepwordbug"}, {"name": "pwws"})
    base = make_run([*one, *other], comparability={**record, "recipes": list(names)})
    candidate = make_run(one[:30], comparability={**record, "recipes": [names[0]]}, created="2026-01-01")
    for run in (base, candidate):
        render_all(run)
    html = Bench(base.path.parent, served=True).together([listed(run).id for run in (base, candidate)])
    assert "on what both runs share: 30 of the base" in html
    assert 'id="shared"' not in html, "examples side by side need the whole of both"


def test_a_run_that_cannot_be_trusted_is_no_pass_side_by_side(versions: list[Run]) -> None:
    (versions[1].path / "seal.json").unlink()
    _shorten(versions[2].path)
    bench = Bench(versions[0].path.parent, served=True)
    html = bench.together([listed(run).id for run in versions[:3]])
    section = html[html.index('id="paired"') : html.index('id="settings"')]
    assert "tone-passed" not in section.split('id="shared"')[0]
    assert "no seal.json" in section
    assert "not as its run left it" in section
    with pytest.raises(NoSuchPageError, match="two to 8"):
        bench.together([listed(versions[0]).id])


def test_unlike_tasks_and_unfinished_runs_can_stand_side_by_side(make_run: Make, make_counted: Any) -> None:
    one = make_run(make_counted(failed=3))
    other = make_run(make_counted(failed=2), task="translation", finished=False, examples=9)
    empty = make_run([])
    html = Bench(one.path.parent, served=True).together([listed(run).id for run in (one, other, empty)])
    assert "It stopped after 2 trials" in html


def test_the_history_joins_only_runs_of_one_question(versions: list[Run]) -> None:
    (versions[1].path / "seal.json").unlink()
    bench = Bench(versions[0].path.parent, served=False)
    html = bench.victim(listed(versions[0]).victim_id)
    lines = re.findall(r'<polyline class="line" points="([^"]*)"', html)
    assert sorted(len(points.split()) for points in lines) == [1, 2]
    assert "<b>1</b> of 4 is not drawn" in html
    assert "<b>3</b> versions, by hash" in html
    assert html.count('class="span" x1=') - html.count('<line class="span" x1="2"') == 3


def test_a_victim_without_identity_or_numbers_has_a_history(make_run: Make) -> None:
    run = make_run([], victim={"name": "", "labels": ["a", "b"]})
    render_all(run)
    assert "no name" in Bench(run.path.parent, served=False).victim(listed(run).victim_id)


def test_hostile_names_are_escaped_on_every_page(rich_run: Run, make_run: Make, hostile_texts: tuple[str, ...]) -> None:
    payload = hostile_texts[0]
    victim = {**rich_run.manifest.victim, "name": payload, "identity": {payload: payload}}
    data = {**rich_run.manifest.data, "source": payload}
    asked = {"recipes": [payload]}
    evil = [replace(o, example_id=payload + o.example_id) for o in rich_run.outcomes]
    options: dict[str, Any] = {"victim": victim, "data": data, "created": payload, "profile": payload, "asked": asked}
    runs = [make_run(evil, **options, goal=payload), make_run(evil[:6], **options, goal=payload, finished=False)]
    shutil.copytree(rich_run.path, rich_run.path.parent / "<img src=x onerror=alert(1)>")
    render_all(runs[0])
    bench = Bench(rich_run.path.parent, served=True)
    ids = [one.id for one in bench.runs()]
    pages = [bench.index(), *map(bench.run, ids), *(bench.victim(one.victim_id) for one in bench.runs()), bench.together(ids)]
    for html in pages:
        assert not re.search(r"<(img|svg onload|script>window)", html)
        assert "\u202e" not in html
