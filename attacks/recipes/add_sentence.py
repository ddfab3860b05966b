"""AddSent: a sentence is added to the passage that looks like the answer and is not."""

from __future__ import annotations

from attacks.preserves import MEANING
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.distracting import TECHNIQUE, Distracting

CITATION = Citation(
    "Jia and Liang 2017, Adversarial Examples for Evaluating Reading Comprehension Systems", "https://aclanthology.org/D17-1215"
)


@register("add-sentence")
def add_sentence(options: Options) -> Recipe:
    """Add a sentence that answers the question about somebody or something else, with a wrong answer of the right kind."""
    return assemble(
        options,
        "add-sentence",
        lambda _, constraints: Distracting(constraints),
        technique=TECHNIQUE,
        citation=CITATION,
        level="sentence",
        access="labels",
        parameters=(
            ("search", "every sentence behind and before the passage; then a second one beside the closest"),
            ("sentences", "4 questions about something else, 3 wrong answers each, as statements and as question and answer"),
        ),
        note=(
            "The paper has its sentences corrected by people; here they are made by rule alone, and in their place stands that "
            "every name, number and opposite of the question is exchanged and that no gold answer is said."
        ),
        preserves=MEANING,
        languages=("en",),
        tasks=("qa",),
    )
