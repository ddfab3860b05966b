"""What ``robustness init`` writes: a policy file, a GitHub workflow, a pytest file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustness.errors import UsageError

TOML, WORKFLOW, TEST = "robustness.toml", Path(".github/workflows/robustness.yml"), "test_robustness.py"
VARIABLE = "ROBUSTNESS_PACKAGE"
"""The repository variable that says what a workflow installs, where `init` was not told."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the files say. ``audit``: keys of ``[audit]`` in order. ``threshold``: ``min_robust_accuracy``.

    ``runs_code``: the victim is code, or is sent a key, which a policy file may name only with ``--allow-local-code``.
    ``package``: what the workflow installs; empty where the repository's variable says so.
    """

    audit: Mapping[str, Any]
    threshold: str
    runs_code: bool
    package: str = ""

    @property
    def consent(self) -> str:
        """The flag without which the victim of the file is not opened."""
        return " --allow-local-code" if self.runs_code else ""


def policy_text(chosen: Chosen) -> str:
    """``robustness.toml``; raises ``UsageError`` where the product's own reader would not read back what was chosen."""
    import tomllib

    from reports.gate.policy import PolicyError, parse_policy, refuse_idle

    lines = [
        "# What `robustness audit` asks here, and what it must find. Paths are relative to this file.",
        "",
        "[gate]",
        "# The verdict is about the whole 95 % interval: in between it is inconclusive, which is no pass.",
        f"min_robust_accuracy = {_toml(chosen.threshold)}",
        "",
        "[audit]",
        *(f"{key} = {_toml(value)}" for key, value in chosen.audit.items()),
    ]
    text = "\n".join(lines) + "\n"
    try:
        table = tomllib.loads(text)
        refuse_idle(parse_policy(table, TOML))
    except (PolicyError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"what was chosen makes no policy: {problem}") from None
    if table["audit"] != {key: _plain(value) for key, value in chosen.audit.items()}:
        raise UsageError(f"what was chosen cannot be written to {TOML}; write it by hand")
    return text


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value


def _toml(value: Any) -> str:
    """A value as TOML writes it: strings as in JSON, but for the one character that TOML wants escaped and JSON does not."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(str(key))} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def workflow_text(chosen: Chosen, below: Path) -> str:
    """The workflow; ``below``: the policy's folder as seen from the root of the repository.

    Nothing of the policy is repeated in it, so that a text in the policy cannot become part of a shell's command.
    """
    if "${{" in f"{below}{chosen.package}":
        raise UsageError("a workflow would read ${{ in the name of a folder or package as its own; rename it, or --no-workflow")
    inside = [] if below == Path() else ["    defaults:", "      run:", f"        working-directory: {json.dumps(str(below))}"]
    package = json.dumps(chosen.package) if chosen.package else "${{ vars." + VARIABLE + " }}"
    run = (below / "runs/ci").as_posix()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"""# Audits the model on every pull request, by {TOML}. Any exit code but 0 makes the job red.
name: robustness
on:
  pull_request:
  workflow_dispatch:
permissions:
  contents: read
  security-events: write
jobs:
  audit:
    runs-on: ubuntu-latest
{chr(10).join([*inside, "    steps:"])}
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
      - name: Install
        env:
          PACKAGE: {package}
        run: |
          # never a bare name: an index has under it whatever somebody put there
          if [ -z "$PACKAGE" ]; then
            echo "the repository variable {VARIABLE} says what to install: a folder, a git address, a name and version" >&2
            exit 2
          fi
          python -m pip install "$PACKAGE"
          if [ -f requirements.txt ]; then python -m pip install -r requirements.txt; fi
      - name: Audit
        run: robustness audit --require-threshold --isolate --out runs/ci --quiet{chosen.consent}
      # The victim is code, and code can end a process with any exit code: a second process reads the verdict from the run.
      - name: Verdict
        if: always()
        run: robustness gate runs/ci --quiet
      - uses: github/codeql-action/upload-sarif@v3
        if: always() && hashFiles({_quoted(run + "/findings.sarif")}) != ''
        with:
          sarif_file: {json.dumps(run + "/findings.sarif")}
      # Holds the texts of the data; leave it out where they are confidential.
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: robustness
          path: {json.dumps(run)}
"""


def _quoted(text: str) -> str:
    """A text in an expression of a workflow."""
    return "'" + text.replace("'", "''") + "'"


def test_text(up: int) -> str:
    """The pytest file; ``up``: how many folders above it the policy lies."""
    return f'''"""The audit of {TOML} as a test: it prints the worst failures where a threshold does not hold.

It audits each time that it runs; deselect it with `-k "not robust"` where that takes too long. A `pytest` that
searches the folder of {TOML} collects that file by itself as well: set `testpaths` to run only one of the two.
"""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[{up}]
POLICY = tomllib.loads((ROOT / "{TOML}").read_text("utf-8"))


def test_the_model_is_robust(audit, monkeypatch):
    monkeypatch.chdir(ROOT)  # paths in the policy are relative to its file
    run = audit(**POLICY["audit"], gate=POLICY["gate"])
    assert run.outcomes
'''
