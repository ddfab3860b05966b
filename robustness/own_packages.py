"""Whether Python finds the packages ``attacks`` and ``reports`` that came with this one, or others of the same names.

Both names are common, and a folder with an ``__init__.py`` or a module in the current folder comes first with ``python -m``,
in a script and under pytest.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from robustness.errors import ShadowedError

NAMES = ("attacks", "reports")
_HOME = Path(__file__).parent.parent


def check() -> None:
    """Raise ``ShadowedError`` where another package or module hides one of ours; imports neither."""
    for name in NAMES:
        found, ours = _file(name), _HOME / name / "__init__.py"
        if found is None or os.path.realpath(found) != os.path.realpath(ours):
            raise ShadowedError(_message(name, found, ours))


def _file(name: str) -> str | None:
    """The file that ``import name`` would run or has run, None where there is none."""
    try:
        spec = find_spec(name)
    except ValueError:  # already imported, by something that gave it no spec
        return getattr(sys.modules[name], "__file__", None)
    return None if spec is None else spec.origin


def _message(name: str, found: str | None, ours: Path) -> str:
    if found is None:
        return (
            f"robustness needs its own package {name!r}, expected in {ours.parent}, and Python does not find it; install it again"
        )
    return (
        f"robustness needs its own package {name!r} ({ours.parent}), but Python finds {found} first; "
        "rename that, or run from a folder where it does not come first. "
        "The program `robustness`, unlike `python -m robustness`, does not look in the current folder"
    )
