"""What an attack may ask and be told: requests, the victim's answers, candidates and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar

from attacks.words import Edit, Words, diff

T = TypeVar("T")
Input = tuple[str, ...]
"""One text per field of an example, in field order: ``("premise", "hypothesis")`` or just ``("text",)``."""
Search = Generator["Request", Any, T]


@dataclass(frozen=True, slots=True)
class Query:
    """Ask the victim about inputs; answered by one ``Answer`` each, in order."""

    role: ClassVar[str] = "victim"
    inputs: tuple[Input, ...]

    def items(self) -> Sequence[Input]:
        """One for each input."""
        return self.inputs


@dataclass(frozen=True, slots=True)
class Embed:
    """Ask the sentence encoder; answered by an array (n, d) of unit vectors, float32."""

    role: ClassVar[str] = "encoder"
    texts: tuple[str, ...]

    def items(self) -> Sequence[str]:
        """One for each text."""
        return self.texts


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Ask a paraphraser or a back-translator; answered, for each text, by up to ``n`` whole-sentence rewrites."""

    role: ClassVar[str] = "rewriter"
    texts: tuple[str, ...]
    n: int = 5

    def items(self) -> Sequence[tuple[str, int]]:
        """(text, most rewrites) for each text."""
        return [(text, self.n) for text in self.texts]


@dataclass(frozen=True, slots=True)
class Parse:
    """Ask a parser of dependencies; answered, for each text, by its tree (``attacks.syntax.tree``), offsets in that text."""

    role: ClassVar[str] = "parser"
    texts: tuple[str, ...]

    def items(self) -> Sequence[str]:
        """One for each text."""
        return self.texts


@dataclass(frozen=True, slots=True)
class Fluency:
    """Ask a language model how natural texts read; answered by the mean natural logarithm of a token's probability of each."""

    role: ClassVar[str] = "fluency"
    texts: tuple[str, ...]

    def items(self) -> Sequence[str]:
        """One for each text."""
        return self.texts


@dataclass(frozen=True, slots=True)
class Fill:
    """Ask a masked language model; answered, for each (left, right) context, by its ``n`` likeliest (word, probability).

    ``standing``: for each context the word that the model reads between instead of a mask (Li et al. 2020), or "" for the
    mask; one that is not a single token of the model is masked all the same. Empty: all are masked.
    """

    role: ClassVar[str] = "masked-lm"
    contexts: tuple[tuple[str, str], ...]
    n: int = 50
    standing: tuple[str, ...] = ()

    def items(self) -> Sequence[tuple[str, str, str, int]]:
        """(left, right, word standing between or "", most words) for each context."""
        standing = self.standing or ("",) * len(self.contexts)
        return [(left, right, word, self.n) for (left, right), word in zip(self.contexts, standing, strict=True)]


@dataclass(frozen=True, slots=True)
class Scan:
    """Draw texts and read them back at a severity from 1 to 5; answered by what was read of each, empty where nothing was."""

    role: ClassVar[str] = "ocr"
    texts: tuple[str, ...]
    severity: int

    def items(self) -> Sequence[tuple[str, int]]:
        """(text, severity) for each text."""
        return [(text, self.severity) for text in self.texts]


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak texts and hear them at a severity from 1 to 5; answered by what was heard of each, empty where nothing was."""

    role: ClassVar[str] = "speech"
    texts: tuple[str, ...]
    severity: int

    def items(self) -> Sequence[tuple[str, int]]:
        """(text, severity) for each text."""
        return [(text, self.severity) for text in self.texts]


@dataclass(frozen=True, slots=True)
class Gradients:
    """Ask for loss gradients; answered, for each input, by an array (words,): the gradient's norm over each word of ``field``."""

    role: ClassVar[str] = "gradients"
    inputs: tuple[Input, ...]
    field: int
    label: int

    def items(self) -> Sequence[Gradients]:
        """The request for each input alone."""
        return [replace(self, inputs=(one,)) for one in self.inputs]


Span = tuple[int, int]
Ranked = list[list[tuple[str, float]]]
"""For each place asked about, words with a number, best first."""


@dataclass(frozen=True, slots=True)
class Flips:
    """Ask which replacements raise the loss of ``label`` most by first order (Ebrahimi et al. 2018, section 3).

    Answered, for each input and each of ``spans`` of ``field``, by up to ``n`` (word, gain), highest gain first. ``among``
    names the words to choose from at each span; empty: all single tokens of the victim that are words.
    """

    role: ClassVar[str] = "gradients"
    inputs: tuple[Input, ...]
    field: int
    label: int
    spans: tuple[Span, ...]
    among: tuple[tuple[str, ...], ...] = ()
    n: int = 50

    def items(self) -> Sequence[Flips]:
        """The request for each input alone."""
        return [replace(self, inputs=(one,)) for one in self.inputs]

    def __post_init__(self) -> None:
        if self.among and len(self.among) != len(self.spans):
            raise ValueError(f"words to choose from are given a span each: {len(self.spans)} spans came with {len(self.among)}")


@dataclass(frozen=True, slots=True)
class Confirm:
    """Ask the victim about one input ``times`` times afresh, bypassing every cache; answered by that many ``Answer`` objects.

    ``ask``: names these askings, and ``first`` numbers the first of them: the same name, number and input is the same asking, in
    whatever order trials come to theirs, and a record of what was answered brings back the same answer for it.
    """

    role: ClassVar[str] = "fresh"
    input: Input
    times: int
    ask: str = ""
    first: int = 1

    def items(self) -> Sequence[tuple[Input, str]]:
        """(input, name of the asking) for each."""
        return [(self.input, f"{self.ask}#{number}") for number in range(self.first, self.first + self.times)]


@dataclass(frozen=True, slots=True)
class Pool:
    """Hand in what a trial learned, and wait for every other trial of the same recipe to do so.

    Answered, once all trials of ``recipe`` that have not ended wait too, by (example id, report) of each trial that handed
    something in since the last time, in order of example ids: the same whatever the order in which they ran. ``last``: the
    trial ends and waits for nobody; it is answered by nothing.
    """

    role: ClassVar[str] = "pool"
    recipe: str
    example_id: str
    report: Any
    last: bool = False

    def items(self) -> Sequence[Pool]:
        """The request itself."""
        return [self]


class Request(Protocol):
    """What a search may yield. ``role`` names who answers: the victim (``victim``, ``fresh``, ``gradients``) or a helper."""

    role: ClassVar[str]

    def items(self) -> Sequence[Any]:
        """What the oracle of that role is asked about, one answer each."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a victim said of one input: the index of its label and, unless it gives labels only, a score per class.

    ``reading``: a digest of what the victim got to read (its token ids), where it tells; two inputs of one reading are one
    and the same to it.
    """

    label: int
    scores: tuple[float, ...] | None = None
    reading: bytes | None = None


class Answer(Protocol):
    """What a victim said of one input, whatever its task; attacks look at no more than ``reading``.

    ``reading``: a digest of what the victim got to read (its token ids), where it tells; two inputs of one reading are one
    and the same to it.
    """

    @property
    def reading(self) -> bytes | None:
        """The digest, or None where the victim does not tell."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """What a victim returned that is no answer: neither robustness nor a break, counted by its ``kind``.

    ``kind``: ``empty``, ``truncated`` (cut off by a limit of the victim's), ``filtered``, ``refused`` or ``unparsed``.
    ``message``: what came and what was expected.
    """

    kind: str
    message: str
    reading: bytes | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer is worth to a goal: ``score`` rises towards success, ``reached`` decides it.

    ``quality``: how good the answer is by its task's measure, 0 to 1; None for a task without one. ``kind``: what became of
    it in one word, where a goal tells more than two ends apart (``emitted``, ``quoted``, ``refused``). ``fair``: whether the
    text could have reached the goal at all; one that could not was no try. ``unusable``: the kind of what is no answer to this
    goal, though it may be one to another; it is then neither a try nor a break.
    """

    score: float
    reached: bool
    quality: float | None = None
    kind: str = ""
    fair: bool = True
    unusable: str = ""


Judge = Callable[[Answer, Input], Judgement]
"""A goal bound to one example: judges the answer to an input."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of the input that what is right speaks of: a gold entity, the answer inside a context. Offsets in code points."""

    field: int
    start: int
    end: int
    label: str = ""


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
    """A judged text: the victim's answer, how close to the goal, whether the goal is reached, how good the answer is.

    ``kind`` and ``fair``: those of its ``Judgement``.
    """

    text: str
    answer: Answer
    score: float
    reached: bool
    quality: float | None = None
    kind: str = ""
    fair: bool = True


class BudgetExhaustedError(Exception):
    """Raised inside a search when its query budget is spent; the engine turns it into the status ``exhausted``."""


class UnansweredError(Exception):
    """An oracle could not answer a request of this search (the victim raised, hung or gave a nonsensical answer).

    ``type``: the kind of error that is written down; ``kind``: of an answer that does not count (``Unusable.kind``).
    """

    def __init__(self, message: str = "", *, type: str = "UnansweredError", kind: str = "") -> None:
        super().__init__(message)
        self.type, self.kind = type, kind

    @classmethod
    def of(cls, answer: Unusable) -> UnansweredError:
        """An answer that does not count, where one that does is needed."""
        return cls(f"{answer.kind}: {answer.message}", kind=answer.kind)
