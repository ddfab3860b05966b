"""Relative clauses: made of adjectives, participles and *with*, shortened to these, and with another pronoun."""

from __future__ import annotations

from collections.abc import Iterator

from attacks.language.articles import article_for
from attacks.syntax.rules.nouns import WORKS
from attacks.syntax.rules.pieces import PEOPLE, Pieces, is_be, is_name, is_past, is_plural, lemma_of, present, put, spliced
from attacks.syntax.tree import Sentence

_ATTRIBUTIVE = frozenset(
    """main former same other only own first second third last next real mere sheer total complete utter very few many several
    most
    more such certain particular whole entire fellow future past present actual so-called old new little big high low early
    late early
    right wrong full different various good bad great best better worst worse least less much feature short long dead double
    single
    true pure perfect outright downright veritable proper""".split()
)
_RELATIONAL = ("al", "ic", "ary", "an", "ese", "ish", "ar")
"""Endings of adjectives that name a kind (*psychological drama*), which no *is* can take apart."""


def pronoun(s: Sentence) -> Iterator[Pieces]:
    """``a film that works`` and ``a film which works``; ``people who care`` and ``people that care``."""
    for clause, noun in _clauses(s):
        for word in s.kids(clause, "nsubj", "nsubjpass", "dobj"):
            node = s.nodes[word]
            if (
                node.tag not in ("WDT", "WP")
                or word != noun + 1
                or s.nodes[noun].small in ("way", "time", "reason", "moment", "all")
            ):
                continue
            person = s.nodes[noun].small in PEOPLE or s.nodes[noun].entity == "PERSON" or is_name(s, noun)
            thing = (
                not person
                and not _indefinite(s, noun)
                and s.nodes[noun].tag in ("NN", "NNS")
                and not s.nodes[noun].small.endswith(("er", "ers", "or", "ors", "ist", "ists", "body", "one"))
            )
            if node.small == "that" and thing:
                yield put(s, {word: ("which",)})
            elif node.small == "that" and person and node.dep != "dobj":
                yield put(s, {word: ("who",)})
            elif node.small in ("which", "who") and not is_name(s, noun):
                yield put(s, {word: ("that",)})


def object_pronoun(s: Sentence) -> Iterator[Pieces]:
    """``the film that we saw`` becomes ``the film we saw``, and the reverse."""
    for clause, noun in _clauses(s):
        subject = s.kid(clause, "nsubj")
        span = s.span(clause)
        if subject is None or span is None or s.finite(clause) is None:
            continue
        pronouns = [k for k in s.kids(clause, "dobj") if s.nodes[k].tag in ("WDT", "WP") and k == noun + 1]
        start = (s.span(subject) or [subject])[0]
        if pronouns and start == noun + 2 and s.nodes[pronouns[0]].small in ("that", "which"):
            yield put(s, {pronouns[0]: ()})
        elif (
            span[0] == noun + 1 == start
            and s.nodes[subject].tag not in ("WDT", "WP")
            and not s.kids(clause, "dobj")
            and not any(s.kids(k, "dobj") for k in s.kids(clause, "xcomp"))
            and s.nodes[noun].small not in ("way", "time", "moment", "day", "reason", "place", "minute", "year")
        ):
            yield [*range(s.first, start), "that", *range(start, s.last)]


def reduced(s: Sentence) -> Iterator[Pieces]:
    """``a film that was made by them`` becomes ``a film made by them``; ``people who are full of it``, ``people full of it``."""
    for clause, _noun in _clauses(s):
        span, subject = s.span(clause), s.kid(clause, "nsubj", "nsubjpass")
        if span is None or subject is None or span[0] != subject or s.kids(clause, "neg") or len(span) < 4:
            continue
        be = subject + 1
        if s.nodes[subject].small not in ("that", "which", "who") or not is_be(s, be) or s.nodes[subject - 1].small == ",":
            continue
        after = be + 1
        passive = be in s.kids(clause, "auxpass") and clause == after and len(s.kids(clause, "aux")) == 0
        doing = be in s.kids(clause, "aux") and s.nodes[clause].tag == "VBG" and clause == after
        adjective = clause == be and s.kid(be, "acomp") == after and any(k > after for k in s.kids(after, "prep"))
        if (passive or doing or adjective) and after in span:
            yield [*range(s.first, subject), *range(after, s.last)]


def expanded(s: Sentence) -> Iterator[Pieces]:
    """``a film made by them`` becomes ``a film that was made by them``; ``people doing nothing``, ``people who do nothing``."""
    past = is_past(s)
    for noun in range(s.first, s.last):
        if s.nodes[noun].tag not in ("NN", "NNS") or _indefinite(s, noun):
            continue
        plural = is_plural(s, noun)
        who = "who" if s.nodes[noun].small in PEOPLE else "that"
        for kid in s.kids(noun, "acl"):
            span, node = s.span(kid), s.nodes[kid]
            if span is None or span[0] != kid or plural is None or len(span) < 2:
                continue
            if kid == noun + 2 and s.nodes[noun + 1].small == "," and node.tag == "VBN" and s.kids(kid, "agent") and not past:
                yield [*range(s.first, kid), "who" if who == "who" else "which", "are" if plural else "is", *range(kid, s.last)]
            if kid != noun + 1:
                continue
            if node.tag == "VBN":
                made = s.kids(kid, "agent") and lemma_of(node.small) in (
                    "direct",
                    "write",
                    "make",
                    "produce",
                    "shoot",
                    "compose",
                    "create",
                )
                be = ("were" if plural else "was") if past or made else ("are" if plural else "is")
                yield [*range(s.first, kid), who, be, *range(kid, s.last)]
            elif node.tag == "VBG" and (lemma := lemma_of(node.small)):
                form = present(lemma, plural)
                left = (s.noun(noun) or [noun])[0]
                absolute = left > s.first and s.nodes[left - 1].small == "," and bool(s.kids(noun, "poss"))
                if (
                    not past
                    and not absolute
                    and form
                    and lemma not in ("be", "include", "go", "star", "feature", "regard", "concern", "involve")
                ):
                    yield [*range(s.first, kid), who, form, *range(kid + 1, s.last)]


def adjective_clause(s: Sentence) -> Iterator[Pieces]:
    """``a strangely compelling drama`` becomes ``a drama that is strangely compelling``; the adjectives before a bare noun."""
    past = is_past(s)
    for noun in range(s.first, s.last):
        det, mods = s.kid(noun, "det"), s.kids(noun, "amod")
        if s.nodes[noun].tag != "NN" or det is None or s.nodes[det].small not in ("a", "an") or len(mods) != 1:
            continue
        if s.kids(noun, "nummod", "nmod"):
            continue
        end = _attached(s, noun)
        if end is None:
            continue
        after = s.nodes[end].small if end < s.last else "."
        if after not in (".", "!", ";", ",") or (
            after == "," and s.nodes[noun].dep != "ROOT" and end + 1 < s.last and s.nodes[end + 1].tag[:2] in ("JJ", "NN")
        ):
            continue
        phrase = s.span(mods[0])
        if phrase is None or phrase[0] != det + 1 or not _predicative(s, mods[0], phrase):
            continue
        rest = list(range(phrase[-1] + 1, end))
        if any(s.nodes[i].small == "," for i in rest):
            continue
        new = article_for(s.nodes[rest[0]].small) if rest else s.nodes[det].small
        said: Pieces = list(phrase)
        commas = [n for n, i in enumerate(phrase) if s.nodes[i].small == ","]
        if commas and not any(s.nodes[i].tag == "CC" for i in phrase):
            said[commas[-1]] = "and"
        be = "was" if past else "is"
        yield spliced(s, det, end, [new, *rest, "that", be, *said])
        if len(said) == 3 and s.nodes[phrase[1]].small in ("and", ","):
            yield spliced(s, det, end, [new, *rest, "that", be, "both", *said])
            if end == noun + 1:
                yield spliced(s, det, end, [new, *rest, "both", *said])


def _attached(s: Sentence, noun: int) -> int | None:
    """Where a noun phrase ends: after the noun, or after one prepositional phrase that *is* cannot be taken to speak of."""
    after = [k for k in s.kids(noun) if k > noun and s.nodes[k].dep != "punct"]
    if not after:
        return noun + 1
    span = s.span(after[0])
    thing = s.kid(after[0], "pobj")
    if len(after) > 1 or s.nodes[after[0]].dep != "prep" or after[0] != noun + 1 or span is None or thing is None:
        return None
    short = len(span) <= 5 and not s.kids(thing, "prep", "relcl", "acl", "conj", "appos")
    return span[-1] + 1 if short and s.nodes[thing].tag in ("NNS", "NNP", "NNPS") else None


def adjective_before(s: Sentence) -> Iterator[Pieces]:
    """``a film that is bleak and cold`` becomes ``a bleak and cold film``."""
    for clause, noun in _clauses(s):
        span, det = s.span(clause), s.kid(noun, "det")
        if span is None or det is None or det != noun - 1 or s.nodes[det].small not in ("a", "an") or s.nodes[noun].tag != "NN":
            continue
        be = noun + 2
        if s.nodes[noun + 1].small not in ("that", "which", "who") or not is_be(s, be) or clause != be or span[0] != noun + 1:
            continue
        said = [i for i in span if i > be]
        if not said or any(s.nodes[i].tag not in ("JJ", "RB", "CC", ",") or s.nodes[i].dep == "neg" for i in said):
            continue
        adjectives = [i for i in said if s.nodes[i].tag == "JJ"]
        mild = not {s.nodes[i].small for i in said} & {"but", "yet", "either", "neither", "or", "so", "too", "as", "not"}
        if adjectives and adjectives[-1] == said[-1] and mild and len(said) <= 5:
            yield spliced(s, det, span[-1] + 1, [article_for(s.nodes[said[0]].small), *said, noun])


def postposed(s: Sentence) -> Iterator[Pieces]:
    """``a film full of jokes`` becomes ``a film that is full of jokes``; ``a film about war``, ``a film that is about war``."""
    past = is_past(s)
    for noun in range(s.first, s.last - 2):
        after, plural = noun + 1, is_plural(s, noun)
        if s.nodes[noun].tag not in ("NN", "NNS") or plural is None or s.nodes[after].head != noun or _indefinite(s, noun):
            continue
        node = s.nodes[after]
        adjective = node.tag == "JJ" and node.dep == "amod" and any(k > after for k in s.kids(after, "prep"))
        topic = node.small == "about" and node.dep == "prep" and s.kids(after, "pobj") and s.nodes[noun].small in WORKS
        if (adjective or topic) and s.span(after) is not None:
            who = "who" if s.nodes[noun].small in PEOPLE else "that"
            be = ("were" if plural else "was") if past else ("are" if plural else "is")
            yield [*range(s.first, after), who, be, *range(after, s.last)]


def _indefinite(s: Sentence, noun: int) -> bool:
    return s.nodes[noun].small.startswith(("some", "any", "no", "every")) and s.nodes[noun].small.endswith(
        ("thing", "one", "body")
    )


def _predicative(s: Sentence, mod: int, phrase: list[int]) -> bool:
    """Whether adjectives can stand after *is*: at least two of them, or one with an adverb; none that names a kind."""
    adjectives = [i for i in phrase if s.nodes[i].tag in ("JJ", "VBN", "VBG")]
    words = [s.nodes[i].small for i in adjectives]
    if not words or any(word in _ATTRIBUTIVE or word.endswith(_RELATIONAL) for word in words):
        return False
    graded = any(s.nodes[i].dep == "advmod" for i in phrase)
    if any(s.nodes[i].tag not in ("JJ", "VBN", "VBG", "RB", "CC", ",") for i in phrase):
        return False
    return graded or len(adjectives) > 1


def with_clause(s: Sentence) -> Iterator[Pieces]:
    """``a film with a heart`` becomes ``a film that has a heart``, and the reverse."""
    past = is_past(s)
    for noun in range(s.first, s.last):
        for kid in s.kids(noun, "prep"):
            plural, thing = is_plural(s, noun), s.kid(kid, "pobj")
            if s.nodes[noun].dep in ("dobj", "nsubjpass") or not (plural or s.kids(noun, "det", "poss")):
                continue  # "adorns his plot with elegance": parsers cannot tell what it belongs to; "in love with a girl"
            if (
                s.nodes[kid].small != "with"
                or kid != noun + 1
                or thing is None
                or plural is None
                or s.nodes[noun].tag not in ("NN", "NNS")
            ):
                continue
            det = {s.nodes[k].small for k in s.kids(thing, "det")}
            if (not det & {"a", "an", "no", "some"} and s.nodes[thing].tag != "NNS") or s.nodes[noun].small in (
                "problem",
                "trouble",
            ):
                continue
            has = "had" if past else ("have" if plural else "has")
            yield put(s, {kid: ("who" if s.nodes[noun].small in PEOPLE else "that", has)})
    for clause, noun in _clauses(s):
        subject = s.kid(clause, "nsubj")
        if (
            (
                s.nodes[clause].small in ("has", "have", "had")
                and subject == noun + 1
                and clause == noun + 2
                and s.kids(clause, "dobj")
            )
            and s.nodes[subject].tag in ("WDT", "WP")
            and not s.kids(clause, "neg", "aux", "xcomp", "advcl", "conj", "ccomp")
        ):
            yield spliced(s, subject, clause + 1, ["with"])


def where(s: Sentence) -> Iterator[Pieces]:
    """``a film in which nothing happens`` becomes ``a film where nothing happens``, and the reverse."""
    for clause, noun in _clauses(s):
        for kid in s.kids(clause, "prep"):
            which = s.kid(kid, "pobj")
            if (
                s.nodes[kid].small == "in"
                and which == kid + 1
                and s.nodes[which].small == "which"
                and kid == noun + 1
                and s.nodes[noun].small not in ("way", "ways", "manner", "year", "time", "day", "moment", "extent", "degree")
            ):
                yield spliced(s, kid, which + 1, ["where"])
        for kid in s.kids(clause, "advmod"):
            if s.nodes[kid].small == "where" and kid == noun + 1 and s.nodes[noun].small in _HOLDING:
                yield put(s, {kid: ("in", "which")})


_HOLDING = frozenset("film movie story book scene drama comedy world picture town society place thriller situation case".split())


def apposition(s: Sentence) -> Iterator[Pieces]:
    """``Frida, a painter, …`` becomes ``Frida, who is a painter, …``."""
    for noun in range(s.first, s.last):
        for kid in s.kids(noun, "appos"):
            span = s.span(kid)
            det = {s.nodes[k].small for k in s.kids(kid, "det")}
            named = is_name(s, noun) and (noun > s.first or bool(s.nodes[noun].entity))
            held = named or s.kids(noun, "det", "poss")
            if (
                span is None
                or not det & {"a", "an"}
                or not held
                or is_past(s)
                or s.nodes[span[0] - 1].small != ","
                or s.nodes[noun].dep == "ROOT"
            ):
                continue
            if span[-1] + 1 >= s.last or s.nodes[span[-1] + 1].small != "," or s.kids(kid, "conj", "appos"):
                continue
            person = s.nodes[noun].entity == "PERSON" or s.nodes[noun].small in PEOPLE
            yield [*range(s.first, span[0]), "who" if person else "which", "is", *range(span[0], s.last)]


def _clauses(s: Sentence) -> Iterator[tuple[int, int]]:
    """(verb, noun) of each relative clause."""
    for i in range(s.first, s.last):
        node = s.nodes[i]
        if node.dep == "relcl" and node.head < i and s.nodes[node.head].tag[:2] in ("NN", "PR", "DT", "CD"):
            yield i, node.head
