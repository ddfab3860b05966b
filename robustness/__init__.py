"""Robustness: runs victims under attack, and composes victim, recipes and data into a run.

>>> import robustness
>>> run = robustness.audit("demo", recipes="deepwordbug", limit=20)
>>> run.frame()[["status", "perturbed"]]
"""

from typing import TYPE_CHECKING

from robustness.errors import RobustnessError

if TYPE_CHECKING:
    from robustness.auditing import audit

__all__ = ["RobustnessError", "audit"]


def __getattr__(name: str) -> object:
    """``audit``, when it is first asked for.

    Not sooner: pytest imports this package in every project, one with an ``attacks`` or ``reports`` of its own included.
    """
    if name != "audit":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from robustness.own_packages import check

    check()
    from robustness.auditing import audit

    globals()[name] = audit
    return audit


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
