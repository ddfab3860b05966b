from __future__ import annotations

from pathlib import Path

import pytest

from reports.gate.policy import Policy, PolicyError, parse_policy, points, share, with_gate
from reports.gate.policy_file import load_policy

FULL = """
[gate]
min_robust_accuracy = "30%"
max_accuracy_drop = "20pt"
max_attack_success_rate = 0.5
max_error_rate = 0.01
min_examples = 200
min_clean_accuracy = 0.8
fatal_flags = ["truncation"]
confidence = 0.99

[gate.recipes.textfooler]
max_attack_success_rate = 0.4

[gate.slices."source=imdb"]
min_robust_accuracy = 0.2

[audit]
victim = "demo"
recipes = "deepwordbug, textfooler"
budget = "none"
limit = 100
seed = 3
label_map = { neg = "negative" }
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [("80%", 0.8), (" 80 % ", 0.8), (0.8, 0.8), ("0.8", 0.8), (0, 0.0), (1, 1.0), ("100%", 1.0), ("12.5%", 0.125)],
)
def test_shares(text: object, value: float) -> None:
    assert share(text) == pytest.approx(value)


@pytest.mark.parametrize("text", [80, "80", -0.1, "101%", "abc", "", True, None, "nan", "2pt", float("nan"), "1e-3", [0.5]])
def test_bad_shares(text: object) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        share(text)


@pytest.mark.parametrize(
    ("text", "value"), [("2pt", 0.02), ("20 points", 0.2), ("5%", 0.05), (0.2, 0.2), (0, 0.0), ("100pt", 1.0)]
)
def test_points(text: object, value: float) -> None:
    assert points(text) == pytest.approx(value)


@pytest.mark.parametrize("text", [1, 1.0, "1", 20, "20", True, "-2pt"])
def test_a_bare_one_is_ambiguous(text: object) -> None:
    with pytest.raises(ValueError, match="percentage points"):
        points(text)


def test_a_full_file(tmp_path: Path) -> None:
    path = tmp_path / "robustness.toml"
    path.write_text(FULL)
    policy = load_policy(path)
    assert policy.source == str(path)
    assert policy.gate.given == {"min_robust_accuracy": 0.3, "max_accuracy_drop": 0.2, "max_attack_success_rate": 0.5}
    assert (policy.gate.max_error_rate, policy.gate.min_examples, policy.gate.confidence) == (0.01, 200, 0.99)
    assert policy.gate.recipes["textfooler"].given == {"max_attack_success_rate": 0.4}
    assert policy.gate.slices["source=imdb"].given == {"min_robust_accuracy": 0.2}
    assert policy.audit.model_dump(exclude_none=True) == {
        "victim": "demo",
        "recipes": ["deepwordbug", "textfooler"],
        "budget": "none",
        "limit": 100,
        "seed": 3,
        "label_map": {"neg": "negative"},
    }


def test_the_working_folder_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_policy() == Policy()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load_policy() == Policy()
    (tmp_path / "pyproject.toml").write_text("[tool.robustness.gate]\nmin_robust_accuracy = 0.1\n")
    assert load_policy().gate.min_robust_accuracy == 0.1
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "robustness.toml").write_text("[gate]\nmin_robust_accuracy = 0.2\n")
    assert load_policy().gate.min_robust_accuracy == 0.2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[gate]\nmin_robust_acuracy = 0.3", ["gate.min_robust_acuracy", "did you mean min_robust_accuracy?", "expected one of"]),
        ("[gates]", ["gates: no such key", "did you mean gate?"]),
        ("[gate.recipes.x]\nmin_robust = 0.3", ["gate.recipes.x.min_robust", "min_robust_accuracy"]),
        ("[gate]\nmin_robust_accuracy = 30", ["gate.min_robust_accuracy", "between 0 and 1", "got 30"]),
        ("[gate]\nmax_accuracy_drop = 1", ["gate.max_accuracy_drop", '"20pt"', "got 1"]),
        ("[gate]\nmin_examples = -1", ["gate.min_examples", "got -1"]),
        ("[gate]\nmin_examples = 2.5", ["gate.min_examples", "got 2.5"]),
        ("[gate]\nconfidence = 1.0", ["gate.confidence", "less than 1"]),
        ("[gate]\nfatal_flags = 3", ["gate.fatal_flags", "got 3"]),
        ("gate = 3", ["gate", "got 3"]),
        ("[gate.recipes.x]", ["gate.recipes.x", "at least one of min_robust_accuracy"]),
        ("[gate.slices.imdb]\nmin_robust_accuracy = 0.3", ["gate.slices", '"column=value"', "imdb"]),
        ("[audit]\nlimt = 3", ["audit.limt", "did you mean limit?"]),
        ("[audit]\nlimit = 0", ["audit.limit", "got 0"]),
        ("[audit]\nbudget = 1", ["audit.budget", "from 2 up", "got 1"]),
        ("[audit]\nseed = '3'", ["audit.seed", "got '3'"]),
        ("source = 'x'", ["source: no such key"]),
        ("[gate", ["not valid TOML"]),
    ],
)
def test_errors_name_file_key_and_way_out(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = tmp_path / "robustness.toml"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    for part in [str(path), *parts]:
        assert part in str(caught.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy({"gate": {"min_examples": "x", "nope": 1}, "audit": {"limit": 0}}, "here")
    assert len(str(caught.value).splitlines()) == 3


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "absent.toml")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(PolicyError, match=r"expected a table \[tool\.robustness\]"):
        load_policy(tmp_path / "pyproject.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="not valid TOML"):
        load_policy(tmp_path / "bytes.toml")


def test_flags_lie_over_the_file() -> None:
    policy = parse_policy(
        {"gate": {"max_accuracy_drop": "100pt", "min_examples": 5, "recipes": {"a": {"min_robust_accuracy": 0.1}}}},
        "robustness.toml",
    )
    over = with_gate(
        policy,
        {
            "min_examples": 7,
            "recipes": {"a": {"max_accuracy_drop": "5pt"}, "b": {"min_robust_accuracy": "9%"}},
            "slices": {"label=x": {"max_accuracy_drop": "1pt"}},
        },
    )
    assert (over.gate.max_accuracy_drop, over.gate.min_examples) == (1.0, 7)
    assert over.gate.recipes["a"].given == {"min_robust_accuracy": 0.1, "max_accuracy_drop": 0.05}
    assert over.gate.recipes["b"].given == {"min_robust_accuracy": 0.09}
    assert over.gate.slices["label=x"].given == {"max_accuracy_drop": 0.01}
    assert over.source == "robustness.toml and flags"
    assert with_gate(Policy(), {"min_examples": 1}).source == "flags"
    assert with_gate(policy, {}) is policy
    with pytest.raises(PolicyError, match=r"flags: gate\.min_robust_accuracy"):
        with_gate(policy, {"min_robust_accuracy": "lots"})
