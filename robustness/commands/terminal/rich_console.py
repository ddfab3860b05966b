"""A rich console that writes hidden characters out, whatever a renderable holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, cast

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.measure import Measurement
from rich.segment import Segment

from reports.files.text import visible


class SafeConsole(Console):
    """A console whose texts are never markup; only the sequences that rich itself makes reach the terminal."""

    def __init__(self, stream: object) -> None:
        super().__init__(file=cast(IO[str], stream), highlight=False, markup=False)
        self.push_render_hook(_Visible())


class _Visible(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Shown(one) for one in renderables]


class _Shown:
    """A renderable with the hidden characters of its text written out; rich's own control segments pass."""

    def __init__(self, inner: ConsoleRenderable) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        segments: Iterable[Segment] = console.render(self._inner, options)
        for segment in segments:
            yield segment if segment.control else Segment(visible(segment.text), segment.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._inner)
