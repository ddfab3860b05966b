"""Renderers: terminal, Markdown, HTML and JUnit views of a run folder."""
