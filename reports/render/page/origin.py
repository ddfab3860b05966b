"""Where a run came from and what can be done with it next: victim hash, command, files beside the page, next commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.run import Manifest, Run
from reports.run.certificates import CERTIFICATES
from reports.run.explanations import EXPLANATIONS
from reports.run.minimised import MINIMISED
from reports.run.seal import RENDERED
from reports.run.upgrade import MISCLASSIFY

_HASH = re.compile(r"[0-9a-f]{32,128}")
_SHOWN = 12
_FIRST = ("weights", "source", "files", "file", "program", "corpus")
"""Parts of a victim's identity that say most about it, the most telling first."""
_USUAL = {"task": "classification", "goal": MISCLASSIFY, "profile": "paper", "seed": 0}
_ALWAYS = ("run.json", "outcomes.jsonl")
_MADE_AFTERWARDS = (MINIMISED, EXPLANATIONS, CERTIFICATES)
RUN = "RUN"
"""Stands for the run's folder in commands, for a folder may move; the page's script puts its own place there."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next: why, and the command."""

    why: str
    command: str


def victim_hash(manifest: Manifest) -> tuple[str, str]:
    """What was hashed and its SHA-256, of the part of the victim that says most; two empty texts where nothing was."""
    identity: Mapping[str, Any] = manifest.victim.get("identity") or {}
    hashed = {str(name): str(value) for name, value in identity.items() if _HASH.fullmatch(str(value))}
    names = sorted(hashed, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    return (names[0], hashed[names[0]]) if names else ("", "")


def shortened(digest: str) -> str:
    """The head of a hash, enough to tell two victims apart."""
    return digest[:_SHOWN]


def command(manifest: Manifest) -> str:
    """The audit again, as far as ``run.json`` says how it was asked for: what is as usual there is left out."""
    victim, source = str(manifest.victim.get("name", "")), str(manifest.data.get("source", ""))
    flags: list[tuple[str, Any]] = [("--victim", victim)]
    if source and manifest.victim.get("kind") != "demo":
        flags.append(("--data", source))
    flags += [(f"--{name}", getattr(manifest, name)) for name in ("task", "goal") if getattr(manifest, name) != _USUAL[name]]
    recipes = manifest.asked.get("recipes") or manifest.recipe_names
    flags.append(("--recipes", ",".join(map(str, recipes))))
    if manifest.asked.get("limit") is not None:
        flags.append(("--limit", manifest.asked["limit"]))
    if manifest.profile != _USUAL["profile"]:
        flags.append(("--profile", manifest.profile))
    flags.append(("--budget", "none" if manifest.budget is None else manifest.budget))
    if manifest.seed != _USUAL["seed"]:
        flags.append(("--seed", manifest.seed))
    return " ".join(["robustness audit", *(f"{name} {shlex.quote(str(value))}" for name, value in flags)])


def attack_flags(manifest: Manifest) -> tuple[str, ...]:
    """The flags by which ``robustness attack`` asks this run's victim; none for a task that it does not take single texts of."""
    if manifest.task != _USUAL["task"] or manifest.goal != MISCLASSIFY:
        return ()
    flags = ["--victim", str(manifest.victim.get("name", ""))]
    flags += [] if manifest.profile == _USUAL["profile"] else ["--profile", manifest.profile]
    flags += ["--budget", "none" if manifest.budget is None else str(manifest.budget)]
    return (*flags, *([] if manifest.seed == _USUAL["seed"] else ["--seed", str(manifest.seed)]))


def files(run: Run) -> tuple[str, ...]:
    """The files that lie beside the page."""
    others = tuple(name for name in RENDERED if name != "report.html")
    return (*others, *_ALWAYS, *(name for name in _MADE_AFTERWARDS if (run.path / name).is_file()))


def next_steps(run: Run, failures: int) -> tuple[Step, ...]:
    """What to do next with this run, leaving out what was done and what has nothing to work on."""
    there = {name for name in _MADE_AFTERWARDS if (run.path / name).is_file()}
    steps: list[Step] = []
    if not run.manifest.finished:
        steps.append(Step("Go on with this run where it stopped.", f"robustness resume {RUN}"))
    if failures:
        if MINIMISED not in there:
            steps.append(Step("Reduce each failure to the fewest edits that still flip it.", f"robustness minimise {RUN}"))
        if EXPLANATIONS not in there:
            steps.append(Step("See what each answer leaned on, and which remedies mend it.", f"robustness explain {RUN}"))
        if there & {MINIMISED, EXPLANATIONS}:
            steps.append(Step("Write this page again, with what was found since.", f"robustness report {RUN}"))
        steps.append(
            Step("Let people judge whether the attacked texts still mean the same.", f"robustness review {RUN} --sample 50")
        )
        steps.append(Step("Make training data of the failures.", f"robustness augment {RUN} --out hard.jsonl"))
        steps.append(Step("Ask a new version only the texts that broke this one.", f"robustness replay {RUN} --victim NEW"))
    steps.append(Step("Compare with the same audit of another version.", f"robustness compare {RUN} OTHER"))
    steps.append(Step("Judge this run by a threshold.", f"robustness gate {RUN} --min-robust-accuracy 50%"))
    return tuple(steps)
