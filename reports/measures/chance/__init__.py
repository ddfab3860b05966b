"""What chance alone explains, and what is shown in spite of it."""
