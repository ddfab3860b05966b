"""Repairs of a text that could be put before a victim: candidates, each judged by asking the victim again.

They are the steps of the normaliser that ``robustness harden`` puts before a victim (``robustness.harden.Normaliser``), alone and
together, so that what helps here can be taken into production as it stands. No remedy is recommended for what it does, only for
what the victim answers to what it makes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from robustness.harden import Normaliser

LONGEST = 200_000
"""Characters of the longest text that is repaired; a longer one stays as it is."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """A repair by name: what it does, for a reader, and the steps of the normaliser that do it; none: lower case."""

    name: str
    does: str
    steps: tuple[str, ...] = ()

    @property
    def repair(self) -> Callable[[str], str]:
        """The repair itself."""
        return _normaliser(self.steps) if self.steps else str.lower


REMEDIES: tuple[Remedy, ...] = (
    Remedy("invisible", "drop characters that nothing draws, such as U+200B, and what a backspace wipes out", ("invisible",)),
    Remedy("bidi", "put what is stored in reverse as it is shown, and drop direction controls", ("bidi",)),
    Remedy("confusables", "read lookalikes from other scripts as the letters that they look like", ("confusables",)),
    Remedy("compatibility", "Unicode NFKC: full-width, composed and compatibility forms", ("compatibility",)),
    Remedy("marks", "drop combining marks that belong to no letter of any language", ("marks",)),
    Remedy("whitespace", "one plain space wherever there is any space", ("whitespace",)),
    Remedy("lower-case", "all letters in lower case"),
    Remedy("leet", "read digits and signs as letters where that makes a known word", ("leet",)),
    Remedy("spelling", "correct unknown English words that are one slip from a known one", ("spelling",)),
    Remedy("characters", "every repair of characters, as `robustness harden` has it", ("characters",)),
    Remedy("all", "every repair of characters, leet and spelling", ("all",)),
)
"""Every remedy, the milder first; ``robustness explain --remedies`` chooses among them."""


@cache
def _normaliser(steps: tuple[str, ...]) -> Normaliser:
    return Normaliser(steps)


def repaired(remedy: Remedy, text: str) -> str:
    """The text after a remedy; as it was where it is too long, or where nothing would be left of it."""
    made = remedy.repair(text) if len(text) <= LONGEST else text
    return made if made.strip() else text
