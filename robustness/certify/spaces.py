"""Declared spaces of edits: every text that one edit, or two, can make of another. A certificate asks all of them.

``char-1``: one swap of neighbouring characters, one deletion, one substitution or one insertion of a character from a declared
alphabet. ``word-1``: one word replaced by a word that a declared lexicon lists for it. ``char-2``, ``word-2``: up to two
of these. A part of the edits can be named, ``char-1:swap+delete``. Protected spans are never touched, and no
letter is put against one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import Any, Protocol

from attacks.protection import Mask
from attacks.words import Words
from reports.files.exact import canonical
from robustness.certify.lexicons import Declared, load_declared
from robustness.errors import UsageError

Span = tuple[int, int]
SWAP, DELETE, SUBSTITUTE, INSERT, SYNONYM = "swap", "delete", "substitute", "insert", "synonym"
CHARACTER_EDITS = (SWAP, DELETE, SUBSTITUTE, INSERT)
ALPHABET = "a-z"
MOST_ALPHABET = 2000
_LONGER = {SWAP: 0, DELETE: -1, SUBSTITUTE: 0, INSERT: 1}
_SPEC = re.compile(r"(char|word)-([12])(?::(.*))?")
_LISTED = "char-1, char-2, word-1 or word-2; char-1:swap+delete for a part of the edits"


class Space(Protocol):
    """A space of edits. ``name``: as reports and policies call it; ``edits``: most edits at once."""

    @property
    def name(self) -> str:
        """Such as ``char-1`` or ``char-2:swap+delete``."""

    @property
    def edits(self) -> int:
        """1 or 2."""

    def texts(self, text: str, protected: Sequence[Span] = ()) -> Iterator[tuple[str, str]]:
        """Every text of the space but the original, each once, in a fixed order, with the kinds of its edits."""

    def size(self, text: str) -> int:
        """How many texts these are: exactly for one edit of characters, at most for others; protected spans make it less."""

    def record(self, texts: Iterable[str]) -> Mapping[str, Any]:
        """The definition, the formula of the size and a digest of both, for the certificate's settings."""


@dataclass(frozen=True, slots=True)
class CharacterSpace:
    """Edits of single characters (code points). ``alphabet``: what is put in; ``declared``: how it was given."""

    edits: int
    kinds: tuple[str, ...] = CHARACTER_EDITS
    alphabet: tuple[str, ...] = tuple("abcdefghijklmnopqrstuvwxyz")
    declared: str = ALPHABET

    @property
    def name(self) -> str:
        """Such as ``char-1:swap+delete``."""
        part = "" if self.kinds == CHARACTER_EDITS else ":" + "+".join(self.kinds)
        typed = {SUBSTITUTE, INSERT} & set(self.kinds)
        return f"char-{self.edits}{part}" + (f"@{self.declared}" if typed and self.declared != ALPHABET else "")

    def texts(self, text: str, protected: Sequence[Span] = ()) -> Iterator[tuple[str, str]]:
        """See ``Space``."""
        mask = Mask.of(text, (), protected) if protected else None
        base = text if mask is None else mask.text
        signs = frozenset() if mask is None else frozenset(mask.signs)
        for made, kind in self._within(base, signs):
            if mask is None:
                yield made, kind
            elif mask.intact(made):
                yield mask.restored(made), kind

    def _within(self, base: str, signs: frozenset[str]) -> Iterator[tuple[str, str]]:
        if self.edits == 1:
            yield from self._one(base, signs)
            return
        seen = {_digest(base)}
        first = list(self._one(base, signs))
        seen.update(_digest(made) for made, _ in first)
        yield from first
        for begun, kind in first:
            for made, then in self._one(begun, signs):
                mark = _digest(made)
                if mark not in seen:
                    seen.add(mark)
                    yield made, f"{kind}+{then}"

    def _one(self, base: str, signs: frozenset[str]) -> Iterator[tuple[str, str]]:
        """One edit; of edits that make the same text, in a run of equal characters, the first alone.

        Different kinds never make the same text: swaps change two places, substitutions one, the others the length.
        """
        for kind in self.kinds:
            for i in range(len(base) + (kind == INSERT)):
                here, before, after = base[i : i + 1], base[i - 1 : i] if i else "", base[i + 1 : i + 2]
                if kind != INSERT and here in signs:
                    continue
                if kind == SWAP:
                    if after and after != here and after not in signs:
                        yield f"{base[:i]}{after}{here}{base[i + 2 :]}", SWAP
                elif kind == DELETE:
                    if here != before:
                        yield base[:i] + base[i + 1 :], DELETE
                elif kind == SUBSTITUTE:
                    left, right = base[:i], base[i + 1 :]
                    yield from ((f"{left}{c}{right}", SUBSTITUTE) for c in self.alphabet if c != here)
                else:
                    left, right = base[:i], base[i:]
                    yield from ((f"{left}{c}{right}", INSERT) for c in self.alphabet if c != before)

    def size(self, text: str) -> int:
        """See ``Space``."""
        counts = self._counts(text)
        if self.edits == 1:
            return sum(counts.values())
        n = len(text)
        return sum(counts.values()) + sum(count * self._most(n + _LONGER[kind]) for kind, count in counts.items())

    def _counts(self, text: str) -> dict[str, int]:
        n, letters = len(text), set(self.alphabet)
        listed = sum(c in letters for c in text)
        alike = sum(a == b for a, b in pairwise(text))
        every = {
            SWAP: max(0, n - 1) - alike,
            DELETE: n - alike,
            SUBSTITUTE: n * len(letters) - listed,
            INSERT: (n + 1) * len(letters) - listed,
        }
        return {kind: every[kind] for kind in self.kinds}

    def _most(self, n: int) -> int:
        letters = len(self.alphabet)
        every = {SWAP: max(0, n - 1), DELETE: n, SUBSTITUTE: n * letters, INSERT: (n + 1) * letters}
        return sum(every[kind] for kind in self.kinds)

    def record(self, texts: Iterable[str]) -> Mapping[str, Any]:
        """See ``Space``."""
        terms = {SWAP: "n - 1", DELETE: "n", SUBSTITUTE: "n * a", INSERT: "(n + 1) * a"}
        nominal = " + ".join(f"[{kind}] {terms[kind]}" for kind in self.kinds)
        formula = f"{nominal} edits of n characters with a letters; of those that make one text, one counts"
        if self.edits == 2:
            formula += "; then all edits of each of these once more"
        typed = {SUBSTITUTE, INSERT} & set(self.kinds)
        definition = {"name": self.name, "edits": self.edits, "kinds": list(self.kinds), "formula": formula}
        definition |= {"alphabet": "".join(self.alphabet)} if typed else {}
        return {**definition, "digest": hashlib.sha256(canonical(definition)).hexdigest()}


@dataclass(frozen=True, slots=True)
class WordSpace:
    """Words replaced by what a lexicon lists for them, nothing else changed: no article follows."""

    edits: int
    lexicon: Declared

    @property
    def name(self) -> str:
        """Such as ``word-1``; ``word-1@NAME`` with a lexicon of one's own."""
        return f"word-{self.edits}" + (f"@{self.lexicon.name}" if self.lexicon.name else "")

    def texts(self, text: str, protected: Sequence[Span] = ()) -> Iterator[tuple[str, str]]:
        """See ``Space``."""
        places = self.places(text, protected)
        seen = {text}
        for many in range(1, self.edits + 1):
            for chosen in combinations(places, many):
                for new in product(*(options for _, options in chosen)):
                    made = spliced(text, [(span, word) for (span, _), word in zip(chosen, new, strict=True)])
                    if made not in seen:
                        seen.add(made)
                        yield made, "+".join([SYNONYM] * many)

    def places(self, text: str, protected: Sequence[Span] = ()) -> list[tuple[Span, tuple[str, ...]]]:
        """Every word that can be replaced: where it stands, and by what."""
        free = [(s, e) for s, e in Words(text).spans() if all(e <= start or end <= s for start, end in protected)]
        found = [((s, e), self.lexicon.choices(text[s:e])) for s, e in free]
        return [place for place in found if place[1]]

    def size(self, text: str) -> int:
        """See ``Space``."""
        counts = [len(options) for _, options in self.places(text)]
        one = sum(counts)
        return one if self.edits == 1 else one + (one * one - sum(c * c for c in counts)) // 2

    def record(self, texts: Iterable[str]) -> Mapping[str, Any]:
        """See ``Space``; the digest is over what the lexicon lists for every word of the texts."""
        words = sorted({text[s:e] for text in texts for s, e in Words(text).spans()})
        table = [[word, list(self.lexicon.choices(word))] for word in words]
        formula = "the sum over words of how many substitutes each has"
        if self.edits == 2:
            formula += ", and the same of each pair of words"
        definition = {"name": self.name, "edits": self.edits, "kinds": [SYNONYM], "formula": formula}
        definition |= {"lexicon": self.lexicon.name or "builtin"}
        return {**definition, "digest": hashlib.sha256(canonical([definition, table])).hexdigest()}


def spliced(text: str, changes: Sequence[tuple[Span, str]]) -> str:
    """The text with spans, in order, replaced."""
    parts, at = [], 0
    for (start, end), new in changes:
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


def parse_space(spec: str, *, alphabet: str | None = None, lexicon: str | None = None) -> Space:
    """The space behind ``char-1``, ``word-2``, ``char-1:swap+delete``; raises ``UsageError``."""
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        raise UsageError(f"--space expects {_LISTED}; got {spec!r}")
    unit, edits, part = match[1], int(match[2]), match[3]
    if unit == "word":
        if alphabet is not None:
            raise UsageError(f"--alphabet is for spaces of characters, and {spec} replaces words; leave it out")
        if part is not None:
            raise UsageError(f"--space {spec}: words are replaced and nothing else; write word-{edits}")
        return WordSpace(edits, load_declared(lexicon))
    if lexicon is not None:
        raise UsageError(f"--lexicon is for spaces of words, and {spec} edits characters; leave it out")
    kinds = CHARACTER_EDITS if part is None else tuple(dict.fromkeys(part.split("+")))
    odd = [kind for kind in kinds if kind not in CHARACTER_EDITS]
    if odd:
        raise UsageError(f"--space {spec}: no edit of characters is called {odd[0]!r}; they are {', '.join(CHARACTER_EDITS)}")
    kinds = tuple(kind for kind in CHARACTER_EDITS if kind in kinds)
    if alphabet is not None and not {SUBSTITUTE, INSERT} & set(kinds):
        raise UsageError(f"--alphabet is for substitutions and insertions, and {spec} has neither; leave it out")
    declared = ALPHABET if alphabet is None else alphabet
    return CharacterSpace(edits, kinds, letters_of(declared), declared)


def letters_of(spec: str) -> tuple[str, ...]:
    """The characters of ``a-z0-9äöü``: ranges and single ones, each once, by code point; a hyphen stands first or last."""
    found: set[str] = set()
    at = 0
    while at < len(spec):
        if at + 2 < len(spec) and spec[at + 1] == "-":
            first, last = ord(spec[at]), ord(spec[at + 2])
            if last < first or last - first > MOST_ALPHABET:
                raise UsageError(f"--alphabet {spec!r}: {spec[at : at + 3]} is no range of up to {MOST_ALPHABET} characters")
            found.update(chr(code) for code in range(first, last + 1))
            at += 3
        else:
            found.add(spec[at])
            at += 1
    if not found or any(0xD800 <= ord(c) < 0xE000 for c in found):
        raise UsageError(f"--alphabet expects characters and ranges, such as a-z0-9, got {spec!r}")
    return tuple(sorted(found))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
