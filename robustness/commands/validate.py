"""``robustness validate``: check victim, data and recipes on a few examples before spending a run."""

from __future__ import annotations

from typing import Any

from robustness.commands.options import flags as f
from robustness.commands.terminal import output


@f.flattened
def validate(
    *,
    victim: f.VictimFlag = None,
    data: f.DataFlag = None,
    reading: f.ReadingFlags,
    attacks: f.RecipeFlags,
    texts: f.TextFlags,
    opening: f.OpeningFlags,
    resources: f.ResourceFlags,
    victim_timeout: f.TimeoutFlag = None,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    policy: f.PolicyFlag = None,
    json_: f.JsonFlag = False,
) -> None:
    """Check that victim, data, recipes and policy fit together; ask a few clean examples; attack nothing.

    Example: robustness validate --victim hf:./my-model --data test.csv --recipes standard
    """
    from robustness.commands.options.arguments import arguments_of
    from robustness.commands.options.policy import audit_defaults, read_policy

    rules = read_policy(policy, {})
    chosen = audit_defaults(rules, victim, resources.resource, allow_local_code=allow_local_code, prompt=opening.prompt)
    for group in (reading, attacks, texts, opening, resources):
        chosen |= group.given()
    chosen |= f.given(victim=victim, data=data, victim_timeout=victim_timeout, offline=offline)
    found = _check(arguments_of(chosen), quiet=json_)
    if json_:
        output.answer(found)
    else:
        output.say(*_shown(found))


def _check(arguments: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    from robustness.commands.options.preparing import prepared

    with prepared(arguments, quiet=quiet) as audit:
        return {
            "victim": dict(audit.manifest.victim),
            "data": dict(audit.manifest.data),
            "recipes": [recipe["name"] for recipe in audit.manifest.recipes],
            "encoder": audit.manifest.encoder,
            "flags": [flag.record() for flag in audit.flags],
        }


def _shown(found: dict[str, Any]) -> list[str]:
    from reports.files.public import full_message

    victim, data = found["victim"], found["data"]
    return [
        f"victim    {victim['name']} ({victim['kind']}), gives {victim['access']}, labels {', '.join(victim['labels'])}",
        f"data      {data['examples']} examples from {data['source']}",
        *(f"          {message}" for message in data["report"]),
        f"recipes   {', '.join(found['recipes'])}",
        f"encoder   {found['encoder'] or 'none'}",
        *(f"doubt     {full_message(flag)}" for flag in found["flags"]),
        "ready to audit",
    ]
