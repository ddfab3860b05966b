"""Commands of the workbench: pages of runs, examples to start from."""
