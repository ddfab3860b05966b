"""Flags, policies and run folders that cannot be used end in exit code 2 and a sentence; none reads as a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

# flags beside the sound ones, files, fragment of the message
FLAGS: list[tuple[str, dict[str, str], str]] = [
    ("--recipes deepwordbugg", {}, "unknown recipe 'deepwordbugg'; did you mean 'deepwordbug'"),
    ("--recipes ''", {}, "recipe"),
    ("--profile lax", {}, "unknown constraint profile 'lax'"),
    ("--budget -5", {}, "budget must be at least 2 queries"),
    ("--budget 0", {}, "budget must be at least 2 queries"),
    ("--budget many", {}, "--budget expects a whole number of queries or `none`, got 'many'"),
    ("--limit 0", {}, "--limit must be a whole number from 1, got 0"),
    ("--limit -3", {}, "--limit must be a whole number from 1, got -3"),
    ("--limit x", {}, "--limit"),
    ("--seed 1.5", {}, "--seed"),
    ("--seed zero", {}, "--seed"),
    ("--batch-tokens 0", {}, "batch_tokens must be at least 1"),
    ("--in-flight 0", {}, "in_flight must be at least 1"),
    ("--victim-timeout 0", {}, "victim_timeout must be positive"),
    ("--victim-timeout nan", {}, "victim_timeout must be positive"),
    ("--victim-timeout soon", {}, "--victim-timeout"),
    ("--label-map pos", {}, "--label-map expects NAME=VALUE pairs"),
    ("--label-map ''", {}, "--label-map expects NAME=VALUE pairs"),
    ("--encoder sbert", {}, "'sbert'"),
    ("--rewriter human", {}, "'human'"),
    ("--lexicon thesaurus", {}, "'thesaurus'"),
    ("--vectors none.txt", {}, "none.txt"),
    ("--field title", {}, "the victim has no field 'title'"),
    ("--no-such-flag", {}, "No such option: --no-such-flag"),
    ("--out good.csv", {}, "good.csv"),
    ("--out full", {"full/thesis.docx": "x"}, "full"),
    ("--policy none.toml", {}, "none.toml: cannot be read"),
    ("--policy p.toml", {"p.toml": "[gate\n"}, "p.toml: not valid TOML"),
    ("--policy p.toml", {"p.toml": "[gate]\nmin_robust_acuracy = 0.3\n"}, "did you mean min_robust_accuracy?"),
    ("--policy p.toml", {"p.toml": '[gate]\nmin_robust_accuracy = "much"\n'}, "gate.min_robust_accuracy: expected a share"),
    ("--policy p.toml", {"p.toml": "[gate]\nmin_examples = -1\n"}, "gate.min_examples"),
    ("--policy p.toml", {"p.toml": "[audit]\nlimit = 0\n"}, "audit.limit"),
    ("--policy p.toml", {"p.toml": '[audit]\nbudget = "some"\n'}, "audit.budget"),
    ("--policy p.toml", {"p.toml": "[gates]\n"}, "gates: no such key; did you mean gate?"),
    ("--policy pyproject.toml", {"pyproject.toml": "[project]\n"}, "expected a table [tool.robustness]"),
    ("", {"robustness.toml": "[gate]\nmax_error_rate = 2\n"}, "robustness.toml: gate.max_error_rate: expected a share"),
    ("--min-robust-accuracy 150%", {}, "min_robust_accuracy: expected a share between 0 and 1"),
    ("--min-robust-accuracy ''", {}, "--min-robust-accuracy was given without a value"),
    ("--max-accuracy-drop 1", {}, "max_accuracy_drop: expected percentage points"),
    ("--max-error-rate -0.1", {}, "max_error_rate: expected a share"),
    ("--min-examples -1", {}, "min_examples"),
    ("--fatal-flags no-such-flag", {}, "no-such-flag"),
]

# whole command lines, files, fragment
LINES: list[tuple[str, dict[str, str], str]] = [
    ("audit", {}, "no victim was named"),
    ("audit --victim scripted:keyword", {}, "no data was named"),
    ("audit --victim scripted:keyword --data good.csv --resume", {}, "--resume needs --out"),
    ("audiit", {}, "No such command 'audiit'"),
    ("gate", {}, "Missing argument 'RUN'"),
    ("gate none", {}, "none"),
    ("gate .", {}, "run.json"),
    ("report none", {}, "none"),
    ("gate broken", {"broken/run.json": "{", "broken/outcomes.jsonl": ""}, "run.json"),
    ("gate broken", {"broken/run.json": "[]", "broken/outcomes.jsonl": ""}, "run.json"),
    ("attack 'a good film' --label happy --victim scripted:keyword", {}, "not one of the victim's labels"),
    ("attack 'a good film' 'and more' --label pos --victim scripted:keyword", {}, "the victim reads 1 text(s)"),
    ("attack 'a good film' --label pos --victim scripted:keyword --recipe nope", {}, "unknown recipe 'nope'"),
    ("attack '' --label pos --victim scripted:keyword --recipe deepwordbug", {}, "the text is empty"),
    ("list everything", {}, "everything"),
    ("validate --victim scripted:keyword --data none.csv", {}, "no such file"),
    ("perturb --data none.csv --out a.csv", {}, "no such file"),
    ("perturb --data good.csv --out a.txt", {}, "--out expects a .csv or .jsonl file"),
    ("perturb --data good.csv --out a.csv --recipes pwws", {}, "only recipes that do not search"),
    ("perturb --data good.csv --out a.csv --recipes ''", {}, "recipe"),
    ("perturb --data x.jsonl --out a.csv", {"x.jsonl": '{"text": "a", "label": [0]}\n'}, "holds list, expected one label"),
    ("perturb --data good.csv --out good.csv", {}, "good.csv"),
    ("perturb --data good.csv --out a.csv --limit 0", {}, "--limit must be a whole number from 1"),
    ("perturb --data good.csv --out a.csv --labels bad,good", {}, "do not match"),
]


@pytest.mark.parametrize(("flags", "files", "fragment"), FLAGS, ids=[f"{f} {''.join(x.values())}" for f, x, _ in FLAGS])
def test_flags(flags: str, files: dict[str, str], fragment: str, audit: Callable[..., Any], refused: Callable[..., None]) -> None:
    ended = audit(flags, files)
    refused(ended, fragment)
    assert not (ended.folder / "run").exists()


@pytest.mark.parametrize(("line", "files", "fragment"), LINES, ids=[line for line, _, _ in LINES])
def test_lines(
    line: str, files: dict[str, str], fragment: str, command: Callable[..., Any], refused: Callable[..., None]
) -> None:
    refused(command(line, files), fragment)


def test_a_run_folder_is_not_written_twice(audit: Callable[..., Any], refused: Callable[..., None]) -> None:
    first = audit()
    before = sorted((p.name, p.read_bytes()) for p in (first.folder / "run").iterdir() if p.is_file())
    refused(audit(), "run")
    assert sorted((p.name, p.read_bytes()) for p in (first.folder / "run").iterdir() if p.is_file()) == before


@pytest.mark.parametrize(
    ("flags", "fragment"),
    [("--seed 5", "seed"), ("--budget 31", "budget"), ("--data b.csv", "data"), ("--victim scripted:rounded", "victim")],
)
def test_another_run_is_not_resumed(flags: str, fragment: str, audit: Callable[..., Any], refused: Callable[..., None]) -> None:
    assert audit().code != 2
    refused(audit(f"--resume {flags}", {"b.csv": "text,label\na good film,positive\nawful,negative\n"}), fragment)


def test_resume_of_a_finished_run_changes_no_outcome(audit: Callable[..., Any]) -> None:
    one = audit()
    lines = one.outcomes()
    two = audit("--resume")
    assert two.code == one.code
    assert two.outcomes() == lines


@pytest.mark.parametrize(
    "flags",
    ["--min-examples 1000", "--min-robust-accuracy pwws=30%", "--min-robust-accuracy source=web=30%"],
)
def test_a_gate_that_could_not_evaluate_is_inconclusive(flags: str, audit: Callable[..., Any]) -> None:
    ended = audit(flags)
    assert ended.code == 3, (ended.out, ended.err)


@pytest.mark.parametrize("damage", ["cut", "double", "foreign", "empty", "extra"])
def test_a_damaged_run_never_passes(damage: str, audit: Callable[..., Any], command: Callable[..., Any]) -> None:
    ended = audit()
    path = ended.folder / "run" / "outcomes.jsonl"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    other = json.dumps({**json.loads(lines[0]), "example_id": "new"}) + "\n"
    path.write_text(
        {
            "cut": "".join(lines)[:-20],
            "double": "".join([*lines, lines[0]]),
            "foreign": "".join(lines) + "<html>\n",
            "empty": "",
            "extra": "".join(lines) + other,
        }[damage],
        "utf-8",
    )
    again = command("gate run --max-accuracy-drop 100pt")
    assert again.code in (2, 3), (again.out, again.err)
    assert "Traceback" not in again.err
