"""Commands that show runs, and take them to where a team looks at them."""
