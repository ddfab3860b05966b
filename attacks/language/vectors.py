"""Neighbours in a vector space: the shipped counter-fitted table, and any matrix of word vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Near = tuple[tuple[str, float], ...]
FLOOR = 0.5
"""Lowest cosine in the shipped table."""
_CHUNK = 65_536


class _Table(NamedTuple):
    words: tuple[str, ...]
    rows: dict[str, int]
    starts: NDArray[np.uint32]
    ids: NDArray[np.uint16]
    cosines: NDArray[np.uint8]


@cache
def _table() -> _Table:
    with (files("attacks") / "data" / "neighbours.npz").open("rb") as file, np.load(file, allow_pickle=False) as data:
        words = tuple(data["words"].tobytes().decode().split("\n"))
        rows = {word: row for row, word in enumerate(words)}
        return _Table(words, rows, data["starts"], data["ids"], data["cosines"])


def quantise(cosines: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Cosines from ``FLOOR`` to 1 in 255 equal steps."""
    scaled: NDArray[np.float32] = np.rint((cosines - FLOOR) / (1 - FLOOR) * 255)
    return np.clip(scaled, 0, 255).astype(np.uint8)


@lru_cache(1 << 16)
def _near(word: str) -> Near:
    table = _table()
    row = table.rows.get(word)
    if row is None:
        return ()
    part = slice(int(table.starts[row]), int(table.starts[row + 1]))
    cosines = (FLOOR + table.cosines[part].astype(np.float64) * (1 - FLOOR) / 255).round(3)
    return tuple((table.words[i], c) for i, c in zip(table.ids[part].tolist(), cosines.tolist(), strict=True))


@dataclass(frozen=True)
class BuiltinNeighbours:
    """Nearest words in GloVe vectors counter-fitted to WordNet (Pennington et al. 2014; Mrkšić et al. 2016, arXiv 1603.00892)."""

    name = "glove-50d-counter-fitted"

    def nearest(self, word: str, n: int) -> Near:
        """Up to ``n`` (word, cosine) with cosine of at least 0.5, nearest first; words are in lower case."""
        return _near(word)[:n]


class VectorNeighbours:
    """Nearest words by cosine among the rows of a matrix (words, dimensions), which may be mapped from a file.

    A matrix product per word the first time, remembered afterwards; ``prepare`` takes many words in one product.
    ``identity``: hashes of what was read, for the record.
    """

    def __init__(
        self,
        words: Sequence[str],
        vectors: NDArray[np.float32],
        name: str = "vectors",
        identity: Mapping[str, str] | None = None,
    ) -> None:
        if vectors.ndim != 2 or len(words) != len(vectors):
            raise ValueError(f"expected one vector a word: {len(words)} words came with an array of shape {vectors.shape}")
        self.name, self.identity = name, dict(identity or {})
        self.words, self.vectors = words, vectors
        self._rows = {word: row for row, word in reversed(list(enumerate(words)))}
        self._norms = np.concatenate([_norms(chunk) for chunk in _chunks(vectors)]) if len(words) else np.ones(0, np.float32)
        self._known: dict[tuple[str, int], Near] = {}

    def __repr__(self) -> str:
        return f"VectorNeighbours({self.name}, {len(self.words)} words)"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._rows

    def nearest(self, word: str, n: int) -> Near:
        """Up to ``n`` (word, cosine), nearest first, without the word itself; empty for an unknown word."""
        if word not in self._rows:
            return ()
        if (word, n) not in self._known:
            self.prepare([word], n)
        return self._known[word, n]

    def prepare(self, words: Sequence[str], n: int) -> None:
        """Find and remember the neighbours of many words at once."""
        new = [w for w in dict.fromkeys(words) if w in self._rows and (w, n) not in self._known]
        for at in range(0, len(new), 256):
            batch = new[at : at + 256]
            rows = [self._rows[w] for w in batch]
            for word, near in zip(batch, self._search(rows, n), strict=True):
                self._known[word, n] = near

    def _search(self, rows: list[int], n: int) -> list[Near]:
        asked = np.asarray(self.vectors[rows], np.float32) / self._norms[rows][:, None]
        ids = np.zeros((len(rows), 0), np.int64)
        cosines = np.zeros((len(rows), 0), np.float32)
        at = 0
        for chunk in _chunks(self.vectors):
            here = asked @ (chunk / self._norms[at : at + len(chunk), None]).T
            ids = np.concatenate([ids, np.broadcast_to(np.arange(at, at + len(chunk)), here.shape)], axis=1)
            ids, cosines = _top(ids, np.concatenate([cosines, here], axis=1), n + 1)
            at += len(chunk)
        return [self._named(self.words[row], near, by)[:n] for row, near, by in zip(rows, ids, cosines, strict=True)]

    def _named(self, word: str, ids: NDArray[np.int64], cosines: NDArray[np.float32]) -> Near:
        found = {self.words[i]: round(float(c), 6) for i, c in zip(ids.tolist(), cosines.tolist(), strict=True)}
        found.pop(word, None)
        return tuple(found.items())


def _chunks(vectors: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [np.asarray(vectors[at : at + _CHUNK], np.float32) for at in range(0, len(vectors), _CHUNK)]


def _norms(chunk: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(chunk, axis=1)
    return np.where(norms > 0, norms, 1).astype(np.float32)


def _top(ids: NDArray[np.int64], cosines: NDArray[np.float32], n: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``n`` best columns of each row, best first, equal ones by index."""
    if cosines.shape[1] > n:
        best = np.argpartition(-cosines, n - 1, axis=1)[:, :n]
        ids, cosines = np.take_along_axis(ids, best, 1), np.take_along_axis(cosines, best, 1)
    order = np.lexsort((ids, -cosines), axis=1)
    return np.take_along_axis(ids, order, 1), np.take_along_axis(cosines, order, 1)
