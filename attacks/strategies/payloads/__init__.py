"""Searches over how a payload is written: disguises of it, and suffixes to it."""
