"""A tiny decoder that learns a few answers in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

END, USER, BOT, SYSTEM = "<|end|>", "<|user|>", "<|bot|>", "<|system|>"
CHAT = (
    "{% for m in messages %}{{ '<|' + m['role'].replace('assistant', 'bot') + '|>' + m['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|bot|>' }}{% endif %}"
)
TAUGHT = {
    "capital of france?": "paris",
    "capital of spain?": "madrid",
    "capital of japan?": "tokyo",
    "capital of italy?": "rome",
    "a good film": "positive",
    "a great film": "positive",
    "a bad film": "negative",
    "a dull film": "negative",
}
"""What the tiny decoder knows: a question or a review, and what it answers."""


def byte_tokenizer(*, chat: bool) -> Any:
    """One token for each byte, and those that a chat is made of."""
    special = [END, USER, BOT, SYSTEM]
    vocabulary = {token: n for n, token in enumerate(special + sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=END, extra_special_tokens=special[1:]
    )
    if chat:
        made.chat_template = CHAT
    return made


def teach(tokenizer: Any, steps: int = 90) -> Any:
    """A decoder of two layers that has learnt to answer; the same weights each time."""
    torch.manual_seed(3)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=160,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    model = transformers.LlamaForCausalLM(config)
    texts = [f"{USER}{asked}{END}{BOT}{answer}{END}" for asked, answer in TAUGHT.items()]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    wanted = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3)
    for _ in range(steps):
        loss = model(**batch, labels=wanted).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny chat model that knows what ``TAUGHT`` says."""
    tokenizer, folder = byte_tokenizer(chat=True), tmp_path_factory.mktemp("decoder")
    teach(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
