"""Answers kept on disk between runs: exact scores and vectors, under a key of who answered and what was asked.

One SQLite file in a folder; several runs may use it at once. Only answers of models whose identity pins their weights are
kept: a changed model has another identity and finds nothing of the old one's.

Every row has a checksum over its key and its value, and is read as strictly as an answer that has just come. A row that was
damaged, edited or moved ends the run: to drop it would hide that the file cannot be trusted.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from attacks.search import Prediction
from reports.files.exact import canonical
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import pack, unpack
from robustness.tasks.reading.check_answers import AnswerOddities, read_answers
from robustness.victims.base import VictimInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robustness.helpers.encoder import Encoder

V = TypeVar("V")
FILE = "answers.sqlite"
PINNED = ("demo", "hf", "predictions", "scripted")
"""Kinds of victims whose identity pins what they answer."""
FORMAT = 1
"""How a value is packed: its first byte, and part of every key, so that rows of another format are never found."""
_CHECKSUM = 16
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

    def of_victim(self, info: VictimInfo, oddities: AnswerOddities | None = None) -> Shelf[Any]:
        """The shelf of a victim; raises ``UsageError`` for one whose answers may change under the same identity.

        ``oddities``: counts the rows that come out of it, as those that the victim gives are counted.
        """
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
        seen = oddities if oddities is not None else AnswerOddities()
        if info.task != "classification":
            return Shelf(self, [*who, info.task], pack, unpack)
        return Shelf(self, who, _pack_prediction, lambda raw: _unpack_prediction(raw, info, seen))

    def of_encoder(self, encoder: Encoder) -> Shelf[NDArray[np.float32]]:
        """The shelf of a sentence encoder."""
        return Shelf(
            self, ["encoder", dict(encoder.identity), encoder.row_quantum, encoder.mixed_lengths[0]], _pack_vector, _unpack_vector
        )

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values that are kept under some of these keys; raises ``UsageError`` for one that is not as it was kept."""
        found: dict[bytes, bytes] = {}
        with self._explained():
            for at in range(0, len(keys), _AT_ONCE):
                part = keys[at : at + _AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(self._base.execute(f"SELECT key, value FROM answers WHERE key IN ({marks})", part))
        return {key: self._checked(key, value) for key, value in found.items()}

    def put(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep values; one that is kept already stays."""
        with self._explained(), self._base:
            rows = ((key, bytes([FORMAT]) + _checksum(key, value) + value) for key, value in pairs)
            self._base.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)

    def refuse(self, why: str) -> UsageError:
        """An error that says what is wrong with the file and what to do."""
        return UsageError(f"the cache {self._path} cannot be trusted: {why}; delete it, or leave --cache out")

    def _checked(self, key: bytes, row: object) -> bytes:
        if not isinstance(row, bytes) or len(row) <= _CHECKSUM or row[0] != FORMAT:
            raise self.refuse("an answer in it was changed or damaged (its format is wrong)")
        value = row[1 + _CHECKSUM :]
        if row[1 : 1 + _CHECKSUM] != _checksum(key, value):
            raise self.refuse("an answer in it was changed or damaged (its checksum does not match)")
        return value

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

    def __init__(self, memory: Memory, who: Sequence[Any], pack: Callable[[V], bytes], unpack: Callable[[bytes], V]) -> None:
        self._memory, self._pack, self._unpack = memory, pack, unpack
        self._who = blake2b(canonical([*who, FORMAT, _versions(), _processor()]), digest_size=16).digest()

    def recall(self, items: Sequence[Any]) -> dict[Any, V]:
        """Answers to those of the items that were answered before; raises ``UsageError`` where one cannot be trusted."""
        keys = [self._key(item) for item in items]
        found = self._memory.get(keys)
        try:
            return {item: self._unpack(found[key]) for item, key in zip(items, keys, strict=True) if key in found}
        except (ValueError, struct.error, AnswerError) as problem:
            raise self._memory.refuse(f"it holds something that is not an answer ({problem})") from None

    def keep(self, answers: Mapping[Any, V]) -> None:
        """Remember answers."""
        self._memory.put([(self._key(item), self._pack(value)) for item, value in answers.items()])

    def compare(self, answers: Mapping[Any, V], same: Callable[[V, V], bool]) -> None:
        """Raise ``UsageError`` where the model's answers now differ from those kept."""
        kept = self.recall(list(answers))
        differing = sum(not same(value, answers[item]) for item, value in kept.items())
        if differing:
            raise self._memory.refuse(
                f"{differing} of {len(kept)} answers in it differ from what the victim answers now (it was changed, or "
                "the victim does not always give the same answer)"
            )

    def _key(self, item: Any) -> bytes:
        return blake2b(canonical(item), digest_size=16, key=self._who).digest()


def _checksum(key: bytes, value: bytes) -> bytes:
    return blake2b(bytes([FORMAT]) + value, digest_size=_CHECKSUM, key=key).digest()


def _versions() -> dict[str, str]:
    from robustness.planning.manifest import versions

    return versions()  # another version of torch may round otherwise


def _processor() -> dict[str, str]:
    from robustness.victims.transformers.fast import processor

    return processor.deciding()  # so do other instructions, and other kernels for the same ones


_HEAD = struct.Struct("<iHB")
"""The label's index, the number of scores, which follow as doubles, and the length of the reading after them, 0 for none."""


def _pack_prediction(prediction: Prediction) -> bytes:
    scores, reading = prediction.scores or (), prediction.reading or b""
    return _HEAD.pack(prediction.label, len(scores), len(reading)) + struct.pack(f"<{len(scores)}d", *scores) + reading


def _unpack_prediction(raw: bytes, info: VictimInfo, oddities: AnswerOddities) -> Prediction:
    """Raises ``ValueError``, ``struct.error`` or ``AnswerError`` for what this victim cannot have answered."""
    label, count, length = _HEAD.unpack(raw[: _HEAD.size])
    end = len(raw) - length
    scores = struct.unpack(f"<{count}d", raw[_HEAD.size : end])
    if bool(count) is (info.access == "labels"):
        raise ValueError(f"{count} scores of a victim that gives {info.access}")
    (found,) = read_answers([scores or label], 1, info, oddities)
    if found.label != label:
        raise ValueError(f"label {label} with the highest score at {found.label}")
    return replace(found, reading=raw[end:] or None)


def _pack_vector(vector: NDArray[np.float32]) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _unpack_vector(raw: bytes) -> NDArray[np.float32]:
    vector = np.frombuffer(raw, dtype="<f4").astype(np.float32)
    if not len(vector) or not np.isfinite(vector).all():
        raise ValueError("a vector without numbers, or with some that are not finite")
    return vector
