"""Victims of the corpus that misbehave in one way each; named on the command line as ``python:…/victims.py:NAME``.

``…_all`` misbehaves always, ``…_some`` only where a text holds the word "zebra".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

LABELS = ("negative", "positive")
RIGHT = ("good", "lovely", "smart")

Answer = Callable[[Sequence[str]], Any]


def rows(texts: Sequence[str]) -> list[list[float]]:
    """Sound scores."""
    return [[0.1, 0.9] if any(word in text for word in RIGHT) else [0.9, 0.1] for text in texts]


def on_zebra(misbehave: Answer) -> Answer:
    """Sound unless a text holds "zebra"."""

    def answer(texts: Sequence[str]) -> Any:
        return misbehave(texts) if any("zebra" in text for text in texts) else rows(texts)

    return declared(answer)


def declared(answer: Answer, access: str = "scores", labels: Sequence[str] = LABELS) -> Answer:
    """With its labels and access attached."""
    vars(answer).update(labels=labels, robustness_access=access)
    return answer


def each(row: Any, access: str = "scores", labels: Sequence[str] = LABELS) -> Answer:
    """The same row for every text."""
    return declared(lambda texts: [row for _ in texts], access, labels)


def _raise(texts: Sequence[str]) -> Any:
    raise ValueError("the tokenizer broke")


def _exit(texts: Sequence[str]) -> Any:
    sys.exit(0)


def _interrupt(texts: Sequence[str]) -> Any:
    raise KeyboardInterrupt


def _hang(texts: Sequence[str]) -> Any:
    time.sleep(60)


def _recurse(texts: Sequence[str]) -> Any:
    return _recurse(texts)


def _ragged(texts: Sequence[str]) -> Any:
    return [[0.5, 0.5]] * (len(texts) - 1) + [[1.0]]


nan_all = each([float("nan"), 1.0])
nan_some = on_zebra(lambda texts: [[float("nan"), 1.0]] * len(texts))
inf_some = on_zebra(lambda texts: [[float("inf"), 1.0]] * len(texts))
raises_all = declared(_raise)
raises_some = on_zebra(_raise)
exits_all = declared(lambda texts: sys.exit(0))
exits_some = on_zebra(_exit)
interrupts_all = declared(lambda texts: _interrupt(texts))
hangs_all = declared(lambda texts: _hang(texts))
hangs_some = on_zebra(_hang)
recurses_some = on_zebra(_recurse)
too_few_all = declared(lambda texts: rows(texts)[:-1])
too_few_some = on_zebra(lambda texts: rows(texts)[:-1])
too_many_all = declared(lambda texts: [*rows(texts), [0.5, 0.5]])
nothing_all = declared(lambda texts: [])
none_all = declared(lambda texts: None)
text_all = declared(lambda texts: "positive")
dict_all = declared(lambda texts: {"positive": 0.9})
number_all = declared(lambda texts: 0.9)
names_all = each("positive")
strings_all = each(["0.1", "nine"])
none_rows_all = each(None)
dict_rows_all = each({"label": "positive", "score": 0.9})
nested_all = each([[0.1, 0.9]])
flat_all = each(0.9)
three_all = each([0.2, 0.3, 0.5])
one_all = each([1.0])
complex_all = each([1j, 0.5])
ragged_all = declared(_ragged)
unknown_label_all = each("neutral", "labels")
index_label_all = each(2, "labels")
negative_label_all = each(-1, "labels")
truth_label_all = each(True, "labels")
score_label_all = each(0.9, "labels")
logits_all = declared(lambda texts: [[-x * 9, x * 9] for _, x in rows(texts)])
same_labels = each([0.5, 0.5], labels=("positive", "positive"))
one_label = each([1.0], labels=("positive",))
strange_access = each([0.5, 0.5], access="gradients")
not_callable = 42


def without_labels(texts: Sequence[str]) -> list[list[float]]:
    """Sound, but says nowhere what its classes are called."""
    return rows(texts)


def broken_loader() -> Any:
    """A loader that fails."""
    raise OSError("weights.bin is not there")


def empty_loader() -> None:
    """A loader that returns nothing."""


class NeedsArguments:
    """A class that cannot be made without arguments."""

    def __init__(self, path: str) -> None:
        self.path = path

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Never reached."""
        return ["positive" for _ in texts]
