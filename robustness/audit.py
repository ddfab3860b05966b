"""Composes victim, recipes and data into a run: the one job of the tool."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as _field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from robustness.errors import UsageError
from robustness.settings import Settings

if TYPE_CHECKING:
    from reports.gate.policy import Policy
    from reports.run import Manifest, Outcome, Run
    from reports.run.store import RunWriter
    from robustness.data import Dataset
    from robustness.engine.backends import VictimBackend
    from robustness.engine.engine import Oracles
    from robustness.engine.trial import Plan
    from robustness.planning.sampling import Drawing
    from robustness.planning.self_checks import Flag
    from robustness.victims.base import Victim

__all__ = ["Audit", "Settings", "Silent", "Watcher", "audit", "new_folder", "open_data", "open_victim", "prepare"]


class Watcher(Protocol):
    """Hears how a run goes; the command line's progress bar is one."""

    def loading(self, what: str) -> None:
        """Something slow begins: a model is loaded, the victim is asked the first texts."""

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """The run begins, with so many trials already done before."""

    def ended(self, outcome: Outcome) -> None:
        """One trial ended."""


class Silent:
    """A watcher that does nothing."""

    def loading(self, what: str) -> None:
        """Nothing."""

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """Nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing."""


@dataclass(slots=True)
class Audit:
    """A prepared run: everything is loaded and checked, nothing is spent yet but the preflight."""

    victim: Victim
    data: Dataset
    plan: Plan
    oracles: Oracles
    backend: VictimBackend
    manifest: Manifest
    settings: Settings
    flags: list[Flag] = _field(default_factory=list)

    def run(self, out: str | Path, *, resume: bool = False, watcher: Watcher | None = None, policy: Policy | None = None) -> Run:
        """Run to the end, writing as it goes; render every report; return the run.

        ``policy`` stays in the run; a run that is resumed keeps the one that it has, if that sets a threshold.
        """
        from reports.files.paths import shown_policy
        from reports.render import render_all
        from reports.run.store import RunWriter, load_run

        watcher, drawing = watcher or Silent(), self._drawing(policy)
        manifest = self.manifest if policy is None else replace(self.manifest, policy=shown_policy(policy.record()))
        writer = (RunWriter.resume if resume else RunWriter.create)(out, manifest)
        with writer:
            if writer.manifest.finished:  # nothing is left to do, and a doubt that was measured on the way stays one
                writer.finish(writer.manifest.flags, writer.manifest.usage)
            else:
                started = time.perf_counter()
                self._attack(writer, watcher, drawing)
                flags: list[Mapping[str, Any]] = [f.record() for f in self._doubts(out)]
                flags += [old for old in writer.manifest.flags if old["code"] not in {new["code"] for new in flags}]
                writer.finish(flags, self._usage(time.perf_counter() - started), drawing.record())
        run = load_run(out)
        render_all(run, policy)
        return run

    def _drawing(self, policy: Policy | None) -> Drawing:
        from reports.gate.policy import Policy as NoPolicy
        from robustness.planning.sampling import Everything, UntilDecided

        if not self.settings.until_decided:
            return Everything(self.data.examples)
        return UntilDecided(self.manifest, self.data.examples, policy or NoPolicy())

    def _attack(self, writer: RunWriter, watcher: Watcher, drawing: Drawing) -> None:
        from robustness.engine.engine import Engine

        watcher.started(self.plan, len(self.data.examples), len(writer.done), self.oracles)
        engine = Engine(self.oracles, in_flight=self.settings.in_flight)
        drawing.resume(writer)
        for batch in drawing.batches():
            for outcome in engine.outcomes(self.plan, batch, writer.done):
                writer.append(outcome)
                drawing.heard(outcome)
                watcher.ended(outcome)

    def _doubts(self, out: str | Path) -> list[Flag]:
        from reports.run.store import iter_outcomes
        from robustness.planning import meaning, self_checks
        from robustness.planning.doubts import Doubts

        access = {recipe.name: recipe.access for recipe in self.plan.recipes}
        seen, doubts = self_checks.OutcomeChecks(), Doubts(self.plan.labels, access, cascade=self.plan.cascade)
        meant = meaning.MeaningChecks(self.plan.recipes)
        for outcome in iter_outcomes(out):
            seen.read(outcome)
            doubts.read(outcome)
            meant.read(outcome)
        flags = [*self.flags, *self_checks.answers(self.victim.info.access, seen.oddities, self.backend.oddities)]
        flags += [*seen.flags(), *meant.flags(), *doubts.flags(seen.oddities)]
        flags += self_checks.unreliable(self.oracles.victim.usage.rescued)
        if "encoder" not in self.oracles.by_role:
            flags.append(self_checks.Flag("no-encoder", "note", self_checks.CODES["no-encoder"]))
        if self.data.report.dropped:
            reasons = "; ".join(f"{found.count} {found.reason}" for found in self.data.report.dropped)
            flags.append(self_checks.Flag("dropped-rows", "note", f"{self_checks.CODES['dropped-rows']}: {reasons}"))
        return flags

    def _usage(self, seconds: float) -> dict[str, Any]:
        from dataclasses import asdict

        return {
            "wall_seconds": round(seconds, 3),
            **{name: asdict(oracle.usage) for name, oracle in self.oracles.by_role.items()},
        }


def prepare(victim: Victim, data: Dataset, settings: Settings, loading: Callable[[str], None] | None = None) -> Audit:
    """Resolve recipes and oracles, check the victim on a few examples, and describe the run; ``loading`` hears what is slow.

    Raises:
        UsageError: recipes that cannot run here, an unknown field, empty data.
        VictimError: the victim answers none of the clean examples.
    """
    from robustness.channels.measure import measured_loss
    from robustness.data.overlaps import clusters
    from robustness.engine.backends import VictimBackend
    from robustness.helpers.registry import load_helpers, needs
    from robustness.planning import languages, meaning, preflight, prepare, self_checks
    from robustness.planning.manifest import describe
    from robustness.planning.sampling import refuse_grouped

    refuse_grouped(data.group, settings.until_decided)
    if not data.examples:
        raise UsageError("the data holds no usable example; " + "; ".join(data.report.messages()))
    field = prepare.attacked_field(settings, victim.info)
    texts = [example.inputs[field] for example in data.examples]
    language = languages.language_of(settings.language, texts)
    recipes = prepare.chosen_recipes(settings, language, victim.info.labels, victim.info.fields)
    if loading is not None and settings.encoder != "none":
        loading(f"loading encoder {settings.encoder or 'minilm'}")
    models = load_helpers(settings, needs(recipes))
    preflight.check_recipes(recipes, victim.info, tuple(models))
    backend = VictimBackend(victim, timeout=settings.victim_timeout)
    oracles = prepare.oracles(settings, victim, backend, recipes, models)
    repeats, flags = preflight.check_victim(backend, [e.inputs for e in data.examples])
    flags += [*self_checks.substitutes(recipes), *clusters(data)]
    flags += languages.doubts(language, prepare.left_out(settings, language), texts)
    flags += meaning.fit_flags(settings, prepare.options_of(settings, language, victim.info.fields), recipes)
    if oracles.victim.store is not None:
        preflight.check_cache(backend, oracles.victim.store, [e.inputs for e in data.examples])
    loss = measured_loss(victim, data.examples, field)
    flags += [loss.flag()] if loss else []
    confirm = repeats.confirm(settings.confirm)
    plan = prepare.plan(settings, victim.info, recipes, similarity="encoder" in models, confirm=confirm)
    manifest = describe(
        victim,
        data,
        plan,
        settings.profile,
        helpers=models,
        resources=settings.resources,
        until_decided=settings.until_decided,
        wording=languages.record(language, texts),
    )
    asked = {"recipes": list(settings.recipes), "limit": data.report.limit, **languages.asked(settings)}
    manifest = replace(manifest, repeats=repeats.record(settings.confirm), asked=asked)
    return Audit(victim, data, plan, oracles, backend, manifest, settings, flags)


def audit(
    victim: Victim | str | Callable[..., Any],
    examples: Any = None,
    recipes: str | Sequence[str] = "standard",
    *,
    out: str | Path | None = None,
    resume: bool = False,
    limit: int | None = None,
    offline: bool = False,
    isolate: bool = False,
    watcher: Watcher | None = None,
    policy: Policy | None = None,
    data_options: Mapping[str, Any] | None = None,
    victim_options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Run:
    """Attack ``victim`` on ``examples`` with ``recipes`` and return the run; its folder holds every failure and report.

    Args:
        victim: a spec (``demo``, ``hf:PATH``, ``python:module:function`` …), a ``Victim``, or a callable from a list
            of texts to scores (n x classes); give a callable's labels in ``victim_options={"labels": [...]}``.
        examples: a path, a pandas frame, a ``datasets`` dataset, (text, label) pairs; may be omitted for ``demo``.
        recipes: names or suites, see ``robustness list recipes``.
        out: the run folder; a new one under ``runs/`` when omitted.
        resume: continue the run in ``out``.
        limit: at most so many examples, stratified by label.
        offline: make any network use an error.
        isolate: run a ``python:`` victim in a child process, where it can neither end nor hang the audit.
        watcher: hears each outcome.
        policy: thresholds for the gate in the reports; it stays in the run, which is judged by it ever after.
        data_options: keyword arguments of ``load_examples`` (``text``, ``label``, ``label_map`` …).
        victim_options: keyword arguments of ``load_victim``.
        settings: fields of ``Settings`` (``profile``, ``budget``, ``seed`` …).

    Raises:
        RobustnessError: anything wrong with victim, data, recipes or settings; ``reports.run.RunError`` with the folder.
    """
    from robustness.isolation.offline import offline as without_network
    from robustness.planning.early_checks import check_inputs, check_settings
    from robustness.planning.sampling import refuse_grouped

    _refuse_idle(policy)
    with without_network(offline):
        specs = tuple(recipes.split(",")) if isinstance(recipes, str) else tuple(recipes)
        chosen = Settings(recipes=tuple(s.strip() for s in specs), offline=offline, **settings)
        read, opened = dict(data_options or {}), dict(victim_options or {})
        refuse_grouped(read.get("group"), chosen.until_decided)
        if len(read.get("text") or ()) > 1 and not isinstance(read["text"], str) and isinstance(victim, str):
            opened.setdefault("fields", read["text"])  # two text columns were named, so the victim reads pairs
        opened.setdefault("isolate", isolate)
        loading = (watcher or Silent()).loading
        check_settings(chosen, out=out, resume=resume)
        ready = check_inputs(victim, examples, read, opened, field=chosen.field)
        loading(f"loading victim {victim}" if isinstance(victim, str) else "checking the victim")
        subject = open_victim(victim, offline=offline, **opened)
        try:
            data = open_data(victim, subject, ready, limit=limit, seed=chosen.seed, offline=offline, **read)
            prepared = prepare(subject, data, chosen, loading)
            return prepared.run(out or new_folder(subject.info.name), resume=resume, watcher=watcher, policy=policy)
        finally:
            subject.close()


def _refuse_idle(policy: Policy | None) -> None:
    from reports.gate.policy import PolicyError, refuse_idle

    try:
        if policy is not None:
            refuse_idle(policy)
    except PolicyError as error:
        raise UsageError(str(error)) from error


def open_victim(victim: Victim | str | Callable[..., Any], **options: Any) -> Victim:
    """The victim behind a spec, a callable or a victim."""
    from robustness.victims import VictimInfo, behind, load_victim

    if isinstance(victim, str):
        return load_victim(victim, **options)
    through, offline = options.pop("through", None), bool(options.get("offline"))
    if options.pop("isolate", False):
        raise UsageError(
            f"isolate needs a victim that a child process can load, such as 'python:module:function'; got {type(victim).__name__}"
        )
    if isinstance(getattr(victim, "info", None), VictimInfo):
        return behind(cast("Victim", victim), through, offline=offline)
    from robustness.victims.function import from_callable

    made = from_callable(victim, **{k: v for k, v in options.items() if k != "offline"})
    return behind(made, through, offline=offline)


def open_data(spec: Any, victim: Victim, examples: Any, *, limit: int | None, seed: int, **options: Any) -> Dataset:
    """The examples behind ``examples``; the demo's own when there are none and the victim is the demo."""
    from robustness.data import load_examples

    if examples is None:
        if spec != "demo":
            raise UsageError("no data was named; give --data FILE (only the demo victim brings its own examples)")
        from robustness.victims.demo import demo_examples

        rows = [{"id": i, "text": t, "label": name} for i, t, name in demo_examples()]
        data = load_examples(rows, labels=victim.info.labels, id="id", group=options.get("group"), limit=limit, seed=seed)
        return replace(data, source="the demo's held-out film-review sentences")
    return load_examples(examples, labels=victim.info.labels, victim_fields=victim.info.fields, limit=limit, seed=seed, **options)


def new_folder(name: str) -> Path:
    """A folder under ``runs/`` that does not exist yet, named after the time and the victim."""
    from datetime import datetime

    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:40].strip("-") or "run"
    base = Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{stem}"
    tries = (base if not n else base.with_name(f"{base.name}-{n}") for n in range(1000))
    return next(path for path in tries if not path.exists())
