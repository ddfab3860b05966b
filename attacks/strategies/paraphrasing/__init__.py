"""What rewrites of a whole text are made of, and what a model's must keep."""
