"""What kind of text it is: code and lists, headlines, or a statement, so that words are set only where a writer would."""

from __future__ import annotations

from functools import lru_cache

import regex

from attacks.constraints.stopwords import is_stop_word
from attacks.tagging import Token, tagged
from attacks.tagging.builtin import after_adverbs, possible
from attacks.transformations.tables import groups

_CODE = regex.compile(
    r"[{}\\|`]|</?[A-Za-z!]|::|=>|->|[=!]=|\(\)|;[ \t]*$|\w=|#[0-9A-Fa-f]{6}\b|#\s?\d+\s?;|&#?\w+;|\w_\w"
    r"|^[ \t]*(?:[-*•·]|\(?\d+[.)])\s",
    regex.MULTILINE,
)
_LINK = regex.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+")
_LIST = regex.compile(
    r"^(?:\S+\s+){0,4}\S+\s?:\s(?!\))|\n[^\n]*[^.!?\s\n][ \t]*\n|(?:\b[\p{L}\p{N}]+(?:\s[\p{L}\p{N}]+)?\s?[,/;]\s){4,}"
)
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}'’\-]*")
_SUBJECTS = frozenset("i you he she it we they there this that these those everyone everybody everything nobody nothing".split())
_DETERMINERS = frozenset("the a an this that these those my your his her its our their every no some each most many all".split())
_FINITE = frozenset(
    """am is are was were has have had do does did can could will would shall should may might must cannot
    'm 's 're 've 'd 'll ca wo""".split()
)
_ENDS = frozenset('who which that whom whose where when , : ; -- - ( ) " “ … and or but'.split())
_OBJECTS = frozenset("it me him us them you himself herself itself themselves everything nothing".split())
_TITLED = 0.6
_FEW = 3
_LONGEST = 400


@lru_cache(maxsize=1024)
def is_code(text: str) -> bool:
    """Whether the text holds code, markup or an enumeration; links and handles aside, which stand in any text."""
    return _CODE.search(_LINK.sub("", text)) is not None


@lru_cache(maxsize=1024)
def is_prose(text: str) -> bool:
    """Whether the text is running text: no code, no list, no headline, and words in it."""
    return not is_code(text) and _LIST.search(text) is None and not is_headline(text) and _WORD.search(text) is not None


def is_headline(text: str) -> bool:
    """Whether most of its longer words have capitals, as in titles, or all is shouted."""
    words = [word for word in _WORD.findall(text[:_LONGEST]) if len(word) > _FEW]
    if len(words) >= _FEW and all(word.isupper() for word in words):
        return True
    return len(words) > _FEW and sum(word[0].isupper() for word in words) >= _TITLED * len(words)


def is_statement(sentence: str, tagger: str = "auto") -> bool:
    """Whether a sentence is a plain statement: a subject, then its finite verb; no question, command, fragment, headline.

    It errs on the safe side: a statement that begins in any other way is not told from a fragment and counts as none.
    """
    if len(sentence) > _LONGEST or sentence.rstrip(" \"'”’)").endswith("?") or not is_prose(sentence):
        return False
    tokens, tags = tagged(sentence, tagger)
    if len(tokens) < _FEW:
        return False
    small = [token.small for token in tokens]
    if small[0] in _SUBJECTS and _verb_at(small, tags, after_adverbs(small, 1), bare=True):
        return True
    if small[0] in _DETERMINERS:
        return _has_verb(small, tags)
    return _is_named(tokens, small)


def _verb_at(small: list[str], tags: tuple[str, ...], index: int, *, bare: bool = False) -> bool:
    """Whether a finite verb stands there for certain; ``bare``: right after a subject that needs one."""
    if index >= len(small):
        return False
    if small[index] in _FINITE:
        return True
    kinds = possible(small[index])
    if bare:
        return tags[index] in ("VBD", "VBZ", "VBP") or (tags[index] == "" and bool(kinds & {"VBD", "VBZ", "VBP"}))
    if tags[index] == "VBD" and "VBD" in kinds and index + 1 < len(small):
        followed = small[index + 1] in _OBJECTS or tags[index + 1] in ("DT", "PRP$")
        if followed:
            return True  # "my brother hated it"; without an object it may be a participle: "the film directed by him"
    return tags[index] in ("VBD", "VBZ") and kinds <= {"VBD", "VBZ"}


def _has_verb(small: list[str], tags: tuple[str, ...]) -> bool:
    for index in range(1, min(len(small), 12)):
        if small[index] in _ENDS:
            return False
        if small[index] == "'s" and tags[index] == "POS":
            continue
        if index > 1 and _verb_at(small, tags, index):
            return True
    return False


def _is_named(tokens: tuple[Token, ...], small: list[str]) -> bool:
    """Whether names stand first and *is*, *was* … follows: "Bill Murray is great"."""
    names = 0
    while names < len(tokens) and tokens[names].text[:1].isupper() and not is_stop_word(tokens[names].text):
        names += 1
    if not 0 < names < len(tokens) or small[names] not in _FINITE or small[names].startswith("'"):
        return False
    return names > 1 or tokens[0].text in groups("names") or tokens[0].text in groups("places")
