"""``python -m robustness``."""

from robustness.cli import run

run()
