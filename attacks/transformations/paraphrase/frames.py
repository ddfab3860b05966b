"""Openers and hedges, and the frame of a statement: words around a thought that leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from attacks.transformations.paraphrase.clauses import finite_at, is_clause
from attacks.transformations.paraphrase.prose import is_prose, is_statement
from attacks.transformations.paraphrase.text import lowered, raised, sentences, words_of

OPENERS = ("Honestly", "Frankly", "In my opinion", "To be honest", "As far as I can tell", "Overall")
"""Set before a statement, with a comma."""
CLAUSE_OPENERS = ("I think that", "I would say that", "It seems to me that", "I have to say that")
"""Set before a statement that has a subject and a verb."""
HEDGES = ("I think", "in my opinion", "to be honest", "if you ask me")
"""Set after a statement, with a comma."""
FRAMES = ("It is", "This is", "It's", "Here is")
"""Set before a noun with its article that stands for a whole statement."""
_OPENED = regex.compile(
    rf"(?i)(?:(?:{'|'.join(OPENERS)})\s?,\s+|(?:{'|'.join(CLAUSE_OPENERS)})\s+)(?=\p{{L}})",
)
_HEDGED = regex.compile(rf"(?i)\s?,\s+(?:{'|'.join(HEDGES)})(?=\s*[.!]*\s*$)")
_FRAMED = regex.compile(r"(?i)(?:it['’]s|it is|this is|here is)\s+(?=an?\s)")
_PHRASE_ENDS = frozenset("that which who whose whom where when".split())
_LONGEST = 400


def open_statement(text: str, tagger: str = "auto") -> Iterator[str]:
    """``It is dull.`` becomes ``Honestly, it is dull.`` or ``I think that it is dull.``; only a statement takes an opener.

    Questions, commands, fragments, headlines, code and lists stay as they are.
    """
    for start, end in sentences(text)[:1]:
        sentence = text[start:end]
        if not is_prose(text) or _OPENED.match(sentence) or not is_statement(sentence, tagger):
            return
        inner, rest = lowered(sentence), text[end:]
        for opener in OPENERS:
            yield f"{text[:start]}{raised(lowered(opener), sentence)}, {inner}{rest}"
        if is_clause(sentence):
            for opener in CLAUSE_OPENERS:
                yield f"{text[:start]}{raised(lowered(opener), sentence)} {inner}{rest}"


def drop_opener(text: str) -> Iterator[str]:
    """Opener off: ``Honestly, it is dull.`` becomes ``It is dull.``, in the letter case of the text."""
    for start, end in sentences(text)[:1]:
        match = _OPENED.match(text, start, end)
        if match:
            yield text[:start] + raised(text[match.end() :], text[start])


def hedge(text: str, tagger: str = "auto") -> Iterator[str]:
    """``It is dull.`` becomes ``It is dull, I think.``; the last sentence, if it is a statement."""
    for start, end in sentences(text)[-1:]:
        body = text[start:end].rstrip(".!").rstrip()
        at = start + len(body)
        spaced = " " if text[at : at + 1].isspace() and text[at:].strip() else ""  # "a dull film ." keeps its style
        if not body[-1:].isalpha() or _HEDGED.search(text, start) or _OPENED.match(text, start, end) or not is_prose(text):
            return
        if is_statement(text[start:end], tagger):
            yield from (f"{text[:at]}{spaced}, {words}{text[at:]}" for words in HEDGES)


def drop_hedge(text: str) -> Iterator[str]:
    """Hedge off: ``It is dull, I think.`` becomes ``It is dull.``, at the end of the text only."""
    for start, _ in sentences(text)[-1:]:
        match = _HEDGED.search(text, start)
        if match:
            yield text[: match.start()] + text[match.end() :]


def frame(text: str) -> Iterator[str]:
    """``A dull film.`` becomes ``It is a dull film.``; only a noun with *a* or *an* that no verb follows."""
    for start, end in sentences(text)[:1]:
        words = words_of(text[start : min(end, start + _LONGEST)])
        cut = next((i for i, word in enumerate(words) if word in _PHRASE_ENDS), len(words))
        bare = words[:1] in (["a"], ["an"]) and cut > 1 and finite_at(words[:cut]) is None
        if bare and text[end - 1] != "?" and is_prose(text):
            inner = text[start].lower() + text[start + 1 :]
            yield from (f"{text[:start]}{raised(lowered(words_before), text[start])} {inner}" for words_before in FRAMES)


def drop_frame(text: str) -> Iterator[str]:
    """Frame off: ``It is a dull film.`` becomes ``A dull film.``, in the letter case of the text."""
    for start, end in sentences(text)[:1]:
        match = _FRAMED.match(text, start, end)
        if match:
            yield text[:start] + raised(text[match.end() :], text[start])
