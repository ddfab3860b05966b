"""When two inputs are the same text to a reader, though a character or a blank differs."""

from __future__ import annotations

from unicodedata import normalize

from attacks.language.skeleton import skeleton
from attacks.search import Input


def key_of(inputs: Input) -> str:
    """What two texts have in common that differ in case, accents, lookalikes, punctuation and blanks alone."""
    return "\x1f".join(skeleton(text) or normalize("NFKC", text).strip() for text in inputs)
