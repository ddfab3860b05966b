"""A scikit-learn pipeline as a victim: TF-IDF and logistic regression on the demo's fitting rows.

Run it to write the held-out rows as CSV, then audit the pipeline on them:

    python sklearn_victim.py > held-out.csv
    robustness audit --victim python:sklearn_victim.py:load --data held-out.csv --limit 300
"""

from __future__ import annotations

import csv
import sys
from typing import Any

from robustness.demo import demo_examples, fitting_rows


def load() -> Any:
    """The fitted pipeline; its ``classes_`` are the label names."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rows = fitting_rows()
    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2), LogisticRegression(C=4.0, max_iter=300))
    return pipeline.fit([text for _, text, _ in rows], [label for _, _, label in rows])


if __name__ == "__main__":
    csv.writer(sys.stdout).writerows([("id", "text", "label"), *demo_examples()])
