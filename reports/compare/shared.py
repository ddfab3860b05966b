"""``compare --shared``: two runs cut down to the examples and recipes that both have, where those answer the same question.

What an attack finds on an example depends on the run's seed, the recipe and the example, and on nothing else, so that leaving
others out changes nothing, but for three things, which are looked at here. A recipe of a *cascade* meets only what those before
it left, with what they left of the budget: of two cascades the recipes are shared up to the first that differs. Recipes that
*learn* from the run's other trials, or pool them, are shared only where the examples, and the others that learn, are the same:
more examples make such an attack stronger. Examples that were *selected by outcomes* (``--lf``, ``--until-decided``) never are.
How the examples of either run were drawn from their file depends on seed and id alone, so those in both are a fair sample too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from reports.compare.comparable import differences
from reports.measures.metrics import by_example
from reports.run import Run
from reports.run.store import comparability_id


@dataclass(frozen=True, slots=True)
class Shared:
    """What two runs share: how many ``examples``, which ``recipes``; the same of each run; ``left_out``: why a recipe is not."""

    examples: int
    of_examples: tuple[int, int]
    recipes: tuple[str, ...]
    of_recipes: tuple[tuple[str, ...], tuple[str, ...]]
    left_out: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing was left out."""
        return {self.examples} == {*self.of_examples} and all(self.recipes == one for one in self.of_recipes)

    def brief(self) -> str:
        """The same in a few words."""
        return f"on {self.examples} shared examples and {len(self.recipes)} shared recipe{'s' if len(self.recipes) != 1 else ''}"

    def sentence(self) -> str:
        """What the verdict is on."""
        base, candidate = self.of_examples
        counts = " and ".join(f"{len(self.recipes)} of {len(one)}" for one in self.of_recipes)
        return (
            f"on what both runs share: {self.examples} of the base's {base} and of the candidate's {candidate} examples, "
            f"{counts} recipes ({', '.join(self.recipes)})" + "".join(f"; {why}" for why in self.left_out)
        )

    def to_dict(self) -> dict[str, Any]:
        """As it stands in ``comparison.json``."""
        return {
            "examples": self.examples,
            "of_examples": list(self.of_examples),
            "recipes": list(self.recipes),
            "of_recipes": [list(one) for one in self.of_recipes],
            "left_out": list(self.left_out),
        }


def share(base: Run, candidate: Run) -> tuple[Run, Run, Shared]:
    """Both runs with what they share alone; where one cannot be cut down, both as they are, to be refused as such."""
    runs = (base, candidate)
    examples = [by_example(run.outcomes) for run in runs]
    ids = examples[0].keys() & examples[1].keys()
    alike = examples[0].keys() == examples[1].keys()
    names, left_out = _recipes(base, candidate, alike=alike)
    counts = (len(examples[0]), len(examples[1]))
    each = (base.manifest.recipe_names, candidate.manifest.recipe_names)
    found = Shared(len(ids), counts, tuple(names), each, tuple(left_out))
    if not (ids and names) or not all(map(_may_be_cut, runs)):
        return base, candidate, found
    cut = [_cut(run, frozenset(ids), frozenset(names), alike=alike) for run in runs]
    return cut[0], cut[1], found


def advice(base: Run, candidate: Run) -> str:
    """What ``--shared`` would compare, where it would; empty where nothing can be shared, or other things differ too."""
    one, other, found = share(base, candidate)
    if found.everything or (one, other) == (base, candidate) or differences(one, other):
        return ""
    base_of, candidate_of = found.of_examples
    return (
        f"both have {found.examples} examples (of {base_of} and {candidate_of}) and {', '.join(found.recipes)} in common: "
        "add --shared to compare them on these"
    )


def _may_be_cut(run: Run) -> bool:
    """Not where the record of what must match was edited, or the examples were chosen by their outcomes, or are not all there."""
    manifest = run.manifest
    kept = bool(manifest.comparability) and comparability_id(manifest.comparability) == manifest.comparability_id
    return kept and manifest.finished and not manifest.selected and not manifest.sequential


def _records(run: Run) -> dict[str, Mapping[str, Any]]:
    """What must match of each recipe, by name; nothing where a run says no more than their names."""
    said = run.manifest.comparability.get("recipes")
    return {str(r["name"]): r for r in said if isinstance(r, Mapping) and "name" in r} if isinstance(said, list) else {}


def _recipes(base: Run, candidate: Run, *, alike: bool) -> tuple[list[str], list[str]]:
    """The names of the shared recipes in the base's order, and why others of the same name are not among them."""
    records = [_records(run) for run in (base, candidate)]
    learning = [_learning(run) for run in (base, candidate)]
    same_learning = alike and learning[0] & set(records[1]) == learning[1] & set(records[0]) and learning[0] == learning[1]
    names: list[str] = []
    left_out: list[str] = []
    cascade = base.manifest.cascade or candidate.manifest.cascade
    orders: Sequence[tuple[str, str]] = list(zip(records[0], records[1], strict=False))
    if not cascade:
        orders = [(name, name) for name in records[0] if name in records[1]]
    for name, other in orders:
        why = ""
        if name != other:
            why = f"the cascades part at {name} and {other}"
        elif records[0][name] != records[1][name]:
            why = f"{name} is another in each run"
        elif name in learning[0] | learning[1] and not same_learning:
            why = f"{name} learned from other trials in each run (--no-adaptive prevents that)"
        if not why:
            names.append(name)
            continue
        left_out.append(why)
        if cascade:
            break
    return names, left_out


def _learning(run: Run) -> set[str]:
    """Recipes whose trials depend on the run's others; of an older run, which does not say, all that may."""
    said = run.manifest.asked.get("learning")
    if isinstance(said, list):
        return set(map(str, said))
    adaptive = bool(run.manifest.search.get("adaptive"))
    records = run.manifest.recipes
    return {str(r["name"]) for r in records if (adaptive and r.get("plans")) or "trigger" in str(r["name"])}


def _cut(run: Run, ids: frozenset[str], names: frozenset[str], *, alike: bool) -> Run:
    """The run as if it had been asked for these examples and recipes alone."""
    manifest = run.manifest
    digest = sha256("\n".join(sorted(ids)).encode("utf-8", "surrogatepass")).hexdigest()
    recipes = [record for name, record in _records(run).items() if name in names]
    data = {} if alike else {"data": f"shared {digest}"}  # texts and references are compared one by one
    comparability = {**manifest.comparability, **data, "recipes": recipes}
    asked = [spec for spec in manifest.asked.get("recipes", ()) if spec in names or set(names) == set(manifest.recipe_names)]
    cut = replace(
        manifest,
        examples=len(ids),
        recipes=tuple(record for record in manifest.recipes if record["name"] in names),
        comparability=comparability,
        comparability_id=comparability_id(comparability),
        asked={**manifest.asked, "recipes": asked, "limit": len(ids)},
        outcomes={},
    )
    outcomes = tuple(one for one in run.outcomes if one.example_id in ids and one.recipe in names)
    return replace(run, manifest=cut, outcomes=outcomes)
