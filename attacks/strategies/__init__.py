"""Strategies: in which order candidates are tried, and which of them are kept."""
