"""``compare --shared``: on what two runs share, and only where that answers the same question."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reports.compare.compare import compare
from reports.compare.shared import advice, share
from reports.gate.policy import AuditDefaults
from reports.run import Run
from reports.run.store import comparability_id, load_run
from robustness.cli import main

AUDIT = ["audit", "--victim", "scripted:keyword", "--data", "data.csv", "--encoder", "none", "-q"]
BLIND = "natural:case-noise,natural:keyboard-typo"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        rows = "".join(f"a good film number {n},positive\na bad film number {n},negative\n" for n in range(20))
        Path("data.csv").write_text("text,label\n" + rows)
        for name, recipes, limit in (("one", "natural:case-noise", "30"), ("two", BLIND, "24"), ("all", BLIND, "30")):
            assert main([*AUDIT, "--recipes", recipes, "--limit", limit, "--out", name]) == 0
    return folder


def _with(run: Run, **changes: object) -> Run:
    """The run as if its record had said so from the start."""
    comparability = {**run.manifest.comparability, **changes}
    return replace(
        run, manifest=replace(run.manifest, comparability=comparability, comparability_id=comparability_id(comparability))
    )


def test_runs_are_compared_on_the_examples_and_recipes_of_both(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs)
    assert main(["compare", "one", "two"]) == 3
    said = capsys.readouterr()
    assert "add --shared to compare them on these" in " ".join(said.err.split())
    digest = load_run("one").manifest.comparability["data"]
    assert digest not in said.out
    assert digest[:12] in said.out
    code = main(["compare", "one", "two", "--shared", "--json", "--out", "compared"])
    found = json.loads(capsys.readouterr().out)
    assert found["shared"]["recipes"] == ["natural:case-noise"]
    assert found["shared"]["of_examples"] == [30, 24]
    assert found["pairs"] + found["excluded"] <= found["shared"]["examples"] <= 24
    assert code == found["exit_code"]
    assert found["verdict"] in ("no evidence", "improved", "inconclusive")
    assert "on what both runs share" in found["reasons"][-1]
    for report in ("comparison.md", "comparison.html", "comparison.xml"):
        assert "on what both runs share" in Path("compared", report).read_text().lower(), report
    main(["compare", "one", "two", "--shared", "-q"])
    assert f"on {found['shared']['examples']} shared examples and 1 shared recipe" in capsys.readouterr().out


def test_sharing_all_is_the_plain_comparison(runs: Path) -> None:
    run = load_run(runs / "all")
    one, other, found = share(run, run)
    assert found.everything
    assert compare(one, other, shared=found).reasons == compare(run, run).reasons
    assert advice(run, run) == ""


def test_other_settings_victims_or_records_stay_incomparable(runs: Path) -> None:
    one, two = load_run(runs / "one"), load_run(runs / "two")
    for other in (_with(two, budget=7), _with(two, labels=["neg", "pos"]), _with(two, seed=4), _with(two, cascade=True)):
        cut = share(one, other)
        assert compare(cut[0], cut[1], shared=cut[2]).verdict == "not comparable"
        assert advice(one, other) == ""
    edited = replace(two, manifest=replace(two.manifest, comparability={**two.manifest.comparability, "budget": 7}))
    assert share(one, edited)[:2] == (one, edited), "a record that was edited is refused as it stands"
    unfinished = replace(two, manifest=replace(two.manifest, finished=False))
    assert share(one, unfinished)[1] is unfinished, "which examples are there may hang on how hard they were"
    moved = replace(two, outcomes=tuple(replace(o, texts={"text": "another"}) for o in two.outcomes))
    cut = share(one, moved)
    assert compare(cut[0], cut[1], shared=cut[2]).verdict == "not comparable"


def test_of_two_cascades_the_recipes_before_the_first_difference_are_shared(runs: Path) -> None:
    run = load_run(runs / "all")
    order = run.manifest.comparability["recipes"]

    def cascade(recipes: list[dict[str, object]]) -> Run:
        made = _with(run, cascade=True, recipes=recipes)
        records = tuple({**run.manifest.recipes[0], "name": r["name"]} for r in recipes)
        return replace(made, manifest=replace(made.manifest, cascade=True, recipes=records))

    _, _, found = share(cascade(order), cascade([order[0], {**order[1], "name": "pwws"}]))
    assert found.recipes == ("natural:case-noise",)
    assert found.left_out == ("the cascades part at natural:keyboard-typo and pwws",)
    _, _, found = share(cascade(order), cascade(order[::-1]))
    assert found.recipes == (), "the second recipe meets what the first left"
    cut = share(cascade(order), cascade(order[:1]))
    due = AuditDefaults(recipes=["standard"])
    said = compare(cut[0], cut[1], due=due, shared=cut[2])
    assert any("share only natural:case-noise of it" in reason for reason in said.reasons)


def test_recipes_that_learn_are_not_shared_by_runs_of_other_examples(runs: Path) -> None:
    one, two = (load_run(runs / name) for name in ("one", "two"))
    same = load_run(runs / "all")

    def learning(run: Run) -> Run:
        return replace(run, manifest=replace(run.manifest, asked={**run.manifest.asked, "learning": ["natural:case-noise"]}))

    _, _, found = share(learning(one), learning(two))
    assert found.recipes == ()
    assert "--no-adaptive" in found.left_out[0]
    assert share(learning(one), learning(same))[2].recipes == ("natural:case-noise",), "the same examples teach the same"
    assert share(learning(one), same)[2].recipes == ()
