"""Injected instructions: what they say (families), what they are dressed in (disguises), where they stand (places)."""
