"""Joins the policy file with gate flags: a flag beats the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustness.commands.flags import listed
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.policy import Policy


def read_policy(path: Path | None, gate_flags: dict[str, Any]) -> Policy:
    """The policy of a file (or of the working folder) with the gate's flags laid over it.

    Raises:
        UsageError: naming the file or flag, the key, what was expected.
    """
    from reports.policy import PolicyError, load_policy, with_gate

    try:
        policy = with_gate(load_policy(path), _gate_values(gate_flags))
    except PolicyError as error:
        raise UsageError(str(error)) from error
    _refuse_unknown_flags(policy)
    return policy


def _refuse_unknown_flags(policy: Policy) -> None:
    """A mistyped flag would never fire, and the gate would pass what it was told to refuse."""
    from reports.soundness import DOUBTS
    from robustness.checks import CODES

    unknown = sorted(set(policy.gate.fatal_flags) - {*CODES, "all"})
    if unknown:
        raise UsageError(f"fatal_flags names {', '.join(unknown)}; expected some of: {', '.join(CODES)}, or all")
    strange = sorted(({*policy.gate.accept_flags, *policy.compare.accept_flags}) - set(DOUBTS))
    if strange:
        raise UsageError(f"accept_flags names {', '.join(strange)}; expected some of: {', '.join(DOUBTS)}")


def _gate_values(flags: dict[str, Any]) -> dict[str, Any]:
    empty = sorted(name for name, value in flags.items() if value == "")
    if empty:
        raise UsageError(
            f"--{empty[0].replace('_', '-')} was given without a value (an unset variable?); give one or leave it out"
        )
    values = dict(flags)
    for name in {"fatal_flags", "accept_flags"} & values.keys():
        values[name] = listed(values[name])
    recipes: dict[str, dict[str, Any]] = {}
    for key in ("min_robust_accuracy", "max_accuracy_drop", "max_attack_success_rate"):
        for part in listed(values.pop(key, None)) or []:
            where, _, value = part.rpartition("=")
            if where:
                recipes.setdefault(where, {})[key] = value
            else:
                values[key] = value
    slices = {name: rules for name, rules in recipes.items() if "=" in name}
    plain = {name: rules for name, rules in recipes.items() if "=" not in name}
    return {**values, **({"recipes": plain} if plain else {}), **({"slices": slices} if slices else {})}
