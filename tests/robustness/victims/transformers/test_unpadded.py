"""Layers that see no padding: the answers of the padded model, in the same bits beside any neighbours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification

from robustness.victims.transformers.classifier import load_huggingface
from robustness.victims.transformers.fast.unpadded import PADDING_COST, Unpadded, distinct, fills, layout, unpad

Build = Callable[..., Path]
LIKE_BERT = ("bert", "roberta", "electra")
LENGTHS = (1, 7, 12, 4)
IDS = torch.arange(48).reshape(4, 12) % 30 + 5
MASK = (torch.arange(12)[None] < torch.tensor(LENGTHS)[:, None]).long()


def classifier(folder: Path) -> tuple[Any, Callable[[], Any]]:
    model = AutoModelForSequenceClassification.from_pretrained(str(folder), attn_implementation="eager").eval()
    model.config.pad_token_id = 1

    def ask() -> Any:
        with torch.inference_mode():
            return model(input_ids=IDS.where(MASK.bool(), 1), attention_mask=MASK).logits.numpy()

    return model, ask


def stack(model: Any) -> Any:
    return next(part for part in model.modules() if hasattr(part, "layer"))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", LIKE_BERT)
def test_a_classifier_keeps_its_answers(build: Build, kind: str, first: bool) -> None:
    model, ask = classifier(build(kind))
    before = ask()
    assert unpad(model, ask, first=first)
    assert np.allclose(ask(), before, rtol=1e-5, atol=1e-6)


def test_layers_see_real_tokens_alone_and_the_last_the_first_of_each_row(build: Build) -> None:
    model, ask = classifier(build("bert"))
    assert unpad(model, ask, first=True)
    seen: list[tuple[int, ...]] = []
    for layer in stack(model).layer:
        layer.intermediate.register_forward_hook(lambda _part, inputs, _made: seen.append(tuple(inputs[0].shape[:-1])))
    ask()
    assert seen == [(sum(LENGTHS),), (len(LENGTHS),)]  # both are multiples of four
    model(input_ids=IDS, attention_mask=MASK)
    assert seen[2:] == [(4, 12), (4, 12)]  # outside inference mode, where gradients are taken, nothing changes


def test_hidden_states_are_those_of_the_padded_model_and_zero_where_padding_stood(build: Build) -> None:
    encoder = AutoModel.from_pretrained(str(build("bert", base=True)), attn_implementation="eager").eval()

    def hidden() -> Any:
        with torch.inference_mode():
            return encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state

    before = hidden()
    assert unpad(encoder, lambda: (hidden() * MASK[..., None]).numpy(), first=False)
    assert torch.allclose(hidden()[MASK.bool()], before[MASK.bool()], rtol=1e-5, atol=1e-6)
    assert not hidden()[~MASK.bool()].any()


def test_a_text_has_the_same_bits_alone_and_beside_any_neighbours(build: Build) -> None:
    victim = load_huggingface(str(build("bert")), device="cpu")
    assert victim.info.padding_cost == PADDING_COST
    words = ["the", "film", "is", "a", "warm", "and", "funny", "story", "not", "bad", "at", "all"]
    texts = [(" ".join((words * 5)[n : 2 * n + 1]),) for n in range(1, 29)]
    alone = [victim.predict([text] * 4)[0].tobytes() for text in texts]
    for order in (range(28), range(27, -1, -1), [3, 27, 4, 9, 12, 1, 20, 8]):
        assert [row.tobytes() for row in victim.predict([texts[n] for n in order])] == [alone[n] for n in order]


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_text_has_the_same_bits_in_any_number_of_rows(build: Build, kind: str) -> None:
    victim = load_huggingface(str(build(kind)), device="cpu")
    words = ["the", "film", "is", "a", "warm", "and", "funny", "story", "not", "bad", "at", "all"]
    texts = [(" ".join((words * 5)[n : 2 * n + 1]),) for n in range(1, 29)]
    assert victim.info.row_quantum == 1
    alone = [victim.predict([text])[0].tobytes() for text in texts]
    for count in (2, 3, 5, 11, 28):
        for start in range(0, 28, count):
            part = texts[start : start + count]
            assert [row.tobytes() for row in victim.predict(part)] == alone[start : start + count]


def test_attention_sees_rows_at_lengths_like_their_own() -> None:
    lengths = (5, 60, 17, 31, 58, 16, 33)
    where = layout(torch.arange(60)[None] < torch.tensor(lengths)[:, None], 2)
    seen = {row: group.slots.shape[1] for group in where.groups for row in group.rows.tolist()}
    assert seen == {0: 16, 5: 16, 2: 32, 3: 32, 6: 36, 1: 60, 4: 60}
    assert len(where.tokens) == len(where.gathered) // 2 == sum(lengths)
    assert torch.cat([group.rows for group in where.groups])[where.order].tolist() == list(range(7))


@pytest.mark.parametrize("length", [12, 16, 132])
def test_where_rounding_may_differ_with_the_length_all_rows_are_seen_at_one(length: int) -> None:
    where = layout(torch.arange(length)[None] < torch.tensor([3, 9, length])[:, None], 2)
    assert [group.slots.shape for group in where.groups] == [(3, length)]


def test_a_head_that_combines_rows_with_its_own_mask_is_given_as_many_as_it_asked_for(build: Build) -> None:
    encoder = AutoModel.from_pretrained(str(build("bert", base=True)), attn_implementation="eager").eval()

    class Mean(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.config = encoder, encoder.config

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return (hidden * attention_mask.unsqueeze(-1)).sum(1)

    model = Mean()

    def ask(rows: int = 4) -> Any:
        with torch.inference_mode():
            return model(input_ids=IDS[:rows], attention_mask=MASK[:rows]).numpy()

    assert unpad(model, ask, first=False)
    assert not fills(model)
    assert ask(3).shape == (3, 32)


def test_what_the_last_layer_makes_of_the_first_token_needs_no_key_and_no_value(build: Build) -> None:
    model, ask = classifier(build("bert"))
    before = ask()
    assert unpad(model, ask, first=True)
    last = stack(model).layer[-1].attention.self
    for made in (last.key, last.value):
        made.register_forward_hook(lambda *_: pytest.fail("a product for each token, of which nothing is read"))
    assert np.allclose(ask(), before, rtol=1e-5, atol=1e-6)


def test_the_first_layer_looks_at_equal_tokens_but_once(build: Build) -> None:
    victim: Any = load_huggingface(str(build("bert")), device="cpu")
    words = "the film is a warm and funny story not bad at all".split()
    texts = [(" ".join([*words[:at], "good", *words[at + 1 :]]),) for at in range(12)]  # one word changed in each
    alone = [victim.predict([text] * 4)[0].tobytes() for text in texts]
    rows: list[int] = []
    for part in (layer.attention.self.query for layer in stack(victim._model).layer):
        part.register_forward_pre_hook(lambda _part, inputs: rows.append(len(inputs[0])))
    assert [row.tobytes() for row in victim.predict(texts)] == alone
    tokens = sum(victim.lengths(texts))
    assert rows[0] < tokens / 3
    assert rows[0] % 4 == 0


def test_rows_that_differ_in_any_number_are_not_shared() -> None:
    x = torch.randn(128, 8)[torch.arange(256) % 128]
    assert len(distinct(x).rows) == 128
    x[200, 7] += 1  # equal to row 72 where rows are told apart
    assert distinct(x).rows is x


@pytest.mark.parametrize("kind", ["distilbert", "gpt2", "xlnet", "deberta"])
def test_other_architectures_are_left_alone(build: Build, kind: str) -> None:
    model, ask = classifier(build(kind))
    before = ask()
    assert not unpad(model, ask, first=False)
    assert np.array_equal(ask(), before)


def test_a_model_that_would_answer_otherwise_is_left_alone(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    model, ask = classifier(build("bert"))
    before = ask()
    monkeypatch.setattr(Unpadded, "_run", lambda _self, hidden, _real: torch.zeros_like(hidden))
    assert not unpad(model, ask, first=False)
    assert np.array_equal(ask(), before)


def test_a_decoder_and_other_positions_are_left_alone(build: Build) -> None:
    model, ask = classifier(build("bert"))
    for changes in ({"is_decoder": True}, {"position_embedding_type": "relative_key"}):
        for name, value in changes.items():
            before = getattr(model.config, name, None)
            setattr(model.config, name, value)
            assert not unpad(model, ask, first=False)
            setattr(model.config, name, before)
    assert unpad(model, ask, first=False)


def test_a_head_from_elsewhere_is_not_cut_to_the_first_token(build: Build) -> None:
    model, ask = classifier(build("bert"))

    class Elsewhere(type(model)):  # type: ignore[misc]
        pass

    model.__class__ = Elsewhere
    assert not unpad(model, ask, first=True)
    assert unpad(model, ask, first=False)


def test_gradients_are_those_of_the_whole_model(build: Build) -> None:
    from robustness.victims.transformers.derivatives import Derivatives

    model, ask = classifier(build("bert"))
    columns = {"input_ids": IDS, "attention_mask": MASK}
    derived = Derivatives(model, lambda logits: logits.softmax(-1))
    before = derived.of(columns, [0, 1, 2, 0])
    assert unpad(model, ask, first=True)
    assert np.array_equal(derived.of(columns, [0, 1, 2, 0]), before)
