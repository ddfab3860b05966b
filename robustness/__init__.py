"""Robustness: runs victims under attack, and composes victim, recipes and data into a run."""
