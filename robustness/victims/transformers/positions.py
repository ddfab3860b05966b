"""How many tokens a model reads: as many as its own layers take, whatever its ``config.json`` says."""

from __future__ import annotations

import re
from typing import Any

from robustness.errors import UsageError
from robustness.victims.transformers.probing import accepted, untouched

UNBOUNDED = 1_000_000
"""Tokenizers without a limit say 10**30; anything this large is no limit."""
NAMES = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length")
TABLE = re.compile(r"position(?!.*(relative|rel_))|(^|[._])(wpe|pos_emb)")
"""Names of modules that embed absolute positions."""
WHOLE = 1024
"""Up to this many tokens a first layer is tried with the embedding: it costs little, and some keep tables of positions there."""


class _Reached(Exception):
    """The layers that could run out of positions are passed."""


def token_limit(tokenizer: Any, model: Any, asked: int | None) -> int | None:
    """The most tokens that the model reads: what was asked, else the tighter of the tokenizer's limit and the model's.

    Raises:
        UsageError: more was asked than the model has positions for.
    """
    limits = [int(n) for n in (tokenizer.model_max_length, _positions(model)) if n is not None and 0 < n < UNBOUNDED]
    limit = min(limits, default=None)
    limit = None if limit is None else _readable(model, limit)
    if asked is None:
        return limit
    if asked < 1 or (limit is not None and asked > limit):
        raise UsageError(f"max_length must be from 1 to the {limit} tokens that the checkpoint reads, got {asked}")
    return asked


def _positions(model: Any) -> int | None:
    """The number of positions that the config names, else the rows of the smallest table of positions."""
    import torch

    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    named = [n for n in (getattr(config, name, None) for name in NAMES) if isinstance(n, int) and n > 0]
    if named:
        return named[0]
    tables = (part for name, part in model.named_modules() if TABLE.search(name) and isinstance(part, torch.nn.Embedding))
    return min((int(table.num_embeddings) for table in tables), default=None)


def _readable(model: Any, most: int) -> int:
    """The largest number of tokens up to ``most`` that the model takes: some spend positions on padding or on an offset."""
    if any(weight.device.type != "cpu" for weight in model.parameters()):
        return most  # an index past the end of a table leaves an accelerator unusable
    if _takes(model, most):
        return most
    fails, gap = most, 1
    while gap < most and not _takes(model, most - gap):
        fails, gap = most - gap, 2 * gap
    if gap >= most:
        return most  # it reads nothing at all: the run will say why
    fits = most - gap
    while fails - fits > 1:
        middle = (fits + fails) // 2
        fits, fails = (middle, fails) if _takes(model, middle) else (fits, middle)
    return fits


def _takes(model: Any, length: int) -> bool:
    """Whether the model embeds this many tokens; it is stopped at its first layer, or behind that where it costs little."""
    import torch

    layer, behind = _first_layer(model), length <= WHOLE
    if layer is None and not behind:
        return True
    special = {getattr(model.config, name, None) for name in ("pad_token_id", "eos_token_id")}
    token = next(number for number in range(3) if number not in special)
    columns = {"input_ids": torch.full((1, length), token), "attention_mask": torch.ones(1, length, dtype=torch.long)}
    takes = accepted(model)
    handle = None if layer is None else (layer.register_forward_hook if behind else layer.register_forward_pre_hook)(_stop)
    try:
        with untouched(model), torch.inference_mode():
            model(**{name: column for name, column in columns.items() if takes(name)})
    except _Reached:
        return True
    except Exception:  # noqa: BLE001 - architectures fail in many ways when their positions run out
        return False
    finally:
        if handle is not None:
            handle.remove()
    return True


def _stop(*_given: Any) -> None:
    raise _Reached


def _first_layer(model: Any) -> Any:
    """The first of the layers that a model is a stack of."""
    import torch

    layer: Any = next((part for part in model.modules() if isinstance(part, torch.nn.ModuleList) and len(part)), None)
    while isinstance(layer, torch.nn.ModuleList):
        layer = layer[0] if len(layer) else None
    return layer
