"""Audit, harden, audit again: the same recipes, asked of the hardened victim, and the old failures put to it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import regex

from robustness.errors import UsageError
from robustness.harden.normaliser import WORDS, Normaliser
from robustness.harden.rows import Row, Rows, split, without

if TYPE_CHECKING:
    from attacks.search import Input
    from reports.compare.hardened import Hardened
    from reports.run import Run
    from reports.run.replayed import Replay
    from robustness.harden.classifier import Classifier
    from robustness.harden.training import Listener, Trained, Training
    from robustness.loggers.watcher import Watcher
    from robustness.victims.base import Victim

NORMALISE, AUGMENT, ADVERSARIAL = "normalise", "augment", "adversarial"
METHODS = (NORMALISE, AUGMENT, ADVERSARIAL)
AGAINST = {NORMALISE: ("bad-characters",), AUGMENT: ("deepwordbug",), ADVERSARIAL: ("deepwordbug",)}
"""The recipes that are hardened against where nobody names any."""
ADAPTIVE = {NORMALISE: ("viper",), AUGMENT: (), ADVERSARIAL: ()}
"""Recipes beside them that try what the defence leaves; every search asks the hardened victim anyway."""
REPEAT = 2
_WORD = regex.compile(r"\p{L}+")
BEFORE, AFTER, MODEL = "before", "after", "model"


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be hardened, how, and against what.

    ``data``: what is trained on, or whose words the spelling of the normaliser is to know; ``evaluation``: what is audited, None
    for the demo's own. ``reading``: how both are read. ``auditing``: further keywords of ``robustness.audit``.
    ``training``: as ``robustness.harden.training.Training`` takes it.
    """

    victim: str
    folder: Path
    method: str = NORMALISE
    data: str | None = None
    evaluation: str | None = None
    recipes: tuple[str, ...] = ()
    adaptive: tuple[str, ...] | None = None
    steps: str = "characters"
    training: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    auditing: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False

    @property
    def against(self) -> tuple[str, ...]:
        """The recipes that are hardened against."""
        return self.recipes or AGAINST[self.method]

    @property
    def besides(self) -> tuple[str, ...]:
        """The adaptive recipes that are not among them."""
        named = ADAPTIVE[self.method] if self.adaptive is None else self.adaptive
        return tuple(name for name in named if name not in self.against)


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who hears how it goes: a line before what is slow, a watcher for each audit, a listener for the training."""

    say: Callable[[str], None]
    watching: Callable[[], AbstractContextManager[Watcher | None]]
    training: Callable[[], Listener]


def harden(task: Task, hearing: Hearing) -> Hardened:
    """Carry it out; whatever can be found wrong without a model is found first.

    Raises:
        RobustnessError: anything wrong with victim, data, recipes or settings. ``reports.run.RunError`` with a folder.
    """
    check(task)
    task.folder.mkdir(parents=True, exist_ok=True)
    return _normalised(task, hearing) if task.method == NORMALISE else _fine_tuned(task, hearing)


def check(task: Task) -> None:
    """Refuse what can be refused without loading a model."""
    from robustness.asked import Asked
    from robustness.harden.kept import normaliser_of
    from robustness.planning.early_checks import check_inputs, check_settings

    if task.method not in METHODS:
        raise UsageError(f"--method must be one of {', '.join(METHODS)}, got {task.method!r}")
    if task.folder.exists() and not task.resume and (not task.folder.is_dir() or any(task.folder.iterdir())):
        raise UsageError(f"{task.folder} is not empty; name another --out, or continue with --resume")
    if task.auditing.get("normalise"):
        raise UsageError("--normalise is what `harden --method normalise` finds out about; name its steps with --steps")
    asked = Asked.of(**_keywords(task, task.victim, {}))
    check_settings(asked.settings)
    check_inputs(task.victim, task.evaluation, asked.reading, asked.opening, field=asked.settings.field, task=asked.task)
    if task.method == NORMALISE:
        normaliser_of(task.steps)
        if task.data is not None:
            check_inputs(task.victim, task.data, asked.reading, asked.opening, task=asked.task)
        return
    from robustness.harden.training import Training

    Training(method=task.method, **task.training)
    if not task.victim.startswith("hf:") or "#" in task.victim:
        raise UsageError(
            f"--method {task.method} fine-tunes a Hugging Face classifier, hf:FOLDER_OR_NAME, got {task.victim!r}; "
            "any victim can be hardened with --method normalise"
        )
    if task.auditing.get("trust_remote_code"):
        raise UsageError("harden never runs code that comes with a checkpoint; leave --trust-remote-code out")
    for name in ("through", "max_length"):
        if task.auditing.get(name):
            raise UsageError(f"--{name.replace('_', '-')} cannot be used with --method {task.method}")
    if task.data is None:
        raise UsageError("no training data was named; give --data FILE with labelled rows that are not audited")
    check_inputs(task.victim, task.data, asked.reading, asked.opening)


def _keywords(task: Task, victim: str, more: Mapping[str, Any]) -> dict[str, Any]:
    recipes = (*task.against, *task.besides)
    return {"victim": victim, "data": task.evaluation, "recipes": recipes, **task.reading, **task.auditing, **more}


def _audit(task: Task, hearing: Hearing, victim: str, name: str, **more: Any) -> Run:
    from robustness.asked import Asked
    from robustness.auditing import audit_asked

    hearing.say(f"audit {name} hardening")
    with hearing.watching() as watcher:
        asked = Asked.of(**_keywords(task, victim, more))
        return audit_asked(asked, out=task.folder / name, resume=True, watcher=watcher)


def _normalised(task: Task, hearing: Hearing) -> Hardened:
    from robustness.harden.kept import export, normaliser_of, save

    before = _audit(task, hearing, task.victim, BEFORE)
    normaliser = normaliser_of(task.steps)
    notes: list[str] = []
    if task.data is not None and set(WORDS) & set(normaliser.steps):
        known, rows = _domain(task, before)
        normaliser = Normaliser(normaliser.steps, known)
        notes.append(f"spelling knows {len(known):,} words that occur twice or more in {rows:,} rows that are not audited")
    settings, module = task.folder / "normaliser.json", task.folder / "normaliser.py"
    save(normaliser, settings)
    export(normaliser, module)
    after = _audit(task, hearing, task.victim, AFTER, normalise=str(settings))
    texts = [text for outcome in after.outcomes for text in outcome.texts.values()]
    changed, seconds = _timed(normaliser, texts)
    notes.insert(0, f"the normaliser changes {changed} of {len(set(texts))} clean texts")
    cost = {"milliseconds a text to normalise": 1000 * seconds, **_forwards(before, after)}
    files = {
        "normaliser.py": "the normaliser as a module of its own: from normaliser import normalise",
        "normaliser.json": "the same for --normalise, and for robustness.harden",
    }
    how = {"steps": list(normaliser.steps), "known": len(normaliser.known)}
    return _compared(
        task, hearing, before, after, {"normalise": str(settings)}, task.victim, how=how, cost=cost, files=files, notes=notes
    )


def _domain(task: Task, before: Run) -> tuple[list[str], int]:
    """Words that occur twice or more in the rows of ``data`` that are not audited, most frequent first; and how many rows."""
    victim = {**before.manifest.victim, "task": before.manifest.task}
    rows = _loaded(task, str(task.data), victim)
    kept = without(rows, _audited(task, victim))
    counts = Counter(word for row in kept for text in row.inputs for word in _WORD.findall(text.lower()))
    return [word for word, count in counts.most_common() if count > 1], len(kept)


def _timed(normaliser: Normaliser, texts: Sequence[str]) -> tuple[int, float]:
    """How many different texts it changes, and the processor's seconds for one."""
    distinct = list(dict.fromkeys(texts))
    began = time.process_time()
    changed = sum(normaliser(text) != text for text in distinct)
    return changed, (time.process_time() - began) / max(1, len(distinct))


def _fine_tuned(task: Task, hearing: Hearing) -> Hardened:
    from robustness.harden.training import Training

    how = Training(method=task.method, seed=int(task.auditing.get("seed", 0)), **task.training)
    hearing.say(f"loading {task.victim} to be fine-tuned")
    options = {name: task.auditing.get(name) for name in ("device", "allow_pickle", "offline")}
    name = task.victim.partition(":")[2]
    from robustness.harden.classifier import Classifier

    victim = Classifier(name, **{key: value for key, value in options.items() if value is not None})
    said = {"labels": victim.labels, "task": "classification", "fields": task.auditing.get("fields") or ("text",)}
    rows = split(_loaded(task, str(task.data), said), _audited(task, said), how.seed)
    hearing.say(f"{len(rows.fit):,} rows to fit, {len(rows.held_out):,} kept out{_leak(rows)}")
    before = _audit(task, hearing, task.victim, BEFORE)
    trained = _train(task, hearing, victim, rows, how)
    model = task.folder / MODEL
    victim.save(model)
    after = _audit(task, hearing, f"hf:{model}", AFTER)
    kept = next(epoch for epoch in trained.epochs if epoch.number == trained.kept)
    cost = {
        "seconds of training": round(trained.seconds, 1),
        "texts read in training": float(trained.forwards),
        **_forwards(before, after),
    }
    notes = [
        f"epoch {trained.kept} of {len(trained.epochs)} is kept: on {len(rows.held_out):,} rows that were not fitted "
        f"{100 * kept.clean:.1f} % right as they are, {100 * kept.noisy:.1f} % perturbed"
    ]
    if rows.leaked:
        notes.append(_leak(rows).removeprefix("; "))
    settings = {**asdict(how), "epochs_run": [asdict(epoch) for epoch in trained.epochs], "rows": rows.digest}
    files = {f"{MODEL}/": "the hardened checkpoint: AutoModelForSequenceClassification.from_pretrained, or hf: of it as a victim"}
    return _compared(task, hearing, before, after, {}, f"hf:{model}", how=settings, cost=cost, files=files, notes=notes)


def _leak(rows: Rows) -> str:
    return f"; {rows.leaked:,} rows of --data are in --eval too, and were taken out of the training" if rows.leaked else ""


def _train(task: Task, hearing: Hearing, victim: Classifier, rows: Rows, how: Training) -> Trained:
    from robustness.harden.adversarial import adversarial, check_tokenizer
    from robustness.harden.noise import noise_of
    from robustness.harden.training import Trainer, augmented
    from robustness.planning.languages import language_of
    from robustness.planning.prepare import chosen_recipes

    asked = _settings(task)
    language = language_of(asked.language, [row.inputs[-1] for row in rows.fit[:1000]])
    recipes = chosen_recipes(asked, language, victim.labels)
    noise = noise_of(recipes, share=how.share, seed=how.seed, language=language.code)
    if how.method == ADVERSARIAL:
        check_tokenizer(victim)
    perturb = adversarial(noise) if how.method == ADVERSARIAL else augmented(noise)
    return Trainer(victim, rows, noise, how, task.folder / "training", perturb).run(hearing.training())


def _settings(task: Task) -> Any:
    from robustness.asked import Asked

    return Asked.of(**{**_keywords(task, task.victim, {}), "recipes": task.against}).settings


def _loaded(task: Task, source: str, victim: Mapping[str, Any]) -> list[Row]:
    """All rows of a file, as the victim reads them."""
    from robustness.data import load_examples

    said = {"labels": tuple(victim["labels"]), "victim_fields": tuple(victim["fields"]), "task": victim["task"]}
    offline = bool(task.auditing.get("offline"))
    how: dict[str, Any] = {**task.reading, **said, "offline": offline}
    return [Row(example.inputs, example.reference) for example in load_examples(source, **how)]


def _audited(task: Task, victim: Mapping[str, Any]) -> list[Input]:
    """All that may be audited, whatever the limit."""
    if task.evaluation is None:
        from robustness.victims.demo import demo_examples

        return [(text,) for _, text, _ in demo_examples()]
    return [row.inputs for row in _loaded(task, task.evaluation, victim)]


def _forwards(before: Run, after: Run) -> dict[str, float]:
    found = [float(run.manifest.usage.get("victim", {}).get("forwards", 0)) for run in (before, after)]
    return {"forwards of the audit before": found[0], "forwards of the audit after": found[1]}


def _compared(
    task: Task, hearing: Hearing, before: Run, after: Run, opening: Mapping[str, Any], spec: str, **said: Any
) -> Hardened:
    from reports.compare.compare import compare
    from reports.compare.hardened import UNDONE, Hardened, undone

    replay = _replayed(task, hearing, before, spec, opening)
    names = set(before.manifest.recipe_names)
    adaptive = tuple(name for name in task.besides if name in names)
    judged, void = undone(after)
    notes = (*said["notes"], *([UNDONE.format(void)] if void else []))
    comparison = compare(before, judged, replay=replay)
    found = Hardened(task.method, comparison, tuple(task.against), adaptive, **{**said, "notes": notes})
    found.write(task.folder)
    return found


def _replayed(task: Task, hearing: Hearing, before: Run, spec: str, opening: Mapping[str, Any]) -> Replay:
    """The failures of the victim as it was, put to the victim as it is."""
    from reports.run.failures import in_order
    from robustness.asked import Asked
    from robustness.auditing import open_victim
    from robustness.followups.replay import replay
    from robustness.isolation.offline import offline as without_network
    from robustness.planning.spending import spending_on

    hearing.say("the old failures put to the hardened victim")
    asked = Asked.of(**_keywords(task, spec, opening))
    with without_network(asked.settings.offline), spending_on(spec, asked.spending) as session:
        subject: Victim = open_victim(
            spec, offline=asked.settings.offline, task=before.manifest.task, session=session, **asked.opening
        )
        try:
            return replay(subject, in_order(before), repeat=REPEAT)
        finally:
            subject.close()
