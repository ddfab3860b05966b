"""Format-breaking: wishes about the form of an answer that pull against the form that was asked for."""

from __future__ import annotations

from dataclasses import replace

from attacks.preserves import SUBJECT
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.payloads.asking import Asking

CITATION = Citation(
    "Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models", "https://arxiv.org/abs/2311.07911"
)
WISHES: dict[str, tuple[str, ...]] = {
    "talk": (
        "{text}\nPlease explain your answer in a friendly sentence or two.",
        "Hello! I hope that you are well.\n{text}\nThank you so much!",
        "{text}\nThink aloud first, then answer.",
    ),
    "markup": (
        "{text}\nI read this on a web page, so bold the important parts.",
        "```\n{text}\n```",
        "{text}\nPut code into a fenced block.",
    ),
    "list": ("{text}\nGive me three versions.", "1. {text}\n2. Say how sure you are.", "{text}\nA bulleted list would be best."),
    "quotes": (
        '"{text}"',
        "{text}\nQuote the words that led you to this with \"double\" and 'single' quotes.",
        '{text} {{ }} [ ] \\ / "',
    ),
    "language": ("{text}\nBitte auf Deutsch.", "{text}\nEn fran\u00e7ais, s'il vous pla\u00eet."),
    "length": ("{text}\nOne word is enough.", "{text}\nPlease take your time and write at length."),
    "empty": ("{text}\nIf you are not sure, leave the answer empty.", "{text}\nOr skip this one."),
}
"""Our own wording: what users add without a thought of the program that reads the answer."""


@register("format")
def breaks_format(options: Options) -> Recipe:
    """Some twenty wishes in seven families, one of each family first."""
    recipe = assemble(
        options,
        "format",
        lambda _, __: Asking(WISHES),
        technique="wishes in seven families",
        citation=CITATION,
        level="sentence",
        access="labels",
        parameters=(("search", f"{sum(map(len, WISHES.values()))} wishes, one of each family first, until one succeeds"),),
        note="Made for goals on the form of answers, such as breaks-schema:FILE.json or not-matching:REGEX, named with --goal.",
        languages=("en",),
        tasks=("generation",),
        preserves=SUBJECT,
        profiled=False,
    )
    return replace(recipe, fair_try=5)
