"""Nothing that is printed can be obeyed by a terminal or by a CI runner, garble JSON, or fail for want of a character."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from robustness.cli import COMMANDS, main
from robustness.commands.terminal import output

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "x\n::error title=pwned::\x1b]52;c;AAAA\x07 \x9b2J##[error]y\r::stop-commands::z"
FLAGS = ("--recipes", "deepwordbug", "--encoder", "none", "--budget", "20")
OBEYED = re.compile(r"(?m)^\s*::|##[a-z]*\[|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
Audit = Callable[..., int]
VICTIM = """
import os, sys
def loud(texts):
    print("::error::from the victim", *texts)
    os.write(1, b"raw bytes")
    return [[.2, .8] if "good" in text else [.7, .3] for text in texts]
loud.labels = ("negative", "positive")
def raising(texts):
    raise ValueError({message!r})
raising.labels = ("negative", "positive")
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    Path("good.csv").write_text("text,label\na good film,positive\na bad film,negative\nsuch a good story,positive\n")
    Path("v.py").write_text(VICTIM.format(message=HOSTILE))


def rows(**more: str) -> list[str]:
    texts = {"a good film": "positive", "a bad film": "negative", "one good story": "positive", "so bad a mess": "negative"}
    return [json.dumps({"text": text, "label": label, **more}) for text, label in texts.items()]


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "robustness", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, capture_output=True, env=env, check=False)


def test_only_the_writer_prints() -> None:
    """Whoever prints past ``output`` prints unguarded, so nobody does."""
    prints = re.compile(r"(?<![.\w])(print|Console)\(|\b(echo|secho|stderr\.write)\(")
    paths = [path for room in ("attacks", "reports", "robustness") for path in (ROOT / room).rglob("*.py")]
    paths = [path for path in paths if path.parent != ROOT / "robustness" / "examples"]  # programs of the user's, once copied
    found = [path.name for path in paths if prints.search(path.read_text("utf-8"))]
    assert found == ["__main__.py"]  # where other packages hide ours, the writer cannot be imported


@pytest.mark.parametrize(
    "text", ["::error::x", "a\n \t::x", "a\r::x", "\x1b[1m::x", "a ##[group]x", "##vso[task.x]", "\u2003::x"]
)
def test_no_line_begins_as_a_command_however_it_is_cut_into_writes(text: str) -> None:
    for size in (1, 2, 100):
        below = io.StringIO()
        guard = output.Guard(output._Sink(below), output._OURS)
        for at in range(0, len(text), size):
            guard.write(text[at : at + size])
        shown = re.sub(r"\x1b\[1m", "", below.getvalue())
        assert not OBEYED.search(shown.replace("\r", "\n")), (size, shown)


def test_a_workflow_command_of_our_own_passes_on_a_line_of_its_own() -> None:
    below = io.StringIO()
    guard = output.Guard(output._Sink(below), output._OURS)
    guard.write("progress")
    guard.command("::error title=a::b\n::error::c")
    assert below.getvalue() == "progress\n::error title=a::b ::error::c\n"


def test_a_label_of_the_data_reaches_stderr_inert(capsys: pytest.CaptureFixture[str]) -> None:
    Path("d.jsonl").write_text("\n".join([*rows(), json.dumps({"text": "odd", "label": HOSTILE})]))
    assert main(["audit", "--victim", "scripted:keyword", "--data", "d.jsonl", *FLAGS]) == 2
    told = capsys.readouterr()
    assert "label" in told.err
    assert not OBEYED.search(told.err + told.out)


def test_slice_values_folders_and_policy_keys_are_inert(capsys: pytest.CaptureFixture[str]) -> None:
    Path("d.jsonl").write_text("\n".join([*rows(part=HOSTILE)[:2], *rows(part="::warning::q")[2:]]))
    out = "run\n::error::folder"
    for name in ("one", out):
        main(["audit", "--victim", "scripted:keyword", "--data", "d.jsonl", *FLAGS, "--out", name])
    main(["compare", "one", out, "--out", "c\n::error::d"])
    main(["gate", out, "--min-robust-accuracy", "part=::warning::q=99%"])
    Path("robustness.toml").write_text(f"[gate]\n{json.dumps(HOSTILE)} = 1\n")
    assert main(["gate", "one"]) == 2
    main(["gate", "nowhere\n::error::x"])
    main(["verify", out])
    main(["audit", f"--limit={HOSTILE}"])
    told = capsys.readouterr()
    assert not OBEYED.search(told.out + told.err), OBEYED.findall(told.out + told.err)


def test_an_exception_of_the_victim_is_inert(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--victim", "python:v:raising", "--data", "good.csv", *FLAGS]) == 2
    assert main(["attack", "a good film", "--label", "pos", "--victim", "python:v:raising", "--encoder", "none"]) == 2
    told = capsys.readouterr()
    assert "ValueError" in told.err
    assert not OBEYED.search(told.out + told.err)


@pytest.mark.parametrize("where", [(), ("--isolate",)])
def test_json_alone_is_on_stdout_whatever_a_victim_prints(where: tuple[str, ...]) -> None:
    """Python's prints, raw descriptors and children alike; the document survives a runner that reads it too."""
    done = program("audit", "--victim", "python:v:loud", "--data", "good.csv", *FLAGS, "--json", "--out", "run", *where)
    assert json.loads(done.stdout)["folder"] == "run"
    assert done.stdout.count(b"\n") == 1
    assert b"raw bytes" in done.stderr
    assert not re.search(rb"(?m)^\s*::", done.stderr)


ERRING = {
    "audit": "--data good.csv",
    "gate": "nowhere",
    "report": "nowhere",
    "compare": "nowhere elsewhere",
    "attack": "text --label pos --victim nonsense",
    "list": "nonsense",
    "perturb": "--data nowhere.csv --out x.csv",
    "plan": "--victim nonsense --data good.csv",
    "prefetch": "none-such",
    "validate": "--victim nonsense",
    "verify": "nowhere",
    "replay": "nowhere",
    "minimise": "nowhere",
    "transfer": "nowhere --victims demo",
    "review": "nowhere",
    "certify": "nowhere",
    "explain": "nowhere",
    "harden": "--victim nonsense --eval good.csv --out hardened",
    "runs": "nowhere",
    "resume": "nowhere",
    "view": "nowhere",
    "log": "nowhere --to mlflow",
    "export": "nowhere --out x.csv",
    "init": "--yes --data nowhere.csv",
    "watch": "nowhere --once",
    "augment": "nowhere --out x.csv",
    "examples": "none-such",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_error_under_json_is_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for mistake in (ERRING[command], f"{ERRING[command]} --no-such-flag"):
        assert main([command, *mistake.split(), "--json"]) == 2
        told = json.loads(capsys.readouterr().out)
        assert told["exit_code"] == 2
        assert told["error"]["type"]
        assert told["error"]["message"]


def test_an_error_after_the_answer_takes_its_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One document, never a good answer with exit code 2: here the job summary cannot be written."""
    main(["audit", "--victim", "scripted:keyword", "--data", "good.csv", *FLAGS, "--out", "run", "-q"])
    capsys.readouterr()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/folder")
    assert main(["gate", "run", "--github", "--json"]) == 2
    assert "error" in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_every_text_has_a_spelling_in_every_encoding(encoding: str) -> None:
    """Cp1252 is what ``> file`` is on Windows; what it has, stays."""
    below = io.BytesIO()
    stream = io.TextIOWrapper(below, encoding=encoding)
    guard = output.Guard(output._Sink(stream), output._OURS)
    guard.write("1–2 −3 é → ⟨U+202E⟩ 電 \ud800 …\n")
    guard.flush()
    told = below.getvalue().decode(encoding)
    assert "é" in told or encoding == "ascii"
    assert told.startswith(("1-2", "1–2"))
    assert "<U+202E>" in told


def test_every_command_prints_on_an_ascii_stream(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What a bare container has."""
    below = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(below, encoding="ascii"))
    Path("d.jsonl").write_text("\n".join(rows(part="電影")))
    attack = ["attack", "a good film", "--label", "pos", "--victim", "scripted:keyword", "--encoder", "none"]
    audit = ["audit", "--victim", "scripted:keyword", "--data", "d.jsonl", *FLAGS, "--out"]
    lines = [[*audit, "a"], [*audit, "b"], ["compare", "a", "b"], ["transfer", "a", "--victims", "scripted:keyword"]]
    lines += [[*attack, "--recipe", "bad-characters"], ["audit", "--help"], ["minimise", "a", "--victim", "scripted:keyword"]]
    lines += [["replay", "a", "--victim", "scripted:keyword"], ["list", "recipes"], ["review", "a"], ["plan", *audit[1:-1]]]
    codes = [main(line) for line in lines]
    assert codes[:2] == [0, 0]
    assert codes[5] == codes[8] == codes[9] == 0
    assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("audit", "--help"), ("list", "recipes", "--json")])
def test_a_reader_who_goes_away_is_no_error(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "robustness", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=env, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_answer_that_cannot_be_written_is_an_error() -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "robustness", "list", "victims", "--json"]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
        )
    assert done.returncode == 2
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def test_tab_completion_is_quiet() -> None:
    asked = {"COMP_WORDS": "robustness audit --vi", "COMP_CWORD": "2", "_ROBUSTNESS_COMPLETE": "complete_bash"}
    code = "import sys; sys.argv[0] = 'robustness'; from robustness.cli import run; run()"
    env = {**os.environ, "PYTHONPATH": str(ROOT), **asked}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.split() == [b"--victim", b"--victim-timeout"]
    shown = program("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")  # else the shell is make's
    assert (shown.returncode, shown.stderr) == (0, b"")
