"""What a guard is worth: attacks that get past in a disguise, and alarms at harmless texts, in one table.

A guard that flags everything misses nothing, so neither number means anything without the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from reports.measures.intervals import CONFIDENCE, Proportion
from reports.measures.metrics import UNKNOWN, by_example, fate, groups_of
from reports.measures.sequential import share_of
from reports.measures.tables.table import Table
from reports.run import Outcome, Run

PREFIX = "guard:"
"""What names of recipes of the family begin with."""
TRAP = "trap"
"""The column that holds the kind of a benign trap."""
BENIGN = ("safe", "benign", "harmless", "clean", "legitimate", "legit", "normal", "ham", "ok", "allowed", "no-attack", "negative")
"""Usual names of the label of harmless texts, the most telling first."""
NOTE = (
    "Wrong as they are: attacks that were missed, harmless texts that raised an alarm. Wrong in disguise: of those that were "
    "right, changed by a disguise that a normaliser or a decoder undoes letter by letter. The cheapest disguise of a text is the "
    "one over the fewest words."
)


def harmless(names: Sequence[str]) -> str | None:
    """Which of these labels is that of harmless texts, by its usual names; None where none is."""
    known = {name.casefold().replace("_", "-"): name for name in names}
    return next((known[name] for name in BENIGN if name in known), None)


def guard_table(run: Run, confidence: float = CONFIDENCE) -> Table | None:
    """Evasion and false alarms, by label and by kind of trap; None where no recipe of the family ran."""
    outcomes = [o for o in run.outcomes if o.recipe.startswith(PREFIX)]
    if not outcomes:
        return None
    recipes = sum(name.startswith(PREFIX) for name in run.manifest.recipe_names)
    groups = list(by_example(outcomes).values())
    benign = next((g[0].stratum for g in groups if g[0].meta.get(TRAP)), None)
    if benign is None:
        benign = harmless([str(label) for label in run.manifest.victim.get("labels", ())])

    parts: dict[str, list[list[Outcome]]] = {}
    for group in sorted(groups, key=lambda g: str(g[0].stratum)):
        if group[0].stratum != benign:
            parts.setdefault(f"attacks: {group[0].stratum}", []).append(group)
    calm = [group for group in groups if group[0].stratum == benign]
    for group in sorted(calm, key=lambda g: str(g[0].meta.get(TRAP) or "")):
        kind = str(group[0].meta.get(TRAP) or "")
        parts.setdefault(f"trap: {kind}" if kind else "harmless texts of the data", []).append(group)
    if calm:
        parts[f"all harmless: {benign}"] = calm
    rows = [_row(run, title, part, recipes, confidence) for title, part in parts.items()]
    columns = ("texts", "n", "wrong as they are", "wrong in disguise", "cheapest disguise")
    return Table("guard", "Guard: evasion and false alarms", NOTE, columns, tuple(rows))


def _row(
    run: Run, title: str, groups: Sequence[Sequence[Outcome]], recipes: int, confidence: float
) -> tuple[str, int, Proportion, Proportion, str]:
    fates = {g[0].example_id: fate([o.status for o in g], recipes) for g in groups}
    clean = {g[0].example_id: g[0].status == "skipped" for g in groups if g[0].clean is not None}
    clusters = groups_of(run, (g[0] for g in groups))
    right = {e: end for e, end in fates.items() if end not in (*UNKNOWN, "wrong")}
    unknown = [e for e, end in fates.items() if end in UNKNOWN]
    missed = share_of(run.manifest, clean.items(), clusters, confidence, [e for e in fates if e not in clean])
    broken = share_of(run.manifest, ((e, end == "broken") for e, end in right.items()), clusters, confidence, unknown)
    return title, len(groups), missed, broken, _cheapest([g for g in groups if fates[g[0].example_id] == "broken"])


def _cheapest(groups: Sequence[Sequence[Outcome]]) -> str:
    """The disguise that is cheapest for most of these texts, for how many, and the median number of words that it takes."""
    if not groups:
        return ""
    best = [min((o for o in group if o.status == "succeeded"), key=_cost) for group in groups]
    names = Counter(_technique(one) for one in best)
    name, count = min(names.items(), key=lambda pair: (-pair[1], pair[0]))
    words = median(one.words_touched for one in best if _technique(one) == name)
    return f"{name} ({count} of {len(best)}, median {words:g} {'word' if words == 1 else 'words'})"


def _cost(outcome: Outcome) -> tuple[int, int, str]:
    text, new = outcome.texts.get(outcome.field, ""), outcome.perturbed or ""
    return outcome.words_touched, abs(len(new) - len(text)), outcome.recipe


def _technique(outcome: Outcome) -> str:
    counts: Mapping[str, int] = Counter(edit.technique for edit in outcome.edits)
    return min(counts, key=lambda name: (-counts[name], name), default="")
