"""Padding that changes answers is found when the model is loaded, and trying a model leaves it as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from attacks.search import Input
from robustness.engine.converse import ask, oracle_for
from robustness.victims.transformers.classifier import load_huggingface
from robustness.victims.transformers.fast.kernels import read_first
from robustness.victims.transformers.fast.mixing import NEVER
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.probing import NOTE, Rest, padding_matters, uneven_texts, untouched

Build = Callable[..., Path]
BLOCKS = {
    "attention_type": "block_sparse", "block_size": 4, "num_random_blocks": 1, "hidden_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 128, "initializer_range": 0.3,
}  # fmt: skip
TEXTS = [("the film is great",), ("funny",), ("a dull empty and endless mess",), ("not bad at all and the music is great",)]


def as_kind(folder: Path, config: Any) -> Path:
    """Another architecture with the same tokenizer and labels."""
    known = transformers.AutoConfig.from_pretrained(str(folder))
    for name in ("vocab_size", "id2label", "label2id"):
        setattr(config, name, getattr(known, name))
    torch.manual_seed(3)
    transformers.AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    return folder


def test_where_padding_changes_an_answer_batches_hold_one_length_and_a_note_says_so(build: Build) -> None:
    convolved = transformers.ConvBertConfig(
        embedding_size=32, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, conv_kernel_size=3, initializer_range=0.3,
    )  # fmt: skip
    victim = load_huggingface(str(as_kind(build("bert"), convolved)), device="cpu")
    assert (victim.info.length_quantum, victim.info.mixed_lengths) == (1, NEVER)
    assert NOTE in victim.info.notes
    together = victim.predict(TEXTS)
    alone = np.concatenate([victim.predict([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    gradients = [victim.token_gradients([text], [0])[0].gradient for text in TEXTS]  # type: ignore[attr-defined]
    for one, other in zip(victim.token_gradients(TEXTS, [0] * 4), gradients, strict=True):  # type: ignore[attr-defined]
        np.testing.assert_allclose(one.gradient, other, atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "deberta", "gpt2", "xlnet"])
def test_where_padding_changes_nothing_lengths_share_a_batch(build: Build, kind: str) -> None:
    info = load_huggingface(str(build(kind)), device="cpu").info
    assert info.length_quantum == 4
    assert NOTE not in info.notes


def test_a_model_that_changes_for_good_is_asked_as_if_each_text_were_the_first(build: Build) -> None:
    folder = as_kind(build("bert"), transformers.BigBirdConfig(**BLOCKS))
    long = [("the film is a warm and funny story about two brothers " * 5,)]
    victim: Any = load_huggingface(str(folder), device="cpu")
    assert victim._model.bert.attention_type == "block_sparse"
    first = victim.predict(long)
    victim.predict([("funny",)])
    np.testing.assert_array_equal(victim.predict(long), first)
    plain = transformers.AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
    with torch.inference_mode():
        logits = plain(**tokenizer(long[0][0], return_tensors="pt")).logits
        plain(**tokenizer("funny", return_tensors="pt"))
        switched = plain(**tokenizer(long[0][0], return_tensors="pt")).logits
    np.testing.assert_allclose(first, logits.double().softmax(-1), atol=1e-5)
    assert not torch.allclose(switched, logits, atol=1e-3), "a fixture that does not switch tests nothing"


def test_trying_a_model_leaves_every_attribute_as_it_was() -> None:
    class Inner(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mode, self.scale = "sparse", torch.nn.Parameter(torch.ones(1))

    model = torch.nn.Sequential(Inner())
    rest, inner = Rest(model), model[0]
    assert not rest.disturbed()
    with untouched(model):
        inner.mode = "full"  # type: ignore[assignment]
        model[0] = Inner()
        model.register_buffer("remembered", torch.zeros(2))
        assert rest.disturbed()
    assert not rest.disturbed()
    assert model[0] is inner
    assert inner.mode == "sparse"
    assert not hasattr(model, "remembered")


def numbers(texts: Sequence[Input]) -> NDArray[np.float64]:
    return np.asarray([[len(text), 1.0] for (text,) in texts])


def test_padding_is_not_blamed_where_nothing_can_be_said() -> None:
    texts = [("a",), ("bb",), ("ccc",)]
    drift = iter(range(100))

    def unpaddable(some: Sequence[Input], step: int) -> NDArray[Any]:
        if step == 1:
            raise RuntimeError("needs multiples")
        return numbers(some)

    def refuses_padding(some: Sequence[Input], step: int) -> NDArray[Any]:
        if step > 1:
            raise RuntimeError("takes no mask")
        return numbers(some)

    assert not padding_matters(lambda some, step: numbers(some), texts, 4)
    assert not padding_matters(lambda some, step: numbers(some) + next(drift), texts, 4), "it varies by itself"
    assert not padding_matters(unpaddable, texts, 4)
    assert padding_matters(lambda some, step: numbers(some) * (1 + step * 1e-3), texts, 4)
    assert padding_matters(refuses_padding, texts, 4)


def test_the_texts_of_the_probe_need_padding() -> None:
    def words(texts: Sequence[Input]) -> list[int]:
        return [sum(len(text.split()) for text in fields) for fields in texts]

    given: list[Input] = [("a b c d",), ("a",), ("a b c d e f g h",)]
    found = uneven_texts(given, words, 4)
    assert len(found) == len(given) + 1
    assert all(length % 4 for length in words(found))
    assert words(found)[-1] > 50


@pytest.mark.parametrize(
    ("config", "reads"),
    [
        ({"kind": "Data2VecText", "max_position_embeddings": 40, "pad_token_id": 1}, 38),
        ({"kind": "Esm", "max_position_embeddings": 40, "pad_token_id": 3, "position_embedding_type": "absolute"}, 36),
        ({"kind": "Bert", "max_position_embeddings": 40, "pad_token_id": 1}, 40),
        ({"kind": "OPT", "max_position_embeddings": 40, "ffn_dim": 64, "word_embed_proj_dim": 32}, 40),
        ({"kind": "Mpt", "max_seq_len": 40, "d_model": 32, "n_heads": 2, "n_layers": 2}, 40),
    ],
)
def test_a_model_reads_as_many_tokens_as_its_layers_take(config: dict[str, Any], reads: int) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 50}
    kind = config.pop("kind")
    made = getattr(transformers, f"{kind}Config")(**({} if kind == "Mpt" else sizes), **config)
    model = transformers.AutoModelForSequenceClassification.from_config(made).eval()
    tokenizer = type("Endless", (), {"model_max_length": 10**30})()
    assert token_limit(tokenizer, model, None) == reads
    with torch.inference_mode():
        model(input_ids=torch.full((1, reads), 7))
        with pytest.raises((IndexError, RuntimeError)):
            model(input_ids=torch.full((1, reads + 1), 7))


def test_a_model_without_token_embeddings_loses_gradients_only(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(_self: Any) -> Any:
        raise NotImplementedError

    monkeypatch.setattr(transformers.PreTrainedModel, "get_input_embeddings", hidden)
    monkeypatch.setattr(transformers.BertModel, "get_input_embeddings", hidden, raising=False)
    victim = load_huggingface(str(build("bert")), device="cpu")
    assert not victim.info.gradients
    assert any("no access to token embeddings" in note for note in victim.info.notes)
    np.testing.assert_allclose(victim.predict(TEXTS).sum(axis=1), 1.0, atol=1e-12)


def test_an_end_of_text_token_in_a_text_spoils_no_batch(build: Build) -> None:
    tiny = transformers.BartConfig(
        d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_position_embeddings=64, pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2,
    )  # fmt: skip
    victim = load_huggingface(str(as_kind(build("roberta"), tiny)), device="cpu")
    texts = [("a fine film",), ("a </s> film",), ("</s></s> fine",), ("a dull film",)]
    oracle = oracle_for(victim)
    answers = ask(oracle, texts)
    assert oracle.usage.rescued == 0, "nothing failed, so nothing is to be called unreliable"
    for text, answer in zip(texts, answers, strict=True):
        np.testing.assert_array_equal(np.asarray(answer.scores), victim.predict([text] * 4)[0])


def test_a_text_that_ends_like_padding_is_read_to_its_end(build: Build) -> None:
    """GPT-2 without a padding token: what pads a batch must not pass for the end of another text, nor the text's for padding."""
    folder = build("gpt2")
    victim = load_huggingface(str(folder), device="cpu")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
    texts = [("fine <|endoftext|>",), ("<|endoftext|>",), ("a longer text",)]
    with torch.inference_mode():
        expected = torch.cat([model(**tokenizer(text, return_tensors="pt")).logits for (text,) in texts]).double().softmax(-1)
    np.testing.assert_allclose(victim.predict(texts), expected, atol=1e-5)


def test_layers_that_pad_by_themselves_are_not_cut_to_the_first_token(build: Build) -> None:
    """Longformer pads to its window and cuts after the last layer: a probe of lengths that need none would not show it."""
    window = transformers.LongformerConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, max_position_embeddings=66,
        attention_window=[4, 4], type_vocab_size=1, pad_token_id=1, initializer_range=0.3,
    )  # fmt: skip
    folder = as_kind(build("roberta"), window)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    ids = torch.arange(8)[None] + 10

    def probe() -> Any:
        with torch.inference_mode():
            return model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.numpy()

    assert not read_first(model, probe)
    victim = load_huggingface(str(folder), device="cpu")
    assert np.isfinite(victim.predict([("x" * n,) for n in range(9)])).all()
