"""What a victim is: labels, an identity, and ``predict`` from a list of inputs to a list of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from attacks.search import Input

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


BATCH_TOKENS, BATCH_OVERHEAD = 2048, 64
"""On a processor: most tokens in one batch, and what a batch costs besides its tokens, in tokens (``docs/performance.md``)."""


@dataclass(frozen=True, slots=True)
class VictimInfo:
    """Who the victim is.

    ``labels``: names in class-index order. ``fields``: names of its text fields, one or two. ``access``: what it gives,
    ``scores`` or ``labels``. ``identity``: what pins it (hash of weights and config, URL and model name …), as sorted
    JSON-able pairs. ``row_quantum``: when not 0, the oracle forms batches of one length class each, padded by repetition to a
    multiple of this many rows, and the victim pads texts to a multiple of ``length_quantum`` tokens; that makes a row's scores
    independent of its neighbours to the last bit. ``mixed_lengths``: the least and the most padded length that may share a batch
    all the same; the victim pads to the least. ``padding_cost``: what a token of padding costs of a real one.
    ``batch_tokens``: most tokens in a batch, where the user does not say; ``batch_overhead``: what a batch costs besides them, in
    tokens. ``gradients``:
    whether it is a ``Differentiable`` too. ``dialogue``: whether it reads dialogues (``attacks.dialogue``) as turns.
    ``deterministic``: whether it states that one text always gets one answer; only then is a success believed without asking
    again. ``task``: what it is asked, a name of ``robustness.tasks.registry``;
    ``labels`` are empty where its answers are no labels. ``probe``: what was found out about it before it was asked anything, as
    (what, what was seen). ``asked``: how it is asked, where that decides which runs can be compared, as sorted pairs.
    ``supplied``: (field, text) of each field that the victim brings and the
    data do not, such as the instruction of a prompt; first in ``fields``. ``shown``: inputs that stand in its prompt as examples,
    none of which may be audited. ``prompted``: whether it is asked in words, so that the wording may favour a label.
    ``requests``: how many requests one query asks, more than one for a panel of examples.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    fields: tuple[str, ...] = ("text",)
    access: str = "scores"
    identity: tuple[tuple[str, str], ...] = ()
    row_quantum: int = 0
    length_quantum: int = 1
    mixed_lengths: tuple[int, int] = (0, 0)
    padding_cost: float = 1.0
    batch_tokens: int = BATCH_TOKENS
    batch_overhead: int = BATCH_OVERHEAD
    max_tokens: int | None = None
    gradients: bool = False
    dialogue: bool = False
    deterministic: bool = False
    task: str = "classification"
    notes: tuple[str, ...] = field(default=())
    probe: tuple[tuple[str, str], ...] = ()
    asked: tuple[tuple[str, str], ...] = ()
    supplied: tuple[tuple[str, str], ...] = ()
    shown: tuple[Input, ...] = ()
    prompted: bool = False
    requests: int = 1

    @property
    def data_fields(self) -> tuple[str, ...]:
        """The fields that the data fill."""
        return self.fields[len(self.supplied) :]


class Victim(Protocol):
    """The audited system. A victim gets a list and returns a list; batching, caching and checking live in the oracle."""

    @property
    def info(self) -> VictimInfo:
        """Who it is."""

    def predict(self, inputs: Sequence[Input]) -> Any:
        """Scores (array-like, n x classes) or, with ``access="labels"``, n label indexes or names. Raw: the oracle checks it."""

    def lengths(self, inputs: Sequence[Input]) -> Sequence[int]:
        """Length of each input in the victim's own tokens (words where it has none), used to sort and to cut batches."""

    def truncated(self, inputs: Sequence[Input]) -> Sequence[bool]:
        """Which of these inputs the victim would cut off."""

    def readings(self, inputs: Sequence[Input]) -> Sequence[bytes | None]:
        """A digest of exactly what the model gets of each input: two inputs of equal digests it cannot tell apart.

        None where the victim has no such view of its own, or cannot read the input.
        """

    def unknown_tokens(self, inputs: Sequence[Input]) -> Sequence[tuple[int, int]]:
        """(tokens that stand for anything unknown, all tokens but special ones) of each input; (0, 0) without a tokenizer."""

    def close(self) -> None:
        """Release what it holds."""


@runtime_checkable
class Streaming(Protocol):
    """A victim that is asked one input at a time, many at once: behind a network, or slow in a way that does not add up.

    Its ``predict`` starts all inputs and waits for them.
    """

    def start(self, inputs: Input, ask: str, done: Callable[[Any], None]) -> None:
        """Ask one input; returns at once, and may be called from any thread.

        ``ask`` names this asking: "" for the one answer that a search uses, anything else for an answer beside it; one input
        under one name has one answer, however often it is started. ``done`` is called once, from any thread, with a raw row of
        the task, an ``Unusable``, or the ``RobustnessError`` that stands in an answer's place.
        """


@dataclass(frozen=True, slots=True)
class TokenGradients:
    """One input under the loss of a label: each token's place and the loss gradient with regard to its embedding.

    ``places``: (field, start, end) in code points, None for special tokens; ``ids``: (tokens,); ``gradient``: (tokens, d).
    """

    places: tuple[tuple[int, int, int] | None, ...]
    ids: NDArray[np.int64]
    gradient: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Attribution:
    """How far each token carries the score of a label beyond that of a text of nothing but baseline tokens.

    ``tokens``: (place, share) each, the place as in ``TokenGradients``. ``left``: the score's difference from the baseline's,
    less the sum of the shares: 0 for an exact integral.
    """

    tokens: tuple[tuple[tuple[int, int, int] | None, float], ...]
    left: float


class Differentiable(Protocol):
    """A victim that gives gradients and its input embeddings."""

    def token_gradients(self, inputs: Sequence[Input], labels: Sequence[int]) -> Sequence[TokenGradients]:
        """Loss gradients of each input, every dropout off."""

    def embeddings(self) -> NDArray[np.float32]:
        """The input embedding of every token, (vocabulary, d)."""

    def word_ids(self, words: Sequence[str]) -> Sequence[tuple[int, ...]]:
        """The tokens of each word as it reads inside a text."""

    def whole_words(self) -> Sequence[tuple[int, str]]:
        """Every token that is a whole word by itself, with that word."""


class PlainVictim:
    """Base for victims without a tokenizer: length in characters over four, nothing is truncated, nothing known of readings."""

    def lengths(self, inputs: Sequence[Input]) -> Sequence[int]:
        """A rough token count: a quarter of the characters, at least one."""
        return [max(1, sum(map(len, i)) // 4) for i in inputs]

    def truncated(self, inputs: Sequence[Input]) -> Sequence[bool]:
        """Nothing is known to be cut."""
        return [False] * len(inputs)

    def readings(self, inputs: Sequence[Input]) -> Sequence[bytes | None]:
        """What the victim makes of a text is not known."""
        return [None] * len(inputs)

    def unknown_tokens(self, inputs: Sequence[Input]) -> Sequence[tuple[int, int]]:
        """It has no tokens."""
        return [(0, 0)] * len(inputs)

    def close(self) -> None:
        """Nothing to release."""
