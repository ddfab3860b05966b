"""A model behind an API as a victim: each input one request (or one a label), each reply a row of the task or no answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from attacks.search import Input, Unusable
from robustness.errors import RobustnessError, VictimError, cut
from robustness.victims.base import PlainVictim, VictimInfo
from robustness.victims.dialogues import spoken
from robustness.victims.endpoint.asking.scoring import label_scores, shares
from robustness.victims.endpoint.dialects.completions import likelihood_after, prompt_text
from robustness.victims.endpoint.dialects.dialect import Ask, Dialect, Written, usable
from robustness.victims.endpoint.exchange import Exchange
from robustness.victims.endpoint.wire import Call, Reply
from robustness.victims.gathered import Gathered
from robustness.victims.prompts.chosen import ChosenPrompt
from robustness.victims.prompts.prompt import Message

if TYPE_CHECKING:
    from robustness.victims.endpoint.client import Client

Scoring = Literal["logprobs", "echo", "parse"]
SCORING_TOKENS = 8
"""Tokens written where labels are read off the first ones: enough to tell labels that begin alike, and to see a refusal."""
LISTED = 20
MESSAGE_TOKENS, REQUEST_TOKENS = 32, 64
"""The most that a chat template adds to a message, and to a request."""
_SEEDS = 1 << 31
Done = Callable[[Any], None]
_IN_UTF8 = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_IN_ASCII = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Asking:
    """How each input is asked.

    ``headers``: one mapping that goes with every request. ``seed``: of the server's sampling, None for none; fresh asks get seeds
    of their own. ``prior``: natural logarithms to be taken off each label's, where scores are evened out.
    """

    dialect: Dialect
    prompt: ChosenPrompt
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    shown_url: str = ""
    temperature: float | None = 0.0
    seed: int | None = None
    scoring: Scoring = "parse"
    prior: tuple[float, ...] = ()

    def ask(self, messages: Sequence[Message], again: str = "") -> Ask:
        """What is wanted of the model. ``again``: which asking of the same messages it is."""
        scored = self.scoring == "logprobs"
        most = min(self.prompt.max_tokens, SCORING_TOKENS) if scored else self.prompt.max_tokens
        return Ask(
            tuple(messages),
            max_tokens=1 if self.scoring == "echo" else most,
            stop=() if self.scoring == "echo" else self.prompt.stop,
            temperature=self.temperature,
            seed=self.seed_of(again),
            schema=self.prompt.schema if self.prompt.schema and not scored and "schema" in self.dialect.takes else None,
            logprobs=LISTED if scored else int(self.scoring == "echo"),
            echo=self.scoring == "echo",
        )

    def seed_of(self, again: str) -> int | None:
        """The same seed would bring the same answer, so each fresh ask draws its own, always the same one."""
        if self.seed is None or not again:
            return self.seed
        return (self.seed + int.from_bytes(blake2b(again.encode(), digest_size=4).digest(), "big")) % _SEEDS

    def exchange(self, ask: Ask, again: str = "") -> Exchange:
        """The request; what is written of it holds no header and no query."""
        body = self.dialect.body(ask)
        raw = encoded(body)
        return Exchange(
            Call(self.dialect.method, self.dialect.url, raw, self.headers),
            {"method": self.dialect.method, "url": self.shown_url, "body": body},
            # no tokenizer makes more tokens than there are bytes; a schema in the body is read by the model too
            tokens_in=len(raw) + REQUEST_TOKENS + MESSAGE_TOKENS * len(ask.messages),
            tokens_out=self.dialect.limit_of(ask),
            ask=again,
        )

    def row(self, reply: Reply) -> Any:
        """A raw row of the task, or an answer that is none; raises ``VictimError`` for a reply that is an error."""
        written = self.dialect.read(reply)
        if isinstance(written, Unusable):
            return written
        return self.scored(written) if self.scoring == "logprobs" else self.parsed(written)

    def parsed(self, written: Written) -> Any:
        """What the prompt reads of a whole answer."""
        text = usable(written)
        return text if isinstance(text, Unusable) else self.prompt.read(text)

    def scored(self, written: Written) -> list[float] | Unusable:
        """A score for each label; that the answer was cut off after its first tokens is how it was asked for."""
        if written.thought:
            return Unusable("truncated", "the model thought before it answered, so its first tokens say nothing of labels")
        checked = usable(replace(written, finish="stop") if written.finish == "length" else written)
        if isinstance(checked, Unusable) and not (checked.kind == "empty" and written.tokens):
            return checked
        found = label_scores(written, self.prompt.words, self.prior)
        return found if isinstance(found, Unusable) else list(found.scores)


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON as it is sent; a lone surrogate goes as its escape, for UTF-8 has none."""
    try:
        return _IN_UTF8(body).encode("utf-8")
    except UnicodeEncodeError:
        return _IN_ASCII(body).encode("ascii")


class EndpointVictim(PlainVictim):
    """A model behind an API. Inputs are asked one by one, as many at once as its client allows."""

    def __init__(self, info: VictimInfo, asking: Asking, client: Client) -> None:
        self._info, self._asking, self._client = info, asking, client

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def start(self, inputs: Input, ask: str, done: Done) -> None:
        """Ask one input; ``done`` gets a row, an ``Unusable`` or a ``RobustnessError``, in the client's thread.

        ``ask``: which asking of this input it is, "" for the answer that searches use.
        """
        alone = self._asking.prompt.messages
        messages = spoken(alone, inputs) if self._info.dialogue else alone(inputs)
        if self._asking.scoring == "echo":
            self._start_echoes(messages, ask, done)
            return
        self._send(self._asking.ask(messages, ask), ask, self._asking.row, done)

    def _start_echoes(self, messages: Sequence[Message], ask: str, done: Done) -> None:
        """One request for each label: how likely is it as the end of the text."""
        words = self._asking.prompt.words
        before = prompt_text(messages)

        def whole(logs: list[Any]) -> None:
            bad = next((one for one in logs if isinstance(one, (Unusable, RobustnessError))), None)
            done(list(shares(logs, self._asking.prior)) if bad is None else bad)

        logs = Gathered(len(words), whole)
        for n, word in enumerate(words):
            said = [*messages, Message("assistant", word)]
            read = partial(self._echoed, before=before, after=prompt_text(said)[len(before) :])
            self._send(self._asking.ask(said, ask), ask, read, partial(logs.take, n))

    def _echoed(self, reply: Reply, before: str, after: str) -> float | Unusable:
        written = self._asking.dialect.read(reply)
        if isinstance(written, Unusable):
            return written
        found = likelihood_after(written.tokens, before, after)
        if found is None:
            raise VictimError("the endpoint did not echo the prompt's log-probabilities this time; use --scoring parse")
        return found

    def _send(self, ask: Ask, again: str, read: Callable[[Reply], Any], done: Done) -> None:
        def landed(reply: Reply | RobustnessError) -> None:
            done(reply if isinstance(reply, RobustnessError) else _settled(read, reply))

        try:
            self._client.start(self._asking.exchange(ask, again), self._asking.dialect.usage, landed)
        except RobustnessError as problem:  # a client that is closed
            done(problem)

    def predict(self, inputs: Sequence[Input]) -> list[Any]:
        """A row for each input, all asked at once.

        Raises:
            RobustnessError: the first input that failed, in their order.
        """
        rows = Gathered(len(inputs))
        for n, one in enumerate(inputs):
            self.start(one, "", partial(rows.take, n))
        found = rows.wait()
        for row in found:
            if isinstance(row, RobustnessError):
                raise row
        return found

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


def _settled(read: Callable[[Reply], Any], reply: Reply) -> Any:
    """What a reply says, or why it cannot be read: nothing may be raised in the client's thread."""
    try:
        return read(reply)
    except RobustnessError as problem:
        return problem
    except Exception as problem:  # noqa: BLE001 - a reply of a shape that nobody foresaw is that reply's error, not the run's
        return VictimError(f"the reply of the endpoint cannot be read: {type(problem).__name__}: {cut(problem)}")
