r"""Messages between an isolated victim's two processes: a length, JSON, then the bytes of arrays. Nothing is unpickled.

Strings travel as UTF-8 with lone surrogates let through. JSON's own ``\uD83D\uDE00`` would not do: a reader joins such a pair
into one code point, and a victim would be asked about another text than in this process.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

MOST_BYTES = 1 << 33
"""Anything longer is not a message: the other side wrote something else into the pipe."""
_ARRAYS = ("<f4", "<f8", "<i8")
_HEAD = struct.Struct("<QQ")


def pack(message: Any) -> bytes:
    """Plain values and NumPy arrays as bytes; raises ``TypeError`` for anything else."""
    arrays: list[bytes] = []

    def put(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{type(value).__name__} cannot be sent between processes")
        kind = "<i8" if value.dtype.kind in "iub" else "<f8" if value.dtype == np.float64 else "<f4"
        arrays.append(np.ascontiguousarray(value, dtype=kind).tobytes())
        return {"array": [kind, list(value.shape)]}

    text = json.dumps(message, ensure_ascii=False, default=put).encode("utf-8", "surrogatepass")
    body = b"".join(arrays)
    return _HEAD.pack(len(text), len(body)) + text + body


def unpack(read: Callable[[int], bytes]) -> Any:
    """The next message, tuples as lists. ``read`` gives exactly the number of bytes asked for.

    Raises ``ValueError`` for what is not a message; whatever ``read`` raises comes through.
    """
    length, rest = _HEAD.unpack(read(_HEAD.size))
    if length + rest > MOST_BYTES:
        raise ValueError(f"a message cannot have {length + rest} bytes")
    text, body = read(length).decode("utf-8", "surrogatepass"), memoryview(read(rest))
    at = 0

    def get(value: dict[str, Any]) -> Any:
        nonlocal at
        if value.keys() != {"array"}:
            return value
        kind, shape = value["array"]
        if kind not in _ARRAYS:
            raise ValueError(f"{kind!r} is not a kind of array that is sent")
        found = np.frombuffer(body, kind, int(np.prod(shape, dtype=np.int64)), at).reshape(shape)
        at += found.nbytes
        return found

    try:
        return json.loads(text, object_hook=get)
    except (TypeError, KeyError, RecursionError) as problem:
        raise ValueError(f"not a message: {problem}") from problem
