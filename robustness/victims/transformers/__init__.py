"""Checkpoints of Hugging Face transformers as victims, one file for each kind of head, and what they share."""
