"""OpenAI's text completions, for base models and servers without chat; with ``echo`` the likelihood of a text can be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from attacks.search import Unusable
from robustness.victims.endpoint.dialects.chat import dropped_by, finish_of, first_choice
from robustness.victims.endpoint.dialects.dialect import Ask, TokenChance, Written, chances, without_thinking
from robustness.victims.endpoint.dialects.replies import loosely, payload, usage_of
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.wire import Reply
from robustness.victims.prompts.prompt import Message

MOST_LISTED = 5
"""The most tokens at a place that the API names; more is refused by some servers."""
_IN_BODY = {
    "temperature": ("temperature",),
    "seed": ("seed",),
    "stop": ("stop",),
    "logprobs": ("logprobs",),
    "schema": ("response_format", "json_schema"),
}


@dataclass(frozen=True, slots=True)
class Completions:
    """Text completions at an address; ``dropped``: what the server refuses."""

    url: str
    model: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    name: ClassVar[str] = "completions"
    method: ClassVar[str] = "POST"

    @property
    def takes(self) -> frozenset[str]:
        """All but a schema, which the API does not know."""
        return frozenset(_IN_BODY) - self.dropped - {"schema"}

    def body(self, ask: Ask) -> dict[str, Any]:
        """As the API reference of completions has it; the chat is written out as one text."""
        body: dict[str, Any] = {"model": self.model, "prompt": prompt_text(ask.messages), "max_tokens": ask.max_tokens}
        if ask.temperature is not None and "temperature" in self.takes:
            body["temperature"] = ask.temperature
        if ask.seed is not None and "seed" in self.takes:
            body["seed"] = ask.seed
        if ask.stop and "stop" in self.takes:
            body["stop"] = list(ask.stop)
        if ask.logprobs and "logprobs" in self.takes:
            body["logprobs"] = min(ask.logprobs, MOST_LISTED)
        if ask.echo:
            body["echo"] = True
        return body | dict(self.extra)

    def limit_of(self, ask: Ask) -> int:
        """What was asked for."""
        return ask.max_tokens

    def read(self, reply: Reply) -> Written | Unusable:
        """The first choice."""
        found = payload(reply)
        if isinstance(found, Unusable):
            return found
        choice = first_choice(found)
        text, thought = without_thinking(str(choice.get("text") or ""))
        return Written(
            text=text,
            finish=finish_of(choice),
            thought=thought,
            tokens=chances(choice.get("logprobs")),
            model=str(found.get("model") or ""),
            fingerprint=str(found.get("system_fingerprint") or ""),
            usage=self.usage(reply),
        )

    def usage(self, reply: Reply) -> Usage | None:
        """``prompt_tokens`` and ``completion_tokens``."""
        return usage_of(loosely(reply), ("prompt_tokens", "completion_tokens"))

    def without(self, refused: str) -> Completions | None:
        """One option less."""
        gone = dropped_by(refused, _IN_BODY, self.dropped)
        return None if gone is None else replace(self, dropped=self.dropped | {gone})


def prompt_text(messages: Sequence[Message]) -> str:
    """A chat as one text to be gone on from: paragraphs, an assistant's turn on the line of what it answers."""
    text = ""
    for one in messages:
        gap = "" if not text or text[-1].isspace() else " " if one.role == "assistant" else "\n\n"
        text += gap + one.content
    return text


def likelihood_after(tokens: Sequence[TokenChance], before: str, after: str) -> float | None:
    """The natural log-probability of ``after`` behind ``before`` among echoed tokens; None where the text was not echoed.

    A token that straddles the border counts, for the model reads no other.
    """
    if not "".join(one.token for one in tokens).startswith(before + after):
        return None
    total, end = 0.0, 0
    for one in tokens:
        start, end = end, end + len(one.token)
        if end > len(before) and start < len(before) + len(after):
            if one.logprob is None:
                return None
            total += one.logprob
    return total
