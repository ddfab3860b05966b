"""The pytest plugin's collected items."""
