"""Runs told to the services where teams look (MLflow, Weights & Biases), and written as tables and data sets.

``with logging_to("mlflow") as watcher: robustness.audit(victim, data, watcher=watcher)`` logs a run while it is written.
"""

from robustness.loggers.live import Log, logging_to

__all__ = ["Log", "logging_to"]
