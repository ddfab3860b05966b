"""Masked language models: a small one, trained for seconds on a few sentences, fills the blanks that it has seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from robustness.engine.oracle import Oracle
from robustness.errors import UsageError, VictimError
from robustness.helpers.masked_lm import Masker, MaskerBackend, load_masker

SENTENCES = ("the film is a warm and funny story", "the plot is thin but the actors are wonderful", "it fails as a comedy")


@pytest.fixture(scope="module")
def folder(build: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = build("bert")
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    config = transformers.BertConfig.from_pretrained(base)
    torch.manual_seed(0)
    model = transformers.BertForMaskedLM(config)
    optimiser = torch.optim.Adam(model.eval().parameters(), lr=3e-3)
    for _ in range(60):
        for sentence in SENTENCES:
            ids = torch.tensor(tokenizer(sentence)["input_ids"])
            blank = torch.eye(len(ids), dtype=torch.bool)[1:-1]  # one word masked a row
            optimiser.zero_grad()
            masked = torch.where(blank, tokenizer.mask_token_id, ids)
            model(input_ids=masked, labels=torch.where(blank, ids, -100)).loss.backward()
            optimiser.step()
    out = tmp_path_factory.mktemp("mlm")
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return out


@pytest.fixture(scope="module")
def masker(folder: Path) -> Masker:
    return load_masker(f"hf:{folder}")


def test_it_fills_a_blank_with_whole_words_likeliest_first(masker: Masker) -> None:
    (found,) = masker.fill([("the ", " is a warm and funny story", "", 4)])
    assert found[0][0] == "film"
    assert len(found) == 4
    assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)
    assert all(word.isalpha() for word, _ in found)


def test_a_standing_word_is_read_and_one_of_several_tokens_is_masked(masker: Masker) -> None:
    left, right = "the plot is ", " but the actors are wonderful"
    masked, standing, odd = masker.fill([(left, right, "", 5), (left, right, "dull", 5), (left, right, "zzxqv", 5)])
    assert standing != masked
    assert odd == masked


def test_a_long_context_is_shortened_around_the_blank(masker: Masker) -> None:
    limit = 64
    left, right = "mess " * 200 + "the ", " is a warm and funny story" + " mess" * 100
    assert masker.lengths([(left, right, "", 3)])[0] <= limit
    (found,) = masker.fill([(left, right, "", 3)])
    assert len(found) == 3


def test_the_batch_does_not_matter(masker: Masker) -> None:

    one, other = ("the ", " is thin", "", 9), ("it fails as a ", "", "", 9)
    alone, mixed = Oracle[Any, Any](MaskerBackend(masker)), Oracle[Any, Any](MaskerBackend(masker))
    alone.submit(1, [one])
    mixed.submit(1, [other, one])
    answers: list[Any] = []
    while not answers:
        answers = mixed.pump()
    single: Any = alone.pump()[0][1]
    assert single[0] == answers[0][1][1]


def test_the_head_sees_nothing_but_the_blanks(folder: Path) -> None:
    masker: Any = load_masker(f"hf:{folder}", device="cpu")
    seen: list[tuple[int, ...]] = []
    masker._model.cls.register_forward_hook(lambda _head, inputs, _made: seen.append(tuple(inputs[0].shape[:2])))
    masker.fill([("the ", " is thin", "", 3), ("it fails as a ", "", "", 3)])
    assert seen == [(4, 1)]  # two, and as many more as make its products round alike for any number


def test_a_head_that_looks_at_neighbours_sees_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = transformers.models.bert.modeling_bert.BertOnlyMLMHead.forward
    monkeypatch.setattr(
        transformers.models.bert.modeling_bert.BertOnlyMLMHead,
        "forward",
        lambda head, x: plain(head, x + x.mean(1, keepdim=True)),
    )
    masker: Any = load_masker(f"hf:{folder}", device="cpu")
    seen: list[tuple[int, ...]] = []
    masker._model.cls.register_forward_hook(lambda _head, inputs, _made: seen.append(tuple(inputs[0].shape[:2])))
    masker.fill([("the ", " is thin", "", 3), ("it fails as a ", "", "", 3)])
    assert seen[0][1] > 1


def test_a_blank_gets_the_same_bits_beside_longer_contexts(masker: Masker) -> None:
    short, long = ("the ", " is thin", "", 9), ("the film is a warm and funny story and " * 4 + "the ", " is thin", "", 9)
    least, most = masker.mixed_lengths
    if not least <= max(masker.lengths([long])) <= most:
        pytest.skip("lengths do not mix on this processor")
    assert masker.fill([short, long, long, short])[0] == masker.fill([short] * 4)[0]


def test_a_blank_gets_the_same_bits_alone_and_in_any_company(masker: Masker) -> None:
    blanks = [("the ", " is thin", "", 9), ("it fails as a ", "", "", 9), ("the film is a ", " story", "", 9)] * 3
    alone = [masker.fill([blank] * 4)[0] for blank in blanks]
    assert masker.row_quantum == 1
    for count in range(1, len(blanks) + 1):
        assert masker.fill(blanks[:count]) == alone[:count]


def test_what_is_no_masked_language_model_is_refused(build: Any) -> None:
    with pytest.raises(UsageError, match="expected hf:PATH_OR_NAME"):
        load_masker("bert")
    with pytest.raises(VictimError, match="not a trained masked language model"):
        load_masker(f"hf:{build('bert')}")
