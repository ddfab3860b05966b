"""The program as a user types it: every command on shipped fakes, exit codes, clean stdout."""

from __future__ import annotations

import csv
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from robustness.cli import app, main

ROWS = [
    ("a great and moving film", "positive"),
    ("a fine story with strong actors", "positive"),
    ("charming , clever and fun", "positive"),
    ("a dull and boring mess", "negative"),
    ("weak , lazy and far too slow", "negative"),
    ("the worst film , a waste", "negative"),
    ("a pleasant surprise", "positive"),
    ("predictable and flat", "negative"),
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    path = tmp_path / "data.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("text", "label", "part"), *((t, lab, f"p{i % 2}") for i, (t, lab) in enumerate(ROWS))])
    return path


def audit(data: Path, *more: str, victim: str = "scripted:keyword", recipes: str = "deepwordbug", out: str = "run") -> int:
    common = ("--recipes", recipes, "--out", out, "--encoder", "none")
    return main(["audit", "--victim", victim, "--data", str(data), *common, *more])


def test_an_audit_writes_every_report(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(data) == 0
    out, err = capsys.readouterr()
    assert "robust accuracy" in out
    assert "audit" in err
    assert "audit ━" not in out
    names = {p.name for p in Path("run").iterdir()}
    assert names == {
        "run.json", "outcomes.jsonl", "failures.jsonl", "failures.csv", "summary.json", "report.html", "report.md", "junit.xml",
        "findings.sarif", "rows.jsonl", "seal.json",
    }  # fmt: skip


def test_json_is_the_only_thing_on_stdout(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(data, "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["folder"] == "run"
    assert err == ""


def test_a_threshold_that_is_broken_exits_with_1(data: Path) -> None:
    assert audit(data, "--min-robust-accuracy", "99%", "-q") == 1


def test_a_threshold_that_holds_exits_with_0(data: Path) -> None:
    assert audit(data, "--min-robust-accuracy", "1%", "-q", victim="scripted:constant", recipes="natural:word-drop") in (0, 3)
    sure = ["--min-examples", "1", "--accept-flags", "near-chance,constant,one-label"]
    assert main(["gate", "run", "--min-robust-accuracy", "1%", "-q", *sure]) == 0


def test_too_few_examples_are_inconclusive(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(data, "--min-robust-accuracy", "30%", "--min-examples", "5000", "-q") in (1, 3)
    assert main(["gate", "run", "--min-examples", "5000", "-q"]) == 3


def test_gate_and_report_need_the_folder_alone(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit(data, "-q")
    before = Path("run/report.md").read_text()
    Path("run/report.md").unlink()
    data.unlink()
    assert main(["report", "run"]) == 0
    assert Path("run/report.md").read_text() == before
    capsys.readouterr()
    assert main(["gate", "run", "--json"]) == 3  # nothing was asked for, so nothing passed
    assert json.loads(capsys.readouterr().out)["exit_code"] == 3


def test_a_run_is_not_overwritten_and_resumes_as_finished(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit(data, "-q")
    before = Path("run/outcomes.jsonl").read_bytes()
    assert audit(data, "-q") == 2
    assert "already holds a run" in capsys.readouterr().err
    assert audit(data, "-q", "--resume") == 0
    assert Path("run/outcomes.jsonl").read_bytes() == before


def test_resume_refuses_another_run(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit(data, "-q")
    assert audit(data, "-q", "--resume", "--seed", "9") == 2
    assert "seed" in capsys.readouterr().err


def test_a_wildcard_victim_that_raises_ends_in_errors_that_fail(data: Path) -> None:
    assert audit(data, "-q", victim="scripted:raising:dull") == 1
    statuses = [json.loads(line)["status"] for line in Path("run/outcomes.jsonl").read_text().splitlines()]
    assert statuses.count("error") == 1


def test_a_victim_that_answers_nothing_is_refused_before_the_run(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(data, "-q", victim="scripted:nan-scores") == 2
    assert "not finite" in capsys.readouterr().err
    assert not Path("run").exists()


def test_a_hanging_victim_is_an_error(data: Path) -> None:
    assert audit(data, "-q", "--victim-timeout", "0.3", victim="scripted:hanging:dull") == 1


def test_doubts_are_reported_and_can_be_fatal(data: Path) -> None:
    assert audit(data, "-q", victim="scripted:hard-label") == 0
    flags = {flag["code"] for flag in json.loads(Path("run/run.json").read_text())["flags"]}
    assert "label-only" in flags
    assert main(["gate", "run", "--fatal-flags", "label-only", "-q"]) == 1


def test_an_unknown_fatal_flag_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(data, "-q", "--fatal-flags", "label-onyl") == 2
    assert "label-only" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("victim", "code"),
    [("scripted:noisy", "nondeterministic"), ("scripted:logits", "not-probabilities"), ("scripted:rounded:1", "rounded-scores"),
     ("scripted:constant", "near-chance"), ("scripted:flaky:5", "unreliable")],
)  # fmt: skip
def test_odd_victims_raise_their_flag(data: Path, victim: str, code: str) -> None:
    audit(data, "-q", victim=victim)
    assert code in {flag["code"] for flag in json.loads(Path("run/run.json").read_text())["flags"]}


def test_scores_that_do_not_sum_to_one_are_not_softmaxed(data: Path) -> None:
    audit(data, "-q", victim="scripted:logits")
    scores = [json.loads(line)["clean"]["scores"] for line in Path("run/outcomes.jsonl").read_text().splitlines()]
    assert all(abs(sum(row) - 1) > 0.01 for row in scores)


def test_validate_attacks_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--victim", "scripted:keyword", "--data", str(data), "--recipes", "pwws", "--encoder", "none"]) == 0
    assert "ready to audit" in capsys.readouterr().out
    assert not Path("runs").exists()


@pytest.mark.parametrize("kind", ["recipes", "transformations", "constraints", "victims"])
def test_lists_name_everything(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) > 4
    assert all(row["name"] for row in rows)
    assert main(["list", kind]) == 0


def test_attack_shows_the_diff_and_exits_by_who_won(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["attack", "a dull film", "--label", "neg", "--recipe", "deepwordbug", "--encoder", "none", "-q"]
    assert main([*args, "--victim", "scripted:keyword"]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"broken after \d+ queries", shown)
    assert re.search(r"a \[-dull-\]\{\+[^ ]+\+\} film", shown), "without colour the edit is bracketed"
    assert main([*args, "--victim", "scripted:constant:negative"]) == 0
    assert main(["attack", "a dull film", "--label", "pos", "--encoder", "none", "-q", "--victim", "scripted:keyword"]) == 3
    assert main(["attack", "a film", "--label", "maybe", "--encoder", "none", "--victim", "scripted:keyword"]) == 2


def test_perturbed_texts_scored_elsewhere_replay_to_the_same_outcomes(data: Path) -> None:
    from robustness.victims import load_victim

    assert main(["perturb", "--data", str(data), "--recipes", "natural", "--out", "to-score.csv"]) == 0
    with Path("to-score.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    scores = load_victim("scripted:keyword").predict([(row["text"],) for row in rows])
    with Path("scored.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "score_negative", "score_positive"])
        writer.writerows([row["text"], *map(repr, map(float, s))] for row, s in zip(rows, scores, strict=True))
    assert audit(data, "-q", recipes="natural", out="called") == 0
    assert audit(data, "-q", recipes="natural", out="replayed", victim="predictions:scored.csv") == 0
    called, replayed = (sorted(Path(name, "outcomes.jsonl").read_text().splitlines()) for name in ("called", "replayed"))
    assert replayed == called


def test_guided_recipes_cannot_be_written_to_a_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["perturb", "--data", str(data), "--recipes", "pwws", "--out", "x.csv"]) == 2
    assert "pwws" in capsys.readouterr().err


def test_offline_refuses_the_network(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "phones_home.py").write_text(
        "import socket\n\ndef ask(texts):\n    socket.create_connection(('192.0.2.1', 80), timeout=1)\n\n"
        "ask.labels = ['negative', 'positive']\n"
    )
    assert audit(data, "-q", "--offline", victim="python:phones_home:ask") == 2
    assert "--offline forbids the network" in capsys.readouterr().err


def test_defaults_come_from_the_policy_file_and_flags_beat_them(data: Path) -> None:
    Path("robustness.toml").write_text(
        '[audit]\nvictim = "scripted:keyword"\ndata = "data.csv"\nrecipes = ["natural:word-drop"]\nencoder = "none"\nseed = 3\n'
        '[gate]\nmin_robust_accuracy = "99%"\n'
    )
    assert main(["audit", "--out", "one", "-q"]) in (1, 3)
    assert main(["audit", "--out", "two", "--seed", "4", "--min-robust-accuracy", "1%", "-q"]) in (1, 3)
    seeds = [json.loads(Path(name, "run.json").read_text())["seed"] for name in ("one", "two")]
    assert seeds == [3, 4]


@pytest.mark.parametrize("argv", [["audit", "--no-such-flag"], ["no-such-command"], ["audit", "--limit", "many"], ["gate"]])
def test_wrong_usage_exits_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().err


def test_help_starts_quickly() -> None:
    """Best of five whole processes: the program's help costs under half a second of processor time."""
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "robustness", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.5


@pytest.mark.parametrize("command", [command.name for command in app.registered_commands])
def test_every_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "Example: robustness" in capsys.readouterr().out
