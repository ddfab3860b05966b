"""Sentence encoders: unit vectors that do not depend on the batch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from robustness.errors import UsageError, VictimError
from robustness.helpers.encoder import Encoder, load_encoder

TEXTS = ["a warm and funny film", "a funny, warm movie", "the train leaves at nine", "x", ""]


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    encoder = load_encoder("minilm", device="cpu", offline=True)
    assert encoder is not None
    return encoder


def test_vectors_have_unit_length_and_meaning(minilm: Encoder) -> None:
    vectors = minilm.encode(TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.8 > 0.3 > vectors[0] @ vectors[2]


def test_a_vector_does_not_depend_on_the_batch(minilm: Encoder) -> None:
    texts = [f"number {n} of these is a good film" for n in range(10, 18)]
    assert len({-(-n // minilm.length_quantum) for n in minilm.lengths(texts)}) == 1
    whole = minilm.encode(texts)
    np.testing.assert_array_equal(np.concatenate([minilm.encode(texts[:4]), minilm.encode(texts[4:])]), whole)
    np.testing.assert_array_equal(minilm.encode(texts[::-1])[::-1], whole)


def test_unreadable_texts_raise_and_long_ones_are_cut(minilm: Encoder) -> None:
    assert minilm.lengths(["word " * 400, "half \ud83d"])[0] == 256
    with pytest.raises(VictimError, match="lone surrogate"):
        minilm.encode(["half \ud83d"])


def test_the_default_is_minilm_and_none_is_none(minilm: Encoder) -> None:
    default = load_encoder()
    assert default is not None
    assert (default.name, default.identity) == ("minilm", minilm.identity)
    assert load_encoder("none") is None


def test_an_encoder_that_padding_reaches_gets_texts_of_one_length(tmp_path: Path) -> None:
    import transformers

    from robustness.victims.demo import encoder_folder

    config = transformers.ConvBertConfig(
        embedding_size=32, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, initializer_range=0.3
    )
    transformers.AutoModel.from_config(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(encoder_folder() / name, tmp_path)
    encoder = load_encoder(f"hf:{tmp_path}", device="cpu")
    assert encoder is not None
    assert (encoder.length_quantum, encoder.mixed_lengths) == (1, (0, 0))
    plain = load_encoder("minilm", device="cpu")
    assert plain is not None
    assert (plain.length_quantum, plain.mixed_lengths) == (4, (16, 128))


@pytest.mark.parametrize("spec", ["", "hf:", "glove", "minilm:x"])
def test_unknown_encoders_are_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="expected minilm, hf:PATH_OR_NAME or none"):
        load_encoder(spec)


def test_a_checkpoint_is_pooled_as_it_says(tmp_path: Path) -> None:
    from robustness.victims.demo import encoder_folder

    folder = tmp_path / "encoder"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(encoder_folder() / name, folder)
    (folder / "model.safetensors").symlink_to(encoder_folder() / "model.safetensors")
    vectors = {}
    for mode in ("mean_tokens", "cls_token", "max_tokens"):
        (folder / "1_Pooling").mkdir(exist_ok=True)
        (folder / "1_Pooling" / "config.json").write_text(
            json.dumps({"word_embedding_dimension": 384, f"pooling_mode_{mode}": True})
        )
        if mode == "max_tokens":
            with pytest.raises(UsageError, match="pools by pooling_mode_max_tokens"):
                load_encoder(f"hf:{folder}", device="cpu")
        else:
            encoder = load_encoder(f"hf:{folder}", device="cpu")
            assert encoder is not None
            vectors[mode] = encoder.encode(TEXTS[:1])
    assert not np.allclose(vectors["mean_tokens"], vectors["cls_token"])
