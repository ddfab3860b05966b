"""A comparison of two runs, rendered: terminal, Markdown, page, JUnit, SARIF."""
