"""The commands that look into failures that a run has saved."""
