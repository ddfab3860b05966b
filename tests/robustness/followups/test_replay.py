"""Replay: saved failures as a regression suite, on shipped fakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.run import Judged, Outcome, RunError
from reports.run.cases import read_cases
from reports.run.replayed import replayed
from robustness.cli import main
from robustness.commands.options.own_victim import OwnVictim
from robustness.errors import UsageError
from robustness.followups.replay import replay
from robustness.victims import VictimInfo, load_victim

Case = Callable[..., Outcome]


@pytest.fixture
def case() -> Case:
    def make(text: str, perturbed: str, label: str = "positive", example_id: str = "e1", **changes: Any) -> Outcome:
        wrong = Judged("negative" if label == "positive" else "positive")
        values: dict[str, Any] = {"recipe": "deepwordbug", "status": "succeeded", "field": "text", "best": wrong}
        values |= {"texts": {"text": text}, "perturbed": perturbed}
        return Outcome(example_id=example_id, reference=label, **{**values, **changes})

    return make


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A run of the keyword victim, with failures that it does not resist."""
    monkeypatch.chdir(tmp_path)
    rows = ["text,label", "a dull film,negative", "a weak story,negative", "one boring hour,negative", "a great film,positive"]
    Path("data.csv").write_text("\n".join(rows) + "\n")
    flags = ["--recipes", "deepwordbug", "--encoder", "none", "--out", "run", "-q", "--no-github"]
    assert main(["audit", "--victim", "scripted:keyword", "--data", "data.csv", *flags]) == 0
    capsys.readouterr()
    return tmp_path / "run"


def states(victim: str, cases: list[Outcome], **options: Any) -> list[str]:
    return [one.state for one in replay(load_victim(victim), cases, **options).cases]


def test_the_text_of_what_is_still_broken_is_shown_around_its_edits(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "a dull film " + "and on it goes " * 30
    Path("data.csv").write_text(f"text,label\n{long},negative\n")
    flags = ["--recipes", "deepwordbug", "--encoder", "none", "--out", "long", "-q", "--no-github"]
    assert main(["audit", "--victim", "scripted:keyword", "--data", "data.csv", *flags]) == 0
    capsys.readouterr()
    assert main(["replay", "long"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("still broken deepwordbug on ")
    assert lines[1].split()[:2] == ["a", "[-dull-]{+" + lines[1].partition("{+")[2].split()[0]]
    assert lines[1].endswith("…")
    assert len(lines[1]) < 200
    Path("collected.csv").write_text("text,label\nan utterly great film,negative\n")
    assert main(["replay", "--data", "collected.csv", "--victim", "scripted:keyword"]) == 1
    assert "an utterly great film" in capsys.readouterr().out


def test_each_state(case: Case) -> None:
    cases = [
        case("a dull film", "a du1l film", "negative", "broken"),
        case("a dull film", "a dull, film", "negative", "fixed"),
        case("a dull film", "a du1l film", "positive", "not applicable"),
    ]
    assert states("scripted:keyword", cases) == ["still broken", "fixed", "not applicable"]
    assert states("scripted:raising:du1l", cases) == ["error", "fixed", "error"]


def test_flaky_answers_are_found_by_repetition(case: Case) -> None:
    cases = [case("a dull film", f"a plain film {i}", "negative", f"e{i}") for i in range(8)]
    assert "flaky" not in states("scripted:noisy:1", cases)
    found = replay(load_victim("scripted:noisy:1"), cases, repeat=4)
    assert "flaky" in {one.state for one in found.cases}
    assert found.verdict != "passed"


def test_the_verdict_fails_closed(case: Case) -> None:
    fixed, broken = case("a dull film", "a dull, film", "negative"), case("a dull film", "a du1l film", "negative", "b")
    keyword = load_victim("scripted:keyword")
    assert replay(keyword, [fixed]).exit_code == 0
    assert replay(keyword, [fixed, broken]).exit_code == 1
    assert replay(keyword, [fixed, broken], max_broken=1).exit_code == 0
    assert replay(keyword, []).exit_code == 3
    assert replay(load_victim("scripted:constant:positive"), [fixed, broken]).exit_code == 3
    assert replay(load_victim("scripted:raising:,"), [fixed]).exit_code == 3


def test_a_change_of_the_clean_answer_is_flaky_too(case: Case) -> None:
    assert replayed(case("a", "b"), [("positive", True), ("negative", False)], [("positive", False)] * 2).state == "flaky"


def test_cases_that_do_not_fit_the_victim_are_refused(case: Case) -> None:
    with pytest.raises(UsageError, match="labels"):
        replay(load_victim("scripted:keyword"), [case("a", "b", "neutral")])
    with pytest.raises(UsageError, match="field"):
        replay(load_victim("scripted:keyword"), [case("a", "b", texts={"text": "a", "other": "b"})])


def test_the_same_victim_is_still_broken_and_a_sturdier_one_is_not(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "run", "--victim", "scripted:keyword", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["still broken"] == len(found["cases"]) > 0
    assert main(["replay", "run/failures.jsonl", "--victim", "scripted:keyword", "--max-broken", "99"]) == 0
    assert main(["replay", "run", "--victim", "scripted:constant:negative"]) in (0, 3)
    assert main(["replay", "run/failures.jsonl"]) == 1, "the run beside the file names its victim"
    assert main(["replay"]) == 2


def test_the_victim_may_come_from_the_policy_file(run: Path) -> None:
    Path("robustness.toml").write_text('[audit]\nvictim = "scripted:keyword"\n')
    assert main(["replay", "run", "-q"]) == 1
    assert main(["replay", "run", "-q", "--victim", ""]) == 2


def test_edited_and_broken_files_are_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (run / "failures.jsonl").read_text().splitlines()
    (run / "failures.jsonl").write_text("\n".join(lines[1:]) + "\n")
    assert main(["replay", "run", "--victim", "scripted:keyword"]) == 2
    assert "failures.jsonl (changed)" in capsys.readouterr().err
    (run / "seal.json").unlink()
    (run / "failures.jsonl").write_text(lines[0] + "\n" + lines[0] + "\n")
    with pytest.raises(RunError, match="twice"):
        read_cases(run)
    (run / "failures.jsonl").write_text(lines[0] + "\n{}\n")
    with pytest.raises(RunError, match="line 2"):
        read_cases(run)
    (run / "failures.jsonl").write_text("")
    assert main(["replay", "run", "--victim", "scripted:keyword", "-q"]) == 3


def test_replay_costs_two_forwards_a_case_at_most(case: Case) -> None:
    from robustness.engine.converse import ask, oracle_for

    cases = [case("a dull film", f"a du1l film {i}", "negative", f"e{i}") for i in range(10)]
    oracle = oracle_for(load_victim("scripted:keyword"))
    ask(oracle, [(text,) for one in cases for text in (one.texts["text"], one.perturbed or "")])
    assert oracle.usage.forwards == 11
    assert oracle.usage.batches < 6


def test_a_pass_needs_cases_that_apply(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = [case("a dull film", "a dull, film", "negative", f"n{i}") for i in range(5)]
    other = [case("a great film", "a gr8 film", "positive", f"p{i}") for i in range(5)]
    negative = load_victim("scripted:random:0")  # always that label, by scores that differ
    found = replay(negative, fixed + other)
    assert (found.verdict, found.exit_code) == ("inconclusive", 3)
    assert "and at most 20.0% not applicable" in found.headline()
    assert replay(negative, fixed + other[:1]).verdict == "passed"
    assert replay(negative, fixed + other, max_not_applicable=0.5).verdict == "passed"
    assert replay(negative, other, max_not_applicable=1.0).verdict == "inconclusive", "nothing applied at all"
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"schema": 2, "severity": None, **json.loads(one.to_json())}) for one in fixed + other]
    Path("failures.jsonl").write_text("\n".join(lines) + "\n")
    command = ["replay", "failures.jsonl", "--victim", "scripted:random:0", "-q"]
    assert main(command) == 3
    assert main([*command, "--max-not-applicable", "50%"]) == 0
    assert main([*command, "--max-not-applicable", "half"]) == 2
    Path("robustness.toml").write_text('[replay]\nmax_not_applicable = "60%"\n')
    assert main(command) == 0
    assert main([*command, "--max-not-applicable", "0.4"]) == 3
    Path("robustness.toml").write_text("[replay]\nmax_inapplicable = 1\n")
    assert main(command) == 2


def test_a_path_in_what_pins_a_victim_is_the_same_as_run_json_shows_it() -> None:
    """llama.cpp's server calls its model by the path of its file, of which run.json keeps the last name."""
    own = OwnVictim("openai:http://127.0.0.1:1#m", {}, ("no", "yes"), {"served_model": "model.gguf"})
    info = VictimInfo(name="m", kind="openai", labels=("no", "yes"), identity=(("served_model", "/a/folder/model.gguf"),))
    assert own._changed(info) == []
    assert own._changed(replace(info, identity=(("served_model", "/a/folder/another.gguf"),))) == ["served_model"]


def test_the_runs_own_victim_is_asked_only_while_it_is_the_same(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "run"]) == 1
    assert "loading victim scripted:keyword, the run's own" in capsys.readouterr().err
    assert main(["minimise", "run", "-q"]) == 0
    assert main(["transfer", "run"]) == 0
    manifest = json.loads((run / "run.json").read_text())
    (run / "seal.json").unlink()
    for change, why in (
        ({"identity": {"script": "another"}}, "script changed since"),
        ({"labels": ["positive", "negative"]}, "labels changed since"),
        (
            {"name": "python:my_victim:predict", "kind": "python"},
            "which runs code of its own; to run it, repeat it as --victim python:my_victim:predict",
        ),
        ({"name": "python:my_victim:predict"}, "which runs code of its own"),
        ({"name": "scripted:gone"}, "cannot be opened"),
        ({"name": "their robot", "kind": "robot"}, "cannot be opened by its name"),
    ):
        (run / "run.json").write_text(json.dumps({**manifest, "victim": {**manifest["victim"], **change}}))
        for command in ("replay", "minimise", "explain", "transfer"):
            assert main([command, "run"]) == 2
            assert why in capsys.readouterr().err
    assert main(["replay", "run", "--victim", "scripted:keyword", "-q"]) == 1, "naming it is enough"


def test_a_failure_without_its_perturbed_text_is_refused(run: Path) -> None:
    line = json.loads((run / "failures.jsonl").read_text().splitlines()[0])
    Path("failures.jsonl").write_text(json.dumps({**line, "perturbed": None}) + "\n")
    with pytest.raises(RunError, match="no perturbed text"):
        read_cases("failures.jsonl")


def test_collected_texts_are_replayed_like_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [
        ("a du1l film", "negative", "a dull film"),
        ("a great film", "positive", "a gr8 film"),
        ("so boring", "negative", "so b0ring"),
    ]
    table = [{"sentence": t, "label": n, "was": w} for t, n, w in rows]
    Path("adversarial.json").write_text(json.dumps({"sst2": table, "sst2-small": table[1:2], "other": [{"x": 1}]}))
    base = ["replay", "--data", "adversarial.json", "--split", "sst2", "--victim", "scripted:keyword"]

    def counts(*flags: str) -> tuple[int, dict[str, int]]:
        code = main([*base, "--json", *flags])
        return code, {state: n for state, n in json.loads(capsys.readouterr().out)["counts"].items() if n}

    assert counts() == (1, {"still broken": 1, "fixed": 2})
    assert counts("--max-broken", "1") == (0, {"still broken": 1, "fixed": 2})
    assert counts("--original", "was") == (1, {"still broken": 1, "fixed": 1, "not applicable": 1})
    assert counts("--label-map", "negative=positive,positive=negative") == (1, {"still broken": 2, "fixed": 1})
    other = [word for word in base if word not in ("--split", "sst2")]
    assert main([*other, "--split", "sst2-small", "-q"]) == 0
    assert main([*other, "--split", "other"]) == main(other) == 2
    for flags in (["--original", "nowhere"], ["--original", "sentence"], ["--field", "premise"], ["run"]):
        assert main([*base, *flags]) == 2
    assert main(["replay", "run", "--split", "x", "--victim", "scripted:keyword"]) == 2
    assert main([*base[:-1], "scripted:nan-scores", "-q"]) == 3
