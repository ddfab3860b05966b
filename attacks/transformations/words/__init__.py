"""Changes of whole words."""
