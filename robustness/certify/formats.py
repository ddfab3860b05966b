"""A grammar of formats: the same words in another case, with other punctuation, blanks, quotes, or under a label.

Sclar et al. 2024, Quantifying Language Models' Sensitivity to Spurious Features in Prompt Design (https://arxiv.org/abs/2310.11324):
choices that no reader would notice move a language model by tens of points.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Form = Callable[[str], str]


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _no_full_stop(text: str) -> str:
    return text.rstrip().removesuffix(".")


def _full_stop(text: str) -> str:
    return text if not text.strip() or text.rstrip()[-1] in ".!?…:;" else text.rstrip() + "."


def _ellipsis(text: str) -> str:
    return _no_full_stop(text) + "…"


def _quoted(opening: str, closing: str) -> Form:
    return lambda text: f"{opening}{text}{closing}"


def _labelled(label: str) -> Form:
    return lambda text: f"{label}{text}"


GRAMMAR: dict[str, dict[str, Form]] = {
    "case": {"lower": str.lower, "upper": str.upper, "first-lower": _first_lower, "first-upper": _first_upper},
    "punctuation": {"no-full-stop": _no_full_stop, "full-stop": _full_stop, "ellipsis": _ellipsis},
    "blanks": {
        "doubled": lambda text: text.replace(" ", "  "),
        "before": lambda text: f"  {text}",
        "after": lambda text: f"{text}  ",
        "line-after": lambda text: f"{text}\n",
        "lines-around": lambda text: f"\n{text}\n",
    },
    "quotes": {
        "straight": _quoted('"', '"'),
        "curly": _quoted("“", "”"),
        "single": _quoted("'", "'"),
        "backticks": _quoted("`", "`"),
    },
    "label": {
        "text": _labelled("Text: "),
        "input": _labelled("Input: "),
        "capitals": _labelled("TEXT: "),
        "line": _labelled("Text:\n"),
        "bullet": _labelled("- "),
        "quote-mark": _labelled("> "),
    },
}
"""Each part of a format with its forms, in the order in which they are applied; each part stays as it is half the time."""
AS_IT_IS = 0.5
TRIES = 20


def record() -> dict[str, list[str]]:
    """The grammar by name, for what two runs must share."""
    return {part: list(forms) for part, forms in GRAMMAR.items()}


def formatted(text: str, rng: Random) -> tuple[str, str]:
    """The text in a random format other than its own, and which that is; as it was where no format changes it."""
    for _ in range(TRIES):
        now, names = text, []
        for part, forms in GRAMMAR.items():
            if rng.random() < AS_IT_IS:
                continue
            name = rng.choice(list(forms))
            changed = forms[name](now)
            if changed != now:
                now = changed
                names.append(f"{part}:{name}")
        if now != text:
            return now, "+".join(names)
    return text, ""
