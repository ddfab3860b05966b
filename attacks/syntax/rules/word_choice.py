"""A word or phrase for its equal, where the parser finds the class that the table asks for, inflected like the old one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import regex

from attacks.language.articles import article_for
from attacks.language.morphology import inflect
from attacks.syntax.rules.pieces import Pieces, hyphened, lemma_of, spliced
from attacks.syntax.tree import Sentence
from attacks.transformations.tables import table

_CLASSES = {"N": "NOUN", "V": "VERB", "T": "VERB", "I": "VERB", "W": "VERB", "J": "ADJ", "G": "ADJ", "R": "ADV", "D": "ADV"}
_COUNTED = frozenset("too so as how very not n't that the a its his her their our my your like these those".split())
"""Words after which *many* and *much* are no more than *numerous* and *a great deal*."""
_JUDGED = frozenset(
    """film films movie movies comedy comedies drama dramas thriller thrillers documentary performance performances actor actors
    actress cast story stories script screenplay book novel adaptation sequel tale acting direction writing dialogue entertainment
    soundtrack score performer performers ensemble debut portrait service hotel restaurant meal food""".split()
)
"""Nouns beside which *good* and its like are a verdict and nothing else."""
_SHORT = regex.compile(r"[^aeiouy]*[aeiouy]+[^aeiouy]*e?|[^aeiouy]*[aeiouy]+[^aeiouy]+y")
"""Adjectives that are compared by endings."""
_STORIES = frozenset("back short love true life side cover inside bedtime ghost".split())
"""Words before *story* that make a kind of it."""
_BEFORE_ALMOST = frozenset("no never nothing none nobody any always every everything".split())


@cache
def _equals() -> dict[str, list[tuple[str, tuple[str, ...], tuple[str, ...]]]]:
    """First word in its base form: (class, the words after it, equals)."""
    rows: dict[str, list[tuple[str, tuple[str, ...], tuple[str, ...]]]] = {}
    for key, values in table("equals").items():
        kind, first, *rest = key.split()
        rows.setdefault(first, []).append((kind, tuple(rest), values))
    return rows


def equal_nouns(s: Sentence) -> Iterator[Pieces]:
    """``a film that works`` becomes ``a movie that works``."""
    yield from _equal(s, "N")


def equal_verbs(s: Sentence) -> Iterator[Pieces]:
    """``it provides laughs`` becomes ``it offers laughs``."""
    yield from _equal(s, "VTIW")


def equal_adjectives(s: Sentence) -> Iterator[Pieces]:
    """``an odd film`` becomes ``a strange film``."""
    yield from _equal(s, "JG")


def equal_adverbs(s: Sentence) -> Iterator[Pieces]:
    """``extremely dull`` becomes ``exceedingly dull``."""
    yield from _equal(s, "RD")


def equal_phrases(s: Sentence) -> Iterator[Pieces]:
    """``instead of jokes`` becomes ``rather than jokes``."""
    yield from _equal(s, "X")


def _equal(s: Sentence, kinds: str) -> Iterator[Pieces]:
    """Each place alone, by each of the equals that the table has for one of these classes."""
    quoted = False
    for i in range(s.first, s.last):
        node = s.nodes[i]
        quoted ^= node.text in ('"', "``", "''", "“", "”")
        owner = i + 1 < s.last and s.nodes[i + 1].small in ("'", "'s") and node.tag == "NNS"
        if node.entity or node.tag in ("NNP", "NNPS") or hyphened(s, i) or owner or quoted:
            continue
        rows = [
            (end, kind, value)
            for base in dict.fromkeys((node.small, node.lemma.lower()))
            for kind, rest, values in _equals().get(base, ())
            if kind in kinds and _fits(s, i, kind, base, len(rest))
            if (end := i + 1 + len(rest)) <= s.last and tuple(s.nodes[j].small for j in range(i + 1, end)) == rest
            for value in values
        ]
        longest = max((end for end, _, _ in rows), default=0)
        for end, kind, value in rows:
            new = _inflected(s, i, kind, value) if end == longest and not _little(s, i, end) else None
            if kind in "JG" and i > s.first and s.nodes[i - 1].small in ("more", "most") and _SHORT.fullmatch(value):
                continue  # "the dullest", not "the most dull"
            if new is not None and not (new[0] in ("a", "an") and _determined(s, i)):
                yield _placed(s, i, end, new)


def _fits(s: Sentence, i: int, kind: str, base: str, more: int) -> bool:
    """Whether the word is of the class, and used as its equals could be; ``more`` words after it are replaced with it."""
    node = s.nodes[i]
    if base in ("many", "much") and i > s.first and s.nodes[i - 1].small in _COUNTED:
        return False
    if kind == "X":
        return node.small == base
    if kind == "N":
        before_noun = more == 0 and i + 1 < s.last and s.nodes[i + 1].tag[:2] == "NN"
        beside = {s.nodes[k].small for k in s.kids(i, "compound", "nmod")}
        named = bool(beside) and (base not in ("film", "movie") or bool(beside & {"home", "snuff", "feature"}))
        whole = node.dep not in ("compound", "npadvmod", "amod", "nmod") and not named and not before_noun
        cinema = node.small in ("movies", "films") and i > s.first and s.nodes[i - 1].small == "the"
        set_phrase = base == "story" and i > s.first and s.nodes[i - 1].small in _STORIES
        misread = node.tag == "NNS" and any(s.nodes[k].small in ("a", "an") for k in s.kids(i, "det"))
        return node.tag in ("NN", "NNS") and whole and not cinema and not misread and not set_phrase
    if kind in "JG":
        return (
            node.tag == "JJ"
            and node.small == base
            and node.dep in ("amod", "acomp", "conj", "ROOT", "ccomp")
            and (kind == "J" or (node.dep == "amod" and s.nodes[i + 1].small in _JUDGED))
            and (more > 0 or _adjective(s, i))
            and not s.kids(i, "det")  # "the fantastic and the believable"
            and (base not in ("hard", "difficult") or node.dep == "acomp")  # "die hard fans"
        )
    if kind == "R":
        degree = base in ("almost", "nearly") and i + 1 < s.last and s.nodes[i + 1].small in _BEFORE_ALMOST
        degree |= i + 1 < s.last and s.nodes[i + 1].small == "too"  # "entirely too long"
        than = i > s.first and s.nodes[i - 1].small in ("than", "as")
        return node.tag == "RB" and node.small == base and not degree and not than and not s.kids(i, "neg", "advmod")
    if kind == "D":
        return node.tag == "RB" and node.small == base and _graded(s, i)
    return _verb(s, i, kind, base, more)


def _graded(s: Sentence, i: int) -> bool:
    """Whether an adverb says how much the adjective or adverb right after it is meant."""
    node, head = s.nodes[i], s.nodes[s.nodes[i].head]
    if node.dep != "advmod" or node.head <= i or head.tag not in ("JJ", "RB", "VBG", "VBN") or s.kids(i):
        return False
    if head.small in (
        "much",
        "many",
        "little",
        "few",
        "same",
        "first",
        "last",
        "own",
        "best",
        "far",
        "often",
        "bad",
        "long",
        "late",
    ):
        return False
    complement = any(k > node.head for k in s.kids(node.head, "xcomp", "ccomp", "advcl"))
    return all(s.nodes[k].dep == "advmod" or s.nodes[k].text == "-" for k in range(i + 1, node.head)) and not complement


def _verb(s: Sentence, i: int, kind: str, base: str, more: int) -> bool:
    """Whether a verb has the frame that its equals want: *T* an object and no more, *I* none."""
    node = s.nodes[i]
    if node.dep in ("amod", "compound") or (i > s.first and s.nodes[i - 1].tag in ("DT", "PRP$", "JJ")):
        return False  # "this illuminating comedy"
    if s.kids(i, "xcomp", "ccomp") and not base.endswith(_WITH_INFINITIVE):
        return False
    if more and node.tag == "VBN" and not s.kids(i, "aux"):
        return False  # "it was turned into a farce" is not "it was become a farce"
    if any(k > i + more for k in s.kids(i, "prt")) or (s.kids(i, "prt") and not more):
        return False
    things = s.kids(i, "dobj", "attr", "acomp", "oprd")
    if base == "feel" and not _felt(s, i, more):
        return False
    if kind == "W" and not any(s.nodes[k].small in _JUDGED for k in s.kids(i, "dobj", "nsubjpass")):
        return False
    if kind in "TW" and (not s.kids(i, "dobj", "nsubjpass") or s.kids(i, "dative", "oprd") or _light(s, i)):
        return False
    if kind == "I" and (things or (node.tag == "VBG" and not s.kids(i, "aux")) or s.kids(i, "nsubjpass")):
        return False
    return node.tag[:1] == "V" and lemma_of(node.small) == base


_WITH_INFINITIVE = ("begin", "start", "try", "attempt", "seem", "appear", "need", "have", "strive", "want", "prove", "turn")


def _felt(s: Sentence, i: int, more: int) -> bool:
    """Whether *feel* tells how a thing strikes one, not what somebody feels."""
    subject = s.subject(i)
    thing = subject is not None and (
        s.nodes[subject].small in _JUDGED or s.nodes[subject].small in ("it", "this", "that", "which")
    )
    return thing and i + 1 < s.last and (bool(s.kids(i, "acomp")) or s.nodes[i + 1].small == "like")


def _light(s: Sentence, verb: int) -> bool:
    """Whether verb and object may be a set phrase: the object is *it* or *way*, or stands without article and modifier."""
    thing = s.kid(verb, "dobj")
    return thing is not None and s.nodes[thing].small in ("it", "way", "itself", "one", "place", "point", "step", "eye", "breath")


def _adjective(s: Sentence, i: int) -> bool:
    """No name of a kind beside it, and no complement after it that its equals may not take."""
    return not any(k > i and s.nodes[k].dep in ("prep", "xcomp", "ccomp") for k in s.kids(i)) or s.nodes[i].small in (
        "hard",
        "difficult",
    )


def _little(s: Sentence, i: int, end: int) -> bool:
    """Whether *a little* or *a bit* tells how much of a thing, or how large one is, and not to what degree."""
    small = s.text(range(i, end)) in ("a little", "a bit", "a tad", "a lot more", "much more", "far more")
    return small and (end >= s.last or s.nodes[end].tag[:2] not in ("JJ", "RB", "VB") or s.nodes[end].tag == "VBG")


def _determined(s: Sentence, i: int) -> bool:
    """Whether a determiner stands before a place, so that no other may."""
    return i > s.first and (s.nodes[i - 1].tag in ("DT", "PRP$", "POS") or s.nodes[i - 1].small in ("such", "what", "quite"))


def _inflected(s: Sentence, i: int, kind: str, value: str) -> Pieces | None:
    first, *rest = value.split()
    tag = s.nodes[i].tag
    if kind == "R" and rest and first not in ("most", "a", "once"):
        apart = s.nodes[i + 1].small == "," if i == s.first and i + 1 < s.last else i == s.body[-1]
        return [first, *rest] if apart else None  # "it works for the most part", not "it for the most part works"
    if kind not in _CLASSES or _CLASSES[kind] in ("ADJ", "ADV"):
        return [first, *rest]
    if kind == "N" and rest and tag == "NNS":
        return None
    if _CLASSES[kind] == "VERB" and rest and tag == "VBN" and not s.kids(i, "aux"):
        return None
    new = inflect(first, _CLASSES[kind], "VB" if tag == "VBP" else tag) if tag not in ("NN", "VB") else first
    return [new, *rest] if new else None


def _placed(s: Sentence, start: int, end: int, new: Pieces) -> Pieces:
    """With the article before it as the new word wants it."""
    det = start - 1
    if det >= s.first and s.nodes[det].small in ("a", "an") and isinstance(new[0], str) and new[0] not in ("a", "an"):
        fitting = article_for(new[0])
        if fitting != s.nodes[det].small:
            return spliced(s, det, end, [fitting, *new])
    return spliced(s, start, end, new)
