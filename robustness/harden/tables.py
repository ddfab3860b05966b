"""The tables of the normaliser, read from the folder ``data`` beside this file."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path


@cache
def read_table(name: str) -> str:
    """The text of ``lookalikes.tsv`` or ``words.txt.gz``."""
    raw = (Path(__file__).parent / "data" / name).read_bytes()
    return (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()
