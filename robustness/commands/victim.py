"""Opens the victim that flags, or ``[audit]`` of the policy file, name; for commands beside ``audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustness.commands import flags as f
from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.victims.base import Victim

_OPTIONS = ("access", "labels", "fields", "device", "max_length")


def open_named(
    spec: str | None,
    opening: f.OpeningFlags,
    *,
    offline: bool = False,
    allow_local_code: bool = False,
    otherwise: str | None = None,
) -> Victim:
    """The victim of ``--victim``, else of ``[audit]``, else ``otherwise``; flags beat the file.

    Raises ``UsageError`` where none is named, or where the file names code and nobody allowed to run it.
    """
    from reports.policy import PolicyError
    from reports.policy_file import load_policy
    from robustness.audit import open_victim
    from robustness.commands.policy import audit_defaults

    f.refuse_empty(spec, "--victim")
    given = opening.given()
    if spec is None:
        try:
            policy = load_policy()
        except PolicyError as error:
            raise UsageError(str(error)) from error
        defaults = audit_defaults(policy, None, allow_local_code=allow_local_code)
        spec = defaults.get("victim")
        if spec is not None:
            given = {name: value for name, value in defaults.items() if name in _OPTIONS} | given
        spec = spec or otherwise
    if spec is None:
        raise UsageError("no victim was named; give --victim demo, hf:PATH, python:module:function …")
    return open_victim(spec, offline=offline, **given)
