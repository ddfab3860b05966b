"""Trying a model without leaving a trace, and what has to be tried before its answers in batches can be trusted.

Some architectures ignore the attention mask (convolutions, Fourier transforms, neighbours at the input), and some change for
good when they see a text of another length (block-sparse attention). Both answer differently from the plain model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.victims.transformers.fast.kernels import TOLERANCE

PARTS = ("_modules", "_parameters", "_buffers")
"""Where torch keeps what a module is made of."""
LONG = 60
"""Words in the longest text of the probe."""
NOTE = "padding changes its answers, so a batch holds texts of one length only"
Ask = Callable[[Sequence[Input], int], NDArray[Any]]
"""From inputs, and a multiple of tokens to pad them to, to logits."""


class Rest:
    """The state of a model between two questions: every attribute of every module, weights by reference."""

    def __init__(self, model: Any) -> None:
        self._model, self._state = model, _state(model)

    def disturbed(self) -> bool:
        """Whether some attribute is another one than at the start."""
        now = _state(self._model)
        return len(now) != len(self._state) or any(not _same(a, b) for a, b in zip(now, self._state, strict=True))

    def restore(self) -> None:
        """Put every attribute back."""
        for part, attributes, inner in self._state:
            part.__dict__.clear()
            part.__dict__.update(attributes)
            for name, content in inner.items():
                part.__dict__[name].clear()
                part.__dict__[name].update(content)


_Part = tuple[Any, dict[str, Any], dict[str, dict[str, Any]]]


def _state(model: Any) -> list[_Part]:
    parts = [*model.modules(), *_configs(model)]
    return [(part, dict(vars(part)), {name: dict(vars(part)[name]) for name in PARTS if name in vars(part)}) for part in parts]


def _configs(model: Any) -> list[Any]:
    config = getattr(model, "config", None)
    return [] if config is None else [config]


def _same(now: _Part, before: _Part) -> bool:
    if now[0] is not before[0] or now[1].keys() != before[1].keys() or now[2].keys() != before[2].keys():
        return False
    alike = all(_equal(value, before[1][name]) for name, value in now[1].items())
    return alike and all(
        content.keys() == before[2][name].keys() and all(value is before[2][name][key] for key, value in content.items())
        for name, content in now[2].items()
    )


def _equal(one: Any, other: Any) -> bool:
    return one is other or (isinstance(one, (str, int, float, tuple)) and type(one) is type(other) and bool(one == other))


@contextmanager
def untouched(model: Any) -> Iterator[None]:
    """Leave the model as it was, whatever is tried inside."""
    rest = Rest(model)
    try:
        yield
    finally:
        rest.restore()


def accepted(model: Any) -> Callable[[str], bool]:
    """Whether the model takes a column of that name: some have no attention mask, some no token types."""
    parameters = inspect.signature(model.forward).parameters
    anything = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    return lambda name: anything or name in parameters


def padding_matters(ask: Ask, texts: Sequence[Input], step: int) -> bool:
    """Whether some text is answered differently when it is padded to a multiple of ``step`` tokens beside the others.

    False where the model cannot be asked without padding, or varies by itself: then nothing can be said.
    """
    bare = [_try(ask, [text], 1) for text in texts]
    if not _close(_try(ask, texts[:1], 1), bare[0]):
        return False
    *short, long = texts
    padded = [_try(ask, short, step), _try(ask, [long], step)]
    told, expected = ([row for row in rows if row is not None] for rows in (padded, bare))
    if len(expected) < len(texts):
        return False
    return len(told) < len(padded) or not _close(np.concatenate(told), np.concatenate(expected))


def _try(ask: Ask, texts: Sequence[Input], step: int) -> NDArray[Any] | None:
    try:
        return ask(texts, step)
    except Exception:  # noqa: BLE001 - a model that cannot answer says so when the run asks it, with the text that it failed on
        return None


def _close(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    """Equal to rounding, by the largest logit."""
    if one is None or other is None:
        return False
    return np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE * max(1e-3, float(np.abs(other).max())))


def uneven_texts(texts: Sequence[Input], length: Callable[[Sequence[Input]], Sequence[int]], step: int) -> list[Input]:
    """The given texts and a long one, each with words added until its length is not a multiple of ``step``.

    Padding shows in no text that needs none.
    """
    longest = tuple((text + " ") * max(1, LONG // max(1, len(text.split()))) for text in texts[-1])
    found = []
    for text in (*texts, longest):
        longer = [(*text[:-1], text[-1] + " a" * n) for n in range(step)]
        uneven = (one for one, size in zip(longer, length(longer), strict=True) if size % step)
        found.append(next(uneven, text))
    return found
