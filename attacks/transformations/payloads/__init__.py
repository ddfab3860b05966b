"""Payloads: texts that are to arrive though somebody looks for them, and the disguises that they wear."""
