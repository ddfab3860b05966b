"""Integrated gradients over a whole run of a Hugging Face classifier: the command, what it writes, and that the shares add up."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest

from reports.run.cases import read_cases
from reports.run.explanations import EXPLANATIONS, Explanations, read_explanations
from reports.run.seal import SEAL, verify
from robustness.cli import main
from robustness.victims import load_victim

MASK = "[MASK]"
TEXTS = [f"{word} {other} film" for word in ("dull", "great", "warm", "long") for other in ("old", "new", "quiet", "loud")]
IG = ["explain", "run", "--method", "integrated-gradients"]


def checkpoint(folder: Path) -> None:
    """A BERT of two narrow layers and random weights that reads letters."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    signs = ["[PAD]", "[UNK]", "[SEP]", MASK, *(f"{mark}{c}" for mark in ("", "##") for c in string.ascii_lowercase)]
    tokens = Tokenizer(models.WordPiece({sign: n for n, sign in enumerate(signs)}, unk_token="[UNK]"))
    tokens.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    PreTrainedTokenizerFast(
        tokenizer_object=tokens, pad_token="[PAD]", unk_token="[UNK]", sep_token="[SEP]", mask_token=MASK, model_max_length=64
    ).save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    names = {0: "negative", 1: "positive"}
    torch.manual_seed(1)
    config = BertConfig(vocab_size=len(signs), max_position_embeddings=64, id2label=names, initializer_range=0.3, **sizes)
    BertForSequenceClassification(config).save_pretrained(folder)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A run whose victim answers every text rightly: the labels are its own answers."""
    pytest.importorskip("captum")
    monkeypatch.chdir(tmp_path)
    checkpoint(tmp_path / "tiny")
    victim = load_victim("hf:tiny", offline=True)
    labels = ["negative" if row[0] > row[1] else "positive" for row in victim.predict([(text,) for text in TEXTS])]
    Path("data.csv").write_text("text,label\n" + "".join(f"{t},{label}\n" for t, label in zip(TEXTS, labels, strict=True)))
    audit = ["audit", "--victim", "hf:tiny", "--data", "data.csv", "--recipes", "deepwordbug", "--budget", "12"]
    assert main([*audit, "--encoder", "none", "--offline", "--out", "run", "-q", "--no-github"]) in (0, 3)
    capsys.readouterr()
    return tmp_path / "run"


def found(run: Path) -> Explanations:
    explanations = read_explanations(run / EXPLANATIONS)
    assert explanations is not None
    assert explanations.finished
    return explanations


def test_the_words_of_every_failure_share_what_its_answers_gain_over_a_text_of_masks(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*IG, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    cases = read_cases(run)
    assert told["states"]["explained"] == len(cases) >= 3
    assert told["gradients"] == 2 * 64 * len(cases)
    assert told["missed"] < 1e-2
    victim: Any = load_victim("hf:tiny", offline=True)
    for case, one in zip(cases, found(run).cases, strict=True):
        assert one.left is not None
        for text, weights, label, left in (
            (case.texts["text"], one.before, case.reference, one.left[0]),
            (case.perturbed or "", one.after, case.best.shown if case.best else "", one.left[1]),
        ):
            at = ("negative", "positive").index(label)
            masks = " ".join([MASK] * sum(map(len, text.split())))
            here, there = victim.predict([(text,), (masks,)])
            assert [text[start:end] for start, end, _ in weights] == text.split()
            assert sum(weight or 0.0 for *_, weight in weights) == pytest.approx(here[at] - there[at] - left, abs=1e-3)


def test_what_a_kill_left_goes_on_to_the_same_bytes_and_stands_in_the_report(run: Path) -> None:
    assert main([*IG, "-q"]) == 0
    whole = (run / EXPLANATIONS).read_bytes()
    for kept in (1, 3):
        lines = whole.splitlines(keepends=True)
        (run / EXPLANATIONS).write_bytes(b"".join(lines[:kept]) + lines[kept][:20])
        (run / SEAL).unlink(missing_ok=True)
        assert main([*IG, "-q"]) == 0
        assert (run / EXPLANATIONS).read_bytes() == whole
    assert main(["report", "run", "-q"]) in (0, 3)
    assert verify(run).verdict == "verified"
    assert "in failing examples, by integrated-gradients." in (run / "report.md").read_text("utf-8")
    assert (run / "report.html").read_text("utf-8").count('class="lean') >= 2 * len(found(run).cases)
    assert main(["explain", "run", "-q"]) == 0, "another method is another explanation"
    assert {one.left for one in found(run).cases} == {None}
