"""An example survives only if it was tested: texts that the victim can tell from the original, to the end or after a fair try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robustness.cli import main

VICTIM = """
import re

def _score(text):
    good = len(re.findall(r"good|great|warm", text))
    bad = len(re.findall(r"dull|bad|cold", text))
    p = 1 / (1 + 2.718 ** -(good - bad + 0.1))
    return [1 - p, p]

def keyword(texts):
    return [_score(t) for t in texts]

class Blind:
    '''Reads the known words alone, as a tokenizer with a small vocabulary does.'''
    labels = ["negative", "positive"]
    robustness_deterministic = True

    def __call__(self, texts):
        return [_score(" ".join(re.findall("good|great|warm|dull|bad|cold", t))) for t in texts]

keyword.labels = Blind.labels
keyword.robustness_deterministic = True
blind = Blind()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("vic.py").write_text(VICTIM)
    return tmp_path


def data(rows: list[tuple[str, str]]) -> None:
    Path("data.csv").write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))


def mixed(n: int) -> list[tuple[str, str]]:
    """So many short reviews of either label, all different."""
    words = ("film", "story", "plot", "cast", "score", "scene", "end", "start")
    good, bad = ("good", "great", "warm"), ("dull", "bad", "cold")
    return [
        (f"a {(good if i % 2 else bad)[i % 3]} {words[i % 8]} number {i}", "positive" if i % 2 else "negative") for i in range(n)
    ]


def audit(*more: str, victim: str = "python:vic:keyword", recipes: str = "deepwordbug") -> int:
    common = ["--recipes", recipes, "--encoder", "none", "-q", *([] if "--out" in more else ["--out", "run"])]
    return main(["audit", "--victim", victim, "--data", "data.csv", *common, *more])


def summary() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path("run/summary.json").read_text())
    return loaded


def test_a_budget_of_two_tests_nothing() -> None:
    data(mixed(60))
    assert audit("--budget", "2", "--min-robust-accuracy", "20%") == 3
    whole = summary()["overall"]
    broken = whole["attack_success_rate"]["successes"]
    assert (whole["untested"], whole["judged"], whole["robust_accuracy"]["low"]) == (60 - broken, broken, 0.0)


def test_nothing_to_try_on_most_examples_does_not_pass() -> None:
    data([("a good film", "positive"), *[(f"{i} {i + 1}", "positive") for i in range(59)]])
    assert audit("--min-robust-accuracy", "20%", "--accept-flags", "one-label", recipes="pwws") == 3
    assert summary()["overall"]["untested"] == 59


def test_untested_examples_widen_a_verdict_to_either_end() -> None:
    data([*mixed(50), *[(f"{i} {i + 1}", "positive") for i in range(3)]])
    rates = []
    for allowed in ("0.1%", "50%"):
        assert audit("--min-robust-accuracy", "99%", "--max-untested", allowed, "--out", f"run{allowed}", recipes="pwws") in (
            1,
            3,
        )
        rates.append(json.loads(Path(f"run{allowed}/summary.json").read_text())["overall"]["robust_accuracy"])
    known, n = rates[0]["successes"], rates[0]["n"]
    assert rates[0]["unknown"] == 3
    assert rates[0]["rate"] == known / n
    assert rates[0]["low"] < known / (n + 3) < (known + 3) / (n + 3) < rates[0]["high"]


def test_the_verdict_names_budget_and_profile(capsys: pytest.CaptureFixture[str]) -> None:
    data(mixed(60))
    assert audit("--min-robust-accuracy", "1%", "--budget", "200", recipes="natural:word-order") == 0
    assert "at most 200 queries, profile paper" in capsys.readouterr().out


def test_exhausted_survivors_are_a_warning_and_can_be_limited() -> None:
    data(
        [(f"the {'good ' * 12}film {i}", "positive") for i in range(40)]
        + [(f"the {'dull ' * 12}film {i}", "negative") for i in range(40)]
    )
    quiet = ["--budget", "40", "--min-robust-accuracy", "50%"]
    assert audit(*quiet) == 0
    assert [f["severity"] for f in summary()["flags"] if f["code"] == "exhausted"] == ["warning"]
    assert main(["gate", "run", "-q", "--min-robust-accuracy", "50%", "--max-exhausted", "10%"]) == 3
    assert main(["gate", "run", "-q", "--min-robust-accuracy", "50%", "--fatal-flags", "all"]) == 1


def test_attack_with_nothing_to_try_exits_3() -> None:
    assert main(["attack", "123", "--label", "positive", "--victim", "python:vic:keyword", "--recipe", "pwws"]) == 3
