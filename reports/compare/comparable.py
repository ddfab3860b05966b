"""Whether two runs asked the same question, and if not, where they differ."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any

from reports.measures.metrics import by_example
from reports.run import Run
from reports.run.store import comparability_id

FLOORS_DIFFER = 0.05
"""Error of the test that calls two flip rates different; by its exactness far less at the rates that one meets."""
_ABSENT = "(absent)"
_LONGEST = 80
_DIGEST = re.compile(r"(?:shared )?[0-9a-f]{32,}")
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two runs should share and do not: ``what``, and how it reads in the base and in the candidate.

    ``quotes``: both sides are texts of the data.
    """

    what: str
    base: str
    candidate: str
    quotes: bool = field(default=False, kw_only=True)

    def __str__(self) -> str:
        return f"{self.what}: {self.base} in the base, {self.candidate} in the candidate"

    def told(self, *, texts: bool) -> str:
        """The same; without ``texts`` it quotes none."""
        return str(self) if texts or not self.quotes else f"{self.what}: not the same in both runs"


def differences(base: Run, candidate: Run) -> tuple[Difference, ...]:
    """Everything that keeps two runs from being compared; none where they asked the same question of the same examples."""
    found = [*_selected(base, candidate), *_records(base, candidate), *_floors(base, candidate), *_sequential(base, candidate)]
    if not found and base.manifest.finished and candidate.manifest.finished:
        found += _examples(base, candidate)
    return tuple(found)


def _selected(base: Run, candidate: Run) -> Iterator[Difference]:
    """A run of the examples that an earlier one broke: its rates follow from how they were chosen."""
    if base.manifest.selected or candidate.manifest.selected:
        said = ["what an earlier run broke" if run.manifest.selected else "all examples" for run in (base, candidate)]
        yield Difference("examples that were selected by their outcomes cannot be compared", *said)


def _records(base: Run, candidate: Run) -> Iterator[Difference]:
    before, after = base.manifest, candidate.manifest
    said = [_record(m.comparability, m.comparability_id) for m in (before, after)]
    if said != ["kept", "kept"]:
        yield Difference("the record of what must match", *said)
        return
    for what, one, other in unequal(before.comparability, after.comparability):
        yield Difference(what, shortened(one), shortened(other))


def _floors(base: Run, candidate: Run) -> Iterator[Difference]:
    """Flip rates that cannot be one: what a run found broken depends on how often its victim's answers flip.

    Twenty texts measure a rate so roughly that most differences are chance: only one that Fisher's exact test shows counts.
    """
    said = [_flips(run.manifest.repeats) for run in (base, candidate)]
    if said[0] is None or said[1] is None:
        return
    if unlike(*said[0], *said[1]) <= FLOORS_DIFFER:
        shown = [f"{flips} of {texts} clean texts" for flips, texts in (said[0], said[1])]
        yield Difference("how often an answer changes when the same text is asked again", *shown)


def _flips(repeats: Mapping[str, Any]) -> tuple[int, int] | None:
    flips, texts = repeats.get("flips"), repeats.get("texts")
    if not isinstance(flips, int) or not isinstance(texts, int) or not 0 <= flips <= texts or not repeats.get("confirm"):
        return None
    return (flips, texts) if texts else None


def unlike(one: int, of: int, other: int, of_other: int) -> float:
    """The two-sided p-value of Fisher's exact test that two shares differ: of all ways to deal the hits, the less likely ones."""
    hits = one + other
    ways = {k: comb(of, k) * comb(of_other, hits - k) for k in range(max(0, hits - of_other), min(of, hits) + 1)}
    return sum(count for count in ways.values() if count <= ways[one]) / comb(of + of_other, hits)


def _record(comparability: Mapping[str, Any], identifier: str) -> str:
    if not comparability:
        return "missing"
    return "kept" if comparability_id(comparability) == identifier else "edited after the run"


def unequal(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves that differ, lists of named objects by name."""
    one, other = _named(before), _named(after)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys((*one, *other)):
            yield from unequal(one.get(key, _ABSENT), other.get(key, _ABSENT), f"{path}.{key}" if path else str(key))
        if isinstance(before, list) and one == other and list(one) != list(other):
            yield f"{path}, their order", list(one), list(other)
    elif before != after:
        yield path, before, after


def _named(value: Any) -> Any:
    """A list of objects with names as a mapping by name."""
    named = isinstance(value, list) and value and all(isinstance(v, Mapping) and "name" in v for v in value)
    return {str(v["name"]): v for v in value} if named else value


def shortened(value: Any) -> str:
    """A value in a line: long texts and digests cut short."""
    if value == _ABSENT:
        return _ABSENT
    if isinstance(value, Mapping) and "name" in value:
        return "there"
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return f"{value[:_DIGITS]}…"  # nobody reads sixty-four digits
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _sequential(base: Run, candidate: Run) -> Iterator[Difference]:
    """A run that stopped when its verdict was certain holds the examples that its own outcomes let it draw."""
    if base.manifest.sequential or candidate.manifest.sequential:
        said = [_drawn(run) for run in (base, candidate)]
        yield Difference("a run that stops when its verdict is certain cannot be paired", *said)


def _drawn(run: Run) -> str:
    if not run.manifest.sequential:
        return f"all {run.manifest.examples} examples"
    return f"{run.manifest.sequential.get('drawn', 'some')} of {run.manifest.examples} examples"


def _examples(base: Run, candidate: Run) -> Iterator[Difference]:
    """The outcomes themselves: the same ids, with the same texts and labels under them.

    A text that the victim brings itself, as a prompt brings its instruction, is the victim's and no part of the example, unless
    it is what was attacked.
    """
    before, after = by_example(base.outcomes), by_example(candidate.outcomes)
    own = {name for run in (base, candidate) for name in run.manifest.victim.get("supplied", ())}
    lone = [sorted(one.keys() - other.keys()) for one, other in ((before, after), (after, before))]
    if lone[0] or lone[1]:
        yield Difference("examples that the other run lacks", *(_some(ids) for ids in lone))
    moved = [e for e in before if e in after and _content(before[e][0], own) != _content(after[e][0], own)]
    if moved:
        first = (before[moved[0]][0], after[moved[0]][0])
        what = f"text or label of {len(moved)} examples, such as {moved[0]}"
        yield Difference(what, *(shortened(json.dumps(_content(o, own), ensure_ascii=True)) for o in first), quotes=True)


def _some(ids: Sequence[str]) -> str:
    return f"{len(ids)}, such as {ids[0]}" if ids else "none"


def _content(outcome: Any, own: Collection[str]) -> tuple[dict[str, str], str]:
    texts = {name: text for name, text in outcome.texts.items() if name not in own or name == outcome.field}
    return texts, outcome.reference
