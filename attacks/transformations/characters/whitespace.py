"""Spaces too many, too few, or of another kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from attacks.preserves import FORM
from attacks.search import Candidate, Citation
from attacks.transformations.base import share_of, shuffled
from attacks.words import Words

_RUN = re.compile(r"\s+")
KINDS = ("double", "missing", "tab", "newline")


class WhitespaceNoise:
    """The space between two words is doubled, lost, or becomes a tab or a line break.

    Args:
        kinds: which of ``double``, ``missing``, ``tab`` and ``newline`` may happen.
    """

    name = "whitespace-noise"
    level = "character"
    languages = ("*",)
    preserves = FORM
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
        words = Words(text)
        gaps = [index for index in range(1, len(words)) if _RUN.search(words.gap(index))]
        chosen = shuffled(len(gaps), rng)[: share_of(len(gaps), severity)]
        if not chosen:
            return None
        new = words.replace_gaps({gaps[which]: self._changed(words.gap(gaps[which]), rng) for which in chosen}, self.name)
        return Candidate(str(new), self.name, new, severity=severity)

    def _changed(self, gap: str, rng: Random) -> str:
        match = _RUN.search(gap)
        assert match is not None  # only gaps with whitespace are chosen
        run = match.group()
        new = {"double": run + run[-1], "missing": "", "tab": "\t", "newline": "\n"}[rng.choice(self.kinds)]
        return gap[: match.start()] + (new if new != run else run + run[-1]) + gap[match.end() :]
