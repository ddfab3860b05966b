"""Dialects: how each API is asked, and what each of its replies means. One file each; nothing here sends anything."""
