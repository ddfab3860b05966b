"""From flags and the policy file's defaults to the keywords of ``robustness.audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robustness.commands.options import flags as f
from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.language.resources import Resources


def arguments_of(chosen: dict[str, Any]) -> dict[str, Any]:
    """Flags and defaults as keywords of ``robustness.audit``; raises ``UsageError`` where they do not make an audit."""
    rest = settled(chosen)
    if "victim" not in rest:
        raise UsageError("no victim was named; give --victim demo, hf:PATH, python:module:function … (`robustness list victims`)")
    if "budget" in rest:
        rest["budget"] = f.budget_of(rest["budget"])
    if rest.get("resume") and "out" not in rest:
        raise UsageError("--resume needs --out, the folder of the run to continue")
    return rest


def settled(chosen: dict[str, Any]) -> dict[str, Any]:
    """The settings with vectors, lexicon and named resources loaded; a named resource may settle the encoder."""
    from robustness.helpers.named_resources import encoder_for, named_resources

    rest = dict(chosen)
    named = named_resources(rest.pop("resource", None) or ())
    encoder = encoder_for(named, rest.get("encoder"))
    resources = _resources(rest.pop("vectors", None), rest.pop("lexicon", None), named)
    return rest | f.given(encoder=encoder, resources=resources)


def _resources(vectors: str | None, lexicon: str | None, named: dict[str, object]) -> Resources | None:
    if vectors is None and lexicon in (None, "builtin") and not named:
        return None
    from attacks.language.resources import Resources
    from robustness.helpers.words import load_lexicon, load_vectors

    return Resources(
        lexicon=load_lexicon(lexicon) if lexicon not in (None, "builtin") else None,
        neighbours=load_vectors(vectors) if vectors is not None else None,
        named=named,
    )
