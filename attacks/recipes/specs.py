"""Lists of recipes in one text: commas inside parentheses belong to a composition and separate nothing."""

from __future__ import annotations


def split_specs(text: str) -> list[str]:
    """The parts between commas that stand outside parentheses and quotation marks, stripped; empty ones are left out.

    A parenthesis that nobody closes takes in all that follows, so that the error is about the composition it belongs to.
    """
    parts, start, depth, quote = [], 0, 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and depth:
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character == "," and not depth:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def is_composed(spec: str) -> bool:
    """Whether a spec is a composition rather than a name: it has a parenthesis, which no recipe's name has."""
    return "(" in spec or ")" in spec
