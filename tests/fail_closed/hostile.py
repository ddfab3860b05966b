"""Victims that try to end, hang or fool the audit that asks them: a text that holds the name of a trick has it played."""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from robustness.victims import PlainVictim, VictimInfo
from robustness.victims.base import TokenGradients

LABELS = ("negative", "positive")


def rows(texts: Sequence[str]) -> list[list[float]]:
    """Sound scores."""
    good = [sum(word in text for word in ("good", "great", "fine", "warm")) for text in texts]
    bad = [sum(word in text for word in ("bad", "dull", "lazy", "mess")) for text in texts]
    shares = [(1 + g) / (2 + g + b) for g, b in zip(good, bad, strict=True)]
    return [[1 - share, share] for share in shares]


def _raise(error: BaseException) -> None:
    raise error


def _fork_and_exit() -> None:
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)


def _exit_in_a_thread() -> None:
    threading.Thread(target=os._exit, args=(0,)).start()
    time.sleep(60)


def _close_everything() -> None:
    os.closerange(3, 64)
    time.sleep(60)


def _shout(text: str) -> None:
    print(text)  # noqa: T201 - that is the trick
    os.write(1, text.encode() + b"\n")


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


TRICKS: dict[str, Callable[[], object]] = {
    "exit0": lambda: os._exit(0),
    "exit1": lambda: os._exit(1),
    "segfault": lambda: ctypes.string_at(0),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "forked": _fork_and_exit,
    "thread": _exit_in_a_thread,
    "closed": _close_everything,
    "locked": lambda: ctypes.PyDLL(None).sleep(60),  # a call into C that keeps the interpreter lock
    "generator": lambda: _raise(GeneratorExit("bye")),
    "system": lambda: _raise(SystemExit(0)),
    "unprintable": lambda: _raise(_Unprintable()),
    "network": lambda: socket.create_connection(("192.0.2.1", 9), 1),
    "printed": lambda: _shout("PRINTED BY THE VICTIM"),
}


def answer(texts: Sequence[str]) -> list[list[float]]:
    """Sound scores, after whatever tricks the texts name."""
    for text in texts:
        for name, trick in TRICKS.items():
            if name in text:
                trick()
    return rows(texts)


def always(texts: Sequence[str]) -> list[list[float]]:
    """Never comes back."""
    os._exit(0)


def at_exit() -> Callable[[Sequence[str]], Any]:
    """A loader whose victim turns any verdict into a 0 when the interpreter ends."""
    atexit.register(os._exit, 0)
    return answer


def lazily(texts: Sequence[str]) -> Any:
    """A generator: its code runs when its answer is read."""
    yield from answer(texts)


def measure(texts: Sequence[str]) -> list[str]:
    """Labels that depend on every code point."""
    return [LABELS[sum(map(ord, text)) % 2] for text in texts]


for function in (answer, always, lazily, measure):
    vars(function).update(labels=LABELS, robustness_identity="1")
vars(measure).update(robustness_access="labels")


class Own(PlainVictim):
    """A victim with tokens and gradients of its own."""

    info = VictimInfo("own", "python", LABELS, fields=("a", "b"), identity=(("weights", "1"),), gradients=True, notes=("a note",))

    def predict(self, inputs: Sequence[tuple[str, ...]]) -> Any:
        """An array."""
        return np.asarray(rows([" ".join(texts) for texts in inputs]))

    def lengths(self, inputs: Sequence[tuple[str, ...]]) -> Any:
        """Code points, as NumPy has them."""
        return np.asarray([sum(map(len, texts)) for texts in inputs])

    def truncated(self, inputs: Sequence[tuple[str, ...]]) -> list[bool]:
        """All that are longer than nine."""
        return [sum(map(len, texts)) > 9 for texts in inputs]

    def readings(self, inputs: Sequence[tuple[str, ...]]) -> list[bytes | None]:
        """The first bytes."""
        return [texts[0].encode("utf-8", "replace")[:4] or None for texts in inputs]

    def unknown_tokens(self, inputs: Sequence[tuple[str, ...]]) -> list[tuple[int, int]]:
        """One of many."""
        return [(1, len(texts[0])) for texts in inputs]

    def token_gradients(self, inputs: Sequence[tuple[str, ...]], labels: Sequence[int]) -> list[TokenGradients]:
        """One special token, and one over the first character."""
        ids = np.asarray([0, 7])
        return [TokenGradients((None, (0, 0, 1)), ids, np.full((2, 3), label + 0.1, np.float32)) for label in labels]

    def embeddings(self) -> Any:
        """Eight tokens."""
        return np.arange(24, dtype=np.float32).reshape(8, 3)

    def word_ids(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Lengths."""
        return [(len(word), 1) for word in words]

    def whole_words(self) -> list[tuple[int, str]]:
        """One of them half a character."""
        return [(1, "good"), (2, "\ud83d")]


def own() -> Own:
    """The loader of it."""
    return Own()


def slow_start() -> Any:
    """Takes longer to load than a batch may take."""
    time.sleep(1.5)
    return answer


if os.environ.get("HOSTILE_IMPORT") == "exit":
    os._exit(0)
if os.environ.get("HOSTILE_IMPORT") == "system":
    sys.exit(0)
