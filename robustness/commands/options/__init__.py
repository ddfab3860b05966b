"""From the command line's flags, and the policy file's defaults, to values."""
