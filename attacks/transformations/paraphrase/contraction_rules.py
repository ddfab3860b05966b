"""Where English contracts and where it does not: decided from tags, and left alone where these do not tell.

A contraction is weak: it needs the word after it. So nothing contracts before a gap ("what it is matters", "than it is in Rome"),
a main verb *have* does not ("I have to go"), and what 'd and 's stand for is read from the verb that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attacks.constraints.stopwords import is_stop_word
from attacks.tagging import tagged
from attacks.tagging.builtin import after_adverbs, possible

NOMINATIVE = frozenset("i you he she it we they".split())
_WH = frozenset("what who whom which whatever whichever whoever where wherever how however than as so such".split())
_CLAUSE_STARTS = frozenset("and or but because if when while that although though since unless until".split())
_NOUN_MODALS = frozenset("will need must can might".split())
_FOCUS = frozenset("only just merely simply but to".split())
_NEGATED = frozenset("are could did do does had has have is must need should was were will would can ca wo sha might".split())
_NAMING = frozenset("called named titled entitled known considered deemed dubbed".split())
_INTRANSITIVE = frozenset(
    """been got had become gone come happened arrived died grown fallen risen lived worked seemed stopped improved looked talked
    waited listened stayed returned appeared disappeared begun started aged gotten vanished emerged succeeded failed""".split()
)
_BARE = frozenset(
    """fun time nonsense rubbish trash garbage art magic news trouble luck hell love murder music food history propaganda
    entertainment comedy pure great crap proof home work business science fiction""".split()
)
"""Nouns that stand after *it is* without an article; before others "it's" is a slip for "its"."""
_SEVERAL = frozenset("many several few two three four five six seven eight nine ten lots dozens plenty".split())
_OBJECT = frozenset("me him her it us them you myself himself herself itself themselves that everything nothing".split())
_KNOW = frozenset("know have in out off alone down through".split())
_S_HOSTS = frozenset("it he she that there here what where who how".split())
_D_HOSTS = NOMINATIVE | {"who", "there", "that"}
_PLURAL_HOSTS = frozenset("you we they who what there these those".split())
_LL_HOSTS = NOMINATIVE | {"who", "that", "there", "this"}
_VE_HOSTS = frozenset("i you we they who could should would might must may there".split())


@dataclass(frozen=True, slots=True)
class Change:
    """``text[start:end]`` may read any of ``options``."""

    start: int
    end: int
    options: tuple[str, ...]


class Reading:
    """One text, tokenised and tagged."""

    def __init__(self, text: str, tagger: str) -> None:
        self.text = text
        self.tokens, self.tags = tagged(text, tagger)
        self.small = [token.small for token in self.tokens]
        self.curly = "’" in text and "'" not in text
        self.spaced = any(
            not token.glued and index and token.small in ("n't", "'s", "'m", "'re", "'ve", "'ll", "'d")
            for index, token in enumerate(self.tokens)
        )

    def word(self, index: int) -> str:
        """The token at a place in lower case; "" past either end."""
        return self.small[index] if 0 <= index < len(self.small) else ""

    def tag(self, index: int) -> str:
        """The tag at a place; "" past either end."""
        return self.tags[index] if 0 <= index < len(self.tags) else ""

    def can_be(self, index: int, *tags: str) -> bool:
        """Whether the token at a place is tagged as one of these, or the tagger does not say and a dictionary allows it."""
        tag = self.tag(index)
        return tag in tags or (tag == "" and not possible(self.word(index)).isdisjoint(tags))

    def is_word(self, index: int) -> bool:
        """Whether a word stands there."""
        return self.word(index)[:1].isalnum()

    def starts_sentence(self, index: int) -> bool:
        """Whether nothing but an opening quote stands before it in its sentence."""
        return index == 0 or self.word(index - 1) in (".", "!", "?", '"', "“", "(", ":", ";", "-", "--", "…")

    def is_question(self, index: int) -> bool:
        """Whether the sentence from a place on ends with a question mark."""
        closing = next((word for word in self.small[index:] if word in (".", "!", "?")), "")
        return closing == "?"

    def complement(self, index: int) -> int | None:
        """The place of the word that follows, adverbs aside, or None where a gap does: punctuation, a conjunction, the end."""
        if not self.is_word(index):
            return None
        at = after_adverbs(self.small, index)
        if not self.is_word(at):
            at = index  # adverbs alone: "it is still", "it is now"
            return at if self.is_word(at + 1) else None
        return None if self.tag(at) == "CC" else at


def contractions(reading: Reading, known: dict[str, str]) -> list[Change]:
    """Every place that contracts, from left to right, none overlapping. ``known``: small words to their contraction."""
    found: list[Change] = []
    index = 0
    while index < len(reading.tokens):
        change = _pair(reading, index, known) or _single(reading, index, known)
        if change is not None:
            found.append(change)
        index += 1 if change is None or change.end <= reading.tokens[index].end else 2
    return found


def _single(r: Reading, index: int, known: dict[str, str]) -> Change | None:
    short = known.get(r.word(index))
    if short is None or r.word(index + 1) in _FOCUS:
        return None
    return _made(r, index, index, short)


def _pair(r: Reading, index: int, known: dict[str, str]) -> Change | None:
    if index + 1 >= len(r.tokens) or r.text[r.tokens[index].end : r.tokens[index + 1].start] != " ":
        return None
    host, second = r.word(index), r.word(index + 1)
    short = known.get(f"{host} {second}")
    if short is None or (r.tokens[index + 1].text.isupper() and len(second) > 1 and not r.tokens[index].text.isupper()):
        return None  # "you DO NOT" contracts, "you do NOT" is stressed
    allowed = _negation if second == "not" else _auxiliary
    return _made(r, index, index + 1, short) if allowed(r, index, known) else None


def _negation(r: Reading, index: int, known: dict[str, str]) -> bool:
    host, before, after = r.word(index), r.tag(index - 1), r.word(index + 2)
    if host in _NOUN_MODALS and (before in ("DT", "PRP$", "JJ", "POS") or after == "to"):
        return False  # "his will not to fail", "the need not to"
    return not (host in ("can", "could", "will", "would", "should", "must", "might", "need") and after in _FOCUS)


def _auxiliary(r: Reading, index: int, known: dict[str, str]) -> bool:
    host, verb, after = r.word(index), r.word(index + 1), index + 2
    if not r.is_word(after) or r.text[r.tokens[after - 1].end : r.tokens[after].start].strip():
        return False
    if f"{verb} {r.word(after)}" in known:
        return False  # "they will not" is "they won't", not "they'll not"
    if verb in ("will", "would"):
        return _takes_base(r, after)
    if verb in ("have", "had"):
        return r.tag(index - 1) != "DT" and _takes_participle(r, after, {"i": "me", "we": "us"}.get(host, ""))
    if host == "let":
        return r.starts_sentence(index) and r.can_be(after, "VB", "VBP") and r.word(after) not in _KNOW
    return _is_linked(r, index, after)


def _takes_base(r: Reading, index: int) -> bool:
    at = after_adverbs(r.small, index)
    word = r.word(at)
    return (
        word in ("be", "have", "do", "rather", "like")
        or r.tag(at) == "VB"
        or (r.tag(at) in ("", "VBP") and "VB" in possible(word))
    )


def _takes_participle(r: Reading, index: int, own: str) -> bool:
    """Whether *have* is an auxiliary: a participle follows, and no noun that it would describe ("I have mixed feelings").

    ``own``: the subject as an object; behind the participle it shows another clause ("the one I had made me ill").
    """
    at = after_adverbs(r.small, index)
    word = r.word(at)
    if word == "better" and index == at:
        return "VB" in possible(r.word(at + 1))
    if word in ("been", "had", "done", "got", "gotten"):
        return True
    if own and r.word(at + 1) == own:
        return False
    describes = "JJ" in possible(word) and r.can_be(at + 1, "NN", "NNS") and r.word(at + 1) not in _OBJECT
    return r.can_be(at, "VBN") and "VBN" in (possible(word) or {"VBN"}) and not describes


def _is_linked(r: Reading, index: int, after: int) -> bool:
    """Whether *am, are, is* has its complement behind it, and no gap where it was moved away from."""
    at = after if r.word(after) in ("all", "both", "each") else r.complement(after)
    host = r.word(index)
    if at is None or r.word(index - 1) in ("here", "there"):
        return False
    word, tag = r.word(at), r.tag(at)
    if tag in ("MD",) or word in ("is", "was", "are", "were", "has", "does", "did", "'s"):
        return False
    if "VBZ" in possible(word) and not possible(word) & {"JJ", "VBN"} and host != "there":
        return False  # "what it is matters"
    if host in ("what", "where", "who", "how", "that", "there", "here"):
        moved = host in ("there", "that") and _moved(r, index) and tag not in ("VBG", "VBN")  # "what there is to see"
        return not moved and not (word == "it" and not r.is_word(at + 1))
    if word in NOMINATIVE:
        return False
    return not _moved(r, index) or r.tag(at) == "VBG" or (r.tag(at) == "VBN" and "JJ" not in possible(word))


def _moved(r: Reading, index: int) -> bool:
    """Whether a question word, *than*, *as* stands before the subject, so that what follows the verb may be missing."""
    for at in range(index - 1, max(-1, index - 7), -1):
        word = r.word(at)
        if word in _WH:
            return True
        if word in _CLAUSE_STARTS or not r.is_word(at):
            return False
    return False


def _made(r: Reading, first: int, last: int, short: str) -> Change:
    """The contraction in the letter case, apostrophe and spacing of the text."""
    host, start, end = r.tokens[first].text, r.tokens[first].start, r.tokens[last].end
    stem = r.word(first)
    shouted = r.tokens[last].text.isupper() and (len(host) == 1 or host.isupper()) and len(r.tokens[last].text) > 1
    joins = short.lower().startswith(stem) and first != last
    new = host + short[len(stem) :] if joins else host[:1] + short[1:]  # "won't" and "can't" change the host
    new = new.upper() if shouted else new
    if r.spaced:
        cut = len(new) - 3 if new.lower().endswith("n't") else new.index("'")
        new = f"{new[:cut]} {new[cut:]}"
    return Change(start, end, (new.replace("'", "’") if r.curly else new,))


def expansions(reading: Reading) -> list[Change]:
    """Every contraction that can be written out, from left to right, with what it may stand for."""
    found = (_written_out(reading, index) for index in range(1, len(reading.tokens)))
    return [change for change in found if change is not None]


def _written_out(r: Reading, index: int) -> Change | None:
    clitic, host = r.word(index), r.word(index - 1)
    if clitic[:1] != "'" and clitic != "n't":
        return None
    if clitic in _KEPT_APART.get(r.word(index + 1), ()):
        return None
    words = _meaning(r, index, host, clitic)
    if not words or (r.is_word(index + 1) and r.tokens[index + 1].glued):
        return None
    first, last = r.tokens[index - 1], r.tokens[index]
    tail = words[0].upper() if last.text[-1].isupper() and first.text.isupper() else words[0]
    stems = {"ca": ("can",), "wo": ("will",), "sha": ("shall",)}.get(host, (host,)) if clitic == "n't" else (host,)
    head = first.text if stems == (host,) else _like(stems[0], first.text)
    options = [f"{head} {tail}"]
    if host == "ca" and not r.spaced:
        options.insert(0, head + tail)
    return Change(first.start, last.end, tuple(options))


_KEPT_APART: dict[str, tuple[str, ...]] = {"'ve": ("'d", "n't"), "'d": ("'ve",)}
"""Double contractions ("I'd've") stay as they are."""


def _like(word: str, model: str) -> str:
    return word.upper() if model.isupper() and len(model) > 1 else word.capitalize() if model[:1].isupper() else word


def _meaning(r: Reading, index: int, host: str, clitic: str) -> tuple[str, ...]:
    """What a contracted word stands for, nothing where that cannot be told."""
    if clitic == "n't":
        return ("not",) if host in _NEGATED and not _inverted(r, index) else ()
    if not r.is_word(index + 1) and r.word(index + 1) not in ('"', "“", "'"):
        return ()  # "I'll." is cut off, and "what's-his-name" is no clause
    if clitic == "'m":
        return ("am",) if host == "i" else ()
    if clitic == "'re":
        return ("are",) if host in _PLURAL_HOSTS and not _slip(r, index) else ()
    if clitic == "'ll":
        return ("will",) if host in _LL_HOSTS else ()
    if clitic == "'ve":
        return ("have",) if host in _VE_HOSTS else ()
    if clitic == "'d":
        return {"MD": ("would",), "VBD": ("had",)}.get(r.tag(index), ()) if host in _D_HOSTS else ()
    if clitic == "'s" and host == "let":
        return ("us",) if r.can_be(after_adverbs(r.small, index + 1), "VB", "VBP") and r.word(index + 1) not in _OBJECT else ()
    return _is_or_has(r, index, host) if clitic == "'s" and host in _S_HOSTS and r.tag(index) != "POS" else ()


def _inverted(r: Reading, index: int) -> bool:
    """Whether the subject follows, as in questions and tags: "isn't it" cannot be "is not it"."""
    after, before = r.word(index + 1), r.word(index - 2)
    if after in NOMINATIVE or (after in ("there", "this", "these", "those") and r.is_question(index)):
        return True
    if before in ("why", "how", "when", "where"):
        return True
    starts = r.starts_sentence(index - 1) or before in ("what", "who", "which", ",")
    return starts and r.is_question(index) and not r.can_be(index + 1, "VB", "VBG", "VBN")


def _slip(r: Reading, index: int) -> bool:
    """Whether "it's", "who's", "you're" are slips for "its", "whose", "your": a bare singular noun follows."""
    word = r.word(index + 1)
    if word in _BARE or r.tag(index + 1) == "NNP" or is_stop_word(word):
        return False
    kinds = possible(word)
    if "NN" in kinds and r.word(index + 2) in ("is", "was", "has", "had", "will", "does", "'s"):
        return True  # "it's cast is weak"
    owned = r.tag(index + 1) == "NN" or kinds <= {"NN", "NNS"}
    return owned and bool(kinds) and kinds <= {"NN", "NNS", "VB", "VBP"}


def _is_or_has(r: Reading, index: int, host: str) -> tuple[str, ...]:
    after = index + 1
    at = after_adverbs(r.small, after)
    word, kinds = r.word(at), possible(r.word(at))
    if not r.is_word(at):
        return ("is",) if r.is_word(after) else ()
    if host in ("what", "where", "how", "who") and word in NOMINATIVE:
        then = after_adverbs(r.small, at + 1)
        return ("is",) if not r.is_word(then) or r.can_be(then, "VBG", "JJ", "IN") or r.word(then) in ("like", "up") else ()
    if (host == "here" and word == "to") or (host == "how" and word == "about"):
        return ()
    if host in ("there", "here") and (word in _SEVERAL or r.can_be(at, "NNS")):
        return ()  # "there's two reasons" is "there are"
    if host in ("it", "who") and at == after and _slip(r, index):
        return ()
    if word in _INTRANSITIVE:
        return ("has",)
    if "VBN" in kinds and word not in _NAMING and not kinds & {"VB"}:
        return _passive_or_perfect(r, at, kinds)
    return ("is",)


def _passive_or_perfect(r: Reading, at: int, kinds: frozenset[str]) -> tuple[str, ...]:
    """A participle with an object is a perfect ("who's seen it"); one with *by*, *in* …, or that is an adjective, is not."""
    after, tag = r.word(at + 1), r.tag(at + 1)
    if after in _OBJECT or tag in ("DT", "PRP$", "PRP", "CD", "NNP", "NN", "NNS") or after in ("what", "how"):
        return ("has",)
    if "JJ" in kinds or tag in ("IN", "TO") or after in ("by", "in", "on", "with", "at", "for", "to"):
        return ("is",)
    return ()


def changed(text: str, changes: Sequence[tuple[Change, str]]) -> str:
    """The text with each change made as chosen; changes come in order."""
    parts: list[str] = []
    at = 0
    for change, new in changes:
        parts += (text[at : change.start], new)
        at = change.end
    return "".join((*parts, text[at:]))
