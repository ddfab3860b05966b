"""Techniques of TextAttack's with their resources handed in, and stand-ins for the parts that the user left out."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from attacks.language.resources import Neighbours
from attacks.textattack_bridge.loading import load
from attacks.textattack_bridge.rewire import rewired


@cache
def vectors_class() -> Any:
    """Word vectors of the user's choice as TextAttack's searches ask for them; a word is its own index."""
    base = load().shared.AbstractWordEmbedding

    class ChosenVectors(base):  # type: ignore[misc,valid-type]
        def __init__(self, neighbours: Neighbours) -> None:
            self.neighbours = neighbours
            self._rows: dict[str, int] = {w: i for i, w in enumerate(getattr(neighbours, "words", ()))}

        def __repr__(self) -> str:
            return self.neighbours.name

        __str__ = __repr__

        def __getitem__(self, index: str) -> Any:
            row = self._rows.get(index)
            return None if row is None else self.neighbours.vectors[row]  # type: ignore[attr-defined]

        def word2index(self, word: str) -> str:
            if word not in self._rows and not self.neighbours.nearest(word, 1):
                raise KeyError(word)
            return word

        def index2word(self, index: str) -> str:
            return index

        def nearest_neighbours(self, index: str, topn: int) -> list[str]:
            return [word for word, _ in self.neighbours.nearest(index, topn)]

        def get_cos_sim(self, a: str, b: str) -> float:
            return _cosine(self[a], self[b]) if self._rows else self._listed(a, b)

        def get_mse_dist(self, a: str, b: str) -> float:
            return 2.0 - 2.0 * self.get_cos_sim(a, b)

        def _listed(self, a: str, b: str) -> float:
            """The cosine that the table gives for two words; words that it does not hold as neighbours count as opposite."""
            if a == b:
                return 1.0
            return max(
                [c for x, y in ((a, b), (b, a)) for word, c in self.neighbours.nearest(x, 1000) if word == y], default=-1.0
            )

    return ChosenVectors


def _cosine(a: Any, b: Any) -> float:
    import numpy as np

    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) or 1.0))


def downloaded_vectors(folder: Path) -> Any:
    """TextAttack's own counter-fitted vectors from its cache; its word list is read as plain values."""
    import numpy as np

    rows = plain_pickle(folder / "wordlist.pickle")
    words = {row: word for word, row in rows.items()}
    matrix, nearest = (np.load(folder / name, allow_pickle=False) for name in ("paragram.npy", "nn.npy"))
    return load().shared.WordEmbedding(matrix, rows, words, nearest)


class _Plain(pickle.Unpickler):
    """Reads dictionaries, lists, strings and numbers, and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        raise ValueError(f"it holds more than plain values ({module}.{name}), which could run code")


def plain_pickle(path: Path) -> Any:
    """The plain values in a pickle; raises ``ValueError`` if there is anything else in it."""
    try:
        with path.open("rb") as file:
            return _Plain(file).load()
    except (ValueError, pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


@cache
def wordnet_class() -> Any:
    """Synonyms of WordNet, without the download that TextAttack starts each time."""
    ta = load()
    base, plain = ta.transformations.WordSwapWordNet, ta.transformations.WordSwap

    class WordSwapWordNet(base):  # type: ignore[misc,valid-type]
        def __init__(self, language: str = "eng") -> None:
            plain.__init__(self)
            self.language = {"esp": "spa"}.get(language, language)

    return WordSwapWordNet


@cache
def homoglyph_class() -> Any:
    """Homoglyphs from a file that is named, as TextAttack's wheel lacks its own."""
    base = load().transformations.WordSwapHomoglyphSwap

    class WordSwapHomoglyphSwap(base):  # type: ignore[misc,valid-type]
        def __init__(self, table: Path, **kwargs: Any) -> None:
            rewired(base.__init__, open=lambda *_, **__: table.open(encoding="utf-8-sig"))(self, **kwargs)

    return WordSwapHomoglyphSwap


@cache
def masked_class(name: str) -> Any:
    """A masked-model technique that pads to the longest text of a batch instead of 512 tokens."""
    ta = load()
    base = getattr(ta.transformations, name)

    def _encode_text(self: Any, text: Any) -> Any:
        made = self._lm_tokenizer(text, max_length=self.max_length, truncation=True, padding=True, return_tensors="pt")
        return made.to(ta.shared.utils.device)

    return type(name, (base,), {"_encode_text": _encode_text})


@cache
def hownet_class() -> Any:
    """HowNet's synonyms, read as plain values."""
    base = load().transformations.WordSwapHowNet

    class WordSwapHowNet(base):  # type: ignore[misc,valid-type]
        def __init__(self, bank: Path, **kwargs: Any) -> None:
            names = {
                "utils": SimpleNamespace(download_from_s3=lambda _: str(bank)),
                "pickle": SimpleNamespace(load=lambda _: plain_pickle(bank)),
            }
            rewired(base.__init__, **names)(self, **kwargs)

    return WordSwapHowNet


class Positioned:
    """A text whose named entities are looked up where a word stands, not at its first occurrence."""

    def __init__(self, text: Any) -> None:
        self._text = text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._text, name)

    def ner_of_word_index(self, index: int, model_name: str = "ner") -> Any:
        """The entity tag of a word of the text."""
        self._text.ner_of_word_index(0, model_name)
        _, tags = load().shared.utils.zip_flair_result(self._text._ner_tags, "ner")
        return tags[index]


@cache
def entity_class(name: str) -> Any:
    """A technique that changes named entities, with their tags looked up by position."""
    base = getattr(load().transformations, name)

    def _get_transformations(self: Any, current_text: Any, indices_to_modify: Any) -> Any:
        return base._get_transformations(self, Positioned(current_text), indices_to_modify)

    return type(name, (base,), {"_get_transformations": _get_transformations})


@cache
def left_out_rule() -> Any:
    """A rule that everything obeys, in place of one that the user left out."""
    base = load().constraints.Constraint

    class LeftOut(base):  # type: ignore[misc,valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(True)

        def _check_constraint(self, transformed_text: Any, reference_text: Any) -> bool:
            return True

    return LeftOut


@cache
def left_out_technique() -> Any:
    """A technique that offers nothing, in place of one that the user left out."""
    base = load().transformations.WordSwap

    class LeftOut(base):  # type: ignore[misc,valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__()

        def _get_transformations(self, current_text: Any, indices_to_modify: Sequence[int]) -> list[Any]:
            return []

    return LeftOut
