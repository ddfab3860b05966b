"""What hangs on a verb: *that* said or left out, *to be* after *seem*, denial on the noun or on the verb."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.language.articles import article_for
from attacks.language.morphology import inflect
from attacks.syntax.rules.pieces import Pieces, is_be, is_plural, lemma_of, put, spliced
from attacks.syntax.tree import Sentence

_SAYING = frozenset(
    """think say know feel believe hope wish guess suppose realize realise find fear argue admit suggest prove mean claim assume
    insist notice imagine understand remember forget convince""".split()
)


def complementiser(s: Sentence) -> Iterator[Pieces]:
    """``I think it works`` becomes ``I think that it works``, and the reverse."""
    for clause in range(s.first, s.last):
        if s.nodes[clause].dep != "ccomp" or s.finite(clause) is None or s.is_question:
            continue
        above = s.nodes[clause].head
        subject, span = s.subject(clause), s.span(clause)
        lemma = lemma_of(s.nodes[above].small)
        if subject is None or span is None or above >= span[0] or (s.nodes[above].tag[:1] == "V" and lemma not in _SAYING):
            continue
        if s.nodes[above].tag[:1] not in ("V", "J"):
            continue
        start = (s.span(subject) or [subject])[0]
        if s.nodes[span[0]].small == "that" and s.nodes[span[0]].dep == "mark" and start == span[0] + 1 and span[0] == above + 1:
            yield put(s, {span[0]: ()})
        elif (
            span[0] == start == above + 1
            and s.nodes[start].tag not in ("WDT", "WP", "WRB")
            and not s.kids(clause, "mark")
            and s.nodes[start].small != "that"
        ):
            yield [*range(s.first, start), "that", *range(start, s.last)]


def seems(s: Sentence) -> Iterator[Pieces]:
    """``It seems honest.`` becomes ``It seems to be honest.``, and the reverse."""
    for verb in range(s.first, s.last - 1):
        if lemma_of(s.nodes[verb].small) not in ("seem", "appear") or s.nodes[verb].tag[:1] != "V":
            continue
        after = s.kids(verb, "acomp", "oprd", "attr")
        if after and verb < after[0] and s.nodes[verb + 1].small != "to" and s.nodes[after[0]].tag in ("JJ", "VBN", "NN"):
            span = s.span(after[0])
            if span is not None and span[0] == verb + 1:
                yield put(s, {verb: (verb, "to", "be")})
        if (
            [s.nodes[i].small for i in range(verb + 1, min(verb + 3, s.last))] == ["to", "be"]
            and verb + 3 < s.last
            and s.nodes[verb + 3].tag in ("JJ", "RB", "DT")
            and s.nodes[verb + 2].dep == "xcomp"
        ):
            yield put(s, {verb + 1: (), verb + 2: ()})


def no_any(s: Sentence) -> Iterator[Pieces]:
    """``It has no point.`` becomes ``It does not have any point.``; ``is no masterpiece``, ``is not a masterpiece``; and back."""
    for verb in range(s.first, s.last):
        at = s.finite(verb)
        if at is None or s.is_question:
            continue
        for thing in s.kids(verb, "dobj", "attr"):
            det = s.kid(thing, "det")
            if det is None or det < verb or s.kids(verb, "neg"):
                continue
            if s.nodes[det].small == "no":
                yield from _denied_verb(s, verb, at, thing, det)
        yield from _denied_noun(s, verb)


def infinitive(s: Sentence) -> Iterator[Pieces]:
    """``begins to drag`` and ``begins dragging``; ``keeps trying`` and ``continues to try``."""
    for verb in range(s.first, s.last - 1):
        lemma = lemma_of(s.nodes[verb].small) if s.nodes[verb].tag[:1] == "V" else None
        after = s.kid(verb, "xcomp")
        if (
            lemma not in ("begin", "start", "continue", "keep", "like", "love", "hate")
            or after is None
            or s.kids(verb, "prt", "dobj")
        ):
            continue
        base = lemma_of(s.nodes[after].small)
        to = after == verb + 2 and s.nodes[verb + 1].small == "to" and s.nodes[after].tag == "VB"
        gerund = inflect(base, "VERB", "VBG") if base else None
        if to and gerund and base not in ("be", "have") and s.nodes[verb].tag not in ("VBG", "MD") and not s.kids(verb, "aux"):
            yield spliced(s, verb + 1, after + 1, [gerund])
        elif after == verb + 1 and s.nodes[after].tag == "VBG" and base and s.nodes[verb].tag != "VBG":
            if lemma == "keep" and (form := inflect("continue", "VERB", s.nodes[verb].tag)):
                yield spliced(s, verb, after + 1, [form, "to", base])
            elif lemma != "keep":
                yield spliced(s, after, after + 1, ["to", base])


def modal(s: Sentence) -> Iterator[Pieces]:
    """``must see`` and ``has to see``, ``is able to see`` as ``can see``; not where it is denied: *must not* is another thing."""
    for verb in range(s.first, s.last):
        subject, helper = s.kid(verb, "nsubj"), s.kid(verb, "aux")
        if (
            subject is None
            or s.kids(verb, "neg")
            or s.is_question
            or any(s.nodes[k].small in ("never", "only") for k in s.kids(verb))
        ):
            continue
        plural = is_plural(s, subject)
        person = s.nodes[subject].small
        if (
            helper is None
            or plural is None
            or helper > verb
            or s.nodes[verb].tag != "VB"
            or helper < subject
            or person in ("who", "that", "which")
        ):
            continue
        if s.nodes[helper].small == "must" and s.nodes[verb].small != "be":
            yield put(s, {helper: ("have" if plural or person == "i" else "has", "to")})
    for i in range(s.first, s.last - 3):
        three = [s.nodes[j].small for j in (i, i + 1, i + 2)]
        if (
            three[0] in ("is", "are", "'re", "'m", "am")
            and three[1:] == ["able", "to"]
            and s.nodes[i + 3].tag == "VB"
            and s.nodes[i].dep in ("ROOT", "relcl", "ccomp", "conj")
        ):
            yield spliced(s, i, i + 3, ["can"])
        if (
            three[0] in ("has", "have")
            and three[1] == "to"
            and s.nodes[i + 2].tag == "VB"
            and not s.kids(i, "aux", "neg", "advmod")
            and s.nodes[i].dep in ("ROOT", "ccomp", "conj")
        ):
            yield spliced(s, i, i + 2, ["must"])


def also(s: Sentence) -> Iterator[Pieces]:
    """``It is also funny.`` becomes ``It is funny as well.``; at the end of its sentence only."""
    root = s.root
    for kid in s.kids(root, "advmod"):
        alone = (
            not s.kids(root, "conj", "neg", "advcl", "ccomp")
            and not s.is_question
            and not any(s.nodes[i].small == "only" for i in s.body)
        )
        if (
            s.nodes[kid].small == "also"
            and alone
            and s.finite(root) is not None
            and kid < s.body[-1]
            and len(s.body) <= 16
            and kid > s.first
            and not any(s.nodes[i].small in (":", ";", "--", "but") for i in s.body)
        ):
            yield [*range(s.first, kid), *[i for i in s.body if i > kid], "as", "well", *s.closing]


def such(s: Sentence) -> Iterator[Pieces]:
    """``such a dull film`` becomes ``so dull a film``; ``one of the best films``, ``among the best films``."""
    for i in range(s.first, s.last - 4):
        words = [s.nodes[j].small for j in range(i, i + 5)]
        if (
            words[0] == "such"
            and words[1] in ("a", "an")
            and s.nodes[i + 2].tag == "JJ"
            and s.nodes[i + 3].tag == "NN"
            and s.nodes[i + 4].tag[:2] != "NN"
        ):
            yield spliced(s, i, i + 3, ["so", i + 2, article_for(words[3])])
        if (
            (
                words[:3] == ["one", "of", "the"]
                and s.nodes[i].dep == "attr"
                and is_be(s, s.nodes[i].head)
                and not s.kids(s.nodes[i].head, "neg")
            )
            and any(s.nodes[j].tag in ("JJS", "RBS") for j in (i + 3, i + 4))
            and s.nodes[i].head < i
        ):
            yield spliced(s, i, i + 2, ["among"])


def every(s: Sentence) -> Iterator[Pieces]:
    """``every scene`` becomes ``each scene``."""
    for i in range(s.first, s.last - 1):
        if (
            s.nodes[i].small == "every"
            and s.nodes[s.nodes[i].head].tag == "NN"
            and s.nodes[i - 1].small not in ("almost", "nearly", "not", "virtually", "practically", "just")
        ) and (
            s.nodes[i + 1].tag in ("NN", "JJ")
            and s.nodes[i + 1].small not in ("other", "single", "time", "day", "year", "week")
            and s.nodes[i].dep == "det"
        ):
            yield put(s, {i: ("each",)})


def not_only(s: Sentence) -> Iterator[Pieces]:
    """``not only dull but crude`` becomes ``not only dull but also crude``, and the reverse."""
    words = [s.nodes[i].small for i in range(s.first, s.last)]
    for n in range(len(words) - 1):
        if words[n : n + 2] == ["not", "only"] and "but" in words[n:]:
            at = s.first + words.index("but", n)
            if at + 1 < s.last and s.nodes[at + 1].small == "also":
                yield put(s, {at + 1: ()})
            elif at + 1 < s.last and s.nodes[at + 1].tag in ("DT", "JJ", "RB", "NN", "NNS", "IN", "PRP$"):
                yield put(s, {at: (at, "also")})


def _denied_verb(s: Sentence, verb: int, at: int, thing: int, det: int) -> Iterator[Pieces]:
    if s.kids(thing, "conj") or s.nodes[det + 1].small in ("more", "less", "doubt", "longer", "matter", "wonder", "other", "one"):
        return
    there = any(s.nodes[k].small == "there" for k in s.kids(verb, "expl"))
    if is_be(s, verb) and at == verb and s.nodes[verb].small in ("is", "are", "was", "were", "'s"):
        if there:
            yield put(s, {det: ("not", "any")})
        elif s.nodes[thing].tag == "NN" and det - verb <= 2 and s.nodes[verb].small != "'s":
            yield put(s, {det: ("not", article_for(s.nodes[det + 1].small))})
    elif (
        at == verb
        and det == verb + 1
        and (lemma := lemma_of(s.nodes[verb].small))
        in ("have", "offer", "contain", "show", "make", "provide", "give", "hold", "serve")
    ):
        do = {"VBZ": "does", "VBD": "did", "VBP": "do"}.get(s.nodes[verb].tag)
        if do and not s.kids(verb, "aux", "conj", "cc") and s.nodes[verb].dep in ("ROOT", "relcl", "ccomp", "advcl"):
            yield put(s, {verb: (do, "not", lemma), det: ("any",)})


def _denied_noun(s: Sentence, verb: int) -> Iterator[Pieces]:
    """``does n't have any X`` as ``has no X``."""
    neg, do, thing = s.kid(verb, "neg"), s.kid(verb, "aux"), s.kid(verb, "dobj")
    if neg is None or do is None or thing is None or s.nodes[verb].small != "have" or neg + 1 != verb or do + 1 != neg:
        return
    det = s.kid(thing, "det")
    form = {"does": "has", "do": "have", "did": "had"}.get(s.nodes[do].small)
    if det is not None and s.nodes[det].small == "any" and det == verb + 1 and form:
        yield put(s, {do: (), neg: (), verb: (form,), det: ("no",)})
