"""``robustness init``: asks for victim, data, columns and a threshold, and writes a policy, a workflow and a test."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.commands.starting.written import Chosen

THRESHOLD = "30%"
LIMIT = 200
"""Examples of the first audits: enough for a verdict, few enough for minutes."""


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
    json_: f.JsonFlag = False,
) -> None:
    """Write robustness.toml, a GitHub workflow and a pytest file, after a few questions.

    Nothing is asked where stdin is no terminal, or with --yes: flags and defaults decide. Nothing is overwritten without --force.

    Example: robustness init --victim hf:./my-model --data test.csv --min-robust-accuracy 30% --yes
    """
    from robustness.commands.starting import written
    from robustness.commands.starting.asking import Asking
    from robustness.commands.starting.init_data import choose_data, choose_label_map

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
    audit: dict[str, Any] = {"victim": spec, **choose_data(asking, spec, data, text, label, opening), **opening}
    if "data" in audit:
        audit |= choose_label_map(asking, audit, label_map, check=check)
    if recipes is not None:
        audit["recipes"] = _recipes(recipes)
    audit |= {"limit": LIMIT if limit is None else limit, "seed": 0}
    threshold = asking.value(
        "Lowest robust accuracy that may pass", min_robust_accuracy, THRESHOLD, _share, flag="--min-robust-accuracy"
    )
    chosen = written.Chosen(audit, threshold, _runs_code(spec), package or "")
    paths = _write(targets, chosen)
    if json_:
        output.answer({"files": list(map(str, paths)), "audit": audit, "min_robust_accuracy": threshold})
        return
    output.say(*(f"wrote {path}" for path in paths))
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
