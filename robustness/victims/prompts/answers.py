"""What a model wrote, read as an answer: by the words of labels, a path into JSON, or a pattern.

One answer only: a text that names two labels, or holds two values, says nothing that could be right or wrong, and is *unparsed*.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from attacks.search import Unusable
from robustness.tasks.reading.refusals import refuses

Labels = Mapping[str, tuple[str, ...]]
"""Every label with the words that mean it; those of the first place are what the model is asked to say."""
Read = Callable[[str], str | Unusable]
MATCH_SECONDS = 1.0
"""A pattern that takes longer on an answer, as some do on hostile ones, does not find anything in it."""
NEGATIONS = ("not", "never", "neither", "nor", "no", "cannot", "isn't", "isn’t", "aren't", "aren’t", "wasn't", "wasn’t", "hardly")
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that put no blanks between words."""
_FENCED = regex.compile(r"\A\s*```\w*\s*\n(.*?)\n?\s*```\s*\Z", regex.DOTALL)


def folded(text: str) -> str:
    """A text as words are compared: one form of each character, no case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def unparsed(text: str, why: str) -> Unusable:
    """What is no single answer; a refusal where it begins as one."""
    shown = text if len(text) <= 80 else f"{text[:80]}…"
    kind = "refused" if refuses(text) else "unparsed"
    return Unusable(kind, f"{why}, got {shown!r}")


@dataclass(frozen=True, slots=True)
class Words:
    """The one label whose words stand in the text, as whole words and not right after a negation."""

    labels: Labels

    def __call__(self, text: str) -> str | Unusable:
        """The label's name."""
        plain, expected = folded(text), f"expected one of {', '.join(self.labels)}"
        meant, any_of_them = _sought(tuple(self.labels.items()))
        named: set[str] = set()
        for at in any_of_them.finditer(plain):
            before = plain[: at.start()].split()[-3:]
            if any(word.strip(".,;:!?\"'") in NEGATIONS for word in before) and not _ends(before):
                return unparsed(text, f"{expected}, not what it is not")
            named.add(meant[at[0]])
        if len(named) == 1:
            return named.pop()
        return unparsed(text, f"{expected}, and one only" if named else expected)


def _ends(before: Sequence[str]) -> bool:
    """Whether a sentence ends between a negation and what follows."""
    last = max((n for n, word in enumerate(before) if word.strip(".,;:!?\"'") in NEGATIONS), default=-1)
    return any(word[-1] in ".;!?" for word in before[last:])


def _meant(labels: Labels) -> dict[str, str]:
    """Every word, folded, with the label that it means; a label's own name means it unless it is another's word."""
    found = {folded(word): label for label, words in labels.items() for word in words}
    return {folded(label): label for label in labels} | found


@lru_cache(maxsize=64)
def _sought(labels: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[dict[str, str], regex.Pattern[str]]:
    """What ``_meant`` says, and a pattern of all of it: made once for all answers, since it takes longer than reading one."""
    meant = _meant(dict(labels))
    return meant, _any_of(meant)


def _any_of(words: Iterable[str]) -> regex.Pattern[str]:
    """Any of the words, the longest that fits, as a whole word where its script parts words."""
    parts = [_bounded(word) for word in sorted(words, key=len, reverse=True)]
    return regex.compile("|".join(parts))


def _bounded(word: str) -> str:
    before = r"(?<!\w)" if _parted(word[0]) else ""
    after = r"(?!\w)" if _parted(word[-1]) else ""
    return f"{before}{regex.escape(word)}{after}"


def _parted(edge: str) -> bool:
    """Whether a letter of this script stands at the edge of a word only where the text shows it."""
    return regex.match(r"\w", edge) is not None and regex.match(f"[{_UNSPACED}]", edge) is None


@dataclass(frozen=True, slots=True)
class JsonPath:
    """The value at a path of names and indexes in the one JSON value of the text, such as ``result.0.label``."""

    path: tuple[str, ...]

    def __call__(self, text: str) -> str | Unusable:
        """The value, as text."""
        try:
            found = _one_json(text)
            for step in self.path:
                found = found[int(step)] if isinstance(found, list) else found[step]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as problem:
            return unparsed(
                text, f"expected JSON with a value at {'.'.join(self.path)} ({type(problem).__name__}: {problem})"[:200]
            )
        if isinstance(found, bool):
            return "true" if found else "false"
        if not isinstance(found, (str, int, float)):
            return unparsed(text, f"expected a text or a number at {'.'.join(self.path)}")
        return str(found)


def _one_json(text: str) -> Any:
    """The one object or list in a text, in a fence or with words around it; raises ``ValueError`` for none or several."""
    fenced = _FENCED.match(text)
    body = fenced[1] if fenced else text
    starts = [at for at in (body.find("{"), body.find("[")) if at >= 0]
    if not starts:
        raise ValueError("there is none")
    found, end = json.JSONDecoder(object_pairs_hook=_once).raw_decode(body[min(starts) :])
    if any(sign in body[min(starts) + end :] for sign in "{["):
        raise ValueError("there are several")
    return found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name occurs twice")
    return dict(pairs)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a pattern finds: its group ``answer``, else its first group, else all of it; the same wherever it finds something."""

    pattern: regex.Pattern[str]

    def __call__(self, text: str) -> str | Unusable:
        """The text that it finds."""
        group: str | int = "answer" if "answer" in self.pattern.groupindex else min(1, self.pattern.groups)
        try:
            found = {at[group] for at in self.pattern.finditer(text, timeout=MATCH_SECONDS) if at[group] is not None}
        except TimeoutError:
            return unparsed(text, f"expected a match of {self.pattern.pattern!r} within {MATCH_SECONDS:g} s")
        if len(found) != 1:
            return unparsed(text, f"expected one match of {self.pattern.pattern!r}" + (", not several" if found else ""))
        return str(found.pop())


@dataclass(frozen=True, slots=True)
class Named:
    """The label that a value names, exactly; ``inner``: how the value is found in the text."""

    inner: Read
    labels: Labels

    def __call__(self, text: str) -> str | Unusable:
        """The label's name."""
        found = self.inner(text)
        if isinstance(found, Unusable):
            return found
        label = _meant(self.labels).get(folded(found).strip(" .\"'`*"))
        return label if label is not None else unparsed(text, f"expected one of {', '.join(self.labels)}")


def whole(text: str) -> str | Unusable:
    """The text as it is, blanks around it left aside."""
    return text.strip()
