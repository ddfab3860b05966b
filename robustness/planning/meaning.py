"""Whether a break can be genuine: recipes that do not fit the data, breaks by added text alone, words of opposite polarity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from robustness.planning.self_checks import CODES, Flag

if TYPE_CHECKING:
    from attacks.constraints.polarity import Polarity
    from attacks.recipes import Options
    from attacks.search import Recipe
    from reports.run import Outcome
    from robustness.settings import Settings

ADDING = frozenset({"neutral-insertion", "opener", "hedge", "frame"})
"""Techniques that add words to the text's own and change none of these but a capital."""


def fit_flags(settings: Settings, options: Options, recipes: Sequence[Recipe]) -> list[Flag]:
    """What was left out because it does not preserve what the labels need, and what runs in spite of that."""
    from attacks import recipes as registry

    needed, flags = " and ".join(options.preserve), []
    whole = [name for spec in settings.recipes for name in registry.unfit_members(spec, options)]
    if whole:
        message = f"left out because they do not preserve {needed}: {', '.join(dict.fromkeys(whole))}"
        flags.append(Flag("left-out", "note", message, float(len(set(whole)))))
    for recipe in recipes:
        if recipe.left_out:
            message = f"{recipe.name}: left out because they do not preserve {needed}: {', '.join(recipe.left_out)}"
            flags.append(Flag("left-out", "note", message, float(len(recipe.left_out))))
        lacks = registry.unfit(recipe, options)
        if lacks:
            message = (
                f"{recipe.name}: it was named although it does not claim to preserve {' and '.join(lacks)}, on which the "
                "labels of these data depend; a break may have changed the right answer: review its failures, or leave it out"
            )
            flags.append(Flag("unfit", "warning", message))
    return flags


class MeaningChecks:
    """Reads outcomes one by one; counts successes by added text alone, and successes that the polarity guard would refuse."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self._guarded = {recipe.name for recipe in recipes if recipe.level != "character" and not recipe.goal}
        self._added: dict[str, bool] = {}
        self._broken: Counter[str] = Counter()
        self._turned: Counter[str] = Counter()
        self._guard: Polarity | None = None

    def read(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if outcome.status != "succeeded" or outcome.perturbed is None:
            return
        added = bool(outcome.edits) and all(set(edit.technique.split("+")) <= ADDING for edit in outcome.edits)
        self._added[outcome.example_id] = self._added.get(outcome.example_id, True) and added
        if outcome.recipe in self._guarded:
            self._broken[outcome.recipe] += 1
            self._turned[outcome.recipe] += self._turns(outcome)

    def _turns(self, outcome: Outcome) -> bool:
        from attacks.constraints.polarity import Polarity
        from attacks.language.lexicon import BuiltinLexicon
        from attacks.search import Candidate
        from attacks.words import Words

        self._guard = self._guard or Polarity(BuiltinLexicon())
        assert outcome.perturbed is not None
        return not self._guard.allows(Words(outcome.texts[outcome.field]), Candidate(outcome.perturbed))

    def flags(self) -> list[Flag]:
        """What the outcomes say."""
        flags = []
        only, broken = sum(self._added.values()), len(self._added)
        if only:
            message = f"{CODES['insertion-only']}: {only} of the {broken} broken"
            flags.append(Flag("insertion-only", "note", message, only / broken))
        for recipe, turned in sorted(self._turned.items()):
            if turned:
                message = f"{recipe}: {CODES['polarity']} ({turned} of {self._broken[recipe]})"
                flags.append(Flag("polarity", "note", message, turned / self._broken[recipe]))
        return flags
