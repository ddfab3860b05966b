"""Whether a model answers to the same bits however far a batch is padded: measured when it is loaded, not assumed.

With plain attention (no fused kernel) masked positions add exact zeros, and kernels sum in the same order for all padded lengths
from one vector register up to some block size. That holds for the common encoders on the common processors; where a probe
finds one bit that differs, batches hold one class of length each instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.victims.transformers.tokens import Tokens, batch

ROW_QUANTUM = 4
"""On a processor in float32, products of so many rows and of their multiples round alike whatever stands in the others."""
LEAST, MOST = 16, 128
"""Padded lengths that may stand for each other. Below, sums over a row take another path; above, kernels cut it into blocks."""
NEVER = (0, 0)
ALWAYS = (1, 1 << 30)
WORDS = "the film is a warm and funny story of two brothers who never quite say what they mean".split()
SIZES = (2, 9, 14, 25)
"""Words in the texts of the probe."""

Forward = Callable[[Mapping[str, NDArray[np.int64]]], NDArray[Any]]


def independent(
    forward: Forward, tokens: Tokens, pad_id: int, *, single: bool, fields: int = 1, left: bool = False
) -> tuple[int, tuple[int, int]]:
    """In multiples of how many rows a text scores the same bits beside any others, and the padded lengths that may be mixed.

    ``single``: the model fills up rows by itself (``unpadded.fills``), so that one may do.
    """
    for rows in (1, ROW_QUANTUM) if single else (ROW_QUANTUM,):
        mixed = mixable(forward, tokens, pad_id, fields=fields, left=left, rows=rows)
        if mixed != NEVER:
            return rows, mixed
    return ROW_QUANTUM, NEVER


def mixable(
    forward: Forward, tokens: Tokens, pad_id: int, *, fields: int = 1, left: bool = False, rows: int = 4
) -> tuple[int, int]:
    """The least and the most padded length that may share a batch, ``NEVER`` where a text scored alone differs in one bit.

    ``forward`` answers one row (any shape) for each row of its columns. Each text is asked in ``rows`` equal rows, then all four
    together at several padded lengths, and as many of them as are multiples of ``rows``.
    """
    most = MOST if tokens.limit is None else min(MOST, tokens.limit // 4 * 4)
    texts = probe_texts(fields)
    longest = max(tokens.lengths(texts))
    if longest > most:
        return NEVER

    def ask(some: list[Input], padded: int) -> NDArray[Any]:
        return forward(batch(tokens.encode(some), pad_id, left=left, multiple=4, limit=tokens.limit, least=padded))

    try:
        alone = np.stack([ask([text] * rows, LEAST)[0] for text in texts])
        counts = range(rows, len(texts) + 1, rows)
        same = all(np.array_equal(ask(texts[:n], padded), alone[:n]) for n in counts for padded in (LEAST, most // 2, most))
    except Exception:  # noqa: BLE001 - a model that cannot answer says so when the run asks it, with the text that it failed on
        return NEVER
    return (LEAST, most) if same else NEVER


def probe_texts(fields: int) -> list[Input]:
    """Four texts of different lengths, the same each time."""
    rng = Random(0)
    return [tuple(" ".join(rng.choices(WORDS, k=max(1, size // fields))) for _ in range(fields)) for size in SIZES]
