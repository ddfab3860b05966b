"""Bi-encoders as victims: query and passages become unit vectors, and passages are ranked by their cosine with the query.

Reimers and Gurevych 2019 (arXiv 1908.10084), Karpukhin et al. 2020 (arXiv 2004.04906).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.errors import UsageError
from robustness.helpers.encoder import DEFAULT, PoolingEncoder, load_encoder
from robustness.victims.base import VictimInfo
from robustness.victims.corpus import DEPTH, Corpus, query_field, read_corpus

BATCH = 32


class EmbedderVictim:
    """Ranks every passage by cosine; the passages' vectors are computed once, when it is loaded."""

    def __init__(self, info: VictimInfo, encoder: PoolingEncoder, corpus: Corpus) -> None:
        self._info, self._encoder, self.passages = info, encoder, corpus.passages
        self._ids = corpus.ids
        self._vectors = embedded(encoder, list(corpus.passages.values()))

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[list[tuple[str, float]]]:
        """(id, cosine) of the 100 nearest passages, best first; equal ones as in the file."""
        return [self._nearest(vector) for vector in self._encoder.encode([one[0] for one in inputs])]

    def _nearest(self, query: NDArray[np.float32]) -> list[tuple[str, float]]:
        scores = self._vectors @ query  # one query at a time: a product of matrices rounds by how many rows it has
        return [(self._ids[n], float(scores[n])) for n in np.argsort(-scores, kind="stable")[:DEPTH]]

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens of each query, special tokens included, after truncation."""
        return self._encoder.tokens.lengths(inputs)

    def truncated(self, inputs: Sequence[Input]) -> list[bool]:
        """Which queries are longer than the encoder reads."""
        return self._encoder.tokens.truncated(inputs)

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of each query's token ids; None for one with a lone surrogate."""
        return self._encoder.tokens.readings(inputs)

    def unknown_tokens(self, inputs: Sequence[Input]) -> list[tuple[int, int]]:
        """(unknown tokens, tokens without special ones) of each query."""
        return self._encoder.tokens.unknown(inputs)

    def close(self) -> None:
        """Nothing is held beyond memory."""


def embedded(encoder: PoolingEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors, (n, d), in batches of one padded length and of as many rows as the encoder wants at a time."""
    groups: dict[int, list[int]] = defaultdict(list)
    for n, length in enumerate(encoder.lengths(texts)):
        groups[-(-length // encoder.length_quantum)].append(n)
    found: dict[int, NDArray[np.float32]] = {}
    for group in groups.values():
        for start in range(0, len(group), BATCH):
            rows = group[start : start + BATCH]
            filled = rows + rows[:1] * (-len(rows) % (encoder.row_quantum or 1))
            found.update(zip(rows, encoder.encode([texts[n] for n in filled]), strict=False))
    return np.stack([found[n] for n in range(len(texts))])


def load_embedder(
    spec: str, *, fields: Sequence[str] | None = None, device: str | None = None, offline: bool = False
) -> EmbedderVictim:
    """The victim of ``MODEL#CORPUS``: ``minilm``, or a folder or hub name of a bi-encoder, and a file of passages.

    Raises:
        UsageError: no corpus is named, more than one field, no such folder, or a checkpoint that pools in an unknown way.
        DataError: the corpus cannot be read, or its ids or texts are not in order.
        VictimError: the checkpoint cannot be loaded.
        MissingExtraError: torch, transformers or MiniLM is not installed.
    """
    model, _, file = spec.partition("#")
    if not model or not file:
        raise UsageError(f"expected embedder:MODEL#CORPUS, such as embedder:minilm#passages.jsonl, got embedder:{spec}")
    names, corpus = query_field(fields), read_corpus(file, offline=offline)
    encoder = load_encoder(model if model == DEFAULT else f"hf:{model}", device=device, offline=offline)
    assert isinstance(encoder, PoolingEncoder)
    cut = sum(encoder.tokens.truncated([(text,) for text in corpus.passages.values()]))
    note = f"{cut} of {len(corpus.passages)} passages are longer than {encoder.tokens.limit} tokens and are cut off there"
    exact = encoder.row_quantum > 0
    info = VictimInfo(
        name=f"embedder:{spec}",
        kind="embedder",
        labels=(),
        fields=names,
        identity=tuple(sorted({**encoder.identity, "corpus": corpus.digest}.items())),
        row_quantum=encoder.row_quantum,
        length_quantum=encoder.length_quantum,
        mixed_lengths=encoder.mixed_lengths,
        padding_cost=encoder.padding_cost,
        max_tokens=encoder.tokens.limit,
        deterministic=exact,
        task="retrieval",
        notes=(note,) if cut else (),
    )
    return EmbedderVictim(info, encoder, corpus)
