"""Active and passive, and participles that stand for a passive clause."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.language.morphology import inflect
from attacks.syntax.rules.pieces import Pieces, is_plural, lemma_of, present
from attacks.syntax.tree import Sentence

_NO_PASSIVE = frozenset(
    """have be lack resemble cost fit become get let want like mean suit contain feel seem need take make give lose keep leave go
    hold hate love enjoy hope wish say know think believe remain equal mind regret last weigh survive escape do see watch find
    show
    feature star run turn come look call try start stop begin work play pack boast miss deserve require put set bear pass cut
    pay""".split()
)
"""Verbs without a passive, and light ones whose object is half an idiom: *make sense*, *take time*."""
_OBJECT_CASE = {"i": "me", "he": "him", "she": "her", "we": "us", "they": "them"}
_SUBJECT_CASE = {"me": "I", "him": "he", "her": "she", "us": "we", "them": "they"}
_LONG = 12


def passive(s: Sentence) -> Iterator[Pieces]:
    """``The director ruins the story.`` becomes ``The story is ruined by the director.``."""
    for verb in s.verbs():
        subject, thing = s.kid(verb, "nsubj"), s.kid(verb, "dobj")
        if subject is None or thing is None or not _may_turn(s, verb, subject, thing):
            continue
        a, b = s.span(subject), s.span(thing)
        if a is None or b is None or len(a) > _LONG or len(b) > _LONG or a[-1] >= verb or b[0] <= verb:
            continue
        helper = _passive_verb(s, verb, thing, a[-1] + 1)
        if helper is None:
            continue
        between = list(range(verb + 1, b[0]))
        by = [_OBJECT_CASE.get(s.nodes[subject].small, subject)] if len(a) == 1 else list(a)
        yield [*range(s.first, a[0]), *b, *helper, *between, "by", *by, *range(b[-1] + 1, s.last)]


def _may_turn(s: Sentence, verb: int, subject: int, thing: int) -> bool:
    node = s.nodes[verb]
    if node.dep not in ("ROOT", "ccomp", "advcl", "conj") or s.kids(
        verb, "advcl", "conj", "prt", "xcomp", "ccomp", "dative", "oprd", "neg"
    ):
        return False
    if node.dep == "conj" and s.nodes[node.head].tag[:1] != "V":
        return False
    if lemma_of(node.small) in _NO_PASSIVE or node.lemma in _NO_PASSIVE or s.is_question:
        return False
    if s.nodes[subject].tag in ("WP", "WDT", "EX", "PRP", "DT") or s.nodes[thing].tag in ("PRP", "WP", "WDT", "DT", "CD"):
        return False
    if s.nodes[subject].small in ("that", "who", "which", "everyone", "nobody", "nothing") or s.nodes[thing].small == "nothing":
        return False
    if any(s.nodes[k].tag == "VBG" for k in s.kids(thing, "acl")):
        return False  # "leads the cast always keeping the balance": who keeps it is open
    own = {s.nodes[k].small for k in s.sub(thing)}
    if own & {"with", "its", "his", "her", "their", "itself", "himself", "herself", "themselves", "no", "any"}:
        return False  # the owner would come before its noun; "with" may belong to the verb
    return bool(s.kids(thing, "det", "poss", "nummod")) or s.nodes[thing].tag in ("NNS", "NNP")


def _passive_verb(s: Sentence, verb: int, thing: int, start: int) -> Pieces | None:
    """The verb group in the passive, with what stands in it; None for one whose tense or number does not tell."""
    group = list(range(start, verb + 1))
    helpers = s.kids(verb, "aux")
    if any(i not in helpers and s.nodes[i].dep != "advmod" for i in group[:-1]) or any(
        s.nodes[h].small in ("do", "does", "did", "'d") for h in helpers
    ):
        return None
    lemma, plural = lemma_of(s.nodes[verb].small), is_plural(s, thing)
    participle = inflect(lemma, "VERB", "VBN") if lemma else None
    if participle is None or plural is None or lemma is None:
        return None
    front: Pieces = list(group[:-1])
    tag = s.nodes[verb].tag
    if not helpers:
        if tag == "VBD":
            return ["were" if plural else "was", *front, participle]
        return ["are" if plural else "is", *front, participle] if tag in ("VBZ", "VBP") else None
    if len(helpers) == 1 and s.nodes[helpers[0]].tag == "MD" and tag == "VB":
        return [*front, "be", participle]
    if len(helpers) == 1 and s.nodes[helpers[0]].small in ("has", "have") and tag == "VBN":
        return ["have" if plural else "has", *front[1:], "been", participle] if front[:1] == helpers else None
    return None


def active(s: Sentence) -> Iterator[Pieces]:
    """``The story is ruined by the director.`` becomes ``The director ruins the story.``."""
    for verb in s.verbs():
        subject, helper, by = s.kid(verb, "nsubjpass"), s.kid(verb, "auxpass"), s.kid(verb, "agent")
        if (
            subject is None
            or helper is None
            or by is None
            or s.kids(verb, "conj", "neg", "xcomp", "oprd", "dative")
            or s.is_question
        ):
            continue
        doer = s.kid(by, "pobj")
        if doer is None or s.nodes[verb].dep not in ("ROOT", "ccomp", "advcl", "conj"):
            continue
        a, b, whole_by = s.span(subject), s.span(doer), s.span(by)
        if a is None or b is None or whole_by is None or s.nodes[subject].tag in ("WP", "WDT", "EX", "DT") or len(b) > _LONG:
            continue
        tensed = _active_verb(s, verb, helper, doer, a[-1] + 1)
        if tensed is None or whole_by[0] < verb or {s.nodes[i].small for i in b} & {"its", "his", "her", "their"}:
            continue
        new_subject: Pieces = [_SUBJECT_CASE.get(s.nodes[doer].small, doer)] if len(b) == 1 else list(b)
        thing: Pieces = [_OBJECT_CASE.get(s.nodes[subject].small, subject)] if len(a) == 1 else list(a)
        middle = list(range(verb + 1, whole_by[0]))
        yield [*range(s.first, a[0]), *new_subject, *tensed, *thing, *middle, *range(whole_by[-1] + 1, s.last)]


def _active_verb(s: Sentence, verb: int, helper: int, doer: int, start: int) -> Pieces | None:
    front = [i for i in range(start, verb) if i not in s.kids(verb, "aux", "auxpass")]
    if any(s.nodes[i].dep != "advmod" for i in front):
        return None
    lemma, plural, small = lemma_of(s.nodes[verb].small), is_plural(s, doer), s.nodes[helper].small
    helpers = s.kids(verb, "aux")
    if lemma is None:
        return None
    if helpers:
        return [helpers[0], *front, lemma] if len(helpers) == 1 and s.nodes[helpers[0]].tag == "MD" and small == "be" else None
    if small in ("was", "were"):
        form = inflect(lemma, "VERB", "VBD")
        return [*front, form] if form else None
    if small in ("is", "are", "'s", "'re") and plural is not None:
        form = present(lemma, plural)
        return [*front, form] if form else None
    return None


def participle_clause(s: Sentence) -> Iterator[Pieces]:
    """``a film directed by her`` becomes ``a film that she directed``."""
    for noun in range(s.first, s.last):
        for kid in s.kids(noun, "acl"):
            node, span = s.nodes[kid], s.span(kid)
            if span is None or span[0] != kid or node.tag != "VBN" or kid != noun + 1 or s.nodes[noun].tag in ("PRP",):
                continue
            by = s.kid(kid, "agent")
            doer = s.kid(by, "pobj") if by is not None else None
            lemma = lemma_of(node.small)
            if doer is None or by is None or lemma is None or by != kid + 1:
                continue
            b, form = s.span(doer), inflect(lemma, "VERB", "VBD")
            if b is not None and form and len(b) <= 5 and lemma in _MAKING:
                who: Pieces = [_SUBJECT_CASE.get(s.nodes[doer].small, doer)] if len(b) == 1 else list(b)
                yield [*range(s.first, kid), "that", *who, form, *range(b[-1] + 1, s.last)]


_MAKING = frozenset("direct write make produce create shoot film compose design build adapt helm edit pen script paint".split())
