"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytest_plugins = "pytester"

POLICY = """
[audit]
victim = "scripted:keyword"
data = "data.csv"
recipes = ["deepwordbug", "natural:word-drop"]
encoder = "none"

[gate]
min_clean_accuracy = "10%"
{rule}

[gate.slices."label=negative"]
max_accuracy_drop = "10pt"
"""
ROWS = ["text,label", "a dull film,negative", "one dull hour,negative", "so boring,negative", "a great film,positive",
        "what a mess,negative", "a warm story,positive"]  # fmt: skip


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    pytester.path.joinpath("data.csv").write_text("\n".join(ROWS) + "\n")
    return pytester


def write(
    project: pytest.Pytester, rule: str = 'min_robust_accuracy = "99%"\nmin_examples = 1\naccept_flags = "near-chance"'
) -> None:
    project.path.joinpath("robustness.toml").write_text(POLICY.format(rule=rule))


def test_one_test_for_each_rule_and_recipe_on_a_slice(project: pytest.Pytester) -> None:
    write(project)
    shown = project.runpytest_subprocess("--collect-only", "-q")
    names = [line.partition("::")[2] for line in shown.outlines if "::" in line]
    assert names == [
        "run[sound]",
        "run[min_robust_accuracy]",
        "run[min_clean_accuracy]",
        "all/label=negative[max_accuracy_drop]",
        "deepwordbug/label=negative[max_accuracy_drop]",
        "natural:word-drop/label=negative[max_accuracy_drop]",
    ]
    assert not project.path.joinpath("runs").exists()


def test_a_broken_rule_fails_with_three_diffs_after_one_audit(project: pytest.Pytester) -> None:
    write(project)
    shown = project.runpytest_subprocess("-p", "no:cacheprovider")
    outcomes = shown.parseoutcomes()
    assert outcomes["failed"] >= 2
    assert outcomes["passed"] >= 1
    text = shown.stdout.str()
    (line,) = [line for line in shown.outlines if line.startswith("FAILED robustness.toml::run[min_robust_accuracy]")]
    assert re.fullmatch(r"robust accuracy [\d.]+ % \([\d.]+ to [\d.]+\), at least 99\.0", line.partition(" - ")[2])
    part = text[text.index("run[min_robust_accuracy] _") :]
    part = part[: part.index("every failure and report")]
    assert part.count("[-") >= 3
    assert part.count(" on ") == 3
    assert len([p for p in project.path.joinpath("runs").iterdir() if p.is_dir()]) == 1


@pytest.mark.slow
def test_selecting_and_stopping_work(project: pytest.Pytester) -> None:
    write(project)
    project.runpytest_subprocess("-k", "sound").assert_outcomes(passed=1, deselected=5)
    project.runpytest_subprocess("-x", "-k", "not sound and not clean").assert_outcomes(failed=1, deselected=2)


def test_what_cannot_be_decided_fails(project: pytest.Pytester) -> None:
    write(project, "min_examples = 5000")
    shown = project.runpytest_subprocess("-k", "sound")
    shown.assert_outcomes(failed=1, deselected=4)
    shown.stdout.fnmatch_lines(["*inconclusive: * at least 5000 required*"])


def test_an_audit_that_fails_fails_every_test_with_one_sentence(project: pytest.Pytester) -> None:
    write(project)
    project.path.joinpath("data.csv").unlink()
    shown = project.runpytest_subprocess()
    shown.assert_outcomes(failed=6)
    assert "Traceback" not in shown.stdout.str()


def test_a_file_without_gate_or_audit_is_left_alone(project: pytest.Pytester) -> None:
    project.path.joinpath("robustness.toml").write_text('[gate]\nmin_robust_accuracy = "99%"\n')
    project.runpytest_subprocess().assert_outcomes()
    project.path.joinpath("robustness.toml").write_text('[audit]\nvictim = "scripted:keyword"\n')
    project.runpytest_subprocess().assert_outcomes()


def test_a_wrong_key_is_a_collection_error(project: pytest.Pytester) -> None:
    write(project, "min_robust_acuracy = 0.5")
    shown = project.runpytest_subprocess()
    shown.assert_outcomes(errors=1)
    shown.stdout.fnmatch_lines(["*did you mean min_robust_accuracy*"])


def test_the_fixture(project: pytest.Pytester) -> None:
    project.makepyfile("""
        ROWS = [("a dull film", "negative"), ("so boring", "negative"), ("a great film", "positive")]
        FEW = {"min_examples": 1, "accept_flags": ["near-chance", "constant"]}
        COMMON = {"recipes": "deepwordbug", "encoder": "none"}

        def test_measures(audit):
            run = audit("scripted:keyword", ROWS, **COMMON)
            assert len(run.outcomes) == 3

        def test_demands(audit):
            audit("scripted:keyword", ROWS, gate={"max_attack_success_rate": "1%", **FEW}, **COMMON)

        def test_not_shown(audit):
            audit("scripted:constant:negative", ROWS, gate={"min_robust_accuracy": "60%", **FEW}, **COMMON)
        """)
    shown = project.runpytest_subprocess()
    shown.assert_outcomes(passed=1, failed=2)
    shown.stdout.fnmatch_lines(["*attack success rate*", "*inconclusive*"])
    summary = [line.partition(" - ")[2] for line in shown.outlines if line.startswith("FAILED ")]
    assert re.fullmatch(r"attack success rate [\d.]+ % \([\d.]+ to [\d.]+\), at most 1\.0", summary[0])
    assert re.fullmatch(r"inconclusive: robust accuracy [\d.]+ % \([\d.]+ to [\d.]+\), at least 60\.0", summary[1])


@pytest.mark.slow
def test_workers_share_one_audit(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    write(project)
    shown = project.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider")
    assert shown.parseoutcomes()["failed"] >= 2
    assert len([p for p in project.path.joinpath("runs").iterdir() if p.is_dir()]) == 1


def test_importing_the_plugin_costs_nothing() -> None:
    heavy = ("torch", "transformers", "pandas", "numpy", "typer", "pydantic", "rich", "attacks", "reports")
    code = f"import sys, pytest, robustness.pytest_plugin; print([m for m in {heavy!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_long_text_is_shown_around_its_edits_only() -> None:
    from reports.run import EditRecord, Outcome
    from robustness.testing.told import NEAR, marked

    def shown(text: str, *starts: int) -> str:
        edits = tuple(EditRecord(at, at + 1, at, at + 1, text[at], "X") for at in starts)
        return marked(Outcome("e", "r", "succeeded", "a", "text", {"text": text}, edits=edits))

    short = "a" * NEAR
    assert shown(f"{short}b{short}", NEAR) == f"{short}[-b-]{{+X+}}{short}"
    long = "x" * 999
    assert shown(f"{long}b{long}", 999) == f"…{'x' * NEAR}[-b-]{{+X+}}{'x' * NEAR}…"
    whole = marked(
        Outcome("e", "r", "succeeded", "a", "text", {"text": long}, edits=(EditRecord(0, 999, 0, 999, long, "y" * 999),))
    )
    assert whole == f"[-{'x' * NEAR}…{'x' * NEAR}-]{{+{'y' * NEAR}…{'y' * NEAR}+}}"
    assert shown(f"b{long}b", 0, 1000) == f"[-b-]{{+X+}}{'x' * NEAR}…{'x' * NEAR}[-b-]{{+X+}}"
