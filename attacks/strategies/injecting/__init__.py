"""The search for an injected instruction that a victim obeys."""
