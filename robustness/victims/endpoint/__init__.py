"""Victims that answer over a network: what goes over the wire, what it may cost, what was said."""
