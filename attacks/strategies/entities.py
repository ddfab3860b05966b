"""Changes of the entities that a text's gold marks name, each at all its mentions; what is right moves along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from attacks.constraints.base import Constraint, admissible
from attacks.search import Candidate, Mark, Search, Trial
from attacks.transformations.base import spliced
from attacks.transformations.words.entities import EntityForms
from attacks.words import Words, diff, moved

Name = tuple[str, str]
"""An entity as the text has it, and its type."""


@dataclass(frozen=True, slots=True)
class EntityChanges:
    """Every entity by itself, in its other forms; where none succeeds, all of them at once, ``together`` times at random.

    A text without marks leaves nothing to try. A candidate is only made where aligning it with the original brings each mark
    to the form that was put there: else an answer that is right would count as wrong.
    """

    technique: EntityForms
    constraints: tuple[Constraint, ...] = ()
    together: int = 10

    def search(self, trial: Trial) -> Search[None]:
        """One entity after the other, ends with the first that succeeds."""
        marks = sorted((mark for mark in trial.marks if mark.field == trial.field), key=lambda mark: mark.start)
        forms = self._forms(trial, marks)
        for name, others in forms.items():
            yield from self._attempt(trial, marks, [{name: form} for form in others])
            if trial.won:
                return
        if len(forms) > 1:
            yield from self._attempt(
                trial, marks, [{name: trial.rng.choice(others) for name, others in forms.items()} for _ in range(self.together)]
            )

    def _forms(self, trial: Trial, marks: Iterable[Mark]) -> dict[Name, Sequence[str]]:
        """The other forms of each entity that has any, in order of first mention."""
        found: dict[Name, Sequence[str]] = {}
        for mark in marks:
            name = trial.text[mark.start : mark.end], mark.label
            if name not in found:
                found[name] = self.technique.forms(*name, trial.text[: mark.start], trial.rng)
        return {name: forms for name, forms in found.items() if forms}

    def _attempt(self, trial: Trial, marks: Sequence[Mark], changes: Iterable[Mapping[Name, str]]) -> Search[None]:
        made = [self._changed(trial.text, marks, change) for change in changes]
        distinct = {one.text: one for one in made if one is not None}
        kept = yield from admissible(self.constraints, trial, Words(trial.text), list(distinct.values()))
        yield from trial.attempt(kept)

    def _changed(self, text: str, marks: Sequence[Mark], change: Mapping[Name, str]) -> Candidate | None:
        new = [change.get((text[mark.start : mark.end], mark.label), text[mark.start : mark.end]) for mark in marks]
        made = spliced(text, ((mark.start, mark.end, form) for mark, form in zip(marks, new, strict=True)))
        edits, shift = diff(text, made), 0
        for mark, form in zip(marks, new, strict=True):
            start = mark.start + shift
            if moved(edits, mark.start, mark.end) != (start, start + len(form)):
                return None
            shift += len(form) - (mark.end - mark.start)
        return Candidate(made, self.technique.name)
