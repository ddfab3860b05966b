"""What a run was made under: its own policy, and whether it is as large and as strong as a policy's ``[audit]`` requires."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from reports.gate.policy import AuditDefaults, Policy, PolicyError, from_record, split_recipes
from reports.gate.verdicts import INCONCLUSIVE, PASS, RuleResult
from reports.run import Manifest, RunError

RULE = "extent"
_MODELS = {
    "rewriter": "rewriter",
    "masked_lm": "masked-lm",
    "parser": "parser",
    "fluency": "fluency",
    "vectors": "vectors",
    "lexicon": "lexicon",
}
"""Keys of ``[audit]`` and what they are called under ``resources`` of ``run.json``."""
_SUBJECT = ("victim", "data", "traps", "prompt")
"""Keys that say who is audited, and on what."""
_TRAPS = re.compile(r" and \d+ benign traps$")
"""As ``robustness.data.traps`` adds to the name of the data."""


def own_policy(manifest: Manifest) -> Policy:
    """The policy that the run was made under; an empty one where there was none. Raises ``RunError`` where it is damaged."""
    try:
        return from_record(manifest.policy)
    except PolicyError as problem:
        raise RunError(f"run.json: policy: {problem}") from None


def extent(manifest: Manifest, policy: Policy) -> Iterator[RuleResult]:
    """The rule that a run is what the policy's ``[audit]`` asks for; none where nothing is required, or no verdict wanted."""
    asked = policy.audit.model_dump(exclude_none=True).keys() & _CHECKS.keys()
    if not asked or not policy.gate.has_thresholds:
        return
    short = lacking(manifest, policy.audit)
    said = f"less than [audit] asks for: {'; '.join(short)}" if short else "the run is what [audit] asks for"
    yield RuleResult(RULE, "run", INCONCLUSIVE if short else PASS, said)


def lacking(manifest: Manifest, audit: AuditDefaults, *, subject: bool = True) -> tuple[str, ...]:
    """What a run lacks of what ``[audit]`` sets, each in a few words; keys that are not set ask for nothing.

    ``subject``: whether victim and data must be those that it names.
    """
    wanted = audit.model_dump(exclude_none=True)
    checks = _CHECKS if subject else {key: check for key, check in _CHECKS.items() if key not in _SUBJECT}
    if wanted:
        wanted.setdefault("protect", [])  # what a policy does not protect may be attacked
        wanted.setdefault("recipe_budget", None)  # what it does not bind may ask as long as the budget lasts
        wanted.setdefault("adaptive", True)
    if "data" in wanted and subject:
        wanted.setdefault("traps", "")  # examples that are easily right would thin out the others
    found = (check(manifest, wanted[key]) for key, check in checks.items() if key in wanted)
    return tuple(said for said in found if said)


def _recipes(run: Manifest, wanted: list[str]) -> str:
    """A suite counts as run where it was asked for by name: what is in it may depend on the data's language."""
    asked = {part for spec in run.asked.get("recipes", ()) for part in split_recipes(str(spec))}
    had = {*asked, *run.recipe_names, *(["standard"] if run.cascade else [])}
    missing = [spec for spec in wanted if spec not in had]
    return f"recipes {', '.join(missing)} (it had {', '.join(run.recipe_names)})" if missing else ""


def _budget(run: Manifest, wanted: int | str) -> str:
    if run.budget is None or (wanted != "none" and run.budget >= int(wanted)):
        return ""
    return f"a budget of {wanted} (it had {run.budget})"


def _recipe_budget(run: Manifest, wanted: int | None) -> str:
    """A policy that sets none asks for the recipes' own limits, which a run with a smaller one did not reach."""
    had = run.search.get("recipe_budget")
    if had is None or (wanted is not None and had >= wanted):
        return ""
    return f"{'no budget' if wanted is None else f'a budget of {wanted}'} for each recipe (it had {had})"


def _adaptive(run: Manifest, wanted: bool) -> str:
    """Only runs with recipes that can learn say whether they did."""
    had = run.search.get("adaptive", wanted)
    return "" if had == wanted else f"a run that {'learns' if wanted else 'does not learn'} from its own trials"


def _limit(run: Manifest, wanted: int) -> str:
    """A run without a limit, or with a larger one, took all the examples there are."""
    if run.examples >= wanted or ("limit" in run.asked and (run.asked["limit"] is None or run.asked["limit"] >= wanted)):
        return ""
    return f"{wanted} examples, as far as the data go (it had {run.examples})"


def _same(name: str, had: Any, wanted: Any) -> str:
    return "" if had == wanted else f"{name} {wanted} (it had {had if had is not None else 'none'})"


def _victim(run: Manifest, wanted: str) -> str:
    """By the last part of a path; of an address every part counts, for other servers have models of the same name."""
    name, kind = str(run.victim.get("name", "")), str(run.victim.get("kind", ""))
    same = wanted == name if "://" in wanted + name else _tail(wanted, kind) == _tail(name, kind)
    return "" if same else f"victim {wanted} (it had {name})"


def _prompt(run: Manifest, wanted: str) -> str:
    had = str(dict(run.asked.get("opening") or {}).get("prompt") or "none")
    alike = had == wanted or (wanted.endswith(".toml") and _tail(had) == _tail(wanted))
    return "" if alike else f"prompt {wanted} (it had {had})"


def _goal(run: Manifest, wanted: str) -> str:
    """A goal by its name; its value, where the policy states one, as a number if it is one."""
    (kind, _, value), (had, _, its) = wanted.partition(":"), run.goal.partition(":")
    same = kind == had and (not value or value == its or _number(value) == _number(its))
    return "" if same else f"goal {wanted} (it had {run.goal})"


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _data(run: Manifest, wanted: str) -> str:
    source = _TRAPS.sub("", str(run.data.get("source", "")))
    return "" if wanted == source or _tail(wanted) == _tail(source) else f"data {wanted} (it had {source})"


def _traps(run: Manifest, wanted: str) -> str:
    had = _TRAPS.search(str(run.data.get("source", ""))) is not None
    if had == bool(wanted):
        return ""
    return f"traps {wanted} (it had none)" if wanted else "no benign traps among the examples (it had some)"


def _tail(spec: str, kind: str = "") -> str:
    """The last part of a name with folders in it, so that it does not matter from where the run was started."""
    return PurePath(spec.removeprefix(f"{kind}:")).name


def _encoder(run: Manifest, wanted: str) -> str:
    had = run.encoder or "none"
    return "" if _tail(had, "hf") == _tail(wanted, "hf") else f"encoder {wanted} (it had {had})"


def _resource(name: str, run: Manifest, wanted: str) -> str:
    return "" if wanted == "builtin" or _MODELS[name] in run.resources else f"{name} {wanted} (it had none)"


def _language(run: Manifest, wanted: str) -> str:
    return _same("language", run.comparability.get("language", "en"), wanted)


def _protect(run: Manifest, wanted: list[str]) -> str:
    """Every span that is protected beside those of the policy is one more that no attack could touch."""
    more = [pattern for pattern in run.asked.get("protect", ()) if pattern not in wanted]
    return f"fewer protected spans (it protected {', '.join(more)} as well)" if more else ""


_CHECKS: Mapping[str, Any] = {
    "victim": _victim,
    "data": _data,
    "traps": _traps,
    "trained_on": lambda run, wanted: _same("a look at what was trained on,", run.asked.get("trained_on"), _tail(wanted)),
    "task": lambda run, wanted: _same("task", run.task, wanted),
    "goal": _goal,
    "prompt": _prompt,
    "recipes": _recipes,
    "profile": lambda run, wanted: _same("profile", run.profile, wanted),
    "budget": _budget,
    "recipe_budget": _recipe_budget,
    "adaptive": _adaptive,
    "limit": _limit,
    "seed": lambda run, wanted: _same("seed", run.seed, wanted),
    "field": lambda run, wanted: _same("field", run.comparability.get("field", wanted), wanted),
    "group": lambda run, wanted: _same("group", run.group, wanted),
    "language": _language,
    "protect": _protect,
    "access": lambda run, wanted: _same("access", run.victim.get("access"), wanted),
    "encoder": _encoder,
    **{name: (lambda run, wanted, name=name: _resource(name, run, wanted)) for name in _MODELS},
}
