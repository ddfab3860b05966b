"""Prompts: how an input becomes messages to a chat model, and how what it writes becomes an answer of a task."""
