"""A text with its edits shown in place, for terminals and test output; the page has its own diff."""

from __future__ import annotations

from collections.abc import Iterator

from reports.run import Outcome

SAME, GONE, NEW = "same", "gone", "new"


def stretches(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """The attacked text in pieces, each as (``same``, ``gone`` or ``new``, text); none of them empty."""
    text, at = outcome.texts.get(outcome.field, ""), 0
    for edit in sorted(outcome.edits, key=lambda edit: edit.start):
        yield from (
            (kind, piece) for kind, piece in ((SAME, text[at : edit.start]), (GONE, edit.before), (NEW, edit.after)) if piece
        )
        at = edit.end
    if at < len(text):
        yield SAME, text[at:]


def bracketed(kind: str, piece: str) -> str:
    """A piece as ``wdiff`` writes it: ``[-gone-]``, ``{+new+}``, and what stayed as it is."""
    return {GONE: f"[-{piece}-]", NEW: f"{{+{piece}+}}"}.get(kind, piece)
