"""Tasks of chats with a system prompt: what may not be said, whoever asks."""
