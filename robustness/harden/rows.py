"""What is trained on: labelled rows that share no text with what is audited, and a part kept out of the training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256

from attacks.search import Input
from robustness.data.overlaps import key_of
from robustness.errors import DataError

HELD_OUT = 0.1
MOST_HELD_OUT = 1000
FEWEST = 20
"""Rows without which there is nothing to learn."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text, or a pair, and the index of its label."""

    inputs: Input
    label: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to fit and rows kept out of the fit; ``leaked``: how many were taken out because they are audited too."""

    fit: tuple[Row, ...]
    held_out: tuple[Row, ...]
    leaked: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 over all rows in order."""
        total = sha256()
        for row in (*self.fit, *self.held_out):
            total.update(f"{row.label}\x1f".encode())
            total.update("\x1f".join(row.inputs).encode("utf-8", "surrogatepass") + b"\x1e")
        return total.hexdigest()


def split(rows: Sequence[Row], audited: Iterable[Input], seed: int) -> Rows:
    """Take out what is audited, and keep a tenth out of the fit, 1,000 at most; rows of one text go the same way.

    Raises:
        DataError: too few rows are left, or one label alone.
    """
    kept = [(key_of(row.inputs), row) for row in without(rows, audited)]
    leaked = len(rows) - len(kept)
    also = f" ({leaked} of {len(rows)} rows are in the evaluation data too, and were taken out)" if leaked else ""
    if len(kept) < FEWEST:
        raise DataError(f"expected at least {FEWEST} rows to train on, got {len(kept)}{also}; give --data other rows")
    if len({row.label for _, row in kept}) < 2:
        raise DataError(f"expected rows of at least two labels to train on, got one{also}")
    order = sorted({key for key, _ in kept}, key=lambda key: _draw(seed, key))
    wanted, held = min(MOST_HELD_OUT, max(1, round(len(order) * HELD_OUT))), set[str]()
    held.update(order[:wanted])
    fit = tuple(row for key, row in kept if key not in held)
    return Rows(fit, tuple(row for key, row in kept if key in held), leaked)


def without(rows: Sequence[Row], audited: Iterable[Input]) -> list[Row]:
    """The rows whose text is not audited, whatever its case, accents, punctuation and blanks."""
    seen = {key_of(inputs) for inputs in audited}
    return [row for row in rows if key_of(row.inputs) not in seen]


def _draw(seed: int, key: str) -> bytes:
    return blake2b(f"{seed}|{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
