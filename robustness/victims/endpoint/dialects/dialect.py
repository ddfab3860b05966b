"""What a dialect is: a body for what is asked, and a reply read into one shape, whatever the API calls its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from attacks.search import Unusable
from robustness.errors import VictimError
from robustness.tasks.reading.rows import shown
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.wire import Reply
from robustness.victims.prompts.prompt import Message

OPTIONAL = ("temperature", "seed", "stop", "logprobs", "schema")
"""What may be asked for and left out again, where a server refuses it; named as in ``Ask``."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request wants of a model, whatever the API.

    ``max_tokens``: the most that it may write, its thinking included. ``temperature``, ``seed``: None where the server's own
    holds. ``logprobs``: how many of the likeliest tokens to name at each place; 0 for none. ``schema``: a JSON schema that the
    answer is to follow. ``echo``: give the log-probabilities of the prompt too, and write no more than the API makes it.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    stop: tuple[str, ...] = ()
    temperature: float | None = 0.0
    seed: int | None = None
    logprobs: int = 0
    schema: Mapping[str, Any] | None = None
    echo: bool = False


@dataclass(frozen=True, slots=True)
class TokenChance:
    """A token that was written (or read, with ``echo``), its natural log-probability, and the likeliest ones at its place.

    ``logprob``: None for the first token of a prompt, which follows nothing.
    """

    token: str
    logprob: float | None
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote.

    ``finish``: ``stop``, ``length``, ``content_filter``, ``refusal``, ``tool_calls``, or "" where the API says nothing of it.
    ``thought``: whether it thought, in a field of its own or in a ``<think>`` block. ``refusal``: the text of a refusal that the
    API keeps apart. ``model``, ``fingerprint``: what the server says that it is.
    """

    text: str
    finish: str = ""
    thought: bool = False
    refusal: str = ""
    tokens: tuple[TokenChance, ...] = ()
    model: str = ""
    fingerprint: str = ""
    usage: Usage | None = None


class Dialect(Protocol):
    """How one API is asked at one address for one model."""

    @property
    def name(self) -> str:
        """Such as ``chat``."""

    @property
    def url(self) -> str:
        """Where requests go."""

    @property
    def method(self) -> str:
        """Nearly always ``POST``."""

    @property
    def takes(self) -> frozenset[str]:
        """Those of ``OPTIONAL`` that the API can be asked for at all."""

    def body(self, ask: Ask) -> dict[str, Any]:
        """The request as JSON holds it; no header, no key."""

    def limit_of(self, ask: Ask) -> int:
        """The most tokens that the body allows the model to write: what a request can cost rests on it."""

    def read(self, reply: Reply) -> Written | Unusable:
        """What was written, or an answer that is none; raises ``EndpointError`` for a reply that is an error."""

    def usage(self, reply: Reply) -> Usage | None:
        """The tokens that the server counted; None where it does not say."""

    def without(self, refused: str) -> Dialect | None:
        """The same without what a server refused, ``refused`` being a name in its own words; None where that is not optional."""


class EndpointError(VictimError):
    """A reply that is an error.

    ``status``: of HTTP. ``code``: the server's own word for it. ``blames``: the parameter that it names, else its whole message.
    """

    def __init__(self, message: str, *, status: int = 0, code: str = "", blames: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.blames = status, code, blames


def usable(written: Written) -> str | Unusable:
    """The text of an answer that is one: whole, not refused, not empty."""
    if written.refusal:
        return Unusable("refused", f"the endpoint refused: {shown(written.refusal)}")
    if written.finish == "refusal":
        return Unusable("refused", f"the endpoint ended by a refusal, after {shown(written.text)}")
    if written.finish == "content_filter":
        return Unusable("filtered", f"a content filter ended the answer, after {shown(written.text)}")
    if written.finish == "length":
        if not written.text.strip():
            why = "all of its tokens went into thinking" if written.thought else "it wrote nothing that can be seen"
            return Unusable("truncated", f"the limit of tokens was reached and {why}; raise --max-new-tokens")
        return Unusable("truncated", f"the answer was cut off at the limit of tokens, after {shown(written.text)}")
    if written.finish == "tool_calls":
        return Unusable("unparsed", "the model called a tool in place of an answer; expected text")
    if written.finish not in ("stop", ""):
        raise EndpointError(f"the answer ended by {written.finish!r}; expected a whole answer", code=written.finish)
    if not written.text.strip():
        why = "it thought and then wrote nothing" if written.thought else "expected text"
        return Unusable("empty", f"the endpoint answered an empty text; {why}")
    return written.text


def without_thinking(text: str) -> tuple[str, bool]:
    """The text after a ``<think>`` block at its beginning, and whether there was one; one that is never closed is all of it.

    Servers that know a model's format keep thinking apart; the others hand it out as part of the answer.
    """
    start = text.lstrip()
    if not start.startswith("<think>"):
        return text, False
    _, _, after = start.partition("</think>")
    return after.lstrip(), True


def chances(found: Any) -> tuple[TokenChance, ...]:
    """Log-probabilities as chat completions give them (``content``), or as the old text completions do (``tokens``).

    llama.cpp gives text completions the shape of chat. What is malformed counts as not given: the probe says so.
    """
    if not isinstance(found, dict):
        return ()
    try:
        if isinstance(found.get("content"), Sequence):
            return tuple(_chat_chance(one) for one in found["content"])
        if isinstance(found.get("tokens"), Sequence):
            return _text_chances(found)
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()
    return ()


def _chat_chance(one: Mapping[str, Any]) -> TokenChance:
    top = tuple((str(other["token"]), float(other["logprob"])) for other in one.get("top_logprobs") or ())
    return TokenChance(str(one["token"]), float(one["logprob"]), top)


def _text_chances(found: Mapping[str, Any]) -> tuple[TokenChance, ...]:
    tokens, each = found["tokens"], found["token_logprobs"]
    tops = found.get("top_logprobs") or [None] * len(tokens)
    return tuple(
        TokenChance(
            str(token),
            None if chance is None else float(chance),
            tuple((str(other), float(its)) for other, its in (top or {}).items()),
        )
        for token, chance, top in zip(tokens, each, tops, strict=True)
    )
