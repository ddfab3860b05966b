"""``robustness prefetch``: fetch what recipes need besides their code, or say what is already there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import complete, output

if TYPE_CHECKING:
    from attacks.textattack_bridge.catalogue import Entry


def prefetch(
    recipes: Annotated[
        list[str] | None,
        typer.Argument(autocompletion=complete.recipes, help="Recipes; without any, says what each of TextAttack's lacks."),
    ] = None,
    offline: f.OfflineFlag = False,
    json_: f.JsonFlag = False,
) -> None:
    """Fetch the resources that recipes look for on this machine. An audit itself downloads none.

    Example: robustness prefetch textattack:textfooler-jin-2019

    A recipe is ready if it can run now, even with this package's own word vectors in place of those that it looks for.

    Exit codes: 0 everything is there, 2 something is not.
    """
    from robustness.isolation.offline import offline as without_network

    found = []
    with without_network(offline):
        for name in recipes or _every():
            found.append(_state(name, fetch=bool(recipes) and not offline))
            if not json_:
                _tell(found[-1])
    if json_:
        output.answer(found)
    there = [one["there"] for state in found for one in state["resources"]]
    if recipes and not all(there):
        if offline:
            output.warn("--offline forbids fetching; run without it on a machine with a network")
        raise typer.Exit(2)


def _every() -> list[str]:
    from attacks.textattack_bridge.catalogue import entries
    from robustness.errors import UsageError

    try:
        return [entry.spec for entry in entries().values()]
    except ValueError as error:
        raise UsageError(str(error)) from error


def _state(name: str, *, fetch: bool) -> dict[str, Any]:
    """Which resources a recipe looks for, and whether each is there; fetched first if requested."""
    if not name.startswith("textattack:"):
        return _own(name)
    from attacks.textattack_bridge.fetch import states

    found = [asdict(state) for state in states(_find(name), fetch=fetch)]
    return {"recipe": name, "ready": all(one["there"] or one["stand_in"] for one in found), "resources": found}


def _own(name: str) -> dict[str, Any]:
    from attacks import recipes as registry
    from robustness.errors import UsageError

    try:
        registry.resolve(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return {"recipe": name, "ready": True, "resources": []}


def _tell(state: dict[str, Any]) -> None:
    if not state["recipe"].startswith("textattack:"):
        output.say(f"{state['recipe']}: ready, its resources come with this package")
        return
    output.say(f"{state['recipe']}: {'ready' if state['ready'] else 'not ready'}")
    for one in state["resources"]:
        meanwhile = f"; a run uses this package's own, {one['stand_in']}" if one["stand_in"] else ""
        output.say(f"  {'+' if one['there'] else '-'} {one['title']}: {one['remark']}{meanwhile}")


def _find(name: str) -> Entry:
    from attacks.textattack_bridge.catalogue import find
    from robustness.errors import UsageError

    try:
        return find(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
