"""How large a batch may get on a GPU: as its memory allows, and no larger than pays.

What a model needs for a token is measured once, on texts that are the same each time, and held against all memory of the device,
not what is free at the moment: batches are then the same from run to run, and with them the last digits of the scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attacks.search import Input
from robustness.victims.base import BATCH_OVERHEAD, BATCH_TOKENS
from robustness.victims.transformers.fast.mixing import probe_texts

MOST_TOKENS = 1 << 16
"""Larger batches of a small encoder were no faster on the largest cards (``docs/performance.md``)."""
SHARE = 0.5
"""Of the memory, for one batch: longer texts need more a token than the probe's, and helpers' models share the card."""
COPIES = 128
"""Of the four texts that are asked: enough that what is held for a batch, not for a token, does not count."""
LAUNCH_OVERHEAD = 1 << 13
"""What a batch costs besides its tokens, in tokens: starting the kernels of a forward takes as long as that many."""


def room(
    ask: Callable[[Sequence[Input]], object], lengths: Callable[[Sequence[Input]], Sequence[int]], fields: int, device: str
) -> tuple[int, int]:
    """Most tokens for one batch on ``device``, a power of two, and what a batch costs besides them.

    ``ask`` asks the model one batch, padded to the longest; ``lengths``: tokens of each text. A processor is not measured.
    """
    if not device.startswith("cuda"):
        return BATCH_TOKENS, BATCH_OVERHEAD
    import torch

    probe = probe_texts(fields) * COPIES
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    ask(probe)
    needed = (torch.cuda.max_memory_allocated(device) - before) / (max(lengths(probe)) * len(probe))
    return within(SHARE * torch.cuda.get_device_properties(device).total_memory / max(needed, 1.0)), LAUNCH_OVERHEAD


def within(allowed: float) -> int:
    """The power of two at or below ``allowed`` tokens, between what a processor takes and what pays."""
    return min(MOST_TOKENS, max(BATCH_TOKENS, 1 << (int(allowed).bit_length() - 1)))
