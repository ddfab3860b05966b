"""The verdicts of a comparison, and the exit code of each."""

REGRESSED, IMPROVED, NO_EVIDENCE = "regressed", "improved", "no evidence"
INCONCLUSIVE, NOT_COMPARABLE = "inconclusive", "not comparable"
EXIT_CODES = {NO_EVIDENCE: 0, IMPROVED: 0, REGRESSED: 1, INCONCLUSIVE: 3, NOT_COMPARABLE: 3}
