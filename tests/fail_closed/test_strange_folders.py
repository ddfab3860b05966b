"""Run folders with strange content end in a sentence and a code, never in a wrong verdict or an internal error."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.files import exact
from reports.files.exact import canonical
from reports.measures.slices import find_slice, in_slice
from reports.render import render_all
from reports.run import Judged, Manifest, Outcome, RunError, Rung
from reports.run.cases import read_cases
from reports.run.minimised import MINIMAL, Minimal, read_minimised, write_minimised
from reports.run.seal import drop_seal
from reports.run.store import RunWriter, load_run
from robustness.cli import main

ROOT = Path(__file__).resolve().parents[2]
APART, EMOJI = "a\ud83d\ude00b", "a\U0001f600b"
VICTIM = {"name": "v", "kind": "scripted", "labels": ["x", "y"], "fields": ["text"], "access": "scores"}


def _write(folder: Path, *outcomes: Outcome) -> Path:
    manifest = Manifest(
        "now", {}, 0, "strict", None, False, len(outcomes), VICTIM, {"source": "s", "digest": "d"}, ({"name": "r"},)
    )
    with RunWriter.create(folder, manifest) as writer:
        writer.append_many(outcomes)
        writer.finish()
    return folder


def _broken(name: str, text: str, **more: Any) -> Outcome:
    right, wrong = Judged("x", (0.9, 0.1)), Judged("y", (0.1, 0.9))
    return Outcome(name, "r", "succeeded", "x", "text", {"text": text}, right, wrong, perturbed=text + "!", queries=2, **more)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    _write(tmp_path / "run", _broken("1", "one"), _broken("2", "two"))
    render_all(load_run("run"))
    return tmp_path / "run"


def test_the_halves_of_a_pair_come_back_as_two_code_points(tmp_path: Path) -> None:
    """And what they would spell comes back as one, in the same line, in the log, in failures.jsonl and in minimised.jsonl."""
    outcome = _broken("1", APART + EMOJI, meta={"part": EMOJI}, ladder=(Rung(1, "y", False, APART),))
    assert Outcome.from_json(outcome.to_json()) == outcome
    assert outcome.to_json().isascii()
    folder = _write(tmp_path / "run", outcome)
    run = load_run(folder)
    assert run.outcomes == (outcome,)
    render_all(run)
    assert [dict(case.texts) for case in read_cases(folder)] == [{"text": APART + EMOJI}]
    write_minimised(folder / "m.jsonl", [Minimal("1", "r", "x", MINIMAL, 1, perturbed=APART)])
    assert read_minimised(folder / "m.jsonl")[0].perturbed == APART
    assert exact.loads('{"texts": {"code points": [1, 2]}}') == {"texts": {"code points": [1, 2]}}, "a column of that name"


def test_the_halves_of_a_pair_have_a_cache_key_of_their_own() -> None:
    assert canonical([APART]) != canonical([EMOJI])


STRANGE_NUMBERS = {
    '"queries":2': ['"queries":-1', '"queries":1e999', f'"queries":{"9" * 4000}'],
    '"similarity":null': ['"similarity":1e999', f'"similarity":{"9" * 4000}'],
    '"scores":[0.9,0.1]': ['"scores":[1e999,0.1]', '"scores":[-1e999,0.1]'],
    '"meta":{}': ['"meta":{"a":1e999}', f'"meta":{{"a":{"9" * 4000}}}'],
}


@pytest.mark.parametrize("number", [new for many in STRANGE_NUMBERS.values() for new in many], ids=lambda number: number[:24])
def test_numbers_that_cannot_be_are_no_outcome(number: str) -> None:
    old = next(old for old, many in STRANGE_NUMBERS.items() if number in many)
    line = _broken("1", "one").to_json()
    assert old in line
    with pytest.raises(ValueError, match="cannot be"):
        Outcome.from_json(line.replace(old, number))


STRANGE_MANIFESTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no victim": lambda raw: raw.update(victim={}),
    "labels that are no list": lambda raw: raw["victim"].update(labels="xy"),
    "labels that are no texts": lambda raw: raw["victim"].update(labels=[1, 2]),
    "no labels": lambda raw: raw["victim"].update(labels=[]),
    "a name that is none": lambda raw: raw["victim"].update(name=["v"]),
    "a source that is none": lambda raw: raw["data"].update(source=3),
    "a number of examples below none": lambda raw: raw.update(examples=-1),
    "a seed of 4000 digits": lambda raw: raw.update(seed=int("9" * 4000)),
    "a time that is none": lambda raw: raw.update(usage={"wall_seconds": "long"}),
    "a time for ever": lambda raw: raw.update(usage={"wall_seconds": 1e300}),
    "a message that is none": lambda raw: raw.update(flags=[{"code": "errors", "message": {"a": 1}}]),
    "versions that are none": lambda raw: raw.update(versions={"torch": [2]}),
}


@pytest.mark.parametrize("how", STRANGE_MANIFESTS)
def test_a_strange_manifest_is_refused_in_a_sentence(how: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drop_seal(run)
    raw = json.loads((run / "run.json").read_text())
    STRANGE_MANIFESTS[how](raw)
    (run / "run.json").write_text(json.dumps(raw))
    for command in (["report", "run"], ["gate", "run", "--min-robust-accuracy", "1%"], ["review", "run"]):
        assert main(command) == 2
    told = capsys.readouterr().err
    assert "run.json cannot be read" in told
    assert "internal error" not in told


def test_links_in_a_sealed_folder_are_added_files(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "folder").symlink_to(run.parent)
    (run / "nowhere").symlink_to(run / "none")
    assert main(["verify", "run"]) == 1
    told = capsys.readouterr()
    assert "added    folder" in told.out
    assert "added    nowhere" in told.out
    assert told.err == ""


def test_a_file_swapped_for_a_link_to_its_like_is_changed(run: Path) -> None:
    (run / "report.md").rename(run.parent / "copy.md")
    (run / "report.md").symlink_to(run.parent / "copy.md")
    assert main(["verify", "run", "-q"]) == 1


def test_an_out_that_is_a_dangling_link_is_refused_in_a_sentence(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").symlink_to("nowhere")
    Path("d.csv").write_text("text,label\na good film,positive\na bad film,negative\n")
    audit = ["audit", "--victim", "scripted:keyword", "--data", "d.csv", "--recipes", "deepwordbug", "--encoder", "none"]
    assert main([*audit, "--out", "out"]) == 2
    assert "is a link to nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_is_named(
    number: int, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number), "run/report.html")

    monkeypatch.setattr("reports.render.render_all", full)
    assert main(["report", "run"]) == 2
    told = capsys.readouterr().err
    assert f"run/report.html cannot be written: {os.strerror(number)}" in told
    assert "--resume" in told
    assert "internal error" not in told


def test_a_slice_that_can_be_read_in_two_ways_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = _broken("1", "one", meta={"a": "b=c", "d=e": "f"}), _broken("2", "two", meta={"a=b": "c"})
    run = load_run(_write(tmp_path / "run", one, two))
    with pytest.raises(RunError, match="can be read as"):
        find_slice(run, "a=b=c")
    found = find_slice(run, "d=e=f")
    assert found is not None
    assert (found.column, found.value) == ("d=e", "f")
    assert in_slice(one, "d=e=f")
    assert not in_slice(two, "d=e=f")
    assert main(["gate", "run", "--min-robust-accuracy", "a=b=c=1%"]) == 2


def test_every_shipped_data_file_is_named_in_notice() -> None:
    """With where it comes from; page templates are named by their folder."""
    notice = (ROOT / "NOTICE").read_text("utf-8")
    shipped = [path for room in ("attacks", "reports", "robustness") for path in (ROOT / room).rglob("*") if path.is_file()]
    names = [
        path.relative_to(ROOT).as_posix() for path in shipped if path.suffix not in (".py", ".pyc") and path.name != "py.typed"
    ]
    by_folder = "reports/render/templates"
    unnamed = [name for name in names if name not in notice and not name.startswith(f"{by_folder}/")]
    assert unnamed == []
    assert by_folder in notice


def test_no_page_installs_an_unclaimed_name() -> None:
    """The action and the pages for CI install a checkout; an index has under the bare name whatever somebody put there."""
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    assert action["inputs"]["package"]["default"] == "own"
    for page in ("action.yml", "docs/ci.md", *(f"docs/ci-templates/{name}" for name in ("gitlab-ci.yml", "Jenkinsfile"))):
        installs = [line for line in (ROOT / page).read_text("utf-8").splitlines() if "robustness-suite[" in line]
        assert all("./robustness-suite[" in line for line in installs), page
