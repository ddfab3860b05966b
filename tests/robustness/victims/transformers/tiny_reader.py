"""A real reader trained in seconds: two layers that learn to tell a home from a meal."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

PEOPLE = "Mary John Anna Peter Laura Simon Nina Oscar".split()
PLACES = "Oslo Paris Rome Lima Cairo Boston Vienna Dublin".split()
FOODS = "soup bread rice cake fish pasta".split()
FRAMES = "where does live what did eat lives in ate there and it was . ?".split()


def facts(rng: Random) -> tuple[str, str, str]:
    """A question, a context of somebody's home and meal in random order, and the answer; some of the names are made up."""
    who, home, meal = (_name(rng, known) for known in (PEOPLE, PLACES, FOODS))
    sentences = [f"{who.title()} lives in {home.title()}.", f"{who.title()} ate {meal.lower()}."]
    rng.shuffle(sentences)
    if rng.random() < 0.5:
        return f"Where does {who.title()} live?", " ".join(sentences), home.title()
    return f"What did {who.title()} eat?", " ".join(sentences), meal.lower()


def _name(rng: Random, known: list[str]) -> str:
    return rng.choice(known) if rng.random() < 0.8 else "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 5)))


def tokenizer() -> Any:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    words = [w.lower() for w in [*FRAMES, *PEOPLE, *PLACES, *FOODS]]
    vocabulary = dict.fromkeys([*special, *letters, *(f"##{c}" for c in letters), *words])
    found = Tokenizer(models.WordPiece({word: n for n, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    found.normalizer = normalizers.BertNormalizer()
    found.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    found.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return transformers.PreTrainedTokenizerFast(tokenizer_object=found, model_input_names=inputs, **names)


def trained(folder: Path, steps: int = 120, rows: int = 24) -> Path:
    """Train on fresh facts and save; a fixed seed gives the same weights."""
    own, rng = tokenizer(), Random(1)
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(own),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=128,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.1,
    )
    model = transformers.BertForQuestionAnswering(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    model.train()
    for _ in range(steps):
        many = [facts(rng) for _ in range(rows)]
        batch = own([q for q, _, _ in many], [c for _, c, _ in many], padding=True, return_tensors="pt")
        at = [c.index(f" {a}.") + 1 for _, c, a in many]
        starts = torch.tensor([batch.char_to_token(n, start, 1) for n, start in enumerate(at)])
        ends = torch.tensor([batch.char_to_token(n, at[n] + len(a) - 1, 1) for n, (_, _, a) in enumerate(many)])
        loss = model(**batch, start_positions=starts, end_positions=ends).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval().save_pretrained(folder)
    own.save_pretrained(folder)
    return folder
