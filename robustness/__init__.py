"""Robustness: runs victims under attack, and composes victim, recipes and data into a run.

>>> import robustness
>>> run = robustness.audit("demo", recipes="deepwordbug", limit=20)
>>> run.verdict, run.metrics.overall.robust_accuracy.rate
>>> run.failures[["text.text", "perturbed"]]
>>> robustness.load("runs/demo").gate(min_robust_accuracy="30%").verdict
"""

from typing import TYPE_CHECKING

from robustness.errors import RobustnessError

if TYPE_CHECKING:
    from reports.audited import load
    from robustness.auditing import audit

__all__ = ["RobustnessError", "audit", "load"]
_HOMES = {"audit": "robustness.auditing", "load": "reports.audited"}


def __getattr__(name: str) -> object:
    """``audit`` and ``load``, when they are first asked for.

    Not sooner: pytest imports this package in every project, one with an ``attacks`` or ``reports`` of its own included.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from robustness.own_packages import check

    check()
    globals()[name] = found = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
