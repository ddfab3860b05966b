"""One change for all texts of a kind: found on some of them, judged on the others."""
