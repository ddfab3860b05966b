"""Tables that fit the terminal: columns that say least give way before a name is cut or a number broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.files.text import one_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

GAP = 2
"""Blanks between two columns, where there is room."""
_BREAKS = "-:+,(|)"
"""Signs of a name after which it may go on in the next line."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A table for the terminal: a column of names, then numbers. ``spare``: headings of columns that may go, the first first.

    A name for which there is no room even then goes on in the next line, behind a sign such as a hyphen.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spare: tuple[str, ...] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        kept, gap = self._kept(options.max_width)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0))  # the box adds one
        room = options.max_width - sum(self._width(at) + gap for at in kept[1:])
        for at in kept:
            width = self._width(at) if at else None
            table.add_column(self.columns[at], justify="right" if at else "left", no_wrap=True, min_width=width)
        for row in self.rows:
            cells = [one_line(row[at]) for at in kept]
            table.add_row(Text("\n".join(pieces(cells[0], max(room, 12)))), *map(Text, cells[1:]))
        yield table

    def _width(self, at: int) -> int:
        return max(len(cell) for cell in (self.columns[at], *(one_line(row[at]) for row in self.rows)))

    def _kept(self, width: int) -> tuple[list[int], int]:
        """The columns that stay, and the blanks between two: two where everything fits so, else one."""
        kept = list(range(len(self.columns)))
        used = sum(map(self._width, kept))
        if used + GAP * (len(kept) - 1) <= width:
            return kept, GAP
        for heading in self.spare:
            if sum(map(self._width, kept)) + len(kept) - 1 <= width:
                break
            kept.remove(self.columns.index(heading))
        return kept, 1


def pieces(name: str, room: int) -> Sequence[str]:
    """A name in pieces no longer than ``room``, each but the last ended by one of the signs at which it may be broken, if any."""
    found: list[str] = []
    while len(name) > room:
        at = max((name.rfind(sign, 0, room) for sign in _BREAKS), default=-1) + 1 or room
        found.append(name[:at])
        name = name[at:]
    return [*found, name]
