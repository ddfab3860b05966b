"""``robustness.audit``: victim, data and recipes in, a run out. Every other way to a run goes through here too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from robustness.asked import Asked, new_folder, no_keyword, plain, policy_of, refuse_idle_policy, refuse_strings
from robustness.commands.terminal.notebook import watching
from robustness.errors import KeywordError, UsageError
from robustness.in_python import in_python_words
from robustness.settings import CONFIRM, DEFAULT_BUDGET, TIMEOUT_S
from robustness.tasks.registry import task_named
from robustness.victims import open_victim

if TYPE_CHECKING:
    from attacks.language.resources import Resources
    from reports.audited import AuditedRun
    from reports.files.replace import Replacement
    from reports.gate.policy import Policy
    from robustness.data import Dataset
    from robustness.loggers.watcher import Watcher
    from robustness.planning.audit import Audit
    from robustness.victims.base import Victim

__all__ = ["Asked", "audit", "audit_asked", "composed", "new_folder", "open_data", "open_victim"]


@contextmanager
def composed(
    asked: Asked,
    loading: Callable[[str], None],
    *,
    out: str | Path | None = None,
    resume: bool = False,
    before_asking: Callable[[Dataset, Victim], None] = lambda data, victim: None,
    replacement: Replacement | None = None,
) -> Iterator[Audit]:
    """The run, ready to be carried out; the victim is closed at the end. ``loading`` hears what is slow.

    Whatever can be found wrong without loading a model is found first. ``out``: where a victim behind an API keeps its cassette,
    from the first request on. ``before_asking``: is shown data and victim before any text is asked, and may raise.
    ``replacement``: of the folder that is in the way.

    Raises:
        RobustnessError: anything wrong with victim, data, recipes or settings.
    """
    from robustness.data.examples import check_limit
    from robustness.data.planting import planted
    from robustness.data.training.trained_on import read_trained_on, trained_on_flag
    from robustness.data.traps import check_traps, with_traps
    from robustness.followups.selection import failed_in, refuse_selected, select, told
    from robustness.isolation.offline import offline as without_network
    from robustness.planning.audit import Opened, prepare
    from robustness.planning.early_checks import check_goal, check_inputs, check_settings, task_of_data
    from robustness.planning.sampling import refuse_grouped
    from robustness.planning.self_checks import Flag
    from robustness.planning.spending import billed, spending_on
    from robustness.planning.universal import check_universal, universal
    from robustness.scale.refusals import check_workers
    from robustness.victims import is_endpoint, takes

    settings, victim = asked.settings, asked.victim
    check_workers(settings, victim)
    with without_network(settings.offline):
        refuse_grouped(asked.reading.get("group"), settings.until_decided)
        check_settings(settings, out=None if replacement else out, resume=resume)
        check_traps(asked.traps or "builtin")
        trained = None if asked.trained_on is None else read_trained_on(asked.trained_on)
        check_limit(asked.limit)
        if asked.task is not None:
            task_named(asked.task)
        selection = None if asked.last_failed is None else failed_in(asked.last_failed)
        refuse_selected(selection, settings, asked.traps)
        ready = check_inputs(
            victim, asked.data, asked.reading, asked.opening, field=settings.field, task=asked.task, seed=settings.seed
        )
        task = asked.task or task_of_data(victim, ready)
        check_goal(settings.goal, task)
        loading(f"loading victim {victim}" if isinstance(victim, str) else "checking the victim")
        check_universal(settings, task)  # before a model is loaded; its labels come later
        if task is not None:
            task_named(task).check_extra()
        opening = dict(asked.opening)
        if isinstance(victim, str) and takes(victim, "seed"):
            opening["seed"] = settings.seed  # of the examples that a prompt shows
        bills = billed(victim, settings.rewriter)
        if replacement is not None and is_endpoint(bills):
            replacement.begin()  # what is asked from here on is written there
        with spending_on(bills, asked.spending, out=out, resume=resume) as session:
            subject = open_victim(victim, offline=settings.offline, task=task, session=session, **opening)
            who = "as asked" if asked.task else "as the columns of the data say" if task else "as the victim says"
            loading(f"task {subject.info.task}, {who}")
            try:
                how = {**asked.reading, "offline": settings.offline}
                most = asked.limit if selection is None else None
                data = open_data(victim, subject, ready, limit=most, seed=settings.seed, **how)
                data, selected = (data, {}) if selection is None else select(data, selection, asked.limit)
                overlap = [] if trained is None else trained_on_flag(trained, data)
                data = with_traps(data, asked.traps) if asked.traps else data
                data = planted(data, task_named(subject.info.task), settings.seed)
                if settings.universal is not None:
                    subject, data, settings = universal(subject, data, settings)
                before_asking(data, subject)
                prepared = prepare(subject, data, settings, loading, session)
                del data, ready  # a million rows, which the run need not carry to its end
                prepared.flags += overlap
                prepared.opened = Opened(victim, task, dict(opening))
                opening = {"task": task, **opening} if isinstance(victim, str) else {}
                prepared.session = session
                if selected:
                    loading(told(selected))
                    prepared.flags.append(Flag("selected", "warning", told(selected)))
                looked = {} if trained is None else {"trained_on": Path(trained.name).name}
                chosen = {"selected": selected} if selected else {}
                how_asked = {**prepared.manifest.asked, **chosen, "opening": plain(opening), **looked}
                prepared.manifest = replace(prepared.manifest, asked=how_asked)
                yield prepared
            finally:
                subject.close()


def audit(
    victim: Victim | str | Callable[..., Any],
    data: Any = None,
    *,
    recipes: str | Sequence[str] = "standard",
    task: str | None = None,
    goal: str = "",
    gate: Mapping[str, Any] | None = None,
    policy: Policy | Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    labels: Sequence[str] | None = None,
    fields: Sequence[str] | None = None,
    access: str | None = None,
    one_at_a_time: bool = False,
    isolate: bool = False,
    through: str | None = None,
    normalise: str | None = None,
    victim_options: Mapping[str, Any] | None = None,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    id: str | None = None,
    group: str | None = None,
    label_map: Mapping[str, str] | None = None,
    format: str | None = None,
    split: str | None = None,
    encoding: str | None = None,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
    traps: str | None = None,
    trained_on: str | Path | None = None,
    seed: int = 0,
    budget: int | None = DEFAULT_BUDGET,
    recipe_budget: int | None = None,
    adaptive: bool = True,
    field: str | None = None,
    profile: str = "paper",
    preserve: Sequence[str] | None = None,
    language: str | None = None,
    protect: Sequence[str] = (),
    tagger: str = "auto",
    encoder: str | None = None,
    rewriter: str | None = None,
    masked_lm: str | None = None,
    parser: str | None = None,
    fluency: str | None = None,
    helpers: Mapping[str, str] | None = None,
    resources: Resources | None = None,
    max_cost: float | str | None = None,
    max_tokens_total: int | None = None,
    max_requests: int | None = None,
    prices: str | Path | None = None,
    cassette: str | Path | None = None,
    cache: str | Path | None = None,
    batch_tokens: int | None = None,
    in_flight: int | None = None,
    victim_timeout: float | None = TIMEOUT_S,
    confirm: int = CONFIRM,
    universal: int | None = None,
    until_decided: bool = False,
    offline: bool = False,
    workers: int | None = None,
    ray: str | None = None,
    progress: bool | None = None,
    watcher: Watcher | None = None,
    **unknown: Never,
) -> AuditedRun:
    """Attack ``victim`` on ``data`` with ``recipes`` and return the run; its folder holds every failure and report.

    Args:
        victim: a spec (``demo``, ``hf:PATH``, ``python:module:function`` …), a ``Victim``, or a callable from a list
            of texts to what its task answers: for classification scores (n x classes), with their names in ``labels``.
        data: a path, a pandas frame, a ``datasets`` dataset, (text, label) pairs; may be omitted for ``demo``.
        recipes: names or suites, see ``robustness list recipes``.
        task: what the victim is asked (``robustness list tasks``); None: what it says, else what the data look like.
        goal: what counts as broken, such as ``misclassify`` or ``answer-with:LABEL``; the task's first one if empty.
        gate: thresholds for the gate, such as ``{"min_robust_accuracy": 0.3}``; they stay in the run.
        policy: a whole policy in place of ``gate``; as a mapping, what ``robustness.toml`` would hold.
        out: the run folder; a new one under ``runs/`` when omitted.
        resume: continue the run in ``out``.
        force: replace the run in ``out``, if there is one; never a folder that holds anything else.
        labels, fields, access, one_at_a_time: of a callable: its labels in index order, the names of its text fields,
            ``scores`` or ``labels``, and whether it takes one text, not a list.
        isolate: run a ``python:`` victim in a child process, where it can neither end nor hang the audit.
        through: a channel that every text goes through before the victim reads it: ``ocr`` or ``speech``, with a severity
            such as ``ocr:3``.
        normalise: ``characters``, ``all``, steps, or a ``normaliser.json``: every text is normalised before the victim reads it.
        victim_options: further options of the victim's kind (``robustness list victims``).
        text, label, id, group, label_map, format, split, encoding, columns: how the data are read, as in ``load_examples``;
            ``label`` names the column that says what is right, whatever the task.
        limit: at most this many examples, the same share of each label.
        traps: ``builtin``, or ``builtin:LABEL``: add harmless texts that look like attacks, to count a guard's false alarms.
        trained_on: what the victim was trained on: a data file, or what ``robustness augment`` wrote. Examples that stand in it
            are counted, and keep the gate from passing.
        max_cost, max_tokens_total, max_requests: the most that may be spent on a victim behind an API, in the currency of the
            prices, in tokens in and out, in requests, retries included. A cap is never passed; one that is reached ends the run,
            which is inconclusive then and can be resumed with a larger one.
        prices: a TOML file that says what tokens cost (``robustness.victims.endpoint.prices``).
        cassette: the ``cassette.jsonl`` of a run, from which everything is answered with no network.
        seed: of everything random. It, ``budget``, ``recipe_budget``, ``adaptive``, ``field``, ``profile``, ``preserve``,
            ``language``, ``protect``, ``tagger``, ``encoder``, ``rewriter``, ``masked_lm``, ``parser``, ``fluency``,
            ``helpers``, ``resources``, ``cache``, ``batch_tokens``, ``in_flight``, ``victim_timeout``, ``confirm``,
            ``universal``, ``until_decided``, ``workers`` and ``ray`` are as in ``robustness.settings.Settings``.
        offline: make any network use an error.
        progress: show how the run goes; None: in a notebook, and where stderr is a terminal.
        watcher: hears each outcome, in place of what ``progress`` shows.

    Raises:
        RobustnessError: anything wrong with victim, data, recipes or settings; ``KeywordError``, which is a ``TypeError`` too,
            for a keyword that there is not; ``reports.run.RunError`` with the folder. ``SpentError`` where a cap was reached
            before the first trial.
    """
    with in_python_words():
        if unknown:
            raise KeywordError(no_keyword(next(iter(unknown))))
        refuse_strings(labels=labels, fields=fields, preserve=preserve, columns=columns)
        asked = Asked.of(
            victim=victim,
            data=data,
            recipes=recipes,
            task=task,
            goal=goal,
            labels=labels,
            fields=fields,
            access=access,
            one_at_a_time=one_at_a_time or None,
            isolate=isolate or None,
            through=through,
            normalise=normalise,
            victim_options=victim_options,
            text=text,
            label=label,
            id=id,
            group=group,
            label_map=label_map,
            format=format,
            split=split,
            encoding=encoding,
            columns=columns,
            limit=limit,
            traps=traps,
            trained_on=trained_on,
            max_cost=max_cost,
            max_tokens_total=max_tokens_total,
            max_requests=max_requests,
            prices=prices,
            cassette=cassette,
            seed=seed,
            budget=budget,
            recipe_budget=recipe_budget,
            adaptive=adaptive,
            field=field,
            profile=profile,
            preserve=None if preserve is None else tuple(preserve),
            language=language,
            protect=protect,
            tagger=tagger,
            encoder=encoder,
            rewriter=rewriter,
            masked_lm=masked_lm,
            parser=parser,
            fluency=fluency,
            helpers=helpers,
            resources=resources,
            cache=cache,
            batch_tokens=batch_tokens,
            in_flight=in_flight,
            victim_timeout=victim_timeout,
            confirm=confirm,
            universal=universal,
            until_decided=until_decided,
            offline=offline,
            workers=workers,
            ray=ray,
        )
        judging = policy_of(gate, policy)
        shown = watching(progress) if watcher is None else None
        with shown or nullcontext():
            return audit_asked(asked, out=out, resume=resume, force=force, policy=judging, watcher=watcher or shown)


def audit_asked(
    asked: Asked,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    policy: Policy | None = None,
    watcher: Watcher | None = None,
    began: Callable[[Path], None] | None = None,
) -> AuditedRun:
    """Carry out what was asked; see ``audit``. ``began``: called with the run's folder as soon as the run is in it."""
    from reports.audited import AuditedRun
    from reports.files.replace import of_run
    from robustness.loggers.watcher import Silent
    from robustness.victims import is_endpoint

    refuse_idle_policy(policy)
    hearing = watcher or Silent()
    if out is None and is_endpoint(asked.victim):
        out = new_folder(asked.victim)  # what is paid for is written down from the first request on
    if force and (resume or out is None):
        raise UsageError("--force replaces the run in --out, and --resume goes on with it; give --out, and one of the two")
    replacement = of_run(out) if force and out is not None else None

    def is_there(folder: Path) -> None:
        if replacement is not None:
            replacement.end()
        if began is not None:
            began(folder)

    try:
        with composed(asked, hearing.loading, out=out, resume=resume, replacement=replacement) as prepared:
            folder = out or new_folder(prepared.victim.info.name)
            if replacement is not None:
                replacement.begin()
            return AuditedRun.of(prepared.run(folder, resume=resume, watcher=hearing, policy=policy, began=is_there, last=True))
    finally:
        if replacement is not None:
            replacement.undo()


def open_data(spec: Any, victim: Victim, examples: Any, *, limit: int | None, seed: int, **options: Any) -> Dataset:
    """The examples behind ``examples``; the demo's own when there are none and the victim is the demo."""
    from robustness.data import load_examples
    from robustness.planning.supplied import refuse_shown, with_supplied
    from robustness.tasks.task import space_of

    info = victim.info
    if examples is None:
        if spec != "demo":
            raise UsageError("no data was named; give --data FILE (only the demo victim brings its own examples)")
        from robustness.victims.demo import demo_examples

        rows = [{"id": i, "text": t, "label": name} for i, t, name in demo_examples()]
        data = load_examples(rows, labels=victim.info.labels, id="id", group=options.get("group"), limit=limit, seed=seed)
        return replace(data, source="the demo's held-out film-review sentences")
    space = replace(space_of(victim), fields=info.data_fields)
    known = {"labels": info.labels, "victim_fields": info.data_fields, "task": info.task, "space": space}
    data = load_examples(examples, **known, limit=limit, seed=seed, **options)  # type: ignore[arg-type]
    refuse_shown(data, info)
    return with_supplied(data, info)
