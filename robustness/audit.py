"""Composes victim, recipes and data into a run: the one job of the tool."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as _field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.resources import Resources
    from attacks.search import Recipe
    from reports.policy import Policy
    from reports.run import Manifest, Outcome, Run
    from reports.store import RunWriter
    from robustness.backends import VictimBackend
    from robustness.checks import Flag
    from robustness.data import Dataset
    from robustness.drawing import Drawing
    from robustness.engine import Oracles
    from robustness.memory import Memory
    from robustness.trials import Plan
    from robustness.victims.base import Victim

DEFAULT_BUDGET = 500
TIMEOUT_S = 300.0


class Watcher(Protocol):
    """Hears how a run goes; the command line's progress bar is one."""

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """The run begins, with so many trials already done before."""

    def ended(self, outcome: Outcome) -> None:
        """One trial ended."""


class Silent:
    """A watcher that does nothing."""

    def started(self, plan: Plan, examples: int, finished: int, oracles: Oracles) -> None:
        """Nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run. ``budget``: queries per trial, None for no limit. ``batch_tokens``: most tokens in one batch.

    ``in_flight``: searches that wait for answers at once. ``encoder``, ``rewriter``, ``masked_lm``: specs, None for the default.
    ``victim_timeout``: seconds allowed for one batch. ``until_decided``: draw examples at random and stop as soon as the
    policy's thresholds are decided. ``cache``: folder in which exact answers outlive the run. None of ``batch_tokens``,
    ``in_flight``, ``cache`` changes an outcome.
    """

    recipes: tuple[str, ...] = ("standard",)
    profile: str = "paper"
    budget: int | None = DEFAULT_BUDGET
    seed: int = 0
    field: str | None = None
    batch_tokens: int = 2048
    in_flight: int = 128
    encoder: str | None = None
    rewriter: str | None = None
    masked_lm: str | None = None
    cache: str | Path | None = None
    victim_timeout: float | None = TIMEOUT_S
    until_decided: bool = False
    resources: Resources | None = None
    offline: bool = False

    def __post_init__(self) -> None:
        for name in ("batch_tokens", "in_flight"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.budget is not None and self.budget < 2:
            raise UsageError(f"budget must be at least 2 queries (the clean text is one), got {self.budget}")
        if self.victim_timeout is not None and not 0 < self.victim_timeout < float("inf"):
            raise UsageError(f"victim_timeout must be positive seconds, got {self.victim_timeout}")


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
        """Run to the end, writing as it goes; render every report; return the run."""
        from reports.render import render_all
        from reports.store import RunWriter, load_run

        watcher, drawing = watcher or Silent(), self._drawing(policy)
        writer = (RunWriter.resume if resume else RunWriter.create)(out, self.manifest)
        with writer:
            started = time.perf_counter()
            self._attack(writer, watcher, drawing)
            flags = [f.record() for f in self._doubts(out)]
            writer.finish(flags, self._usage(time.perf_counter() - started), drawing.record())
        run = load_run(out)
        render_all(run, policy)
        return run

    def _drawing(self, policy: Policy | None) -> Drawing:
        from reports.policy import Policy as NoPolicy
        from robustness.drawing import Everything, UntilDecided

        if not self.settings.until_decided:
            return Everything(self.data.examples)
        return UntilDecided(self.manifest, self.data.examples, policy or NoPolicy())

    def _attack(self, writer: RunWriter, watcher: Watcher, drawing: Drawing) -> None:
        from robustness.engine import Engine

        watcher.started(self.plan, len(self.data.examples), len(writer.done), self.oracles)
        engine = Engine(self.oracles, in_flight=self.settings.in_flight)
        drawing.resume(writer)
        for batch in drawing.batches():
            for outcome in engine.outcomes(self.plan, batch, writer.done):
                writer.append(outcome)
                drawing.heard(outcome)
                watcher.ended(outcome)

    def _doubts(self, out: str | Path) -> list[Flag]:
        from reports.store import iter_outcomes
        from robustness import checks

        seen = checks.OutcomeChecks()
        for outcome in iter_outcomes(out):
            seen.read(outcome)
        flags = [*self.flags, *checks.answers(self.victim.info.access, self.backend.oddities), *seen.flags()]
        flags += checks.unreliable(self.oracles.victim.usage.rescued)
        if self.oracles.encoder is None:
            flags.append(checks.Flag("no-encoder", "note", checks.CODES["no-encoder"]))
        if self.data.report.dropped:
            reasons = "; ".join(f"{found.count} {found.reason}" for found in self.data.report.dropped)
            flags.append(checks.Flag("dropped-rows", "note", f"{checks.CODES['dropped-rows']}: {reasons}"))
        return flags

    def _usage(self, seconds: float) -> dict[str, Any]:
        from dataclasses import asdict

        return {"wall_seconds": round(seconds, 3), **{name: asdict(oracle.usage) for name, oracle in self.oracles.each()}}


def prepare(victim: Victim, data: Dataset, settings: Settings) -> Audit:
    """Resolve recipes and oracles, check the victim on a few examples, and describe the run.

    Raises:
        UsageError: recipes that cannot run here, an unknown field, empty data.
        VictimError: the victim answers none of the clean examples.
    """
    from robustness import preflight
    from robustness.backends import MaskerBackend, RewriterBackend, VictimBackend
    from robustness.engine import Oracles
    from robustness.manifest import describe
    from robustness.oracles import Oracle

    if not data.examples:
        raise UsageError("the data holds no usable example; " + "; ".join(data.report.messages()))
    recipes, cascade = _recipes(settings)
    encoder, rewriter, masker = _encoder(settings), _rewriter(settings), _masker(settings)
    loaded = {"encoder": encoder, "rewriter": rewriter, "masked-lm": masker}
    available = [name for name, there in loaded.items() if there is not None]
    preflight.check_recipes(recipes, victim.info, available)
    backend = VictimBackend(victim, timeout=settings.victim_timeout)
    tokens, memory = settings.batch_tokens, _memory(settings)
    oracles = Oracles(
        victim=Oracle(backend, batch_tokens=tokens, store=memory.of_victim(victim.info) if memory else None),
        encoder=_encoding(encoder, tokens, memory) if encoder else None,
        rewriter=Oracle(RewriterBackend(rewriter), batch_tokens=tokens) if rewriter else None,
        gradients=_gradients(victim, recipes, settings),
        masker=Oracle(MaskerBackend(masker), batch_tokens=tokens) if masker else None,
    )
    plan = _plan(settings, victim, recipes, cascade, encoder is not None)
    flags = preflight.check_victim(backend, [e.inputs for e in data.examples])
    manifest = describe(
        victim,
        data,
        plan,
        settings.profile,
        encoder=encoder,
        rewriter=rewriter,
        masker=masker,
        resources=settings.resources,
        until_decided=settings.until_decided,
    )
    return Audit(victim, data, plan, oracles, backend, manifest, settings, flags)


def _recipes(settings: Settings) -> tuple[tuple[Recipe, ...], bool]:
    from attacks import recipes as registry
    from attacks.resources import Resources

    try:
        options = registry.Options(profile=settings.profile, resources=settings.resources or Resources())
        chosen = [recipe for spec in settings.recipes for recipe in registry.resolve(spec, options)]
    except ValueError as error:
        raise UsageError(str(error)) from error
    names = [recipe.name for recipe in chosen]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"recipes named twice: {', '.join(twice)}; name each once")
    if not chosen:
        raise UsageError("no recipe was named; see `robustness list recipes`")
    return tuple(chosen), settings.recipes == ("standard",)


def _encoder(settings: Settings) -> Any:
    if settings.encoder == "none":
        return None
    from robustness.encoders import load_encoder

    return load_encoder(settings.encoder, offline=settings.offline)


def _rewriter(settings: Settings) -> Any:
    if settings.rewriter is None:
        return None
    from robustness.rewriters import load_rewriter

    return load_rewriter(settings.rewriter, offline=settings.offline)


def _memory(settings: Settings) -> Memory | None:
    if settings.cache is None:
        return None
    from robustness.memory import Memory

    return Memory(settings.cache)


def _encoding(encoder: Any, tokens: int, memory: Memory | None) -> Any:
    from robustness.backends import EncoderBackend
    from robustness.oracles import Oracle

    return Oracle(EncoderBackend(encoder), batch_tokens=tokens, store=memory.of_encoder(encoder) if memory else None)


def _masker(settings: Settings) -> Any:
    if settings.masked_lm is None:
        return None
    from robustness.maskers import load_masker

    return load_masker(settings.masked_lm)


def _gradients(victim: Any, recipes: Sequence[Recipe], settings: Settings) -> Any:
    if not any(recipe.access == "gradients" for recipe in recipes):
        return None
    from robustness.gradients import GradientBackend
    from robustness.oracles import Oracle

    return Oracle(GradientBackend(victim, timeout=settings.victim_timeout), batch_tokens=settings.batch_tokens)


def _plan(settings: Settings, victim: Victim, recipes: Sequence[Recipe], cascade: bool, similarity: bool) -> Plan:
    from robustness.goals import Misclassify
    from robustness.trials import Plan

    fields = victim.info.fields
    if settings.field is not None and settings.field not in fields:
        raise UsageError(f"the victim has no field {settings.field!r}; it has {list(fields)}")
    return Plan(
        recipes=tuple(recipes),
        goal=Misclassify(),
        labels=victim.info.labels,
        fields=fields,
        field=fields.index(settings.field) if settings.field else len(fields) - 1,
        seed=settings.seed,
        budget=settings.budget,
        cascade=cascade,
        measure_similarity=similarity,
    )


def audit(
    victim: Victim | str | Callable[..., Any],
    examples: Any = None,
    recipes: str | Sequence[str] = "standard",
    *,
    out: str | Path | None = None,
    resume: bool = False,
    limit: int | None = None,
    offline: bool = False,
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
        watcher: hears each outcome.
        policy: thresholds for the gate in the reports.
        data_options: keyword arguments of ``load_examples`` (``text``, ``label``, ``label_map`` …).
        victim_options: keyword arguments of ``load_victim``.
        settings: fields of ``Settings`` (``profile``, ``budget``, ``seed`` …).

    Raises:
        RobustnessError: anything wrong with victim, data, recipes or settings; ``reports.run.RunError`` with the folder.
    """
    from robustness.offline import offline as without_network

    with without_network(offline):
        specs = tuple(recipes.split(",")) if isinstance(recipes, str) else tuple(recipes)
        chosen = Settings(recipes=tuple(s.strip() for s in specs), offline=offline, **settings)
        read, opened = dict(data_options or {}), dict(victim_options or {})
        if len(read.get("text") or ()) > 1 and not isinstance(read["text"], str) and isinstance(victim, str):
            opened.setdefault("fields", read["text"])  # two text columns were named, so the victim reads pairs
        subject = open_victim(victim, offline=offline, **opened)
        data = open_data(victim, subject, examples, limit=limit, seed=chosen.seed, offline=offline, **read)
        prepared = prepare(subject, data, chosen)
        try:
            return prepared.run(out or new_folder(subject.info.name), resume=resume, watcher=watcher, policy=policy)
        finally:
            subject.close()


def open_victim(victim: Victim | str | Callable[..., Any], **options: Any) -> Victim:
    """The victim behind a spec, a callable or a victim."""
    from robustness.victims import VictimInfo, load_victim

    if isinstance(victim, str):
        return load_victim(victim, **options)
    if isinstance(getattr(victim, "info", None), VictimInfo):
        return cast("Victim", victim)
    from robustness.victims.function import from_callable

    return from_callable(victim, **{k: v for k, v in options.items() if k != "offline"})


def open_data(spec: Any, victim: Victim, examples: Any, *, limit: int | None, seed: int, **options: Any) -> Dataset:
    """The examples behind ``examples``; the demo's own when there are none and the victim is the demo."""
    from robustness.data import load_examples

    if examples is None:
        if spec != "demo":
            raise UsageError("no data was named; give --data FILE (only the demo victim brings its own examples)")
        from robustness.victims.demo import demo_examples

        rows = [{"id": i, "text": t, "label": name} for i, t, name in demo_examples()]
        data = load_examples(rows, labels=victim.info.labels, id="id", limit=limit, seed=seed)
        return replace(data, source="the demo's held-out film-review sentences")
    return load_examples(examples, labels=victim.info.labels, victim_fields=victim.info.fields, limit=limit, seed=seed, **options)


def new_folder(name: str) -> Path:
    """A folder under ``runs/`` that does not exist yet, named after the time and the victim."""
    from datetime import datetime

    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:40].strip("-") or "run"
    base = Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{stem}"
    tries = (base if not n else base.with_name(f"{base.name}-{n}") for n in range(1000))
    return next(path for path in tries if not path.exists())
