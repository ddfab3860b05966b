"""What a run measured, with intervals."""
