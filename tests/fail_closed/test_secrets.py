"""Keys of the environment are in no file and no log, whatever a victim's exception quotes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.files.secrets import redact, redact_all
from reports.run import Manifest, Outcome
from reports.run.store import RunWriter, load_run
from robustness.cli import main
from robustness.errors import VictimError, cut

KEY = "sk-live-51H8x+Q/z=9"
VICTIM = """
import os, sys
from urllib.parse import quote
def ask(texts):
    key = os.environ["MY_API_KEY"]
    print("asking with", key)
    print("asking with", key, file=sys.stderr)
    if any("dull" in text for text in texts):
        raise RuntimeError(f"401 for http://example.invalid/v1?api_key={key}&q=1 or {quote(key, safe='')} or {key!r}" + "x" * 400)
    return [[.2, .8] if "good" in text else [.7, .3] for text in texts]
ask.labels = ("negative", "positive")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MY_API_KEY", KEY)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    (tmp_path / "keyed.py").write_text(VICTIM)
    with (tmp_path / "data.csv").open("w") as stream:
        texts = ["a good film", "a bad film", "one dull hour", "such a good story", "so bad a mess", "a dull story"]
        labels = ["positive", "negative", "negative", "positive", "negative", "positive"]
        csv.writer(stream).writerows([("text", "label"), *zip(texts, labels, strict=True)])
    return tmp_path


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in ("keyed.py",) and path.suffix != ".pyc":
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


def test_a_key_in_an_exception_is_in_no_file_and_no_log(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit = ["audit", "--victim", "python:keyed:ask", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none"]
    assert main([*audit, "--budget", "20", "--max-error-rate", "90%", "--out", "run", "--github", "--show-texts"]) in (0, 1, 3)
    main(["minimise", "run", "--victim", "python:keyed:ask"])
    main(["replay", "run", "--victim", "python:keyed:ask", "--json"])
    main(["attack", "one dull hour", "--label", "neg", "--victim", "python:keyed:ask", "--encoder", "none", "--json"])
    main(["report", "run"])
    told = capsys.readouterr()
    spelled = (KEY, json.dumps(KEY)[1:-1], "sk-live", "51H8x")
    leaks = [name for name, text in everything(here) for form in spelled if form in text]
    assert leaks == []
    assert not any(form in told.out + told.err for form in spelled)
    assert "[value of MY_API_KEY]" in (here / "run" / "outcomes.jsonl").read_text()
    assert "[value of MY_API_KEY]" in (here / "run" / "run.json").read_text()
    assert main(["verify", "run", "-q"]) == 0


def test_a_run_with_a_key_resumes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest on disk is without the key, and so is the one that it is held against."""
    victim = {"name": f"https://x.invalid/?k={KEY}", "labels": ["a", "b"]}
    manifest = Manifest("now", {}, 0, "paper", None, False, 1, victim, {}, ({"name": "r"},))
    RunWriter.create("run", manifest).close()
    with RunWriter.resume("run", manifest) as writer:
        writer.append(Outcome("1", "r", "error", "a", "text", {"text": f"t {KEY}"}, error={"type": "E", "message": f"no {KEY}"}))
        writer.finish([{"code": "errors", "severity": "warning", "message": KEY}])
    run = load_run("run")
    assert KEY not in (Path("run") / "run.json").read_text()
    assert run.outcomes[0].error == {"type": "E", "message": "no [value of MY_API_KEY]"}
    assert run.outcomes[0].texts == {"text": f"t {KEY}"}, "a text of the data stays what was asked"


NAMES = ("MY_KEY", "api_token", "Client_Secret", "DB_PASSWORD", "PGPASSWD", "GOOGLE_CREDENTIALS", "BASIC_AUTH", "AUTHORIZATION",
         "SSH_PASSPHRASE", "DB_PWD")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_secrets_are_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hunter2-and-more")
    assert redact("it said hunter2-and-more.") == f"it said [value of {name}]."


@pytest.mark.parametrize("value", ["", "1", "false", "TRUE", "12345", "required", "/dev/null", "short"])
def test_everyday_values_garble_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", value)
    text = f"of 12345 shorts, false or TRUE, {value} is required by /dev/null"
    assert redact(text) == text


def test_a_short_word_is_replaced_as_a_word_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "letmein")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    assert redact("letmein, letmeinside, Somebody Else") == "[value of PASSWORD], letmeinside, Somebody Else"


def test_a_key_is_taken_out_before_a_message_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", KEY)
    assert "sk-live" not in cut("x" * 295 + KEY)
    assert "sk-live" not in str(VictimError(f"no {KEY}"))


def test_names_that_runs_are_joined_by_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that is also somebody's password must not part a run from its outcomes."""
    monkeypatch.setenv("PASSWORD", "positive")
    kept = {"labels": ["positive", "negative"], "name": "the positive model"}
    assert redact_all(kept) == {"labels": ["positive", "negative"], "name": "the [value of PASSWORD] model"}


def test_paths_in_files_are_relative(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data inside the working folder by their relative path, outside it by their name; a home folder is nowhere."""
    home = here / "home" / "jane.doe"
    work = home / "work"
    work.mkdir(parents=True)
    monkeypatch.setenv("HOME", "/nowhere/else")
    outside, inside = home / "outside.csv", work / "sub" / "inside.csv"
    inside.parent.mkdir()
    for path in (outside, inside):
        path.write_bytes((here / "data.csv").read_bytes())
    monkeypatch.chdir(work)
    policy = home / "policy.toml"
    policy.write_text(f'[audit]\ndata = "{inside}"\nout = "{work}/o"\n[gate]\nmin_robust_accuracy = "1%"\n')
    flags = [
        "--policy",
        str(policy),
        "--recipes",
        "deepwordbug",
        "--encoder",
        "none",
        "--budget",
        "20",
        "--victim",
        "scripted:raising:dull",
        "-q",
    ]
    for path, out, told in ((outside, "a", "outside.csv"), (inside, "b", "sub/inside.csv")):
        assert main(["audit", "--data", str(path), "--out", out, *flags]) in (0, 1, 3)
        assert json.loads((work / out / "run.json").read_text())["data"]["source"] == told
        assert [name for name, text in everything(work / out) if "jane.doe" in text] == []
    monkeypatch.chdir(home)
    assert main(["audit", "--data", "outside.csv", "--out", "work/a", "--resume", *flags]) in (0, 1, 3), (
        "from elsewhere, the same data"
    )
