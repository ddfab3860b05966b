"""``robustness watch``: a run's failures replayed whenever the victim's files change, each time in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustness.commands.options import flags as f
from robustness.commands.options.endpoint import EndpointFlags
from robustness.commands.options.spending import CapFlags
from robustness.commands.terminal import output
from robustness.errors import UsageError

if TYPE_CHECKING:
    from robustness.commands.starting.watched_files import Snapshot, WatchedFiles

OWN_FLAGS = ("--on", "--once", "--interval")
"""Flags that `replay`, which does the work, has not."""
SETTLED_S = 0.3
"""How long nothing may have changed before a state of the files is put to the test: a file may be half written."""
LISTED = 5
COLOURS = {"passed": ("GREEN", "bold green"), "failed": ("RED", "bold red"), "inconclusive": ("OPEN", "bold yellow")}


@f.flattened
def watch(
    *,
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="The run whose failures are replayed, or a failures.jsonl.", metavar="RUN")],
    victim: f.VictimFlag = None,
    on: Annotated[
        list[Path] | None,
        typer.Option("--on", help="Another file or folder to watch; may be repeated.", metavar="PATH", rich_help_panel="Run"),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Replay now, say the state, and end.", rich_help_panel="Run")] = False,
    interval: Annotated[
        float, typer.Option("--interval", help="Seconds between two looks at the files.", min=0.05, rich_help_panel="Run")
    ] = 0.3,
    repeat: Annotated[
        int | None,
        typer.Option("--repeat", help="Ask each case this many times, as in replay.", min=1, rich_help_panel="Run"),
    ] = None,
    max_broken: Annotated[
        int, typer.Option("--max-broken", help="How many cases may still be broken.", min=0, rich_help_panel="Gate")
    ] = 0,
    max_not_applicable: Annotated[
        str | None,
        typer.Option("--max-not-applicable", help="As in replay (default 20%).", rich_help_panel="Gate"),
    ] = None,
    asking: f.AskingFlags,
    opening: f.OpeningFlags,
    api: EndpointFlags,
    caps: CapFlags,
    offline: f.OfflineFlag = False,
    allow_local_code: f.LocalCodeFlag = False,
    json_: f.JsonFlag = False,
) -> None:
    """Replay a run's failures whenever the victim's files change, until Ctrl-C: red, or green.

    Watched are the folder of an hf: victim, the file of a python: one with the local modules that it imports, prompt files, and
    --on PATH. Each replay is a process of its own, so that everything is loaded anew; an error in a file is shown, and the next
    change is tried. The victim is that of --victim, else of the policy file, else the run's own, whether it has changed or not.

    Example: robustness watch runs/demo --victim hf:./my-model --once

    Exit codes: that of the last state, as replay gives it.
    """
    from reports.run.cases import read_cases
    from robustness.commands.recorded import under_way, without
    from robustness.commands.starting.watched_files import WatchedFiles

    if json_ and not once:
        raise UsageError("--json gives one document, and watch goes on; add --once")
    if not read_cases(run):
        raise UsageError(f"{run} holds no failure, so there is nothing to replay; audit with more examples or other recipes")
    missing = next((path for path in on or () if not path.exists()), None)
    if missing is not None:
        raise UsageError(f"--on {missing}: there is no such file or folder")
    given = opening.given() | api.given()
    spec, options = _subject(run, victim, given, allow_local_code=allow_local_code)
    files = WatchedFiles(spec, options, on or ())
    if not files.snapshot() and not once:
        raise UsageError(f"nothing is known to watch of the victim {spec}; name what it depends on with --on PATH")
    arguments = without(under_way().typed[1:], OWN_FLAGS, context.command.params)
    raise typer.Exit(_watch([*arguments, "--changed-victim", "--json"], files, once=once, interval=interval, as_json=json_))


def _subject(run: Path, victim: str | None, given: Mapping[str, Any], *, allow_local_code: bool) -> tuple[str, Mapping[str, Any]]:
    """The victim that `replay` will take, and the options that name files of its."""
    from robustness.commands.options.own_victim import opening_of, own_victim
    from robustness.commands.options.policy import audit_defaults, read_policy

    f.refuse_empty(victim, "--victim")
    if victim is not None:
        return victim, opening_of(run, victim, allow_local_code=allow_local_code, prompt=given.get("prompt")) | dict(given)
    policy = read_policy(None, {})
    if policy.audit.victim is not None:
        return policy.audit.victim, audit_defaults(policy, None, None, allow_local_code=allow_local_code) | dict(given)
    own = own_victim(run, allow_local_code=allow_local_code)
    if own is None:
        raise UsageError("no victim was named; give --victim demo, hf:PATH, python:module:function …")
    return own.whole or own.spec, {**own.options, **given}


@dataclass(frozen=True, slots=True)
class State:
    """What a replay gave: its exit code, and of each case what became of it.

    ``doubt``: why it proves nothing; ``error``: why nothing could be replayed.
    """

    exit_code: int
    verdict: str = ""
    counts: Mapping[str, int] | None = None
    cases: Mapping[tuple[str, str], str] | None = None
    doubt: str = ""
    error: str = ""


def _watch(arguments: Sequence[str], files: WatchedFiles, *, once: bool, interval: float, as_json: bool = False) -> int:
    """Replay until Ctrl-C, or once; gives the exit code of the last state."""
    from robustness.commands.starting.watched_files import changed

    last: State | None = None
    try:
        seen = _settled(files, interval)
        while True:
            started = time.monotonic()
            state = _replayed(arguments, files, seen, interval)
            if state is not None:
                before, last = last, state  # before it is told: who reads the state may press Ctrl-C at once
                _answer(state) if as_json else _tell(state, before, time.monotonic() - started)
                if once:
                    break
                _wait(files, seen, interval)
            now = _settled(files, interval)
            names = [_name(path) for path in changed(seen, now)]
            output.say(f"changed: {', '.join(names[:LISTED])}{' …' if len(names) > LISTED else ''}")
            seen = now
    except KeyboardInterrupt:
        output.warn("")
    return 2 if last is None else last.exit_code


def _name(path: Path) -> str:
    return os.path.relpath(path)


def _wait(files: WatchedFiles, seen: Snapshot, interval: float) -> None:
    while files.snapshot() == seen:
        time.sleep(interval)


def _settled(files: WatchedFiles, interval: float) -> Snapshot:
    """The files, once they have been the same for a while."""
    found, since = files.snapshot(), time.monotonic()
    while time.monotonic() - since < SETTLED_S:
        time.sleep(min(interval, SETTLED_S))
        now = files.snapshot()
        if now != found:
            found, since = now, time.monotonic()
    return found


def _replayed(arguments: Sequence[str], files: WatchedFiles, seen: Snapshot, interval: float) -> State | None:
    """The state of the files as they were ``seen``; None where they changed before it was known."""
    # no bytecode is written: a file that is edited twice within a second, to the same length, would be taken for the older one
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    command = [sys.executable, "-P", "-m", "robustness", "replay", *arguments]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, errors="replace", start_new_session=True, **quiet) as child:  # type: ignore[call-overload]
        try:
            while True:
                try:
                    out, err = child.communicate(timeout=interval)
                    break
                except subprocess.TimeoutExpired:
                    if files.snapshot() != seen:
                        child.kill()
                        return None
        except BaseException:
            child.kill()
            raise
    return _state(out, err, child.returncode)


def _state(out: str, err: str, code: int) -> State:
    try:
        found = json.loads(out)
    except ValueError:
        told = " ".join(err.strip().splitlines()[-1:]) or f"the replay ended with {code} and said nothing"
        return State(2, error=told)
    if "error" in found:
        return State(int(found.get("exit_code", 2)), error=str(found["error"].get("message", "")))
    cases = {(one["example_id"], one["recipe"]): one["state"] for one in found["cases"]}
    return State(int(found["exit_code"]), found["verdict"], found["counts"], cases, found["doubt"])


def _answer(state: State) -> None:
    found = {"verdict": state.verdict, "exit_code": state.exit_code, "counts": state.counts, "doubt": state.doubt}
    output.answer({**found, "error": {"message": state.error} if state.error else None})


def _tell(state: State, last: State | None, seconds: float) -> None:
    """One line for the state, and a line for each case that changed since the last one."""
    from rich.text import Text

    console = output.console()
    at = f"{time.strftime('%H:%M:%S')} "
    if state.counts is None or state.cases is None:
        console.print(Text(at).append("ERROR", "bold red").append(f" ({seconds:.1f} s)"))
        output.say(*(f"  {line}" for line in state.error.splitlines()))
        return
    word, style = COLOURS[state.verdict]
    counts = ", ".join(f"{n} {name}" for name, n in state.counts.items() if n)
    console.print(Text(at).append(word, style).append(f" {counts} ({seconds:.1f} s)"))
    if state.doubt:
        output.say(f"  {state.doubt}")
    before = (last.cases if last is not None else None) or {}
    turned = [(key, now) for key, now in state.cases.items() if before.get(key, now) != now]
    for (example, recipe), now in turned[:LISTED]:
        output.say(f"  {now}: {recipe} on {example}")
    if len(turned) > LISTED:
        output.say(f"  … and {len(turned) - LISTED} more changed")
    sys.stdout.flush()
