"""What a checkpoint was made for is read from its config, and a head is read as the config says: nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from robustness.errors import UsageError, VictimError
from robustness.victims import load_victim
from robustness.victims.transformers.classifier import load_huggingface
from robustness.victims.transformers.heads import check_kind

Build = Callable[..., Path]
TEXTS = [("the film is great",), ("a dull, empty and endless mess",), ("funny",)]
ONE: dict[str, Any] = {"num_labels": 1, "id2label": {0: "toxic"}, "label2id": {"toxic": 0}}


def edit(folder: Path, **changes: Any) -> Path:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    return folder


def logits(folder: Path) -> Any:
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
    model = transformers.AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    with torch.inference_mode():
        return torch.cat([model(**tokenizer(text, return_tensors="pt")).logits for (text,) in TEXTS]).double()


@pytest.mark.parametrize(
    ("name", "does"),
    [
        ("ModernBertForTokenClassification", "labels every token"),
        ("RobertaForQuestionAnswering", "marks an answer"),
        ("BertForMultipleChoice", "picks one of several texts"),
        ("GPT2DoubleHeadsModel", "picks one of several texts"),
        ("Qwen2ForRewardModel", "gives a reward"),
        ("DebertaV2ForSequenceClassificationReward", "gives a reward"),
        ("BertForMaskedLM", "fills in masked words"),
        ("GPT2LMHeadModel", "writes text"),
        ("T5ForConditionalGeneration", "writes text"),
        ("ViTForImageClassification", "is made for another task"),
    ],
)
def test_a_checkpoint_made_for_another_task_is_refused_before_its_weights_are_read(build: Build, name: str, does: str) -> None:
    folder = edit(build("bert"), architectures=[name])
    (folder / "model.safetensors").write_bytes(b"never read")
    with pytest.raises(UsageError, match=rf"is a {name}, which {does}.*architectures in its config\.json"):
        load_huggingface(str(folder), device="cpu")


@pytest.mark.parametrize(
    "config",
    [
        {"architectures": ["BertForSequenceClassification"]},
        {"architectures": ["BertModel", "MyForSequenceClassification"]},
        {"architectures": None},
        {"architectures": ["MyForToxicity"], "auto_map": {"AutoModelForSequenceClassification": "own.MyForToxicity"}},
    ],
)
def test_a_sequence_classifier_is_taken_whatever_else_its_class_is_called(config: dict[str, Any]) -> None:
    check_kind(transformers.BertConfig(**config))


def test_code_of_its_own_does_not_make_a_tagger_a_classifier() -> None:
    brought = {"AutoModelForSequenceClassification": "own.A", "AutoModelForTokenClassification": "own.B"}
    with pytest.raises(UsageError, match="labels every token"):
        check_kind(transformers.BertConfig(architectures=["OwnForTokenClassification"], auto_map=brought))


NUMBER: dict[str, Any] = {"num_labels": 1, "id2label": {0: "x"}, "label2id": {"x": 0}, "problem_type": "regression"}
SIGMOID = {"activation_fn": "torch.nn.modules.activation.Sigmoid"}


def test_a_regression_head_gives_numbers_through_what_its_config_puts_behind_it(build: Build) -> None:
    folder = build("bert", **NUMBER)
    raw = logits(folder)
    victim = load_victim(f"hf:{folder}", device="cpu")
    assert (victim.info.task, victim.info.labels, victim.info.gradients, victim.info.notes) == ("regression", (), False, ())
    np.testing.assert_allclose(victim.predict(TEXTS), raw, atol=1e-5)
    squashed = load_victim(f"hf:{edit(folder, sentence_transformers=SIGMOID)}", device="cpu")
    np.testing.assert_allclose(squashed.predict(TEXTS), raw.sigmoid(), atol=1e-5)


def test_one_output_without_a_type_is_a_number_and_a_note_says_so(build: Build) -> None:
    victim = load_victim(f"hf:{build('bert', **ONE)}", device="cpu")
    assert victim.info.task == "regression"
    assert any("read as a number" in note and "hf:NAME#toxic" in note for note in victim.info.notes)


@pytest.mark.parametrize(
    ("changes", "label", "complaint"),
    [
        ({"problem_type": "regression"}, "", "predicts 3 numbers"),
        (NUMBER, "#x", "#x picks a label, but the checkpoint predicts a number"),
        (NUMBER | {"sentence_transformers": {"activation_fn": "torch.nn.Tanh"}}, "", "expected Identity or Sigmoid"),
    ],
)
def test_a_number_that_cannot_be_audited_is_refused(build: Build, changes: dict[str, Any], label: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        load_victim(f"hf:{build('bert', **changes)}{label}", device="cpu")


def test_one_output_without_a_type_is_a_label_on_the_users_word(build: Build) -> None:
    folder = build("bert", **ONE)
    victim = load_huggingface(str(folder), device="cpu", label="toxic")
    assert victim.info.labels == ("not toxic", "toxic")
    np.testing.assert_allclose(np.asarray(victim.predict(TEXTS))[:, 1], logits(folder).sigmoid()[:, 0], atol=1e-5)
    assert any("sigmoid" in note for note in victim.info.notes)


def test_one_output_of_a_multi_label_head_needs_no_name_and_no_note(build: Build) -> None:
    victim = load_huggingface(str(build("bert", **ONE, problem_type="multi_label_classification")), device="cpu")
    assert victim.info.labels == ("not toxic", "toxic")
    assert not victim.info.notes


def test_a_label_on_an_unmarked_head_is_read_through_its_own_sigmoid(build: Build) -> None:
    folder = build("bert")
    plain, fair = load_huggingface(str(folder), device="cpu"), load_huggingface(str(folder), device="cpu", label="fair")
    assert fair.info.labels == ("not fair", "fair")
    np.testing.assert_allclose(np.asarray(fair.predict(TEXTS))[:, 1], logits(folder).sigmoid()[:, 1], atol=1e-5)
    np.testing.assert_allclose(plain.predict(TEXTS), logits(folder).softmax(-1), atol=1e-5)
    assert any("no problem_type: #fair is read through a sigmoid" in note for note in fair.info.notes)
    assert any("no problem_type: classes are taken to exclude each other" in note for note in plain.info.notes)


def test_a_marked_head_is_read_as_marked(build: Build) -> None:
    folder = str(build("bert", problem_type="single_label_classification"))
    with pytest.raises(UsageError, match="exclude each other"):
        load_huggingface(folder, device="cpu", label="good")
    assert not load_huggingface(folder, device="cpu").info.notes


def test_a_multi_label_checkpoint_gives_each_label_its_own_sigmoid_or_one_against_the_rest(build: Build) -> None:
    folder = str(build("bert", problem_type="multi_label_classification"))
    every = load_victim(f"hf:{folder}", device="cpu")
    assert (every.info.task, every.info.labels, every.info.gradients) == ("multi-label", ("bad", "fair", "good"), False)
    np.testing.assert_allclose(every.predict(TEXTS), logits(Path(folder)).sigmoid(), atol=1e-5)
    with pytest.raises(UsageError, match="no label 'ugly'"):
        load_huggingface(folder, device="cpu", label="ugly")
    good = load_victim(f"hf:{folder}#good", device="cpu")
    assert (good.info.task, good.info.labels) == ("classification", ("not good", "good"))
    assert not np.allclose(good.predict(TEXTS), load_huggingface(folder, device="cpu", label="bad").predict(TEXTS))


@pytest.mark.parametrize("names", [["bad", "good"], ["bad", "fair", "good", "great"]])
def test_a_head_that_does_not_fit_the_labels_is_told_in_our_words(build: Build, names: list[str]) -> None:
    folder = edit(build("bert"), id2label=dict(enumerate(names)), label2id={name: n for n, name in enumerate(names)})
    with pytest.raises(VictimError, match=rf"the head has 3 outputs .* names {len(names)} labels: bad, .*good") as told:
        load_huggingface(str(folder), device="cpu")
    assert "ignore_mismatched_sizes" not in str(told.value)


def test_weights_of_another_size_are_told_by_name(build: Build) -> None:
    folder = edit(build("bert"), type_vocab_size=5)
    with pytest.raises(
        VictimError, match=r"token_type_embeddings\.weight is \(2, 32\) in the weights, but config.json makes it \(5, 32\)"
    ):
        load_huggingface(str(folder), device="cpu")


@pytest.mark.parametrize("table", [{1: "bad", 2: "good"}, {0: "bad", 2: "good"}])
def test_labels_must_be_numbered_from_zero(build: Build, table: dict[int, str]) -> None:
    with pytest.raises(UsageError, match="must number its labels from 0"):
        load_huggingface(str(edit(build("bert"), id2label=table)), device="cpu")
