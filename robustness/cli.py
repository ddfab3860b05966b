"""The ``robustness`` program. Exit codes: 0 passed, 1 the gate failed, 2 usage or internal error, 3 inconclusive."""

from __future__ import annotations

import errno
import functools
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from robustness.commands import recorded
from robustness.commands.terminal import output
from robustness.commands.terminal.interrupts import answered

_DISK = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR)
INTERRUPTED = 130
VERDICTS = (0, 1, 2, 3)
if TYPE_CHECKING:
    app: typer.Typer

_FILES = "robustness.commands."
PANELS: Mapping[str, Mapping[str, str]] = {
    "Audit": {
        "audit": "audit:audit",
        "resume": "resume:resume",
        "gate": "gate:gate",
        "compare": "compare:compare",
        "attack": "attack:attack",
    },
    "Follow up": {
        "replay": "followups.replay:replay",
        "minimise": "followups.minimise:minimise",
        "explain": "followups.explain:explain",
        "transfer": "followups.transfer:transfer",
        "review": "followups.review:review",
    },
    "Look": {
        "runs": "runs:runs",
        "view": "workbench.view:view",
        "report": "gate:report",
        "log": "workbench.log:log",
        "export": "workbench.export:export",
        "verify": "verify:verify",
        "list": "listing:list_",
    },
    "Set up": {
        "init": "starting.init:init",
        "watch": "starting.watch:watch",
        "validate": "validate:validate",
        "plan": "plan:plan",
        "prefetch": "prefetch:prefetch",
        "examples": "workbench.examples:examples",
    },
    "Go further": {
        "perturb": "perturb:perturb",
        "certify": "certify:certify",
        "harden": "harden:harden",
        "augment": "starting.augment:augment",
    },
}
"""Every command, by the panel of help in which it is shown: the function, in a module of ``robustness.commands``."""
COMMANDS: Mapping[str, str] = {name: function for panel in PANELS.values() for name, function in panel.items()}
CALLS = {"resume": ("audit",)}
"""Commands that carry out another one."""
PASSES_ON = {"resume": {"allow_extra_args": True, "ignore_unknown_options": True}}
"""Commands that hand flags on to another one."""


class _ImportedExitError(Exception):
    """Code that a command ran, such as a victim's, wanted to end the process."""


def _watched(command: Callable[..., None]) -> Callable[..., None]:
    """The command with foreign output kept off stdout, and foreign exits told apart from those of the CLI library."""

    @functools.wraps(command)
    def run(**values: Any) -> None:
        with output.others_on_stderr():
            try:
                command(**values)
            except SystemExit as stop:
                raise _ImportedExitError(f"imported code called sys.exit({stop.code!r}); nothing was judged") from stop

    return run


def _version(show: bool) -> None:
    if show:
        from importlib import metadata

        output.say(f"robustness-suite {metadata.version('robustness-suite')}")
        raise typer.Exit


def _outline(module: str, function: str) -> Callable[..., None]:
    """Stands for a command where only its name and what it does are shown: to import and build all takes a third of a second."""
    source = Path(__file__).parent.joinpath("commands", *module.split(".")).with_suffix(".py").read_text("utf-8")
    found = re.search(rf'^def {function}\(.*?-> None:\n    """(.*?)"""', source, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{module} defines no {function} that says what it does"

    def outlined() -> None:
        raise RuntimeError(f"{function} was listed and is not built")

    outlined.__doc__ = found[1]
    return outlined


def program(*names: str, outlines: bool = False) -> typer.Typer:
    """The program with these commands, all of them where none is named: a command costs time to build, used or not.

    ``outlines``: commands that can be listed, not called.
    """
    from robustness.commands.options.groups import Once, Program

    made = typer.Typer(
        name="robustness",
        cls=Program,
        help="Audit text models before release: attack them, save every failure, give a verdict that CI can trust.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )

    @made.callback()
    def _root(
        version: bool = typer.Option(
            False, "--version", callback=_version, is_eager=True, help="Print the version.", rich_help_panel="Run"
        ),
    ) -> None:
        pass

    for panel, name, place in ((panel, name, place) for panel, found in PANELS.items() for name, place in found.items()):
        if not names or name in names:
            module, _, function = place.partition(":")
            made_of = _outline(module, function) if outlines else getattr(import_module(_FILES + module), function)
            command = _watched(made_of)
            made.command(name, cls=Once, rich_help_panel=panel, context_settings=PASSES_ON.get(name))(command)
    return made


def _needed(arguments: Sequence[str]) -> tuple[str, ...]:
    """The commands that a call needs: the one that it names, also where a shell asks how to complete it; else all."""
    asked = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") if _completing() else None
    words = asked.split()[1:] if asked is not None else arguments
    name = words[0] if words else ""
    return (name, *CALLS.get(name, ())) if name in COMMANDS else ()


def _completing() -> bool:
    return "_ROBUSTNESS_COMPLETE" in os.environ


def __getattr__(name: str) -> Any:
    """``app``: the whole program, built when it is first asked for."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["app"] = made = program()
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; every error ends in a sentence on stderr and code 2, a spent cap in code 3.

    With ``--json`` an error is a JSON object on stdout as well: ``{"error": {"type", "message"}, "exit_code"}``.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    begun = recorded.Begun(tuple(arguments))
    recorded.BEGUN.set(begun)
    with output.printing():
        with answered(begun.interrupted):
            code, error = _run(arguments)
        if error is not None:
            _complain(error)
        told = error if error is not None and "--json" in arguments else None
        try:
            output.settle(None if told is None else {"error": _record(told), "exit_code": code})
        except OSError as problem:  # a full disk behind stdout: the answer is incomplete, whatever it was
            _complain(problem)
            return 2
    return code


def _run(arguments: list[str]) -> tuple[int, BaseException | None]:
    """The exit code, and what went wrong."""
    try:
        needed = _needed(arguments)
        outlines = not needed and not any(one in COMMANDS for one in arguments)
        code = _code(program(*needed, outlines=outlines)(arguments, standalone_mode=False))
    except SystemExit as stop:  # the CLI library's own: completion is done, or the reader of --help went away
        return (2 if stop.code else 0), None
    except BaseException as error:  # noqa: BLE001 - the last line of defence: no crash may end in a code that reads as a verdict
        return (3 if _spent(error) else 2), error
    if code == INTERRUPTED:
        return 2, KeyboardInterrupt()
    return (code if code in VERDICTS else 2), None


def _code(code: object) -> int:
    return code if isinstance(code, int) else 0 if code is None else 2


def _spent(error: BaseException) -> bool:
    """Whether a cap was reached before anything could be judged: that is no mistake, and nothing is known."""
    from robustness.errors import SpentError

    return isinstance(error, SpentError)


def _complain(error: BaseException) -> None:
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]  # not a mistake: it prints the help
        return
    output.warn(*(f"robustness: {line}" for line in _sentence(error).split("\n")))
    context = getattr(error, "ctx", None)
    if context is not None:
        output.warn(f"robustness: `{context.command_path} --help` lists its arguments and options")


def _record(error: BaseException) -> dict[str, str]:
    kind = "Interrupted" if isinstance(error, KeyboardInterrupt) else "UsageError" if _usage(error) else type(error).__name__
    return {"type": kind.lstrip("_"), "message": _sentence(error)}


def _usage(error: BaseException) -> str:
    """What the CLI library says of a mistake in the flags; empty when the error is something else."""
    told = getattr(error, "format_message", None)
    return "" if told is None else " ".join(str(told()).split()).replace("Value error, ", "")


def _sentence(error: BaseException) -> str:
    from reports.run import RunError
    from robustness.errors import RobustnessError

    if isinstance(error, KeyboardInterrupt):
        return recorded.under_way().interrupted()
    if isinstance(error, (RobustnessError, RunError, _ImportedExitError)):
        return str(error)
    if isinstance(error, OSError) and error.errno in _DISK:
        what = error.filename if error.filename is not None else "a file"
        return f"{what} cannot be written: {error.strerror}; fix that and run the same command again, an audit with --resume"
    if _usage(error):
        return _usage(error)
    import traceback

    where = next(iter(traceback.extract_tb(error.__traceback__)[-1:]), None)
    at = "" if where is None else f" ({where.filename}:{where.lineno})"
    return f"internal error, {type(error).__name__}: {error}{at}; nothing was judged"


def run() -> None:
    """Console script.

    Any verdict but "passed" leaves at once: an exit hook or a thread of imported code could still turn it into a 0. What
    such code does before the verdict, only ``--isolate`` keeps from it.
    """
    code = main()
    if code:
        from contextlib import suppress

        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(code)
    # A Ctrl-C that came while text was executed, as imports of dataclasses do, and was dealt with since is still noted by the
    # interpreter, which would end as if killed by it. The note goes when text is executed again.
    exec("")
    sys.exit(code)
