"""The engine: searches in flight, oracles that batch what they ask, trials and how they end."""
