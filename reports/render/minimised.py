"""What minimised failures have in common, as a section of ``report.md`` and as lines for the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reports.files.text import visible
from reports.render.inert import code
from reports.run import Run
from reports.run.minimised import MINIMISED, Minimal, clusters, read_minimised, summary_line

SHOWN = 15


def minimised_section(run: Run, *, texts: bool = True) -> str:
    """A Markdown section, or nothing where the run's failures were not minimised; without ``texts`` no word is quoted."""
    path = run.path / MINIMISED
    if not path.is_file():
        return ""
    found = read_minimised(path)
    groups = clusters(found)
    rows = [f"| {group.count} | {code(group.reason if texts else _silent(group.reason))} |" for group in groups[:SHOWN]]
    more = [f"{len(groups) - SHOWN} smaller groups are left out."] if len(groups) > SHOWN else []
    table = ["\n".join(["| failures | why |", "|---:|---|", *rows])] if rows else []
    return "\n\n".join(["## What the failures have in common", summary_line(found) + ".", *table, *more])


def _silent(reason: str) -> str:
    """A reason without the words that it quotes, which are the data's."""
    return re.sub(r"(, such as )?“.*”", lambda match: "" if match[1] else "…", reason, flags=re.DOTALL)


def lines(found: Sequence[Minimal]) -> Iterator[str]:
    """The same for a terminal."""
    groups = clusters(found)
    for group in groups[:SHOWN]:
        yield " ".join(visible(f"{group.count:5d}  {group.reason}").split("\n"))
    if len(groups) > SHOWN:
        yield f"       {len(groups) - SHOWN} smaller groups are left out"
    yield summary_line(found)
