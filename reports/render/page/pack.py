"""The page's data: trials and examples as compact JSON, from which its script draws what the page does not hold itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from reports.render.page.rows import FailureRow
from reports.render.page.safe import coded, hidden_codes, long_name, script_json, short_name

Texts = Sequence[tuple[str, str, int]]
"""(field, text, characters left out) each."""


class Pack:
    """Rows as compact JSON: names are interned, hidden characters are named once, a limit on bytes is kept.

    ``size``: bytes of the failures so far; attempts that broke nothing and examples have limits of their own.
    """

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._lines: dict[str, list[str]] = {"rows": [], "attempts": [], "examples": []}
        self._sizes = dict.fromkeys(self._lines, 0)
        self._hidden: set[str] = set()
        self.shortened = False

    @property
    def size(self) -> int:
        """Bytes of the failures so far."""
        return self._sizes["rows"]

    def count(self, kind: str) -> int:
        """How many ``rows``, ``attempts`` or ``examples`` the data holds."""
        return len(self._lines[kind])

    def add(self, row: FailureRow, limit: int) -> bool:
        """Take one more failure, or say that there is no room for it."""
        if not self._take("rows", self._packed(row), limit):
            return False
        self.shortened |= row.shortened
        self._hidden |= hidden_codes(_foreign(row))
        return True

    def attempt(self, row: FailureRow, limit: int) -> bool:
        """Take a trial that broke nothing, or say that there is no room for it."""
        if not self._take("attempts", self._packed(row), limit):
            return False
        self._hidden |= hidden_codes(_foreign(row))
        return True

    def example(self, line: Sequence[Any], texts: Iterable[str]) -> None:
        """Take one example, with the ``texts`` in it that may hide something."""
        self._take("examples", line, sys.maxsize)
        self._hidden |= hidden_codes(texts)

    def _take(self, kind: str, packed: Sequence[Any], limit: int) -> bool:
        line = script_json(packed)
        if self._sizes[kind] + len(line) > limit:
            return False
        self._lines[kind].append(line)
        self._sizes[kind] += len(line) + 1
        return True

    def json(self, **others: Any) -> str:
        """The whole: names, hidden characters by number, what else is given, rows, attempts, examples."""
        head = {
            **others,
            "names": [coded(name) for name in self._names],
            "hidden": {code: [short_name(code), long_name(code)] for code in sorted(self._hidden)},
        }
        parts = (f'"{kind}":[{",".join(lines)}]' for kind, lines in self._lines.items())
        return f"{script_json(head)[:-1]},{','.join(parts)}}}"

    def name(self, name: str) -> int:
        """The number under which the data knows a name."""
        if name not in self._names:
            self._hidden |= hidden_codes([name])
        return self._names.setdefault(name, len(self._names))

    def trial(self) -> Callable[[str], int]:
        """``name``, but for a line that may not be taken: none of its names gets into the data."""
        names = dict(self._names)
        return lambda name: names.setdefault(name, len(names))

    def _packed(self, row: FailureRow) -> list[Any]:
        touched = [[self.name(name) for name in names] for names in (row.touched.words, row.touched.edits, row.touched.places)]
        return [
            coded(row.example_id),
            *(self.name(n) for n in (row.recipe, row.reference, row.clean, row.after, row.field)),
            row.queries,
            row.words_changed,
            row.words,
            _rounded(row.similarity),
            row.severity,
            [piece.compact() for piece in row.diff],
            [[self.name(name), coded(text), left] for name, text, left in row.others],
            [[self.name(name), _rounded(a), _rounded(b)] for name, a, b in row.scores],
            row.words_inserted,
            [_rounded(row.clean_score), _rounded(row.after_score), _rounded(row.flip)],
            [row.line, *touched],
            *self._answered(row),
        ]

    def _answered(self, row: FailureRow) -> list[Any]:
        """What only some rows have: answers that are texts or spans, fresh ones, shading, fewest edits; never an empty last."""
        sides = [[[coded(text), self.name(label)] if label else coded(text) for text, label in side] for side in row.shades]
        shading = [
            [[coded(text), level, figure] if level else coded(text) for text, level, figure in side] for side in row.leaned
        ]
        answer, minimal = ([piece.compact() for piece in diff] for diff in (row.answer, row.minimal))
        found: list[Any] = [answer, sides, row.fresh, shading, minimal]
        while found and not found[-1]:
            found.pop()
        return found


def _foreign(row: FailureRow) -> Iterable[str]:
    """Every text of a row that the page's script will draw, but for names, which are known already."""
    yield row.example_id
    yield from (part for piece in (*row.diff, *row.answer, *row.minimal) for part in piece.parts)
    yield from (text for side in row.shades for pair in side for text in pair)
    yield from (text for side in row.leaned for text, _, _ in side)
    yield from (text for _, text, _ in row.others)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
