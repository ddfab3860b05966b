"""The ``robustness`` program, and ``python -m robustness``: the command line, once the packages that it needs are its own."""

from __future__ import annotations

import sys

from robustness.errors import ShadowedError
from robustness.own_packages import check


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
    from robustness.cli import run as run_command_line

    run_command_line()


if __name__ == "__main__":
    run()
