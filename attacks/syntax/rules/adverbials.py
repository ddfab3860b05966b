"""Adverbials and subordinate clauses, moved to the front, to the back, or to the verb."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.syntax.rules.pieces import THIRD, Pieces, before_comma, put, spliced
from attacks.syntax.tree import Sentence

MARKS = frozenset("because although though when if while since unless after before until once whenever".split())
_TIMES = frozenset(
    """after before during despite throughout until since by in at on amid given unlike beneath behind beyond from
    under""".split()
)
_PLACES = frozenset(
    """end beginning start middle time times year years day days moment moments decade place theater theatre world scene scenes
    minutes
    hour hours half act summer season night morning evening weekend week month century america hollywood beginning years ending
    process movie film picture story book series surface center centre core heart hands meantime""".split()
)
_ADVERBS = frozenset(
    """probably surely certainly clearly obviously ultimately eventually occasionally sometimes usually often generally
    frequently mostly inevitably unfortunately fortunately sadly apparently finally initially undoubtedly predictably thankfully
    regrettably admittedly perhaps essentially basically arguably presumably evidently""".split()
)


def to_front(s: Sentence) -> Iterator[Pieces]:
    """``It works because it is honest.`` becomes ``Because it is honest, it works.``; so do adverbials of time and place."""
    root = s.root
    if not _plain_clause(s, root) or s.kids(root, "conj"):
        return
    for kid in s.kids(root, "advcl", "prep"):
        span = s.span(kid)
        if span is None or span[-1] != s.body[-1] or len(span) < 3 or not _movable(s, kid) or span[0] <= root:
            continue
        rest = [i for i in range(s.first, before_comma(s, span[0]))]
        if rest and "," not in {s.nodes[i].small for i in rest[-1:]}:
            yield [*span, ",", *rest, *s.closing]


def to_back(s: Sentence) -> Iterator[Pieces]:
    """``When it ends, you sigh.`` becomes ``You sigh when it ends.``; not where a pronoun would lose the noun before it."""
    root = s.root
    if s.finite(root) is None or s.subject(root) is None or s.is_question:
        return
    for kid in s.kids(root, "advcl", "prep"):
        span = s.span(kid)
        if span is None or span[0] != s.first or not _movable(s, kid) or len(span) < 3:
            continue
        if s.nodes[s.first].small in ("while", "since"):
            continue  # behind its clause it would be taken for one of time
        after = span[-1] + 1
        if after >= len(s.nodes) or s.nodes[after].small != ",":
            continue
        rest = [i for i in s.body if i > after]
        if not rest or rest[0] != (s.span(s.subject(root) or root) or [root])[0] or {s.nodes[i].small for i in rest} & THIRD:
            continue
        if s.kids(root, "conj") or any(s.nodes[i].dep in ("advcl", "ccomp") for i in s.kids(root) if i != kid):
            continue
        yield [*rest, *span, *s.closing]


def _plain_clause(s: Sentence, root: int) -> bool:
    """Whether the sentence is a statement that begins with its subject."""
    subject = s.subject(root)
    if s.finite(root) is None or subject is None or s.is_question:
        return False
    span = s.span(subject)
    return span is not None and span[0] == s.first


def _movable(s: Sentence, kid: int) -> bool:
    node = s.nodes[kid]
    if node.dep == "advcl":
        marks = [s.nodes[m].small for m in s.kids(kid, "mark", "advmod") if s.nodes[m].small in MARKS]
        first = s.span(kid)
        return bool(marks) and first is not None and s.nodes[first[0]].small in MARKS and s.subject(kid) is not None
    if node.small not in _TIMES:
        return False
    objects = s.kids(kid, "pobj")
    if node.small in ("in", "at", "on", "by", "from", "under", "behind", "beneath", "beyond"):
        return any(s.nodes[o].small in _PLACES or s.nodes[o].entity in ("DATE", "TIME") for o in objects)
    return bool(objects or s.kids(kid, "pcomp"))


def adverb_place(s: Sentence) -> Iterator[Pieces]:
    """``Ultimately, the film fails.`` becomes ``The film ultimately fails.``, and the reverse."""
    root = s.root
    at, subject = s.finite(root), s.subject(root)
    if at is None or subject is None or s.is_question:
        return
    span = s.span(subject)
    if span is None:
        return
    for kid in s.kids(root, "advmod"):
        if s.nodes[kid].small not in _ADVERBS or s.kids(kid):
            continue
        if kid == s.first and s.nodes[kid + 1].small == "," and span[0] == kid + 2:
            yield [*range(kid + 2, at), *_with_verb(s, at, kid), *range(at + 1, s.last)]
        elif kid in (at - 1, at + 1) and span[0] == s.first and span[-1] < kid:
            rest = [i for i in range(s.first, s.last) if i != kid]
            yield [kid, ",", *rest]


def _with_verb(s: Sentence, at: int, adverb: int) -> Pieces:
    """After *be* and auxiliaries, before other verbs."""
    return [at, adverb] if at != s.root or s.nodes[at].small in ("is", "are", "was", "were", "'s", "'re") else [adverb, at]


def purpose(s: Sentence) -> Iterator[Pieces]:
    """``It slows down to show us the hills.`` becomes ``It slows down in order to show us the hills.``, and the reverse."""
    for i in range(s.first, s.last - 2):
        three = [s.nodes[j].small for j in (i, i + 1, i + 2)]
        if three == ["in", "order", "to"]:
            yield spliced(s, i, i + 2, [])
        node = s.nodes[i]
        if node.small == "to" and node.tag == "TO" and s.nodes[node.head].dep == "advcl" and node.head == i + 1:
            above = s.nodes[s.nodes[node.head].head]
            if (
                above.tag[:1] == "V"
                and i > s.nodes[node.head].head
                and i > s.first
                and s.nodes[i - 1].tag[:2] != "NN"  # "they lack the skills to get there"
                and s.nodes[i - 1].small not in ("order", "as", ",")
            ) and above.lemma not in ("be", "go", "come", "try", "have", "seem", "use", "need", "take"):
                yield put(s, {i: ("in", "order", i)})


def _now(s: Sentence, verb: int) -> bool:
    """Whether a clause is in the present: *since* is then no *since when*."""
    at = s.finite(verb)
    return at is not None and s.nodes[at].tag in ("VBZ", "VBP") and s.nodes[at].small not in ("has", "have", "'ve")


def connective(s: Sentence) -> Iterator[Pieces]:
    """Conjunctions that stand for one another: ``although`` and ``though``, ``because`` and ``since``, ``until`` and ``till``."""
    for i in range(s.first, s.last - 1):
        node = s.nodes[i]
        clause = s.nodes[node.head]
        if node.dep != "mark" or clause.dep != "advcl" or clause.tag[:1] not in ("V", "M"):
            continue
        if node.small == "although":
            yield put(s, {i: ("though",)})
            yield put(s, {i: ("even", "though")})
        elif node.small == "though" and s.nodes[i - 1].small not in ("even", "as"):
            yield put(s, {i: ("although",)})
            yield put(s, {i: ("even", "though")})
        elif node.small == "because" and s.nodes[i + 1].small != "of" and s.nodes[i - 1].small not in ("just", "only", "simply"):
            yield put(s, {i: ("since",)})
        elif node.small == "since" and s.nodes[s.finite(node.head) or node.head].tag in ("VBZ", "VBP") and _now(s, clause.head):
            yield put(s, {i: ("because",)})
        elif node.small == "until" and s.nodes[i - 1].small != "not":
            yield put(s, {i: ("till",)})
