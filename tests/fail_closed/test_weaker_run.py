"""A run that is less than the policy's ``[audit]`` asks for does not pass the policy, however it was judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.gate.policy import AuditDefaults
from reports.gate.run_policy import lacking
from reports.run import Manifest
from robustness.cli import main

LONG = " ".join(["word"] * 40)
ROWS = ["text,label", *(f"number {i} {LONG if i % 2 else 'is short'},{('short', 'long')[i % 2]}" for i in range(60))]
VICTIM = """
import math, zlib

def ask(texts):
    counts = [len(text.split()) + zlib.crc32(text.encode()) / 2**32 for text in texts]
    return [[1 - p, p] for p in (1 / (1 + math.exp(10 - n)) for n in counts)]

def wrong(texts):
    return [row[::-1] for row in ask(texts)]

ask.labels = wrong.labels = ["short", "long"]
other = ask
"""
"""Sound, and robust to everything that keeps most words."""
POLICY = """
[gate]
min_robust_accuracy = "20%"

[audit]
victim = "python:weaker_victim:ask"
data = "data.csv"
recipes = ["deepwordbug", "natural:word-drop"]
profile = "paper"
budget = 50
limit = 50
seed = 0
protect = ["zebra"]
encoder = "none"
"""
WEAKER = {
    "recipes": (["--recipes", "natural:word-drop"], "recipes deepwordbug (it had natural:word-drop)"),
    "budget": (["--budget", "20"], "a budget of 50 (it had 20)"),
    "limit": (["--limit", "40"], "50 examples, as far as the data go (it had 40)"),
    "profile": (["--profile", "strict", "--recipes", "natural:word-drop"], "profile paper (it had strict)"),
    "protect": (["--protect", "word"], "fewer protected spans (it protected word as well)"),
    "seed": (["--seed", "7"], "seed 0 (it had 7)"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("data.csv").write_text("\n".join(ROWS) + "\n")
    Path("weaker_victim.py").write_text(VICTIM)
    Path("policy.toml").write_text(POLICY)
    return tmp_path


def audit(*more: str, out: str = "run") -> int:
    return main(["audit", "--policy", "policy.toml", "--allow-local-code", "--out", out, "-q", *more])


@pytest.mark.parametrize(("flags", "said"), WEAKER.values(), ids=WEAKER.keys())
def test_flags_that_weaken_an_audit_make_it_inconclusive(flags: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(*flags) == 3
    assert said in capsys.readouterr().out
    for more in ([], ["--policy", "policy.toml"]):
        assert main(["gate", "run", "-q", *more]) == 3
        assert said in capsys.readouterr().out


def test_what_the_policy_asks_for_and_more_of_it_passes() -> None:
    assert audit() == 0
    assert (
        audit("--recipes", "natural:word-drop,deepwordbug,natural:word-order", "--budget", "none", "--limit", "55", out="more")
        == 0
    )
    Path("data.csv").write_text("\n".join(ROWS[:46]) + "\n")
    assert audit(out="all there is") == 0


def test_a_run_made_elsewhere_is_held_against_the_policy_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--recipes", "natural:word-drop", "--limit", "40", "--encoder", "none", "--min-robust-accuracy", "20%"]
    Path("other.csv").write_text("\n".join(ROWS) + "\n")
    assert main(["audit", "--victim", "python:weaker_victim:other", "--data", "other.csv", "--out", "run", "-q", *small]) in (
        0,
        3,
    )
    capsys.readouterr()
    assert main(["gate", "run", "-q", "--policy", "policy.toml"]) == 3
    said = capsys.readouterr().out
    for part in ("victim python:weaker_victim:ask", "data data.csv", "recipes deepwordbug", "50 examples"):
        assert part in said
    assert "budget" not in said  # 500 is more than 50


def test_a_broken_threshold_stays_broken_on_a_weaker_run() -> None:
    assert audit("--limit", "40", "--victim", "python:weaker_victim:wrong") == 1


def test_another_victim_by_flag_is_what_the_policy_is_then_about() -> None:
    assert audit("--victim", "python:weaker_victim:other") == 0
    assert main(["gate", "run", "-q"]) == 0
    assert main(["gate", "run", "-q", "--policy", "policy.toml"]) == 3


def test_a_comparison_of_runs_that_are_less_than_asked_for_is_inconclusive(capsys: pytest.CaptureFixture[str]) -> None:
    for out in ("base", "candidate"):
        audit("--recipes", "natural:word-drop", out=out)
    capsys.readouterr()
    assert main(["compare", "base", "candidate", "-q"]) == 3
    assert "the base run is less than [audit] asks for: recipes deepwordbug" in capsys.readouterr().out
    for out in ("base2", "candidate2"):
        audit(out=out)
    assert main(["compare", "base2", "candidate2", "-q", "--max-regression", "50pt"]) == 0


SERVER = "openai:https://llm.example/v1#m"
SUBJECTS = {
    "another server": ({"victim": SERVER}, {"victim": {"name": "openai:http://127.0.0.1:9/v1#m", "kind": "openai"}}),
    "another prompt": ({"prompt": "sentiment-a"}, {"asked": {"opening": {"prompt": "sentiment-b"}}}),
    "no prompt": ({"prompt": "mine.toml"}, {"asked": {}}),
    "another goal": ({"goal": "misclassify"}, {"goal": "answer-with:positive"}),
    "a weaker goal": ({"goal": "loses:0.1"}, {"goal": "loses:0.5"}),
    "another task": ({"task": "injection"}, {"task": "generation"}),
    "easy examples added": ({"data": "a.csv"}, {"data": {"source": "a.csv and 30 benign traps"}}),
    "no traps": ({"data": "a.csv", "traps": "builtin"}, {"data": {"source": "a.csv"}}),
}
SAME = (
    ({"victim": SERVER}, {"victim": {"name": SERVER, "kind": "openai"}}),
    ({"victim": "hf:./here/m"}, {"victim": {"name": "hf:m", "kind": "hf"}}),
    ({"prompt": "prompts/mine.toml"}, {"asked": {"opening": {"prompt": "/elsewhere/mine.toml"}}}),
    ({"goal": "loses:0.10"}, {"goal": "loses:0.1"}),
    ({"goal": "emits-canary"}, {"goal": "emits-canary:0"}),
    ({"data": "a.csv", "traps": "builtin"}, {"data": {"source": "a.csv and 30 benign traps"}}),
)


def _run_of(**said: Any) -> Manifest:
    plain = Manifest("now", {}, 0, "paper", None, False, 30, {"name": "v", "kind": "python"}, {}, ({"name": "r"},))
    return replace(plain, **said)


@pytest.mark.parametrize(("asked", "had"), SUBJECTS.values(), ids=SUBJECTS.keys())
def test_a_run_of_another_server_prompt_goal_or_task_is_less_than_asked_for(asked: dict[str, str], had: dict[str, Any]) -> None:
    assert lacking(_run_of(**had), AuditDefaults.model_validate(asked))


@pytest.mark.parametrize(("asked", "had"), SAME)
def test_what_is_the_same_in_other_words_is_what_was_asked_for(asked: dict[str, str], had: dict[str, Any]) -> None:
    assert not lacking(_run_of(**had), AuditDefaults.model_validate(asked))
