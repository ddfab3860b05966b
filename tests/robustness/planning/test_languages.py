"""Texts are attacked by what knows their language, named or guessed; all else is refused or left out. Protected spans stay."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from attacks.language.segmentation import segmenter
from robustness.cli import main

VICTIM = """
def keyword(texts):
    return [[0.1, 0.9] if "好" in t or "good" in t or "gut" in t else [0.9, 0.1] for t in texts]

keyword.labels = ["negative", "positive"]
keyword.robustness_deterministic = True
"""
CHINESE = ("这家餐厅的菜很好吃，服务也不错。", "这部电影很好看，我很喜欢。", "酒店的位置很好，房间也很干净。")
ENGLISH = ("the food is good and we will come back to this place", "it is a good film, and I would watch it again")
GERMAN = ("Der Film war leider nicht so gut, aber die Musik ist schön.", "Ich finde das Essen sehr gut und auch nicht zu teuer.")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    Path("speaks.py").write_text(VICTIM, encoding="utf-8")


def data(*kinds: tuple[tuple[str, ...], int]) -> None:
    rows = [f"{texts[i % len(texts)]} {i}" for texts, n in kinds for i in range(n)]
    random.Random(0).shuffle(rows)
    with Path("data.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": row, "label": "positive"}) + "\n" for row in rows)


def audit(*more: str, recipes: str = "standard", out: str = "run") -> int:
    arguments = ("--victim", "python:speaks:keyword", "--data", "data.jsonl", "--recipes", recipes, "--encoder", "none")
    return main(["audit", *arguments, "--out", out, "--budget", "40", "-q", *more])


def outcomes() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("run/outcomes.jsonl").read_text(encoding="utf-8").splitlines()]


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("run/run.json").read_text(encoding="utf-8"))
    return found


def flags(code: str = "language") -> list[str]:
    return [flag["message"] for flag in manifest()["flags"] if flag["code"] == code]


def ran() -> list[str]:
    return [recipe["name"] for recipe in manifest()["recipes"]]


def test_suites_leave_out_recipes_for_another_language_and_say_so() -> None:
    data((CHINESE, 12))
    assert audit("--min-robust-accuracy", "1%") == 3  # too few examples for a pass
    assert sorted(ran()) == ["bad-characters", "learned"]
    (said,) = flags()
    assert "'zh' (of 12 texts, zh 12): " in said
    assert all(name in said for name in ("checklist", "paraphrase-rules", "pwws"))
    assert manifest()["comparability"]["language"] == "zh"


def test_a_recipe_named_for_another_language_is_refused_unless_the_language_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    data((CHINESE, 39), (ENGLISH, 1))
    assert audit("--min-robust-accuracy", "1%", recipes="pwws") == 2
    assert "recipe 'pwws' works on en, not on 'zh', which the texts look like (zh 39, en 1)" in capsys.readouterr().err
    assert not Path("run").exists()
    assert audit("--min-robust-accuracy", "1%", "--language", "en", recipes="pwws,checklist") == 3
    assert any("--language says en, but the texts look different: of 40 texts, zh 39, en 1" in said for said in flags())
    by_status = {(o["status"], o["attempted"]) for o in outcomes() if "的" in o["texts"]["text"]}
    assert by_status == {("untested", 0)}


def test_in_mixed_data_an_english_recipe_tests_no_other_text() -> None:
    data((CHINESE, 20), (ENGLISH, 20))
    assert audit("--min-robust-accuracy", "1%", recipes="checklist") == 3
    assert any("of 40 texts, en 20, zh 20" in said for said in flags())
    for outcome in outcomes():
        chinese = any(character in outcome["texts"]["text"] for character in "的很")
        assert (outcome["status"] == "untested") == chinese == (outcome["attempted"] == 0)


def test_latin_script_is_told_by_function_words() -> None:
    data((GERMAN, 12))
    assert audit(recipes="natural") == 0
    assert not {"natural:neutral-insertion", "natural:homophone"} & set(ran())
    assert {"natural:keyboard-typo", "natural:word-drop"} <= set(ran())
    assert not any("nicht" not in (o["perturbed"] or "nicht") for o in outcomes() if o["recipe"] == "natural:word-drop")


def test_english_raises_no_flag_and_what_is_not_told_is_said() -> None:
    data((ENGLISH, 12))
    audit(recipes="deepwordbug")
    assert flags() == []
    assert "language" not in manifest()["comparability"]
    Path("run").rename("english")
    data((("good film", "good food", "so good!"), 12))
    audit(recipes="checklist")
    assert ["the language of the texts is not clear" in said for said in flags()] == [True]


def test_without_a_dictionary_it_is_said_that_characters_are_words() -> None:
    data((CHINESE, 6))
    audit(recipes="deepwordbug")
    assert len(flags("segmentation")) == (not segmenter().knows_words)
    assert manifest()["comparability"]["segmenter"] == segmenter().name
    assert all(0 <= o["words_changed"] <= o["words"] for o in outcomes())


def test_naming_another_language_does_not_spare_english_texts_the_english_attacks() -> None:
    data((ENGLISH, 40))
    assert audit("--min-robust-accuracy", "1%", "--language", "zh") == 3
    assert "the texts look English" in flags("not-this-language")[0]


def test_a_policy_holds_a_run_to_its_language_and_protected_spans(capsys: pytest.CaptureFixture[str]) -> None:
    data((ENGLISH, 40))
    Path("policy.toml").write_text('[gate]\nmin_robust_accuracy = "1%"\n[audit]\nprofile = "paper"\nlanguage = "en"\n')
    assert audit("--protect", "labels", "--protect", "zzz", recipes="deepwordbug") == 0
    assert main(["gate", "run", "--policy", "policy.toml"]) == 3
    assert "fewer protected spans (it protected labels, zzz as well)" in " ".join(capsys.readouterr().out.split())
    with Path("policy.toml").open("a") as file:
        file.write('protect = ["zzz", "labels"]\n')
    main(["gate", "run", "--policy", "policy.toml"])
    assert "fewer protected spans" not in " ".join(capsys.readouterr().out.split())
    Path("policy.toml").write_text(Path("policy.toml").read_text().replace('"en"', '"de"'))
    assert main(["gate", "run", "--policy", "policy.toml"]) == 3
    assert "language de (it had en)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("code", ["English", "e", "xx-YY", ""])
def test_a_language_is_a_code(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    data((ENGLISH, 3))
    assert audit("--language", code) == 2
    assert "--language expects a lower-case ISO 639-1 code" in capsys.readouterr().err


def test_a_single_text_is_held_to_its_language_too(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["attack", "这部电影很好看", "--label", "pos", "--victim", "python:speaks:keyword", "--encoder", "none", "-q"]
    assert main([*arguments, "--recipe", "pwws"]) == 2
    assert "not on 'zh'" in capsys.readouterr().err


def test_the_policy_names_language_and_protected_spans(capsys: pytest.CaptureFixture[str]) -> None:
    data((ENGLISH, 12))
    Path("robustness.toml").write_text('[audit]\ndata = "data.jsonl"\nlanguage = "de"\nprotect = ["labels", "f[aeiou]{1,3}d"]\n')
    assert main(["validate", "--victim", "python:speaks:keyword", "--recipes", "pwws", "--encoder", "none"]) == 2
    assert "not on 'de', which --language names" in capsys.readouterr().err
    assert audit("--allow-local-code", recipes="deepwordbug") == 0
    assert manifest()["recipes"][0]["parameters"]["protected"] == "labels; f[aeiou]{1,3}d"
    assert all("food" in (o["perturbed"] or "food") for o in outcomes() if "food" in o["texts"]["text"])


def test_protected_spans_stay_in_searches_and_in_noise(capsys: pytest.CaptureFixture[str]) -> None:
    data((("the food at {place} is good and we, @anna, will come back to this nice place",), 6))
    more = ("--protect", "placeholders", "--protect", r"\bgood\b")
    assert audit(*more, recipes="standard") == 0
    assert audit(*more, out="noise", recipes="natural") == 0
    lines = [*outcomes(), *(json.loads(x) for x in Path("noise/outcomes.jsonl").read_text(encoding="utf-8").splitlines())]
    texts = [o["perturbed"] for o in lines if o["perturbed"]] + [rung["text"] for o in lines for rung in o["ladder"]]
    assert len(texts) > 100
    assert all("{place}" in text and "@anna" in text and re.search(r"\bgood\b", text) for text in texts)
    assert not any(o["status"] == "succeeded" for o in lines)
    assert audit("--protect", "(", out="never") == 2
    assert "--protect: '(' is not a regular expression" in capsys.readouterr().err


def test_a_text_with_everything_protected_is_untested() -> None:
    data((ENGLISH, 4))
    audit("--protect", "(?s).*", recipes="deepwordbug,natural")
    assert {(o["status"], o["attempted"]) for o in outcomes()} == {("untested", 0)}


def test_perturb_writes_what_an_audit_would_ask(capsys: pytest.CaptureFixture[str]) -> None:
    data((CHINESE, 4))
    assert main(["perturb", "--data", "data.jsonl", "--labels", "negative,positive", "--out", "out.jsonl"]) == 0
    rows = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert "natural:neutral-insertion" not in {row["recipe"] for row in rows}
    assert "left out, since they do not know the language 'zh'" in capsys.readouterr().err
    assert main(["perturb", "--data", "data.jsonl", "--labels", "negative,positive", "--out", "p.jsonl", "--protect", "好"]) == 0
    assert all(row["text"].count("好") >= 1 for row in map(json.loads, Path("p.jsonl").read_text(encoding="utf-8").splitlines()))


def test_python_takes_language_and_patterns_as_lists() -> None:
    from robustness.auditing import audit as run_audit
    from robustness.errors import UsageError

    def victim(texts: list[str]) -> list[list[float]]:
        return [[0.1, 0.9] for _ in texts]

    options: dict[str, Any] = {
        "recipes": "deepwordbug",
        "encoder": "none",
        "victim_options": {"labels": ["negative", "positive"]},
    }
    rows = [(text, "positive") for text in CHINESE]
    run = run_audit(victim, rows, out="api", language="zh", protect=["labels"], **options)
    assert run.manifest.comparability["language"] == "zh"
    with pytest.raises(UsageError, match="protect is a list of patterns"):
        run_audit(victim, rows, out="api2", protect="labels", **options)
