"""Labels and the words by which a model says them, from ``--labels`` or from ``[labels]``."""

from __future__ import annotations

from collections.abc import Sequence

from robustness.errors import UsageError
from robustness.victims.prompts.answers import Labels, folded


def words_of(labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The words of each of ``NAME`` or ``NAME=WORDS``; raises ``UsageError`` for fewer than two, or for equal ones."""
    parted = [label.partition("=") for label in labels]
    found: dict[str, tuple[str, ...]] = {name.strip(): ((words if equals else name).strip(),) for name, equals, words in parted}
    if (
        len(found) < 2
        or len(found) < len(parted)
        or len(set(found.values())) < len(found)
        or not all(found)
        or ("",) in found.values()
    ):
        raise UsageError(
            "labels expects two or more different names, each alone or with the words that the model is to say, such as "
            f"negative=bad,positive=good; got {', '.join(labels) or 'none'}"
        )
    return found


def check_words(labels: Labels, source: str) -> None:
    """Raise ``UsageError`` where one word means two labels."""
    meaning: dict[str, str] = {}
    for name, words in labels.items():
        for word in words:
            other = meaning.setdefault(folded(word), name)
            if other != name:
                raise UsageError(f"{source}: labels.{name}: expected words of its own, got {word!r}, which means {other} too")
