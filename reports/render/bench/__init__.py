"""The pages of the workbench: all runs of a folder, one of them, several side by side, the history of a victim."""
