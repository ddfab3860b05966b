"""What is told of a run: parameters, tags, metrics with their intervals, files. Read from its folder alone."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from reports.files.secrets import redact_all
from reports.run.manifest import Manifest

FILES = ("report.html", "report.md", "summary.json", "run.json", "failures.jsonl", "failures.csv", "junit.xml", "findings.sarif")
"""What of a run's folder is sent along; not the outcomes, which may be large."""
OVERALL = ("clean_accuracy", "robust_accuracy", "accuracy_drop", "attack_success_rate")
OF_RECIPE = ("accuracy_under_attack", "attack_success_rate")
MEASURED = "measured"
"""In place of a verdict, where no threshold was set."""


@dataclass(frozen=True, slots=True)
class Record:
    """A run as a logger takes it. ``key``: the same for the same run folder, whenever and however often it is told of.

    ``params``, ``tags``: short texts. ``metrics``: by name; a share has ``.low`` and ``.high`` beside it. ``files``: that exist.
    ``verdict``: ``pass``, ``fail``, ``inconclusive`` or ``measured``; empty while the run is not finished.
    """

    key: str
    name: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    verdict: str = ""


def record_of(folder: Path) -> Record:
    """The record of a run; of one that is not finished, without metrics and files.

    Raises:
        RunError: the folder holds no run that can be read.
    """
    from reports.run.store import read_manifest

    manifest = read_manifest(folder)
    params, key = _params(manifest), run_key(manifest)
    tags = {"robustness.run": key, "robustness.comparability_id": manifest.comparability_id, "robustness.folder": folder.name}
    if not manifest.finished:
        return Record(key, folder.name, params, tags)
    summary = _summary(folder)
    verdict, why = _verdict(summary)
    tags |= {"robustness.verdict": verdict, "robustness.why": why}
    files = tuple(path for name in FILES if (path := folder / name).is_file())
    return Record(key, folder.name, params, redact_all(tags), dict(metrics_of(summary)), files, verdict)


def run_key(manifest: Manifest) -> str:
    """16 hexadecimal digits that a run keeps when it is resumed, moved or rendered again."""
    named = f"{manifest.created}\x1f{manifest.comparability_id}\x1f{manifest.seed}\x1f{manifest.victim.get('name')}"
    return sha256(named.encode()).hexdigest()[:16]


def _params(manifest: Manifest) -> dict[str, str]:
    """What ran, in short texts; identities are hashes and versions, and ``run.json`` holds no secret."""
    identity = manifest.victim.get("identity") or {}
    found: dict[str, Any] = {
        "victim": manifest.victim.get("name"),
        "victim.kind": manifest.victim.get("kind"),
        **{f"victim.{name}": value for name, value in identity.items()},
        "recipes": ",".join(manifest.recipe_names),
        "seed": manifest.seed,
        "budget": manifest.budget,
        "profile": manifest.profile,
        "task": manifest.task,
        "goal": manifest.goal,
        "data.source": manifest.data.get("source"),
        "data.digest": manifest.data.get("digest"),
        "examples": manifest.examples,
        "encoder": manifest.encoder,
        "robustness-suite": manifest.versions.get("robustness-suite"),
    }
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in redact_all(found).items()}


def _summary(folder: Path) -> dict[str, Any]:
    """``summary.json``, or the same made again where it is missing or of another version."""
    from reports.measures.summary import summarise
    from reports.run.manifest import SCHEMA
    from reports.run.store import load_run

    try:
        summary = json.loads((folder / "summary.json").read_text("utf-8"))
        if summary.get("schema") == SCHEMA and summary["run"]["finished"]:
            return dict(summary)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    from reports.gate.gate import evaluate
    from reports.gate.run_policy import own_policy

    run = load_run(folder)
    policy = own_policy(run.manifest)
    result = evaluate(run, policy)
    return summarise(run, result.demanding() if policy.wants_verdict else result)


def _verdict(summary: Mapping[str, Any]) -> tuple[str, str]:
    """The verdict and, in a line, the rules that decided it."""
    gate = summary.get("gate") or {}
    verdict = str(gate.get("verdict") or MEASURED)
    rules = [str(rule["message"]) for rule in gate.get("rules", ()) if rule["verdict"] == verdict != "pass"]
    return verdict, "; ".join(rules)[:2000]


def metrics_of(summary: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Metrics by name: shares with the bounds of their intervals, of the run, its recipes and its label slices."""
    overall = summary["overall"]
    for name in OVERALL:
        yield from _share(name, overall.get(name))
    for name in ("examples", "judged", "untested"):
        yield from _number(name, overall.get(name))
    yield from _number("failures", summary.get("failures"))
    for recipe in summary["recipes"]:
        for name in OF_RECIPE:
            yield from _share(f"{recipe['name']}/{name}", recipe.get(name))
        for name in ("queries_mean", "words_changed", "similarity"):
            yield from _number(f"{recipe['name']}/{name}", recipe.get(name))
        yield from _number(f"{recipe['name']}/errors", recipe.get("statuses", {}).get("error"))
    for part in summary["labels"]:
        yield from _share(f"{part['key']}/robust_accuracy", part.get("robust_accuracy"))
    for name, value in (summary.get("quality") or {}).items():
        yield from _share(f"quality/{name}", value)
    usage = summary["run"].get("usage") or {}
    yield from _number("wall_seconds", usage.get("wall_seconds"))
    yield from _number("forwards", (usage.get("victim") or {}).get("forwards"))
    yield from _number("cost", (summary["run"].get("bill") or {}).get("cost"))


def _share(name: str, found: Any) -> Iterator[tuple[str, float]]:
    """An estimate with its interval; nothing where nothing was judged."""
    if not isinstance(found, Mapping):
        yield from _number(name, found)
        return
    value = next((found[key] for key in ("rate", "mean", "value") if found.get(key) is not None), None)
    yield from _number(name, value)
    for bound in ("low", "high"):
        yield from _number(f"{name}.{bound}", found.get(bound) if value is not None else None)


def _number(name: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        yield name, float(value)
