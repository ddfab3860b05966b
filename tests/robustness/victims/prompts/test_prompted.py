"""Decoders behind a prompt of their own: the instruction is a field like any other, and the wording is doubted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from attacks.search import Unusable
from reports.run import Run
from reports.run.cases import read_cases
from robustness import audit
from robustness.errors import DataError, UsageError
from robustness.followups.replay import replay
from robustness.victims import load_victim
from robustness.victims.base import Victim

HERE: dict[str, Any] = {"encoder": "none", "offline": True, "budget": 30}


def opened(folder: Path, prompt: str, **options: Any) -> Victim:
    return load_victim(f"hf:{folder}", offline=True, device="cpu", prompt=prompt, **options)


def run(folder: Path, films: Path, prompt: str, out: Path, **keywords: Any) -> Run:
    options = {"prompt": prompt, "device": "cpu", **keywords.pop("options", {})}
    return audit(f"hf:{folder}", films, victim_options=options, out=out, **{**HERE, **keywords})


def flags(found: Run) -> dict[str, dict[str, Any]]:
    return {flag["code"]: dict(flag) for flag in found.manifest.flags}


@pytest.mark.parametrize("field", ["instruction", "input"])
def test_every_recipe_attacks_the_prompt_or_the_data(moody: Path, films: Path, prompt: str, tmp_path: Path, field: str) -> None:
    found = run(moody, films, prompt, tmp_path / "run", recipes="deepwordbug", field=field, limit=4)
    assert found.manifest.victim["fields"] == ["instruction", "input"]
    assert all(o.field == field and o.texts["instruction"] == "say its mood" for o in found.outcomes)
    tried = [o for o in found.outcomes if o.perturbed is not None]
    assert tried
    assert all(o.perturbed != o.texts[field] for o in tried)


def test_the_data_are_the_same_whatever_the_prompt_supplies(moody: Path, films: Path, prompt: str, tmp_path: Path) -> None:
    ours = run(moody, films, prompt, tmp_path / "a", recipes="natural:case-noise", limit=4)
    plain = run(
        moody,
        films,
        "say its mood: {text}",
        tmp_path / "b",
        recipes="natural:case-noise",
        limit=4,
        labels=["negative", "positive"],
    )
    assert ours.manifest.data["digest"] == plain.manifest.data["digest"]
    clean = [[(o.example_id, o.clean.scores) for o in found.outcomes if o.clean] for found in (ours, plain)]
    assert clean[0] == clean[1]


def test_what_the_prompt_shows_is_never_audited(moody: Path, films: Path, prompt: str, tmp_path: Path) -> None:
    shutil.copy(films, tmp_path / "shots.csv")
    (tmp_path / "p.toml").write_text(Path(prompt).read_text() + '[examples]\nfile = "shots.csv"\nn = 2\n')
    with pytest.raises(DataError, match="2 of the examples stand in the prompt with their answers"):
        run(moody, films, str(tmp_path / "p.toml"), tmp_path / "run", recipes="natural:case-noise")
    rows = ["text,label", "a nice film,positive", "a nasty film,negative"]
    (tmp_path / "shots.csv").write_text("\n".join(rows) + "\n")
    found = run(moody, films, str(tmp_path / "p.toml"), tmp_path / "run", recipes="natural:case-noise", limit=4, seed=3)
    assert "a nice film" in dict(found.manifest.victim["identity"])["shown"]
    assert found.manifest.asked["opening"]["seed"] == 3


def test_a_label_that_the_wording_favours_is_printed_and_a_constant_answerer_passes_nothing(
    moody: Path, films: Path, prompt: str, tmp_path: Path
) -> None:
    from reports.gate.gate import evaluate
    from reports.gate.policy import parse_policy

    good = flags(run(moody, films, prompt, tmp_path / "good", recipes="natural:case-noise"))["label-bias"]
    assert (good["severity"], good["value"]) == ("note", 0.0)
    assert (
        "to 12 clean texts negative 50%, positive 50% (right are negative 50%, positive 50%), to texts that say"
        in good["message"]
    )
    (tmp_path / "p.toml").write_text(
        Path(prompt).read_text().replace('= "negative"', '= "qqqqqq"')
    )  # a word that is never likely
    bad = run(moody, films, str(tmp_path / "p.toml"), tmp_path / "bad", recipes="natural:case-noise")
    assert flags(bad)["label-bias"]["severity"] == "warning"
    assert "constant" in flags(bad)
    rules = {"gate": {"min_robust_accuracy": 0.01, "min_examples": 0}}
    assert evaluate(bad, parse_policy(rules, "test")).verdict != "pass"


def test_answers_that_are_read_are_one_label_or_none(moody: Path, prompt: str, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(Path(prompt).read_text() + '[answer]\nby = "text"\n')
    victim = opened(moody, str(tmp_path / "p.toml"))
    assert (victim.info.access, victim.info.labels) == ("labels", ("negative", "positive"))
    rows = victim.predict([("say its mood", "a good film"), ("say its mood", "a dull film")])
    assert rows == ["positive", "negative"]
    short = opened(moody, str(tmp_path / "p.toml"), max_new_tokens=3)
    (cut,) = short.predict([("say its mood", "a good film")])
    assert isinstance(cut, Unusable)
    assert cut.kind == "truncated"
    (tmp_path / "p.toml").write_text(Path(prompt).read_text() + '[answer]\nby = "text"\nparser = "regex:x(.)"\n')
    (none,) = opened(moody, str(tmp_path / "p.toml")).predict([("say its mood", "a good film")])
    assert isinstance(none, Unusable)
    assert none.kind == "unparsed"


def test_a_prompt_is_refused_before_weights_or_data_are_read(moody: Path, films: Path, tmp_path: Path) -> None:
    shutil.copytree(moody, folder := tmp_path / "copy")
    (folder / "model.safetensors").write_bytes(b"never read")
    (tmp_path / "p.toml").write_text("messages = 1")
    with pytest.raises(UsageError, match="messages: expected one or more"):
        run(folder, films, str(tmp_path / "p.toml"), tmp_path / "run", recipes="natural:case-noise")
    with pytest.raises(UsageError, match=r"the victim has no field 'text'; it has \['instruction', 'input'\]"):
        run(folder, films, "sentiment-a", tmp_path / "run", recipes="natural:case-noise", field="text")
    with pytest.raises(UsageError, match="system cannot be used with the prompt sentiment-a"):
        opened(folder, "sentiment-a", system="Be brief.")
    with pytest.raises(UsageError, match="with labels nothing is written"):
        opened(folder, "sentiment-a", max_new_tokens=3)


def test_a_replay_asks_the_instruction_as_it_is_now(moody: Path, films: Path, prompt: str, tmp_path: Path) -> None:
    run(moody, films, prompt, tmp_path / "run", recipes="deepwordbug", field="input")
    cases = read_cases(tmp_path / "run")
    assert cases
    (tmp_path / "p.toml").write_text(Path(prompt).read_text().replace('"say its mood"', '"say its mood!"'))
    newer = opened(moody, str(tmp_path / "p.toml"))
    found = replay(newer, cases)
    assert {one.case.texts["instruction"] for one in found.cases} == {"say its mood!"}


def test_a_policy_file_does_not_run_a_prompt_that_is_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from robustness.cli import app

    monkeypatch.chdir(tmp_path)
    (tmp_path / "robustness.toml").write_text('[audit]\nvictim = "hf:./model"\nprompt = "python:mine:ask"\n')
    told = CliRunner().invoke(app, ["audit", "--data", "x.csv"])
    assert isinstance(told.exception, UsageError)
    assert "names the prompt python:mine:ask, which runs code of its own" in str(told.exception)
