"""Models and word resources beside the victim."""
