"""``--universal N``: one perturbation of the instruction for many examples, judged by the mean over a panel of N of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attacks.search import Input
from robustness.engine.backends import VictimBackend
from robustness.engine.failures import Failure
from robustness.errors import UsageError
from robustness.planning.self_checks import CODES, Flag
from robustness.tasks.registry import task_named
from robustness.tasks.task import Seen, Space, space_of
from robustness.victims.base import Streaming
from robustness.victims.prompts.file import INSTRUCTION
from robustness.victims.prompts.panel import FIELDS, Member, PanelVictim, StreamingPanel, Verdict

if TYPE_CHECKING:
    from robustness.data import Dataset, Example
    from robustness.settings import Settings
    from robustness.victims.base import Victim, VictimInfo


def check_universal(settings: Settings, task: str | None) -> None:
    """Raise ``UsageError`` for a panel that cannot be, or a goal that is not one of panels; before anything is loaded."""
    if settings.universal is None:
        if settings.goal and task is not None:
            task_named(task).check_goal(settings.goal)
        return
    if settings.field not in (None, INSTRUCTION):
        raise UsageError(f"--universal perturbs the field {INSTRUCTION}, and --field says {settings.field}; leave --field out")
    if settings.until_decided:
        raise UsageError("--universal and --until-decided cannot be combined: a panel is one example")
    if settings.goal:
        task_named("panel").check_goal(settings.goal)


def universal(victim: Victim, data: Dataset, settings: Settings) -> tuple[Victim, Dataset, Settings]:
    """The victim asked for panels, the panels as its examples, and the settings of a run over them.

    As many panels as the data fill, each with the same share of every label.

    Raises:
        UsageError: the prompt has no instruction, there are too few examples, or one without a reference.
    """
    size, info = settings.universal or 0, victim.info
    if [name for name, _ in info.supplied] != [INSTRUCTION]:
        raise UsageError(
            f"--universal perturbs the instruction of a prompt, and {info.name} has none of its own; give --prompt FILE.toml "
            "with an instruction, or a shipped one"
        )
    if len(data.examples) < size:
        raise UsageError(
            f"--universal {size} expects at least as many examples, got {len(data.examples)}; give more, or a smaller panel"
        )
    if any(example.reference is None for example in data.examples):
        raise UsageError("--universal counts what is right, and the data hold no references; name their column with --label")
    panels = _dealt(data.examples, size, settings.seed, info)
    backend = VictimBackend(victim, timeout=settings.victim_timeout)
    kind = StreamingPanel if isinstance(victim, Streaming) else PanelVictim
    asked = kind(victim, panels, backend, _Weigher(backend, info))
    examples = tuple(_example(name, members, data.examples[0]) for name, members in panels.items())
    digest = hashlib.sha256(f"{data.digest} panels of {size}".encode()).hexdigest()
    made = replace(data, examples=examples, fields=FIELDS, labels=(), digest=digest, group=None, file=None)
    return asked, made, replace(settings, field=INSTRUCTION)


def universal_flag(info: VictimInfo, budget: int | None) -> list[Flag]:
    """What a query of a panel costs."""
    if info.requests == 1:
        return []
    most = "" if budget is None else f"; a budget of {budget} queries is up to {budget * info.requests} requests for each trial"
    said = f"{CODES['universal']}: {info.requests} requests a query{most}"
    return [Flag("universal", "note", said, float(info.requests))]


def _dealt(examples: Sequence[Example], size: int, seed: int, info: VictimInfo) -> dict[str, tuple[Member, ...]]:
    """Panels by name: examples in the order of label and of a hash, dealt out like cards, so that no order of rows matters."""
    task, space = task_named(info.task), Space(info.labels, info.fields)

    def place(example: Example) -> tuple[str, bytes]:
        key = hashlib.blake2b(f"{seed}\x1f{example.id}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return task.stratum(example.reference, space) or "", key

    ordered = sorted(examples, key=place)
    count = len(ordered) // size
    members = [Member(one.id, one.inputs, one.reference) for one in ordered]
    return {f"panel {n + 1}": tuple(members[n::count][:size]) for n in range(count)}


def _example(name: str, members: Sequence[Member], like: Example) -> Example:
    """A panel as an example; right is more than the share of the most common right answer, where answers are labels."""
    common = Counter(member.reference for member in members if isinstance(member.reference, int))
    floor = max(common.values(), default=0) / len(members)
    meta = {"members": " ".join(member.id for member in members)[:200]}
    return replace(like, id=name, inputs=(members[0].inputs[0], name), reference=floor, meta=meta)


class _Weigher:
    """Judges the answer to one member by the task of the victim inside."""

    def __init__(self, backend: VictimBackend, info: VictimInfo) -> None:
        self._task, self._space = backend.task, space_of(backend.victim)
        self._goal = self._task.goal("", self._space)

    def __call__(self, member: Member, asked: Input, answer: Any) -> Verdict | None:
        if isinstance(answer, Failure):
            return None
        seen: Seen[Any, Any] = Seen(member.inputs, asked, 0, member.reference, answer)
        judged = self._goal.judge(answer, seen)
        wrongness = judged.score if judged.quality is None else 1.0 - judged.quality
        return Verdict(self._task.right(answer, seen), wrongness, self._task.show(answer, self._space).text)
