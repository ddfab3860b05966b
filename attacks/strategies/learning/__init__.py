"""Searches that learn from the other trials of a run."""
