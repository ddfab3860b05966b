"""What breaks a victim most, and what would help: tables of a run whose failures were explained (``robustness explain``).

What would help is what the victim itself said to the repaired texts; nothing here is inferred from the texts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from reports.measures.intervals import CONFIDENCE, proportion
from reports.measures.slices import label_parts, metadata_parts
from reports.measures.tables.table import Cell, Table
from reports.run import EditRecord, Outcome, Run
from reports.run.explanations import (
    BROKEN,
    EXPLAINED,
    EXPLANATIONS,
    MENDED,
    NO_ANSWER,
    UNCHANGED,
    Cost,
    Explained,
    Explanations,
    Head,
    read_explanations,
)
from reports.run.failures import failures
from reports.run.minimised import edited_word, position

ATTACKED = ("succeeded", "failed", "exhausted")
SHOWN = 10
COLUMNS = ("remedy", "failures gone", "share", "still wrong", "no answer", "clean answers lost", "share lost", "verdict")
_WORDS = regex.compile(r"[\p{L}\p{N}\p{M}_'’\-]+")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Help:
    """What a remedy did. ``examples``: distinct examples with a mended failure. ``cost``: None where it was not measured."""

    name: str
    does: str
    mended: int
    broken: int
    unchanged: int
    unanswered: int
    examples: int
    cost: Cost | None

    @property
    def lost(self) -> int:
        """Right clean answers that it costs."""
        return 0 if self.cost is None else self.cost.lost + self.cost.unanswered

    @property
    def verdict(self) -> str:
        """Whether it is worth putting before the victim: it must mend more examples than it breaks."""
        if not self.mended:
            return "mends nothing"
        if self.cost is None:
            return "its cost is not measured yet"
        return "would help" if self.examples > self.lost else "breaks as much as it mends"


def helps(found: Explanations) -> list[Help]:
    """Every remedy, what mends most first, the cheaper of equals first."""
    costs = {cost.name: cost for cost in found.costs}
    told = [one for one in found.cases if one.state == EXPLAINED]
    made = [_help(name, told, costs.get(name)) for name in found.head.remedies]
    return sorted(made, key=lambda one: (-one.mended, one.lost))


def _help(name: str, told: Sequence[Explained], cost: Cost | None) -> Help:
    counts = Counter(one.remedies.get(name, UNCHANGED) for one in told)
    examples = len({one.example_id for one in told if one.remedies.get(name) == MENDED})
    measured = cost if cost is not None and cost.right else None
    return Help(
        name,
        cost.does if cost else "",
        mended=counts[MENDED],
        broken=counts[BROKEN],
        unchanged=counts[UNCHANGED],
        unanswered=counts[NO_ANSWER],
        examples=examples,
        cost=measured,
    )


def help_line(one: Help, told: int) -> str:
    """A remedy in a line, for a terminal: ``strip-unseen: 14 of 22 failures gone, costs 0 of 180 right clean answers``."""
    cost = "" if one.cost is None else f", costs {one.lost} of {one.cost.right} right clean answers"
    return f"{one.name}: {one.mended} of {told} failures gone{cost}: {one.verdict}"


def remedy_table(run: Run, confidence: float = CONFIDENCE) -> Table | None:
    """What each remedy mended and cost; None where the failures were not explained."""
    found = read_explanations(run.path / EXPLANATIONS)
    if found is None or not found.head.remedies:
        return None
    told = sum(one.state == EXPLAINED for one in found.cases)
    left = "" if found.finished else f" Unfinished: {len(found.cases)} of {found.head.count} failures so far."
    again = f", and so it was at each of {found.head.again} fresh asks" if found.head.again > 1 else ""
    other = _of_another(run, found.head)
    note = (
        f"Each of {told} failing texts was repaired and put before the victim again. A failure is gone only where the fresh "
        f"answer is right{again}. The cost is counted on the clean texts of the run that the victim gets right. A remedy would "
        f"help if it mends more examples than it breaks; an attacker who knows of it may get around it.{other}{left}"
    )
    rows = tuple(_remedy_row(one, told, confidence) for one in helps(found))
    return Table("remedies", "What would help", note, COLUMNS, rows)


def _of_another(run: Run, head: Head) -> str:
    """A sentence where another victim was asked than the run's."""
    told = {"name": run.manifest.victim.get("name"), **run.manifest.victim.get("identity", {})}
    return "" if head.victim == told else f" Asked was {head.victim.get('name')}, not the victim that the run attacked."


def _remedy_row(one: Help, told: int, confidence: float) -> tuple[Cell, ...]:
    lost = None if one.cost is None else proportion(one.lost, one.cost.right, confidence)
    cost = "not asked" if one.cost is None else f"{one.lost} of {one.cost.right}"
    gone = f"{one.mended} of {told}"
    held = one.broken + one.unchanged
    return one.name, gone, proportion(one.mended, told, confidence), held, one.unanswered, cost, lost, one.verdict


def reason_table(run: Run, confidence: float = CONFIDENCE) -> Table | None:
    """Techniques, positions and slices by how often they break; None where the failures were not explained."""
    if not (run.path / EXPLANATIONS).is_file():
        return None
    broken = list(failures(run.outcomes))
    rows = [*_by_edit(broken, confidence), *_by_slice(run, confidence), *_by_leaning(run, broken, confidence)]
    note = (
        "Techniques and positions: of all failures, those with such an edit (one failure may have several). Slices: of the "
        "attacked examples in the slice, those that some recipe broke. What is often tried is often seen: a share says where the "
        "victim was broken, not that another place would have held."
    )
    return Table("explained", "What breaks it most", note, ("what", "count", "share"), tuple(rows)) if rows else None


def word_table(run: Run, confidence: float = CONFIDENCE) -> Table | None:
    """Words and substitutions by how often they break, and words leaned on; None where the failures were not explained."""
    explained = read_explanations(run.path / EXPLANATIONS)
    if explained is None:
        return None
    broken = list(failures(run.outcomes))
    rows = [*_by_word(run, broken, confidence), *_by_substitution(broken, confidence), *_leaned(run, broken)]
    note = (
        "Words: of the attacked trials whose text holds the word, those broken by a change that touches it. Substitutions: of "
        "all failures. Leaned on: the mean share of the right answer's score that hung on the word in failing examples, by "
        f"{explained.head.method}."
    )
    return Table("explained-words", "Words that break it most", note, ("what", "count", "share"), tuple(rows)) if rows else None


def _by_edit(broken: Sequence[Outcome], confidence: float) -> Iterator[tuple[Cell, ...]]:
    techniques: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for outcome in broken:
        techniques.update({name for edit in outcome.edits for name in (edit.technique or "edit").split("+")})
        places.update({position(outcome.texts.get(outcome.field, ""), edit) for edit in outcome.edits})
    for kind, counts in (("technique", techniques), ("position", places)):
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]:
            yield f"{kind}: {name}", count, proportion(count, len(broken), confidence)


def _by_slice(run: Run, confidence: float) -> Iterator[tuple[Cell, ...]]:
    attacked = {o.example_id for o in run.outcomes if o.status in ATTACKED}
    broken = {o.example_id for o in failures(run.outcomes)}
    rows = []
    for column, value, inside in (*label_parts(run), *metadata_parts(run)):
        tried = attacked & inside
        if tried:
            rows.append(
                (f"slice: {column}={value}", len(broken & inside), proportion(len(broken & tried), len(tried), confidence))
            )
    yield from sorted(rows, key=lambda row: (-(row[2].rate or 0.0), row[0]))[:SHOWN]


def _by_leaning(run: Run, broken: Sequence[Outcome], confidence: float) -> Iterator[tuple[Cell, ...]]:
    """How often the word that the right answer leaned on most was among those that were changed."""
    outcomes = {(o.recipe, o.example_id): o for o in broken}
    tops = [(outcomes[one.key], top) for one in _told(run) if one.key in outcomes and (top := _top(one)) is not None]
    if tops:
        hit = sum(any(edit.start < end and start < max(edit.end, edit.start + 1) for edit in o.edits) for o, (start, end) in tops)
        yield "the word leaned on most was changed", hit, proportion(hit, len(tops), confidence)


def _told(run: Run) -> Iterable[Explained]:
    found = read_explanations(run.path / EXPLANATIONS)
    return () if found is None else (one for one in found.cases if one.state == EXPLAINED)


def _top(one: Explained) -> tuple[int, int] | None:
    known = [(weight, -start, end) for start, end, weight in one.before if weight is not None and weight > 0]
    if not known:
        return None
    _, start, end = max(known)
    return -start, end


def _by_word(run: Run, broken: Sequence[Outcome], confidence: float) -> Iterator[tuple[Cell, ...]]:
    counts: Counter[str] = Counter()
    for outcome in broken:
        counts.update({_plain(edited_word(outcome.texts.get(outcome.field, ""), edit)) for edit in outcome.edits} - {""})
    usual = {word: count for word, count in counts.most_common(40) if len(word.split()) == 1}
    held: Counter[str] = Counter()
    for outcome in run.outcomes:
        if outcome.status in ATTACKED:
            words = {match.lower() for match in _WORDS.findall(outcome.texts.get(outcome.field, ""))}
            held.update(words & usual.keys())
    rows = [
        (word, count, proportion(min(count, held[word]), held[word], confidence)) for word, count in usual.items() if held[word]
    ]
    for word, count, share in sorted(rows, key=lambda row: (-row[1], -(row[2].rate or 0), row[0]))[:SHOWN]:
        yield f"word: {word}", count, share


def _by_substitution(broken: Sequence[Outcome], confidence: float) -> Iterator[tuple[Cell, ...]]:
    counts: Counter[str] = Counter()
    for outcome in broken:
        counts.update({_substitution(outcome, edit) for edit in outcome.edits} - {""})
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]:
        if count > 1:
            yield f"substitution: {name}", count, proportion(count, len(broken), confidence)


def _substitution(outcome: Outcome, edit: EditRecord) -> str:
    """Word for word, as far as one edit changes one; a change that only puts something in or takes it away is one too."""
    mirrored = EditRecord(edit.new_start, edit.new_end, edit.start, edit.end, edit.after, edit.before)
    before = edited_word(outcome.texts.get(outcome.field, ""), edit)
    after = edited_word(outcome.perturbed or "", mirrored)
    return "" if before == after else f"{_plain(before) or '(nothing)'} → {_plain(after) or '(nothing)'}"


def _leaned(run: Run, broken: Sequence[Outcome]) -> Iterator[tuple[Cell, ...]]:
    texts = {(o.recipe, o.example_id): o.texts.get(o.field, "") for o in broken}
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for one in _told(run):
        for start, end, weight in one.before:
            if weight is not None and one.key in texts:
                found[_plain(texts[one.key][start:end].lower())][one.example_id] = weight
    means = [(word, len(told), sum(told.values()) / len(told)) for word, told in found.items() if word]
    top = sorted((row for row in means if row[2] > 0), key=lambda row: (-row[1] * row[2], row[0]))[:SHOWN]
    for word, count, mean in top:
        yield f"leaned on: {word}", count, f"{mean:+.3f}"


def _plain(word: str) -> str:
    return word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…"
