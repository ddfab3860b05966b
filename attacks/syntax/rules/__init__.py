"""The rules, by what they move; each takes a sentence and yields it as pieces: indices of its tokens, and words of its own."""
