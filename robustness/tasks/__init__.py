"""Tasks: what is asked, what would be right, what counts as broken, how it is shown."""
