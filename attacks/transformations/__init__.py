"""Transformations: one file per technique of change."""
