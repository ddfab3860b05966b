"""BAE: words replaced by what BERT reads in their place."""

from __future__ import annotations

from attacks.constraints.part_of_speech import PartOfSpeech
from attacks.constraints.repeat import NoRepeat
from attacks.constraints.similarity import SentenceSimilarity
from attacks.preserves import SUBJECT
from attacks.recipes.assemble import assemble, stop_words
from attacks.recipes.registry import Options, register
from attacks.search import Citation, Recipe
from attacks.strategies.infilling import TECHNIQUE, Infilling
from attacks.strategies.ranking import ByDeletion, Thrifty

CITATION = Citation(
    "Garg and Ramakrishnan 2020, BAE: BERT-based Adversarial Examples for Text Classification", "https://arxiv.org/abs/2004.01970"
)


@register("bae")
def bae(options: Options) -> Recipe:
    """Mask a word, take the 50 likeliest of the same part of speech in similar sentences, most important word first."""
    ranking = Thrifty(ByDeletion())
    return assemble(
        options,
        "bae",
        lambda _, constraints: Infilling(ranking, constraints, n=50, masked=True, prefer="similarity"),
        technique=TECHNIQUE,
        preserves=SUBJECT,
        citation=CITATION,
        level="word",
        needs=("masked-lm",),
        languages=options.brought("masked-lm"),
        own=(*stop_words(options), NoRepeat(), PartOfSpeech(), SentenceSimilarity(0.8)),
        parameters=(
            ("search", "greedy, the most similar of several successes"),
            ("ranking", ranking.describe()),
            ("predictions", "50, with the word masked"),
        ),
        note=(
            "The variant BAE-R, which replaces. The run's sentence encoder stands for the paper's Universal Sentence Encoder; "
            "the part of speech is the dictionary's, context aside."
        ),
    )
