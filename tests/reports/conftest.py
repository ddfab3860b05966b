"""Synthetic runs: real run folders, written by the real writer, without a victim or an attack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from attacks.words import Words
from reports.run import EditRecord, Judged, Manifest, Outcome, Run, Rung
from reports.run.explanations import EXPLANATIONS, Cost, Explained, Head, line_of
from reports.run.minimised import MINIMAL, MINIMISED, Minimal, mechanism, write_minimised
from reports.run.store import RunWriter, load_run

LABELS = ("negative", "positive")


def manifest(recipes: Sequence[str] = ("deepwordbug",), **changes: Any) -> Manifest:
    """A manifest of a two-label sentiment victim."""
    values: dict[str, Any] = {
        "created": "2025-01-02T03:04:05+00:00",
        "versions": {"robustness-suite": "0.1.0", "python": "3.11.9"},
        "seed": 0,
        "profile": "strict",
        "budget": 500,
        "cascade": False,
        "examples": 0,
        "victim": {
            "name": "demo",
            "kind": "hf",
            "labels": list(LABELS),
            "fields": ["text"],
            "access": "scores",
            "identity": {"weights": "abc"},
        },
        "data": {"source": "reviews.csv", "digest": "d1", "examples": 0, "report": {}},
        "recipes": tuple(
            {
                "name": name,
                "citation": {"text": f"The {name} paper", "url": "https://example.org/paper"},
                "level": "character",
                "access": "scores",
                "profile": "strict",
                "parameters": {"max_words_changed": "0.3"},
            }
            for name in recipes
        ),
        "encoder": "minilm",
        "comparability": {"data": "d1", "recipes": list(recipes), "budget": 500},
    }
    return Manifest(**{**values, **changes})


def judged(right: str, answer: str, scores: tuple[float, float]) -> Judged:
    """An answer under the goal of any wrong label."""
    return Judged(answer, scores, score=round(1 - scores[LABELS.index(right)], 6) if right in LABELS else None)


def outcome(example_id: str = "e1", recipe: str = "deepwordbug", status: str = "succeeded", **changes: Any) -> Outcome:
    """An outcome whose parts agree with its status."""
    label = changes.pop("label", changes.get("reference", "positive"))
    wrong = next(name for name in LABELS if name != label)
    clean = judged(label, label, (0.1, 0.9) if label == "positive" else (0.9, 0.1))
    values: dict[str, Any] = {
        "reference": label,
        "stratum": label,
        "field": "text",
        "texts": {"text": "a good film"},
        "clean": clean,
    }
    values |= {"queries": 12, "forwards": 11, "words": 3, "proposed": 20, "rejected": 4, "attempted": 16}
    if status == "skipped":
        values |= {"clean": judged(label, wrong, (0.6, 0.4)), "queries": 1, "forwards": 1, "proposed": 0, "rejected": 0}
    elif status == "error":
        values |= {"clean": None, "error": {"type": "VictimError", "message": "the victim raised ValueError"}, "queries": 0}
    else:
        flipped = status == "succeeded"
        scores = (0.7, 0.3) if flipped == (label == "positive") else (0.3, 0.7)
        best = judged(label, wrong if flipped else label, scores)
        edit = EditRecord(2, 6, 2, 6, "good", "g0od", "Leetspeak")
        values |= {"best": best, "perturbed": "a g0od film", "edits": (edit,), "words_changed": 1}
        values |= {"similarity": 0.93}
    values |= {"example_id": example_id, "recipe": recipe, "status": status, **changes}
    values.setdefault("distinct", max(0, values["attempted"] - values.get("no_ops", 0)))
    return Outcome(**values)


def write_run(
    path: Path,
    outcomes: Iterable[Outcome],
    *,
    recipes: Sequence[str] | None = None,
    finished: bool = True,
    flags: Sequence[Mapping[str, Any]] = (),
    **changes: Any,
) -> Run:
    """Write a run folder with the real writer and load it. ``recipes`` and ``examples`` default to those of the outcomes."""
    held = tuple(outcomes)
    names = tuple(dict.fromkeys(o.recipe for o in held)) if recipes is None else tuple(recipes)
    changes.setdefault("examples", len({o.example_id for o in held}))
    with RunWriter.create(path, manifest(names or ("deepwordbug",), **changes)) as writer:
        writer.append_many(held)
        if finished:
            writer.finish(flags, {"seconds": 12.5, "forwards": sum(o.forwards for o in held), "cache_hits": 3})
    return load_run(path)


def counted(recipe: str = "deepwordbug", **counts: int) -> list[Outcome]:
    """So many outcomes of each status: ``counted(skipped=43, succeeded=128, failed=29)``."""
    statuses = [status for status, n in counts.items() for _ in range(n)]
    labels = ("positive", "negative")
    return [outcome(f"e{i:05d}", recipe, status, label=labels[i % 2]) for i, status in enumerate(statuses)]


HOSTILE = (
    "<script>window.owned=1</script><img src=x onerror=window.owned=1> & \"quotes\" 'too'",
    '=HYPERLINK("http://evil.example","click")',
    "+1+1|cmd",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "right\u202eto\u2066left\u2069 marks",
    "zero\u200bwidth\u2060 joins\ufeff and soft\u00adhyphens",
    "nul\x00bell\x07escape\x1b[31mred\x7f\x85",
    "lone \ud800 surrogate \udfff here",
    "]]> -->  `code` | pipe | [link](javascript:alert(1)) **bold** # head",
    "שלום עולם مرحبا 👩‍👩‍👧 🏳️‍🌈 e\u0301",
    "",
    "   ",
    "line\nbreaks\r\nand\ttabs",
)
"""Texts that must come out of every renderer dead and readable."""


def rich_outcomes() -> list[Outcome]:
    """Three recipes (one a severity ladder), all statuses, hostile texts, metadata: what a renderer must survive."""
    made: list[Outcome] = []
    sources, labels = ("imdb", "rotten", "=cmd|'/c calc'!A0"), ("positive", "negative")
    for i in range(60):
        text = HOSTILE[i % len(HOSTILE)] if i < 2 * len(HOSTILE) else f"a good film number {i}"
        shared: dict[str, Any] = {
            "label": labels[i % 2],
            "texts": {"text": text},
            "meta": {"source": sources[i % 3], "year": 2000 + i},
        }
        for recipe, period in (("deepwordbug", 3), ("textfooler", 4)):
            status = (
                "skipped"
                if i % 7 == 0
                else "error"
                if i % 29 == 5
                else ("succeeded", "failed", "exhausted", "failed")[i % period]
            )
            extra: dict[str, Any] = {}
            if status not in ("skipped", "error"):
                edit = EditRecord(len(text), len(text), len(text), len(text) + 2, "", "\u200b!", "ZeroWidth")
                extra = {"perturbed": text + "\u200b!", "edits": (edit,), "queries": 10 + 17 * i}
            made.append(outcome(f"e{i:03d}", recipe, status, **shared, **extra))
        made.append(_ladder(f"e{i:03d}", i, shared))
    return made


def _ladder(example_id: str, i: int, shared: Mapping[str, Any]) -> Outcome:
    label = str(shared["label"])
    wrong = next(name for name in LABELS if name != label)
    if i % 7 == 0:
        return outcome(example_id, "natural-typos", "skipped", **shared)
    falls_at = 1 + i % 7
    text = shared["texts"]["text"]
    rungs = tuple(Rung(s, wrong if s >= falls_at else label, s < falls_at, f"{text} {'~' * s}") for s in range(1, 6))
    broken = next((r for r in rungs if not r.held), None)
    shown = (broken or rungs[-1]).text
    edit = EditRecord(len(text), len(text), len(text), len(shown), "", shown[len(text) :], "KeyboardTypo")
    status = "succeeded" if broken else "failed"
    return outcome(example_id, "natural-typos", status, ladder=rungs, perturbed=shown, edits=(edit,), **shared)


@pytest.fixture
def make_manifest() -> Callable[..., Manifest]:
    """``make_manifest(recipes, **changes)``."""
    return manifest


@pytest.fixture
def make_outcome() -> Callable[..., Outcome]:
    """``make_outcome(example_id, recipe, status, **changes)``."""
    return outcome


@pytest.fixture
def make_counted() -> Callable[..., list[Outcome]]:
    """``make_counted(recipe, skipped=43, succeeded=128, failed=29)``."""
    return counted


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """``make_run(outcomes, recipes=…, finished=…, flags=…, **manifest changes)``: each call writes a folder of its own."""
    made: list[Path] = []

    def make(outcomes: Iterable[Outcome] = (), **options: Any) -> Run:
        made.append(tmp_path / f"run{len(made)}")
        return write_run(made[-1], outcomes, **options)

    return make


@pytest.fixture
def rich_run(make_run: Callable[..., Run]) -> Run:
    """A run with every kind of outcome, hostile texts and flags."""
    flags = (
        {"code": "truncation", "severity": "warning", "message": "3 inputs <b>were</b> cut off\u202e", "value": 3},
        {
            "code": "clean-accuracy-near-chance",
            "severity": "warning",
            "message": "clean accuracy 0.52 of 2 labels",
            "value": 0.52,
        },
    )
    return make_run(rich_outcomes(), flags=flags)


@pytest.fixture
def hostile_texts() -> tuple[str, ...]:
    """Texts that must come out of every renderer dead and readable."""
    return HOSTILE


@pytest.fixture
def minimise() -> Callable[..., None]:
    """``minimise(run, **changes)``: write ``minimised.jsonl`` into a run's folder, every failure minimal as it stands."""

    def write(run: Run, **changes: Any) -> None:
        found = [o for o in run.outcomes if o.status == "succeeded"]
        write_minimised(run.path / MINIMISED, [_minimal(o, **changes) for o in found])

    return write


@pytest.fixture
def explain() -> Callable[[Run], None]:
    """``explain(run)``: write ``explanations.jsonl`` into a run's folder, every failure explained, every remedy measured."""

    def write(run: Run) -> None:
        found = [o for o in run.outcomes if o.status == "succeeded"]
        head = Head("leave-one-out", {"name": "scripted"}, "", len(found), 40, ("strip-unseen", "lower-case"), 200, 1)
        costs = [Cost(name, f"what {name} does", 40, 4, lost, 0) for name, lost in (("strip-unseen", 0), ("lower-case", 40))]
        effects = {"strip-unseen": "mended", "lower-case": "mended"}
        cases = [
            Explained(
                *(o.example_id, o.recipe, "explained"),
                before=_weights(o.texts[o.field]),
                after=_weights(o.perturbed or ""),
                basis="scores",
                remedies=effects,
            )
            for o in found
        ]
        (run.path / EXPLANATIONS).write_text(
            "".join([line_of(head), *map(line_of, cases), *map(line_of, costs)]), encoding="ascii"
        )

    return write


def _weights(text: str) -> tuple[tuple[int, int, float | None], ...]:
    pattern = (0.9, -0.5, 0.15, 0.5, 0.3, None)
    return tuple((*span, pattern[n % len(pattern)]) for n, span in enumerate(Words(text).spans()))


def _minimal(outcome: Outcome, **changes: Any) -> Minimal:
    how = mechanism(outcome.texts[outcome.field], outcome.edits, ["ADJ"] * len(outcome.edits))
    values: dict[str, Any] = {"was": len(outcome.edits) + 2, "edits": outcome.edits, "perturbed": outcome.perturbed or ""}
    values |= {"state": MINIMAL, "answer": "negative", "exact": True, "queries": 3, "mechanism": how}
    return Minimal(outcome.example_id, outcome.recipe, outcome.reference, **{**values, **changes})
