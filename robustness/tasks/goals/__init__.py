"""What counts as broken, where a task has more goals than its file holds."""
