"""BM25 over a file of passages as a victim (Robertson and Zaragoza 2009, Lucene's variant), by the package ``bm25s``."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import numpy as np

from attacks.search import Input
from robustness.victims.base import PlainVictim, VictimInfo
from robustness.victims.corpus import DEPTH, Corpus, query_field, read_corpus
from robustness.victims.extras import require


class BM25Victim(PlainVictim):
    """Ranks passages by the words that they share with the query; one that shares none is no hit."""

    def __init__(self, info: VictimInfo, corpus: Corpus) -> None:
        self._info, self.passages = info, corpus.passages
        self._ids = corpus.ids
        self._bm25s: Any = require("bm25s", "retrieval")
        words = self._words(list(corpus.passages.values()))
        self._known = {word for passage in words for word in passage}
        self._index = self._bm25s.BM25(method="lucene")
        self._index.index(words, show_progress=False)

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[list[tuple[str, float]]]:
        """(id, score) of the passages that share a word with each query, best first, 100 at most; equal ones as in the file."""
        return [self._ranked([word for word in words if word in self._known]) for words in self._queries(inputs)]

    def _ranked(self, words: list[str]) -> list[tuple[str, float]]:
        if not words:
            return []
        scores = self._index.get_scores(words)
        order = np.argsort(-scores, kind="stable")[:DEPTH]
        return [(self._ids[n], float(scores[n])) for n in order if scores[n] > 0]

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of each query's words: case and punctuation are nothing to it."""
        return [blake2b("\n".join(words).encode(), digest_size=16).digest() for words in self._queries(inputs)]

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Words of each query."""
        return [max(1, len(words)) for words in self._queries(inputs)]

    def unknown_tokens(self, inputs: Sequence[Input]) -> list[tuple[int, int]]:
        """(words that no passage holds, all words) of each query."""
        return [(sum(word not in self._known for word in words), len(words)) for words in self._queries(inputs)]

    def _queries(self, inputs: Sequence[Input]) -> list[list[str]]:
        return self._words([one[0] for one in inputs])

    def _words(self, texts: list[str]) -> list[list[str]]:
        """Lower-case words of two letters or more. None is left out as too common: which are depends on the language."""
        found: list[list[str]] = self._bm25s.tokenize(texts, stopwords=[], return_ids=False, show_progress=False)
        return found


def load_bm25(corpus: str, *, fields: Sequence[str] | None = None, offline: bool = False) -> BM25Victim:
    """Index the passages of a file.

    Raises:
        MissingExtraError: bm25s is not installed.
        DataError: the corpus cannot be read, or its ids or texts are not in order.
        UsageError: more than one field.
    """
    require("bm25s", "retrieval")
    names, found = query_field(fields), read_corpus(corpus, offline=offline)
    info = VictimInfo(
        name=f"bm25:{corpus}",
        kind="bm25",
        labels=(),
        fields=names,
        identity=(("bm25s", version("bm25s")), ("corpus", found.digest)),
        deterministic=True,
        task="retrieval",
    )
    return BM25Victim(info, found)
