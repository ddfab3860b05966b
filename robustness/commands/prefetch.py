"""``robustness prefetch``: fetch what recipes need beside their code, or say what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from robustness.commands import flags as f

if TYPE_CHECKING:
    from attacks.textattack_bridge.catalogue import Entry


def prefetch(
    recipes: Annotated[
        list[str] | None, typer.Argument(help="Recipes; without any, says of each of TextAttack's what it lacks.")
    ] = None,
    offline: f.OfflineFlag = False,
) -> None:
    """Fetch the resources that recipes look for on this machine. An audit itself downloads none.

    Example: robustness prefetch textattack:textfooler-jin-2019

    Exit codes: 0 everything is there, 2 something is not.
    """
    from robustness.offline import offline as without_network

    with without_network(offline):
        ready = [_tell(name, fetch=bool(recipes) and not offline) for name in recipes or _every()]
    if recipes and not all(ready):
        if offline:
            typer.echo("--offline forbids fetching; run without it on a machine with a network", err=True)
        raise typer.Exit(2)


def _every() -> list[str]:
    from attacks.textattack_bridge.catalogue import entries
    from robustness.errors import UsageError

    try:
        return [entry.spec for entry in entries().values()]
    except ValueError as error:
        raise UsageError(str(error)) from error


def _tell(name: str, *, fetch: bool) -> bool:
    """Print the state of one recipe's resources; return whether it has them all."""
    if not name.startswith("textattack:"):
        return _own(name)
    from attacks.textattack_bridge.fetch import states

    found = list(states(_find(name), fetch=fetch))
    typer.echo(f"{name}: {'ready' if all(s.there for s in found) else 'not ready'}")
    for state in found:
        typer.echo(f"  {'+' if state.there else '-'} {state.title}: {state.remark}")
    return all(state.there for state in found)


def _own(name: str) -> bool:
    from attacks import recipes as registry
    from robustness.errors import UsageError

    try:
        registry.resolve(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    typer.echo(f"{name}: ready, its resources come with this package")
    return True


def _find(name: str) -> Entry:
    from attacks.textattack_bridge.catalogue import find
    from robustness.errors import UsageError

    try:
        return find(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
