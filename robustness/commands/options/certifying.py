"""Flags that say what is certified, and the method that they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from robustness.commands.options.groups import Flags
from robustness.errors import UsageError

if TYPE_CHECKING:
    from attacks.recipes import Options
    from robustness.certify.frame import Method
    from robustness.certify.sampled import Rule

DEFAULT_REWRITES = "natural@2,format,paraphrase"


@dataclass(frozen=True, slots=True)
class WhatFlags(Flags):
    """What is certified: a space, a distribution of rewrites, a smoothed victim, a guard behind erase-and-check."""

    PANEL = "Attack"

    space: Annotated[
        str | None,
        typer.Option(
            "--space", help="Ask every text of a space: char-1, char-1:swap+delete, word-1; char-2, word-2 for two edits."
        ),
    ] = None
    alphabet: Annotated[
        str | None, typer.Option("--alphabet", help="What --space char-… puts in, such as a-z0-9 (default a-z).")
    ] = None
    lexicon: Annotated[
        str | None, typer.Option("--lexicon", help="What replaces words: builtin, nltk, or a file of lines WORD<tab>SUBSTITUTES.")
    ] = None
    max_forwards: Annotated[
        int | None, typer.Option("--max-forwards", help="Refuse a space with more texts than this, before any is asked.", min=1)
    ] = None
    all_texts: Annotated[
        bool, typer.Option("--all-texts", help="Go on after an example's first counterexample, to count them all.")
    ] = False
    rewrites: Annotated[
        str | None,
        typer.Option(
            "--rewrites",
            metavar="KIND[@SEVERITY][:WEIGHT],…",
            help=f"Sample a distribution: natural, a technique of noise, format, paraphrase (default {DEFAULT_REWRITES}).",
        ),
    ] = None
    tau: Annotated[
        str | None, typer.Option("--tau", help="Share of rewrites on which an example may fail and still hold (default 5%).")
    ] = None
    method: Annotated[
        str | None,
        typer.Option("--method", help="exact: all samples are asked. anytime: until a bound that may be watched decides."),
    ] = None
    smooth: Annotated[
        str | None, typer.Option("--smooth", help="Certify the smoothed victim: words masked (mask), dropped (delete), synonyms.")
    ] = None
    keep: Annotated[
        float | None, typer.Option("--keep", help="Share of words that --smooth mask or delete leaves (default 0.3).")
    ] = None
    mask_word: Annotated[str | None, typer.Option("--mask-word", help="What --smooth mask writes (default [MASK]).")] = None
    radius: Annotated[
        int | None, typer.Option("--radius", help="Words that may change and --smooth still holds (default 1).", min=1)
    ] = None
    erase: Annotated[
        str | None, typer.Option("--erase", help="Certify a guard behind erase-and-check: suffix, or insertion anywhere.")
    ] = None
    words: Annotated[
        int | None, typer.Option("--words", help="Words that --erase erases at most, and so holds against (default 10).", min=1)
    ] = None
    harmless: Annotated[
        str | None, typer.Option("--harmless", help="Label of harmless texts for --erase (default: one of a usual name).")
    ] = None
    confidence: Annotated[float | None, typer.Option("--confidence", help="Of sampled bounds, one-sided (default 0.95).")] = None
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples", help="Texts of each example (default: the fewest that can show --tau; 200 for --smooth).", min=1
        ),
    ] = None

    def check(self) -> None:
        """Raise ``UsageError`` for flags that do not go together or cannot be meant, before anything is loaded."""
        named = [name for name in ("space", "rewrites", "smooth", "erase") if getattr(self, name) is not None]
        if len(named) > 1:
            raise UsageError(f"--{named[0]} and --{named[1]} are two certificates; make one after the other")
        main = named[0] if named else "rewrites"
        for name, owners in _OF.items():
            value = getattr(self, name)
            if value not in (None, False) and main not in owners:
                flags = " or ".join(f"--{owner}" for owner in owners)
                raise UsageError(f"--{name.replace('_', '-')} goes with {flags}, and this is --{main}; leave it out")
        self._parsed(main)

    def _parsed(self, main: str) -> None:
        from robustness.certify.erasing import Erasing
        from robustness.certify.noise import NOISES
        from robustness.certify.spaces import parse_space

        if main == "space":
            space = parse_space(str(self.space), alphabet=self.alphabet, lexicon=self.lexicon)
            if space.edits > 1 and self.max_forwards is None:
                raise UsageError(
                    f"--space {space.name} grows with the square of a text's length: say how many texts may be asked in all, "
                    "--max-forwards N; one that is too small names the number that is needed"
                )
        elif main == "erase":
            Erasing(str(self.erase), self.words or 1, 0, "")
        elif main == "smooth":
            if self.smooth not in NOISES:
                raise UsageError(f"--smooth expects {', '.join(NOISES)}, got {self.smooth!r}")
            if self.lexicon is not None and self.smooth != "synonyms":
                raise UsageError(f"--lexicon is for --smooth synonyms, and this is --smooth {self.smooth}; leave it out")
            self.built((), None)
        else:
            from robustness.certify.distribution import parse_rewrites

            self._rule()
            parse_rewrites(self.rewrites or DEFAULT_REWRITES)

    def built(self, labels: Sequence[str], options: Options | None) -> Method:
        """The method; ``labels``: the victim's; ``options``: what decides which rewrites fit the data."""
        if self.space is not None:
            from robustness.certify.exhaustive import Exhaustive
            from robustness.certify.spaces import parse_space

            space = parse_space(self.space, alphabet=self.alphabet, lexicon=self.lexicon)
            return Exhaustive(space, self.all_texts, self.max_forwards)
        if self.smooth is not None:
            from robustness.certify.lexicons import load_declared
            from robustness.certify.noise import noise_of
            from robustness.certify.smoothing import SAMPLES, Smoothed

            lexicon = load_declared(self.lexicon) if self.smooth == "synonyms" else None
            noise = noise_of(self.smooth, self.keep, self.mask_word, lexicon)
            confidence = 0.95 if self.confidence is None else self.confidence
            return Smoothed(noise, self.radius or 1, self.samples or SAMPLES, confidence)
        if self.erase is not None:
            return self._erasing(labels)
        from robustness.certify.distribution import Rewrites, parse_rewrites
        from robustness.certify.sampled import Sampled

        spec = self.rewrites or DEFAULT_REWRITES
        assert options is not None
        return Sampled(Rewrites(parse_rewrites(spec), options), self._rule(), spec)

    def _rule(self) -> Rule:
        from robustness.certify.sampled import EXACT, Rule

        confidence = 0.95 if self.confidence is None else self.confidence
        return Rule(share_of(self.tau or "5%", "--tau"), confidence, self.method or EXACT, self.samples or 0)

    def _erasing(self, labels: Sequence[str]) -> Method:
        from reports.measures.tables.guard import harmless as usual
        from robustness.certify.erasing import WORDS, Erasing

        label = self.harmless or usual(labels)
        if label is None:
            raise UsageError(
                f"which of the labels {', '.join(labels) or '(none)'} is that of harmless texts? Name it: --harmless LABEL"
            )
        if label not in labels:
            raise UsageError(f"--harmless names the label {label!r}; the victim answers {', '.join(labels) or 'no labels'}")
        return Erasing(str(self.erase), self.words or WORDS, list(labels).index(label), label)


_OF = {
    **dict.fromkeys(("alphabet", "max_forwards", "all_texts"), ("space",)),
    "lexicon": ("space", "smooth"),
    **dict.fromkeys(("tau", "method"), ("rewrites",)),
    **dict.fromkeys(("keep", "mask_word", "radius"), ("smooth",)),
    **dict.fromkeys(("words", "harmless"), ("erase",)),
    **dict.fromkeys(("confidence", "samples"), ("rewrites", "smooth")),
}
"""Flags that belong to some certificates only."""


def share_of(text: str, flag: str) -> float:
    """A share above 0, as a flag gives it; raises ``UsageError``."""
    from reports.gate.policy import share

    try:
        value = share(text)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from error
    if not 0 < value <= 1:
        raise UsageError(f"{flag} expects a share above 0 and up to 100 %, got {text!r}: no victim could miss it")
    return value
