"""Looking a whole word up in a table of lower-case words."""

from __future__ import annotations

from attacks.language.morphology import like_case
from attacks.transformations.tables import Table


def listed(word: str, table: Table) -> list[str]:
    """The word's entries, in its case; a curly apostrophe finds, and gets back, a curly one."""
    found = table.get(word.lower()) or table.get(word.lower().replace("’", "'"))
    if not found:
        return []
    curly = "’" in word
    return list(dict.fromkeys(like_case(new.replace("'", "’") if curly else new, word) for new in found))
