"""The two documents of this room name every key there is, and their example is one that works."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from reports.gate.policy import AuditDefaults, CompareRules, GateRules, parse_policy
from reports.gate.soundness import soundness
from reports.gate.verdicts import EXIT_CODES
from reports.measures.metrics import Overall, RecipeMetrics
from reports.run import EditRecord, Manifest, Outcome, Rung

DOCS = Path(__file__).parents[2] / "docs"


def words(name: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", (DOCS / name).read_text("utf-8")))


@pytest.mark.parametrize("record", [Outcome, Manifest])
def test_every_key_of_a_run_is_documented(record: type[Outcome] | type[Manifest]) -> None:
    assert {f.name for f in fields(record)} <= words("run-format.md")


def test_every_measure_is_documented() -> None:
    internal = {"name", "profile", "n", "statuses", "judged", "complete", "examples", "not_judged"}
    measures = {f.name for f in (*fields(RecipeMetrics), *fields(Overall))} - internal
    assert measures - words("run-format.md") <= {"queries_mean", "queries_median", "forwards_mean"}


def test_parts_of_an_outcome_are_documented() -> None:
    text = (DOCS / "run-format.md").read_text("utf-8")
    assert all(f.name in text for f in (*fields(EditRecord), *fields(Rung)))


def test_every_key_of_a_policy_is_documented() -> None:
    parts = {"recipes", "slices"}
    assert {*GateRules.model_fields, *AuditDefaults.model_fields, *CompareRules.model_fields} - parts <= words("gate-policy.md")


def test_the_example_policy_works() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (DOCS / "gate-policy.md").read_text("utf-8"), re.DOTALL)
    policy = parse_policy(tomllib.loads(example), "docs")
    assert set(policy.gate.recipes) == {"textfooler", "natural:keyboard-typo"}


def test_verdicts_and_soundness_are_documented() -> None:
    text = (DOCS / "gate-policy.md").read_text("utf-8")
    for verdict, code in EXIT_CODES.items():
        assert f"| {code} | {verdict} |" in text
    named = set(re.findall(r'RuleResult\(\s*"([a-z_]+)"', Path(soundness.__code__.co_filename).read_text("utf-8")))
    assert {"complete", "attacked", "tried", "max_error_rate", "min_examples", "fatal_flags"} <= named
    assert all(f"| `{name}` |" in text for name in {*named, "extent"})
