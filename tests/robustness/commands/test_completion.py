"""What TAB offers: recipes in comma lists, suites, kinds of victims, run folders, tasks, at once and in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attacks import recipes, summaries
from robustness.commands.terminal import complete

PROGRAM = "import sys; sys.argv[0] = 'robustness'; from robustness.cli import run; run()"


def offered(line: str, *, code: str = PROGRAM, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    words = line.split()
    at = len(words) if line.endswith(" ") else len(words) - 1
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(at), "_ROBUSTNESS_COMPLETE": "complete_bash"}
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True, check=True, cwd=cwd, timeout=60
    )


def test_completion_is_silent_and_loads_neither_recipes_nor_models() -> None:
    told = "import atexit, sys; atexit.register(lambda: print(*(m for m in HEAVY if m in sys.modules), file=sys.stderr)); "
    heavy = "HEAVY = ('torch', 'numpy', 'pandas', 'attacks.recipes', 'robustness.commands.harden', 'rich'); "
    done = offered("robustness audit --recipes pwws,dee", code=heavy + told + PROGRAM)
    assert (done.stdout.split(), done.stderr.split()) == (["pwws,deepwordbug"], [])


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("robustness attack x --recipe stan", ["standard"]),
        ("robustness plan --victim predi", ["predictions:"]),
        ("robustness audit --task multi", ["multi-label"]),
        ("robustness list rec", ["recipes"]),
        ("robustness gate runs/", ["runs/déjà-vu", "runs/more/"]),
        ("robustness resume ", ["runs/déjà-vu", "runs/more/"]),
    ],
)
def test_completion_knows_the_names(line: str, wanted: list[str], tmp_path: Path) -> None:
    (tmp_path / "runs/déjà-vu").mkdir(parents=True)
    (tmp_path / "runs/déjà-vu/run.json").write_text("{}")
    (tmp_path / "runs/more").mkdir()
    done = offered(line, cwd=tmp_path)
    assert (sorted(done.stdout.split()), done.stderr) == (wanted, "")


def test_every_recipe_and_suite_is_offered_and_explained_in_a_line() -> None:
    assert set(summaries.RECIPES) == set(recipes.names())
    assert set(summaries.SUITES) == set(recipes.suites())
    assert {name for name, _ in complete.recipes("")} == {*recipes.names(), *recipes.suites()}
    assert complete.recipes("greedy(syn") == []
    assert ("a,pwws", summaries.RECIPES["pwws"]) in complete.recipes("a,pw")
    assert complete.recipes("pwws,pww") == []


def test_every_kind_of_victim_is_offered() -> None:
    from robustness.victims import KINDS

    assert {kind.rstrip(":") for kind, _ in complete.victims("")} == {kind.name for kind in KINDS}


@pytest.mark.parametrize("kind", ["recipes", "suites", "victims", "tasks", "prompts"])
def test_lists_fit_80_columns_and_cut_no_name(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from robustness.cli import main

    monkeypatch.setenv("COLUMNS", "80")
    assert main(["list", kind, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert main(["list", kind]) == 0
    shown = capsys.readouterr().out
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert [
        row["name"] for row in rows if not any(line.split()[:1] == row["name"].split()[:1] for line in shown.splitlines())
    ] == []
    if kind == "recipes":
        listed = shown[: shown.index("\nSuites\n")].splitlines()
        lines = [line for line in listed if line.split()[:1] and line.split()[0] in summaries.RECIPES]
        assert len(lines) == len(summaries.RECIPES)
        assert all(summaries.RECIPES[line.split()[0]] in line for line in lines), "one line a recipe"
        assert "blind" not in shown


def test_a_list_that_there_is_not_is_a_plain_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    from robustness.cli import main

    assert main(["list", "recipe"]) == 2
    said = capsys.readouterr().err
    assert "there is no list of 'recipe'; did you mean 'recipes'? there are: recipes, suites" in said
    assert "Value error" not in said
