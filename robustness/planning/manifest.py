"""Describes a run before its first outcome: who the victim is, what data, which recipes, what must match to compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from robustness.planning.digests import model_pins, without_names, word_pins

if TYPE_CHECKING:
    from attacks.language.resources import Resources
    from attacks.search import Recipe
    from reports.run import Manifest
    from robustness.data import Dataset
    from robustness.engine.trial import Plan
    from robustness.victims.base import Victim, VictimInfo


def describe(
    victim: Victim,
    data: Dataset,
    plan: Plan,
    profile: str,
    *,
    helpers: Mapping[str, Any] | None = None,
    resources: Resources | None = None,
    until_decided: bool = False,
    wording: Mapping[str, str] | None = None,
) -> Manifest:
    """What ``run.json`` says before the first outcome. ``wording``: what decides which words attacks see, besides the text.

    ``helpers``: the models beside the victim, by role.
    """
    from datetime import UTC, datetime

    from reports.files.paths import shown
    from reports.run import Manifest
    from robustness.victims.transformers.fast import processor

    info, words, source = victim.info, word_pins(resources), shown(data.source)
    models = dict(helpers or {})
    encoder = models.get("encoder")
    always = {role: models[role].identity if role in models else None for role in ("encoder", "rewriter")}
    others = {role.replace("-", "_"): model.identity for role, model in models.items() if role not in always}
    recipes, search = tuple(recipe_record(r, learns=plan.adaptive) for r in plan.recipes), search_record(plan)
    comparability = {
        "data": data.digest,
        "labels": list(info.labels),
        "field": plan.fields[plan.field],
        "recipes": [{k: r[k] for k in ("name", "profile", "parameters", "limit") if k in r} for r in recipes],
        "profile": profile,
        "budget": plan.budget,
        "seed": plan.seed,
        "cascade": plan.cascade,
        **search,
        **always,
        **others,
        **({} if plan.task.classes else {"task": plan.task.name}),
        **(
            {} if plan.goal.name == plan.task.goal(plan.task.seeded("", plan.seed), plan.space).name else {"goal": plan.goal.name}
        ),
        **({"resources": without_names(words)} if words else {}),
        **({"until_decided": True} if until_decided else {}),
        **(wording or {}),
        **({"asked": dict(info.asked)} if info.asked else {}),
    }
    return Manifest(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
        seed=plan.seed,
        profile=profile,
        budget=plan.budget,
        cascade=plan.cascade,
        search=search,
        examples=len(data.examples),
        victim=victim_record(info),
        data={
            "source": source,
            "digest": data.digest,
            "examples": len(data.examples),
            "report": [message.replace(data.report.source or source, source) for message in data.report.messages()],
            **({"group": data.group} if data.group else {}),
            **({"columns": dict(data.columns)} if data.columns else {}),
            **({"spelled": dict(data.spelled)} if any(key != value for key, value in data.spelled.items()) else {}),
        },
        recipes=recipes,
        encoder=shown(encoder.name) if encoder else None,
        comparability=comparability,
        lexicons=lexicons(),
        resources=words | model_pins(models),
        sequential={"looks": 0} if until_decided else {},
        task=plan.task.name,
        goal=plan.goal.name,
        processor=processor.record(),
        measures=tuple({"name": m.name, "title": m.title, "pooled": m.pooled} for m in plan.task.measures),
    )


def victim_record(info: VictimInfo) -> dict[str, Any]:
    """A victim as it stands in ``run.json``."""
    from reports.files.paths import shown

    probe = {what: shown(seen) for what, seen in info.probe}
    return {
        "name": shown(info.name),
        "kind": info.kind,
        "labels": list(info.labels),
        "fields": list(info.fields),
        "access": info.access,
        "identity": {key: shown(value) for key, value in info.identity},
        "notes": list(info.notes),
        **({"probe": probe} if probe else {}),
        **({"supplied": [name for name, _ in info.supplied]} if info.supplied else {}),
    }


def search_record(plan: Plan) -> dict[str, Any]:
    """What the budget binds and whether the run learns, as ``run.json`` says it; empty where recipes are bound one by one."""
    found: dict[str, Any] = {"budget_of": "example"} if plan.cascade else {}
    if plan.recipe_budget is not None:
        found["recipe_budget"] = plan.recipe_budget
    if any(recipe.learns for recipe in plan.recipes):
        found["adaptive"] = plan.adaptive
    return found


def recipe_record(recipe: Recipe, *, learns: bool = False) -> Mapping[str, Any]:
    """A recipe as it stands in ``run.json``. ``learns``: whether those that can learn from the run."""
    return {
        "name": recipe.name,
        "citation": {"text": recipe.citation.text, "url": recipe.citation.url},
        "level": recipe.level,
        "access": recipe.access,
        "profile": recipe.profile,
        "needs": list(recipe.needs),
        "parameters": dict(recipe.parameters),
        "note": recipe.note,
        "fair_try": recipe.fair_try,
        "plans": recipe.plans or (recipe.learns and learns),
        "preserves": list(recipe.preserves),
        **({"goal": recipe.goal} if recipe.goal else {}),
        **({"moves_marks": True} if recipe.moves_marks else {}),
        **({} if recipe.limit is None else {"limit": recipe.limit}),
    }


def lexicons() -> dict[str, str]:
    """SHA-256 of each shipped table that attacks draw on, by file name."""
    from hashlib import sha256
    from importlib import resources

    tables = sorted(
        (path for path in resources.files("attacks").joinpath("data").iterdir() if path.is_file()), key=lambda p: p.name
    )
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in tables}


def versions() -> dict[str, str]:
    """Versions of the tool and of what decides its results."""
    import platform
    from importlib import metadata

    found = {"python": platform.python_version()}
    for package in (
        *("robustness-suite", "torch", "transformers", "numpy", "lemminflect", "rapidfuzz", "regex", "scipy", "pandas"),
        *("safetensors", "tokenizers", "pyarrow", "datasets", "icu4py"),
    ):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
