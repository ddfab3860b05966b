"""How the texts of flags become values."""

from __future__ import annotations

from robustness.errors import UsageError


def listed(text: str | None) -> list[str] | None:
    """The parts of a comma-separated flag."""
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def listed_recipes(text: str | None) -> list[str] | None:
    """The parts of a comma-separated flag that names recipes: commas within a composition's parentheses are its own."""
    from attacks.recipes.specs import split_specs

    return None if text is None else split_specs(text)


def named_recipes(texts: list[str] | None) -> list[str] | None:
    """The recipes of a flag that may be repeated, each time with several; None where it was not given.

    Raises:
        UsageError: it was given without a value.
    """
    if texts is None:
        return None
    for text in texts:
        refuse_empty(text, "--recipes")
    return [name for text in texts for name in listed_recipes(text) or ()]


def refuse_empty(value: str | None, flag: str) -> None:
    """Raise ``UsageError`` for a flag that was given without a value: an unset variable must not switch a check off."""
    if value is not None and not value.strip():
        raise UsageError(f"{flag} was given without a value (an unset variable?); give one or leave it out")


def mapping(text: str | None, flag: str) -> dict[str, str] | None:
    """``a=b,c=d`` as a mapping; raises ``UsageError``."""
    if text is None:
        return None
    pairs = [part.split("=", 1) for part in listed(text) or []]
    bad = ["=".join(pair) for pair in pairs if len(pair) != 2]
    if bad or not pairs:
        raise UsageError(f"{flag} expects NAME=VALUE pairs separated by commas, got {text!r}")
    return {key.strip(): value.strip() for key, value in pairs}


def budget_of(text: str | int | None) -> int | None:
    """A budget flag: a whole number, or ``none``."""
    if text is None or str(text).lower() == "none":
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--budget expects a whole number of queries or `none`, got {text!r}") from None
