"""A tagger small enough to be trained while the tests run: two layers, some sixty words, people, places and firms."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.robustness.llama import llama as llama
from tests.robustness.llama import smollm2 as smollm2

GIVEN = "John Mary Peter Anna James Laura Robert Susan Paul Helen".split()
SURNAMES = "Smith Brown Walker Jones Miller Baker Clark Hill".split()
PLACES = "London Paris Berlin Rome Madrid Oslo Vienna Dublin".split()
FIRMS = "Acme Globex Initech Umbrella Hooli Vandelay".split()
TEMPLATES = (
    "{per} lives in {loc} .",
    "{per} works for {org} in {loc} .",
    "yesterday {per} met {per} near {loc} .",
    "{org} opened an office in {loc} .",
    "the office of {org} was late again .",
    "we flew from {loc} to {loc} with {per} .",
    "the report was late and nobody read it .",
)


def sentence(rng: Random) -> list[tuple[str, str]]:
    """(token, tag) of one random sentence."""
    out: list[tuple[str, str]] = []
    for word in rng.choice(TEMPLATES).split():
        if word == "{per}":
            out.append((rng.choice(GIVEN), "B-PER"))
            if rng.random() < 0.7:
                out.append((rng.choice(SURNAMES), "I-PER"))
        elif word in ("{loc}", "{org}"):
            out.append((rng.choice(PLACES if word == "{loc}" else FIRMS), "B-LOC" if word == "{loc}" else "B-ORG"))
        else:
            out.append((word, "O"))
    return out


def cased_tokenizer() -> Any:
    import string

    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = {word for one in TEMPLATES for word in one.split() if word[0] != "{"} | {*GIVEN, *SURNAMES, *PLACES, *FIRMS}
    letters = sorted({*string.ascii_letters, *string.digits, *"'-.,"})
    pieces = [*special, *letters, *("##" + one for one in letters), *sorted(word for word in words if len(word) > 1)]
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_input_names=["input_ids", "attention_mask"], **names
    )


TAGS = ("O", "B-PER", "I-PER", "B-LOC", "B-ORG")


@pytest.fixture(scope="session")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a checkpoint trained on random sentences for a few seconds."""
    import torch
    import transformers

    tokenizer = cased_tokenizer()
    names: Any = {"id2label": dict(enumerate(TAGS)), "label2id": {tag: n for n, tag in enumerate(TAGS)}}
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=48, num_labels=len(TAGS), hidden_dropout_prob=0.0, **sizes, **names
    )
    model = transformers.BertForTokenClassification(config)
    optimiser, rng = torch.optim.AdamW(model.parameters(), lr=5e-3), Random(5)
    for _ in range(120):
        rows = [sentence(rng) for _ in range(16)]
        batch = tokenizer(
            [[word for word, _ in row] for row in rows], is_split_into_words=True, padding=True, return_tensors="pt"
        )
        gold = torch.full(batch["input_ids"].shape, -100)
        for n, row in enumerate(rows):  # a word's tag stands at its first token, as is usual
            places = batch.word_ids(n)
            for at, word in enumerate(places):
                if word is not None and word != places[at - 1]:
                    gold[n, at] = TAGS.index(row[word][1])
        model(**batch, labels=gold).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    folder = tmp_path_factory.mktemp("tagger")
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    transformers.utils.logging.enable_progress_bar()
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tagged_sentences() -> list[tuple[list[str], list[str]]]:
    """Thirty (tokens, tags) that the tagger was not shown, but for chance."""
    rng = Random(99)
    rows = [sentence(rng) for _ in range(30)]
    return [([word for word, _ in row], [tag for _, tag in row]) for row in rows]
