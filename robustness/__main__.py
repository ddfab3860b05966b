"""The ``robustness`` program, and ``python -m robustness``: the command line, once the packages that it needs are its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from robustness.errors import ShadowedError
from robustness.own_packages import check

SLOW = (
    *("audit", "plan", "validate", "certify", "harden", "resume", "attack", "perturb"),
    *("replay", "minimise", "explain", "transfer", "watch"),
)
"""Commands that load models or read data before there is anything to show."""
SILENT = ("-q", "--quiet", "--json", "-h", "--help")


def first_line(arguments: Sequence[str]) -> None:
    """Say on stderr that a slow command was heard, before the command line is imported, which takes most of a second."""
    if arguments[:1] and arguments[0] in SLOW and not any(one in SILENT for one in arguments):
        sys.stderr.write(f"{arguments[0]}: reading flags, policy and data\n")
        sys.stderr.flush()


def run() -> None:
    """Run the command line; where other packages hide ours it cannot even be imported, and the exit code is 2."""
    try:
        check()
    except ShadowedError as error:
        said = f"robustness: {error}\n".encode("ascii", "backslashreplace").decode("ascii")
        sys.stderr.write(said)  # the program's one writer is among what cannot be imported here
        if "--json" in sys.argv:
            import json

            found = {"error": {"type": type(error).__name__, "message": str(error)}, "exit_code": 2}
            sys.stdout.write(json.dumps(found) + "\n")
        sys.exit(2)
    first_line(sys.argv[1:])
    try:
        from robustness.cli import run as run_command_line
    except KeyboardInterrupt:
        sys.stderr.write("robustness: interrupted\n")
        sys.exit(2)
    run_command_line()


if __name__ == "__main__":
    run()
