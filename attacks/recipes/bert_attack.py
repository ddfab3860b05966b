"""BERT-Attack: words replaced by what BERT could also read where it sees them."""

from __future__ import annotations

from attacks.constraints.amount import MaxWordsChanged
from attacks.constraints.antonyms import NotAntonym
from attacks.constraints.repeat import NoRepeat
from attacks.preserves import SUBJECT
from attacks.recipes.assemble import assemble, lexicon, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.infilling import TECHNIQUE, Infilling
from attacks.strategies.ranking import ByMask, Thrifty

CITATION = Citation("Li et al. 2020, BERT-ATTACK: Adversarial Attack Against BERT Using BERT", "https://arxiv.org/abs/2004.09984")


@register("bert-attack")
def bert_attack(options: Options) -> Recipe:
    """Replace at most 40 % of the words by one of the 48 likeliest, the word itself unmasked, most important word first."""
    ranking = Thrifty(ByMask("[MASK]"))
    rules = (*stop_words(options), NoRepeat(), MaxWordsChanged(0.4), NotAntonym(lexicon(options)))
    return assemble(
        options,
        "bert-attack",
        lambda _, constraints: Infilling(ranking, constraints, n=48, masked=False, prefer="first"),
        technique=TECHNIQUE,
        preserves=SUBJECT,
        citation=CITATION,
        level="word",
        needs=("masked-lm",),
        languages=options.brought("masked-lm"),
        own=rules,
        parameters=(
            ("search", "greedy, ends with the first success"),
            ("ranking", ranking.describe()),
            ("predictions", "48, with the word in place"),
        ),
        note=(
            "A word of several tokens is masked and replaced by single words; the paper ranks combinations of subwords by "
            "perplexity. Antonyms are left out on every task, as the paper does on sentiment."
        ),
    )
