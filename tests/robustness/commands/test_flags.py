"""Groups of flags: what a command takes, what it is given, and that every command that runs recipes takes their resources."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from reports.gate.policy import AuditDefaults, GateRules
from robustness.cli import app, main
from robustness.commands.options import flags as f

RESOURCES = ("encoder", "rewriter", "masked_lm", "vectors", "lexicon", "resource")


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def call(seen: list[Any]) -> Callable[..., int]:
    """A program of one command with two groups between two flags of its own; what it is called with is ``seen``."""

    @f.flattened
    def command(
        *,
        first: Annotated[str, typer.Argument()],
        reading: f.ReadingFlags,
        opening: f.OpeningFlags,
        last: Annotated[bool, typer.Option("--last")] = False,
    ) -> None:
        """What it does."""
        seen.append((first, reading, opening, last))

    program = typer.Typer()
    program.command()(command)
    return lambda *argv: CliRunner().invoke(program, list(argv)).exit_code


def test_a_group_arrives_whole(call: Callable[..., int], seen: list[Any]) -> None:
    assert call("x", "--text", "a, b", "--format", "csv", "--labels", "no,yes", "--allow-pickle", "--max-length", "9") == 0
    first, reading, opening, last = seen[0]
    assert (first, last) == ("x", False)
    assert reading.given() == {"text": ["a", "b"], "format": "csv"}
    assert opening.given() == {"labels": ["no", "yes"], "allow_pickle": True, "max_length": 9}


def test_nothing_given_is_nothing(call: Callable[..., int], seen: list[Any]) -> None:
    assert call("x", "--last") == 0
    assert [group.given() for group in seen[0][1:3]] == [{}, {}]
    assert seen[0][3] is True
    assert call("x", "--max-length", "many") == 2


def test_what_is_on_unless_told_can_be_told_off() -> None:
    assert f.ExtentFlags(adaptive=False).given() == {"adaptive": False}
    assert f.ExtentFlags(adaptive=True).given() == {"adaptive": True}
    assert f.ExtentFlags().given() == {}
    assert f.OpeningFlags(isolate=False, allow_pickle=False).given() == {"isolate": False}


def test_no_adaptive_reaches_the_run(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("text,label\na dull film,negative\na great film,positive\n")
    audit = [
        "audit",
        "--victim",
        "scripted:keyword",
        "--data",
        str(tmp_path / "data.csv"),
        "--recipes",
        "learned",
        "--budget",
        "5",
    ]
    audit += ["--encoder", "none", "-q", "--no-github"]
    for flags, learns in (([], True), (["--no-adaptive"], False)):
        assert main([*audit, *flags, "--out", str(tmp_path / f"run{learns}")]) in (0, 3)
        assert json.loads((tmp_path / f"run{learns}" / "run.json").read_text())["search"]["adaptive"] is learns


def test_a_flattened_command_shows_its_flags_in_order() -> None:
    @f.flattened
    def command(*, first: f.VictimFlag = None, asking: f.AskingFlags, last: f.JsonFlag = False) -> None:
        """What it does."""

    shown = inspect.signature(command).parameters
    assert list(shown) == ["first", "batch_tokens", "victim_timeout", "last"]
    assert command.__doc__ == "What it does."


@pytest.mark.parametrize("name", ["audit", "plan", "validate", "attack"])
def test_recipes_get_their_resources_wherever_they_run(name: str) -> None:
    command = next(one for one in app.registered_commands if one.name == name).callback
    assert command is not None
    assert set(RESOURCES) <= set(inspect.signature(command).parameters)


@pytest.fixture
def vectors(tmp_path: Path) -> str:
    """Word vectors in which ``dull`` has one neighbour, and no other word has any."""
    rows = {"dull": "1 0 0", "glacial": "0.99 0.01 0", "film": "0 1 0", "one": "0 0 1"}
    (tmp_path / "mine.txt").write_text("".join(f"{word} {row}\n" for word, row in rows.items()))
    return str(tmp_path / "mine.txt")


def test_attack_draws_on_the_vectors_that_it_is_given(vectors: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("attack", "one dull film", "--label", "neg", "--victim", "scripted:keyword", "--recipe", "textfooler", "--json")
    assert main([*words, "--encoder", "minilm", "--vectors", vectors]) in (1, 3)
    assert json.loads(capsys.readouterr().out)["proposed"] == 1  # the shipped table knows dozens


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (("--vectors", "nowhere.txt"), "nowhere.txt"),
        (("--lexicon", "german"), "german"),
        (("--resource", "unheard-of=1"), "unheard-of"),
    ],
)
def test_resources_that_cannot_be_are_refused_before_anything_runs(
    flag: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = ("--victim", "scripted:keyword")
    for words in (("attack", "one dull film", "--label", "neg"), ("validate", "--data", "none.csv")):
        assert main([*words, *victim, *flag]) == 2
        assert said in capsys.readouterr().err


FLAGS_ONLY = {
    *("allow_pickle", "trust_remote_code", "allow_local_code", "require_threshold"),
    *("resume", "policy", "github", "show_texts", "json", "quiet", "open", "force", "lf", "lf_from", "log"),
    *("context", "workers", "ray"),  # what a run is, not on how many machines
    *("key_env", "header", "allow_plain_http", "cassette"),
}


def test_a_policy_file_can_say_what_the_flags_of_audit_say() -> None:
    command = next(one for one in app.registered_commands if one.name == "audit").callback
    assert command is not None
    flags = {name.rstrip("_") for name in inspect.signature(command).parameters} - FLAGS_ONLY
    assert flags - (set(GateRules.model_fields) - {"recipes"}) == set(AuditDefaults.model_fields)
