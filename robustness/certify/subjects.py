"""What is certified: a victim and its examples, from a run or from data that an audit would read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as _field
from typing import TYPE_CHECKING, Any

from robustness.certify.certify import in_groups
from robustness.certify.frame import Asked, Frame
from robustness.errors import UsageError
from robustness.settings import TIMEOUT_S, Settings
from robustness.tasks.task import space_of

if TYPE_CHECKING:
    from attacks.recipes import Options
    from reports.measures.intervals import Proportion
    from reports.run import Manifest, Outcome, Run
    from robustness.engine.backends import VictimBackend
    from robustness.engine.engine import Oracles
    from robustness.planning.audit import Audit
    from robustness.tasks.task import Goal, Task
    from robustness.victims.base import Victim


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked about what.

    ``varies``: answers may differ when asked again. ``own``: the victim is that of the run. ``searched``: robust accuracy of the
    run that this is beside, if any.

    ``options``: what decides which rewrites fit the data. ``comparability``: what two certificates must share besides their
    own settings; ``beside``: the outcomes that it was compared with, of a run's own victim; ``ran``: that run.
    """

    name: str
    victim: Victim
    examples: list[Asked]
    task: Task[Any, Any]
    goal: Goal[Any, Any]
    field: int
    options: Options
    varies: bool
    comparability: Mapping[str, Any]
    seed: int = 0
    searched: Proportion | None = None
    own: bool = True
    beside: Mapping[str, Any] = _field(default_factory=dict)
    ran: Manifest | None = None

    @property
    def frame(self) -> Frame:
        """What all examples share."""
        space = space_of(self.victim)
        return Frame(self.task, self.goal, self.field, space, self.seed, self.varies)

    def oracles(self, *, batch_tokens: int | None = None, timeout: float | None = TIMEOUT_S) -> Oracles:
        """Oracles over the victim: asked once, and afresh."""
        from robustness.engine.backends import VictimBackend
        from robustness.engine.converse import over_victim
        from robustness.engine.engine import Oracles

        return Oracles(over_victim(VictimBackend(self.victim, timeout=timeout), batch_tokens=batch_tokens))


def of_audit(audit: Audit) -> Subject:
    """The victim and the data of an audit that was prepared and not run."""
    from robustness.planning import languages, prepare

    info, plan, data = audit.victim.info, audit.plan, audit.data
    language = languages.language_of(audit.settings.language, [example.inputs[plan.field] for example in data.examples])
    shared = {key: audit.manifest.comparability[key] for key in ("data", "labels", "field")}
    shared |= {"identity": dict(audit.manifest.victim.get("identity", {}))}
    return Subject(
        name=str(audit.manifest.victim["name"]),
        victim=audit.victim,
        examples=in_groups(data.examples, data.group),
        task=plan.task,
        goal=plan.goal,
        field=plan.field,
        options=prepare.options_of(audit.settings, language, info.fields, plan.task),
        varies=plan.confirm > 0,
        comparability=shared,
        seed=plan.seed,
    )


def of_run(
    run: Run,
    victim: Victim,
    *,
    goal: str | None = None,
    language: str | None = None,
    field: str | None = None,
    limit: int | None = None,
    seed: int | None = None,
) -> Subject:
    """The examples of a run, put to its own victim or to another one.

    Raises:
        UsageError: the examples do not fit the victim; no outcome; a field that it has not.
    """
    from reports.measures.metrics import by_example
    from robustness.engine.backends import VictimBackend
    from robustness.engine.converse import CaseJudge
    from robustness.planning import languages, prepare

    manifest = run.manifest
    if limit is not None:
        raise UsageError("--limit chooses among rows of --data; a run's examples are taken as they are")
    groups = [group for _, group in sorted(by_example(run.outcomes).items())]
    first = [group[0] for group in groups]
    if not first:
        raise UsageError(f"{run.path} holds no outcome, and so no example to certify")
    wanted = manifest.goal if goal is None else goal
    judges = [CaseJudge(victim.info, replace(one, goal=wanted)) for one in first]
    fields, task = victim.info.fields, judges[0].task
    named = first[0].field if field is None else field
    if named not in fields:
        raise UsageError(f"the victim has no field {named!r}; it has {list(fields)}")
    column = manifest.group
    own = _is_own(manifest.victim, victim)
    same = own and wanted == manifest.goal
    examples = [
        Asked(
            id=group[0].example_id,
            inputs=judge.inputs,
            reference=judge.reference,
            group=None if column is None else str(group[0].meta.get(column)),
            meta=group[0].meta,
            broken=_broken(group, wanted, named) if same else (),
        )
        for group, judge in zip(groups, judges, strict=True)
    ]
    texts = [one.inputs[fields.index(named)] for one in examples]
    settings = Settings(language=language)
    options = prepare.options_of(settings, languages.language_of(language, texts), fields, task)
    backend = VictimBackend(victim, timeout=settings.victim_timeout)
    return Subject(
        name=str(manifest.victim["name"]) if own else victim.info.name,
        victim=victim,
        examples=examples,
        task=task,
        goal=judges[0].goal,
        field=fields.index(named),
        options=options,
        varies=_varies(run, backend, [one.inputs for one in examples], own=own),
        comparability={
            "data": manifest.data.get("digest", ""),
            "labels": list(victim.info.labels),
            "field": named,
            "identity": _identity(victim),
        },
        seed=manifest.seed if seed is None else seed,
        searched=_searched(run) if same else None,
        own=own,
        beside={"beside": {"outcomes": dict(manifest.outcomes)}} if same else {},
        ran=manifest if same else None,
    )


def _broken(outcomes: Sequence[Outcome], goal: str, field: str) -> tuple[tuple[str, str], ...]:
    """What the run's attacks broke an example by, as (recipe, text): those with the same goal, in the same field."""
    won = [one for one in outcomes if one.status == "succeeded" and one.goal == goal and one.field == field]
    return tuple((one.recipe, one.perturbed) for one in won if one.perturbed is not None)


def _is_own(recorded: Mapping[str, Any], victim: Victim) -> bool:
    return dict(recorded.get("identity", {})) == _identity(victim)


def _identity(victim: Victim) -> dict[str, str]:
    """What pins the victim, as ``run.json`` holds it."""
    from reports.files.paths import shown

    return {key: shown(value) for key, value in victim.info.identity}


def _varies(run: Run, backend: VictimBackend, inputs: list[tuple[str, ...]], *, own: bool) -> bool:
    """As the run measured it; of another victim, or where the run did not, measured now."""
    from robustness.planning.preflight import check_victim

    if own and "confirm" in run.manifest.repeats:
        return bool(run.manifest.repeats["confirm"])
    return check_victim(backend, inputs)[0].confirm(1) > 0


def _searched(run: Run) -> Proportion:
    from reports.measures.metrics import expected, overall

    return overall(run, run.outcomes, expected(run)).robust_accuracy
