"""``robustness validate``: check victim, data and recipes on a few examples before spending a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.scaling import TimeoutFlag
from robustness.commands.options.spending import CapFlags, without_caps
from robustness.commands.terminal import output

if TYPE_CHECKING:
    from robustness.commands.workbench.first_look import FirstLook


@f.flattened
def validate(
    *,
    victim: f.VictimFlag = None,
    data: f.DataFlag = None,
    reading: f.ReadingFlags,
    attacks: f.RecipeFlags,
    texts: f.TextFlags,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    resources: f.ResourceFlags,
    victim_timeout: TimeoutFlag = None,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    policy: f.PolicyFlag = None,
    json_: f.JsonFlag = False,
) -> None:
    """Check that victim, data, recipes and policy fit together; ask twenty clean examples; attack nothing.

    Shows three rows of the data as they were read and the victim's clean accuracy; loads no encoder but one that is named.
    Of a victim behind an API it prints what the endpoint was found to do; without --data no more than that.

    Example: robustness validate --victim hf:./my-model --data test.csv --recipes standard
    """
    from robustness.commands.options.arguments import arguments_of
    from robustness.commands.options.policy import audit_defaults, read_policy

    rules = read_policy(policy, {})
    chosen = audit_defaults(rules, victim, resources.resource, allow_local_code=allow_local_code, prompt=opening.prompt)
    chosen = without_caps(chosen, victim, None)
    for group in (reading, attacks, texts, opening, api, caps, resources):
        chosen |= group.given()
    chosen |= f.given(victim=victim, data=data, victim_timeout=victim_timeout, offline=offline)
    arguments = arguments_of(chosen)
    found, look = (_probe(arguments, quiet=json_), None) if _alone(arguments) else _check(arguments, quiet=json_)
    if json_:
        output.answer(found if look is None else {**found, **look.record()})
    else:
        output.say(*_shown(found, look))


def _alone(arguments: Mapping[str, Any]) -> bool:
    """Whether an endpoint was named and no data: it can be looked at by itself."""
    from robustness.victims import is_endpoint

    return is_endpoint(arguments["victim"]) and arguments.get("data") is None


def _probe(arguments: Mapping[str, Any], *, quiet: bool) -> dict[str, Any]:
    """What an endpoint says of itself, and what it was found to do."""
    from robustness.asked import OPENING, SPENDING
    from robustness.auditing import open_victim
    from robustness.commands.terminal.status import status
    from robustness.engine.backends import VictimBackend
    from robustness.isolation.offline import offline
    from robustness.planning.label_bias import content_free
    from robustness.planning.manifest import victim_record
    from robustness.planning.spending import spending_on

    opening = {name: arguments[name] for name in OPENING if name in arguments}
    status(f"probing {arguments['victim']}", quiet=quiet)
    without_network = bool(arguments.get("offline"))
    spending = {name: arguments[name] for name in SPENDING if name in arguments}
    with offline(without_network), spending_on(arguments["victim"], spending) as session:
        how: dict[str, Any] = {"task": arguments.get("task"), "offline": without_network, "session": session}
        victim = open_victim(arguments["victim"], **how, **opening)
        try:
            empty = content_free(VictimBackend(victim))
        finally:
            victim.close()
    return {"victim": victim_record(victim.info), **({} if empty is None else {"content_free": dict(empty)})}


def _check(arguments: dict[str, Any], *, quiet: bool) -> tuple[dict[str, Any], FirstLook]:
    from robustness.commands.options.preparing import prepared
    from robustness.commands.workbench.first_look import first_look

    with prepared(arguments, quiet=quiet) as audit:
        look = first_look(audit)
        return {
            "victim": dict(audit.manifest.victim),
            "data": dict(audit.manifest.data),
            "recipes": [recipe["name"] for recipe in audit.manifest.recipes],
            "encoder": audit.manifest.encoder,
            "flags": [flag.record() for flag in audit.flags],
        }, look


def _shown(found: dict[str, Any], look: FirstLook | None) -> list[str]:
    from reports.files.public import full_message

    victim = found["victim"]
    labels = f", labels {', '.join(victim['labels'])}" if victim["labels"] else ""
    lines = [f"victim    {victim['name']} ({victim['kind']}), gives {victim['access']}{labels}"]
    probe = victim.get("probe", {})
    wide = max(map(len, probe), default=0)
    lines += [f"probe     {what:<{wide}}  {seen}" for what, seen in probe.items()]
    lines += [f"note      {note}" for note in victim["notes"]] if probe else []
    if "content_free" in found:
        answers = ", ".join(f"{label} {share:.0%}" for label, share in found["content_free"].items())
        lines.append(f"bias      texts that say nothing are answered {answers}")
    if "data" not in found:
        return [*lines, "ready to be asked"]
    data = found["data"]
    return [
        *lines,
        f"data      {data['examples']} examples from {data['source']}",
        *(f"          {message}" for message in data["report"]),
        *([] if look is None else look.lines()),
        f"recipes   {', '.join(found['recipes'])}",
        f"encoder   {found['encoder'] or 'none'}",
        *(f"doubt     {full_message(flag)}" for flag in found["flags"]),
        "ready to audit",
        f"next      {_next('plan')}",
        f"          {_next('audit')}",
    ]


def _next(command: str) -> str:
    """The same command line for another command, which takes all flags of this one."""
    import shlex

    from robustness.commands.recorded import under_way

    return f"robustness {command} {shlex.join(under_way().typed[1:])}".rstrip()
