"""``robustness plan``: what an audit will cost and what it can show, before it is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reports.files.text import visible
from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.spending import CapFlags, CassetteFlag, without_caps
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.measures.forecast import Forecast
    from robustness.planning.estimate import Estimate


LEAST = 0.005
"""A smaller share of undecided audits is not worth a word."""


@f.flattened
def plan(
    *,
    victim: f.VictimFlag = None,
    data: f.DataFlag = None,
    reading: f.ReadingFlags,
    attacks: f.RecipeFlags,
    texts: f.TextFlags,
    extent: f.ExtentFlags,
    pace: f.PaceFlags,
    resources: f.ResourceFlags,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    cassette: CassetteFlag = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Keep what a victim behind an API is asked here; an audit with the same --out starts from it.",
            rich_help_panel="Output",
        ),
    ] = None,
    until_decided: Annotated[
        bool,
        typer.Option(
            "--until-decided", help="Forecast how many examples an audit with this flag will take.", rich_help_panel="Run"
        ),
    ] = False,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    policy: f.PolicyFlag = None,
    thresholds: f.GateFlags,
    pilot: Annotated[int, typer.Option("--pilot", help="Examples to attack for the forecast.", rich_help_panel="Attack")] = 10,
    price_per_1k_tokens: Annotated[
        float | None,
        typer.Option("--price-per-1k-tokens", help="What a thousand tokens read by the victim cost.", rich_help_panel="Run"),
    ] = None,
    json_: f.JsonFlag = False,
) -> None:
    """Attack a few examples and predict queries, forwards, time and money of the whole audit, and what it can show.

    Example: robustness plan --victim demo --recipes standard --limit 500 --price-per-1k-tokens 0.0005
    """
    from robustness.commands.options.arguments import arguments_of
    from robustness.commands.options.policy import audit_defaults, read_policy
    from robustness.commands.options.preparing import prepared
    from robustness.planning.estimate import estimate
    from robustness.victims import is_endpoint

    rules = read_policy(policy, thresholds.given())
    chosen = audit_defaults(rules, victim, resources.resource, allow_local_code=allow_local_code, prompt=opening.prompt)
    chosen = without_caps(chosen, victim, cassette)
    for group in (reading, attacks, texts, extent, pace, resources, opening, api, caps):
        chosen |= group.given()
    chosen |= f.given(victim=victim, data=data, cassette=cassette, until_decided=until_decided, offline=offline)
    arguments = arguments_of(chosen)
    if out is not None and not is_endpoint(arguments["victim"]):
        raise UsageError("--out keeps what a victim behind an API was asked; the pilot of any other leaves nothing behind")
    with prepared(arguments, out=out, quiet=json_) as audit:
        found = estimate(audit, rules, pilot=pilot, price_per_1k_tokens=price_per_1k_tokens)
    if json_:
        output.answer(found.to_dict())
    else:
        output.say(*_shown(found))


def _shown(found: Estimate) -> list[str]:
    ended = ", ".join(f"{count} {status}" for status, count in sorted(found.statuses.items()))
    lines = [
        f"{found.examples} examples, {len(found.recipes)} recipe(s): {', '.join(found.recipes)}",
        f"pilot     {found.pilot} examples; their trials: {ended}",
        f"queries   {_range(found.queries)}",
        f"forwards  {_range(found.forwards)}",
        *_tokens(found),
        f"time      {_range(found.seconds, _duration)}, at the pilot's speed; fuller batches are faster",
    ]
    if found.money is not None and found.asking is None:
        lines.append(f"money     {_range(found.money, _money)}, for the tokens that the victim reads")
    elif found.money is not None:
        lines.append(f"money     {_range(found.money, _money)} {found.currency}")
    if found.until_decided:
        lines += ["", *_until_decided(found)]
    return [*lines, "", *_power(found.examples, found.power)]


def _tokens(found: Estimate) -> list[str]:
    if found.asking is None:
        return [f"tokens    {_range(found.tokens)}, read by the victim"]
    asking = found.asking
    return [
        f"requests  {_range(asking.requests)}, retries included",
        f"tokens    {_range(asking.tokens_in)} in, {_range(asking.tokens_out)} out",
    ]


def _until_decided(found: Estimate) -> list[str]:
    from reports.gate.rules import RULES

    lines = [
        f"until decided: a forecast from {found.pilot} examples, not a promise",
        "  the audit stops when every threshold is decided, or one is broken; the costs above are those of all examples",
    ]
    for one in found.until_decided:
        name = visible(f"{one.rule} {100 * one.threshold:g} {'points' if RULES[one.rule].points else '%'}, {one.scope}")
        if one.median is None or one.most is None:
            lines.append(f"  {name}: the pilot saw nothing that counts towards it; try a larger --pilot")
            continue
        takes = f"about {one.median:,} of {found.examples:,} examples, in nine audits out of ten at most {one.most:,}"
        undecided = f"; {one.undecided:.0%} of audits end undecided" if (one.undecided or 0) >= LEAST else ""
        lines.append(f"  {name}: {takes}{undecided}")
    return lines


def _power(n: int, power: dict[str, Any]) -> list[str]:
    seen = ", ".join(f"{_points(drop)} at {float(churn):.0%} churn" for churn, drop in power["visible_drop"].items())
    margin = f"{100 * power['margin']:g} points"
    sizes = power["examples_to_exclude_margin"].items()
    takes = ", ".join(f"{_count(size)} examples at {float(churn):.0%} churn" for churn, size in sizes)
    effect = power["design_effect"]
    worth = f", which are worth {n / effect:.0f} independent ones if half of the variance lies between groups"
    return [
        f"what {n} examples can show, four times in five{worth if effect > 1 else ''}",
        "  churn: even without a real change, a next run fixes some examples and breaks as many; their share on each side",
        f"  a rate near one half     ±{100 * power['interval_half_width']:.1f} points",
        f"  a drop that compare sees {seen}",
        f"  to exclude {margin}, if nothing changed, takes {takes}",
    ]


def _count(n: int | None) -> str:
    return "no number" if n is None else f"{n:,}"


def _points(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f}"


def _range(value: Forecast, say: Any = None) -> str:
    say = say or (lambda number: f"{number:,.0f}")
    between = "" if value.low is None else f" ({say(value.low)} to {say(value.high)})"
    return f"{say(value.expected)}{between}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"
