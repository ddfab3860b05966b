"""Spaces too many, too few, or of another kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from attacks.search import Candidate, Citation
from attacks.transformations.base import Replacement, share_of, shuffled, spliced

_GAP = re.compile(r"(?<=\S)\s+(?=\S)")
KINDS = ("double", "missing", "tab", "newline")


class WhitespaceNoise:
    """The space between two words is doubled, lost, or becomes a tab or a line break.

    Args:
        kinds: which of ``double``, ``missing``, ``tab`` and ``newline`` may happen.
    """

    name = "whitespace-noise"
    level = "character"
    languages = ("*",)
    description = "Spaces between words are doubled, lost, or become tabs or line breaks."
    citation = Citation(
        "Dhole et al. 2021, NL-Augmenter: A Framework for Task-Sensitive Natural Language Augmentation",
        "https://arxiv.org/abs/2112.02721",
    )

    def __init__(self, kinds: Sequence[str] = ("double", "missing", "tab")) -> None:
        if not kinds or any(kind not in KINDS for kind in kinds):
            raise ValueError(f"kinds must be some of {', '.join(KINDS)}, got {kinds!r}")
        self.kinds = tuple(dict.fromkeys(kinds))

    def sample(self, text: str, severity: int, rng: Random) -> Candidate | None:
        """Change a share of the gaps between words."""
        gaps = [match.span() for match in _GAP.finditer(text)]
        chosen = shuffled(len(gaps), rng)[: share_of(len(gaps), severity)]
        changes = [self._changed(text, *gaps[which], rng) for which in chosen]
        return Candidate(spliced(text, sorted(changes)), self.name, severity=severity) if changes else None

    def _changed(self, text: str, start: int, end: int, rng: Random) -> Replacement:
        gap = text[start:end]
        new = {"double": gap + gap[-1], "missing": "", "tab": "\t", "newline": "\n"}[rng.choice(self.kinds)]
        return start, end, new if new != gap else gap + gap[-1]
