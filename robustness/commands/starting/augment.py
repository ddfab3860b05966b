"""``robustness augment``: a run's failures as labelled rows to train on, and a list by which later audits know them again."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from reports.run import Run
    from robustness.followups.augment import Augmented, Choice, Row

SUFFIXES = (".csv", ".tsv", ".jsonl")
TRAIN, TEST = (
    ("train", "training"),
    ("test", "tests", "testing", "eval", "evaluation", "dev", "val", "valid", "validation", "held"),
)


def augment(
    *,
    run: Annotated[Path, typer.Argument(help="The run whose failures are taken.", metavar="RUN")],
    out: Annotated[Path, typer.Option("--out", help="A .csv, .tsv or .jsonl file to write.", rich_help_panel="Output")],
    recipes: Annotated[
        str | None,
        typer.Option(
            "--recipes", "--recipe", help="Take failures of these recipes only, comma-separated.", rich_help_panel="Attack"
        ),
    ] = None,
    per_example: Annotated[
        int | None,
        typer.Option(
            "--per-example",
            help="At most this many of an example, those with the fewest words changed first (default: all).",
            min=1,
            rich_help_panel="Data",
        ),
    ] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Write the unperturbed text of each example beside them.", rich_help_panel="Data")
    ] = False,
    split: Annotated[
        float | None,
        typer.Option(
            "--split",
            metavar="SHARE",
            help="Train on this share of the examples, such as 0.5, and write the others as a file to audit on.",
            rich_help_panel="Data",
        ),
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option("--held-out", help="The file of the others (default: OUT-heldout).", rich_help_panel="Output"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the split.", rich_help_panel="Data")] = 0,
    allow_test_rows: Annotated[
        bool,
        typer.Option(
            "--allow-test-rows",
            help="Make training rows of all examples of data that are named as test data.",
            rich_help_panel="Data",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that are there already.", rich_help_panel="Output")
    ] = False,
    json_: f.JsonFlag = False,
) -> None:
    """Write a run's failures as labelled rows to train on, in the columns and labels of its data.

    Taken are failures whose label is still right by what their recipe claims to preserve. What is trained on can be audited no
    more: OUT.sources.json lists the examples, and `robustness audit --trained-on OUT` finds them again. --split keeps some apart.

    Example: robustness augment runs/demo --out hard.csv --split 0.5 --clean
    """
    from reports.run.seal import refuse_edited
    from reports.run.store import load_run
    from robustness.data.training.trained_on import sources_of
    from robustness.followups.augment import Choice
    from robustness.followups.augment import augment as made

    if split is not None and not 0 < split < 1:
        raise UsageError(f"--split expects a share between 0 and 1, such as 0.5, got {split:g}")
    if held_out is not None and split is None:
        raise UsageError("--held-out names the file of the examples that --split keeps apart; add --split 0.5, or leave it out")
    other = (held_out or out.with_name(f"{out.stem}-heldout{out.suffix}")) if split is not None else None
    _check_files([path for path in (out, other) if path is not None], sources_of(out), force=force)
    refuse_edited(run)
    loaded = load_run(run)
    _check_data(loaded, split=split, allowed=allow_test_rows)
    choice = Choice(tuple(f.listed_recipes(recipes) or ()), per_example, clean, split, seed)
    found = made(loaded, choice)
    _write(out, found.rows, found)
    if other is not None:
        _write(other, found.held_out, found, training=False)
    _replace(sources_of(out), json.dumps(_sources(loaded, found, choice), indent=1) + "\n")
    _tell(out, other, found, as_json=json_)


def _check_files(paths: Sequence[Path], sources: Path, *, force: bool) -> None:
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise UsageError(f"expected a file that ends in {', '.join(SUFFIXES)}, got {path}")
    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageError("--out and --held-out name the same file; what is trained on and what is audited must not be one")
    for path in (*paths, sources):
        if path.is_dir():
            raise UsageError(f"{path} is a folder; name a file")
        if os.path.lexists(path) and not force:
            raise UsageError(f"{path} exists already; name a new file, or pass --force to overwrite it")


def _check_data(run: Run, *, split: float | None, allowed: bool) -> None:
    """Refuse data that are named as test data, and warn of any that are not named as training data, unless they are split."""
    if split is not None:
        return
    source = str(run.manifest.data.get("source", ""))
    words = set(re.split(r"[^a-z]+", source.lower()))
    later = f"an audit on {source} proves nothing of a model that learnt from it"
    if words & set(TRAIN):
        return
    if words & set(TEST) and not allowed:
        raise UsageError(
            f"the run's data are named as test data ({source}), and {later}. Keep some apart with --split 0.5, audit training "
            "data and augment that run, or pass --allow-test-rows"
        )
    output.warn(f"warning: {later}: keep some apart with --split 0.5, or audit other data, with --trained-on")


def _sources(run: Run, found: Augmented, choice: Choice) -> dict[str, Any]:
    from robustness.data.training.trained_on import FORMAT, VERSION

    return {
        "format": FORMAT,
        "version": VERSION,
        "data": {"source": run.manifest.data.get("source"), "digest": run.manifest.data.get("digest")},
        "comparability_id": run.manifest.comparability_id,
        "recipes": list(choice.recipes) or list(run.manifest.recipe_names),
        "per_example": choice.per_example,
        "clean": choice.clean,
        "split": choice.split,
        "seed": choice.seed,
        "rows": len(found.rows),
        "left_out": dict(sorted(found.left_out.items())),
        "sources": [{"id": name, "digest": digest} for name, digest in found.sources],
    }


def _write(path: Path, rows: Iterable[Row], found: Augmented, *, training: bool = True) -> None:
    """The rows in the columns of the data; training rows with the example and the recipe, the others with their other columns."""
    from robustness.followups.augment import extra_columns

    rows = list(rows)
    extras = [] if training else extra_columns(rows)
    tables = [_cells(row, found, extras, training=training) for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8", newline="") as stream:
        if path.suffix.lower() == ".jsonl":
            stream.writelines(json.dumps(row, ensure_ascii=True) + "\n" for row in tables)
        else:
            writer = csv.writer(stream, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            writer.writerow(tables[0])
            writer.writerows([_cell(value) for value in row.values()] for row in tables)
    temporary.replace(path)


def _cells(row: Row, found: Augmented, extras: Sequence[str], *, training: bool) -> dict[str, Any]:
    cells = {**dict(zip(found.columns, row.texts, strict=True)), found.label: row.reference}
    if training:
        names = [_unused(name, cells) for name in ("source_id", "recipe")]
        return {**cells, names[0]: row.example_id, names[1]: row.recipe}
    return {found.id: row.example_id, **cells, **{name: row.meta.get(name) for name in extras if name not in (*cells, found.id)}}


def _unused(name: str, cells: Mapping[str, Any]) -> str:
    while name in cells:
        name = f"{name}_"
    return name


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def _tell(out: Path, other: Path | None, found: Augmented, *, as_json: bool) -> None:
    from robustness.data.training.trained_on import sources_of
    from robustness.followups.augment import CLEAN

    hard = sum(row.recipe != CLEAN for row in found.rows)
    if as_json:
        output.answer(
            {
                "file": str(out),
                "sources": str(sources_of(out)),
                "rows": len(found.rows),
                "hard": hard,
                "examples": len(found.sources),
                "left_out": dict(found.left_out),
                **({} if other is None else {"held_out": str(other), "held_out_rows": len(found.held_out)}),
            }
        )
        return
    beside = len(found.rows) - hard
    also = f" and {beside} unperturbed ones" if beside else ""
    output.say(
        f"{out}: {hard} hard rows{also} from {len(found.sources)} examples, under {', '.join((*found.columns, found.label))}"
    )
    output.say(*(f"  left out {n}: {reason}" for reason, n in sorted(found.left_out.items())))
    data = "OTHER" if other is None else str(other)
    if other is not None:
        output.say(f"{other}: {len(found.held_out)} examples that no row was made from, to audit on")
    output.say(f"next: train on {out}, then robustness audit --data {data} --trained-on {out}")
