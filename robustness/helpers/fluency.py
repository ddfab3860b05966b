"""How natural a text reads to a causal language model: the mean log-probability of its tokens, to rank rewrites by.

Texts are read one by one, so that a number depends on no other text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from robustness.engine.time_limit import guarded
from robustness.errors import UsageError, VictimError
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.tokens import is_readable
from robustness.victims.transformers.vocabulary import load_tokenizer

MAX_TOKENS = 512
UNREADABLE = -math.inf


class CausalFluency:
    """A decoder that reads whole texts; the first token is read after the model's own beginning, where it has one."""

    def __init__(self, name: str, model: Any, tokenizer: Any, limit: int, pins: Mapping[str, str], device: str) -> None:
        self.name, self.identity, self._limit, self._device = name, pins, limit, device
        self._model, self._tokenizer = checkpoints.settled(model, device), tokenizer
        begin = tokenizer.bos_token_id
        self._begin = [begin if begin is not None else tokenizer.eos_token_id]

    def score(self, texts: Sequence[str]) -> list[float]:
        """The mean natural logarithm of a token's probability for each text; minus infinity for an unreadable or empty one.

        Of a text that is longer than the model reads the beginning counts.
        """
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> float:
        import torch

        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"][: self._limit - 1] if is_readable((text,)) else []
        if not ids:
            return UNREADABLE
        with torch.inference_mode():
            logits = self._model(input_ids=torch.tensor([[*self._begin, *ids]], device=self._device)).logits[0, :-1].float()
        found = torch.log_softmax(logits, -1).gather(1, torch.tensor(ids, device=self._device)[:, None]).double().mean()
        return float(found)


def load_fluency(spec: str | None, *, device: str | None = None, offline: bool = False) -> CausalFluency:
    """The language model that ``hf:PATH_OR_NAME`` names, a decoder.

    Raises:
        UsageError: another spec.
        VictimError: the checkpoint cannot be loaded, or is no trained decoder.
    """
    if spec is None or not spec.startswith("hf:") or not spec[3:]:
        raise UsageError(f"--fluency expects a causal language model as hf:PATH_OR_NAME, got {spec!r}")
    folder = checkpoints.locate(spec[3:])
    source = spec[3:] if folder is None else str(folder)
    if folder is not None:
        checkpoints.check_folder(folder, allow_pickle=False)
    transformers = checkpoints.prepare(offline=offline)
    with checkpoints.explained(source, offline=offline):
        used = checkpoints.pick_device(device)
        options = {"local_files_only": offline or folder is not None}
        checkpoints.refuse_adapter(source, folder, offline=offline)
        config = transformers.AutoConfig.from_pretrained(source, **options)
        tokenizer = load_tokenizer(transformers, source, folder, config, options)
        model, loading = transformers.AutoModelForCausalLM.from_pretrained(
            source, config=config, dtype="float32", use_safetensors=True, output_loading_info=True, **options
        )
        pins = checkpoints.identity(checkpoints.snapshot(source, folder, offline=offline), tokenizer)
    lacks = sorted(loading["missing_keys"])[:3] or ([] if tokenizer.eos_token_id is not None else ["an end token"])
    if lacks:
        raise VictimError(f"{source!r} is not a trained causal language model: it lacks {', '.join(lacks)}; give a decoder")
    limit = min(token_limit(tokenizer, model, None) or MAX_TOKENS, MAX_TOKENS)
    return CausalFluency(spec, model, tokenizer, limit, pins, used)


class FluencyBackend:
    """Asks the language model; answered by one number for each text."""

    row_quantum = 0
    length_quantum = 1
    mixed_lengths = (0, 0)
    padding_cost = 1.0

    def __init__(self, fluency: CausalFluency) -> None:
        self.fluency = fluency

    def lengths(self, items: Sequence[str]) -> Sequence[int]:
        """Rough lengths: a quarter of the characters."""
        return [max(1, len(text) // 4) for text in items]

    def compute(self, items: Sequence[str]) -> Sequence[float]:
        """The number of each text."""
        found: list[float] = guarded(partial(self.fluency.score, items), "the language model for fluency")
        return found
