"""One text attacked by one recipe after another, with victim and helpers kept loaded from one text to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError, VictimError

if TYPE_CHECKING:
    from attacks.search import Attack, Input, Search, Trial
    from reports.run import Outcome
    from robustness.data import Dataset
    from robustness.engine.engine import AnyOracle
    from robustness.victims.base import Victim

EXIT_CODES = {"failed": 0, "succeeded": 1, "error": 2, "skipped": 3, "exhausted": 3, "untested": 3, "undecided": 3}


def exit_code(statuses: Sequence[str]) -> int:
    """1 where anything was broken, else 2 after an error, else 3 where something is open, 0 where all held."""
    codes = {EXIT_CODES.get(status, 2) for status in statuses}
    return next((code for code in (1, 2, 3, 0) if code in codes), 0)


class Watched:
    """An attack that lets others look at its trial."""

    def __init__(self, inner: Attack) -> None:
        self.inner = inner
        self.trial: Trial | None = None

    def search(self, trial: Trial) -> Search[None]:
        """The inner search, with the trial in view."""
        self.trial = trial
        yield from self.inner.search(trial)


Watching = Callable[["AnyOracle", Watched], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Right:
    """What counts as right for a text, in a line; ``own``: nobody said so, it is what the victim answers itself."""

    shown: str
    own: bool


@dataclass(slots=True)
class OneText:
    """Attacks texts one at a time. ``chosen``: keywords of ``Settings``; ``warn`` hears what should be known of the search.

    ``watching``: what shows the search while it runs, given the victim's oracle and the attack.
    """

    victim: Victim
    chosen: Mapping[str, Any]
    watching: Watching
    warn: Callable[[str], None]
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """The text fields that a user gives."""
        return self.victim.info.data_fields

    def example(self, texts: tuple[str, ...], label: str | None) -> tuple[Dataset, Right]:
        """The texts as data of one example; without a label what the victim answers is right.

        Raises:
            UsageError: another number of texts, or a label that the victim does not have. ``DataError``: a text or reference
                that cannot be. ``VictimError``: no label was given, and there is no answer.
        """
        from robustness.data import load_examples
        from robustness.data.planting import planted
        from robustness.planning.supplied import with_supplied
        from robustness.tasks.registry import task_named
        from robustness.tasks.task import space_of

        info, fields = self.victim.info, self.fields
        if len(texts) != len(fields):
            raise UsageError(f"the victim reads {len(fields)} text(s) ({', '.join(fields)}), got {len(texts)}")
        task, space = task_named(info.task), replace(space_of(self.victim), fields=fields)
        if label is not None:
            right: Any = _label(label, info.labels) if task.classes else label
        else:
            right = self._own_answer(texts) if task.reference_needed else None
        row = {**dict(zip(fields, texts, strict=True)), **({} if right is None else {"label": right})}
        how: dict[str, Any] = {"text": list(fields), "label": None if right is None else "label", "task": info.task}
        data = load_examples([row], labels=info.labels, victim_fields=fields, space=space, **how)
        data = planted(with_supplied(data, info), task, int(self.chosen.get("seed") or 0))
        shown = task.show_reference(data.examples[0].reference, space_of(self.victim))
        return data, Right(shown or "none was given", label is None and right is not None)

    def outcomes(self, data: Dataset, recipes: Sequence[str], *, every: bool) -> Iterator[Outcome]:
        """One outcome for each recipe, each on its own, up to the first that breaks the victim unless ``every`` is wanted."""
        from robustness.engine.engine import Engine
        from robustness.planning.audit import prepare
        from robustness.settings import Settings

        prepared = prepare(self.victim, data, Settings(**{**self.chosen, "recipes": tuple(recipes)}), kept=self.kept)
        for flag in (one for one in prepared.flags if one.code in ("substitute", "left-out", "unfit")):
            self.warn(f"{flag.severity}: {flag.message}")
        for recipe in prepared.plan.recipes:
            watched = Watched(recipe.attack)
            plan = replace(prepared.plan, recipes=(replace(recipe, attack=watched),))
            with self.watching(prepared.oracles.victim, watched):
                outcome = next(iter(Engine(prepared.oracles).outcomes(plan, prepared.data.examples, {})))
            yield outcome
            if outcome.status == "succeeded" and not every:
                return

    def _own_answer(self, texts: Input) -> Any:
        """What the victim answers, as a cell of the data would say it."""
        from attacks.search import UnansweredError
        from robustness.engine.converse import ask, oracle_for

        own = tuple(text for _, text in self.victim.info.supplied)
        (answer,) = ask(oracle_for(self.victim), [(*own, *texts)])
        if isinstance(answer, UnansweredError):
            raise VictimError(f"the victim did not answer the clean text, so its label is unknown: {answer}")
        return _cell(answer, self.victim.info.labels)


def _cell(answer: Any, labels: Sequence[str]) -> Any:
    from attacks.search import Prediction
    from robustness.tasks.answers import Completion, LabelSet, Number, Ranking, Spans

    if isinstance(answer, Prediction):
        return str(labels[answer.label])
    if isinstance(answer, Completion):
        return answer.text
    if isinstance(answer, Number):
        return answer.value
    if isinstance(answer, LabelSet):
        return [str(labels[at]) for at in sorted(answer.labels)]
    if isinstance(answer, Spans):
        return [[one.start, one.end, one.label] for one in answer.found]
    if isinstance(answer, Ranking):
        return list(answer.ids[:1])
    raise UsageError("what is right cannot be taken from an answer of this victim; say it with --label")


def _label(label: str, labels: tuple[str, ...]) -> str:
    hits = [name for name in labels if name.lower() == label.lower()] or [
        n for n in labels if n.lower().startswith(label.lower())
    ]
    if len(hits) != 1 or not label:
        raise UsageError(f"--label {label!r} is not one of the victim's labels, or fits several: {list(labels)}")
    return hits[0]
