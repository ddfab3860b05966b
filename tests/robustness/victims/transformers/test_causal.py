"""Decoders behind a prompt: what they write or choose depends on the prompt and the text, and on nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from robustness.errors import UsageError, VictimError
from robustness.victims import load_victim
from robustness.victims.base import Victim
from robustness.victims.transformers.causal import load_causal
from robustness.victims.transformers.decoding import Decoder
from robustness.victims.transformers.prompting import template_of

ASKED = [("capital of france?",), ("capital of spain?",), ("a dull film",), ("capital of italy?",), ("capitol of japan?",)]
LABELS = ["negative", "positive"]


@pytest.fixture(scope="module")
def writer(decoder: Path) -> Victim:
    return load_victim(f"hf:{decoder}", offline=True, device="cpu", max_new_tokens=12)


@pytest.fixture(scope="module")
def chooser(decoder: Path) -> Victim:
    return load_victim(f"hf:{decoder}", offline=True, device="cpu", prompt="{text}", labels=LABELS)


def test_a_decoder_writes_greedily_until_it_ends(writer: Victim) -> None:
    assert writer.info.task == "generation"
    assert writer.info.labels == ()
    assert writer.predict(ASKED[:4]) == [
        {"text": "paris", "finish": "stop"},
        {"text": "madrid", "finish": "stop"},
        {"text": "negative", "finish": "stop"},
        {"text": "rome", "finish": "stop"},
    ]


def test_what_it_writes_is_what_transformers_writes(writer: Victim, decoder: Path) -> None:
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(decoder))
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(str(decoder))
    for (text,), row in zip(ASKED, writer.predict(ASKED), strict=True):
        chat = tokenizer.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True, return_tensors="pt")
        ids = chat["input_ids"]
        out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12)
        assert row["text"] == tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True).strip()


def test_an_answer_that_is_cut_off_says_so(decoder: Path) -> None:
    victim = load_causal(str(decoder), offline=True, device="cpu", max_new_tokens=3)
    assert victim.predict([("capital of spain?",)]) == [{"text": "mad", "finish": "length"}]


def test_an_answer_ends_before_a_stop_text(decoder: Path) -> None:
    victim = load_causal(str(decoder), offline=True, device="cpu", stop=["dri", "zzz"])
    assert victim.predict([("capital of spain?",)]) == [{"text": "ma", "finish": "stop"}]


def test_rows_that_are_written_together_are_written_as_each_would_be_alone(decoder: Path) -> None:
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(str(decoder)).eval()
    together, apart = Decoder(model, [[2]], "cpu"), Decoder(model, [[2]], "cpu")
    assert together.grouped
    apart.grouped = False
    prompts = [[2, *range(10, 10 + n)] for n in (3, 30, 5, 17, 4, 6, 7, 8, 9, 11, 12)]  # two groups of one width, one of another
    wanted = apart.write(prompts, 6, lambda ids: ids[-1] % 3 == 0)
    assert {one.stopped for one in wanted} == {True, False}
    assert together.write(prompts, 6, lambda ids: ids[-1] % 3 == 0) == wanted
    assert together.write(prompts[::-1], 6, lambda ids: ids[-1] % 3 == 0) == wanted[::-1]


def test_answers_do_not_depend_on_their_neighbours(writer: Victim, chooser: Victim) -> None:
    alone, scores = [writer.predict([one])[0] for one in ASKED], np.concatenate([chooser.predict([one]) for one in ASKED])
    assert writer.predict(ASKED) == alone
    assert writer.predict(ASKED[::-1] * 2) == alone[::-1] * 2
    assert (chooser.predict(ASKED) == scores).all()
    assert (chooser.predict(ASKED[::-1] * 2) == np.concatenate([scores[::-1]] * 2)).all()


def test_a_decoder_with_labels_is_a_classifier(chooser: Victim) -> None:
    assert (chooser.info.task, chooser.info.labels, chooser.info.access) == ("classification", ("negative", "positive"), "scores")
    scores = chooser.predict([("a good film",), ("a bad film",), ("a dull film",)])
    assert scores.sum(axis=1) == pytest.approx([1.0] * 3)
    assert scores.argmax(axis=1).tolist() == [1, 0, 0]


def by_hand(decoder: Path, text: str, words: str) -> float:
    """The log-likelihood of an answer, by one pass over the whole text without any cache."""
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(decoder))
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(str(decoder))
    before = tokenizer.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True, tokenize=False)
    start = len(tokenizer(before)["input_ids"])
    ids = tokenizer(before + words, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        steps = model(ids).logits[0].double().log_softmax(-1)
    return sum(float(steps[n - 1, ids[0, n]]) for n in range(start, ids.shape[1]))


def test_scores_of_labels_are_likelihoods_of_their_whole_words(chooser: Victim, decoder: Path) -> None:
    for (text,), row in zip(ASKED, chooser.predict(ASKED), strict=True):
        odds = by_hand(decoder, text, "positive") - by_hand(decoder, text, "negative")
        assert np.log(row[1] / row[0]) == pytest.approx(odds, abs=1e-4)


def test_the_cache_changes_no_score(decoder: Path) -> None:
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(str(decoder))
    prefix, prompt, answers = [1, 20, 30], [1, 20, 30, 40, 50], [(60,), (61, 62, 63), (64, 65)]
    cached, plain = Decoder(model, [prefix], "cpu"), Decoder(model, [], "cpu")
    assert cached.cached
    plain.cached = plain.grouped = plain.sharing = False  # every pass over the whole text
    assert cached.likelihoods(prompt, answers) == pytest.approx(plain.likelihoods(prompt, answers), abs=1e-4)
    assert cached.next_logits(prompt) == pytest.approx(plain.next_logits(prompt), abs=1e-4)
    other = [2, *prompt]  # begins otherwise, so nothing of the prefix fits it
    assert cached.next_logits(other) == pytest.approx(plain.next_logits(other), abs=1e-4)
    several = [prompt, other, [1, 20, 30], [*prompt * 4]]
    assert cached.write(several, 8, lambda ids: False) == plain.write(several, 8, lambda ids: False)


def test_other_words_can_stand_for_a_label(decoder: Path) -> None:
    victim = load_causal(str(decoder), offline=True, device="cpu", prompt="{text}", labels=["north=paris", "south=rome"])
    assert victim.info.labels == ("north", "south")
    assert victim.predict([("capital of france?",), ("capital of italy?",)]).argmax(axis=1).tolist() == [0, 1]


def test_a_label_that_the_prompt_favours_is_a_doubt_and_calibration_takes_it_off(decoder: Path) -> None:
    options: dict[str, Any] = {"offline": True, "device": "cpu", "prompt": "{text}a great film", "labels": LABELS}
    plain, calibrated = load_causal(str(decoder), **options), load_causal(str(decoder), **options, calibrate=True)
    (note,) = plain.info.notes
    assert "for inputs that say nothing it answers positive with probability 1.00" in note
    assert calibrated.info.notes == ()
    assert calibrated.info.identity != plain.info.identity
    prior = np.mean([plain.predict([(empty,)])[0] for empty in ("N/A", "", "[MASK]")], axis=0)
    weighed = plain.predict(ASKED) / prior
    assert calibrated.predict(ASKED) == pytest.approx(weighed / weighed.sum(axis=1, keepdims=True), abs=1e-9)


def test_a_template_fills_its_places_and_leaves_other_braces() -> None:
    template = template_of('{{{question}}} {"k": {context}} {} {question}', None)
    assert template.fields == ("question", "context")
    assert template.fill(("a {context}", "b")) == '{a {context}} {"k": b} {} a {context}'


def test_the_fields_of_a_victim_are_the_places_of_its_prompt(decoder: Path, tmp_path: Path) -> None:
    victim = load_causal(str(decoder), offline=True, device="cpu", prompt="{context}\\n{question}")
    assert victim.info.fields == ("context", "question")
    (tmp_path / "prompt.txt").write_text("{context}\\n{question}")
    again = load_causal(
        str(decoder), offline=True, device="cpu", prompt=f"@{tmp_path / 'prompt.txt'}", fields=["question", "context"]
    )
    assert again.info.fields == ("question", "context")
    assert again.readings([("q", "c")]) != victim.readings([("c", "q")])  # a file's backslash is a backslash


def test_what_the_model_reads_is_pinned(decoder: Path, tmp_path: Path) -> None:
    def pins(folder: Path, **options: Any) -> dict[str, str]:
        return dict(load_causal(str(folder), offline=True, device="cpu", **options).info.identity)

    other = tmp_path / "other"
    shutil.copytree(decoder, other)
    template = other / "chat_template.jinja"
    template.write_text(template.read_text().replace("<|bot|>", "<|bot|> "))
    assert pins(decoder)["chat_template"] != pins(other)["chat_template"]
    ways: list[dict[str, Any]] = [{}, {"system": "Be brief."}, {"prompt": "Say: {text}"}, {"stop": ["x"]}, {"max_new_tokens": 5}]
    assert len({tuple(sorted(pins(decoder, **way).items())) for way in ways}) == len(ways)


def test_a_system_message_is_read(decoder: Path) -> None:
    bare, told = (load_causal(str(decoder), offline=True, device="cpu", system=one) for one in (None, "Be brief."))
    assert told.lengths([("a",)])[0] - bare.lengths([("a",)])[0] == len("<|Be brief.|") - 1
    assert bare.readings([("a",)]) != told.readings([("a",)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": "Say something nice."}, "has no place for the text: write {text}"),
        ({"prompt": "@no-such-file.txt"}, "cannot read the prompt from 'no-such-file.txt'"),
        ({"prompt": "{question}", "fields": ["text"]}, "the prompt names question, but the fields are text"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1, got 0"),
        ({"max_new_tokens": 160}, "must be less than the 160 tokens that the model reads, got 160"),
        ({"labels": ["yes"]}, "expects two or more different names"),
        ({"labels": ["no=bad", "yes=bad"]}, "expects two or more different names"),
        ({"labels": ["pos", "positive"]}, "the words of pos begin those of positive"),
        ({"labels": LABELS, "max_new_tokens": 5}, "with labels nothing is written"),
        ({"calibrate": True}, "name them with --labels"),
        ({"task": "classification"}, "name them with --labels"),
        ({"stop": [""]}, "got an empty one"),
        ({"max_length": 5000}, "max_length must be from 1 to the 160 tokens"),
    ],
)
def test_options_that_cannot_be_used(decoder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_victim(f"hf:{decoder}", offline=True, device="cpu", **options)


def test_a_prompt_is_refused_before_the_weights_are_read(decoder: Path, tmp_path: Path) -> None:
    shutil.copytree(decoder, folder := tmp_path / "copy")
    (folder / "model.safetensors").write_bytes(b"never read")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('System role not supported') }}")
    with pytest.raises(UsageError, match=r"System role not supported.*put that into --prompt"):
        load_causal(str(folder), offline=True, device="cpu", system="Be brief.")
    with pytest.raises(UsageError, match="no place for the text"):
        load_causal(str(folder), offline=True, device="cpu", prompt="no place")


def test_a_prompt_is_for_decoders(build: Any) -> None:
    with pytest.raises(UsageError, match=r"prompt cannot be used with .*, a BertForSequenceClassification"):
        load_victim(f"hf:{build('bert')}", offline=True, device="cpu", prompt="{text}")
    with pytest.raises(UsageError, match="is used for classification, not for generation"):
        load_victim(f"hf:{build('bert')}", offline=True, device="cpu", task="generation")


def test_what_cannot_be_read_is_an_error_and_never_cut(writer: Victim) -> None:
    with pytest.raises(VictimError, match=r"a prompt of \d+ tokens and an answer of up to 12 are more than the 160 tokens"):
        writer.predict([("long " * 40,)])
    with pytest.raises(VictimError, match="lone surrogate"):
        writer.predict([("a \ud800 b",)])
    assert writer.truncated([("long " * 40,)]) == [False]
    assert writer.readings([("a \ud800 b",)]) == [None]
    assert len(writer.predict([("",), ("{text}",), ("\u200b",)])) == 3


def test_a_decoder_without_weights_of_its_own_is_refused(decoder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(decoder, folder := tmp_path / "copy")
    weights = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in weights.items() if "layers.1" not in k}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(VictimError, match=r"is not a trained decoder: it lacks model\.layers\.1"):
        load_causal(str(folder), offline=True, device="cpu")


@pytest.mark.slow
def test_a_real_decoder_answers_and_the_prompt_decides_what_it_is_worth(smollm2: Path) -> None:
    asked = [("What is the capital of France?",), ("What is the acpital of France?",)]
    writer = load_causal(str(smollm2), offline=True, device="cpu", max_new_tokens=8)
    assert writer.predict(asked)[0] == {"text": "The capital of France is Paris.", "finish": "stop"}
    assert writer.predict(asked[::-1])[::-1] == writer.predict(asked)
    assert "Paris" not in writer.predict(asked)[1]["text"]
    reviews = [("a warm and funny film .",), ("a dull , empty and endless mess .",), ("the worst movie of the year",)]
    asking = r"Is this movie review positive or negative?\n\n{text}\n\nAnswer:"
    options: dict[str, Any] = {"offline": True, "device": "cpu", "prompt": asking, "labels": LABELS}
    plain, calibrated = load_causal(str(smollm2), **options), load_causal(str(smollm2), **options, calibrate=True)
    assert plain.predict(reviews).argmax(axis=1).tolist() == [1, 1, 1]
    assert any("the prompt favours that label" in note for note in plain.info.notes)
    assert calibrated.predict(reviews).argmax(axis=1).tolist() == [1, 0, 0]
