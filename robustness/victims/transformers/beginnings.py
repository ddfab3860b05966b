"""What prompts begin with, read once: keys and values of fixed beginnings, and of those of the prompts read lately.

A prompt is always read in the same steps: the longest fixed beginning that fits it, then blocks of ``BLOCK`` tokens, then what is
left. The steps follow from its own tokens, so a block that is taken from another prompt holds the very numbers that reading it
would have given, to the last bit, and no answer depends on what was asked before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

BLOCK = {"cpu": 64}
OTHER_BLOCK = 128
"""Tokens in a block: fewer share more and cost more calls. On one thread, 300 tokens in blocks of 64 take a tenth longer than at
once, in blocks of 32 half as long again; off a processor a call costs more than the tokens in it."""
KEPT_BYTES = 256 << 20
"""Most that is kept of prompts read lately; the fixed beginnings are kept always."""
Layers = list[tuple[Any, Any]]
"""Keys and values of each layer, (1, heads, tokens, size of a head)."""
Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Beginning:
    """Tokens that were read, with their keys and values; ``fixed``: how many of them are a fixed beginning."""

    ids: Ids
    layers: Layers
    fixed: int

    @property
    def bytes(self) -> int:
        """What it holds in memory."""
        return sum(part.element_size() * part.nelement() for layer in self.layers for part in layer)

    def cache(self, length: int) -> Any:
        """A cache of the first ``length`` tokens, of its own."""
        from transformers.cache_utils import DynamicCache

        made = DynamicCache()
        for number, (keys, values) in enumerate(self.layers):
            made.update(keys[:, :, :length], values[:, :, :length], number)
        return made


def layers_of(cache: Any) -> Layers:
    """The keys and values of a cache; raises ``TypeError`` where it holds anything else than those of every token."""
    from transformers.cache_utils import DynamicLayer

    for number, layer in enumerate(cache.layers):
        if type(layer) is not DynamicLayer:
            raise TypeError(f"layer {number} keeps a {type(layer).__name__}")
    return [(layer.keys, layer.values) for layer in cache.layers]


class Beginnings:
    """``read``: (logits after the last token, cache) of tokens that follow a cache, or None. ``kept``: most bytes kept."""

    def __init__(
        self, read: Callable[[Sequence[int], Any], tuple[Any, Any]], fixed: Sequence[Ids], device: str, *, kept: int = KEPT_BYTES
    ) -> None:
        self._read, self._block, self._most = read, BLOCK.get(device, OTHER_BLOCK), kept
        self._fixed = [Beginning(ids, layers_of(read(ids, None)[1]), len(ids)) for ids in sorted(fixed, key=len) if ids]
        self._lately: OrderedDict[Ids, Beginning] = OrderedDict()
        self._bytes = 0

    def read(self, ids: Sequence[int]) -> tuple[Any, Any]:
        """(logits after the last token, the cache with all of these tokens in it)."""
        own = tuple(ids)
        fixed = next((one for one in reversed(self._fixed) if len(own) > one.fixed and own[: one.fixed] == one.ids), None)
        start = fixed.fixed if fixed is not None else 0
        last = start + (len(own) - 1 - start) // self._block * self._block  # at least one token is left for the logits
        known = self._longest(own, start, last) or fixed
        at = start if known is fixed else self._shared(known, own, start, last) if known is not None else 0
        cache = known.cache(at) if known is not None else None
        for here in range(at, last, self._block):
            cache = self._read(own[here : here + self._block], cache)[1]
        if last > max(start, at):
            self._keep(Beginning(own[:last], layers_of(cache), start))
        return self._read(own[last:], cache)

    def forget(self) -> None:
        """Keep nothing but the fixed beginnings."""
        self._lately.clear()
        self._bytes = 0

    def _longest(self, ids: Ids, start: int, last: int) -> Beginning | None:
        """That of the prompts read lately, in the same steps, that shares most blocks."""
        alike = [one for one in self._lately.values() if one.fixed == start]
        best = max(alike, key=lambda one: self._shared(one, ids, start, last), default=None)
        if best is None or self._shared(best, ids, start, last) <= start:
            return None
        self._lately.move_to_end(best.ids)
        return best

    def _shared(self, one: Beginning, ids: Ids, start: int, last: int) -> int:
        """How many tokens of both are the same, in whole blocks."""
        end = start
        while end + self._block <= min(last, len(one.ids)) and one.ids[end : end + self._block] == ids[end : end + self._block]:
            end += self._block
        return end if one.ids[:start] == ids[:start] else 0

    def _keep(self, one: Beginning) -> None:
        gone = self._lately.pop(one.ids, None)
        self._bytes += one.bytes - (gone.bytes if gone is not None else 0)
        self._lately[one.ids] = one
        while self._bytes > self._most and self._lately:
            self._bytes -= self._lately.popitem(last=False)[1].bytes
