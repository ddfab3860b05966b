"""Victims: the audited systems behind one protocol."""
