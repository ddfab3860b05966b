"""``robustness compare`` as a user types it, on runs that the audit wrote, damaged ones among them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.render.comparison.files import COMPARED_FILES
from robustness.cli import main

WORDS = ("great", "awful", "warm", "dull", "fine", "flat", "clever", "lazy")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of the keyword victim, of one that errs on some texts, on other data, and with another budget."""
    folder = tmp_path_factory.mktemp("runs")
    _write(folder / "data.csv", "film")
    _write(folder / "other.csv", "book")
    _audit(folder, "base")
    _audit(folder, "same")
    _audit(folder, "errs", victim="scripted:raising:plot 1")
    (folder / "elsewhere").mkdir()
    (folder / "other.csv").rename(folder / "elsewhere" / "data.csv")
    _audit(folder, "other", data="elsewhere/data.csv")
    _audit(folder, "budget", more=("--budget", "40"))
    return folder


def _write(path: Path, noun: str) -> None:
    with path.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("text", "label", "part"))
        for i in range(240):
            word = WORDS[i % len(WORDS)]
            label = "positive" if i % 2 == 0 else "negative"
            table.writerow((f"a {word} {noun} with plot {i}", label, f"p{i % 3}"))


def _audit(
    folder: Path, name: str, *, victim: str = "scripted:keyword", data: str = "data.csv", more: tuple[str, ...] = ()
) -> None:
    common = ("--recipes", "deepwordbug,pruthi", "--encoder", "none", "-q", *more)
    main(["audit", "--victim", victim, "--data", str(folder / data), "--out", str(folder / name), *common])


def test_a_victim_against_itself(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(runs / "base"), str(runs / "same")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("NO EVIDENCE OF A REGRESSION")
    assert "both runs audited the same victim" in said
    assert main(["compare", str(runs / "base"), str(runs / "same"), "--max-regression", "0.5pt", "-q"]) == 3
    assert capsys.readouterr().out.startswith(
        "INCONCLUSIVE: a regression of robust accuracy larger than 0.5 points is not excluded"
    )


def test_a_doctored_candidate_regresses_and_the_other_way_round_improves(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from reports.run.store import RunWriter, load_run

    base = load_run(runs / "base")
    strong = [_held(o) if o.status == "succeeded" and i % 2 else o for i, o in enumerate(base.outcomes)]
    with RunWriter.create(tmp_path / "strong", base.manifest) as writer:
        writer.append_many(strong)
        writer.finish()
    there, back = str(tmp_path / "strong"), str(runs / "base")
    assert main(["compare", back, there, "--json"]) == 0
    improved = json.loads(capsys.readouterr().out)
    assert improved["verdict"] == "improved"
    assert main(["compare", there, back, "--json", "--out", str(tmp_path / "out")]) == 1
    regressed = json.loads(capsys.readouterr().out)
    assert regressed["verdict"] == "regressed"
    assert len(regressed["newly_broken"]) == len(improved["newly_fixed"]) > 0
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == regressed
    assert {p.name for p in (tmp_path / "out").iterdir()} == set(COMPARED_FILES)


def _held(outcome: Any) -> Any:
    from dataclasses import replace

    return replace(outcome, status="failed", best=outcome.clean)


@pytest.mark.parametrize(
    ("candidate", "word", "reason"),
    [
        ("other", "NOT COMPARABLE", "data: "),  # the same file name, other rows in it
        ("budget", "NOT COMPARABLE", "budget: 500 in the base, 40 in the candidate"),
        ("errs", "INCONCLUSIVE", "1 % allowed"),
    ],
)
def test_what_cannot_be_judged_exits_with_3(
    candidate: str, word: str, reason: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(runs / "base"), str(runs / candidate), "-q"]) == 3
    said = capsys.readouterr().out
    assert said.startswith(word)
    assert reason in said
    assert main(["compare", str(runs / candidate), str(runs / "base"), "-q"]) == 3


def _edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        file = folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    return edit


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (_edit("outcomes.jsonl", '"status":"succeeded"', '"status":"failed"'), 2, "lines that were edited"),
        (lambda p: (p / "outcomes.jsonl").write_bytes((p / "outcomes.jsonl").read_bytes()[:-30]), 2, "not an outcome"),
        (lambda p: (p / "outcomes.jsonl").write_bytes(b""), 2, "0 outcomes, not 480"),
        (_edit("run.json", '"schema": 2', '"schema": 0'), 2, "reads schema 2"),
        (_edit("run.json", '"finished": true', '"finished": false'), 3, "the candidate run: the run is not finished"),
        (_edit("run.json", '"comparability_id": "', '"comparability_id": "0'), 3, "NOT COMPARABLE"),
        (lambda p: (p / "run.json").unlink(), 2, "no run.json"),
    ],
    ids=["edited outcomes", "truncated", "emptied", "older schema", "unfinished", "edited record", "no manifest"],
)
def test_a_damaged_run_never_passes(
    damage: Callable[[Path], Any], code: int, said: str, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    shutil.copytree(runs / "same", tmp_path / "run")
    (tmp_path / "run" / "seal.json").unlink()  # with it, every edit of run.json is refused at once
    damage(tmp_path / "run")
    assert main(["compare", str(runs / "base"), str(tmp_path / "run"), "-q"]) == code
    out, err = capsys.readouterr()
    assert said in out + err
    assert main(["compare", str(tmp_path / "run"), str(runs / "base"), "-q"]) == code


def test_no_earlier_verdict_is_left_where_there_is_none(runs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["compare", str(runs / "base"), str(runs / "same"), "--out", str(out), "-q"]) == 0
    assert (out / "comparison.xml").exists()
    (out / "notes.txt").write_text("mine")
    assert main(["compare", str(runs / "base"), str(tmp_path / "nowhere"), "--out", str(out), "-q"]) == 2
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--max-regression", "2"), "flags: compare.max_regression: expected percentage points"),
        (("--max-regression", "100%"), "flags: compare.max_regression: Input should be less than 1"),
        (("--max-error-rate", "x"), "flags: compare.max_error_rate: expected a share"),
        (("--confidence", "40%"), "flags: compare.confidence: Input should be greater than or equal to 0.5"),
        (("--policy", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_bad_flags_are_named(flags: tuple[str, ...], said: str, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(runs / "base"), str(runs / "same"), *flags]) == 2
    assert said in capsys.readouterr().err


def test_the_policy_sets_the_margin_and_a_flag_beats_it(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("robustness.toml").write_text('[compare]\nmax_regression = "0.5pt"\n')
    pair = ["compare", str(runs / "base"), str(runs / "same"), "-q"]
    assert main(pair) == 3
    assert main([*pair, "--max-regression", "2pt"]) == 0
    Path("robustness.toml").write_text("[compare]\nmax_regresion = 0.1\n")
    capsys.readouterr()
    assert main(pair) == 2
    assert "did you mean max_regression?" in capsys.readouterr().err


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--help"]) == 0
    assert "Example: robustness compare" in " ".join(capsys.readouterr().out.split())
