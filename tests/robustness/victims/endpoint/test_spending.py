"""Caps, cassette and bill through a whole run, against a real server on this machine that counts and bills."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.run import Run, RunError
from reports.run.seal import verify
from robustness import audit
from robustness.cli import main
from robustness.errors import CassetteError, RefusedError, SpentError, UsageError
from robustness.victims.scripted import keyword_score
from tests.robustness.victims.endpoint.billing import BAD, GOOD, Billing, named
from tests.robustness.victims.endpoint.stub import said
from tests.robustness.victims.endpoint.stub import serving as stub

WORDS = [*GOOD, *BAD, *"film story actor scene plot the of and with very rather quite".split()]
PROMPT = "Is this review positive or negative? {text}"
PRICES = 'currency = "USD"\n[default]\ninput = 100\noutput = 400\n'
FILES = ("failures.jsonl", "failures.csv", "summary.json", "report.md", "report.html", "junit.xml", "findings.sarif")


def reviews(count: int) -> list[tuple[str, str]]:
    rng, rows = random.Random(1), []
    for _ in range(count):
        words = rng.choices(WORDS, k=rng.randint(4, 14))
        good, bad = (sum(word in kinds for word in words) for kinds in (GOOD, BAD))
        rows.append((" ".join(words), "positive" if good >= bad else "negative"))
    return list(dict.fromkeys(rows))


def run_on(server: str, out: Path, rows: int = 16, **more: Any) -> Run:
    how: dict[str, Any] = {"recipes": "deepwordbug", "budget": 30, "encoder": "none", "labels": ["negative", "positive"]}
    options = {"prompt": PROMPT, "concurrency": more.pop("concurrency", 64)}
    return audit(server, reviews(rows), out=out, victim_options=options, **how, **more)


def lines(run: Run, name: str = "outcomes.jsonl") -> list[bytes]:
    return sorted((run.path / name).read_bytes().splitlines())


@dataclass(frozen=True)
class Recorded:
    """A whole run under no cap, and what the server had counted by its end."""

    run: Run
    asked: Counter[str]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "prices.toml").write_text(PRICES)
    with Billing(fails=2) as server:
        run = run_on(server.spec, folder / "run", prices=folder / "prices.toml")
    bill = run.manifest.bill
    assert (bill["requests"], bill["tokens_in"], bill["tokens_out"]) == (server.total, server.tokens_in, server.tokens_out)
    return Recorded(run, server.requests)


def told(path: Path) -> str:
    """A report without when it was made and how long that took."""
    return re.sub(
        r'\d{4}-\d\d-\d\dT[\d:+]+|\d+ \w+ \d{4}, \d\d:\d\d|"wall_seconds": [\d.]+| time="[\d.]+"|wall seconds: [\d.,]+',
        "",
        path.read_text(),
    )


def test_the_servers_own_count_is_the_ledgers(recorded: Recorded) -> None:
    bill, total = recorded.run.manifest.bill, sum(recorded.asked.values())
    assert bill["requests"] == total == len(exchanges(recorded.run.path)) + 2, "a retry is a request"
    assert bill["cost"] == pytest.approx((100 * bill["tokens_in"] + 400 * bill["tokens_out"]) / 1e6)
    assert recorded.run.manifest.victim["name"].startswith("openai:http://127.0.0.1:"), "a URL is no path to be shortened"
    for name in ("report.md", "report.html"):
        assert f"{total:,} requests" in (recorded.run.path / name).read_text()
    assert json.loads((recorded.run.path / "summary.json").read_text())["run"]["bill"] == bill


@pytest.mark.parametrize(
    ("cap", "value"), [("max_requests", 150), ("max_tokens_total", 9000), ("max_cost", 0.9)], ids=["requests", "tokens", "money"]
)
def test_no_cap_is_passed_with_64_in_flight_and_the_run_is_inconclusive(tmp_path: Path, cap: str, value: float) -> None:
    (tmp_path / "prices.toml").write_text(PRICES)
    with Billing(delay=0.002) as server:
        run = run_on(server.spec, tmp_path / "run", rows=80, prices=tmp_path / "prices.toml", **{cap: value})
    tokens = server.tokens_in + server.tokens_out
    cost = (100 * server.tokens_in + 400 * server.tokens_out) / 1e6
    assert {"max_requests": server.total, "max_tokens_total": tokens, "max_cost": cost}[cap] <= value
    assert server.most_at_once > (32 if cap == "max_requests" else 16)  # worst cases in flight fill what is left of the others
    bill = run.manifest.bill
    assert (bill["spent"], bill["requests"], run.manifest.finished) == (True, server.total, True)
    given_up = [outcome for outcome in run.outcomes if outcome.status == "error"]
    assert {(outcome.error or {})["type"] for outcome in given_up} == {"SpentError"}
    for policy in ({}, {"min_robust_accuracy": 0.0}, {"min_robust_accuracy": 0.01, "fatal_flags": ["errors"], "min_examples": 1}):
        found = evaluate(run, parse_policy({"gate": policy}, "test"))
        assert (found.verdict, found.exit_code) == ("inconclusive", 3)
        assert found.rules[0].rule == "spent"
        assert "resume it with a larger cap" in found.rules[0].message


def test_a_run_that_a_cap_ended_goes_on_under_a_larger_one_and_asks_nothing_twice(recorded: Recorded, tmp_path: Path) -> None:
    with Billing() as server:
        calls = len(exchanges(recorded.run.path))
        run = run_on(server.spec, tmp_path / "run", max_requests=int(0.8 * calls))
        part = json.loads((run.path / "summary.json").read_text())["overall"]["robust_accuracy"]
        assert run.manifest.bill["spent"]
        run = run_on(server.spec, tmp_path / "run", max_requests=int(0.9 * calls), resume=True)
        assert run.manifest.bill["spent"]
        run = run_on(server.spec, tmp_path / "run", resume=True)
        assert lines(run) == lines(recorded.run)
        total = server.total
        assert total == len(exchanges(run.path)) == len(exchanges(recorded.run.path)), "something was asked twice, or not at all"
        assert (run.manifest.bill["requests"], run.manifest.bill["spent"]) == (total, False)
        again = run_on(server.spec, tmp_path / "run", resume=True)  # nothing is left to do
        assert server.total == total
    assert (again.manifest.bill, verify(again.path).verdict) == (run.manifest.bill, "verified")
    whole = json.loads((run.path / "summary.json").read_text())["overall"]["robust_accuracy"]
    assert 0 < part["n"] < whole["n"]
    assert part["low"] <= whole["rate"] <= part["high"], "what did not take place may have gone either way"


def test_a_cap_that_is_reached_before_the_first_trial_is_inconclusive_and_can_be_started_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.csv"
    data.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in reviews(12)))
    command = ["audit", "--data", str(data), "--labels", "negative,positive", "--prompt", PROMPT, "--recipes", "deepwordbug"]
    command += ["--budget", "20", "--encoder", "none", "--out", str(tmp_path / "run"), "-q", "--victim"]
    with Billing() as server:
        assert main([*command, server.spec, "--max-requests", "12"]) == 3
        assert "--max-requests 12 is reached" in capsys.readouterr().err
        assert (server.total, os.listdir(tmp_path / "run")) == (12, ["cassette.jsonl"])
        with pytest.raises(SpentError):
            run_on(server.spec, tmp_path / "other", max_requests=3)
        assert main([*command, server.spec]) == 0  # nothing is required, so the verdict is "measured"
        assert len(exchanges(tmp_path / "run")) == server.total - 3, "something was asked twice"  # 3 are of the other folder


@pytest.mark.parametrize("spent", [False, True], ids=["whole", "spent"])
def test_a_replay_derives_the_run_with_the_server_gone_byte_for_byte(recorded: Recorded, tmp_path: Path, spent: bool) -> None:
    run, spec, pace = recorded.run, recorded.run.manifest.victim["name"], {}
    if spent:
        with Billing() as server:
            spec, pace = server.spec, {"in_flight": 1}
            run = run_on(spec, tmp_path / "run", max_requests=120, **pace)
    again = run_on(spec, tmp_path / "again", cassette=run.path / "cassette.jsonl", concurrency=3, **pace)
    assert run.manifest.bill["spent"] is spent
    assert lines(run) == lines(again)
    for name in FILES:
        assert told(run.path / name) == told(again.path / name), name
    assert not (again.path / "cassette.jsonl").exists()
    assert again.manifest.bill == run.manifest.bill


def test_a_run_until_its_decision_can_be_ended_by_a_cap_and_goes_on(tmp_path: Path) -> None:
    how: dict[str, Any] = {"until_decided": True, "gate": {"min_robust_accuracy": 0.5}}
    with Billing() as server:
        run = run_on(server.spec, tmp_path / "run", rows=60, max_requests=90, **how)
        assert (run.manifest.bill["spent"], evaluate(run).exit_code) == (True, 3)
        assert 0 < len({outcome.example_id for outcome in run.outcomes}) <= run.manifest.sequential["drawn"]
        run = run_on(server.spec, tmp_path / "run", rows=60, resume=True, **how)
        whole = run_on(server.spec, tmp_path / "whole", rows=60, **how)
    assert (lines(run), run.manifest.sequential) == (lines(whole), whole.manifest.sequential)


def test_a_replay_of_other_data_ends_with_what_is_wrong(recorded: Recorded, tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="holds no answer to a request of this run"):
        run_on(recorded.run.manifest.victim["name"], tmp_path / "again", rows=20, cassette=recorded.run.path)
    assert issubclass(CassetteError, UsageError)


def test_a_cassette_that_was_edited_since_its_run_was_sealed_derives_nothing(recorded: Recorded, tmp_path: Path) -> None:
    shutil.copytree(recorded.run.path, tmp_path / "run")
    cassette, spec = tmp_path / "run" / "cassette.jsonl", recorded.run.manifest.victim["name"]
    cassette.write_bytes(cassette.read_bytes().replace(b"negative", b"positive"))
    for given in (cassette, cassette.parent):
        with pytest.raises(RunError, match="edited since the run was sealed"):
            run_on(spec, tmp_path / "again", cassette=given)


def test_no_key_is_in_any_file_of_the_run_and_a_replay_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_OWN_WORD", "sk-secret-of-the-test")
    rows, how = reviews(6), {"recipes": "deepwordbug", "budget": 20, "encoder": "none", "labels": ["negative", "positive"]}
    options = {"prompt": PROMPT, "key_env": "MY_OWN_WORD", "header": ["x-mine=MY_OWN_WORD"]}
    with Billing(says_back=" sk-secret-of-the-test") as server:
        run = audit(server.spec, rows, out=tmp_path / "run", victim_options=options, **how)  # type: ignore[arg-type]
    assert not [path.name for path in run.path.iterdir() if b"sk-secret" in path.read_bytes()]
    monkeypatch.delenv("MY_OWN_WORD")
    again = audit(server.spec, rows, out=tmp_path / "again", victim_options=options, cassette=run.path, **how)  # type: ignore[arg-type]
    assert lines(run) == lines(again)


def test_a_refused_key_ends_the_run_at_once_and_it_can_be_resumed(recorded: Recorded, tmp_path: Path) -> None:
    with Billing(refuse_after=90) as server:
        with pytest.raises(RefusedError):
            run_on(server.spec, tmp_path / "run")
        assert (tmp_path / "run" / "run.json").exists()
        server.refuse_after = 0
        assert lines(run_on(server.spec, tmp_path / "run", resume=True)) == lines(recorded.run)


def test_a_server_that_bills_more_than_it_may_is_said_and_ends_the_run(tmp_path: Path) -> None:
    with Billing(dearer=10_000) as server:
        run = run_on(server.spec, tmp_path / "run", max_tokens_total=1_500_000)
    assert run.manifest.bill["spent"]
    assert run.manifest.bill["tokens_in"] == server.tokens_in
    assert run.manifest.bill["dearer"] == server.total
    assert "at more than the most that they could cost" in (run.path / "report.md").read_text()


def test_a_cap_on_money_without_prices_and_caps_on_other_victims_are_refused_before_anything(tmp_path: Path) -> None:
    with Billing() as server:
        with pytest.raises(UsageError, match="prices=FILE"):
            run_on(server.spec, tmp_path / "run", max_cost=1)
        assert server.total == 0
    assert not (tmp_path / "run").exists()
    with pytest.raises(UsageError, match="max_requests= is for victims behind an API"):
        audit("demo", max_requests=3, out=tmp_path / "run")


def test_validate_holds_caps_too_and_those_of_a_policy_limit_no_victim_that_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("text,label\na good film,positive\na bad film,negative\n")
    with Billing() as server:
        asked = ["validate", "--victim", server.spec, "--labels", "negative,positive", "--prompt", PROMPT, "--json"]
        for more in ([], ["--data", "data.csv", "--encoder", "none", "--recipes", "deepwordbug"]):
            before = server.total
            assert main([*asked, *more, "--max-requests", "4"]) == 3
            assert server.total == before + 4
    Path("robustness.toml").write_text("[audit]\nmax_requests = 4\n")
    free = ["validate", "--victim", "scripted:keyword", "--data", "data.csv", "--encoder", "none", "--recipes", "deepwordbug"]
    assert main(free) == 0, capsys.readouterr().err


def test_replay_of_failures_from_the_runs_own_cassette_needs_no_server(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(recorded.run.path)
    assert (
        main(["replay", folder, "--cassette", folder, "--allow-local-code", "-q"]) == 1
    )  # the same victim: every failure is broken still
    assert "broken" in capsys.readouterr().out
    assert main(["replay", folder, "--cassette", folder, "--allow-local-code", "--max-requests", "3"]) == 2
    assert "with --cassette nothing is" in capsys.readouterr().err


def test_an_explanation_is_asked_under_caps_and_goes_on_where_a_cap_ended_it(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(recorded.run.path, folder)
    (folder / "seal.json").unlink()
    seen: list[int] = []

    def answer(body: Any) -> tuple[int, Any]:
        text = body["messages"][-1]["content"].partition("? ")[2]
        seen.append(1)
        return said("positive" if keyword_score((text,)) > 0.5 else "negative")

    with stub(answer) as server:
        command = ["explain", str(folder), "--victim", f"openai:{server.url}#m", "--labels", "negative,positive"]
        command += ["--prompt", PROMPT, "--remedies", "invisible", "--json", "--most", "2"]
        assert main([*command, "--max-requests", "4"]) == 3
        assert len(seen) == 4
        assert main(command) in (0, 3)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["notes"], "what a victim that may vary cannot tell is said"
    assert sum(told["states"].values()) == len(lines(recorded.run, "failures.jsonl"))


def test_one_lucky_answer_of_an_endpoint_fixes_nothing(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [json.loads(line) for line in lines(recorded.run, "failures.jsonl")]
    right = {case["perturbed"]: case["reference"] for case in cases} | {
        case["texts"]["text"]: case["reference"] for case in cases
    }
    perturbed, other = {case["perturbed"] for case in cases}, {"positive": "negative", "negative": "positive"}
    seen: Counter[str] = Counter()

    def lucky(body: Any) -> tuple[int, Any]:
        text = body["messages"][-1]["content"].partition("? ")[2]
        seen[text] += 1
        label = right.get(text, "positive")
        return said(other[label] if text in perturbed and seen[text] > 1 else label)

    with stub(lucky) as server:
        command = ["replay", str(recorded.run.path), "--victim", f"openai:{server.url}#m", "--labels", "negative,positive"]
        assert main([*command, "--prompt", PROMPT, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["counts"]["flaky"] == len(cases)


def test_a_plan_predicts_requests_tokens_and_money_and_the_audit_starts_from_its_pilot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, prices, out = tmp_path / "data.csv", tmp_path / "prices.toml", tmp_path / "run"
    data.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in reviews(40)))
    prices.write_text(PRICES)
    how = ["--data", str(data), "--labels", "negative,positive", "--prompt", PROMPT, "--recipes", "deepwordbug"]
    how += ["--budget", "20", "--encoder", "none", "--out", str(out), "--prices", str(prices)]
    with Billing() as server:
        how += ["--victim", server.spec]
        assert main(["plan", "--pilot", "12", "--json", *how]) == 0
        planned, paid = json.loads(capsys.readouterr().out), server.total
        assert os.listdir(out) == ["cassette.jsonl"]
        assert main(["plan", "--pilot", "12", "--json", *how]) == 0  # every answer is there already
        assert (json.loads(capsys.readouterr().out)["asking"], server.total) == (planned["asking"], paid)
        assert main(["audit", *how]) == 0
        cost = (100 * server.tokens_in + 400 * server.tokens_out) / 1e6
        assert f"spent: {server.total:,} requests, {server.tokens_in:,} tokens in" in capsys.readouterr().out
        assert len(exchanges(out)) == server.total, "the audit asked again what the pilot had asked"
    truth = {"requests": server.total, "tokens_in": server.tokens_in, "tokens_out": server.tokens_out}
    for name, value in truth.items():
        assert planned["asking"][name]["expected"] == pytest.approx(value, rel=0.25), name
    assert planned["money"]["expected"] == pytest.approx(cost, rel=0.25)
    assert planned["currency"] == "USD"


def started(folder: Path, server: Billing) -> subprocess.Popen[bytes]:
    code = (
        "from pathlib import Path; from tests.robustness.victims.endpoint.test_spending import run_on;"
        f"run_on({server.spec!r}, Path({str(folder)!r}), concurrency=8, resume=True)"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[4])


def exchanges(folder: Path) -> list[tuple[str, str]]:
    """Key and body of what is answered in the cassette, which may have been torn by a kill."""
    whole = [line for line in (folder / "cassette.jsonl").read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    return [(one["key"], named(one["request"]["body"])) for one in map(json.loads, whole) if "key" in one]


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_kills_and_resumes_ask_no_finished_request_again(recorded: Recorded, tmp_path: Path, kills: int) -> None:
    whole, asks = recorded.run, Counter(body for _, body in exchanges(recorded.run.path))
    folder, rng, every = tmp_path / "run", random.Random(3), asks.total() // (kills + 1)
    with Billing(delay=0.02) as server:
        for _ in range(kills):
            process, before = started(folder, server), server.total
            while process.poll() is None and server.total < before + every // 2:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.1))
            assert process.poll() is None, "the run is too short for this test"
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            time.sleep(0.05)  # what was under way arrives at the server
            answered, then = Counter(body for _, body in exchanges(folder)), server.requests.copy()
        assert started(folder, server).wait(120) == 0
    assert lines(replace(whole, path=folder)) == lines(whole)
    done = [body for body, count in asks.items() if answered[body] == count]
    assert done
    assert [body for body in done if server.requests[body] != then[body]] == [], "a finished request was asked again"
    keys = [key for key, _ in exchanges(folder)]
    assert len(set(keys)) == len(keys) == sum(asks.values())
    bill = json.loads((folder / "run.json").read_text())["bill"]
    assert len(keys) <= server.total <= bill["requests"] <= len(keys) + 8 * kills
