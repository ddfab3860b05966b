"""DeepWordBug: one slip of the finger in each of the words that matter most."""

from __future__ import annotations

from attacks.constraints.amount import MaxEditDistance
from attacks.constraints.repeat import NoRepeat
from attacks.recipes.assemble import assemble, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.greedy import Greedy
from attacks.strategies.ranking import ByMask, Thrifty
from attacks.transformations.characters.slips import CharacterDrop, CharacterInsert, CharacterSubstitute, CharacterSwap

CITATION = Citation(
    "Gao et al. 2018, Black-box Generation of Adversarial Text Sequences to Evade Deep Learning Classifiers",
    "https://arxiv.org/abs/1801.04354",
)


@register("deepwordbug")
def deepwordbug(options: Options) -> Recipe:
    """Swap, substitute, drop or insert one character a word, most important words first, at most 30 character edits a text."""
    slips = (
        CharacterSwap(keep_first=False, one=True),
        CharacterSubstitute(keep_first=False, one=True),
        CharacterDrop(keep_first=False, one=True),
        CharacterInsert(keep_first=False, one=True),
    )
    ranking = Thrifty(ByMask(), least=0, per_word=2)
    return assemble(
        options,
        "deepwordbug",
        lambda slips, constraints: Greedy(slips, ranking, constraints, prefer="first"),
        transformations=slips,
        citation=CITATION,
        level="character",
        own=(*stop_words(options, spelling=True), NoRepeat(), MaxEditDistance(30)),
        parameters=(("search", "greedy, ends with the first success"), ("ranking", ranking.describe())),
        note="Of the paper's scoring functions the replace-1 score, which reads no token order and so fits any victim.",
    )
