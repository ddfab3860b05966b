"""What has to be true of every run on a real model, whatever its figures are."""

from __future__ import annotations

import json
import math
from typing import Any

from reports.measures.answers.answer_kinds import answer_kinds
from reports.run import Run
from reports.run.outcome import STATUSES


def summary(run: Run) -> dict[str, Any]:
    """What the run says of itself, as its file holds it."""
    found: dict[str, Any] = json.loads((run.path / "summary.json").read_text("utf-8"))
    return found


def flags(run: Run) -> dict[str, dict[str, Any]]:
    """The doubts that the run raises, by code."""
    return {flag["code"]: flag for flag in json.loads((run.path / "run.json").read_text("utf-8"))["flags"]}


def check_honest(run: Run) -> None:
    """Numbers are numbers; every example is in one kind; what was skipped was not attacked; what is broken was shown to be."""
    assert len(run.outcomes) > 0
    for o in run.outcomes:
        assert o.status in STATUSES
        assert o.status != "error", o.error
        scores = [*(o.clean.scores or ()), *(o.best.scores or ())] if o.clean and o.best else []
        assert all(math.isfinite(score) and 0 <= score <= 1 for score in scores)
        if o.no_answer:
            assert o.status == "skipped"
        if o.status == "skipped":
            assert (o.perturbed, o.attempted) == (None, 0)
        if o.status == "succeeded":
            assert o.clean is not None
            assert o.best is not None
            assert o.perturbed not in (None, o.texts[o.field])
    kinds = answer_kinds(run)
    for column in ("clean", "attacked"):
        assert math.isclose(sum(getattr(kind, column).rate or 0.0 for kind in kinds.kinds), 1.0, abs_tol=1e-9)
    assert kinds.examples == len({o.example_id for o in run.outcomes})
    spent = run.manifest.bill
    if "requests" in spent:
        assert 0 < spent["tokens_out"] <= spent["tokens_in"] + spent["tokens_out"]
        assert spent["requests"] > 0
