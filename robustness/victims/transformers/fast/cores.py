"""A batch shared among cores: parts of its rows go through the model side by side, each on one thread of torch.

torch's own threads split every product of a layer and wait for one another after each: on two cores a batch of short texts keeps
them a little over half busy, and where another program wants a core, both wait for the one that lost it. Parts of a batch wait
once, at its end. On a processor in float32 a row's answer does not depend on its neighbours, so the answers are the same bits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import accumulate, chain, pairwise
from threading import Barrier
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def shareable(model: Any) -> bool:
    """Whether two threads may be inside ``model`` at a time: true of transformers' own classes, whose forward keeps no state."""
    return all(type(part).__module__.startswith(("torch.nn.", "transformers.", "robustness.")) for part in model.modules())


def parts(lengths: Sequence[int], cores: int, quantum: int) -> list[list[int]]:
    """Rows by part, at most ``cores`` of them, each a multiple of ``quantum`` rows, cut where their tokens are most even.

    ``lengths``: tokens of each row, as many rows as fill quanta. The longest stand together, so that parts are padded less.
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    blocks = [order[start : start + quantum] for start in range(0, len(order), quantum)]
    count = min(cores, len(blocks))
    ends = list(accumulate(sum(lengths[row] for row in block) for block in blocks))
    cuts = [0]
    for part in range(1, count):
        wanted = ends[-1] * part / count
        possible = range(cuts[-1] + 1, len(blocks) - (count - part) + 1)
        cuts.append(min(possible, key=lambda cut: abs(ends[cut - 1] - wanted)))
    return [list(chain(*blocks[start:end])) for start, end in pairwise([*cuts, len(blocks)])]


def by_parts(forward: Callable[[list[T]], NDArray[Any]], rows: Sequence[T], lengths: Sequence[int], quantum: int) -> NDArray[Any]:
    """``forward`` of all rows, (n, …), asked in parts on as many threads as torch may use here.

    One call on this thread where there is one thread, or no second part. ``quantum``: the rows in whose multiples answers do not
    depend on neighbours; the caller has filled the batch up to one.

    Raises:
        Exception: what ``forward`` raises, for the first part that fails.
    """
    import torch

    shares = parts(lengths, torch.get_num_threads(), quantum) if quantum and len(rows) % quantum == 0 else []
    if len(shares) < 2:
        return forward(list(rows))
    answers = list(_pool(len(shares)).map(lambda share: forward([rows[n] for n in share]), shares))
    found = np.empty((len(rows), *answers[0].shape[1:]), answers[0].dtype)
    for share, answer in zip(shares, answers, strict=True):
        found[share] = answer
    return found


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    """Threads that each use one of torch's."""
    import torch

    own = torch.get_num_threads()
    pool = ThreadPoolExecutor(size, "rows", initializer=_single)
    together = Barrier(size)
    list(pool.map(lambda _: together.wait(), range(size)))  # every thread is there before the next line
    torch.set_num_threads(own)  # the number for threads yet to come is the process's, and the last to set it decides
    return pool


def _single() -> None:
    """Give the thread that this runs on one thread of torch."""
    import torch

    torch.get_num_threads()  # its first use in a thread takes over the process's number, and would do so after the next line
    torch.set_num_threads(1)


os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork, and a pool that lost its own would wait
