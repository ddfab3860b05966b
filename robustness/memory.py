"""Answers kept on disk between runs: exact scores and vectors, under a key of who answered and what was asked.

One SQLite file in a folder; several runs may use it at once. Only answers of models whose identity pins their weights are
kept: a changed model has another identity and finds nothing of the old one's.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from attacks.search import Prediction
from robustness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robustness.encoders import Encoder
    from robustness.victims.base import VictimInfo

V = TypeVar("V")
FILE = "answers.sqlite"
PINNED = ("demo", "hf", "predictions", "scripted")
"""Kinds of victims whose identity pins what they answer."""
_AT_ONCE = 500
"""Parameters of one statement; older SQLite allows 999."""


class Memory:
    """The answers in one folder, of any number of models."""

    def __init__(self, folder: str | Path) -> None:
        self._path = Path(folder) / FILE
        with self._explained():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(self._path, timeout=60, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")

    def of_victim(self, info: VictimInfo) -> Shelf[Prediction]:
        """The shelf of a victim; raises ``UsageError`` for one whose answers may change under the same identity."""
        if info.kind not in PINNED and "declared" not in dict(info.identity):
            raise UsageError(
                f"--cache needs a victim whose identity pins its weights, and {info.name!r} has none; "
                "let the callable state robustness_identity, a version or hash of its weights, or leave --cache out"
            )
        who = [
            "victim",
            info.kind,
            dict(info.identity),
            list(info.labels),
            list(info.fields),
            info.row_quantum,
            info.mixed_lengths[0],
        ]
        return Shelf(self, who, _pack_prediction, _unpack_prediction)

    def of_encoder(self, encoder: Encoder) -> Shelf[NDArray[np.float32]]:
        """The shelf of a sentence encoder."""
        return Shelf(
            self, ["encoder", dict(encoder.identity), encoder.row_quantum, encoder.mixed_lengths[0]], _pack_vector, _unpack_vector
        )

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values that are kept under some of these keys."""
        found: dict[bytes, bytes] = {}
        with self._explained():
            for at in range(0, len(keys), _AT_ONCE):
                part = keys[at : at + _AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(self._base.execute(f"SELECT key, value FROM answers WHERE key IN ({marks})", part))
        return found

    def put(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep values; one that is kept already stays."""
        with self._explained(), self._base:
            self._base.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", pairs)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise UsageError(
                f"the cache {self._path} cannot be used ({problem}); delete it or name another folder with --cache"
            ) from problem


class Shelf(Generic[V]):
    """What one model answered, by item."""

    def __init__(
        self, memory: Memory, who: Sequence[Any], pack: Callable[[V], bytes], unpack: Callable[[bytes], V | None]
    ) -> None:
        self._memory, self._pack, self._unpack = memory, pack, unpack
        self._who = blake2b(_canonical([*who, _versions()]), digest_size=16).digest()

    def recall(self, items: Sequence[Any]) -> dict[Any, V]:
        """Answers to those of the items that were answered before."""
        keys = [self._key(item) for item in items]
        found = self._memory.get(keys)
        read = ((item, self._unpack(found[key])) for item, key in zip(items, keys, strict=True) if key in found)
        return {item: value for item, value in read if value is not None}

    def keep(self, answers: Mapping[Any, V]) -> None:
        """Remember answers."""
        self._memory.put([(self._key(item), self._pack(value)) for item, value in answers.items()])

    def _key(self, item: Any) -> bytes:
        return blake2b(_canonical(item), digest_size=16, key=self._who).digest()


def _canonical(value: Any) -> bytes:
    """Bytes that differ wherever the values do: the halves of a surrogate pair are not the character that they would spell."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _versions() -> dict[str, str]:
    from robustness.manifest import versions

    return versions()  # another version of torch may round otherwise


def _pack_prediction(prediction: Prediction) -> bytes:
    scores = prediction.scores or ()
    return struct.pack(f"<i{len(scores)}d", prediction.label, *scores)


def _unpack_prediction(raw: bytes) -> Prediction | None:
    count, odd = divmod(len(raw) - 4, 8)
    if odd or count < 0:
        return None
    label, *scores = struct.unpack(f"<i{count}d", raw)
    return Prediction(label, tuple(scores) or None)


def _pack_vector(vector: NDArray[np.float32]) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _unpack_vector(raw: bytes) -> NDArray[np.float32] | None:
    return np.frombuffer(raw, dtype="<f4").astype(np.float32) if raw and len(raw) % 4 == 0 else None
