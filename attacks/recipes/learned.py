"""Learned: changes of every kind stacked in the order in which this victim is known to give way."""

from __future__ import annotations

from attacks.constraints.amount import MaxWordsChanged
from attacks.constraints.repeat import NoRepeat
from attacks.recipes.assemble import assemble, lexicon, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.learning.stacking import Stacking
from attacks.transformations.characters.homoglyphs import Homoglyph
from attacks.transformations.characters.slips import CharacterDrop, CharacterInsert, CharacterSubstitute, CharacterSwap
from attacks.transformations.words.synonyms import Synonym

CITATION = Citation(
    "Lee et al. 2022, Query-Efficient and Scalable Black-Box Adversarial Attacks on Discrete Sequential Data via Bayesian "
    "Optimization",
    "https://proceedings.mlr.press/v162/lee22h.html",
)


@register("learned")
def learned(options: Options) -> Recipe:
    """Slips, lookalikes and synonyms, one more at a time where it helps, chosen by what such changes gained in the run so far."""
    words = lexicon(options)
    swaps = (
        CharacterSwap(keep_first=False, one=True),
        CharacterSubstitute(keep_first=False, one=True),
        CharacterDrop(keep_first=False, one=True),
        CharacterInsert(keep_first=False, one=True),
        Homoglyph(),
        Synonym(words, languages=options.brought(options.resources.lexicon), open_class=True),
    )
    return assemble(
        options,
        "learned",
        lambda swaps, constraints: Stacking(swaps, constraints),
        transformations=swaps,
        citation=CITATION,
        level="mixed",
        learns=True,
        own=(*stop_words(options, spelling=True), NoRepeat(), MaxWordsChanged(0.4, at_least=2)),
        parameters=(("search", "one more change at a time, by Thompson sampling"), ("lexicon", words.name)),
        note=(
            "As in the paper changes are chosen by a model of what they gain; here it is a normal mean by word, part of speech, "
            "place and technique, pooled over the trials of the run, not a Gaussian process fitted to each text."
        ),
    )
