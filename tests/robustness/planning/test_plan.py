"""Forecasts: by hand, against the run that they foretell, and as the program prints them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.measures.forecast import forecast
from robustness.cli import main
from robustness.planning.estimate import power

ROWS = [(f"a {word} film with plot {i}", i % 2) for i, word in enumerate(("great", "awful", "warm", "dull") * 10)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lines = ["text,label", *(f"{text},{('positive', 'negative')[label]}" for text, label in ROWS)]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "data.csv"


FLAGS = ("--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug,pruthi", "--encoder", "none")


def plan(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    assert main(["plan", *FLAGS, *more, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_forecast_by_hand() -> None:
    # mean 20, spread 10; t with 2 degrees of freedom at 97.5 % is 4.3027; 27 unknown: half = t * 10 * sqrt(27 * (1 + 27 / 3))
    found = forecast([10, 20, 30], 30)
    assert found.expected == 600
    assert found.high == pytest.approx(600 + 4.30265 * 10 * math.sqrt(270), rel=1e-5)
    assert found.low == 60  # no less than what is known
    assert forecast([10, 20, 30], 3) == forecast([30, 20, 10], 3)
    assert (forecast([7], 1).low, forecast([7], 2).low) == (7, None)
    assert forecast([10, 20], 4).scaled(0.5).expected == 30


@given(st.lists(st.integers(1, 900), min_size=2, max_size=8), st.integers(0, 500))
@settings(max_examples=40, deadline=None)
def test_a_forecast_holds_what_it_expects_and_what_it_knows(measured: list[int], more: int) -> None:
    found = forecast(measured, len(measured) + more)
    assert found.low is not None
    assert found.high is not None
    assert sum(measured) - 1e-6 <= found.low <= found.expected + 1e-6 <= found.high + 1e-3


@pytest.mark.parametrize("bad", [([], 5), ([1, 2, 3], 2)])
def test_a_forecast_needs_a_sample(bad: tuple[list[float], int]) -> None:
    with pytest.raises(ValueError, match="measured examples"):
        forecast(*bad)


def test_a_pilot_over_everything_foretells_the_run_exactly(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, "--pilot", "40", "--price-per-1k-tokens", "2")
    main(["audit", *FLAGS, "--out", "run", "-q"])
    lines = [json.loads(line) for line in Path("run/outcomes.jsonl").read_text().splitlines()]
    for what in ("queries", "forwards"):
        total = sum(line[what] for line in lines)
        assert found[what] == {"expected": total, "low": total, "high": total}
    assert isinstance(found["statuses"], dict)
    assert sum(found["statuses"].values()) == len(lines) == 80
    # every text has six words, and a forward reads one text
    tokens = 6.0 * sum(line["forwards"] for line in lines)
    assert found["tokens"] == {"expected": tokens, "low": tokens, "high": tokens}
    money = found["money"]
    assert isinstance(money, dict)
    assert money["expected"] == pytest.approx(2 * tokens / 1000)


def test_a_small_pilot_is_near_and_writes_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, part = plan(capsys, "--pilot", "40"), plan(capsys, "--pilot", "8")
    again = plan(capsys, "--pilot", "8")
    assert part["queries"] == again["queries"]
    assert isinstance(part["queries"], dict)
    assert isinstance(whole["queries"], dict)
    assert part["queries"]["low"] <= whole["queries"]["expected"] <= part["queries"]["high"]
    assert part["money"] is None
    assert [path.name for path in data.parent.iterdir()] == ["data.csv"]


def test_the_table_is_readable(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *FLAGS, "--price-per-1k-tokens", "0.5"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("40 examples, 2 recipe(s): deepwordbug, pruthi\npilot     10 examples; their trials: ")
    for part in ("queries ", "forwards ", "tokens ", "time ", "money ", "what 40 examples can show", "a drop that compare sees"):
        assert part in said


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--pilot", "1"), "at least 2 examples"),
        (("--price-per-1k-tokens", "-1"), "a price from 0 up"),
        (("--budget", "x"), "--budget"),
    ],
)
def test_bad_flags_are_named(flags: tuple[str, str], said: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *FLAGS, *flags]) == 2
    assert said in capsys.readouterr().err


def test_power_is_that_of_the_reports() -> None:
    from reports.measures.power import pairs_to_pass, visible_drop

    found = power(300)
    assert found["visible_drop"]["0.05"] == visible_drop(300, 0.05)
    assert found["examples_to_exclude_margin"]["0"] == pairs_to_pass(0.02) == 189
    assert found["interval_half_width"] == pytest.approx(0.0580, abs=1e-3)


def test_a_sequential_plan_foretells_where_the_audit_stops(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--until-decided", "--min-robust-accuracy", "95%", "--max-attack-success-rate", "deepwordbug=100%")
    found = plan(capsys, "--pilot", "20", *flags)
    assert found == plan(capsys, "--pilot", "20", *flags) | {"seconds": found["seconds"]}
    assert isinstance(found["until_decided"], list)
    broken, free = found["until_decided"]
    assert (broken["rule"], broken["scope"], broken["threshold"]) == ("min_robust_accuracy", "run", 0.95)
    assert (free["rule"], free["scope"]) == ("max_attack_success_rate", "recipe deepwordbug")
    assert (free["median"], free["most"], free["undecided"]) == (40, 40, 0)  # nothing passes on the 25 of the first look
    assert main(["audit", *FLAGS, *flags, "--out", "run", "-q"]) == 1
    drawn = json.loads(Path("run/run.json").read_text())["sequential"]["drawn"]
    assert drawn == broken["median"] == 25
    main(["plan", *FLAGS, *flags])
    assert "min_robust_accuracy 95 %, run: about 25 of 40 examples, in nine audits out of ten at most" in capsys.readouterr().out


def test_a_plan_says_nothing_of_stopping_unless_the_audit_is_to_stop(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(capsys, "--min-robust-accuracy", "95%")["until_decided"] == []
    assert main(["plan", *FLAGS, "--until-decided"]) == 2
    assert "needs something to decide" in capsys.readouterr().err


def test_a_threshold_that_the_pilot_never_met_is_not_foretold(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("robustness.toml").write_text('[gate.slices."label=neutral"]\nmin_robust_accuracy = 0.5\n')
    told = plan(capsys, "--until-decided")["until_decided"]
    assert isinstance(told, list)
    (found,) = told
    assert (found["scope"], found["median"], found["undecided"]) == ("slice label=neutral", None, None)
    assert main(["plan", *FLAGS, "--until-decided"]) == 0
    assert "the pilot saw nothing that counts towards it" in capsys.readouterr().out


def test_an_unanswering_victim_is_an_error(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--victim", "scripted:raising:film", *FLAGS[2:]]
    assert main(["plan", *flags]) == 2
    assert "answered none" in capsys.readouterr().err
