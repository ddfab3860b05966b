"""The tagger that needs nothing: a dictionary of forms, closed classes, and what stands before and after a word.

It answers "" where these do not tell. Its errors are measured on the sentences of ``tests/attacks/english``; docs/recipes.md
gives the figures.
"""

from __future__ import annotations

from functools import lru_cache

from attacks.language.morphology import forms, readings

_CLOSED: dict[str, str] = {
    **dict.fromkeys(
        "i you he she it we they me him us them myself yourself himself herself itself themselves one".split(), "PRP"
    ),
    **dict.fromkeys("my your his her its our their".split(), "PRP$"),
    **dict.fromkeys("a an the this that these those some any no every each another either neither both all".split(), "DT"),
    **dict.fromkeys("can could may might must shall should will would 'll ca wo sha cannot".split(), "MD"),
    **dict.fromkeys("who whom whose".split(), "WP"),
    **dict.fromkeys("what which whatever whichever whoever".split(), "WP"),
    **dict.fromkeys("how where when why however wherever whenever".split(), "WRB"),
    **dict.fromkeys("and or but nor & plus".split(), "CC"),
    **dict.fromkeys(
        """of in on at by for with from into onto about above across after against along among around as before behind below
        beneath beside besides between beyond despite during except inside like near off out outside over per since than
        through throughout till toward towards under until unto up upon via within without because although though while
        whereas whether if unless once""".split(),
        "IN",
    ),
    **dict.fromkeys(
        "not n't never always often also just only even still already ever very really quite too so soon".split(), "RB"
    ),
    **dict.fromkeys("rather actually probably certainly simply perhaps maybe almost nearly hardly barely scarcely".split(), "RB"),
    **dict.fromkeys(
        "again here there then now today yesterday tomorrow sometimes usually rarely seldom merely yet".split(), "RB"
    ),
    "to": "TO",
    "there": "EX",
    **{"am": "VBP", "'m": "VBP", "are": "VBP", "'re": "VBP", "is": "VBZ", "was": "VBD", "were": "VBD", "be": "VB"},
    **{"been": "VBN", "being": "VBG", "has": "VBZ", "have": "VBP", "'ve": "VBP", "had": "VBD", "having": "VBG"},
    **{"do": "VBP", "does": "VBZ", "did": "VBD", "done": "VBN", "doing": "VBG"},
    **{"gotten": "VBN", "got": "VBN", "gone": "VBN"},
}
_ADVERBS = frozenset(
    """not never always often also just only even still already ever really quite too so soon rather actually probably certainly
    simply perhaps maybe almost nearly hardly barely scarcely again then now sometimes usually rarely seldom merely n't finally
    recently long since all both each very definitely totally absolutely clearly truly easily highly gladly happily honestly
    once much""".split()
)
_BE = frozenset("am is are was were be been being 'm 're".split())
_HAVE = frozenset("have has had 've having".split())
_DO = frozenset("do does did".split())
_NOT_BASE = frozenset("found felt left thought fell lay wound ground rose saw shot bore spat".split())
"""Past forms that a dictionary also lists as the base of a rarer verb."""
_NOT_PARTICIPLE = frozenset("like need seem want love say know think".split())
_PUNCTUATION = {",": ",", ".": ".", "!": ".", "?": ".", ";": ":", ":": ":", "(": "(", ")": ")", "-": ":", "#": "#", "$": "$"}


@lru_cache(1 << 16)
def possible(word: str) -> frozenset[str]:
    """The Penn tags that a form can have by the dictionary, in lower case; of open classes only."""
    found: set[str] = set()
    for pos, lemma in readings(word):
        known = dict(forms(lemma, pos))
        if pos == "VERB":
            participle = known.get("VBN") or known.get("VBD") or ()
            past = known.get("VBD") or ()
            found |= {"VB", "VBP"} if word == lemma and word not in _NOT_BASE else set()
            found |= {"VBN"} if word in participle and word not in _NOT_PARTICIPLE else set()
            found |= {"VBD"} if word in past else set()
            found |= {tag for tag in ("VBG", "VBZ") if word in (known.get(tag) or ())}
        elif pos == "NOUN":
            found.add("NN" if word == lemma else "NNS")
        elif pos == "ADJ":
            found.add("JJ" if word == lemma else "JJR" if word in (known.get("JJR") or ()) else "JJS")
        elif pos == "ADV":
            found.add("RB")
    return frozenset(found)


class BuiltinTagger:
    """One pass from left to right; each word takes the tag that what stands before it asks for, if it can have it."""

    name = "builtin"

    def tag(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """A Penn tag for each token, "" where nothing tells."""
        small = [token.lower().replace("’", "'") for token in tokens]
        tags: list[str] = []
        for index, word in enumerate(small):
            tags.append(self._one(tokens, small, tags, index, word))
        return tuple(tags)

    def _one(self, tokens: tuple[str, ...], small: list[str], tags: list[str], index: int, word: str) -> str:
        if word == "'d":
            return _of_d(small, index)
        if word == "'s":
            return _of_s(small, tags, index)
        if word in _PUNCTUATION:
            return _PUNCTUATION[word]
        if word in ("that", "her", "so", "there", "have", "do", "no", "one", "done"):
            return self._of_chameleon(small, tags, index, word)
        if word in _CLOSED:
            return _CLOSED[word]
        if word[:1].isdigit():
            return "CD"
        options = possible(word)
        if (
            tokens[index][:1].isupper()
            and index
            and tags[index - 1] not in (".", ":", "(")
            and (not options or options <= {"NN"})
        ):
            return "NNP"
        return _open(options or _by_shape(word), small, tags, index) if options or word[:1].isalpha() else ":"

    def _of_chameleon(self, small: list[str], tags: list[str], index: int, word: str) -> str:
        following = small[index + 1] if index + 1 < len(small) else ""
        before = _before(small, tags, index)
        if word == "have" and before in ("MD", "TO"):
            return "VB"
        if word == "do" and before in ("MD", "TO"):
            return "VB"
        if word == "her":
            return "PRP$" if possible(following) & {"NN", "NNS", "JJ"} else "PRP"
        if word == "there":
            return "EX" if following in ("is", "are", "was", "were", "'s", "has", "have", "will", "'ll", "'d", "'re") else "RB"
        if word == "that":
            return "DT" if "NN" in possible(following) and following not in _CLOSED else "IN"
        return _CLOSED.get(word) or ""


def _before(small: list[str], tags: list[str], index: int) -> str:
    """The tag of what governs a word: the nearest one before it that is not an adverb."""
    at = index - 1
    while at >= 0 and (small[at] in _ADVERBS or tags[at] == "RB"):
        at -= 1
    return tags[at] if at >= 0 else "."


def _governor(small: list[str], index: int) -> str:
    at = index - 1
    while at >= 0 and (small[at] in _ADVERBS or (small[at].endswith("ly") and "RB" in possible(small[at]))):
        at -= 1
    return small[at] if at >= 0 else "."


def after_adverbs(small: list[str], index: int) -> int:
    """The place of the first token from ``index`` on that is not an adverb."""
    while index < len(small) and (small[index] in _ADVERBS or (small[index].endswith("ly") and "RB" in possible(small[index]))):
        index += 1
    return index


def _of_d(small: list[str], index: int) -> str:
    """``MD`` where 'd is *would*, ``VBD`` where it is *had*, by the form of the verb that follows."""
    at = after_adverbs(small, index + 1)
    word = small[at] if at < len(small) else ""
    if small[index + 1 : index + 2] in (["rather"], ["sooner"]):
        return "MD"
    if word in ("better", "best") and at + 1 < len(small) and ("VB" in possible(small[at + 1]) or small[at + 1] in ("not", "be")):
        return "VBD"
    if word in ("be", "have", "do", "like", "love", "say"):
        return "MD"
    if word in ("been", "had", "done", "got", "gotten", "gone"):
        return "VBD"
    if word in _CLOSED:
        return ""
    options = possible(word)
    if "VB" in options and "VBN" not in options:
        return "MD"
    if "VBN" in options and "VB" not in options:
        return "VBD"
    return ""


def _of_s(small: list[str], tags: list[str], index: int) -> str:
    """``POS`` after a noun, ``VBZ`` after a pronoun or an adverb that takes no possessive, unless a noun phrase is owned."""
    host = small[index - 1] if index else ""
    if host in ("it", "he", "she", "that", "there", "here", "what", "where", "who", "how", "this", "let", "when", "why"):
        return "VBZ" if host != "let" else "PRP"
    return "POS"


def _open(options: frozenset[str], small: list[str], tags: list[str], index: int) -> str:
    """One of a word's possible tags, by what governs it."""
    if len(options) == 1:
        return next(iter(options))
    governor, before = _governor(small, index), _before(small, tags, index)
    for wanted in _wanted(governor, before, small, index):
        if wanted in options:
            return wanted
    return ""


def _wanted(governor: str, before: str, small: list[str], index: int) -> tuple[str, ...]:
    if before == "TO" or before == "MD" or governor in _DO:
        return ("VB", "NN", "NNS", "JJ", "RB")
    if governor in _HAVE or (before == "VBD" and governor == "'d"):
        return ("VBN", "NN", "NNS", "JJ", "VBG")
    if governor in _BE or (governor == "'s" and before == "VBZ"):
        return ("JJ", "VBN", "VBG", "RB", "NN", "NNS", "JJR", "JJS")
    if before in ("DT", "PRP$", "POS", "CD", "JJ", "JJR", "JJS"):
        following = possible(small[index + 1]) if index + 1 < len(small) else frozenset()
        return (
            ("JJ", "VBN", "VBG", "NN", "NNS")
            if following & {"NN", "NNS"} and before != "JJ"
            else ("NN", "NNS", "JJ", "VBG", "VBN")
        )
    if before == "PRP":
        return ("VBD", "VBP", "VBZ", "VB", "RB")
    if before in ("NN", "NNS", "NNP", "EX", "WP"):
        return ("VBD", "VBZ", "VBP", "NN", "NNS", "VBN", "VBG", "RB", "JJ")
    if before == "IN":
        return ("VBG", "JJ", "NN", "NNS", "VBN")
    if before in (".", ":", "("):
        return ("JJ", "NNS", "RB", "VBG", "NN", "VB", "VBN", "VBD")
    return ("JJ", "NN", "NNS", "RB", "VBG", "VBN", "VBD", "VBZ", "VB")


def _by_shape(word: str) -> frozenset[str]:
    """What an unknown form looks like."""
    for end, tags in (("ly", {"RB"}), ("ing", {"VBG", "NN"}), ("ed", {"VBN", "VBD"}), ("ness", {"NN"}), ("s", {"NNS"})):
        if word.endswith(end) and len(word) > len(end) + 2:
            return frozenset(tags)
    return frozenset({"NN"})
