"""Failures reduced to the fewest edits that still flip, and what they have in common: clusters by mechanism."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

from reports.files import exact
from reports.run import SCHEMA, EditRecord, RunError

MINIMISED = "minimised.jsonl"
MINIMAL, FIXED, NOT_APPLICABLE, ERROR = "minimal", "fixed", "not applicable", "error"
STATES = (MINIMAL, FIXED, NOT_APPLICABLE, ERROR)
_AROUND = regex.compile(r"[\p{L}\p{N}\p{M}_'’\-]")
_CLASSES = {"NOUN": "noun", "VERB": "verb", "ADJ": "adjective", "ADV": "adverb", "PROPN": "name", "AUX": "auxiliary"}
_OFTEN = 2
_PLUS = " + "
SEVERAL = "several techniques"


@dataclass(frozen=True, slots=True)
class Mechanism:
    """How a minimal failure works. ``word``: the edited word in lower case, empty where several or none were edited."""

    technique: str
    position: str
    word_class: str
    word: str


@dataclass(frozen=True, slots=True)
class Minimal:
    """One failure after minimising. ``was``: edits before. ``exact``: no smaller choice of these edits flips the victim."""

    example_id: str
    recipe: str
    label: str
    state: str
    was: int
    edits: tuple[EditRecord, ...] = ()
    perturbed: str = ""
    answer: str = ""
    exact: bool = False
    queries: int = 0
    mechanism: Mechanism | None = None
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """One line of ``minimised.jsonl``."""
        flat = {name: getattr(self, name) for name in self.__slots__ if name not in ("edits", "mechanism")}
        mechanism = self.mechanism and {name: getattr(self.mechanism, name) for name in self.mechanism.__slots__}
        edits = [{name: getattr(edit, name) for name in edit.__slots__} for edit in self.edits]
        return {"schema": SCHEMA, **flat, "edits": edits, "mechanism": mechanism}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Failures that work in the same way, and one line that says how."""

    reason: str
    count: int
    cases: tuple[tuple[str, str], ...]


def write_minimised(path: Path, found: Iterable[Minimal]) -> None:
    """Write ``minimised.jsonl``, ASCII only."""
    lines = [json.dumps(exact.spelled(one.to_dict()), ensure_ascii=True, separators=(",", ":"), allow_nan=False) for one in found]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii", newline="\n")


def read_minimised(path: Path) -> list[Minimal]:
    """Read it back; raises ``RunError`` naming the line that is not a minimised failure."""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            raw = exact.loads(line)
            if raw.pop("schema") != SCHEMA or raw["state"] not in STATES:
                raise ValueError("another schema or state")
            mechanism = raw["mechanism"] and Mechanism(**raw["mechanism"])
            edits = tuple(EditRecord(**edit) for edit in raw["edits"])
            found.append(Minimal(**{**raw, "edits": edits, "mechanism": mechanism}))
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise RunError(
                f"{path}, line {number}: not a minimised failure ({problem}); run `robustness minimise` again"
            ) from None
    return found


def edited_word(text: str, edit: EditRecord) -> str:
    """The word or words of the original that an edit touches, in lower case; empty where it only inserts between words."""
    start, end = edit.start, edit.end
    if touched := text[start:end].strip():  # a word that is dropped with the space after it touches no other
        start = text.index(touched, start, end)
        end = start + len(touched)
    while start > 0 and _AROUND.match(text[start - 1]):
        start -= 1
    while end < len(text) and _AROUND.match(text[end]):
        end += 1
    return text[start:end].strip().lower()


def position(text: str, edit: EditRecord) -> str:
    """Which third of the original the middle of an edit is in."""
    at = (edit.start + edit.end) / 2 / max(1, len(text))
    return "start" if at < 1 / 3 else "middle" if at < 2 / 3 else "end"


def mechanism(text: str, edits: Sequence[EditRecord], classes: Sequence[str]) -> Mechanism:
    """The mechanism of minimal edits; ``classes``: the word class of each edited word, as the caller's dictionary says."""
    words = [edited_word(text, edit) for edit in edits]
    return Mechanism(
        technique=_PLUS.join(sorted({edit.technique or "edit" for edit in edits})),
        position=_one({position(text, edit) for edit in edits}, "several places"),
        word_class=_one({_class(name) for name in classes}, "words of several classes"),
        word=words[0] if len(words) == 1 else "",
    )


def _one(found: set[str], else_: str) -> str:
    return next(iter(found)) if len(found) == 1 else else_


def _class(names: str) -> str:
    return " or ".join(_CLASSES.get(name, name.lower()) for name in names.split("|")) if names else "unknown word"


def clusters(found: Sequence[Minimal]) -> list[Cluster]:
    """Minimal failures by mechanism, largest first.

    A word that one technique edited in several failures is a cluster of its own. Failures that need several edits at once
    go by technique; the rest by technique, word class and position.
    """
    minimal = [(one, one.mechanism) for one in found if one.state == MINIMAL and one.mechanism is not None]
    often = Counter((m.technique, m.word) for _, m in minimal if m.word)
    groups: dict[tuple[str, ...], list[tuple[Minimal, Mechanism]]] = {}
    for one, how in minimal:
        by_word = how.word and often[how.technique, how.word] >= _OFTEN
        key: tuple[str, ...] = ("class", how.technique, how.word_class, how.position)
        if by_word:
            key = ("word", how.technique, how.word)
        elif len(one.edits) > 1:
            key = ("many", SEVERAL if _PLUS in how.technique else how.technique)
        groups.setdefault(key, []).append((one, how))
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Cluster(_reason(key, group), len(group), tuple((o.recipe, o.example_id) for o, _ in group)) for key, group in ordered]


def _reason(key: tuple[str, ...], group: Sequence[tuple[Minimal, Mechanism]]) -> str:
    size = Counter(len(one.edits) for one, _ in group).most_common(1)[0][0]
    edits = "one edit is enough" if size == 1 else f"usually {size} edits are needed"
    if key[0] == "word":
        places = Counter(how.position for _, how in group).most_common(1)[0][0]
        return f"{key[1]} of the word “{key[2]}” ({group[0][1].word_class}), usually at the {places}; {edits}"
    if key[0] == "many":
        used = Counter(name for _, how in group for name in how.technique.split(_PLUS)).most_common(3)
        which = f" ({', '.join(name for name, _ in used)})" if key[1] == SEVERAL else ""
        return f"{key[1]}{which} on several words at once; {edits}"
    words = [word for word, _ in Counter(how.word for _, how in group if how.word).most_common(4)]
    named = f", such as {', '.join(f'“{word}”' for word in words)}" if words else ""
    where = f"at the {key[3]}" if key[3] in ("start", "middle", "end") else f"in {key[3]}"
    return f"{key[1]} of {key[2]} {where}{named}; {edits}"


def summary_line(found: Sequence[Minimal]) -> str:
    """How far the failures could be reduced, in one line."""
    counts = Counter(one.state for one in found)
    minimal = [one for one in found if one.state == MINIMAL]
    before, after = sum(one.was for one in minimal), sum(len(one.edits) for one in minimal)
    others = "".join(f", {counts[state]} {state}" for state in STATES[1:] if counts[state])
    return f"{len(minimal)} of {len(found)} failures still flip: {before} edits came down to {after}{others}"
