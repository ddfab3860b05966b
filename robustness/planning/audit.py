"""A run in the making: victim, data, recipes and settings composed, checked, and carried out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from dataclasses import field as _field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import SpentError, UsageError
from robustness.loggers.watcher import RunWatcher, Silent, Watcher

if TYPE_CHECKING:
    from reports.gate.policy import Policy
    from reports.run import Manifest, Run
    from reports.run.store import RunWriter
    from robustness.data import Dataset
    from robustness.engine.backends import VictimBackend
    from robustness.engine.engine import Engine, Oracles
    from robustness.engine.trial import Plan
    from robustness.helpers.lazy_encoder import LazyEncoder
    from robustness.planning.label_bias import LabelBias
    from robustness.planning.languages import RunLanguage
    from robustness.planning.sampling import Drawing
    from robustness.planning.self_checks import Flag
    from robustness.scale.crew import Crew
    from robustness.settings import Settings
    from robustness.tasks.task import Goal, Task
    from robustness.victims.base import Victim
    from robustness.victims.endpoint.session import Session


@dataclass(frozen=True, slots=True)
class Opened:
    """How the victim was opened, from which another process opens the same one: its spec or callable, its task, its options."""

    victim: Any
    task: str | None
    options: Mapping[str, Any]


@dataclass(slots=True)
class Audit:
    """A prepared run: everything is loaded and checked, nothing is spent yet but the preflight.

    ``session``: what a victim behind an API is asked through, None for any other. ``opened``, ``language``: what workers need
    besides; ``scale``: what is recorded of them.
    """

    victim: Victim
    data: Dataset
    plan: Plan
    oracles: Oracles
    backend: VictimBackend
    manifest: Manifest
    settings: Settings
    flags: list[Flag] = _field(default_factory=list)
    bias: LabelBias | None = None
    session: Session | None = None
    opened: Opened | None = None
    language: RunLanguage | None = None
    scale: dict[str, Any] = _field(default_factory=dict)

    def run(
        self,
        out: str | Path,
        *,
        resume: bool = False,
        watcher: Watcher | None = None,
        policy: Policy | None = None,
        began: Callable[[Path], None] | None = None,
        last: bool = False,
    ) -> Run:
        """Run to the end, or until a cap on spending is reached, writing as it goes; render every report; return the run.

        ``policy`` stays in the run; a run that is resumed keeps the one that it has, if that sets a threshold. ``began``: called
        with the folder as soon as the run is in it. ``last``: nothing is run after it, so that examples and answers are let go.
        """
        from reports.files.paths import shown_policy
        from reports.render import render_all
        from reports.run.store import RunWriter, load_run
        from robustness.victims.transformers.fast import processor

        self.load_needed()
        if resume:
            self._keep_confirming(Path(out))
        watcher, drawing = watcher or Silent(), self._drawing(policy)
        manifest = self.manifest if policy is None else replace(self.manifest, policy=shown_policy(policy.record()))
        writer = (RunWriter.resume if resume else RunWriter.create)(out, manifest)
        with writer:
            self._write_rows(writer.path)
            if began is not None:
                began(Path(out))
            if isinstance(watcher, RunWatcher):
                watcher.began(Path(out))
            if writer.manifest.finished:  # nothing is left to do, and a doubt that was measured on the way stays one
                writer.finish(writer.manifest.flags, writer.manifest.usage, bill=self._bill(spent=False))
            else:
                started = time.perf_counter()
                spent = self._attack(writer, watcher, drawing)
                flags: list[Mapping[str, Any]] = [f.record() for f in self._doubts(out)]
                flags += [old for old in writer.manifest.flags if old["code"] not in {new["code"] for new in flags}]
                usage = self._usage(time.perf_counter() - started)
                if not writer.manifest.processor:  # the first model of the run may have been the encoder, on its way
                    writer.manifest = replace(writer.manifest, processor=processor.record())
                writer.finish(flags, usage, drawing.record(), self._bill(spent=spent))
        if last:  # what follows reads the folder alone, and a million examples need not stand beside a million outcomes
            del writer, drawing
            self.data = replace(self.data, examples=())
            self.oracles.forget()
        run = load_run(out)
        render_all(run, policy)
        if isinstance(watcher, RunWatcher):
            watcher.finished(run)
        return run

    def _write_rows(self, out: Path) -> None:
        """Say where the examples stand in the user's file, if they stand in one that a reader of the reports has too."""
        from reports.files.rows import in_repository, write_rows

        file = None if self.data.file is None else in_repository(self.data.file)
        if file is not None:
            write_rows(out, file, ((one.id, one.line) for one in self.data.examples if one.line is not None))

    def load_needed(self) -> None:
        """Load the encoder where a recipe cannot do without: its faults end the run before it begins."""
        encoder = self._lazy_encoder()
        if encoder is not None and any("encoder" in recipe.needs for recipe in self.plan.recipes):
            encoder.load()

    def _lazy_encoder(self) -> LazyEncoder | None:
        from robustness.helpers.lazy_encoder import LazyEncoder

        oracle = self.oracles.by_role.get("encoder")
        found = getattr(getattr(oracle, "backend", None), "encoder", None)
        return found if isinstance(found, LazyEncoder) else None

    def _keep_confirming(self, out: Path) -> None:
        """Go on asking fresh answers where the run began so: that a victim answered alike this time may be luck."""
        from reports.run.store import MANIFEST, read_manifest

        if not (out / MANIFEST).exists():
            return
        then = read_manifest(out)
        noise = then.comparability.get("noise")
        if noise is not None and "noise" not in self.manifest.comparability:
            self.plan = replace(self.plan, confirm=int(then.repeats.get("confirm", self.settings.confirm)))
            self.manifest = replace(self.manifest, comparability={**self.manifest.comparability, "noise": noise})

    def _drawing(self, policy: Policy | None) -> Drawing:
        from reports.gate.policy import Policy as NoPolicy
        from robustness.planning.sampling import Everything, UntilDecided

        if not self.settings.until_decided:
            return Everything(self.data.examples)
        return UntilDecided(self.manifest, self.data.examples, policy or NoPolicy())

    def _attack(self, writer: RunWriter, watcher: Watcher, drawing: Drawing) -> bool:
        """Carry out every trial that is not done; whether a cap ended it before."""
        from functools import partial

        from reports.run.store import iter_outcomes

        drawing.resume(writer)
        try:
            with self._engine(watcher) as engine:
                watcher.started(self.plan, len(self.data.examples), len(writer.done), self.oracles)
                for batch in drawing.batches():
                    for outcome in engine.outcomes(self.plan, batch, writer.done, partial(iter_outcomes, writer.path)):
                        writer.append(outcome)
                        drawing.heard(outcome)
                        watcher.ended(outcome)
        except SpentError as error:
            drawing.stopped()
            if self.session is not None:
                self.session.ended(str(error))
            return True
        return False

    @contextmanager
    def _engine(self, watcher: Watcher) -> Iterator[Engine | Crew]:
        """What runs the trials: the engine of this process, or a crew of workers."""
        from robustness.engine.engine import Engine

        waiting = [recipe.name for recipe in self.plan.recipes if recipe.pooled]
        scaled = self.settings.workers is not None or self.settings.ray is not None
        if scaled and waiting:
            watcher.loading(f"the trials of {', '.join(waiting)} wait for one another: they run in this process")
        if not scaled or len(waiting) == len(self.plan.recipes):
            yield Engine(self.oracles, in_flight=self.settings.in_flight)
            return
        from robustness.scale.driver import crew_of

        with crew_of(self, watcher.loading) as crew:
            yield crew
        self.scale = crew.tally.record()

    def _bill(self, *, spent: bool) -> dict[str, Any]:
        """What was spent, caps and all; empty for a victim that costs nothing."""
        if self.session is None:
            return {"spent": True} if spent else {}
        return {**self.session.bill(), "spent": spent}

    def _doubts(self, out: str | Path) -> list[Flag]:
        from reports.run.store import iter_outcomes
        from robustness.planning import meaning, self_checks
        from robustness.planning.doubts import Doubts

        access = {recipe.name: recipe.access for recipe in self.plan.recipes}
        classes = self.plan.task.classes
        seen = self_checks.OutcomeChecks(classes=classes)
        doubts = Doubts(self.plan.labels if classes else (), access, cascade=self.plan.cascade)
        meant = meaning.MeaningChecks(self.plan.recipes)
        for outcome in iter_outcomes(out):
            seen.read(outcome)
            doubts.read(outcome)
            meant.read(outcome)
            if self.bias is not None:
                self.bias.read(outcome)
        flags = [*self.flags]
        if classes:
            flags += self_checks.answers(self.victim.info.access, seen.oddities, self.backend.oddities)
        flags += [*seen.flags(), *meant.flags(), *doubts.flags(seen.oddities)]
        flags += self_checks.unreliable(self.oracles.victim.usage.rescued)
        flags += self.bias.flags() if self.bias is not None else []
        lazy = self._lazy_encoder()
        if "encoder" not in self.oracles.by_role:
            flags.append(self_checks.Flag("no-encoder", "note", self_checks.CODES["no-encoder"]))
        elif lazy is not None and lazy.problem:
            flags.append(self_checks.Flag("no-encoder", "note", f"{lazy.problem}; similarity of the failures is unknown"))
        if self.data.report.dropped:
            reasons = "; ".join(f"{found.count} {found.reason}" for found in self.data.report.dropped)
            flags.append(self_checks.Flag("dropped-rows", "note", f"{self_checks.CODES['dropped-rows']}: {reasons}"))
        return flags

    def _usage(self, seconds: float) -> dict[str, Any]:
        from dataclasses import asdict

        return {
            "wall_seconds": round(seconds, 3),
            **({"scale": self.scale} if self.scale else {}),
            **{name: self._counted(name, asdict(oracle.usage)) for name, oracle in self.oracles.by_role.items()},
        }

    def _counted(self, role: str, usage: dict[str, Any]) -> dict[str, Any]:
        """What an oracle did, in requests that were sent."""
        from robustness.engine.engine import FRESH, VICTIM

        each = self.victim.info.requests if role in (VICTIM, FRESH) else 1
        return {**usage, "forwards": usage["forwards"] * each}


def _asked_of(data: Dataset, task: Task[Any, Any], goal: Goal[Any, Any]) -> tuple[Dataset, list[Flag]]:
    """The examples that a goal can be asked of, and a note on the others; raises ``UsageError`` where none is left."""
    from robustness.planning.self_checks import Flag

    kept = tuple(example for example in data.examples if task.fits(goal, example.reference))
    gone = len(data.examples) - len(kept)
    if not gone:
        return data, []
    if not kept:
        raise UsageError(f"the goal {goal.name} can be asked of none of the {gone} examples; name another --goal")
    said = f"the goal {goal.name} cannot be asked of {gone} of {len(data.examples)} examples; they are left out"
    return replace(data, examples=kept), [Flag("goal-fit", "note", said, float(gone))]


def prepare(
    victim: Victim,
    data: Dataset,
    settings: Settings,
    loading: Callable[[str], None] | None = None,
    session: Session | None = None,
    *,
    kept: dict[str, Any] | None = None,
) -> Audit:
    """Resolve recipes and oracles, check the victim on a few examples, and describe the run; ``loading`` hears what is slow.

    ``session``: what a rewriter behind an API is asked through. ``kept``: see ``load_helpers``.

    Raises:
        UsageError: recipes that cannot run here, an unknown field, empty data.
        VictimError: the victim answers none of the clean examples.
    """
    from robustness.channels.measure import measured_loss
    from robustness.data.training.overlaps import clusters
    from robustness.engine.backends import VictimBackend
    from robustness.helpers.lazy_encoder import LazyEncoder
    from robustness.helpers.registry import load_helpers, needs
    from robustness.planning import label_bias, languages, meaning, preflight, prepare, self_checks, supplied, universal
    from robustness.planning.label_bias import LabelBias
    from robustness.planning.manifest import describe
    from robustness.planning.sampling import refuse_grouped
    from robustness.tasks.registry import task_named
    from robustness.tasks.task import space_of

    refuse_grouped(data.group, settings.until_decided)
    if not data.examples:
        raise UsageError("the data holds no usable example; " + "; ".join(data.report.messages()))
    task, field = task_named(victim.info.task), prepare.attacked_field(settings, victim.info)
    data, unasked = _asked_of(data, task, task.goal(settings.goal, space_of(victim)))
    settings = supplied.preserving(settings, victim.info, field)
    texts = [example.inputs[field] for example in data.examples]
    language = languages.language_of(settings.language, texts)
    info = victim.info
    recipes = prepare.chosen_recipes(settings, language, info.labels, info.data_fields, task, info.access)
    if loading is not None and (settings.encoder or "").startswith("hf:"):
        loading(f"loading encoder {settings.encoder}")
    models = load_helpers(settings, needs(recipes), session, kept)
    encoder = models.get("encoder")
    if loading is not None and isinstance(encoder, LazyEncoder):
        encoder.heard = loading
    preflight.check_recipes(recipes, victim.info, tuple(models))
    backend = VictimBackend(victim, timeout=settings.victim_timeout)
    oracles = prepare.oracles(settings, victim, backend, recipes, models)
    repeats, flags = preflight.check_victim(backend, [e.inputs for e in data.examples])
    flags += [*unasked, *self_checks.substitutes(recipes)]
    if victim.info.requests == 1:  # panels of one instruction are alike by design
        flags += clusters(supplied.without_supplied(data, victim.info))
    flags += languages.doubts(language, prepare.left_out(settings, language), texts)
    flags += meaning.fit_flags(settings, prepare.options_of(settings, language, victim.info.data_fields, task), recipes)
    flags += universal.universal_flag(victim.info, settings.budget)
    if oracles.victim.store is not None:
        preflight.check_cache(backend, oracles.victim.store, [e.inputs for e in data.examples])
    loss = measured_loss(victim, data.examples, field)
    flags += [loss.flag()] if loss else []
    confirm = repeats.confirm(settings.confirm)
    plan = prepare.plan(settings, victim, recipes, similarity="encoder" in models, confirm=confirm)
    if settings.adaptive and any(r.learns for r in recipes) and any(r.pooled for r in recipes):
        names = ", ".join(r.name for r in recipes if r.pooled)
        raise UsageError(
            f"{names} waits for every trial of the run, and recipes that learn wait for one another: add --no-adaptive"
        )
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
    learning = [r.name for r in recipes if (r.learns and plan.adaptive) or r.pooled]
    asked = {
        "recipes": list(settings.recipes),
        "limit": data.report.limit,
        "learning": learning,
        **languages.asked(settings),
    }
    if loss:
        manifest = replace(manifest, victim={**manifest.victim, "channel": loss.record()})
    floor = {**manifest.comparability, **repeats.comparable(settings.confirm)}
    manifest = replace(manifest, repeats=repeats.record(settings.confirm), comparability=floor, asked=asked)
    bias = LabelBias(victim.info.labels, label_bias.content_free(backend)) if victim.info.prompted else None
    return Audit(victim, data, plan, oracles, backend, manifest, settings, flags, bias, language=language)
