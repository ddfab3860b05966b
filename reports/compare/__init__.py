"""Two runs of the same examples compared."""
