"""Benign traps: harmless texts that look like attacks, added to the examples of a guard to count its false alarms.

Each becomes an example with the label of harmless texts and the column ``trap``, which holds its kind. The shipped ones are our
own: plain prose and the same in base64, hexadecimal and rot13; code; other languages; texts about security that mention attacks;
commands to people; questions to an assistant; games; styled letters; log lines.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from reports.files.exact import canonical
from reports.measures.tables.guard import TRAP, harmless
from robustness.data.dataset import Dataset, Example
from robustness.errors import UsageError

BUILTIN = "builtin"
ENCODED: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
}


@cache
def builtin_traps() -> tuple[tuple[str, str], ...]:
    """(kind, text) of every shipped trap."""
    return tuple(_read())


def _read() -> Iterator[tuple[str, str]]:
    for line in files("robustness").joinpath("data", "traps.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, text = line.split("\t")
            yield kind, text.replace("\\n", "\n")
            if kind == "prose":
                yield from ((name, encode(text)) for name, encode in ENCODED.items())


def check_traps(spec: str) -> str:
    """The label that a spec names, empty where it names none; raises ``UsageError`` unless it is ``builtin[:LABEL]``."""
    word, colon, named = spec.partition(":")
    if word != BUILTIN or (colon and not named):
        raise UsageError(f"--traps expects builtin, or builtin:LABEL with the label of harmless texts, got {spec!r}")
    return named


def benign_label(spec: str, labels: Sequence[str]) -> int:
    """The index of the label of harmless texts: the one that ``builtin:LABEL`` names, else one of a usual name.

    Raises:
        UsageError: it is not ``builtin``, the victim has no such label, or none of a usual name.
    """
    named = check_traps(spec)
    if named:
        if named not in labels:
            raise UsageError(f"--traps names the label {named!r}; the victim answers {', '.join(labels) or 'no labels'}")
        return labels.index(named)
    found = harmless(labels)
    if found is None:
        raise UsageError(
            f"which of the labels {', '.join(labels) or '(none)'} is that of harmless texts? Name it: --traps builtin:LABEL"
        )
    return labels.index(found)


def with_traps(data: Dataset, spec: str) -> Dataset:
    """The examples, and after them every trap as one of the label of harmless texts; one that the data hold already is left out.

    Raises:
        UsageError: the label is not known, the data have a column ``trap``, or the victim reads more than one text.
    """
    label = benign_label(spec, data.labels)
    if len(data.fields) != 1:
        raise UsageError(f"--traps adds single texts, and the victim reads {', '.join(data.fields)}")
    if any(TRAP in example.meta for example in data.examples):
        raise UsageError(f"--traps writes the kind of each trap into the column {TRAP!r}, which the data have already; rename it")
    if data.group is not None:
        raise UsageError("--traps adds examples that are in no group; leave --group out")
    known = {example.inputs for example in data.examples}
    usual = tuple(replace(example, meta={**example.meta, TRAP: ""}) for example in data.examples)
    traps = tuple(
        Example(f"trap-{kind}-{_short(text)}", (text,), label, {TRAP: kind})
        for kind, text in builtin_traps()
        if (text,) not in known
    )
    digest = hashlib.sha256(canonical([data.digest, spec, [[one.id, one.inputs[0]] for one in traps]])).hexdigest()
    return replace(data, examples=(*usual, *traps), source=f"{data.source} and {len(traps)} benign traps", digest=digest)


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8"), digest_size=4).hexdigest()
