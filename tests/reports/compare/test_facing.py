"""The base's failures put to the candidate: what holds must survive both, and what could not be asked is not held."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from robustness import audit
from robustness.cli import main
from tests.robustness.victims.endpoint.billing import Billing

MEANT = (("great", "positive"), ("good", "positive"), ("poor", "negative"), ("dull", "negative"))

VICTIMS = '''
"""Two versions of a sentiment model: the second is as weak as the first."""

GOOD, BAD = ("great", "lovely", "warm"), ("awful", "dull", "stale")


class Version:
    labels = ("negative", "positive")
    robustness_deterministic = True

    def __init__(self, heals):
        self.heals = heals
        self.robustness_identity = "1"

    def predict_proba(self, texts):
        return [self.row(text) for text in texts]

    def row(self, text):
        text = self.heals(text.lower())
        score = sum(word in text for word in GOOD) - sum(word in text for word in BAD)
        p = 0.5 + 0.4 * (score > 0) - 0.4 * (score < 0) + 0.01 * (score == 0)
        return [1 - p, p]


def base():
    return Version(lambda text: text)


def lucky():
    return Version(lambda text: text)


def varying():
    import random

    made = Version(lambda text: text if random.random() < 0.5 else "great warm lovely")
    made.robustness_deterministic = False
    return made
'''
ROWS = [
    (f"a {word} story about the {noun}", label)
    for word, label in (("great", "positive"), ("lovely", "positive"), ("awful", "negative"), ("dull", "negative"))
    for noun in ("sea", "war", "dog", "town", "law", "moon", "city", "king", "road", "farm")
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "versions.py").write_text(VICTIMS, encoding="utf-8")
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *ROWS])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(name: str, recipe: str = "deepwordbug", budget: int = 40) -> None:
    audit(f"python:versions:{name}", "rows.csv", recipes=recipe, budget=budget, out=f"runs/{name}", encoder="none")


def test_an_example_that_the_candidates_own_search_missed_is_broken(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The candidate answers as the base does; only the seed of its search differs, so it finds other texts."""
    run("base")
    run("lucky")
    from dataclasses import replace

    from reports.compare.compare import compare
    from reports.run.failures import in_order
    from reports.run.store import load_run
    from robustness.auditing import open_victim
    from robustness.followups.replay import replay

    old, new = load_run("runs/base"), load_run("runs/lucky")
    assert len(in_order(old)) >= 20
    # what a luckier search would have written: the same victim, and nothing found
    blind = replace(new, outcomes=tuple(replace(o, status="failed", best=None, perturbed=None, edits=()) for o in new.outcomes))
    assert compare(old, blind).verdict == "improved"
    found = compare(old, blind, replay=replay(open_victim("python:versions:lucky"), in_order(old), repeat=2))
    assert found.facing is not None
    assert found.facing.missed == found.facing.counts["still broken"] == len(in_order(old))
    assert found.verdict == "inconclusive", "nothing was fixed, and forty examples exclude no loss of two points"
    assert [c.change for c in found.measures if c.kind == "robust accuracy"] == [0.0]
    assert not found.newly_fixed
    assert "missed by the candidate's own search" in found.notes[0]


def test_what_varies_is_not_held(here: Path) -> None:
    from reports.compare.compare import compare
    from reports.run.failures import in_order
    from reports.run.store import load_run
    from robustness.auditing import open_victim
    from robustness.followups.replay import replay

    run("base")
    run("lucky")
    old, new = load_run("runs/base"), load_run("runs/lucky")
    found = compare(old, new, replay=replay(open_victim("python:versions:varying"), in_order(old), repeat=2))
    assert found.facing is not None
    assert found.facing.counts["flaky"] > 0
    assert found.verdict in ("inconclusive", "no evidence")


def test_the_command_asks_the_candidates_own_victim(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("base")
    run("lucky")
    assert main(["compare", "runs/base", "runs/lucky", "--replay"]) == 2, "python: victims of a file need leave"
    assert "--allow-local-code" in capsys.readouterr().err
    assert main(["compare", "runs/base", "runs/lucky", "--replay", "--allow-local-code", "--max-regression", "15pt"]) == 0
    assert "the base's failures put to the candidate" in capsys.readouterr().out
    assert main(["compare", "runs/base", "runs/lucky", "--victim", "python:versions:base"]) == 2
    assert "--replay" in capsys.readouterr().err


def test_four_of_five_and_two_of_five_is_no_halving(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A canary that got through in 4 of 5 tries, and after a change of the prompt in 2 of 5: nothing is shown."""
    from reports.measures.paired import mcnemar, tango

    assert mcnemar(0, 2) == 0.5
    low, high = tango(0, 2, 5)
    assert low < -0.1
    assert high > 0.6


PROMPT = """
instruction = "{instruction}"
[[messages]]
role = "user"
content = "{{{{ instruction }}}}\\n\\nReview: {{{{ input }}}}"
[labels]
negative = ["negative"]
positive = ["positive"]
"""


def test_two_prompts_are_compared_by_both_searches_and_the_bases_failures_under_the_candidates_instruction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [(f"a {word} film about the {noun}", label) for noun in ("sea", "war", "dog", "town", "law") for word, label in MEANT]
    instructions = {"a": "Decide: positive or negative.", "b": "Say which of the two: positive, negative."}
    how: dict[str, Any] = {"recipes": "deepwordbug", "budget": 15, "encoder": "none"}
    with Billing() as server:
        for name, instruction in instructions.items():
            Path(f"{name}.toml").write_text(PROMPT.format(instruction=instruction), encoding="utf-8")
            for field in ("input", "instruction"):
                options = {"prompt": f"{name}.toml"}
                audit(server.spec, rows, out=f"runs/{name}-{field}", field=field, victim_options=options, **how)
        capsys.readouterr()
        seen = server.requests.copy()
        both = ["compare", "runs/a-input", "runs/b-input", "--max-regression", "99pt"]
        assert main([*both, "--replay"]) == 2, "a run folder does not choose who is sent a key"
        assert main([*both, "--replay", "--victim", server.spec]) == 0
        assert "the base's failures put to the candidate" in capsys.readouterr().out
        fresh = list(server.requests - seen)
        assert fresh, "the base's failures were never put to the candidate"
        assert all(instructions["a"] not in body for body in fresh), "the candidate was asked with the base's instruction"
        before = server.total
        assert main([*both, "--replay", "--victim", server.spec, "--max-requests", "9"]) == 3
        assert server.total == before + 9
        assert main([*both, "--max-requests", "9"]) == 2, "a cap on nothing"
        capsys.readouterr()
        assert main(["compare", "runs/a-instruction", "runs/b-instruction"]) == 3
        assert "Decide: positive or negative." in capsys.readouterr().out, "what was attacked must be the same in both"


def test_cases_of_a_prompt_without_an_instruction_are_put_to_one_that_has_one_and_the_other_way_round() -> None:
    from reports.run import Outcome
    from robustness.planning.supplied import resupplied
    from robustness.victims.base import VictimInfo

    case = Outcome("e", "pwws", "succeeded", "negative", "input", {"input": "a dull film"}, perturbed="a dul film")
    info = VictimInfo("x", "openai", ("negative", "positive"), ("instruction", "input"), supplied=(("instruction", "Decide."),))
    (there,) = resupplied([case], info)
    assert dict(there.texts) == {"instruction": "Decide.", "input": "a dull film"}
    assert list(there.texts) == ["instruction", "input"]
    (back,) = resupplied([there], VictimInfo("y", "openai", ("negative", "positive"), ("input",)))
    assert dict(back.texts) == {"input": "a dull film"}


def test_two_models_behind_addresses_pass_only_with_both(here: Path) -> None:
    """A fresh search may miss what another found: without the base's failures nothing is called better, or no worse."""
    from dataclasses import replace

    from reports.compare.compare import compare
    from reports.gate.policy import CompareRules
    from reports.run.failures import in_order
    from reports.run.store import load_run
    from robustness.auditing import open_victim
    from robustness.followups.replay import replay

    run("base")
    run("lucky")
    rules = CompareRules(max_regression=0.15)
    old, new = (load_run(f"runs/{name}") for name in ("base", "lucky"))
    assert compare(old, new, rules).verdict == "no evidence"
    behind = replace(new, manifest=replace(new.manifest, victim={**new.manifest.victim, "kind": "openai"}))
    alone = compare(old, behind, rules)
    assert alone.verdict == "inconclusive"
    assert "--replay" in alone.reasons[0]
    both = replay(open_victim("python:versions:lucky"), in_order(old), repeat=2)
    assert compare(old, behind, rules, replay=both).verdict == "no evidence"
