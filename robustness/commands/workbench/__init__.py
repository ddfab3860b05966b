"""Commands that take a run to where a team looks at it."""
