"""A channel without programs, for tests of what stands behind one: it folds look-alikes, slurs and swallows."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from robustness.channels import Lost


@dataclass
class Folding:
    """A channel that does not need a program.

    What is invisible does not come out, Cyrillic о comes out as Latin o, ``great`` as ``grate``; nothing of capitals does.
    """

    name: str = "fold:1"
    identity: Mapping[str, str] = field(default_factory=lambda: {"channel": "fold"})
    carried: list[str] = field(default_factory=list)

    def at(self, severity: int) -> Folding:
        return self

    def carry(self, texts: Sequence[str]) -> list[str | Lost]:
        self.carried += texts
        seen = ("".join(c for c in text if unicodedata.category(c) != "Cf") for text in texts)
        folded = [text.replace("\u043e", "o").replace("great", "grate") for text in seen]
        return [Lost("nothing was read") if text.isupper() else text for text in folded]
