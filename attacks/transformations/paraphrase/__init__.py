"""Rewrites of a whole sentence that leave its meaning as it is."""
