"""English questions as statements with a gap for the answer: "When did Mary leave Oslo?" -> "Mary left Oslo in …".

By rule, over tokens and their tags, after the fifty rules of Jia and Liang (2017, section 3.2) in kind, not in wording. A
question that no rule knows gives None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attacks.language.morphology import inflect
from attacks.tagging import tagged
from attacks.tagging.builtin import possible

_BE = frozenset("is are was were".split())
_DO = frozenset("do does did".split())
_HAVE = frozenset("has have had".split())
_MODAL = frozenset("can could may might must shall should will would".split())
_PLACE = {"where": "in", "when": "in", "why": "because of", "how": "by"}
"""What stands before an answer to a word that asks for circumstances; ``how long`` and the like are below."""
_MEASURED = {"long": "for", "often": "", "far": "", "old": "", "tall": "", "high": "", "big": "", "deep": "", "wide": ""}
_NAMES_NOTHING = frozenset("what which who whom whose".split())
_PREPOSITIONS = frozenset("in on at by for from to of with during about under near after before into".split())
_TIMES = frozenset("year month century decade season".split())
_SUBORDINATE = frozenset("when while if because once".split())
_NEAR = 3
_TENSE = {"did": "VBD", "does": "VBZ"}


@dataclass(frozen=True, slots=True)
class Gap:
    """A statement without its answer: what stands before and after it."""

    before: str
    after: str

    def filled(self, answer: str) -> str:
        """The sentence with the answer in its place, its first letter a capital, a full stop behind."""
        text = " ".join(part for part in (self.before, answer, self.after) if part)
        return text[:1].upper() + text[1:] + "."


def statement(question: str, tagger: str = "builtin") -> Gap | None:
    """The question as a statement with a gap, or None where no rule knows it."""
    tokens, tags = tagged(question.strip().rstrip("?!. "), tagger)
    words = [token.text for token in tokens]
    glued = [token.glued for token in tokens]
    if len(words) < 2:
        return None
    return _of(_Clause(words, list(tags), glued))


@dataclass(frozen=True, slots=True)
class _Clause:
    words: list[str]
    tags: list[str]
    glued: list[bool]

    def small(self, at: int) -> str:
        return self.words[at].lower() if 0 <= at < len(self.words) else ""

    def text(self, start: int, end: int | None = None) -> str:
        """The words from ``start`` on as they were written, without the space before the first."""
        out = ""
        for n in range(start, len(self.words) if end is None else end):
            out += self.words[n] if self.glued[n] or not out else f" {self.words[n]}"
        return out

    def starts_phrase(self, at: int) -> bool:
        """Whether a noun phrase may begin here: what follows "is" is then the subject, not part of the verb."""
        word, tag = self.words[at] if at < len(self.words) else "", self.tags[at] if at < len(self.words) else ""
        return bool(tag in ("DT", "PRP", "PRP$", "NNP", "CD") or word[:1].isupper() or "NN" in tag)


def _of(clause: _Clause) -> Gap | None:
    first = clause.small(0)
    if first in _PREPOSITIONS and clause.small(1) in _NAMES_NOTHING:  # "In which year did …", "By whom was …"
        verb = _auxiliary(clause, 2)
        return None if verb is None else _inverted(clause, verb, "", first)
    if first == "how" and clause.small(1) in ("many", "much"):
        verb = _auxiliary(clause, 2)
        if verb is None:
            return None
        counted = clause.text(2, verb)
        return _asked(clause, verb, counted, "")
    if first == "how" and clause.small(1) in _MEASURED:
        return _inverted(clause, 2, "", _MEASURED[clause.small(1)])
    if first in _PLACE:
        return _inverted(clause, 1, "", _PLACE[first])
    if first in _NAMES_NOTHING:
        verb = _auxiliary(clause, 1)
        return None if verb is None else _asked(clause, verb, "", "in" if clause.small(verb - 1) in _TIMES else "")
    return None


def _auxiliary(clause: _Clause, start: int) -> int | None:
    """Where the verb stands behind the words that ask: the first auxiliary, or verb form that can be nothing else."""
    found = [at for at in range(start, len(clause.words)) if _is_verb(clause, at, early=at <= start + 1)]
    if not found:
        return None
    asking = clause.small(start) in _BE | _DO | _HAVE | _MODAL or clause.small(0) in ("who", "whom")
    noun = not asking and possible(clause.small(start)) & {"NN", "NNS"}
    skipped = found[0] == start and noun and len(found) > 1 and found[1] <= start + _NEAR
    return found[1] if skipped else found[0]  # "Which team won": a team, though one can team up


def _is_verb(clause: _Clause, at: int, *, early: bool) -> bool:
    word = clause.small(at)
    known = word in _BE | _DO | _HAVE | _MODAL or clause.tags[at] in ("VBD", "VBZ", "VBP")
    return known or (early and "VBD" in possible(word))


def _asked(clause: _Clause, verb: int, counted: str, preposition: str) -> Gap | None:
    """A question about a person or a thing: as the subject where the verb follows, else inverted."""
    word = clause.small(verb)
    after = verb + 1
    if after >= len(clause.words):
        return Gap("", f"{counted} {clause.text(verb)}".strip())
    if word in _DO:
        return _inverted(clause, verb, counted, preposition)
    if word in _BE:
        if not clause.starts_phrase(after):
            return Gap("", f"{counted} {clause.text(verb)}".strip())
        return _inverted(clause, verb, counted, preposition)
    if (
        (word in _HAVE or word in _MODAL)
        and clause.starts_phrase(after)
        and _verb_after(clause, after, base=word in _MODAL) is not None
    ):
        return _inverted(clause, verb, counted, preposition)
    return Gap("", f"{counted} {clause.text(verb)}".strip())


def _inverted(clause: _Clause, verb: int, counted: str, preposition: str) -> Gap | None:
    """Subject and verb in the order of a statement, the answer behind the verb or, with a preposition, at the end."""
    word, subject = clause.small(verb), verb + 1
    if word not in _BE | _DO | _HAVE | _MODAL or subject >= len(clause.words):
        return None
    main = _verb_after(clause, subject, base=word in _DO | _MODAL)
    if main is None:
        stop = next((n for n in range(subject + 1, len(clause.words)) if clause.small(n) in _SUBORDINATE), len(clause.words))
        before = f"{clause.text(subject, stop)} {clause.words[verb]} {preposition}".strip()
        return Gap(before, f"{counted} {clause.text(stop)}".strip()) if word in _BE else None
    form = clause.words[main]
    if preposition == "for" and form.lower() in ("take", "taken", "taking"):
        preposition = ""
    if word in _DO:
        form = inflect(form.lower(), "VERB", _TENSE[word]) or "" if word in _TENSE else form
    else:
        form = f"{clause.words[verb]} {form}"
    if not form:
        return None
    head, rest = f"{clause.text(subject, main)} {form}", clause.text(main + 1)
    last = clause.small(len(clause.words) - 1)
    stranded = last in _PREPOSITIONS and main + 1 < len(clause.words)
    if preposition or stranded or word in _BE:
        before = f"{head} {rest}".strip() if rest else head
        return Gap(f"{before} {preposition}".strip() if not stranded else before, counted)
    return Gap(head, f"{counted} {rest}".strip())


def _verb_after(clause: _Clause, subject: int, *, base: bool = False) -> int | None:
    """Where the main verb stands behind the subject; of a form of "be" only a participle counts."""
    for at in range(subject + 1, len(clause.words)):
        word, tag = clause.small(at), clause.tags[at]
        if word in _SUBORDINATE:
            return None
        if clause.words[at][:1].isupper() or clause.tags[at - 1] in ("DT", "PRP$", "JJ", "IN"):
            continue
        forms: Sequence[str] = ("VB",) if base else ("VBN", "VBG")
        if tag in forms or (tag in ("VBP", "VBD", "JJ", "") and possible(word) & set(forms)) or (base and "VB" in possible(word)):
            return at
        if not base and "VBN" in possible(word) and clause.words[at - 1][:1].isupper():
            return at  # "was Tesla known for", where a tagger sees a noun
    return None
