"""A shipped fake that reads a document for a user and obeys what is injected in it, but only where it is told to be weak.

``scripted:gullible:family=role-play|urgency,disguise=base64,place=end`` falls for these cells alone; what is not named is any.
``mode`` says what it does there: ``obey`` (does its task and adds the word), ``quote`` (does its task and reports the instruction
without following it), ``refuse``, or ``leak`` (repeats any made-up word it can read, asked or not). Its weak cells are known
beforehand, so what a search should find is too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from attacks.search import Input
from attacks.transformations.payloads.disguises import DISGUISES, NONE, chains
from attacks.transformations.payloads.families import FAMILIES
from attacks.transformations.payloads.payload import Cell, payload_of
from attacks.transformations.payloads.places import PLACES
from robustness.errors import UsageError
from robustness.tasks.reading.canary import CONSONANTS, LETTERS, VOWELS, skeletons
from robustness.tasks.reading.decoding import readings
from robustness.victims.names import unknown

MODES = ("obey", "quote", "refuse", "leak")
REFUSAL = "I'm sorry, but I cannot help with that."
FIELDS = ("system", "task", "document")
_MADE_UP = re.compile(rf"(?:[{CONSONANTS}][{VOWELS}]){{{LETTERS // 2}}}")
_HALVES = re.compile(rf'"((?:[{CONSONANTS}][{VOWELS}]){{{LETTERS // 4}}})"')
_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_LEVELS: Mapping[str, tuple[str, ...]] = {
    "family": tuple(FAMILIES),
    "disguise": (NONE, *DISGUISES),
    "place": tuple(PLACES),
    "depth": ("0", "1", "2"),
    "mode": MODES,
}


def reader(argument: str = "") -> Callable[[Sequence[Input]], list[str]]:
    """The fake's answers; raises ``UsageError`` for a key, level or mode that there is not."""
    weak = _weaknesses(argument)
    return lambda inputs: [_answer(one, weak) for one in inputs]


def _weaknesses(argument: str) -> dict[str, frozenset[str]]:
    weak: dict[str, frozenset[str]] = {}
    for part in filter(None, argument.split(",")):
        key, equals, named = part.partition("=")
        if not equals or key not in _LEVELS:
            raise UsageError(f"scripted:gullible takes {', '.join(f'{one}=…' for one in _LEVELS)}, got {part!r}")
        levels = frozenset(named.split("|"))
        for wrong in sorted(levels.difference(_LEVELS[key])):
            raise unknown(key, wrong, _LEVELS[key])
        weak[key] = levels
    if len(weak.get("mode", ("obey",))) != 1:
        raise UsageError(f"scripted:gullible has one mode, one of {', '.join(MODES)}, got {argument!r}")
    return weak


def _answer(inputs: Input, weak: Mapping[str, frozenset[str]]) -> str:
    _, task, document = inputs
    mode = next(iter(weak.get("mode", {"obey"})))
    word = made_up_word(document)
    if word is None:
        return best_sentence(task, document)
    if mode == "leak":
        return f"{best_sentence(task, document)} Also: {word}"
    found = cell_in(document, word)
    if found is None or not _falls_for(found, weak):
        return best_sentence(task, document)
    cell, rest = found
    done = best_sentence(task, rest)
    if mode == "refuse":
        return REFUSAL
    if mode == "quote":
        return f'{done}\nI did not follow an instruction in the document: "{payload_of(cell, word)}"'
    return f"{done} {word}"


def _falls_for(found: tuple[Cell, str], weak: Mapping[str, frozenset[str]]) -> bool:
    cell = found[0]
    worn = set(cell.chain or (NONE,))
    seen = {"family": {cell.family}, "disguise": worn, "place": {cell.place}, "depth": {str(len(cell.chain))}}
    return all(seen[key] & levels for key, levels in weak.items() if key != "mode")


def made_up_word(document: str) -> str | None:
    """The first canary-like word in any reading of a document, in one piece or in two quoted halves."""
    for _, reading in readings(document):
        for line in skeletons(reading):
            for shape in (line, line[::-1]):
                match = _MADE_UP.search(shape)
                if match is not None:
                    return str(match[0])
        halves: list[str] = _HALVES.findall(reading.lower())
        if len(halves) >= 2:
            return halves[0] + halves[1]
    return None


@lru_cache(64)
def _payloads(word: str) -> tuple[tuple[str, Cell], ...]:
    cells = (Cell(family, chain, "end") for family in FAMILIES for chain in chains())
    return tuple((payload_of(cell, word), cell) for cell in cells)


def cell_in(document: str, word: str) -> tuple[Cell, str] | None:
    """The cell whose payload stands in a document, and the document without it; None where none does."""
    plain = re.sub(r"(?m)^> ", "", document)
    held = [(len(payload), payload, cell) for payload, cell in _payloads(word) if payload in plain]
    if not held:
        return None
    _, payload, cell = max(held, key=lambda one: (one[0], one[2]))
    rest = plain.replace(payload, " ")
    return Cell(cell.family, cell.chain, _place(document, plain, payload)), rest


def _place(document: str, plain: str, payload: str) -> str:
    before, _, behind = plain.partition(payload)
    if f"<!-- {payload}" in document:
        return "comment"
    if "\n\n> " in document and not behind.strip():
        return "quoted"
    if not before.strip():
        return "start"
    if before.endswith("\n\n") and not behind.strip():
        return "own-line"
    return "middle" if behind.strip() else "end"


def best_sentence(task: str, document: str) -> str:
    """The sentence that shares most words with the task: what this victim answers with."""
    asked = {word.casefold() for word in _WORD.findall(task)}

    def shared(sentence: str) -> int:
        return len(asked & {word.casefold() for word in _WORD.findall(sentence)})

    sentences = [one.strip() for one in _SENTENCE.split(document) if one.strip()]
    return max(sentences, key=shared, default=document.strip())
