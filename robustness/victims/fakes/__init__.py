"""Victims without weights, whose answers and weaknesses are known beforehand."""
