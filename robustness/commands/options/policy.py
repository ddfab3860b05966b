"""Which policy a command goes by: the file joined with gate flags, or the policy that a run was made under."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.commands.options.anchoring import anchored
from robustness.commands.options.flags import listed, listed_recipes
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.gate.policy import Policy
    from reports.run import Manifest

PARTED = ("min_robust_accuracy", "max_accuracy_drop", "max_attack_success_rate")


def read_policy(path: Path | None, gate_flags: Mapping[str, Any], *, verdict: bool = False) -> Policy:
    """The policy of a file (or of the working folder) with the gate's flags applied on top.

    ``verdict``: the command judges by it, so a file that was meant to set thresholds must set one.

    Raises:
        UsageError: naming the file or flag, the key, what was expected.
    """
    from reports.gate.policy import PolicyError, with_gate
    from reports.gate.policy_file import NONE, load_policy

    try:
        found = load_policy(path)
        if path is not None and str(path) != NONE:
            found = found.model_copy(update={"audit": anchored(found.audit, path.parent)})
        found = _with_canonical(found)
        policy = with_gate(found, _gate_values(gate_flags))
    except PolicyError as error:
        raise UsageError(str(error)) from error
    _refuse_unknown_flags(policy)
    if verdict:
        _refuse_idle(policy)
    meant = "gate" in found.model_fields_set or (path is not None and str(path) != NONE)
    if verdict and meant and not policy.gate.has_thresholds:
        raise UsageError(
            f"{found.source} sets no threshold, so nothing could fail: write one under [gate], such as "
            f'min_robust_accuracy = "30%"' + (f", or say --policy {NONE} to measure only" if path is None else "")
        )
    return policy


def audit_policy(rules: Policy, path: Path | None, gate_flags: Mapping[str, Any], chosen: Mapping[str, Any]) -> Policy:
    """What an audit with these settings is judged by, and what it leaves in the run.

    A flag for victim, prompt, data or traps names another subject, and the policy is then about that one; a flag that makes the
    audit smaller than ``[audit]`` says does not change what the policy asks for. A run that is resumed keeps its own policy.
    """
    from reports.run.store import MANIFEST, read_manifest

    subject = [key for key in ("victim", "prompt", "data") if getattr(rules.audit, key) is not None]
    named = {key: str(chosen[key]) for key in (*subject, "traps") if key in chosen}
    rules = rules.model_copy(update={"audit": rules.audit.model_copy(update=named)})
    folder = Path(str(chosen.get("out", "")))
    if not chosen.get("resume") or "out" not in chosen or not (folder / MANIFEST).exists():
        return rules
    from reports.gate.run_policy import own_policy

    manifest = read_manifest(folder)
    if path is not None or not own_policy(manifest).gate.has_thresholds:
        return rules
    return policy_for(manifest, None, gate_flags, note=False)


def policy_for(manifest: Manifest, path: Path | None, gate_flags: Mapping[str, Any], *, note: bool) -> Policy:
    """What a finished run is judged by: a file named on the command line, else the run's own policy, else the folder's file.

    Flags are applied on top of whichever it is. A run without thresholds has no policy of its own. ``note``: say on stderr where
    the folder's file is not what the run is judged by. Raises ``UsageError``.
    """
    from reports.gate.policy import PolicyError, with_gate
    from reports.gate.run_policy import own_policy

    own = own_policy(manifest)
    if path is not None or not own.gate.has_thresholds:
        policy = read_policy(path, gate_flags)
        _refuse_idle(policy)
        return policy
    try:
        policy = with_gate(own, _gate_values(gate_flags))
    except PolicyError as error:
        raise UsageError(str(error)) from error
    _refuse_unknown_flags(policy)
    _refuse_idle(policy)
    if note:
        _note_other_file(own)
    if policy is own:
        return own
    return policy.model_copy(update={"source": f"the run's own policy ({own.source}) and flags"})


def _note_other_file(own: Policy) -> None:
    from reports.gate.policy import PolicyError
    from reports.gate.policy_file import load_policy

    try:
        here = load_policy()
    except PolicyError:
        return  # it is not needed here, so its mistakes do not matter
    if here.wants_verdict and here.gate != own.gate:
        other = f"{here.source} says otherwise: to judge by it, pass --policy {here.source}"
        output.warn(f"note: the run is judged by its own policy; {other}")


def audit_defaults(
    policy: Policy, victim: str | None, resource: list[str] | None, *, allow_local_code: bool, prompt: str | None = None
) -> dict[str, Any]:
    """``[audit]`` of a policy; raises ``UsageError`` where it, and no flag, names a victim, resource or prompt that runs code."""
    from robustness.helpers.named_resources import refuse_local_resources
    from robustness.victims import refuse_local_code
    from robustness.victims.prompts.load import refuse_local_prompt

    if victim is None:
        refuse_local_code(policy.audit.victim, policy.source, allow_local_code)
    if resource is None:
        refuse_local_resources(policy.audit.resource or (), policy.source, allow_local_code)
    if prompt is None:
        refuse_local_prompt(policy.audit.prompt, policy.source, allow_local_code)
    return policy.audit.model_dump(exclude_none=True)


def _refuse_idle(policy: Policy) -> None:
    """Name thresholds that check nothing; raises ``UsageError`` where there are no others."""
    from reports.gate.policy import PolicyError, refuse_idle

    try:
        found = refuse_idle(policy)
    except PolicyError as error:
        raise UsageError(str(error)) from error
    if found:
        output.warn(f"warning: {policy.source}: {', '.join(found)}: no run can fail it, so it checks nothing")


def _refuse_unknown_flags(policy: Policy) -> None:
    """A mistyped flag would never fire, and the gate would pass what it was told to refuse."""
    if not (policy.gate.fatal_flags or policy.gate.accept_flags or policy.compare.accept_flags):
        return
    from reports.gate.soundness import DOUBTS
    from robustness.planning.self_checks import CODES

    unknown = sorted(set(policy.gate.fatal_flags) - {*CODES, "all"})
    if unknown:
        raise UsageError(f"fatal_flags names {', '.join(unknown)}; expected some of: {', '.join(CODES)}, or all")
    strange = sorted(({*policy.gate.accept_flags, *policy.compare.accept_flags}) - set(DOUBTS))
    if strange:
        raise UsageError(f"accept_flags names {', '.join(strange)}; expected some of: {', '.join(DOUBTS)}")


def _gate_values(flags: Mapping[str, Any]) -> dict[str, Any]:
    empty = sorted(name for name, value in flags.items() if value == "")
    if empty:
        raise UsageError(
            f"--{empty[0].replace('_', '-')} was given without a value (an unset variable?); give one or leave it out"
        )
    values = dict(flags)
    for name in {"fatal_flags", "accept_flags"} & values.keys():
        values[name] = listed(values[name])
    parts: dict[str, dict[str, Any]] = {}
    for key in PARTED:
        for part in _parts(values.pop(key, None)):
            where, _, value = part.rpartition("=")
            rules = parts.setdefault(where, {})
            if key in rules:
                raise UsageError(
                    f"--{key.replace('_', '-')} has two values{f' for {where}' if where else ''}, {rules[key]} and {value}; "
                    "give one"
                )
            rules[key] = value
    values |= parts.pop("", {})
    slices = {name: rules for name, rules in parts.items() if "=" in name.partition("(")[0]}
    plain = {_name(name): rules for name, rules in parts.items() if name not in slices}
    return {**values, **({"recipes": plain} if plain else {}), **({"slices": slices} if slices else {})}


def _parts(text: str | None) -> list[str]:
    """The thresholds of one flag; the commas of a composed recipe's own arguments separate nothing."""
    if text is None or text.count("(") != text.count(")"):
        return listed(text) or []
    return listed_recipes(text) or []


def _name(recipe: str) -> str:
    """A recipe as runs name it: a composition by its canonical form; raises ``UsageError``."""
    if "(" not in recipe and ")" not in recipe:
        return recipe
    from attacks.recipes.composing import CompositionError, canonical_specs

    try:
        return canonical_specs(recipe)
    except CompositionError as error:
        raise UsageError(str(error)) from None


def _with_canonical(policy: Policy) -> Policy:
    """The policy with composed recipes by their canonical names, as in the runs that it judges; raises ``UsageError``."""
    update: dict[str, Any] = {}
    try:
        if policy.audit.recipes is not None:
            update["audit"] = policy.audit.model_copy(update={"recipes": list(map(_name, policy.audit.recipes))})
        if policy.gate.recipes:
            rules = {_name(recipe): part for recipe, part in policy.gate.recipes.items()}
            if len(rules) < len(policy.gate.recipes):
                raise UsageError("gate.recipes names one composition twice, in two spellings; name it once")
            update["gate"] = policy.gate.model_copy(update={"recipes": rules})
    except UsageError as error:
        raise UsageError(f"{policy.source}: {error}") from None
    return policy.model_copy(update=update) if update else policy
