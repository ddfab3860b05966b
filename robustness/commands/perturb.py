"""``robustness perturb``: write perturbed texts to a file, to be scored where the victim lives."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import complete, output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.search import Input, Prediction, Recipe
    from robustness.data import Dataset, Example
    from robustness.planning.self_checks import Flag


@f.flattened
def perturb(
    *,
    data: Annotated[str, typer.Option("--data", help="Examples to perturb.", rich_help_panel="Data")],
    out: Annotated[Path, typer.Option("--out", help="A .csv or .jsonl file to write.", rich_help_panel="Output")],
    recipes: Annotated[
        list[str] | None,
        typer.Option(
            "--recipes",
            "--recipe",
            metavar="RECIPES",
            help="Recipes or suites that ask once and do not search, separated by commas; may be repeated (default: natural).",
            rich_help_panel="Attack",
            autocompletion=complete.recipes,
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", help="Label names in the victim's order; default: those of the data, sorted.", rich_help_panel="Victim"
        ),
    ] = None,
    reading: f.ReadingFlags,
    texts: f.TextFlags,
    limit: f.LimitFlag = None,
    seed: f.SeedFlag = None,
    offline: f.OfflineFlag = False,
    json_: f.JsonFlag = False,
) -> None:
    """Write every text that an audit without a search would ask about, clean ones too, so that it can be scored elsewhere.

    Add a column `prediction` (label names), or columns `score_LABEL`, and audit the file with the same data, recipes and seed:
    robustness audit --victim predictions:scored.csv --data test.csv --recipes natural

    The texts are exact, so a .csv may hold cells that a spreadsheet takes for formulas; read it with a program, or use .jsonl.

    Example: robustness perturb --data test.csv --recipes natural --out to-score.csv
    """
    from robustness.isolation.offline import offline as without_network

    if out.suffix not in (".csv", ".jsonl"):
        raise UsageError(f"--out expects a .csv or .jsonl file, got {out}")
    if out.exists():
        raise UsageError(f"{out} exists already; name a new file, or delete it first")
    specs = ["natural"] if recipes is None else f.named_recipes(recipes) or []
    _refuse_guided(specs)
    options = reading.given() | f.given(offline=offline)
    with without_network(offline):
        dataset = _data(data, f.listed(labels), limit, seed or 0, options)
    chosen, flags = _chosen(specs, dataset, texts.given())
    for flag in flags:
        output.warn(f"{flag.severity}: {flag.message}")
    rows = list(_rows(dataset, chosen, seed or 0))
    _write(out, rows)
    if json_:
        names = [recipe.name for recipe in chosen]
        found = {"file": str(out), "texts": len(rows), "examples": len(dataset.examples), "recipes": names}
        output.answer(found)
    else:
        output.say(f"{len(rows)} texts of {len(dataset.examples)} examples written to {out}")


def _data(source: str, labels: list[str] | None, limit: int | None, seed: int, options: dict[str, Any]) -> Dataset:
    from robustness.data import labels_in, load_examples

    labels = labels or list(labels_in(source, **options))
    return load_examples(source, labels=labels, limit=limit, seed=seed, **options)


def _refuse_guided(specs: list[str]) -> None:
    """Raise ``UsageError`` for recipes that are unknown, or that cannot be written down beforehand."""
    from attacks import recipes as registry

    try:
        chosen = [recipe for spec in specs for recipe in registry.resolve(spec, registry.Options())]
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not chosen:
        raise UsageError("--recipes names no recipe; name at least one, such as natural")
    guided = sorted(recipe.name for recipe in chosen if recipe.access != "blind" or recipe.needs)
    if guided:
        asking = ", ".join(guided)
        raise UsageError(f"only recipes that do not search can be written to a file, these ask the victim as they go: {asking}")


def _chosen(specs: list[str], dataset: Dataset, given: dict[str, Any]) -> tuple[Sequence[Recipe], list[Flag]]:
    """The recipes as an audit of the same data would run them, and what is to be said of their fit and language."""
    from robustness.planning import languages, meaning, prepare
    from robustness.settings import Settings

    settings = Settings(recipes=tuple(specs), **given)
    inputs = [example.inputs[-1] for example in dataset.examples]
    language = languages.language_of(settings.language, inputs)
    chosen = prepare.chosen_recipes(settings, language, dataset.labels, dataset.fields)
    flags = languages.doubts(language, prepare.left_out(settings, language), inputs)
    return chosen, flags + meaning.fit_flags(settings, prepare.options_of(settings, language, dataset.fields), chosen)


def _rows(dataset: Dataset, recipes: Sequence[Recipe], seed: int) -> Iterator[dict[str, Any]]:
    for example in dataset.examples:
        seen: set[Input] = {example.inputs}
        yield _row(dataset, example, "clean", example.inputs)
        for recipe in recipes:
            for inputs in _asked(recipe, example, len(dataset.labels), seed):
                if inputs not in seen:
                    seen.add(inputs)
                    yield _row(dataset, example, recipe.name, inputs)


def _row(dataset: Dataset, example: Example, recipe: str, inputs: Input) -> dict[str, Any]:
    return {"id": example.id, "recipe": recipe, **dict(zip(dataset.fields, inputs, strict=True))}


def _asked(recipe: Recipe, example: Example, labels: int, seed: int) -> list[Input]:
    """Every input that a blind recipe asks about, found by answering each with the gold label."""
    from attacks.search import Prediction, Trial, UnansweredError
    from robustness.engine.converse import converse
    from robustness.engine.oracle import Oracle
    from robustness.engine.trial import seed_of
    from robustness.tasks.classification import against

    gold = example.reference
    held = Prediction(gold, tuple(float(i == gold) for i in range(labels)))
    trial = Trial(
        inputs=example.inputs,
        field=len(example.inputs) - 1,
        judge=against(gold),
        gold=gold,
        clean=held,
        rng=Random(seed_of(seed, recipe.name, example.id)),
        example_id=example.id,
    )
    victim = _Held(held)
    oracle: Oracle[Input, Prediction] = Oracle(victim)
    (end,) = converse(oracle, [recipe.attack.search(trial)])
    if isinstance(end, UnansweredError):
        raise UsageError(f"{recipe.name} asks for more than the victim, so it cannot be written to a file ({end})")
    return victim.asked


class _Held:
    """Stands for a victim that gives one answer to everything, and keeps what it was asked, in order."""

    row_quantum, length_quantum, mixed_lengths, padding_cost = 0, 1, (0, 0), 1.0

    def __init__(self, answer: Prediction) -> None:
        self.answer = answer
        self.asked: list[Input] = []

    def lengths(self, items: Sequence[Input]) -> Sequence[int]:
        """All alike, so that no batch is put in another order."""
        return [1] * len(items)

    def compute(self, items: Sequence[Input]) -> Sequence[Prediction]:
        """The same answer to each."""
        self.asked += items
        return [self.answer] * len(items)


def _write(out: Path, rows: list[dict[str, Any]]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as stream:
        if out.suffix == ".jsonl":
            stream.writelines(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
            return
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
