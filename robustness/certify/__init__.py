"""Statements about a victim that hold with a stated confidence, beside what a search found."""
