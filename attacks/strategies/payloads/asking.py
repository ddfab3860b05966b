"""Messages of a list in place of the attacked text, one after the other, until one gets what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attacks.search import Candidate, Search, Trial

CHUNK = 4
"""Messages asked at once: a success spares the rest."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Every message of every family, the families in turn; it learns nothing. ``{text}``: the attacked text itself."""

    messages: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        if not self.messages or not all(self.messages.values()):
            raise ValueError("a search over messages needs at least one in each family, got none")

    def search(self, trial: Trial) -> Search[None]:
        """A few at a time."""
        deepest = max(map(len, self.messages.values()))
        made = [
            Candidate(several[at].replace("{text}", trial.text), family)
            for at in range(deepest)
            for family, several in self.messages.items()
            if at < len(several)
        ]
        trial.tally.proposed += len(made)
        for start in range(0, len(made), CHUNK):
            yield from trial.attempt(made[start : start + CHUNK], prefer="first")
            if trial.won:
                return
