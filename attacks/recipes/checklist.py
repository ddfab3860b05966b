"""CheckList's invariance tests as an attack: changes that must not change the answer."""

from __future__ import annotations

from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.rewriting import Rewriting
from attacks.tagging import chosen as tagger_name
from attacks.transformations.base import Paraphrase
from attacks.transformations.paraphrase.contractions import Contraction, Expansion
from attacks.transformations.words.checklist import LocationChange, NameChange, NumberChange
from attacks.transformations.words.insertion import NeutralInsertion

CITATION = Citation(
    "Ribeiro et al. 2020, Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", "https://arxiv.org/abs/2005.04118"
)


@register("checklist")
def checklist(options: Options) -> Recipe:
    """Names, places and numbers exchanged, contractions made and written out, a link, handle or neutral sentence added."""
    tests: tuple[Paraphrase, ...] = (
        Contraction(options.tagger),
        Expansion(options.tagger),
        NameChange(),
        LocationChange(),
        NumberChange(),
        NeutralInsertion(),
    )
    return assemble(
        options,
        "checklist",
        lambda tests, constraints: Rewriting(tests, constraints, depth=2, width=1),
        transformations=tests,
        citation=CITATION,
        level="mixed",
        access="labels",
        languages=("en",),  # exchanging numbers, which any text has, is not a checklist
        parameters=(
            ("search", "every change of the text, then every change of the one closest to success"),
            ("tagger", tagger_name(options.tagger)),
        ),
        note="The paper perturbs once; the second change is made only where no single one succeeds.",
    )
