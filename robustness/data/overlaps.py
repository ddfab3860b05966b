"""Whether examples are the same to a reader, or belong together: by passages that they share, or by a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING
from unicodedata import normalize

import regex

from attacks.language.skeleton import skeleton
from attacks.search import Input
from robustness.planning.self_checks import CODES, Flag

if TYPE_CHECKING:
    from robustness.data import Dataset, Example

SAMPLE = 5_000
LONGEST = 400
SHINGLE = 5
"""Words in a row that two texts must have in common before it counts."""
MUCH_SHARED = 0.5
MANY_SHARING = 0.10
TELLING_NAMES = frozenset(
    f"{noun}{ending}"
    for noun in (
        *("document", "doc", "article", "book", "page", "source_doc", "user", "author", "speaker", "reviewer", "customer"),
        *("patient", "template", "conversation", "dialogue", "dialog", "thread", "session", "group", "cluster", "family"),
        *("movie", "film", "product", "item", "parent", "paragraph", "passage", "prompt"),
    )
    for ending in ("", "_id", "id", "_no", "_number", "_name")
)
_TOKENS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|\w+")


def key_of(inputs: Input) -> str:
    """What two texts have in common that differ in case, accents, lookalikes, punctuation and blanks alone."""
    return "\x1f".join(skeleton(text) or normalize("NFKC", text).strip() for text in inputs)


def clusters(data: Dataset) -> list[Flag]:
    """A warning where rows look as if they came in groups and the data were read without a group column."""
    if data.group is not None:
        return []
    column = _telling_column(data.examples)
    share = sharing(data.examples)
    if column is None and share < MANY_SHARING:
        return []
    why = []
    if share >= MANY_SHARING:
        why.append(f"{share:.0%} of the texts share half of their words or more with another, in the same order")
    if column is not None:
        values = len({str(example.meta[column]) for example in data.examples})
        why.append(f"the column {column!r} has {values} values on {len(data.examples)} examples")
    advice = f"--group {column}" if column is not None else "--group COLUMN"
    message = f"{CODES['clusters']}: {'; '.join(why)}. "
    message += f"Intervals treat each example as independent; if these are groups, say {advice}"
    return [Flag("clusters", "warning", message, share)]


def _telling_column(examples: Sequence[Example]) -> str | None:
    """A column with a name such as ``doc_id`` whose values repeat, on most rows, without being a handful of kinds."""
    for name in examples[0].meta if examples else ():
        if name.casefold().replace("-", "_").replace(" ", "_") not in TELLING_NAMES:
            continue
        sizes = Counter(str(example.meta.get(name)) for example in examples if example.meta.get(name) not in (None, ""))
        together = sum(size for size in sizes.values() if size > 1)
        if len(sizes) > 1 and together > len(examples) / 2:
            return name
    return None


def sharing(examples: Sequence[Example]) -> float:
    """The share of examples most of whose words stand, five in a row, in another example too, or all of them but one.

    Of a large set a sample is looked at, chosen by the ids and so whatever the order of rows; of a long text its beginning.
    """
    chosen = examples
    if len(examples) > SAMPLE:
        chosen = sorted(examples, key=lambda e: blake2b(e.id.encode("utf-8"), digest_size=8).digest())[:SAMPLE]
    texts = [_TOKENS.findall(" ".join(example.inputs).casefold())[:LONGEST] for example in chosen]
    owners: Counter[int] = Counter()
    for words in texts:
        owners.update(set(_parts(words)))
    return sum(_shares(words, owners) for words in texts) / len(texts) if texts else 0.0


def _parts(words: Sequence[str]) -> Iterator[int]:
    """Hashes of what two texts can have in common: each five words in a row, and the text without one of its words."""
    for start in range(len(words) - SHINGLE + 1):
        yield hash(tuple(words[start : start + SHINGLE]))
    yield from _without_one(words)


def _without_one(words: Sequence[str]) -> Iterator[int]:
    """Of texts of 3 to 30 words; longer ones that differ in one word share rows of five."""
    if 3 <= len(words) <= 30:
        for at in range(len(words)):
            yield hash((*words[:at], at, *words[at + 1 :]))


def _shares(words: Sequence[str], owners: Counter[int]) -> bool:
    if any(owners[part] > 1 for part in _without_one(words)):
        return True
    covered = bytearray(len(words))
    for start in range(len(words) - SHINGLE + 1):
        if owners[hash(tuple(words[start : start + SHINGLE]))] > 1:
            covered[start : start + SHINGLE] = b"\1" * SHINGLE
    return bool(words) and sum(covered) >= MUCH_SHARED * len(words)
