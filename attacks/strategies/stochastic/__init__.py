"""Searches that leave a good text for a worse one now and then: where word after word gets stuck, or costs too much."""
