"""Commands: one file per command of the ``robustness`` program."""
