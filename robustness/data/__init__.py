"""Data: labelled examples from files, frames, ``datasets`` and iterables, with an account of every row."""

from robustness.data.dataset import Dataset, Example
from robustness.data.examples import labels_in, load_examples
from robustness.data.report import DataReport, Finding

__all__ = ["DataReport", "Dataset", "Example", "Finding", "labels_in", "load_examples"]
