"""Composed recipes on the command line, in a policy file and in the Python interface: one name everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import robustness
from attacks.recipes.specs import split_specs
from reports.gate.policy import split_recipes
from robustness.cli import main

SPELLED = "greedy(synonyms + keyboard, prefer=first, max_words=0.5)"
NAME = "greedy(synonym+keyboard-typo,prefer=first,constraints=max-words-changed(0.5))"
DATA = "text,label\n" + "".join(f"a dull film number {n},negative\na great film number {n},positive\n" for n in range(6))
VICTIM = ("--victim", "scripted:keyword", "--encoder", "none", "--budget", "40", "--quiet")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films.csv").write_text(DATA, encoding="utf-8")
    return tmp_path / "films.csv"


def _run(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def test_a_composition_has_its_canonical_name_in_every_file_and_can_be_judged_by_any_spelling(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = f"{SPELLED}=1%"
    asked = ("audit", *VICTIM, "--data", str(data), "--recipes", "natural:case-noise", "--recipe", SPELLED, "--out", "run")
    assert main([*asked, "--min-robust-accuracy", rule, "--min-examples", "2"]) in (0, 1, 3)
    run = _run(Path("run"))
    assert [one["name"] for one in run["recipes"]] == ["natural:case-noise", NAME]
    assert run["asked"]["recipes"] == ["natural:case-noise", NAME]
    assert "prefer=first" in run["recipes"][1]["parameters"]["composition"]
    for file in ("outcomes.jsonl", "report.html", "report.md", "junit.xml", "findings.sarif", "summary.json"):
        shown = Path("run", file).read_text(encoding="utf-8")
        assert NAME in shown, file
    capsys.readouterr()
    main(["gate", "run", "--min-robust-accuracy", f"greedy(keyboard+synonym,max_words=0.5)=1%,{rule}", "--json"])
    rules = json.loads(capsys.readouterr().out)["rules"]
    told = {one["scope"]: one for one in rules if one["rule"] == "min_robust_accuracy"}
    assert told[f"recipe {NAME}"]["observed"] is not None
    assert told["recipe greedy(keyboard-typo+synonym,constraints=max-words-changed(0.5))"]["observed"] is None, "another order"


def test_a_policy_file_and_python_take_compositions_too(data: Path) -> None:
    Path("robustness.toml").write_text(
        f'[audit]\nrecipes = "natural:case-noise, {SPELLED}"\n[gate.recipes."{SPELLED}"]\nmin_robust_accuracy = "1%"\n',
        encoding="utf-8",
    )
    assert main(["audit", *VICTIM, "--data", str(data), "--out", "a"]) in (0, 1, 3)
    assert main(["gate", "a", "--policy", "robustness.toml", "--quiet"]) in (0, 1, 3)
    robustness.audit("scripted:keyword", str(data), recipes=f"natural:case-noise,{SPELLED}", budget=40, encoder="none", out="b")
    assert _run(Path("a"))["comparability_id"] == _run(Path("b"))["comparability_id"]


@pytest.mark.parametrize("flag", ["--recipe", "--recipes"])
def test_a_mistake_is_shown_with_a_caret_before_anything_is_loaded(
    flag: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["audit", "--victim", "hf:no/such/model", "--data", "none.csv", flag, "pwws,greedy(synonims, max_words=0.2)"])
    assert code == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("robustness: ")]
    assert said[0].startswith("robustness: unknown transformation 'synonims'; did you mean 'synonyms'")
    assert said[1].index("synonims") == said[2].index("^")


def test_one_composition_in_two_spellings_is_named_twice(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["audit", *VICTIM, "--data", str(data), "--recipe", SPELLED, "--recipe", NAME]
    assert main(asked) == 2
    assert "named twice" in capsys.readouterr().err


def test_a_bare_search_is_told_from_a_recipe(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", *VICTIM, "--data", str(data), "--recipes", "greedy"]) == 2
    assert "greedy is a search" in capsys.readouterr().err


def test_every_part_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "parts", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["kind"] for row in rows} == {"search", "transformation", "ranking", "constraint"}
    assert next(row["told"] for row in rows if row["name"] == "max-words-changed") == "share=0.2, at-least=1"


@pytest.mark.parametrize(
    "text", ["a,b(c,d),e", "a, b(x='(,', y=1) ,c", "x(,y", "a),b", "", " , ,", "natural:*,'q',f(g(h,i),j)", "a(b'c,d)e,f"]
)
def test_both_rooms_cut_a_list_of_recipes_at_the_same_commas(text: str) -> None:
    assert split_recipes(text) == split_specs(text)
