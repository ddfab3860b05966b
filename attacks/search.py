"""The language that attacks speak: requests, verdicts, trials.

An attack is a generator. It yields requests (``Query``, ``Embed`` …) and is sent their answers; it holds no model.
``Trial`` keeps the account: what was asked, what it cost, who won. Success is read from the victim's own answer.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as _field
from random import Random
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from attacks.words import Edit, Words, diff

T = TypeVar("T")
Input = tuple[str, ...]
"""One text per field of an example, in field order: ``("premise", "hypothesis")`` or just ``("text",)``."""
Search = Generator["Request", Any, T]


@dataclass(frozen=True, slots=True)
class Query:
    """Ask the victim about inputs; answered by one ``Prediction`` each, in order."""

    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Embed:
    """Ask the sentence encoder; answered by an array (n, d) of unit vectors, float32."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Ask a paraphraser or a back-translator; answered, for each text, by up to ``n`` whole-sentence rewrites."""

    texts: tuple[str, ...]
    n: int = 5


@dataclass(frozen=True, slots=True)
class Fill:
    """Ask a masked language model; answered, for each (left, right) context, by its ``n`` likeliest (word, probability).

    ``standing``: for each context the word that the model reads between instead of a mask (Li et al. 2020), or "" for the
    mask; one that is no single token of the model is masked all the same. Empty: all are masked.
    """

    contexts: tuple[tuple[str, str], ...]
    n: int = 50
    standing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gradients:
    """Ask for loss gradients; answered, for each input, by an array (words,): the gradient's norm over each word of ``field``."""

    inputs: tuple[Input, ...]
    field: int
    label: int


Span = tuple[int, int]
Ranked = list[list[tuple[str, float]]]
"""For each place asked about, words with a number, best first."""


@dataclass(frozen=True, slots=True)
class Flips:
    """Ask which replacements raise the loss of ``label`` most by first order (Ebrahimi et al. 2018, section 3).

    Answered, for each input and each of ``spans`` of ``field``, by up to ``n`` (word, gain), highest gain first. ``among``
    names the words to choose from at each span; empty: all single tokens of the victim that are words.
    """

    inputs: tuple[Input, ...]
    field: int
    label: int
    spans: tuple[Span, ...]
    among: tuple[tuple[str, ...], ...] = ()
    n: int = 50

    def __post_init__(self) -> None:
        if self.among and len(self.among) != len(self.spans):
            raise ValueError(f"words to choose from are given a span each: {len(self.spans)} spans came with {len(self.among)}")


Request = Query | Embed | Rewrite | Fill | Gradients | Flips


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a victim said of one input: the index of its label and, unless it gives labels only, a score per class."""

    label: int
    scores: tuple[float, ...] | None = None


class Goal(Protocol):
    """What counts as broken. ``score`` rises towards success; ``reached`` decides it."""

    def score(self, prediction: Prediction, gold: int) -> float:
        """How close this prediction is to the goal, higher is closer."""

    def reached(self, prediction: Prediction, gold: int) -> bool:
        """Whether this prediction counts as broken."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An untried text for the attacked field. ``words`` is set when it was made by editing the original's words."""

    text: str
    technique: str = ""
    words: Words | None = None
    similarity: float | None = None
    severity: int | None = None

    def edits(self, original: str) -> tuple[Edit, ...]:
        """The differences from ``original`` as spans."""
        if self.words is not None and self.words.original == original:
            return self.words.edits()
        return diff(original, self.text, self.technique)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judged text: the victim's prediction, how close to the goal, and whether the goal is reached."""

    text: str
    prediction: Prediction
    score: float
    reached: bool


class BudgetExhaustedError(Exception):
    """Raised inside a search when its query budget is spent; the engine turns it into the status ``exhausted``."""


class UnansweredError(Exception):
    """An oracle could not answer a request of this search (the victim raised, hung or answered nonsense)."""


@dataclass(slots=True)
class Tally:
    """What happened to the candidates of one trial; read by the self-doubt checks."""

    proposed: int = 0
    rejected: int = 0
    no_ops: int = 0
    attempted: int = 0


class Trial:
    """One attack on one example: the clean prediction, the budget, the account of what was asked.

    ``probe`` learns and can never win; ``attempt`` can. Both cost queries: distinct texts asked, the clean one included.
    """

    def __init__(
        self,
        *,
        inputs: Input,
        field: int = 0,
        gold: int,
        goal: Goal,
        clean: Prediction,
        rng: Random,
        budget: int | None = None,
        example_id: str = "",
    ) -> None:
        self.inputs, self.field, self.gold, self.goal = inputs, field, gold, goal
        self.rng, self.budget, self.example_id = rng, budget, example_id
        self.clean = self._judge(self.text, clean)
        self.best: Verdict = self.clean
        self.winner: tuple[Candidate, Verdict] | None = None
        self.tally = Tally()
        self.ladder: dict[int, tuple[Candidate, Verdict]] = {}
        self._known: dict[str, Verdict] = {self.text: self.clean}
        self._best_candidate: Candidate | None = None

    @property
    def text(self) -> str:
        """The attacked field's original text."""
        return self.inputs[self.field]

    @property
    def queries(self) -> int:
        """Distinct texts asked so far, the clean one included."""
        return len(self._known)

    @property
    def won(self) -> bool:
        """Whether an attempt reached the goal."""
        return self.winner is not None

    @property
    def remaining(self) -> int | None:
        """Queries left, or None without a budget."""
        return None if self.budget is None else max(0, self.budget - self.queries)

    @property
    def closest(self) -> Candidate | None:
        """The attempted candidate with the highest goal score, if it beats the original."""
        return self._best_candidate

    def best_words(self, default: Words) -> Words:
        """The word view of the closest attempt so far, or ``default`` when none came closer than the original."""
        found = self._best_candidate
        return found.words if found is not None and found.words is not None else default

    def probe(self, texts: Iterable[str]) -> Search[list[Verdict]]:
        """Ask about texts to learn from them; they can never win. Raises ``BudgetExhaustedError``."""
        texts = list(texts)
        known, cut = yield from self._ask(texts)
        if cut:
            raise BudgetExhaustedError
        return [known[t] for t in texts]

    def attempt(self, candidates: Iterable[Candidate], *, prefer: str = "score") -> Search[list[Verdict]]:
        """Ask about candidates; if any reaches the goal the trial is won.

        ``prefer`` chooses among several winners: ``score`` (closest to the goal), ``similarity`` (to the original)
        or ``first``. Verdicts come back in candidate order; the ones past the budget are missing, and unless one
        of the others won, ``BudgetExhaustedError`` is raised. Candidates equal to the original are counted as no-ops
        and not asked, yet keep their place in the answer.
        """
        judged, cut = yield from self._judge_all(list(candidates))
        self._learn(judged, prefer)
        if cut and not self.won:
            raise BudgetExhaustedError
        return [v for _, v in judged]

    def step(self, candidate: Candidate, severity: int) -> Search[bool]:
        """Attempt one rung of a severity ladder; every rung is kept, the first that reaches the goal wins."""
        already = self.winner
        verdicts = yield from self.attempt([candidate], prefer="first")
        if verdicts:
            self.ladder[severity] = (candidate, verdicts[0])
        if already is not None:
            self.winner = already
        return bool(verdicts) and verdicts[0].reached

    def climb(self, rungs: Mapping[int, Candidate]) -> Search[None]:
        """Attempt a severity ladder in one request; every rung is kept, the lowest severity that reaches the goal wins.

        Severities without a candidate are simply absent. Rungs past the budget are missing, and unless one of the others
        won, ``BudgetExhaustedError`` is raised.
        """
        severities = sorted(rungs)
        judged, cut = yield from self._judge_all([rungs[s] for s in severities])
        known = self._known
        self.ladder.update((s, (rungs[s], known[rungs[s].text])) for s in severities if rungs[s].text in known)
        already = self.winner
        self._learn(judged, "first")
        self.winner = already or self.winner
        if cut and not self.won:
            raise BudgetExhaustedError

    def _judge_all(self, pool: Sequence[Candidate]) -> Search[tuple[list[tuple[Candidate, Verdict]], bool]]:
        self.tally.attempted += len(pool)
        texts = [c.text for c in pool]
        self.tally.no_ops += texts.count(self.text)
        known, cut = yield from self._ask(texts)
        return [(c, known[c.text]) for c in pool if c.text in known], cut

    def _learn(self, judged: Sequence[tuple[Candidate, Verdict]], prefer: str) -> None:
        original = self.text
        for candidate, verdict in judged:
            if verdict.score > self.best.score and candidate.text != original:
                self.best, self._best_candidate = verdict, candidate
        winners = [(c, v) for c, v in judged if v.reached and c.text != original]
        if not winners:
            return
        if prefer == "score":
            self.winner = max(winners, key=lambda cv: cv[1].score)
        elif prefer == "similarity":
            self.winner = max(winners, key=lambda cv: cv[0].similarity if cv[0].similarity is not None else -1.0)
        else:
            self.winner = winners[0]

    def _ask(self, texts: Sequence[str]) -> Search[tuple[dict[str, Verdict], bool]]:
        new = [t for t in dict.fromkeys(texts) if t not in self._known]
        remaining = self.remaining
        cut = remaining is not None and len(new) > remaining
        new = new[:remaining] if cut else new
        if new:
            answers = yield Query(tuple(self.with_text(t) for t in new))
            for text, prediction in zip(new, answers, strict=True):
                self._known[text] = self._judge(text, prediction)
        return self._known, cut

    def with_text(self, text: str) -> Input:
        """The whole input with the attacked field replaced."""
        return (*self.inputs[: self.field], text, *self.inputs[self.field + 1 :])

    def _judge(self, text: str, prediction: Prediction) -> Verdict:
        return Verdict(text, prediction, self.goal.score(prediction, self.gold), self.goal.reached(prediction, self.gold))


def embed(texts: Sequence[str]) -> Search[NDArray[np.float32]]:
    """Ask the sentence encoder for unit vectors, (n, d)."""
    answer: NDArray[np.float32] = yield Embed(tuple(texts))
    return answer


def rewrite(texts: Sequence[str], n: int = 5) -> Search[list[list[str]]]:
    """Ask the paraphraser for up to ``n`` rewrites of each text."""
    answer: list[list[str]] = yield Rewrite(tuple(texts), n)
    return answer


def gradients(trial: Trial) -> Search[list[float]]:
    """Ask the victim for the norm of its loss gradient over each word of the attacked text, as it came."""
    answer: list[NDArray[np.float64]] = yield Gradients((trial.inputs,), trial.field, trial.gold)
    return list(map(float, answer[0]))


def flips(trial: Trial, text: str, spans: Sequence[Span], among: Sequence[Sequence[str]] = (), n: int = 50) -> Search[Ranked]:
    """Ask the victim for the replacements at each span of ``text`` that raise its loss most: (word, gain) lists."""
    named = tuple(map(tuple, among))
    answer: list[Ranked] = yield Flips((trial.with_text(text),), trial.field, trial.gold, tuple(spans), named, n)
    return answer[0]


def fill(contexts: Sequence[tuple[str, str]], n: int = 50, standing: Sequence[str] = ()) -> Search[Ranked]:
    """Ask the masked language model for the likeliest words of each blank: (word, probability) lists."""
    answer: Ranked = yield Fill(tuple(contexts), n, tuple(standing))
    return answer


class Attack(Protocol):
    """A search over perturbed texts; whether it won is read from the trial, never from the attack."""

    def search(self, trial: Trial) -> Search[None]:
        """Yield requests until the trial is won or nothing is left to try."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a recipe or transformation was published."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named attack with its citation, what it needs of the victim, and the parameters that a report prints.

    ``access`` is one of ``blind``, ``labels``, ``scores``, ``gradients``; ``needs`` names oracles beyond the victim
    (``encoder``, ``rewriter``, ``masked-lm``); ``level`` is ``character``, ``word``, ``sentence`` or ``mixed``. ``goal``
    is what counts as broken where the recipe does not share the run's goal. ``substitutes``: what stands in for parts that the
    published recipe names, a phrase each, for the reports. ``preserves``: what all of its changes leave as it was
    (``attacks.preserves``). ``left_out``: techniques that it does without, because they do not preserve what the data need.
    """

    name: str
    attack: Attack
    citation: Citation
    level: str
    access: str
    profile: str = "paper"
    needs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    parameters: tuple[tuple[str, str], ...] = _field(default=())
    note: str = ""
    goal: Goal | None = None
    substitutes: tuple[str, ...] = ()
    preserves: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
