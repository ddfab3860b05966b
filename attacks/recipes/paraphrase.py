"""Paraphrases: search over rewrites of the whole text, over a parser's trees, by tables alone, or by a paraphrasing model too."""

from __future__ import annotations

from attacks.constraints.similarity import SentenceSimilarity
from attacks.preserves import MEANING
from attacks.recipes.assemble import assemble
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.paraphrasing.sources import Model, Source, Syntax
from attacks.strategies.rewriting import MODEL as MODEL_TECHNIQUE
from attacks.strategies.rewriting import Rewriting
from attacks.tagging import chosen as tagger_name
from attacks.transformations.base import Paraphrase
from attacks.transformations.paraphrase.paraphrase import EXCLUSIVE, RuleParaphrase, rules_by

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
MOST = 40
"""Rewrites attempted in a round, of each technique in turn."""
SLACK = 0.5
"""How much less natural than the original a rewrite may be, in mean natural logarithm of a token's probability."""
SIMILAR = 0.8
BY_TREE = frozenset({"clause-order", "owner-order"})
"""Rules over words that those over a tree do better."""


@register("paraphrase")
def paraphrase(options: Options) -> Recipe:
    """Rewrite clauses, phrases and words over a parser's tree, each rewrite parsed again and compared by an encoder."""
    return _paraphrase(options, "paraphrase", MODEL, parsed=True)


@register("paraphrase-rules")
def paraphrase_rules(options: Options) -> Recipe:
    """Rewrite the text by tables and patterns alone, with no parser and no encoder: few sentences offer anything to rewrite."""
    return _paraphrase(options, "paraphrase-rules", RULES)


@register("paraphrase-model")
def paraphrase_model(options: Options) -> Recipe:
    """The same as ``paraphrase``, and by a paraphrasing or back-translating model, one on the other's results."""
    return _paraphrase(options, "paraphrase-model", MODEL, parsed=True, asked=ASKED)


def _paraphrase(options: Options, name: str, citation: Citation, *, parsed: bool = False, asked: int = 0) -> Recipe:
    """Rules are English: in another language, which the user names, a rewriter works alone, and nothing screens it."""
    english = options.language == "en" or not asked
    parsed = parsed and english
    fluent = parsed and "fluency" in options.helpers
    tables = tuple(rule for rule in rules_by(options.tagger) if not (parsed and rule.name in BY_TREE))
    rules: tuple[Paraphrase, ...] = (RuleParaphrase(depth=1, rules=tables, tagger=options.tagger),) if english else ()
    sources: tuple[Source, ...] = (*((Syntax(),) if parsed else ()), *((Model(asked, english),) if asked else ()))
    needs = {"rewriter": bool(asked), "parser": parsed, "fluency": fluent}
    return assemble(
        options,
        name,
        lambda rules, constraints: Rewriting(
            rules, constraints, sources, DEPTH, WIDTH, EXCLUSIVE, SLACK if fluent else None, MOST if parsed or asked else None
        ),
        transformations=rules,
        citation=citation,
        level="sentence",
        own=(SentenceSimilarity(SIMILAR),) if parsed or asked else (),
        needs=tuple(role for role, needed in needs.items() if needed),
        preserves=MEANING if parsed or asked else None,
        technique=MODEL_TECHNIQUE,
        languages=options.brought("rewriter") if asked else ("en",),
        parameters=(
            ("search", f"beam of {WIDTH} over up to {DEPTH} rewrites on one another"),
            *((("rewriter", f"{asked} rewrites of each text"),) if asked else ()),
            *((("tagger", tagger_name(options.tagger)),) if rules else ()),
            *((("syntax", "rules over a dependency tree, each rewrite parsed again"),) if parsed else ()),
            *((("fluency", _fluency(fluent)),) if parsed else ()),
        ),
        note="The rules are this project's own; the paper learns them from a corpus of paraphrases." if not asked else "",
    )


def _fluency(fluent: bool) -> str:
    if not fluent:
        return "not judged: no language model was named (--fluency hf:PATH)"
    return f"ranked by a language model, at most {SLACK:g} below the original in mean log-probability of a token"
