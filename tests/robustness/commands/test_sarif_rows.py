"""SARIF points at the row of the user's data file: of each text format, from any folder; and says so where there is no row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from robustness.cli import main

Faults = Callable[[str], list[str]]
CSV = """
text,label,note
"a great
film, number 1",positive,"two
lines"

a dull film,negative,""
"charming ""and"" fun",positive,x
"weak,

lazy and slow",negative,
a great and moving film,positive,
"""
TSV = "text\tlabel\na dull film\tnegative\n\nboring and slow\tnegative\ncharming and fun\tpositive\n"
JSONL = (
    '{"text": "a weak\\nfilm", "label": "negative"}\n\n{"text": "a dull film", "label": "negative"}\n'
    '{"text": "charming and fun", "label": "positive"}\n'
)
JSON = json.dumps([json.loads(line) for line in JSONL.splitlines() if line])
SCHEMES = {"films.csv": CSV, "films.tsv": TSV, "films.jsonl": JSONL}


def audit(data: str, out: str = "run", *more: str) -> None:
    flags = ("--recipes", "deepwordbug", "--encoder", "none", "--budget", "60", "--no-github", "-q")
    assert main(["audit", "--victim", "scripted:keyword", "--data", data, "--out", out, *flags, *more]) == 0


def sarif(faults: Faults, path: str = "run/findings.sarif") -> dict[str, Any]:
    text = Path(path).read_text("ascii")
    assert faults(text) == []
    found: dict[str, Any] = json.loads(text)["runs"][0]
    return found


def places(run: dict[str, Any]) -> set[tuple[str, str]]:
    where = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run["results"]]
    return {(one["uriBaseId"], unquote(one["uri"])) for one in where}


def first_lines(run: dict[str, Any], data: Path, folder: Path = Path("run")) -> list[tuple[str, str]]:
    """Of each result: the attacked text up to its first line break, and the line of the data file that it points to."""
    lines = data.read_text("utf-8").split("\n")
    cases = [json.loads(line) for line in (folder / "failures.jsonl").read_text("ascii").splitlines()]
    found = []
    for result in run["results"]:
        related = result["relatedLocations"][0]["physicalLocation"]
        text = cases[related["region"]["startLine"] - 1]["texts"]["text"].split("\n")[0]
        found.append((text, lines[result["locations"][0]["physicalLocation"]["region"]["startLine"] - 1]))
    return found


@pytest.mark.parametrize("name", SCHEMES)
def test_a_result_points_at_the_row_where_its_text_begins(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sarif_faults: Faults
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(SCHEMES[name], encoding="utf-8")
    audit(name)
    run = sarif(sarif_faults)
    assert places(run) == {("%SRCROOT%", name)}
    pairs = first_lines(run, Path(name))
    assert len(pairs) >= 2
    for text, line in pairs:
        assert json.dumps(text)[1:-1] in line or text.replace('"', '""') in line
    assert "dull" not in json.dumps(run["results"])


def test_the_file_is_named_from_the_root_of_the_repository_and_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sarif_faults: Faults
) -> None:
    folder = tmp_path / "model: größe 1"
    folder.mkdir()
    (tmp_path / ".git").mkdir()
    (folder / "films.csv").write_text(CSV)
    (tmp_path / "above.csv").write_text(CSV)
    monkeypatch.chdir(folder)
    for n, data in enumerate(("films.csv", str(folder / "films.csv"), "../above.csv")):
        audit(data, f"run{n}")
        run = sarif(sarif_faults, f"run{n}/findings.sarif")
        assert places(run) == {("%SRCROOT%", "above.csv" if "above" in data else "model: größe 1/films.csv")}
        uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert not {" ", ":"} & set(uri)


def test_a_checkout_below_the_working_folder_is_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sarif_faults: Faults
) -> None:
    (tmp_path / "checkout" / ".git").mkdir(parents=True)
    (tmp_path / "checkout" / "films.csv").write_text(CSV)
    monkeypatch.chdir(tmp_path)
    audit("checkout/films.csv")
    assert places(sarif(sarif_faults)) == {("%SRCROOT%", "films.csv")}


@pytest.mark.parametrize("source", ["outside", "json"])
def test_without_rows_a_result_points_to_the_run_and_the_file_says_why(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sarif_faults: Faults
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    data = "../films.csv" if source == "outside" else "films.json"
    Path(data).write_text(CSV if source == "outside" else JSON)
    audit(data)
    run = sarif(sarif_faults)
    assert places(run) == {("RUN", "failures.jsonl")}
    notes = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("the examples have no lines in a file of the repository" in note for note in notes)
    assert str(tmp_path) not in json.dumps(run)


def test_traps_that_the_product_brings_have_no_row_in_the_user_s_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sarif_faults: Faults
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("films.csv").write_text(CSV)
    audit("films.csv", "run", "--traps", "builtin:negative")
    head, *rows = Path("run/rows.jsonl").read_text().splitlines(keepends=True)
    assert json.loads(head) == {"file": "films.csv"}
    assert not any(json.loads(row)[0].startswith("trap-") for row in rows)
    broken = json.loads(Path("run/failures.jsonl").read_text().splitlines()[0])["example_id"]
    Path("run/rows.jsonl").write_text("".join([head, *(row for row in rows if json.loads(row)[0] != broken)]))
    Path("run/seal.json").unlink()
    assert main(["report", "run", "-q"]) == 0
    assert places(sarif(sarif_faults)) == {("%SRCROOT%", "films.csv"), ("RUN", "failures.jsonl")}


def test_rows_are_sealed_stay_with_a_resume_and_damage_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("films.csv").write_text(CSV)
    audit("films.csv")
    before = Path("run/rows.jsonl").read_bytes()
    head, blank, *rest = CSV.split("\n", 2)
    Path("films.csv").write_text(f"{head}\n\n\n{blank}\n{rest[0]}")
    audit("films.csv", "run", "--resume")
    assert Path("run/rows.jsonl").read_bytes() == before
    Path("run/rows.jsonl").write_text('{"file": "films.csv"}\n["e", 0')
    assert main(["verify", "run", "-q"]) == 1
    assert main(["report", "run", "-q"]) == 2
    Path("run/seal.json").unlink()
    assert main(["report", "run", "-q"]) == 2
    assert "rows.jsonl is damaged" in capsys.readouterr().err


def test_a_newly_broken_example_points_at_its_row_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sarif_faults: Faults
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("films.csv").write_text(CSV)
    audit("films.csv", "base", "--victim", "scripted:constant:negative")
    audit("films.csv", "head")
    assert main(["compare", "base", "head", "--out", "compared", "-q"]) in (1, 3)
    run = sarif(sarif_faults, "compared/comparison.sarif")
    assert len(run["results"]) >= 2
    assert places(run) == {("%SRCROOT%", "films.csv")}
