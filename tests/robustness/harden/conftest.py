"""A tiny real classifier that has learnt to tell good words from bad ones, and rows to harden it with."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

GOOD = "wonderful brilliant charming delightful moving splendid".split()
BAD = "terrible boring awful tedious clumsy dreadful".split()
PLAIN = "the a this film story plot scene cast actor is was with and in of very quite rather director music".split()
LABELS = ("negative", "positive")


def rows_of(count: int, seed: int) -> list[tuple[str, str]]:
    """(text, label): plain words with two of one kind among them."""
    rng, found = Random(seed), []
    for n in range(count):
        words = rng.choices(PLAIN, k=7)
        for _ in range(2):
            words.insert(rng.randrange(len(words)), rng.choice((BAD, GOOD)[n % 2]))
        found.append((" ".join(words), LABELS[n % 2]))
    return found


def write_rows(file: Path, count: int, seed: int) -> Path:
    file.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows_of(count, seed)))
    return file


def _tokenizer() -> Any:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = list("abcdefghijklmnopqrstuvwxyz")
    vocab = [*special, *letters, *(f"##{c}" for c in letters), *(w for w in (*PLAIN, *GOOD, *BAD) if len(w) > 1)]
    tokenizer = Tokenizer(models.WordPiece({token: n for n, token in enumerate(vocab)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_input_names=["input_ids", "token_type_ids", "attention_mask"], **names
    )


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a BERT of two layers that is right on clean rows; the same weights each time."""
    folder, tokenizer = tmp_path_factory.mktemp("victim"), _tokenizer()
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        id2label=dict(enumerate(LABELS)),
        label2id={name: n for n, name in enumerate(LABELS)},
        problem_type="single_label_classification",
    )
    model = transformers.BertForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    rows = rows_of(320, 1)
    for start in (*range(0, 320, 32), *range(0, 320, 32)):
        part = rows[start : start + 32]
        batch = tokenizer([text for text, _ in part], padding=True, return_tensors="pt")
        loss = model(**batch, labels=torch.tensor([LABELS.index(label) for _, label in part])).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
