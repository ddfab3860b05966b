"""A decoder asked for its next tokens: from a key/value cache of what every prompt begins with, where the model keeps one.

One prompt is read at a time, always in the same steps (``beginnings``), so its numbers depend on no other. Prompts are taken in
the order of their tokens, so that those that begin alike come one after the other. Writing goes on in full groups of rows
of one padded length, which are filled up by repetition: a row's numbers depend on its own length alone.
"""

from __future__ import annotations

import copy
import inspect
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustness.victims.transformers.beginnings import BLOCK, OTHER_BLOCK, Beginnings, layers_of
from robustness.victims.transformers.probing import accepted

CLOSE, CLOSE_HALF = 1e-3, 5e-2
"""How far logits may lie apart by another way of computing them, as a share of their spread, in float32 and in 16 bits.

They round by about 1e-6 and 1e-2 of it; a model that goes on from another text than it should is off by much more.
"""
ROWS, STEP = 8, 16
"""Rows written together, and the step of their padded lengths: a step of eight rows costs twice that of one (docs/task-generation.md)."""
UNCACHED = "the model keeps no key/value cache that can be shared: every prompt is read from its start"
Vector = NDArray[np.float64]
Ends = Callable[[Sequence[int]], bool]


@dataclass(frozen=True, slots=True)
class Written:
    """Tokens that a decoder wrote; ``stopped``: it ended on its own, and was not cut off."""

    ids: tuple[int, ...]
    stopped: bool


@dataclass(slots=True)
class _Begun:
    """A prompt that was read: its cache (None without one), its tokens, and the logits of what comes next."""

    ids: list[int]
    cache: Any
    logits: Any


@dataclass(slots=True)
class _Group:
    """Rows that are written together, padded on the left.

    ``mask``: what of the ``cache`` is real; ``places``: where each row goes on; ``logits``: of what comes next.
    """

    cache: Any
    mask: Any
    places: Any
    logits: Any

    @classmethod
    def of(cls, begun: Sequence[_Begun]) -> _Group:
        """The rows, filled up by repetition; raises where a cache is of another kind than keys and values of every token."""
        import torch
        from transformers.cache_utils import DynamicCache

        width = _padded(len(begun[0].ids))
        rows = [*begun, *[begun[0]] * (ROWS - len(begun))]
        cache = DynamicCache()
        for number, layers in enumerate(zip(*(layers_of(row.cache) for row in rows), strict=True)):
            keys, values = (torch.cat([_left(one[part], width) for one in layers]) for part in (0, 1))
            cache.update(keys, values, number)
        lengths = torch.tensor([len(row.ids) for row in rows], device=begun[0].logits.device)
        mask = (torch.arange(width, device=lengths.device) >= width - lengths[:, None]).long()
        return cls(cache, mask, lengths, torch.stack([row.logits for row in rows]))


class Decoder:
    """A causal language model; ``prefixes``: tokens that many prompts begin with, each read once.

    ``sharing``: whether prompts go on from what others begin with; without, each is read from its start.
    """

    def __init__(self, model: Any, prefixes: Sequence[Sequence[int]], device: str) -> None:
        self._model, self._device = model, device
        self._prefixes = sorted({tuple(one) for one in prefixes if one}, key=len)
        self._prefix = self._prefixes[-1] if self._prefixes else ()
        self._takes = accepted(model)
        self._last_only = "logits_to_keep" in inspect.signature(model.forward).parameters
        self.sharing = True
        self._start: Any = None
        self._beginnings: Beginnings | None = None
        self.cached = self._cache_is_exact()
        if self.cached:
            self._beginnings = self._exact_beginnings()
        if self.cached and self._beginnings is None and self._prefix:
            self._start = self._forward(self._prefix, None)[1]
        self.grouped = self.cached and self._groups_are_exact()

    def forget_lately(self) -> None:
        """Read every prompt from the fixed beginnings alone, as at first."""
        if self._beginnings is not None:
            self._beginnings.forget()

    def next_logits(self, ids: Sequence[int]) -> Vector:
        """Logits of the token after ``ids``, (vocabulary,)."""
        return _vector(self._begin(ids).logits)

    def likelihoods(self, ids: Sequence[int], answers: Sequence[Sequence[int]]) -> Vector:
        """The natural logarithm of the probability of each answer after ``ids``: the sum over its tokens, (answers,)."""
        begun = self._begin(ids)
        first = _log_softmax(_vector(begun.logits)[None])[0]
        totals = np.array([first[answer[0]] for answer in answers])
        long = [n for n, answer in enumerate(answers) if len(answer) > 1]
        if long:
            rest = self._continued(begun, [answers[n] for n in long])
            totals[long] += rest
        return totals

    def _continued(self, begun: _Begun, answers: Sequence[Sequence[int]]) -> Vector:
        """Log-probabilities of each answer's tokens from the second on, summed, (answers,)."""
        import torch

        if begun.cache is None:
            rows = [self._all_logits([*begun.ids, *answer[:-1]], None)[0, len(begun.ids) :] for answer in answers]
        else:
            # Shorter answers are padded on the right, where no token of theirs looks.
            width = max(map(len, answers)) - 1
            ids = [[*answer[:-1], *[answer[0]] * (width - len(answer) + 1)] for answer in answers]
            cache = copy.deepcopy(begun.cache)
            cache.batch_repeat_interleave(len(answers))
            with torch.inference_mode():
                rows = list(self._all_logits(ids, cache))
        totals = []
        for row, answer in zip(rows, answers, strict=True):
            steps = _log_softmax(row[: len(answer) - 1].double().cpu().numpy())
            totals.append(sum(steps[n, token] for n, token in enumerate(answer[1:])))
        return np.array(totals)

    def write(self, prompts: Sequence[Sequence[int]], most: int, ends: Ends) -> list[Written]:
        """What the model writes after each prompt: the likeliest token each time, up to ``most``, until ``ends`` holds.

        ``ends`` is asked of the tokens written so far, the last of which it may be that ended them.
        """
        if not self.grouped:
            alone = {n: self._write_one(prompts[n], most, ends) for n in alphabetical(prompts)}
            return [alone[n] for n in range(len(prompts))]
        groups: dict[int, list[int]] = defaultdict(list)
        for n in alphabetical(prompts):
            groups[_padded(len(prompts[n]))].append(n)
        found: dict[int, Written] = {}
        for rows in groups.values():
            for start in range(0, len(rows), ROWS):
                part = rows[start : start + ROWS]
                found.update(zip(part, self._write_rows([prompts[n] for n in part], most, ends), strict=True))
        return [found[n] for n in range(len(prompts))]

    def _write_one(self, prompt: Sequence[int], most: int, ends: Ends) -> Written:
        begun = self._begin(prompt)
        cache, logits, made = begun.cache, begun.logits, list[int]()
        while True:
            made.append(int(logits.argmax()))
            if ends(made) or len(made) >= most:
                return Written(tuple(made), ends(made))
            if cache is None:
                logits, _ = self._forward([*prompt, *made], None)
            else:
                logits, cache = self._forward(made[-1:], cache)

    def _write_rows(self, prompts: Sequence[Sequence[int]], most: int, ends: Ends) -> list[Written]:
        """Up to ``ROWS`` prompts of one padded length together."""
        group = _Group.of([self._begin(prompt) for prompt in prompts])
        made: list[list[int]] = [[] for _ in prompts]
        open_rows = set(range(len(prompts)))
        while True:
            tokens = group.logits.argmax(dim=-1)
            for n in sorted(open_rows):
                made[n].append(int(tokens[n]))
                if ends(made[n]) or len(made[n]) >= most:
                    open_rows.discard(n)
            if not open_rows:
                return [Written(tuple(ids), ends(ids)) for ids in made]
            self._advance(group, tokens)

    def _advance(self, group: _Group, tokens: Any) -> None:
        """Let every row of a group read one token more."""
        import torch

        group.mask = torch.nn.functional.pad(group.mask, (0, 1), value=1)
        placed = {"position_ids": group.places[:, None]} if self._takes("position_ids") else {}
        with torch.inference_mode():
            out = self._model(
                input_ids=tokens[:, None], attention_mask=group.mask, past_key_values=group.cache, use_cache=True, **placed
            )
        group.logits, group.cache, group.places = out.logits[:, -1], out.past_key_values, group.places + 1

    def _begin(self, ids: Sequence[int]) -> _Begun:
        if self.sharing and self._beginnings is not None:
            logits, cache = self._beginnings.read(ids)
            return _Begun(list(ids), cache, logits)
        known = len(self._prefix)
        if self.sharing and self._start is not None and len(ids) > known and tuple(ids[:known]) == self._prefix:
            logits, cache = self._forward(ids[known:], copy.deepcopy(self._start))
        else:
            logits, cache = self._forward(ids, None)
        return _Begun(list(ids), cache if self.cached else None, logits)

    def _forward(self, ids: Sequence[int], cache: Any) -> tuple[Any, Any]:
        """(logits after the last token, the cache with these tokens in it)."""
        import torch

        with torch.inference_mode():
            out = self._call([list(ids)], cache, **({"logits_to_keep": 1} if self._last_only else {}))
        return out.logits[0, -1], getattr(out, "past_key_values", None)

    def _all_logits(self, ids: Any, cache: Any) -> Any:
        import torch

        with torch.inference_mode():
            rows = ids if isinstance(ids[0], (list, tuple)) else [list(ids)]
            return self._call(rows, cache).logits

    def _call(self, rows: Sequence[Sequence[int]], cache: Any, **options: Any) -> Any:
        import torch

        columns = torch.tensor([list(row) for row in rows], device=self._device)
        given = {"past_key_values": cache} if cache is not None else {}
        return self._model(input_ids=columns, use_cache=True, **given, **options)

    def _cache_is_exact(self) -> bool:
        """Whether the model continues from its cache as from the whole text: some have no cache, or one of another kind."""
        if not self._takes("past_key_values"):
            return False
        probe = [*self._prefix, *self._prefix[-1:], 1, 2, 3][-64:]
        try:
            whole = _vector(self._forward(probe, None)[0])
            cache = self._forward(probe[:-2], None)[1]
            kept = copy.deepcopy(cache)
            parted = _vector(self._forward(probe[-2:], cache)[0])
            again = _vector(self._forward(probe[-2:], kept)[0])
            repeated = copy.deepcopy(kept)
            repeated.batch_repeat_interleave(2)
        except Exception:  # noqa: BLE001 - models without a cache fail in as many ways as there are such models
            return False
        return self._close(parted, whole) and self._close(again, parted)

    def _exact_beginnings(self) -> Beginnings | None:
        """Beginnings to read prompts from; None where going on from a part of one gives other numbers than the whole text."""
        try:
            made = Beginnings(self._forward, self._prefixes, self._device)
            block = [n % 50 + 1 for n in range(2 * OTHER_BLOCK)][: 2 * BLOCK.get(self._device, OTHER_BLOCK)]
            for ids in ([*block, 1, 2], [*block, 3], [*block[:-1], 4, 5]):
                if not self._close(_vector(made.read(ids)[0]), _vector(self._forward(ids, None)[0])):
                    return None
        except Exception:  # noqa: BLE001 - caches of other kinds fail in their own ways
            return None
        return made

    def _groups_are_exact(self) -> bool:
        """Whether rows that are written together get the numbers that each gets alone."""
        import torch

        probes = [[*self._prefix, *range(1, 4 + n)][-64:] for n in range(3)]
        widths = {_padded(len(probe)) for probe in probes}
        try:
            for rows in ([probe for probe in probes if _padded(len(probe)) == width] for width in widths):
                group = _Group.of([self._begin(row) for row in rows])
                self._advance(group, torch.full((ROWS,), 5, device=self._device))
                alone = [self.next_logits([*row, 5]) for row in rows]
                if not all(self._close(_vector(group.logits[n]), one) for n, one in enumerate(alone)):
                    return False
        except Exception:  # noqa: BLE001 - as above; one row at a time is always right
            return False
        return True

    def _close(self, one: Vector, other: Vector) -> bool:
        import torch

        exact = next(self._model.parameters()).dtype == torch.float32
        spread = float(np.ptp(other)) or 1.0
        return bool(np.abs(one - other).max() <= (CLOSE if exact else CLOSE_HALF) * spread)


def alphabetical(prompts: Sequence[Sequence[int]]) -> list[int]:
    """The places of prompts in the order of their tokens: those that begin alike come one after the other."""
    return sorted(range(len(prompts)), key=lambda n: tuple(prompts[n]))


def _padded(length: int) -> int:
    return -(-length // STEP) * STEP


def _left(states: Any, width: int) -> Any:
    """Keys or values (1, heads, tokens, d) with zeros before them, up to ``width`` tokens."""
    import torch

    return torch.nn.functional.pad(states, (0, 0, width - states.shape[2], 0))


def _vector(logits: Any) -> Vector:
    found: Vector = logits.double().cpu().numpy()
    return found


def _log_softmax(rows: Vector) -> Vector:
    shifted = rows - rows.max(axis=-1, keepdims=True)
    found: Vector = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found
