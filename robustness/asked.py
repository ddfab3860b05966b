"""What a run is asked to be: the keywords of ``robustness.audit``, sorted by whom they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError
from robustness.settings import Settings

if TYPE_CHECKING:
    from reports.gate.policy import Policy

READING = ("text", "label", "id", "group", "label_map", "format", "split", "encoding", "columns")
"""Keywords that say how the data are read; those of ``load_examples``."""
OPENING = (
    *("labels", "fields", "access", "one_at_a_time", "isolate", "through", "normalise"),
    *("device", "max_length", "allow_pickle", "trust_remote_code"),
    *("prompt", "system", "max_new_tokens", "stop", "calibrate", "prefix"),
    *("json_lines", "start_limit", "answer_limit"),
    *("endpoint", "scoring", "temperature", "sampling_seed", "concurrency", "rps", "tpm", "request_timeout"),
    *("header", "key_env", "extra_body", "allow_plain_http", "deterministic"),
)
"""Keywords that say how the victim is opened; those of ``load_victim``."""
SPENDING = ("max_cost", "max_tokens_total", "max_requests", "prices", "cassette")
"""Keywords that say what may be spent on a victim behind an API, or where its answers are recorded."""
OTHERS = ("victim", "data", "task", "limit", "victim_options", "traps", "trained_on", "last_failed")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked to be: a victim, data, how to read and open them, the settings, and what may be spent."""

    victim: Any
    data: Any
    settings: Settings
    reading: Mapping[str, Any]
    opening: Mapping[str, Any]
    task: str | None = None
    limit: int | None = None
    traps: str | None = None
    spending: Mapping[str, Any] = field(default_factory=dict)
    trained_on: Any = None
    last_failed: str | Path | None = None
    """The run whose failures are audited again, and nothing else."""

    @classmethod
    def of(cls, **keywords: Any) -> Asked:
        """From keywords of ``audit``, None where one was not given; raises ``UsageError`` for one that it has not."""
        given = {name: value for name, value in keywords.items() if value is not None}
        settings = {name: given.pop(name) for name in (f.name for f in fields(Settings)) if name in given}
        for name in ("budget", "victim_timeout"):  # None is a value of theirs: no limit
            if name in keywords:
                settings[name] = keywords[name]
        reading = {name: given.pop(name) for name in READING if name in given}
        opening = {name: given.pop(name) for name in OPENING if name in given}
        spending = {name: given.pop(name) for name in SPENDING if name in given}
        unknown = sorted(set(given) - set(OTHERS))
        if unknown:
            raise UsageError(no_keyword(unknown[0]))
        settings["recipes"] = _listed(settings.get("recipes", "standard"))
        opening |= dict(given.get("victim_options") or {})
        named = reading.get("text") or ()
        if len(named) > 1 and not isinstance(named, str) and isinstance(given.get("victim"), str):
            opening.setdefault("fields", named)  # two text columns were named, so the victim reads pairs
        subject, task, limit = given.get("victim"), given.get("task"), given.get("limit")
        rest = (task, limit, given.get("traps"), spending, given.get("trained_on"), given.get("last_failed"))
        return cls(subject, given.get("data"), Settings(**settings), reading, opening, *rest)


def _listed(recipes: str | Sequence[str]) -> tuple[str, ...]:
    from attacks.recipes.specs import split_specs

    return tuple(split_specs(recipes) if isinstance(recipes, str) else (part.strip() for part in recipes))


def no_keyword(name: str) -> str:
    """What is said of a keyword that there is not, with the nearest one."""
    settings = (f.name for f in fields(Settings))
    known = (*OTHERS, *READING, *OPENING, *SPENDING, *settings, "out", "resume", "force", "gate", "policy", "progress", "watcher")
    near = get_close_matches(name, known, n=3)
    meant = f"; did you mean {' or '.join(map(repr, near))}?" if near else "; help(robustness.audit) lists them"
    kinds = "; options of one kind of victim go into victim_options={…}" if name in OPENING else ""
    return f"audit() got an unexpected keyword argument {name!r}{kinds or meant}"


def refuse_strings(**lists: Sequence[str] | None) -> None:
    """Raise ``UsageError`` for a string where a list of them is meant: its letters would be taken for the items."""
    for name, value in lists.items():
        if isinstance(value, str):
            raise UsageError(
                f"{name} is a list of names, got the string {value!r}; write {[p.strip() for p in value.split(',')]}"
            )


def plain(opening: Mapping[str, Any]) -> dict[str, Any]:
    """How a victim was opened, as JSON holds it; in which process says nothing of who it is."""
    kept = {name: list(value) if isinstance(value, tuple) else value for name, value in opening.items() if name != "isolate"}
    return {name: value for name, value in kept.items() if isinstance(value, (str, int, float, bool, list, dict))}


def new_folder(name: str) -> Path:
    """A folder under ``runs/`` that does not exist yet, named after the time and the victim."""
    from datetime import datetime

    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:40].strip("-") or "run"
    base = Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{stem}"
    tries = (base if not n else base.with_name(f"{base.name}-{n}") for n in range(1000))
    return next(path for path in tries if not path.exists())


def policy_of(gate: Mapping[str, Any] | None, policy: Policy | Mapping[str, Any] | None) -> Policy | None:
    """The policy of ``gate``, or of ``policy``; raises ``UsageError`` for both, or one that is none."""
    from reports.gate.policy import Policy, PolicyError, parse_policy

    if gate is not None and policy is not None:
        raise UsageError("give gate or policy, not both")
    if gate is None and (policy is None or isinstance(policy, Policy)):
        return policy
    try:
        return parse_policy(dict(policy or {}), "policy") if gate is None else parse_policy({"gate": dict(gate)}, "gate")
    except PolicyError as error:
        raise UsageError(str(error)) from error


def refuse_idle_policy(policy: Policy | None) -> None:
    """Raise ``UsageError`` for a policy that could never decide."""
    from reports.gate.policy import PolicyError, refuse_idle

    try:
        if policy is not None:
            refuse_idle(policy)
    except PolicyError as error:
        raise UsageError(str(error)) from error
