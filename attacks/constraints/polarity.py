"""A replacement must not reverse an opinion or a statement: antonyms, negations, degrees, words of opposite valence."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import ClassVar, cast

import regex

from attacks.constraints.base import Constraint, replaced
from attacks.constraints.stopwords import is_stop_word
from attacks.language.morphology import lemmas, readings
from attacks.language.resources import Lexicon
from attacks.search import Candidate
from attacks.transformations.tables import table
from attacks.words import Words

NEGATORS = frozenset(
    """no not never none nobody nothing nowhere neither nor without cannot ne'er nary n't nix naught nought
    ain't aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't mightn't mustn't needn't shan't shouldn't wasn't
    weren't won't wouldn't""".split()
)
"""Words that deny; none may come, go, or become another kind of word."""
_KINDS: dict[str, frozenset[str]] = {
    "negator": NEGATORS,
    "minimiser": frozenset("hardly barely scarcely seldom rarely insufficiently inadequately infrequently".split()),
    "few": frozenset("little few least less fewer".split()),
    "downtoner": frozenset(
        """somewhat slightly partly partially moderately mildly almost nearly marginally relatively vaguely faintly passably
        tolerably halfway practically virtually supposedly allegedly ostensibly purportedly""".split()
    ),
    "booster": frozenset(
        """very extremely absolutely completely totally utterly really highly truly deeply thoroughly wholly entirely fully
        perfectly immensely enormously incredibly exceptionally hugely supremely genuinely decidedly""".split()
    ),
    "always": frozenset("always constantly invariably forever everytime perpetually ever".split()),
    "sometimes": frozenset("sometimes occasionally intermittently sporadically".split()),
    "much": frozenset("all every everyone everybody everything everywhere most many much more plenty both".split()),
}
_STRICT = frozenset({"negator", "minimiser"})
"""Kinds that no other word may become and that may become no other word."""
_OPPOSED = (
    ("lose waste forfeit", "recover regain retain keep gain win find retrieve restore acquire earn"),
    ("fail flop", "succeed manage prosper thrive"),
    ("lack miss need", "have possess own contain"),
    ("love like enjoy adore cherish", "hate dislike loathe detest despise abhor"),
    ("accept approve", "reject refuse decline disapprove"),
    ("increase rise grow climb soar expand improve", "decrease decline fall shrink drop sink diminish contract worsen plunge"),
    ("begin start open", "end stop finish close cease"),
    ("before prior earlier first", "after later last following"),
    ("remember recall", "forget overlook"),
    ("allow permit let enable", "forbid prohibit prevent ban block hinder"),
    ("true right correct real genuine", "false wrong incorrect fake bogus"),
    ("include contain", "exclude omit lack"),
    ("help aid assist", "hinder hurt harm hamper impede"),
    ("build create construct make", "destroy demolish wreck ruin"),
    ("agree concur", "disagree differ dissent"),
    ("buy purchase", "sell"),
    ("enter arrive come", "leave depart exit go"),
    ("attack assault", "defend protect"),
    ("praise applaud commend", "criticise criticize condemn blame denounce"),
    ("safe secure", "dangerous unsafe risky"),
    ("smart clever bright intelligent", "stupid dumb dull foolish"),
    ("fast quick rapid", "slow sluggish"),
    ("strong powerful", "weak feeble"),
    ("hot warm", "cold cool"),
    ("high tall", "low short"),
    ("rich wealthy", "poor"),
    ("early", "late"),
    ("full", "empty"),
    ("easy simple", "hard difficult complex"),
    ("interesting engaging gripping", "boring dull tedious"),
    ("up upward", "down downward"),
    ("inside in within", "outside out"),
    ("man boy male father brother son husband king", "woman girl female mother sister daughter wife queen"),
)
_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "mis", "de", "anti")
_SENSES = 3
_FORMAT = regex.compile(r"\p{Cf}")


@dataclass(frozen=True)
class Polarity(Constraint):
    """No replacement denies, or stops denying, or says the opposite: by tables alone, so that it costs next to nothing.

    Refused are antonyms, the words nearest to them, words of opposite valence, and any change of a negation or of a degree into
    its contrary. Forms that no dictionary knows (typos) are left to other rules.
    """

    name: ClassVar[str] = "polarity"
    for_levels: ClassVar[tuple[str, ...]] = ("word", "sentence", "mixed")
    lexicon: Lexicon

    def describe(self) -> str:
        """The rule in plain words."""
        return f"no word becomes its opposite, a negation, or a word of opposite valence ({self.lexicon.name}, VADER)"

    def allows(self, original: Words, candidate: Candidate) -> bool:
        """Whether no replacement reverses the meaning, and the text has as many negations as before."""
        pairs = replaced(original, candidate)
        if candidate.words is None:
            same = _negations(original.original) == _negations(candidate.text)
        else:
            same = sum(_negations(old) for old, new in pairs if not _is_typo(new)) == sum(_negations(new) for _, new in pairs)
        return same and all(self.compatible(old, new) for old, new in pairs if not (_negations(old) or _negations(new)))

    def compatible(self, before: str, after: str) -> bool:
        """Whether ``after`` may stand for ``before``; of several words the ones that they do not share count."""
        old, new = _small(before), _small(after)
        if old == new:
            return True
        if " " in old or " " in new:
            return self._phrases(old.split(), new.split())
        return _compatible(old, new, cast(Hashable, self.lexicon))

    def _phrases(self, old: list[str], new: list[str]) -> bool:
        gone, come = [w for w in old if w not in new], [w for w in new if w not in old]
        return all(_kind(word) not in _STRICT for word in (*gone, *come)) and all(
            _compatible(a, b, cast(Hashable, self.lexicon))
            for a in gone
            for b in come
            if _kind(a) or _kind(b) or valence(a) or valence(b)
        )


def _small(word: str) -> str:
    return word.lower().replace("’", "'")


@lru_cache(1 << 16)
def _kind(word: str) -> str:
    return next((name for name, words in _KINDS.items() if word in words), "")


@lru_cache(1 << 16)
def _is_typo(word: str) -> bool:
    """Whether no dictionary knows the form, so that it reads as a slip for the word that stood there."""
    return bool(word) and not readings(_small(word)) and not is_stop_word(word)


@cache
def _valences() -> dict[str, int]:
    signs = table("polarity")
    return {word: sign for name, sign in (("positive", 1), ("negative", -1)) for word in signs[name]}


@lru_cache(1 << 16)
def valence(word: str) -> int:
    """1 for a word of positive valence, -1 for a negative one, 0 where neither it nor its lemmas tell."""
    known = _valences()
    if word in known:
        return known[word]
    signs = {known[lemma] for lemma in lemmas(word) if lemma in known}
    return signs.pop() if len(signs) == 1 else 0


@cache
def _sides() -> dict[str, tuple[tuple[int, int], ...]]:
    """Lemma to the (opposition, side) pairs it stands on."""
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for number, sides in enumerate(_OPPOSED):
        for side, words in enumerate(sides):
            for word in words.split():
                found[word] = (*found.get(word, ()), (number, side))
    return found


@lru_cache(1 << 17)
def _compatible(before: str, after: str, keyed: Hashable) -> bool:
    lexicon, kinds = cast(Lexicon, keyed), (_kind(before), _kind(after))
    if any(kinds) and not _degrees_agree(*kinds, known=bool(kinds[1] or readings(after)) or is_stop_word(after)):
        return False
    if valence(before) * valence(after) < 0 or _negated(before, after) or _negated(after, before):
        return False
    return not (_opposed(before, after) or _antonyms(before, after, lexicon) or _antonyms(after, before, lexicon))


def _degrees_agree(old: str, new: str, *, known: bool) -> bool:
    if old == new or not known:
        return True
    if old in _STRICT or new in _STRICT:
        return False
    return not (old and new) or {old, new} in ({"booster", "always"}, {"booster", "much"}, {"always", "much"})


def _negated(plain: str, other: str) -> bool:
    """Whether one is the other with a negative prefix, or ``-less`` where the other has ``-ful``."""
    if any(other == prefix + plain for prefix in _PREFIXES) and len(plain) > 2:
        return True
    return other.endswith("less") and plain in (other[:-4], other[:-4] + "ful", other[:-4] + "y", other[:-4] + "fully")


def _opposed(before: str, after: str) -> bool:
    known = _sides()
    ours = {pair for lemma in lemmas(before) for pair in known.get(lemma, ())}
    theirs = {pair for lemma in lemmas(after) for pair in known.get(lemma, ())}
    return any((number, 1 - side) in theirs for number, side in ours) and ours.isdisjoint(theirs)


def _antonyms(before: str, after: str, lexicon: Lexicon) -> bool:
    """Whether ``after``, or one of the words nearest to it in meaning, is an antonym of ``before``."""
    opposite = lexicon.antonyms(before)
    if not opposite:
        return False
    if not lemmas(after).isdisjoint(opposite):
        return True
    near = lexicon.synonyms(after)[:_SENSES]
    shared = set(lexicon.synonyms(before))
    return after not in shared and any(not lemmas(word).isdisjoint(opposite) for word in near if word not in shared)


@lru_cache(1 << 12)
def _negations(text: str) -> int:
    words = Words(_FORMAT.sub("", text))
    return sum(_small(words[i]) in NEGATORS for i in range(len(words)))
