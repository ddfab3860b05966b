"""Framing: words set around a statement or taken off it, which say no more about its subject: openers, hedges, *it is*."""

from __future__ import annotations

from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.rewriting import Rewriting
from attacks.tagging import chosen as tagger_name
from attacks.transformations.paraphrase.framing import Framing
from attacks.transformations.paraphrase.paraphrase import EXCLUSIVE

CITATION = Citation(
    "Ribeiro et al. 2018, Semantically Equivalent Adversarial Rules for Debugging NLP Models", "https://aclanthology.org/P18-1079"
)
DEPTH, WIDTH = 2, 4


@register("framing")
def framing(options: Options) -> Recipe:
    """Set an opener, a hedge or *it is* around the text, or take one off: ``Honestly, …``, ``…, I think.``; no paraphrase."""
    return assemble(
        options,
        "framing",
        lambda rules, constraints: Rewriting(rules, constraints, depth=DEPTH, width=WIDTH, exclusive=EXCLUSIVE),
        transformations=(Framing(options.tagger),),
        citation=CITATION,
        level="sentence",
        languages=("en",),
        parameters=(
            ("search", f"beam of {WIDTH} over up to {DEPTH} frames on one another"),
            ("tagger", tagger_name(options.tagger)),
        ),
        note="The rules are this project's own; they add words of the speaker's, and are counted apart from paraphrases.",
    )
