"""Dialogues: the attacked text as one turn among others, some of them the victim's own."""
