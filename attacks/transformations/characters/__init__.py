"""Changes inside a word or of its characters."""
