"""The files of a comparison."""

from __future__ import annotations

import json
from pathlib import Path

from reports.compare.compare import Comparison

COMPARED_FILES = tuple(f"comparison.{kind}" for kind in ("json", "md", "html", "xml", "sarif"))


def clear_comparison(folder: Path) -> None:
    """Remove an earlier comparison's files, so that no job reads its verdict where a new one could not be made."""
    for name in COMPARED_FILES:
        (folder / name).unlink(missing_ok=True)


def render_comparison(found: Comparison, folder: Path, *, texts: bool | None = None) -> list[Path]:
    """Write ``comparison.json``, ``.md``, ``.html``, ``.xml`` (JUnit) and ``.sarif`` into a folder and name them.

    ``texts``: quote examples in Markdown and SARIF; None: in Markdown only. JSON and HTML, which are for those who may see
    the data, always do; JUnit never does.
    """
    from reports.render.comparison.junit import junit_comparison
    from reports.render.comparison.markdown import markdown_comparison
    from reports.render.comparison.page import html_comparison
    from reports.render.comparison.sarif import places, sarif_comparison

    exact = json.dumps(found.to_dict(), ensure_ascii=True, indent=2, allow_nan=False) + "\n"
    contents = {
        "comparison.json": exact,
        "comparison.md": markdown_comparison(found, texts=texts is not False),
        "comparison.html": html_comparison(found),
        "comparison.xml": junit_comparison(found),
        "comparison.sarif": sarif_comparison(found, places(exact), texts=texts is True),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in contents]
