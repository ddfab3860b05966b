"""Several attacks on one example, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from attacks.search import Attack, Search, Trial


@dataclass(frozen=True, slots=True)
class InTurn:
    """Each attack in its turn until one wins; they share the trial's budget and what it has learned."""

    attacks: tuple[Attack, ...]

    def __post_init__(self) -> None:
        if not self.attacks:
            raise ValueError("a sequence needs at least one attack, got none")

    def search(self, trial: Trial) -> Search[None]:
        """Run them in order."""
        for attack in self.attacks:
            yield from attack.search(trial)
            if trial.won:
                return
