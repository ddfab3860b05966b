"""The gate: thresholds, the policy that sets them, and verdicts that never pass untested."""
