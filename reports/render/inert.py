"""Texts inside Markdown, so that none of them comes alive."""

from __future__ import annotations

import re

from reports.files.text import visible


def code(text: object) -> str:
    """Any text as one inert code span: no markup, link, mention or line break comes alive in it."""
    shown = visible(str(text)).replace("\n", " ⏎ ").replace("\t", " ⇥ ")
    if not shown.strip():
        return "(blank)" if shown else "(empty)"
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if "`" in shown or shown != shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str) -> str:
    """A sentence of ours that may quote a hostile name: left bare where it is plain, else a code span."""
    return (
        text if re.fullmatch(r"[\w .,;:%()=+–−-]*", text, re.ASCII) and "://" not in text and "www." not in text else code(text)
    )
