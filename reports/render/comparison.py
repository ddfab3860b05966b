"""The files of a comparison."""

from __future__ import annotations

import json
from pathlib import Path

from reports.compare import Comparison


def render_comparison(found: Comparison, folder: Path, *, texts: bool = True) -> list[Path]:
    """Write ``comparison.json``, ``comparison.md`` and ``comparison.html`` into a folder and name them.

    Without ``texts`` the Markdown, which is what pull requests show, names examples and quotes none.
    """
    from reports.render.compare_markdown import markdown_comparison
    from reports.render.html_compare import html_comparison

    contents = {
        "comparison.json": json.dumps(found.to_dict(), ensure_ascii=True, indent=2, allow_nan=False) + "\n",
        "comparison.md": markdown_comparison(found, texts=texts),
        "comparison.html": html_comparison(found),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in contents]
