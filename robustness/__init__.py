"""Robustness: runs victims under attack, and composes victim, recipes and data into a run.

>>> import robustness
>>> run = robustness.audit("demo", recipes="deepwordbug", limit=20)
>>> run.frame()[["status", "perturbed"]]
"""

from robustness.auditing import audit
from robustness.errors import RobustnessError

__all__ = ["RobustnessError", "audit"]
