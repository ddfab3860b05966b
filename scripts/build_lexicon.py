"""Build ``attacks/data/lexicon.tsv.gz`` from a WordNet 3.0 ``dict`` folder.

::

    python scripts/build_lexicon.py /usr/share/wordnet            # Debian: apt install wordnet-base
    python scripts/build_lexicon.py /usr/share/wordnet --check    # exit 1 unless the shipped file would come out the same

Kept: single words (inner hyphens and apostrophes included) in lower case, with every sense, the best attested in WordNet's
concordances first, as the published attacks draw on it. Antonyms are those of the senses attested and of the first two: of any
member of the synset and, for adjectives, the cluster around the antonym of the head word.
The bytes depend on nothing but the folder. WordNet's licence lies beside the file.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "attacks" / "data" / "lexicon.tsv.gz"
FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
PLAIN = re.compile(r"[a-z]{2,}(?:['\-][a-z]+)*")
FIRST_SENSES = 2
HEADER = "#\tsynonyms by part of speech\tantonyms\tclusters of antonyms; from WordNet 3.0, see WORDNET-LICENSE"
Key = tuple[str, int]


@dataclass
class Synset:
    """One synset: its words in WordNet's order, the synsets that are antonyms of a member, the synsets it is similar to."""

    words: list[str]
    opposite: list[Key] = field(default_factory=list)
    similar: list[Key] = field(default_factory=list)


@dataclass
class WordNet:
    """The tables that matter here: synsets, the senses of each word in order, how often each sense is attested."""

    synsets: dict[Key, Synset] = field(default_factory=dict)
    senses: dict[tuple[str, str], list[Key]] = field(default_factory=dict)
    counts: dict[tuple[str, str, int], int] = field(default_factory=dict)


def read(folder: Path) -> WordNet:
    """Read a ``dict`` folder whole."""
    net = WordNet()
    for pos, name in FILES.items():
        for line in _lines(folder / f"data.{name}"):
            _read_synset(net, pos, line)
        for line in _lines(folder / f"index.{name}"):
            parts = line.split()
            net.senses[parts[0], pos] = [(pos, int(offset)) for offset in parts[-int(parts[2]) :]]
    for line in (folder / "cntlist.rev").read_text("utf-8").splitlines():
        key, sense, count = line.split()
        lemma, rest = key.split("%")
        net.counts[lemma, " nvara"[int(rest[0])], int(sense) - 1] = int(count)
    return net


def _lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text("utf-8").splitlines() if not line.startswith("  "))


def _read_synset(net: WordNet, pos: str, line: str) -> None:
    """``offset file type n_words (word lex_id)... n_pointers (symbol offset pos source/target)... | gloss``, see wndb(5)."""
    parts = line.split(" | ")[0].split()
    at = 4 + 2 * int(parts[3], 16)
    synset = Synset([re.sub(r"\(\w+\)$", "", word) for word in parts[4:at:2]])
    for start in range(at + 1, at + 1 + 4 * int(parts[at]), 4):
        symbol, offset, target = parts[start : start + 3]
        if symbol == "!":
            synset.opposite.append((target, int(offset)))
        elif symbol == "&":
            synset.similar.append((target, int(offset)))
    net.synsets[pos, int(parts[0])] = synset


class Builder:
    """Chooses what is worth shipping of a WordNet and writes it a line a word."""

    def __init__(self, net: WordNet) -> None:
        self.net = net
        self.clusters: dict[Key, int] = {}

    def _senses(self, word: str) -> list[tuple[int, int, str, Key]]:
        """(minus the times attested, number, part of speech, synset) of every sense, the most frequent first."""
        return sorted(
            (-self.net.counts.get((word, pos, sense), 0), sense, pos, key)
            for pos in FILES
            for sense, key in enumerate(self.net.senses.get((word, pos), ()))
        )

    def _frequent(self, word: str) -> list[tuple[str, Key]]:
        """The senses that are attested, and the first two of each part of speech."""
        return [(pos, key) for count, sense, pos, key in self._senses(word) if count or sense < FIRST_SENSES]

    def _members(self, word: str, pos: str, key: Key) -> list[str]:
        """The other members of a synset, those for which it is best attested first."""
        ranked = []
        for order, raw in enumerate(self.net.synsets[key].words):
            senses = self.net.senses.get((raw, pos), [])
            if raw != word and PLAIN.fullmatch(raw) and key in senses:
                ranked.append((-self.net.counts.get((raw, pos, senses.index(key)), 0), order, raw))
        return [raw for _, _, raw in sorted(ranked)]

    def groups(self, word: str) -> list[tuple[str, list[str]]]:
        """(part of speech, synonyms) by sense, the most frequent first; neighbours of one part of speech are joined."""
        groups: list[tuple[str, list[str]]] = []
        seen: set[tuple[str, str]] = set()
        for _, _, pos, key in self._senses(word):
            new = [m for m in self._members(word, pos, key) if (pos, m) not in seen]
            seen.update((pos, m) for m in new)
            if new and groups and groups[-1][0] == pos:
                groups[-1][1].extend(new)
            elif new:
                groups.append((pos, new))
        return groups

    def antonyms(self, word: str) -> list[str]:
        """Members of the synsets opposed to any frequent sense."""
        keys = [o for _, key in self._frequent(word) for o in self.net.synsets[key].opposite]
        return list(dict.fromkeys(w for key in keys for w in self.net.synsets[key].words if PLAIN.fullmatch(w)))

    def opposed_clusters(self, word: str) -> list[int]:
        """Numbers of the adjective clusters opposed to any frequent sense, through the sense's head word."""
        heads: dict[Key, None] = {}
        for pos, key in self._frequent(word):
            if pos == "a":
                around = [key, *self.net.synsets[key].similar]
                heads |= dict.fromkeys(o for k in around for o in self.net.synsets[k].opposite if o[0] == "a")
        return [self.clusters.setdefault(head, len(self.clusters)) for head in heads if self._cluster(head)]

    def _cluster(self, head: Key) -> list[str]:
        keys = [head, *self.net.synsets[head].similar]
        return list(dict.fromkeys(w for k in keys for w in self.net.synsets[k].words if PLAIN.fullmatch(w)))

    def lines(self) -> Iterator[str]:
        """The file's lines: a header, the words, the clusters."""
        yield HEADER
        for word in sorted({word for word, _ in self.net.senses if PLAIN.fullmatch(word)}):
            groups = ",".join(f"{pos} {' '.join(members)}" for pos, members in self.groups(word))
            antonyms, clusters = self.antonyms(word), self.opposed_clusters(word)
            if groups or antonyms or clusters:
                yield f"{word}\t{groups}\t{' '.join(antonyms)}\t{' '.join(map(str, clusters))}"
        for head, number in self.clusters.items():
            yield f"@{number}\t{' '.join(self._cluster(head))}"


def pack(lines: Iterable[str]) -> bytes:
    """The lines as a gzip file without name or time."""
    return gzip.compress("\n".join(lines).encode(), compresslevel=9, mtime=0)


def build(folder: Path) -> bytes:
    """The lexicon file of a WordNet ``dict`` folder."""
    missing = [name for name in ("data.noun", "index.noun", "cntlist.rev") if not (folder / name).is_file()]
    if missing:
        raise SystemExit(f"{folder} is not a WordNet dict folder: it lacks {', '.join(missing)}")
    return pack(Builder(read(folder)).lines())


def main() -> int:
    """Build, or check that the shipped file is what this script builds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="WordNet 3.0 dict folder, e.g. /usr/share/wordnet")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--check", action="store_true", help="compare with the file at --out and write nothing")
    args = parser.parse_args()
    data = build(args.folder)
    if args.check:
        same = args.out.is_file() and gzip.decompress(args.out.read_bytes()) == gzip.decompress(data)
        print(f"{args.out.name}: {'as built' if same else 'differs from what this script builds'}")
        return 0 if same else 1
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(data)
    words = sum(not line.startswith(("#", "@")) for line in gzip.decompress(data).decode().splitlines())
    print(f"{args.out}: {words} words, {len(data) / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
