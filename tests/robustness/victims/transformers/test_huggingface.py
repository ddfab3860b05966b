"""Transformers as victims: every architecture, exact batches, honest refusals."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustness.errors import UsageError, VictimError
from robustness.victims.transformers.classifier import load_huggingface

Build = Callable[..., Path]
ARCHITECTURES = ("bert", "roberta", "distilbert", "deberta", "gpt2", "xlnet")
TEXTS = [
    ("the film is great",),
    ("a dull, empty and endless mess that nobody should watch, not even once",),
    ("funny",),
    ("",),
    ("Ünïcödé 🙂 and \u202eright to left",),
    ("not bad at all, and the music is wonderful!",),
]


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_every_architecture_scores_each_text_as_if_it_were_alone(build: Build, kind: str) -> None:
    victim = load_huggingface(str(build(kind)), device="cpu")
    together = victim.predict(TEXTS)
    alone = np.concatenate([victim.predict([t]) for t in TEXTS])
    assert together.shape == (len(TEXTS), 3)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(together, alone, atol=2e-5)  # padding costs float32 digits, no more
    assert np.ptp(together, axis=0).max() > 1e-3, "a fixture whose answers never differ tests nothing"
    assert victim.info.labels == ("bad", "fair", "good")


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_scores_do_not_depend_on_the_batch_when_it_follows_the_row_quantum(build: Build, kind: str) -> None:
    victim = load_huggingface(str(build(kind)), device="cpu")
    words = ["the", "film", "is", "a", "warm", "and", "funny", "story", "not", "bad", "at", "all"]
    rng = random.Random(3)
    texts = [(" ".join(rng.choices(words, k=rng.randint(1, 14))),) for _ in range(60)]
    groups: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for text, length in zip(texts, victim.lengths(texts), strict=True):
        groups[-(-length // victim.info.length_quantum)].append(text)

    def ask(rows: int, order: random.Random) -> dict[tuple[str, ...], bytes]:
        answers = {}
        for group in groups.values():
            shuffled = order.sample(group, len(group))
            for start in range(0, len(shuffled), rows):
                part = shuffled[start : start + rows]
                padded = part + part[:1] * (-len(part) % victim.info.row_quantum)
                answers.update({t: s.tobytes() for t, s in zip(part, victim.predict(padded), strict=False)})
        return answers

    quantum = victim.info.row_quantum
    assert quantum == (1 if kind in ("bert", "roberta") else 4)
    expected = ask(4, random.Random(0))
    for rows in (quantum, 2 * quantum, 3 * quantum, 8, 12):
        assert ask(rows, random.Random(rows)) == expected


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_scores_do_not_depend_on_how_far_a_batch_is_padded_where_lengths_mix(build: Build, kind: str) -> None:
    victim = load_huggingface(str(build(kind)), device="cpu")
    least, most = victim.info.mixed_lengths
    words = ["the", "film", "is", "a", "warm", "and", "funny", "story", "not", "bad", "at", "all"]
    rng = random.Random(5)
    texts = [(" ".join(rng.choices(words, k=rng.randint(1, 60))),) for _ in range(40)]
    short = [text for text, length in zip(texts, victim.lengths(texts), strict=True) if length <= most]
    if not most:
        pytest.skip(f"{kind} does not mix on this processor")
    assert least == 16
    alone = [victim.predict([text] * 4)[0].tobytes() for text in short]
    for seed in range(3):
        order = random.Random(seed).sample(range(len(short)), len(short) // 4 * 4)
        together = victim.predict([short[i] for i in order])
        assert [row.tobytes() for row in together] == [alone[i] for i in order]


def test_a_pair_reads_both_fields(build: Build) -> None:
    victim = load_huggingface(str(build("bert")), device="cpu", fields=("premise", "hypothesis"))
    first, other, swapped = victim.predict([("the film", "is great"), ("the film", "is dull"), ("is great", "the film")])
    assert victim.info.fields == ("premise", "hypothesis")
    assert not np.allclose(first, other)
    assert not np.allclose(first, swapped)


def test_the_second_text_of_a_pair_gets_its_own_segment(build: Build) -> None:
    folder = build("bert")
    pair = load_huggingface(str(folder), device="cpu", fields=("a", "b"))
    single = load_huggingface(str(folder), device="cpu")
    same_tokens = single.predict([("the film [SEP] is great",)])
    assert not np.allclose(pair.predict([("the film", "is great")]), same_tokens)


@pytest.mark.parametrize("fields", [(), ("a", "a"), ("a", "b", "c")])
def test_fields_must_be_one_or_two(build: Build, fields: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="one field or two"):
        load_huggingface("anything", fields=fields)


def test_truncation_is_noticed_and_bounds_the_length(build: Build) -> None:
    victim = load_huggingface(str(build("bert")), device="cpu")
    texts = [("film " * 200,), ("film",)]
    assert victim.info.max_tokens == 64
    assert victim.truncated(texts) == [True, False]
    assert victim.lengths(texts) == [64, 3]
    longer = [("film " * 200 + "great",)]
    np.testing.assert_array_equal(victim.predict(longer), victim.predict(texts[:1]))


@pytest.mark.parametrize("kind", ["roberta", "gpt2"])
def test_the_longest_text_that_is_not_cut_can_be_read(build: Build, kind: str) -> None:
    victim = load_huggingface(str(build(kind)), device="cpu")
    long = [("film " * 500,)]
    assert victim.lengths(long) == [64]
    assert np.isfinite(victim.predict(long)).all()


def test_max_length_cuts_earlier_and_refuses_more_than_the_model_reads(build: Build) -> None:
    folder = str(build("bert"))
    victim = load_huggingface(folder, device="cpu", max_length=8)
    assert victim.lengths([("film " * 20,)]) == [8]
    assert victim.info.identity != load_huggingface(folder, device="cpu").info.identity
    for bad in (0, 2, 65, -1):
        with pytest.raises(UsageError, match="max_length"):
            load_huggingface(folder, device="cpu", max_length=bad)


def test_a_lone_surrogate_is_named_and_spoils_no_length(build: Build) -> None:
    victim = load_huggingface(str(build("bert")), device="cpu")
    inputs = [("fine",), ("half \ud83d of a smile",)]
    assert len(victim.lengths(inputs)) == 2
    assert victim.truncated(inputs) == [False, False]
    with pytest.raises(VictimError, match=r"lone surrogate U\+D83D at character 5"):
        victim.predict(inputs)
    assert victim.predict(inputs[:1]).shape == (1, 3)


def test_no_input_no_row(build: Build) -> None:
    assert load_huggingface(str(build("bert")), device="cpu").predict([]).shape == (0, 3)


def test_dropout_is_off(build: Build) -> None:
    victim = load_huggingface(str(build("bert", hidden_dropout_prob=0.5)), device="cpu")
    np.testing.assert_array_equal(victim.predict(TEXTS[:1]), victim.predict(TEXTS[:1]))


def test_gpt2_without_padding_token_says_what_it_pads_with(build: Build) -> None:
    victim = load_huggingface(str(build("gpt2")), device="cpu")
    assert any("end-of-text" in note for note in victim.info.notes)


def test_pickled_weights_are_refused_until_allowed(build: Build) -> None:
    folder = str(build("bert", safe=False))
    with pytest.raises(VictimError, match=r"only pytorch_model\.bin.*--allow-pickle"):
        load_huggingface(folder, device="cpu")
    allowed = load_huggingface(folder, device="cpu", allow_pickle=True)
    safe = load_huggingface(str(build("bert")), device="cpu")
    np.testing.assert_array_equal(allowed.predict(TEXTS), safe.predict(TEXTS))


def test_an_untrained_head_is_refused(build: Build) -> None:
    with pytest.raises(VictimError, match=r"not a trained sequence classifier: it lacks classifier\.bias"):
        load_huggingface(str(build("bert", base=True)), device="cpu")


def test_folders_that_are_no_checkpoint_are_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        load_huggingface(str(tmp_path / "absent"))
    with pytest.raises(VictimError, match=r"no config\.json, it holds nothing"):
        load_huggingface(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(VictimError, match=r"no weights.*it holds config\.json"):
        load_huggingface(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(VictimError, match="cannot load"):
        load_huggingface(str(tmp_path))
    with pytest.raises(UsageError, match="got the file"):
        load_huggingface(str(tmp_path / "config.json"))


def test_a_checkpoint_with_code_of_its_own_is_not_run(build: Build) -> None:
    folder = build("bert")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForSequenceClassification": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text("raise SystemExit('this code ran')")
    with pytest.raises(VictimError, match="--trust-remote-code"):
        load_huggingface(str(folder), device="cpu")


def test_a_hub_name_offline_is_an_error_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(variable, "1")  # so that what loading sets is taken back after the test
    with pytest.raises(VictimError, match="not in the local cache and --offline forbids"):
        load_huggingface("nobody/nothing", offline=True)


def test_identity_follows_content_not_place(build: Build) -> None:
    one, copy, other = (str(build("bert", **c)) for c in ({}, {}, {"layer_norm_eps": 1e-6}))
    pins = [load_huggingface(f, device="cpu").info.identity for f in (one, copy, other)]
    assert pins[0] == pins[1]
    assert dict(pins[0])["weights"] == dict(pins[2])["weights"]
    assert dict(pins[0])["config"] != dict(pins[2])["config"]


def test_scores_are_softmaxed_once(build: Build) -> None:
    import torch
    import transformers

    folder = str(build("bert"))
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(**tokenizer("the film is great", return_tensors="pt")).logits
    expected = torch.softmax(logits.double(), -1).numpy()
    np.testing.assert_allclose(
        load_huggingface(folder, device="cpu").predict([("the film is great",)]), expected, rtol=0, atol=1e-5
    )


def test_an_unusable_device_is_refused(build: Build) -> None:
    with pytest.raises(UsageError, match="cannot be used here"):
        load_huggingface(str(build("bert")), device="cuda:99")


def test_weights_round_alike_wherever_the_file_puts_them(build: Build) -> None:
    """A file's header moves its weights by some bytes, and unaligned weights round differently in the last digits."""
    from safetensors.torch import load_file, save_file

    folder = build("bert")
    before = load_huggingface(str(folder), device="cpu").predict(TEXTS[:1])
    weights = load_file(folder / "model.safetensors")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt", "note": "x" * 21})
    after = load_huggingface(str(folder), device="cpu")
    assert all(p.data_ptr() % 64 == 0 for p in after._model.parameters())  # type: ignore[attr-defined]
    np.testing.assert_array_equal(after.predict(TEXTS[:1]), before)
