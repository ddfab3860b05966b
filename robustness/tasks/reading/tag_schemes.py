"""Tags of words to labelled spans: BIO, IOBES and BILOU tags, and files of one token a line as CoNLL-2003 has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

OUTSIDE = "O"
_TAG = re.compile(r"([BIESLUM])-(.+)", re.DOTALL)
_STARTS, _ENDS = frozenset("BSU"), frozenset("ESLU")


def entity_type(tag: str) -> str | None:
    """What a tag says of its word: ``PER`` of ``B-PER``, ``I-PER`` and a bare ``PER``; None of ``O``."""
    return _split(tag)[1] if tag != OUTSIDE else None


def _split(tag: str) -> tuple[str, str]:
    found = _TAG.fullmatch(tag)
    return (found[1], found[2]) if found else ("I", tag)


def runs(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """(first word, one past the last, label) of each entity.

    Read as conlleval does: what continues another label, or nothing, starts an entity of its own, so that broken sequences and
    the older IOB1 scheme are read too.
    """
    found: list[tuple[int, int, str]] = []
    is_open = False
    for at, tag in enumerate(tags):
        if tag == OUTSIDE:
            is_open = False
            continue
        place, label = _split(tag)
        if is_open and place not in _STARTS and found[-1][2] == label:
            found[-1] = (found[-1][0], at + 1, label)
        else:
            found.append((at, at + 1, label))
        is_open = place not in _ENDS
    return found


def joined(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, list[tuple[int, int, str]]]:
    """The tokens as a text, with single spaces between them, and (start, end, label) of each entity in code points.

    Raises:
        ValueError: not one tag for each token, or a token that is empty or holds a space.
    """
    if len(tokens) != len(tags):
        raise ValueError(f"expected one tag for each token, got {len(tokens)} tokens and {len(tags)} tags")
    odd = next((token for token in tokens if not token or token != "".join(token.split())), None)
    if odd is not None:
        raise ValueError(f"expected tokens without spaces, got {odd!r}")
    starts, at = [], 0
    for token in tokens:
        starts.append(at)
        at += len(token) + 1
    return " ".join(tokens), [(starts[a], starts[b - 1] + len(tokens[b - 1]), label) for a, b, label in runs(tags)]


def conll_sentences(lines: Iterable[str]) -> Iterator[tuple[list[str], list[str]]]:
    """(tokens, tags) of each sentence of a file with one token a line: its first column the token, its last the tag.

    Sentences end at blank lines; ``-DOCSTART-`` lines and comments (``# ``) are passed over.

    Raises:
        ValueError: a line of one column only, with its number.
    """
    tokens: list[str] = []
    tags: list[str] = []
    for number, line in enumerate(lines, 1):
        columns = line.split()
        if columns and (columns[0] == "-DOCSTART-" or (columns[0] == "#" and not tokens)):
            continue
        if not columns:
            if tokens:
                yield tokens, tags
            tokens, tags = [], []
        elif len(columns) == 1:
            raise ValueError(f"line {number}: expected a token and its tag, got {columns[0]!r} alone")
        else:
            tokens.append(columns[0])
            tags.append(columns[-1])
    if tokens:
        yield tokens, tags
