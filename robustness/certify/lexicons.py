"""A declared lexicon: for each word, the words that may stand in its place. What it holds is part of a certificate's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from attacks.language.morphology import like_case
from attacks.words import Words
from robustness.errors import UsageError

BUILTIN, NLTK = "builtin", "nltk"


class Declared(Protocol):
    """Substitutes of words. ``name`` tells it from others in the name of a space, "" for the shipped one."""

    name: str

    def choices(self, word: str) -> tuple[str, ...]:
        """What may stand in place of ``word``, in its case: single words other than it, each once, in a fixed order."""


class Synonyms:
    """A lexicon of synonyms as attacks use it."""

    def __init__(self, name: str) -> None:
        from robustness.helpers.words import load_lexicon

        self.name = "" if name == BUILTIN else name
        self._lexicon = load_lexicon(name)
        self.choices = lru_cache(1 << 16)(self._choices)

    def _choices(self, word: str) -> tuple[str, ...]:
        return _single(word, self._lexicon.synonyms(word))


class Listed:
    """Substitutes as a file lists them: on each line a word, a tab, and its substitutes with blanks between."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self._table = _read(path)

    def choices(self, word: str) -> tuple[str, ...]:
        """The substitutes listed under the lower-cased word, in the case of ``word``."""
        return _single(word, [like_case(one, word) for one in self._table.get(word.lower(), ())])


def load_declared(spec: str | None) -> Declared:
    """The lexicon ``builtin``, ``nltk``, or that of a file; raises ``UsageError``."""
    if spec in (None, BUILTIN, NLTK):
        return Synonyms(spec or BUILTIN)
    path = Path(str(spec))
    if not path.is_file():
        raise UsageError(f"--lexicon expects builtin, nltk or a file of lines WORD<tab>SUBSTITUTES, got {spec!r}")
    return Listed(path)


def _read(path: Path) -> Mapping[str, Sequence[str]]:
    table: dict[str, list[str]] = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"--lexicon {path} cannot be read: {problem}") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        word, tab, rest = line.partition("\t")
        if not tab or not word.strip() or not rest.split() or not _is_word(word.strip()):
            raise UsageError(f"--lexicon {path}, line {number}: expected WORD, a tab, and its substitutes, got {line[:60]!r}")
        odd = [one for one in rest.split() if not _is_word(one)]
        if odd:
            raise UsageError(f"--lexicon {path}, line {number}: {odd[0]!r} is not a single word")
        table.setdefault(word.strip().lower(), []).extend(rest.split())
    if not table:
        raise UsageError(f"--lexicon {path} lists no word")
    return table


def _single(word: str, found: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in dict.fromkeys(found) if one != word and _is_word(one))


def _is_word(text: str) -> bool:
    """Whether a text is one word and nothing else, so that it can stand in the place of one."""
    return Words(text).spans() == [(0, len(text))]
