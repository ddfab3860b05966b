"""Words appended to a text and exchanged one at a time, by the loss gradient or at random, until the answer turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attacks.constraints.base import Constraint, admissible
from attacks.search import Candidate, Search, Trial, flips
from attacks.transformations.tables import table
from attacks.words import Words

GRADIENT, RANDOM = "gradient-suffix", "random-suffix"
START = "very"
"""The word that a suffix begins as, so many times."""


@dataclass(frozen=True, slots=True)
class GradientSuffix:
    """Greedy coordinate gradient (Zou et al. 2023, algorithm 1) over whole words: a suffix that its victim can be sent as text.

    Each step asks for the ``top`` words that raise the loss of the right answer most at each place of the suffix, by first order,
    exchanges one word at a random place by a random one of them, ``width`` times, asks about all of these and goes on from the
    best. A step that brings nothing nearer is repeated from where it stood, with other draws.
    """

    constraints: tuple[Constraint, ...] = ()
    length: int = 8
    top: int = 32
    width: int = 16
    steps: int = 20

    def __post_init__(self) -> None:
        if min(self.length, self.top, self.width, self.steps) < 1:
            raise ValueError(f"length, top, width and steps must be at least 1, got {self}")

    def search(self, trial: Trial) -> Search[None]:
        """Step by step."""
        now, reached = [START] * self.length, trial.clean.score
        for _ in range(self.steps):
            text = _with(trial.text, now)
            ranked = yield from flips(trial, text, _places(trial.text, now), n=self.top)
            choices = [[word for word, _ in best] for best in ranked]
            made = _exchanged(trial, now, choices, self.width)
            best = yield from _asked(trial, self.constraints, made, GRADIENT)
            if trial.won or best is None:
                return
            if best[0] > reached:
                reached, now = best


@dataclass(frozen=True, slots=True)
class RandomSuffix:
    """Random search (Andriushchenko et al. 2024, section 3) with scores alone: a few words drawn anew, kept if that comes nearer.

    The stretch of words that is drawn anew shrinks as the search goes on. ``width``: suffixes asked at once; the best counts.
    """

    constraints: tuple[Constraint, ...] = ()
    length: int = 8
    width: int = 8
    steps: int = 40

    def __post_init__(self) -> None:
        if min(self.length, self.width, self.steps) < 1:
            raise ValueError(f"length, width and steps must be at least 1, got {self}")

    def search(self, trial: Trial) -> Search[None]:
        """Step by step."""
        pool = vocabulary()
        now, reached = [START] * self.length, trial.clean.score
        for step in range(self.steps):
            span = max(1, round(self.length * (1 - step / self.steps) / 2))
            made = []
            for _ in range(self.width):
                at = trial.rng.randrange(self.length - span + 1)
                made.append([*now[:at], *(trial.rng.choice(pool) for _ in range(span)), *now[at + span :]])
            best = yield from _asked(trial, self.constraints, made, RANDOM)
            if trial.won or best is None:
                return
            if best[0] > reached:
                reached, now = best


def vocabulary() -> tuple[str, ...]:
    """Words to draw from, of the shipped tables: every one an everyday English word."""
    return tuple(sorted({word for word in table("homophones") if word.isalpha()}))


def _with(text: str, suffix: Sequence[str]) -> str:
    return f"{text} {' '.join(suffix)}" if text else " ".join(suffix)


def _places(text: str, suffix: Sequence[str]) -> list[tuple[int, int]]:
    """Where each word of the suffix stands."""
    at, found = len(text) + bool(text), []
    for word in suffix:
        found.append((at, at + len(word)))
        at += len(word) + 1
    return found


def _exchanged(trial: Trial, now: Sequence[str], choices: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """``width`` suffixes with one word exchanged; fewer where the victim names fewer words."""
    open_places = [at for at, words in enumerate(choices) if words]
    made = []
    for _ in range(width if open_places else 0):
        at = trial.rng.choice(open_places)
        made.append([*now[:at], trial.rng.choice(choices[at]), *now[at + 1 :]])
    return made


def _asked(
    trial: Trial, constraints: tuple[Constraint, ...], suffixes: Sequence[list[str]], technique: str
) -> Search[tuple[float, list[str]] | None]:
    """The best of these suffixes with its score; None where none could be asked about."""
    by_text = {_with(trial.text, suffix): suffix for suffix in suffixes}
    kept = yield from admissible(constraints, trial, Words(trial.text), [Candidate(text, technique) for text in by_text])
    verdicts = yield from trial.attempt(kept)
    scored = [(verdict.score, by_text[one.text]) for one, verdict in zip(kept, verdicts, strict=False)]
    return max(scored, key=lambda pair: pair[0], default=None)
