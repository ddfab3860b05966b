"""Searches for victims whose answers carry no score: whether a text breaks them is all that is learned from it."""
