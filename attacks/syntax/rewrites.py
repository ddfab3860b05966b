"""Every rule under its name, and what they make of a text: drafts, which a parser has yet to confirm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from attacks.syntax.facts import facts, negations, stem
from attacks.syntax.rules import (
    adverbials,
    clefts,
    contrast,
    coordination,
    fragments,
    nouns,
    particles,
    relatives,
    verbs,
    voice,
    word_choice,
)
from attacks.syntax.rules.pieces import Pieces
from attacks.syntax.style import Prepared, prepare, render
from attacks.syntax.tree import Sentence, Tree, sentences

LONGEST = 80
"""Tokens of the longest sentence that is rewritten: beyond it a small parser is wrong too often."""
MOST_SENTENCES = 20
EACH = 4
"""Drafts that one rule may make of one sentence, where it does not say so itself."""
_FUNCTION = frozenset(
    """a an the is are was were be been being 's 're have has had do does did that which who whom what it there of by to in
    order not n't
    any no and or but yet although though even while however both as well though because since if so also 's ' , . ; : ! ? till
    until
    with all both 'm 've must can able ca will continue keep one among such so each every where also well
    without should ought going too this might may""".split()
)


@dataclass(frozen=True, slots=True)
class SyntaxRule:
    """A named rule over one sentence. ``each``: drafts that it may make of it."""

    name: str
    rewrites: Callable[[Sentence], Iterable[Pieces]]
    each: int = EACH


WORDS = frozenset({"noun-choice", "verb-choice", "adjective-choice", "adverb-choice", "phrase-choice"})
"""Rules that put other words in by a table. Each may be used once on a text, so that no word drifts from equal to equal."""
WITHOUT_COPULA = frozenset({"adjective-before", "relative-reduction"})
"""Rules that leave out the *is* of a relative clause."""
WORD_EACH = 12

RULES: tuple[SyntaxRule, ...] = (
    SyntaxRule("fronted-adverbial", adverbials.to_front),
    SyntaxRule("moved-adverbial", adverbials.to_back),
    SyntaxRule("adverb-place", adverbials.adverb_place),
    SyntaxRule("purpose", adverbials.purpose),
    SyntaxRule("connective", adverbials.connective),
    SyntaxRule("contrast", contrast.but_although),
    SyntaxRule("although-but", contrast.although_but),
    SyntaxRule("adjective-contrast", contrast.but_adjectives),
    SyntaxRule("clause-link", contrast.semicolon),
    SyntaxRule("shared-subject", contrast.shared_subject),
    SyntaxRule("coordination-swap", coordination.swap),
    SyntaxRule("list-order", coordination.lists),
    SyntaxRule("both-and", coordination.both),
    SyntaxRule("adjective-order", coordination.adjectives),
    SyntaxRule("passive", voice.passive),
    SyntaxRule("active", voice.active),
    SyntaxRule("participle-clause", voice.participle_clause),
    SyntaxRule("it-cleft", clefts.it_cleft),
    SyntaxRule("no-it-cleft", clefts.from_it_cleft),
    SyntaxRule("what-cleft", clefts.what_cleft),
    SyntaxRule("no-what-cleft", clefts.from_what_cleft),
    SyntaxRule("existential", clefts.existential),
    SyntaxRule("there-insertion", clefts.there_insertion),
    SyntaxRule("gerund-subject", clefts.extraposed),
    SyntaxRule("relative-pronoun", relatives.pronoun),
    SyntaxRule("object-pronoun", relatives.object_pronoun),
    SyntaxRule("relative-reduction", relatives.reduced),
    SyntaxRule("relative-expansion", relatives.expanded),
    SyntaxRule("adjective-clause", relatives.adjective_clause),
    SyntaxRule("adjective-before", relatives.adjective_before),
    SyntaxRule("postposed", relatives.postposed),
    SyntaxRule("with-clause", relatives.with_clause),
    SyntaxRule("where-clause", relatives.where),
    SyntaxRule("apposition-clause", relatives.apposition),
    SyntaxRule("owner-before", nouns.of_to_owner),
    SyntaxRule("owner-after", nouns.owner_to_of),
    SyntaxRule("quantifier", nouns.quantifier),
    SyntaxRule("dative", nouns.dative),
    SyntaxRule("particle", nouns.particle),
    SyntaxRule("complementiser", verbs.complementiser),
    SyntaxRule("seem-to-be", verbs.seems),
    SyntaxRule("no-any", verbs.no_any),
    SyntaxRule("infinitive", verbs.infinitive),
    SyntaxRule("modal", verbs.modal),
    SyntaxRule("also", verbs.also),
    SyntaxRule("such", verbs.such),
    SyntaxRule("each", verbs.every),
    SyntaxRule("not-only", verbs.not_only),
    SyntaxRule("it-is", fragments.it_is),
    SyntaxRule("dropped-it", fragments.dropped_it),
    SyntaxRule("there-is", fragments.there_is),
    SyntaxRule("with-no", particles.without),
    SyntaxRule("but-yet", particles.but_yet),
    SyntaxRule("too", particles.too),
    SyntaxRule("this-the", particles.this),
    SyntaxRule("not-able", particles.able),
    SyntaxRule("going-to", particles.future),
    SyntaxRule("should-ought", particles.should),
    SyntaxRule("help-to", particles.helps),
    SyntaxRule("noun-choice", word_choice.equal_nouns, WORD_EACH),
    SyntaxRule("verb-choice", word_choice.equal_verbs, WORD_EACH),
    SyntaxRule("adjective-choice", word_choice.equal_adjectives, WORD_EACH),
    SyntaxRule("adverb-choice", word_choice.equal_adverbs, WORD_EACH),
    SyntaxRule("phrase-choice", word_choice.equal_phrases, WORD_EACH),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A rewrite that nobody has checked yet, in the manner of its source."""

    text: str
    rule: str


def drafts(text: str, tree: Tree, rules: Sequence[SyntaxRule] = RULES) -> list[Draft]:
    """What the rules make of a text whose prepared form has this tree; each text once, by the first rule that makes it."""
    prepared = prepare(text)
    if not tree or tree[-1].end > len(prepared.text):
        return []
    found: dict[str, str] = {}
    for sentence in sentences(tree)[:MOST_SENTENCES]:
        if sentence.last - sentence.first > LONGEST:
            continue
        for rule in rules:
            for new in islice(_rendered(prepared, tree, sentence, rule), rule.each):
                found.setdefault(new, rule.name)
    found.pop(text, None)
    return [Draft(new, rule) for new, rule in found.items()]


def _rendered(prepared: Prepared, tree: Tree, sentence: Sentence, rule: SyntaxRule) -> Iterator[str]:
    for pieces in rule.rewrites(sentence):
        yield render(prepared, tree, pieces, sentence.first, sentence.last)


def confirmed(before: Tree, after: Tree, rule: str = "") -> bool:
    """Whether a parser finds in a rewrite the same facts, the same denials and the same content words again.

    A rule that changes words by a table is held to the facts that do not speak of these words.
    """
    old, new = _content(before), _content(after)
    gone = old - new
    if rule not in WORDS and (gone or new - old):
        return False
    if sum(negations(before).values()) != sum(negations(after).values()):
        return False
    lost = facts(before) - facts(after)
    if rule in WITHOUT_COPULA:
        return all(fact[:2] == ("be", "agent") for fact in lost)
    return all(rule in WORDS and not gone.keys().isdisjoint((fact[0], fact[2])) for fact in lost)


RECOVERED = 0.75
"""Least share of the facts of a text that must be found in what a model made of it: it may have put a synonym in the others."""


def recovered(before: Tree, after: Tree) -> bool:
    """Whether a parser finds in a model's rewrite most of what it found before, little else, and the same words denied."""
    old, new = facts(before), facts(after)
    kept = sum((old & new).values())
    most = max(sum(old.values()), sum(new.values()))
    return negations(before) == negations(after) and (not most or kept / most >= RECOVERED)


def _content(tree: Tree) -> Counter[str]:
    return Counter(stem(node) for node in tree if node.small not in _FUNCTION)
