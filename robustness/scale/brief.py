"""What a worker must know to be the same victim, asked by the same recipes, as in the process that drives the run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import RobustnessError, UsageError, cut

if TYPE_CHECKING:
    from robustness.planning.audit import Audit
    from robustness.planning.languages import RunLanguage
    from robustness.scale.worker import Worker
    from robustness.settings import Settings


@dataclass(frozen=True, slots=True)
class Brief:
    """How a worker opens the victim and composes the run. ``victim``: a spec, or a function that can be imported.

    ``expected``: the victim and the recipes as they stand in ``run.json``, which a worker must come to as well. ``threads``: of
    its arithmetic. ``folder``, ``path``: working folder and import path of the process that drives the run.
    """

    victim: str | Callable[..., Any]
    task: str | None
    opening: Mapping[str, Any]
    settings: Settings
    language: RunLanguage
    confirm: int
    expected: Mapping[str, Any]
    threads: int
    folder: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Who a worker is: what decides the last bits of its answers, and where it runs."""

    versions: Mapping[str, str]
    threads: int
    processor: str
    host: str
    pid: int


def brief_of(
    audit: Audit, victim: Any, task: str | None, opening: Mapping[str, Any], language: RunLanguage, threads: int
) -> Brief:
    """The brief for the workers of a prepared run.

    Raises:
        UsageError: a part of it cannot be sent to another process.
    """
    import pickle

    expected = {"victim": dict(audit.manifest.victim), "recipes": [dict(one) for one in audit.manifest.recipes]}
    path = tuple(os.path.abspath(one) for one in sys.path)
    brief = Brief(
        victim, task, dict(opening), audit.settings, language, audit.plan.confirm, expected, threads, str(Path.cwd()), path
    )
    try:
        pickle.dumps(brief)
    except Exception as error:  # whatever a lexicon of the user's raises when it is packed
        raise UsageError(
            f"--workers sends the run's resources to other processes, and one of them cannot be sent ({cut(error)}); "
            "leave --workers out"
        ) from error
    return brief


def prepare_process(brief: Brief) -> None:
    """Make this process one that the victim can be opened in as the driving one did: folder, import path, threads, network.

    Must come before anything that computes is imported: the number of threads is read then.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(brief.threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if Path(brief.folder).is_dir():
        os.chdir(brief.folder)
    sys.path.extend(one for one in brief.path if one not in sys.path)
    if brief.settings.offline:
        from robustness.isolation.offline import inherit

        inherit()


def open_worker(brief: Brief) -> Worker:
    """The victim loaded, the recipes resolved, an engine over them.

    Raises:
        RobustnessError: what opening it raised; that it is another victim than the driving process has.
    """
    from robustness.engine.backends import VictimBackend
    from robustness.engine.engine import usual_in_flight
    from robustness.helpers.registry import load_helpers, needs
    from robustness.planning import prepare
    from robustness.planning.manifest import recipe_record, victim_record
    from robustness.scale.worker import Worker
    from robustness.tasks.registry import task_named
    from robustness.victims import open_victim

    settings = brief.settings
    victim = open_victim(brief.victim, offline=settings.offline, task=brief.task, **brief.opening)
    info, task = victim.info, task_named(victim.info.task)
    _refuse_other("victim", brief.expected["victim"], victim_record(info))
    recipes = prepare.chosen_recipes(settings, brief.language, info.labels, info.data_fields, task, info.access)
    models = load_helpers(settings, needs(recipes))
    backend = VictimBackend(victim, timeout=settings.victim_timeout)
    oracles = prepare.oracles(settings, victim, backend, recipes, models)
    plan = prepare.plan(settings, victim, recipes, similarity="encoder" in models, confirm=brief.confirm)
    here = [dict(recipe_record(recipe, learns=plan.adaptive)) for recipe in plan.recipes]
    _refuse_other("recipes", brief.expected["recipes"], here)
    return Worker(plan, oracles, backend.oddities, in_flight=settings.in_flight or usual_in_flight(oracles))


def facts() -> Facts:
    """Of this process, once its victim is loaded."""
    import platform

    from robustness.planning.manifest import versions

    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch is not None else int(os.environ.get("OMP_NUM_THREADS", "1"))
    processor = torch.backends.cpu.get_cpu_capability() if torch is not None else platform.machine()
    return Facts(versions(), threads, processor, platform.node(), os.getpid())


def _refuse_other(what: str, expected: Any, here: Any) -> None:
    if here != expected:
        raise RobustnessError(
            f"a worker came to other {what} than the process that drives the run: expected {cut(expected)}, got {cut(here)}; "
            "its files and packages must be those of this machine"
        )
