"""Replaces a file in one step: a reader, or a crash, finds the old content or the new one and never half of either."""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY = ".tmp"
"""What a file's name ends in while its new content is being written."""


def write_atomically(path: Path, text: str) -> None:
    """Write ASCII text beside the file, put it on disk, and move it into place."""
    temporary = path.with_name(path.name + TEMPORARY)
    with temporary.open("w", encoding="ascii", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Put a folder's names on disk: a power cut afterwards undoes no replacement."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
