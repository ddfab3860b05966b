"""``--resource NAME=VALUE``: files and substitutes for recipes that bring resources of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from robustness.errors import UsageError


def named_resources(pairs: Sequence[str]) -> dict[str, object]:
    """``NAME=VALUE`` texts by name, with word vectors loaded.

    Raises:
        UsageError: not such a pair, a name twice, an unknown name, word vectors that cannot be read.
    """
    named: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals and value):
            raise UsageError(f"--resource expects NAME=VALUE, got {pair!r}")
        if name in named:
            raise UsageError(f"--resource {name} is given twice; give each name once")
        named[name] = value
    _check(named)
    return {name: _loaded(name, str(value)) for name, value in named.items()}


_READ_AS_DATA = ("counter-fitted", "homoglyphs", "hownet")
"""Files that this package reads itself; TextAttack loads all others, pickles and models with code in them included."""


def refuse_local_resources(pairs: Sequence[str], source: str, allowed: bool, advice: str = "") -> None:
    """Raise ``UsageError`` where a file, not the user, names files that run code when TextAttack loads them.

    ``source``: the file, for the message; ``advice``: how to allow it, where that is not a flag.
    """
    how = advice or "give it by --resource, or pass --allow-local-code"
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not allowed and name not in _READ_AS_DATA and Path(value).expanduser().exists():
            raise UsageError(f"{source} names the resource {pair}, which may run code when it is loaded; to use it, {how}")


def encoder_for(named: Mapping[str, object], encoder: str | None) -> str | None:
    """The run's sentence encoder, which ``--resource sentence-encoder=minilm`` asks to be MiniLM.

    Raises:
        UsageError: ``--encoder`` names another one.
    """
    if named.get("sentence-encoder") != "minilm":
        return encoder
    if encoder not in (None, "minilm"):
        raise UsageError(
            f"--resource sentence-encoder=minilm and --encoder {encoder} name two encoders; "
            "--resource sentence-encoder=run takes whichever the run has"
        )
    return "minilm"


def _check(named: Mapping[str, object]) -> None:
    from attacks.textattack_bridge.gather import check_names

    try:
        check_names(named)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _loaded(name: str, value: str) -> object:
    if name != "counter-fitted":
        return value
    from robustness.helpers.words import load_vectors

    return load_vectors(value)
