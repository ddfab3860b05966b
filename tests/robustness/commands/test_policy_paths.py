"""A policy file names paths from where it lies, not from where the command is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.gate.policy import AuditDefaults
from robustness.cli import main
from robustness.commands.options.anchoring import anchored


def test_every_kind_of_path_is_relative_to_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    there = Path("sp ace")
    (there / "model").mkdir(parents=True)
    for name in ("senti.py", "syn.tsv"):
        (there / name).write_text("")
    for victim, moved in {
        "hf:model#toxic": "hf:sp ace/model#toxic",
        "hf:./model": "hf:sp ace/model",
        "hf:distilbert/base": "hf:distilbert/base",
        "python:senti:pipeline": "python:sp ace/senti.py:pipeline",
        "python:senti.py:pipeline": "python:sp ace/senti.py:pipeline",
        "python:sklearn.x:f": "python:sklearn.x:f",
        "predictions:p.csv": "predictions:sp ace/p.csv",
        "http:api.toml#m": "http:sp ace/api.toml#m",
        "http:example:anthropic": "http:example:anthropic",
        "openai:https://llm.example/v1#m": "openai:https://llm.example/v1#m",
        "demo": "demo",
    }.items():
        assert anchored(AuditDefaults(victim=victim), there).victim == moved
    audit = AuditDefaults(
        data="d.csv", out="runs/x", cache="c", vectors="glove", lexicon="nltk", encoder="minilm", rewriter="hf:model,model",
        resource=["synonyms=syn.tsv", "judge=none"],
    )  # fmt: skip
    assert anchored(audit, Path()) is audit
    assert anchored(audit, there) == AuditDefaults(
        data="sp ace/d.csv", out="sp ace/runs/x", cache="sp ace/c", vectors="glove", lexicon="nltk", encoder="minilm",
        rewriter="hf:sp ace/model,sp ace/model", resource=["synonyms=sp ace/syn.tsv", "judge=none"],
    )  # fmt: skip
    for data in ("hub:imdb", "demo:injection"):
        assert anchored(AuditDefaults(data=data), there).data == data


def test_a_policy_elsewhere_runs_as_it_does_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "sp ace"
    there.mkdir()
    (there / "data.csv").write_text("text,label\na dull film,negative\na great film,positive\n")
    (there / "films.py").write_text(
        "def ask(texts):\n    return [[0.2, 0.8] if 'great' in t else [0.7, 0.3] for t in texts]\n\n"
        "ask.labels = ['negative', 'positive']\n"
    )
    (there / "robustness.toml").write_text(
        '[gate]\nmin_robust_accuracy = "99%"\n'
        '[audit]\nvictim = "python:films:ask"\ndata = "data.csv"\nrecipes = ["deepwordbug"]\nencoder = "none"\nout = "run"\n'
    )
    for folder, policy in ((tmp_path, "sp ace/robustness.toml"), (there, None)):
        monkeypatch.chdir(folder)
        code = main(
            ["audit", "-q", "--no-github", "--allow-local-code", *(["--policy", policy, "--out", "elsewhere"] if policy else [])]
        )
        assert code in (1, 3)
    assert (tmp_path / "elsewhere" / "run.json").exists()
    assert (there / "run" / "run.json").exists()
