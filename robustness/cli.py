"""The ``robustness`` program. Exit codes: 0 passed, 1 the gate failed, 2 usage or internal error, 3 inconclusive."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from robustness.commands.attack import attack
from robustness.commands.audit import audit
from robustness.commands.compare import compare
from robustness.commands.gate import gate, report
from robustness.commands.groups import Once
from robustness.commands.listing import list_
from robustness.commands.minimise import minimise
from robustness.commands.perturb import perturb
from robustness.commands.plan import plan
from robustness.commands.prefetch import prefetch
from robustness.commands.replay import replay
from robustness.commands.review import review
from robustness.commands.transfer import transfer
from robustness.commands.validate import validate
from robustness.commands.verify import verify

INTERRUPTED = 130
VERDICTS = (0, 1, 2, 3)
app = typer.Typer(
    name="robustness",
    help="Audit text models before release: attack them, save every failure, give a verdict that CI can trust.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command("audit", cls=Once)(audit)
app.command("gate", cls=Once)(gate)
app.command("report", cls=Once)(report)
app.command("compare", cls=Once)(compare)
app.command("attack", cls=Once)(attack)
app.command("list", cls=Once)(list_)
app.command("perturb", cls=Once)(perturb)
app.command("plan", cls=Once)(plan)
app.command("prefetch", cls=Once)(prefetch)
app.command("validate", cls=Once)(validate)
app.command("verify", cls=Once)(verify)
app.command("replay", cls=Once)(replay)
app.command("minimise", cls=Once)(minimise)
app.command("transfer", cls=Once)(transfer)
app.command("review", cls=Once)(review)


def _version(show: bool) -> None:
    if show:
        from importlib import metadata

        typer.echo(f"robustness-suite {metadata.version('robustness-suite')}")
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version.")) -> None:
    pass


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; every error ends in a sentence on stderr and code 2."""
    try:
        code = _code(app(list(argv) if argv is not None else None, standalone_mode=False))
    except SystemExit as stop:  # this program never raises it; some imported code wanted to end the process
        return _fail(f"imported code called sys.exit({stop.code!r}); nothing was judged")
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: no crash may end in a code that reads as a verdict
        return _usage(error) or _fail(_sentence(error))
    if code == INTERRUPTED:
        return _fail("interrupted; what was finished is saved: run the same command with --out FOLDER --resume")
    return code if code in VERDICTS else 2


def _usage(error: Exception) -> int:
    """Show a mistake in the flags the way typer does; 0 when the error is something else."""
    if not hasattr(error, "show") or not hasattr(error, "exit_code"):
        return 0
    error.show()
    return 2


def _code(code: object) -> int:
    return code if isinstance(code, int) else 0 if code is None else 2


def _fail(sentence: str) -> int:
    print(f"robustness: {sentence}", file=sys.stderr)  # noqa: T201 - the program's own voice
    return 2


def _sentence(error: Exception) -> str:
    from reports.run import RunError
    from robustness.errors import RobustnessError

    if isinstance(error, (RobustnessError, RunError)):
        return str(error)
    import traceback

    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"internal error, {type(error).__name__}: {error} ({where.filename}:{where.lineno}); nothing was judged"


def run() -> None:
    """Console script."""
    sys.exit(main())
