"""``robustness init``: asks for victim, data, columns and a threshold, and writes a policy, a workflow and a test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.commands.terminal.status import status
from robustness.errors import DataError, UsageError

if TYPE_CHECKING:
    from robustness.commands.starting.asking import Asking
    from robustness.commands.starting.written import Chosen
    from robustness.data.table import Table
    from robustness.victims.base import VictimInfo

THRESHOLD = "30%"
LIMIT = 200
"""Examples of the first audits: enough for a verdict, few enough for minutes."""
FEWEST = 30
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
LOOKED_IN = ("", "data", "tests/data")
MOST_FILES = 12


def init(
    *,
    victim: f.VictimFlag = None,
    data: f.DataFlag = None,
    text: Annotated[
        str | None, typer.Option("--text", help="Text column, or two separated by a comma for pairs.", rich_help_panel="Data")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="Column that says what is right.", rich_help_panel="Data")] = None,
    label_map: Annotated[
        str | None,
        typer.Option(
            "--label-map", help="The data's labels in the victim's names: 0=negative,1=positive.", rich_help_panel="Data"
        ),
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", help="What the victim is asked (default: classification).", rich_help_panel="Victim")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option("--labels", help="Label names of a python: victim in the order of its scores.", rich_help_panel="Victim"),
    ] = None,
    access: Annotated[
        str | None, typer.Option("--access", help="What a python: victim returns: scores or labels.", rich_help_panel="Victim")
    ] = None,
    recipes: Annotated[
        str | None,
        typer.Option("--recipes", "--recipe", help="Recipes or suites (default: standard).", rich_help_panel="Attack"),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", help=f"At most this many examples (default {LIMIT}).", rich_help_panel="Data", min=1),
    ] = None,
    min_robust_accuracy: Annotated[
        str | None,
        typer.Option(
            "--min-robust-accuracy",
            help=f"Lowest robust accuracy that may pass (default {THRESHOLD}).",
            rich_help_panel="Gate",
        ),
    ] = None,
    package: Annotated[
        str | None,
        typer.Option(
            "--package",
            help="What the workflow installs with pip: a folder, a git address, a name and version of your index.",
            rich_help_panel="Output",
        ),
    ] = None,
    workflow: Annotated[
        bool, typer.Option("--workflow/--no-workflow", help="Write a GitHub workflow.", rich_help_panel="Output")
    ] = True,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Write a pytest file.", rich_help_panel="Output")] = True,
    check: Annotated[
        bool,
        typer.Option("--check/--no-check", help="Load the victim to see whether its labels fit the data.", rich_help_panel="Run"),
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that are there already.", rich_help_panel="Output")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: take flags and defaults.", rich_help_panel="Run")
    ] = False,
) -> None:
    """Write robustness.toml, a GitHub workflow and a pytest file, after a few questions.

    Nothing is asked where stdin is no terminal, or with --yes: flags and defaults decide. Nothing is overwritten without --force.

    Example: robustness init --victim hf:./my-model --data test.csv --min-robust-accuracy 30% --yes
    """
    from robustness.commands.starting import written
    from robustness.commands.starting.asking import Asking

    targets = _targets(workflow=workflow, test=test)
    _refuse_taken(targets, force=force)
    asking = Asking(live=not yes and sys.stdin is not None and sys.stdin.isatty())
    spec = asking.value(
        "Victim",
        victim,
        "demo",
        _victim,
        flag="--victim",
        shown=("What is audited: demo, hf:PATH_OR_NAME, python:MODULE_OR_FILE:FUNCTION … (`robustness list victims`)",),
    )
    opening = f.given(task=task, labels=f.listed(labels), access=access)
    audit: dict[str, Any] = {"victim": spec, **_data(asking, spec, data, text, label, opening), **opening}
    if "data" in audit:
        audit |= _label_map(asking, audit, label_map, check=check)
    if recipes is not None:
        audit["recipes"] = _recipes(recipes)
    audit |= {"limit": LIMIT if limit is None else limit, "seed": 0}
    threshold = asking.value(
        "Lowest robust accuracy that may pass", min_robust_accuracy, THRESHOLD, _share, flag="--min-robust-accuracy"
    )
    chosen = written.Chosen(audit, threshold, _runs_code(spec), package or "")
    for path in _write(targets, chosen):
        output.say(f"wrote {path}")
    _say_next(chosen, targets)


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the files go; ``below``: the working folder as seen from the root of its repository."""

    policy: Path
    workflow: Path | None
    test: Path | None
    below: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those that are written."""
        return tuple(path for path in (self.policy, self.workflow, self.test) if path is not None)


def _targets(*, workflow: bool, test: bool) -> Targets:
    from robustness.commands.starting import written

    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    up = Path(os.path.relpath(root, here))
    tests = Path("tests") if Path("tests").is_dir() else Path()
    return Targets(
        Path(written.TOML),
        up / written.WORKFLOW if workflow else None,
        tests / written.TEST if test else None,
        here.relative_to(root),
    )


def _refuse_taken(targets: Targets, *, force: bool) -> None:
    """Raise ``UsageError`` for a file that is there already, and for a policy in pyproject.toml, which would make two."""
    from reports.gate.policy_file import PYPROJECT

    taken = [path for path in targets.paths if os.path.lexists(path)]
    if taken and not force:
        names = ", ".join(map(str, taken))
        raise UsageError(
            f"already there: {names}; nothing was written. --force overwrites, --no-workflow and --no-test leave files out"
        )
    folders = [path for path in taken if path.is_dir() and not path.is_symlink()]
    if folders:
        raise UsageError(f"{folders[0]} is a folder; rename it, or leave that file out")
    try:
        import tomllib

        table = tomllib.loads(Path(PYPROJECT).read_text("utf-8"))
    except (OSError, ValueError):
        return
    if "robustness" in table.get("tool", {}):
        raise UsageError(
            f"{PYPROJECT} holds a policy already, under [tool.robustness]; two would be refused: remove that one first"
        )


def _victim(spec: str) -> str:
    from robustness.victims import check_spec

    f.refuse_empty(spec, "--victim")
    check_spec(spec, {})
    return spec


def _share(text: str) -> str:
    from reports.gate.policy import share

    try:
        value = share(text if text.endswith("%") else float(text))
    except ValueError as problem:
        raise UsageError(f"--min-robust-accuracy: {problem}" if "expected" in str(problem) else f"{text!r} is no share") from None
    if not value:
        raise UsageError("a robust accuracy of at least 0 % checks nothing; give a share above it")
    return text if text.endswith("%") else f"{100 * value:g}%"


def _recipes(text: str) -> list[str]:
    from robustness.planning.early_checks import check_settings
    from robustness.settings import Settings

    named = f.listed_recipes(text) or []
    check_settings(Settings(recipes=tuple(named)))
    return named


def _data(
    asking: Asking, spec: str, data: str | None, text: str | None, label: str | None, opening: Mapping[str, Any]
) -> dict[str, Any]:
    """``data``, ``text`` and ``label``; nothing for the demo, which brings its own, unless it is given others."""
    files, default = list(_files()), _likely(list(_files()))
    shown = f"Files here: {', '.join(files)}" if files else "No data file lies here."
    if spec == "demo":
        if data is None and not asking.live:
            return {}
        shown, default = "The demo brings its own examples: leave this empty to take them.", ""
    source = asking.value("Data file", data, default, lambda path: _readable(path, spec), flag="--data", shown=(shown,))
    if not source:
        return {}
    table = _table(source)
    names = ", ".join(map(repr, table.columns))
    texts, right = _guessed(table, spec, opening)
    asked = asking.value(
        "Text column, or two with a comma between",
        text,
        ",".join(texts) or None,
        lambda value: _columns(table, value, "--text"),
        flag="--text",
        shown=(f"Columns: {names}", *_first_rows(table)),
    )
    answer = asking.value(
        "Column that says what is right",
        label,
        right or None,
        lambda value: _columns(table, value, "--label"),
        flag="--label",
    )
    if len(answer) != 1 or answer[0] in asked:
        raise UsageError(f"the column that says what is right must be one, and none of the texts: got {', '.join(answer)}")
    fields = {"fields": list(asked)} if len(asked) > 1 else {}
    return {"data": source, "text": list(asked), "label": answer[0], **fields}


def _files() -> Iterator[str]:
    """Data files in the usual folders, those that are named like test data first."""
    found = [
        path
        for folder in map(Path, LOOKED_IN)
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]
    yield from [str(path) for path in sorted(found, key=lambda path: "train" in path.stem.lower())][:MOST_FILES]


def _likely(files: Sequence[str]) -> str | None:
    """A file that is named like test data, else the only one."""
    tests = [one for one in files if any(word in Path(one).stem.lower() for word in ("test", "eval", "valid", "dev"))]
    found = tests or (files if len(files) == 1 else [])
    return found[0] if found else None


def _readable(path: str, spec: str) -> str:
    if not path and spec == "demo":
        return path
    f.refuse_empty(path, "--data")
    if not path.startswith(("hub:", "demo:")):
        here, whole = Path.cwd(), Path(path).expanduser().absolute()
        path = str(whole.relative_to(here)) if whole.is_relative_to(here) else path
    _table(path)
    return path


def _table(source: str) -> Table:
    from robustness.data.sources import ReadOptions, read_table

    table = read_table(source, ReadOptions(None, None, None, False, (), ()))
    if not table.rows:
        raise DataError(f"{source}: it holds no rows; name a file with examples")
    return table


def _guessed(table: Table, spec: str, opening: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """The columns that an audit would take; none where their names leave it open."""
    from robustness.data.columns import TEXT_NAMES, choose_columns, usual
    from robustness.data.examples import wanted
    from robustness.planning.early_checks import task_of_data
    from robustness.tasks.registry import DEFAULT, task_named

    name = opening.get("task") or task_of_data(spec, table) or DEFAULT
    if name != DEFAULT:
        task = task_named(name)
        right = next(iter(usual(table.columns, task.references)), "")
        free = [column for column in table.columns if column != right]
        wanting = task.fields if len(task.fields) > 1 else ()
        texts = usual(free, wanting) if wanting else usual(free, [*task.texts, *TEXT_NAMES])[:1]
        return tuple(texts) if len(texts) == max(1, len(wanting)) else (), right
    try:
        roles = choose_columns(table.source, table.columns, wanted(table, None, None, None, None))
    except DataError:
        labels = [one for one in table.columns if one.casefold() in ("label", "labels", "sentiment", "class", "target")]
        return (), labels[0] if labels else ""
    return roles.text, roles.label


def _first_rows(table: Table) -> list[str]:
    """The first row, a column a line, cut."""
    _, values = table.rows[0]
    return [f"  {name}: {' '.join(str(value).split())[:60]}" for name, value in zip(table.columns, values, strict=True)]


def _columns(table: Table, text: str, flag: str) -> list[str]:
    from robustness.data.columns import named_column

    if text in table.columns:
        return [text]
    names = [named_column(table.source, table.columns, part, flag) for part in f.listed(text) or []]
    if not names or len(set(names)) != len(names):
        raise UsageError(f"{flag} expects different columns of {', '.join(table.columns)}, got {text!r}")
    return names


def _label_map(asking: Asking, audit: Mapping[str, Any], given: str | None, *, check: bool) -> dict[str, Any]:
    """``label_map`` where it is needed, found out by loading the victim; says how many examples there are."""
    from robustness.victims import is_endpoint

    named = f.mapping(given, "--label-map")
    said = f.given(label_map=named)
    if is_endpoint(audit["victim"]) or not check:
        status("the victim was not loaded, so whether its labels fit is not known: `robustness validate` says", quiet=False)
        return said
    status(f"loading victim {audit['victim']}", quiet=False)
    info = _info(audit)
    try:
        count = _examples(audit, info, named)
    except DataError as problem:
        if not asking.live or named is not None or "do not match" not in str(problem):
            raise
        named = _mapped(asking, audit, info)
        count = _examples(audit, info, named)
    if count < FEWEST:
        status(f"{count} examples: nothing passes a gate with fewer than {FEWEST}", quiet=False)
    return f.given(label_map=named)


def _info(audit: Mapping[str, Any]) -> VictimInfo:
    from robustness.auditing import open_victim

    opening = {name: audit[name] for name in ("task", "labels", "access", "fields") if name in audit}
    if "fields" in opening and not _takes_fields(audit["victim"]):
        del opening["fields"]
    subject = open_victim(audit["victim"], offline=False, session=None, **opening)
    try:
        return subject.info
    finally:
        subject.close()


def _takes_fields(spec: str) -> bool:
    from robustness.victims import takes

    return takes(spec, "fields")


def _examples(audit: Mapping[str, Any], info: VictimInfo, label_map: Mapping[str, str] | None) -> int:
    from robustness.data import load_examples
    from robustness.tasks.task import Space

    how: dict[str, Any] = {"text": audit["text"], "label": audit["label"], "label_map": label_map, "task": info.task}
    space = Space(info.labels, info.data_fields)
    return len(load_examples(audit["data"], labels=info.labels, victim_fields=info.data_fields, space=space, **how))


def _mapped(asking: Asking, audit: Mapping[str, Any], info: VictimInfo) -> dict[str, str]:
    from robustness.data import labels_in

    def read(name: str) -> str:
        hits = [one for one in info.labels if one.casefold() == name.casefold()]
        if len(hits) != 1:
            raise UsageError(f"expected one of {', '.join(info.labels)}, got {name!r}")
        return hits[0]

    output.warn(f"Labels of the victim: {', '.join(info.labels)}")
    found = labels_in(audit["data"], text=audit["text"], label=audit["label"])
    return {one: asking.value(f"Which of them is {one!r} of the data", None, None, read, flag="--label-map") for one in found}


def _runs_code(spec: str) -> bool:
    from robustness.victims import refuse_local_code

    try:
        refuse_local_code(spec, "", False)
    except UsageError:
        return True
    return False


def _write(targets: Targets, chosen: Chosen) -> list[Path]:
    """Write the files; every text is made before the first is written."""
    from robustness.commands.starting import written

    up = len(targets.test.parts) - 1 if targets.test is not None else 0
    texts = {targets.policy: written.policy_text(chosen)}
    if targets.workflow is not None:
        texts[targets.workflow] = written.workflow_text(chosen, targets.below)
    if targets.test is not None:
        texts[targets.test] = written.test_text(up)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    return list(texts)


def _say_next(chosen: Chosen, targets: Targets) -> None:
    from robustness.commands.starting.written import VARIABLE

    audit = chosen.audit
    data = f"{audit['data']}, {', '.join(audit['text'])} -> {audit['label']}" if "data" in audit else "its own examples"
    output.say(f"victim {audit['victim']}, on {data}; robust accuracy of at least {chosen.threshold}", "next:")
    output.say(f"  robustness validate{chosen.consent}", f"  robustness audit{chosen.consent}")
    if targets.test is not None:
        output.say(f"  pytest {targets.test}")
    if targets.workflow is not None and not chosen.package:
        output.say(f"  the workflow installs what the repository variable {VARIABLE} names: set it, or say --package here")
