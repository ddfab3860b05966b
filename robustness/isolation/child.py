"""The other process of an isolated victim: loads it, answers what it is asked, and ends with the process that started it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from numbers import Real
from typing import Any

from attacks.search import Input
from robustness.errors import AnswerError, RobustnessError, cut
from robustness.isolation.frames import pack, unpack
from robustness.tasks.reading.check_answers import AnswerOddities, read_answers
from robustness.tasks.reading.named_answers import plain_list
from robustness.tasks.reading.rows import rows_of, shown
from robustness.tasks.registry import DEFAULT
from robustness.victims import load_victim
from robustness.victims.base import PlainVictim, VictimInfo

MOST_SAID = 10_000
"""Characters of an exception's message that are passed on; the parent shows fewer."""
PLAIN = ("lengths", "truncated", "readings", "unknown_tokens")


def serve(requests: int, answers: int, life: int) -> None:
    """Answer the messages that come out of the pipe ``requests``, until it is closed.

    ``life``: a pipe whose other end is open as long as the parent lives; nothing is ever written to it.
    """
    _end_with_parent(life, requests, answers)
    _keep_from_children(requests, answers)
    first = _received(requests)
    if first is None:
        return
    from robustness.commands.terminal.output import guard_child
    from robustness.isolation.offline import offline

    guard_child()
    with offline(first["offline"]):
        victim: Any = None

        def load() -> dict[str, Any]:
            nonlocal victim
            victim = load_victim(first["spec"], offline=first["offline"], **first["options"])
            return {"info": asdict(victim.info), "plain": [name for name in PLAIN if _is_plain(victim, name)]}

        _send(answers, _outcome(load))
        if victim is None:
            return
        info: VictimInfo = victim.info
        while (asked := _received(requests)) is not None:
            _send(answers, _outcome(partial(_CALLS[asked["call"]], victim, info, *asked["with"])))
        victim.close()


def _end_with_parent(life: int, *others: int) -> None:
    """Leave a sentinel behind that kills this whole group when the parent is gone, however it went.

    The end of ``requests`` would say so too, but not to a victim that never comes back to read it. The sentinel is forked
    twice, so that a victim that waits for its own children does not wait for it.
    """
    import signal

    between = os.fork()
    if between == 0:
        if os.fork() == 0:
            for descriptor in others:
                os.close(descriptor)
            os.read(life, 1)
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
    os.waitpid(between, 0)
    os.close(life)


def _keep_from_children(*descriptors: int) -> None:
    """A worker that the victim forks or starts must not hold the pipes open after this process died."""

    def close() -> None:
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)

    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    os.register_at_fork(after_in_child=close)


def _is_plain(victim: Any, name: str) -> bool:
    """Whether the parent can answer this itself, as for any victim that has nothing of its own to say."""
    return getattr(type(victim), name, getattr(PlainVictim, name)) is getattr(PlainVictim, name)


class _Closed(Exception):
    """The parent closed the pipe."""


def _received(requests: int) -> Any:
    def read(count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            got = os.read(requests, min(count - len(parts), 1 << 20))
            if not got:
                raise _Closed
            parts += got
        return bytes(parts)

    try:
        return unpack(read)
    except _Closed:
        return None


def _send(answers: int, message: Any) -> None:
    rest = memoryview(pack(message))
    while rest:
        rest = rest[os.write(answers, rest) :]


def _outcome(call: Callable[[], Any]) -> dict[str, Any]:
    """What a call returned, or what it raised: the suite's own errors by their class, all others by name."""
    try:
        found = {"value": call()}
        pack(found)  # what cannot be sent is an error of the call
        return found
    except RobustnessError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except BaseException as error:  # noqa: BLE001 - whatever a victim raises is told to the parent, which judges it
        return {"raised": type(error).__name__, "message": _said(error)}


def _said(error: BaseException) -> str:
    try:
        return cut(error, MOST_SAID)
    except Exception:  # noqa: BLE001 - a victim's exception may be as broken as the victim
        return ""


def _inputs(raw: Sequence[Sequence[str]]) -> list[Input]:
    return [tuple(one) for one in raw]


def _predict(victim: Any, info: VictimInfo, raw: Sequence[Sequence[str]]) -> list[Any]:
    inputs = _inputs(raw)
    if info.task != DEFAULT:
        return [_plain(row) for row in rows_of(victim.predict(inputs), len(inputs))]
    rows = read_answers(victim.predict(inputs), len(inputs), info, AnswerOddities())
    return [info.labels[row.label] if row.scores is None else row.scores for row in rows]


def _plain(row: Any) -> Any:
    """A row of another task in values that can be sent; the parent's task reads it as it would have read the row itself."""
    if isinstance(row, Mapping):
        return {str(key): _plain(value) for key, value in row.items()}
    if isinstance(row, Set):
        return sorted(map(_plain, row), key=str)
    values = plain_list(row)
    if values is not None:
        return [_plain(value) for value in values]
    if row is None or isinstance(row, (str, bool, int, float)):
        return row
    if isinstance(row, Real) or hasattr(row, "item"):
        return row.item() if hasattr(row, "item") else float(row)
    raise AnswerError(f"the victim answered {shown(row)}, which an isolated process cannot send; expected plain values")


def _lengths(victim: Any, info: VictimInfo, raw: Sequence[Sequence[str]]) -> list[int]:
    return [int(length) for length in victim.lengths(_inputs(raw))]


def _truncated(victim: Any, info: VictimInfo, raw: Sequence[Sequence[str]]) -> list[bool]:
    return [bool(cut) for cut in victim.truncated(_inputs(raw))]


def _readings(victim: Any, info: VictimInfo, raw: Sequence[Sequence[str]]) -> list[str | None]:
    return [None if digest is None else digest.hex() for digest in victim.readings(_inputs(raw))]


def _unknown_tokens(victim: Any, info: VictimInfo, raw: Sequence[Sequence[str]]) -> list[list[int]]:
    return [[int(unknown), int(total)] for unknown, total in victim.unknown_tokens(_inputs(raw))]


def _token_gradients(victim: Any, info: VictimInfo, raw: Sequence[Sequence[str]], labels: Sequence[int]) -> list[Any]:
    return [[one.places, one.ids, one.gradient] for one in victim.token_gradients(_inputs(raw), labels)]


_CALLS: Mapping[str, Callable[..., Any]] = {
    "predict": _predict,
    "lengths": _lengths,
    "truncated": _truncated,
    "readings": _readings,
    "unknown_tokens": _unknown_tokens,
    "token_gradients": _token_gradients,
    "embeddings": lambda victim, info: victim.embeddings(),
    "word_ids": lambda victim, info, words: [list(map(int, ids)) for ids in victim.word_ids(words)],
    "whole_words": lambda victim, info: [[int(token), word] for token, word in victim.whole_words()],
}
