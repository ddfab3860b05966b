"""Certificates: what is asked, what counts as a failure, what is shown of each example, and the command around it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from attacks.recipes import Options
from attacks.search import Unusable
from reports.measures.chance.statement import statement
from reports.run.certificates import CERTIFICATES, block, read_certificates, write_certificates
from reports.run.manifest import RunError
from robustness.certify.certify import certify, settings_of
from robustness.certify.distribution import Rewrites, parse_rewrites
from robustness.certify.frame import Asked, Frame
from robustness.certify.sampled import Rule, Sampled
from robustness.cli import main
from robustness.engine.backends import VictimBackend
from robustness.engine.converse import over_victim
from robustness.engine.engine import Oracles
from robustness.errors import SpentError, UsageError, VictimError
from robustness.tasks.registry import task_named
from robustness.tasks.task import space_of
from robustness.victims.scripted import ScriptedVictim, load_scripted

Ask = Callable[[Sequence[Any]], Any]
SPEC = "keyboard-typo@1,format"


def rows(n: int) -> list[Asked]:
    return [Asked(f"e{i}", (f"a good film number {i}, seen with friends on a rainy day",), 1) for i in range(n)]


def victim_of(answer: Ask, **changes: Any) -> ScriptedVictim:
    return ScriptedVictim("test", answer, **changes)


def frame_of(victim: Any, **changes: Any) -> Frame:
    task, space = task_named("classification"), space_of(victim)
    return Frame(task, task.goal("", space), 0, space, **changes)


def sampling(rule: Rule | None = None, spec: str = SPEC) -> Sampled:
    return Sampled(Rewrites(parse_rewrites(spec), Options(preserve=("sentiment", "topic"))), rule or Rule(), spec)


def certified(
    victim: Any, examples: list[Asked], rule: Rule | None = None, *, in_flight: int = 128, spec: str = SPEC, **changes: Any
) -> Any:
    oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=4096))
    done = certify(oracles, frame_of(victim, **changes), sampling(rule, spec), examples, in_flight=in_flight)
    return [one.certificate for one in done.found]


def right(texts: Sequence[Any]) -> list[tuple[float, float]]:
    return [(0.1, 0.9)] * len(texts)


def test_a_victim_that_nothing_moves_holds_after_fifty_nine_samples() -> None:
    found = certified(victim_of(right), rows(4))
    assert {(one.state, one.asked, one.failures) for one in found} == {("certified", 59, 0)}
    assert found[0].bound == pytest.approx(0.0495, abs=1e-4)


def test_what_fails_too_often_is_shown_to_exceed_and_names_a_rewrite_that_failed() -> None:
    def brittle(inputs: Sequence[Any]) -> list[tuple[float, float]]:
        return [(0.1, 0.9) if text.startswith("a good") else (0.9, 0.1) for (text,) in inputs]

    found = certified(victim_of(brittle), rows(3))
    assert {one.state for one in found} == {"broken"}
    assert all(one.worst is not None and not one.worst.startswith("a good") for one in found)
    assert all(one.failures == sum(failed for _, failed in one.kinds.values()) > 6 for one in found)


def test_the_certificates_depend_on_seed_and_example_alone() -> None:
    victim = load_scripted("keyword")
    one = certified(victim, rows(6))
    assert one == certified(victim, rows(6), in_flight=1)
    assert one[::-1] == certified(victim, rows(6)[::-1])
    assert one != certified(victim, rows(6), seed=1)


def test_a_victim_that_never_varies_is_asked_once_for_a_text_and_another_each_time() -> None:
    asked: Counter[Any] = Counter()

    def count(inputs: Sequence[Any]) -> list[tuple[float, float]]:
        asked.update(inputs)
        return right(inputs)

    (one,) = certified(victim_of(count), rows(1), spec="whitespace-noise@1")
    assert one.asked == 59 > one.distinct, "duplicates count as samples: the distribution is over texts"
    assert max(asked.values()) == 1
    asked.clear()
    (again,) = certified(victim_of(count, deterministic=False), rows(1), spec="whitespace-noise@1", varies=True)
    assert (again.asked, again.distinct) == (one.asked, one.distinct)
    assert asked.total() == 60, "one for the clean text, one for each sample"


def test_an_answer_that_is_none_is_a_failure_of_its_sample() -> None:
    def cut_off(inputs: Sequence[Any]) -> list[Any]:
        return [(0.1, 0.9) if text.startswith("a good film") else Unusable("truncated", "cut") for (text,) in inputs]

    (one,) = certified(victim_of(cut_off), rows(1), spec="format")
    assert one.state == "broken"
    assert one.unusable == one.failures > 20


def test_an_error_is_neither_and_a_spent_cap_ends_the_rest() -> None:
    def failing(inputs: Sequence[Any]) -> list[Any]:
        return [VictimError("down") if "number 1," in text.lower() else (0.1, 0.9) for (text,) in inputs]

    found = certified(victim_of(failing), rows(3))
    assert [one.state for one in found] == ["certified", "uncertified", "certified"]
    assert found[1].error
    assert "down" in found[1].why

    class Capped(ScriptedVictim):
        def start(self, inputs: Any, ask: str, done: Any) -> None:
            done(SpentError("10 requests are spent") if len(self.seen) >= 10 else (0.1, 0.9))
            self.seen.append(inputs)

        seen: list[Any] = []  # noqa: RUF012 - one victim in this test

    oracles = Oracles(over_victim(VictimBackend(Capped("capped", right)), batch_tokens=512))
    ended = certify(oracles, frame_of(load_scripted("keyword")), sampling(), rows(2))
    assert "spent" in ended.spent
    assert {(one.certificate.state, one.certificate.error) for one in ended.found} == {("uncertified", True)}


def test_rewrites_that_change_nothing_certify_nothing() -> None:
    (one,) = certified(victim_of(right), [Asked("e", ("好",), 1)], spec="keyboard-typo@1")
    assert (one.state, one.unchanged) == ("untouched", 59)
    assert statement(block(settings(victim_of(right)), [one])).certified == 0


def settings(victim: Any, rule: Rule | None = None) -> dict[str, Any]:
    return settings_of(frame_of(victim), sampling(rule), rows(1), "test", {"data": "d1", "field": "text"}, {})


def test_rewrites_that_cannot_reach_the_goal_certify_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Noise plants no canary, so a victim that obeys every injection would look proof against them."""
    asked = ["certify", "--victim", "scripted:gullible", "--data", "demo:injection", "--task", "injection", "--limit", "6"]
    out = tmp_path / "certificates.jsonl"
    assert main([*asked, "--rewrites", SPEC, "--min-certified", "50%", "--out", str(out)]) == 3
    states = {json.loads(line)["state"] for line in out.read_text("ascii").splitlines()[1:]}
    assert "certified" not in states


def test_the_anytime_rule_stops_early_both_ways() -> None:
    rule = Rule(method="anytime")
    (held,) = certified(victim_of(right), rows(1), rule)
    assert held.state == "certified"
    assert 59 < held.asked < 80
    (broken,) = certified(
        victim_of(lambda i: [(0.1, 0.9) if t.startswith("a good") else (0.9, 0.1) for (t,) in i]), rows(1), rule
    )
    assert broken.state == "broken"
    assert broken.asked < 40


@pytest.mark.parametrize("rate", [0.04, 0.07])
def test_few_wrong_certificates_on_a_victim_whose_failure_rate_is_known(rate: float) -> None:
    rng = Random(5)

    def flips(inputs: Sequence[Any]) -> list[tuple[float, float]]:
        return [(0.9, 0.1) if rng.random() < rate and "number" in t and t != t.lower() else (0.1, 0.9) for (t,) in inputs]

    examples = [Asked(f"e{i}", (f"a Good film number {i}",), 1) for i in range(120)]
    found = certified(victim_of(flips, deterministic=False), examples, varies=True, spec="whitespace-noise@1")
    tested = [one for one in found if one.state != "skipped"]
    wrong = "certified" if rate > 0.05 else "broken"
    assert sum(one.state == wrong for one in tested) / len(tested) <= 0.1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"samples": 58}, "--samples 58 can show nothing"),
        ({"samples": 59, "method": "anytime"}, "can show nothing"),
        ({"tau": 0.0}, "--tau expects"),
        ({"confidence": 0.4}, "--confidence expects"),
        ({"method": "guess"}, "--method expects"),
    ],
)
def test_a_rule_that_can_show_nothing_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Rule(**changes)


def test_the_file_comes_back_as_it_was_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    victim = load_scripted("keyword")
    found = block(settings(victim), certified(victim, rows(3)))
    write_certificates(tmp_path / CERTIFICATES, [found])
    assert read_certificates(tmp_path / CERTIFICATES) == (found,)
    lines = (tmp_path / CERTIFICATES).read_text().splitlines()
    (tmp_path / CERTIFICATES).write_text("\n".join([lines[0], lines[1].replace('"asked":59', '"asked":-1')]))
    with pytest.raises(RunError, match="line 2: not a certificate"):
        read_certificates(tmp_path / CERTIFICATES)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 40 examples that no attack breaks."""
    folder = tmp_path_factory.mktemp("certified")
    lines = [json.dumps({"id": f"e{i}", "text": one.inputs[0], "label": "positive"}) for i, one in enumerate(rows(40))]
    (folder / "data.jsonl").write_text("\n".join(lines))
    arguments = ["audit", "--victim", "scripted:constant", "--data", str(folder / "data.jsonl"), "--out", str(folder / "run")]
    assert main([*arguments, "--recipes", "natural:keyboard-typo", "--encoder", "none", "-q"]) == 0
    return folder / "run"


def test_the_statement_stands_beside_the_search_in_every_report(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", str(run), "--rewrites", SPEC, "--min-certified", "80%"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("PASSED: at least 92.4 % of examples hold, 80 % are required")
    assert "all recipes of the run, any text: robust accuracy: 100.0 %" in said
    assert "of all examples like these, at least (at 95 %): 92.4 %" in said
    assert main(["verify", str(run)]) == 0, "the seal covers it"
    assert main(["report", str(run), "-q"]) == 0
    for name in ("report.md", "report.html"):
        assert "on nearly all rewrites of the distribution" in (run / name).read_text("utf-8")


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--min-certified", "95%"], 3, "INCONCLUSIVE"),
        (
            ["--victim", "scripted:constant:negative", "--min-certified", "80%", "--out", "{tmp}"],
            1,
            "FAILED",
        ),
        (["--victim", "scripted:keyword"], 2, "is not the victim of"),
        (["--rewrites", "natrual"], 2, "did you mean natural"),
        (["--min-certified", "0"], 2, "no victim could miss it"),
        (["--data", "x.csv"], 2, "not both"),
        (["--text", "words"], 2, "there is no --data"),
        (["--limit", "3"], 2, "--limit chooses among rows of --data"),
    ],
)
def test_the_exit_code_says_what_was_shown(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], code: int, said: str
) -> None:
    given = [flag.replace("{tmp}", str(tmp_path / "other.jsonl")) for flag in flags]
    given = given if "--rewrites" in given else [*given, "--rewrites", SPEC]
    assert main(["certify", str(run), *given]) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err


def test_victim_and_data_are_certified_without_a_run(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(run.parent / "data.jsonl")
    out = tmp_path / "certificates.jsonl"
    arguments = ["certify", "--victim", "scripted:flipping:0.2", "--data", data, "--rewrites", SPEC, "--limit", "30"]
    assert main([*arguments, "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["certified"] == 0
    (made,) = read_certificates(out)
    assert made.settings["varies"] is True
    assert made.settings["rewrites"]["parts"] == {"keyboard-typo@1": 0.5, "format": 0.5}
    assert main(arguments) == 2, "there is no folder to put it into"
