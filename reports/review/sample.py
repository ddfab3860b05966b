"""A blinded, stratified sample of failures for human raters, and their sheets read back.

A rater sees texts and names a label; neither the gold label, nor the attack, nor the victim's answer, nor which texts are
unperturbed. The key stays with whoever runs the review.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from reports.files.text import cell
from reports.run import Outcome, Run, RunError
from reports.run.cases import inputs_of
from reports.run.failures import in_order
from reports.run.upgrade import KEEP_ANSWER

SHEET, KEY, FORM = "sheet.csv", "key.json", "form.html"
UNCLEAR = "unclear"
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One text of the sheet. ``recipe`` is empty for an unperturbed control; ``gold`` is what the data says."""

    item: str
    recipe: str
    example_id: str
    gold: str
    texts: tuple[str, ...]

    @property
    def stratum(self) -> tuple[str, str]:
        """Recipe and gold label."""
        return self.recipe, self.gold


@dataclass(frozen=True, slots=True)
class Review:
    """A sample to be rated. ``population``: failures of each stratum in the run. ``digest``: of the run's outcomes.

    ``question``: ``label`` (what does the text mean?) or ``answer`` (is this an acceptable answer?).
    """

    items: tuple[Item, ...]
    labels: tuple[str, ...]
    fields: tuple[str, ...]
    population: Mapping[tuple[str, str], int]
    digest: str
    seed: int
    question: str = "label"


def draw(run: Run, sample: int, controls: int = 0, seed: int = 0) -> Review:
    """``sample`` failures, shared out over recipes and labels in proportion, and unperturbed texts among them.

    Raises ``RunError`` where the run has no failure, and ``ValueError`` for a number that cannot be.
    """
    if sample < 1 or controls < 0:
        raise ValueError(f"expected a sample of at least 1 and controls of at least 0, got {sample} and {controls}")
    found = reviewable(run)
    if not found:
        raise RunError(f"{run.path} has no failure whose text should keep its label, so there is nothing to review")
    rng = Random(seed)
    strata: dict[tuple[str, str], list[Outcome]] = {}
    for case in found:
        strata.setdefault((case.recipe, case.reference), []).append(case)
    shares = share_out({key: len(group) for key, group in strata.items()}, min(sample, len(found)))
    drawn = [case for key in sorted(strata) for case in rng.sample(strata[key], shares[key])]
    items = [_item(case, seed, clean=False) for case in drawn]
    unseen = {o.example_id: o for o in run.outcomes if o.status != "error" and o.example_id not in {c.example_id for c in drawn}}
    spare = [unseen[key] for key in sorted(unseen)]
    items += [_item(case, seed, clean=True) for case in rng.sample(spare, min(controls, len(spare)))]
    rng.shuffle(items)
    return Review(
        tuple(items),
        tuple(run.manifest.victim["labels"]),
        tuple(found[0].texts),
        {key: len(group) for key, group in strata.items()},
        str(run.manifest.outcomes.get("digest", "")),
        seed,
    )


def reviewable(run: Run) -> list[Outcome]:
    """The failures that are valid only where the text keeps its label: all but those in which the answer was to stay."""
    return [case for case in in_order(run) if case.goal != KEEP_ANSWER]


def share_out(sizes: Mapping[tuple[str, str], int], sample: int) -> dict[tuple[str, str], int]:
    """A sample shared over strata in proportion to their sizes: one for each as far as it goes, the rest by largest remainder."""
    keys = sorted(sizes, key=lambda key: (-sizes[key], key))
    shares = {key: int(rank < sample) for rank, key in enumerate(keys)}
    total = sum(sizes.values())
    while sum(shares.values()) < sample:
        behind = [key for key in keys if shares[key] < sizes[key]]
        neediest = max(behind, key=lambda key: sample * sizes[key] / total - shares[key])
        shares[neediest] += 1
    return shares


def _item(case: Outcome, seed: int, *, clean: bool) -> Item:
    recipe = "" if clean else case.recipe
    texts = inputs_of(case) if clean else inputs_of(case, case.perturbed)
    return Item(item_name(seed, recipe, case.example_id), recipe, case.example_id, case.reference, texts)


def item_name(seed: int, recipe: str, example_id: str) -> str:
    """What a sheet calls an item: nobody can tell from it what was done to the text."""
    return sha256(json.dumps([seed, recipe, example_id]).encode("ascii")).hexdigest()[:10]


def write_review(review: Review, folder: Path) -> None:
    """Write the sheet and the key into a folder; the form is rendered elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / SHEET).open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["item", *(f"text: {cell(name)}" for name in review.fields), "label", "choices", "note"])
        choices = cell(" / ".join((*review.labels, UNCLEAR)))
        table.writerows([item.item, *map(cell, item.texts), "", choices, ""] for item in review.items)
    population = [[*key, size] for key, size in sorted(review.population.items())]
    body = {**asdict(review), "population": population, "schema": _SCHEMA}
    (folder / KEY).write_text(json.dumps(body, ensure_ascii=True, indent=1) + "\n", encoding="ascii", newline="\n")


def read_review(path: Path, run: Run) -> Review:
    """Read the key back; raises ``RunError`` where it is not one, or belongs to another run."""
    try:
        raw = json.loads(path.read_text("ascii"))
        if raw.pop("schema") != _SCHEMA:
            raise ValueError("another schema")
        items = tuple(Item(**{**item, "texts": tuple(item["texts"])}) for item in raw["items"])
        population = {(recipe, label): int(size) for recipe, label, size in raw["population"]}
        lists = {name: tuple(raw[name]) for name in ("labels", "fields")}
        review = Review(**{**raw, **lists, "items": items, "population": population})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
        raise RunError(f"{path} is not the key of a review ({problem}); `robustness review RUN --sample N` writes one") from None
    if review.digest != run.manifest.outcomes.get("digest", ""):
        raise RunError(f"{path} belongs to another run than {run.path}; read the sheets with the run that they were drawn from")
    return review


def read_sheet(path: Path, review: Review) -> dict[str, str]:
    """Label by item, as one rater gave them; blank ones are left out. Raises ``RunError`` naming the line that is wrong."""
    names = {label.casefold(): label for label in (*review.labels, UNCLEAR)}
    known = {item.item for item in review.items}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise RunError(f"{path} cannot be read ({problem}); give a sheet that a rater filled in") from None
    found: dict[str, str] = {}
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        item, said = (row.get("item") or "").strip(), (row.get("label") or "").strip().lstrip("'")
        if item not in known or item in seen:
            why = "appears twice" if item in seen else "is not part of this review"
            raise RunError(f"{path}, row {number}: item {item!r} {why}")
        seen.add(item)
        if said and said.casefold() not in names:
            raise RunError(f"{path}, row {number}: label {said!r} is not one of {', '.join(names.values())}")
        if said:
            found[item] = names[said.casefold()]
    return found


def consensus(sheets: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The label that more than half of an item's raters gave; ``unclear`` where no label has a majority."""
    votes: dict[str, Counter[str]] = {}
    for sheet in sheets:
        for item, label in sheet.items():
            votes.setdefault(item, Counter())[label] += 1
    most = {item: count.most_common(1)[0] for item, count in votes.items()}
    return {item: label if 2 * n > votes[item].total() else UNCLEAR for item, (label, n) in most.items()}
