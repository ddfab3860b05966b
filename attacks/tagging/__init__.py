"""Parts of speech for the rules that need them: spaCy where it is installed with an English pipeline, else a tagger of our own.

Both read the same tokens and answer in Penn tags. Which one decides is part of a recipe's parameters, and so of ``run.json`` and
of what two runs must share to be compared: a run made with one tagger is made again with it (``--tagger``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from attacks.tagging import builtin, installed
from attacks.tagging.tokens import Token, tokenised

__all__ = ["TAGGERS", "Token", "chosen", "tagged", "tagger", "tokenised"]

TAGGERS = ("auto", "builtin", "spacy")


class Tagger(Protocol):
    """Gives each token of a text its Penn tag, or "" where it cannot tell: a rule then leaves the text alone."""

    @property
    def name(self) -> str:
        """What decides, with its version."""

    def tag(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """A tag for each token, in order."""


@lru_cache(maxsize=4)
def tagger(which: str = "auto") -> Tagger:
    """The tagger of that name; raises ``ValueError`` for an unknown one, or for ``spacy`` where it is not installed."""
    if which not in TAGGERS:
        raise ValueError(f"tagger must be one of {', '.join(TAGGERS)}, got {which!r}")
    name = installed.pipeline_name() if which != "builtin" else None
    if name is not None:
        return installed.SpacyTagger(name)
    if which == "spacy":
        raise ValueError(installed.ADVICE)
    return builtin.BuiltinTagger()


def chosen(which: str = "auto") -> str:
    """The name of the tagger that will decide; loads nothing."""
    return tagger(which).name


@lru_cache(maxsize=4096)
def tagged(text: str, which: str = "auto") -> tuple[tuple[Token, ...], tuple[str, ...]]:
    """The tokens of a text and their tags; kept, for several rules ask about the same text."""
    tokens = tokenised(text)
    return tokens, tagger(which).tag(tuple(token.text for token in tokens))
