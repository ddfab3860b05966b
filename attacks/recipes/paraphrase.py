"""Paraphrases: search over rewrites of the whole text, by rules alone or by rules and a paraphrasing model."""

from __future__ import annotations

from attacks.constraints.similarity import SentenceSimilarity
from attacks.preserves import MEANING
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.rewriting import MODEL as MODEL_TECHNIQUE
from attacks.strategies.rewriting import Rewriting
from attacks.tagging import chosen as tagger_name
from attacks.transformations.base import Paraphrase
from attacks.transformations.paraphrase.paraphrase import EXCLUSIVE, RuleParaphrase

RULES = Citation(
    "Ribeiro et al. 2018, Semantically Equivalent Adversarial Rules for Debugging NLP Models", "https://aclanthology.org/P18-1079"
)
MODEL = Citation(
    "Iyyer et al. 2018, Adversarial Example Generation with Syntactically Controlled Paraphrase Networks",
    "https://arxiv.org/abs/1804.06059",
)
DEPTH, WIDTH = 3, 4
ASKED = 10
"""Rewrites asked of the model for each text."""


@register("paraphrase")
def paraphrase(options: Options) -> Recipe:
    """Rewrite the text by rule, up to three rules on one another, as long as an encoder finds it similar to the original."""
    return _paraphrase(options, "paraphrase", RULES)


@register("paraphrase-rules")
def paraphrase_rules(options: Options) -> Recipe:
    """The same without an encoder: the rules keep the meaning by themselves."""
    return _paraphrase(options, "paraphrase-rules", RULES, similar=False)


@register("paraphrase-model")
def paraphrase_model(options: Options) -> Recipe:
    """Rewrite the text by rule and by a paraphrasing or back-translating model, one on the other's results."""
    return _paraphrase(options, "paraphrase-model", MODEL, asked=ASKED)


def _paraphrase(options: Options, name: str, citation: Citation, *, similar: bool = True, asked: int = 0) -> Recipe:
    """Rules are English: in another language, which the user names, a rewriter works alone."""
    english = options.language == "en" or not asked
    rules: tuple[Paraphrase, ...] = (RuleParaphrase(depth=1, tagger=options.tagger),) if english else ()
    model = (("rewriter", f"{asked} rewrites of each text"),) if asked else ()
    return assemble(
        options,
        name,
        lambda rules, constraints: Rewriting(rules, constraints, asked, DEPTH, WIDTH, EXCLUSIVE),
        transformations=rules,
        citation=citation,
        level="sentence",
        own=(SentenceSimilarity(0.8),) if similar else (),
        needs=("rewriter",) if asked else (),
        preserves=MEANING if asked else None,
        technique=MODEL_TECHNIQUE,
        languages=options.brought("rewriter") if asked else ("en",),
        parameters=(
            ("search", f"beam of {WIDTH} over up to {DEPTH} rewrites on one another"),
            *model,
            *((("tagger", tagger_name(options.tagger)),) if rules else ()),
        ),
        note="The rules are this project's own; the paper learns its rules from a corpus of paraphrases." if not asked else "",
    )
