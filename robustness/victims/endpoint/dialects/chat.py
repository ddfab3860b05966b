"""OpenAI's chat completions, as OpenAI, Azure, vLLM, llama.cpp, Ollama, TGI, SGLang, OpenRouter and most others speak them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from attacks.search import Unusable
from robustness.victims.endpoint.dialects.dialect import OPTIONAL, Ask, EndpointError, Written, chances, without_thinking
from robustness.victims.endpoint.dialects.replies import loosely, payload, usage_of
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.wire import Reply

MOST_LISTED = 20
"""The most tokens at a place that the API names."""
LIMITS = ("max_tokens", "max_completion_tokens")
"""The first is known to every server, and one that does not know the second leaves it out of account, so that nothing holds
what is written; OpenAI's reasoning models refuse the first and say so."""
_IN_BODY = {
    "temperature": ("temperature",),
    "seed": ("seed",),
    "stop": ("stop",),
    "logprobs": ("logprobs", "top_logprobs"),
    "schema": ("response_format", "json_schema", "guided_json"),
}
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_FINISHES = {"eos": "stop", "eos_token": "stop", "stop_sequence": "stop", "end_turn": "stop", "function_call": "tool_calls"}


@dataclass(frozen=True, slots=True)
class Chat:
    """Chat completions at an address. ``limit``: the name of the limit of tokens; ``dropped``: what the server refuses."""

    url: str
    model: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    limit: str = LIMITS[0]
    dropped: frozenset[str] = frozenset()
    name: ClassVar[str] = "chat"
    method: ClassVar[str] = "POST"

    @property
    def takes(self) -> frozenset[str]:
        """All that is optional, but for what was refused."""
        return frozenset(OPTIONAL) - self.dropped

    def body(self, ask: Ask) -> dict[str, Any]:
        """As the API reference of chat completions has it; ``extra`` beats what stands in it."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": one.role, "content": one.content} for one in ask.messages],
            self.limit: ask.max_tokens,
        }
        if ask.temperature is not None and "temperature" not in self.dropped:
            body["temperature"] = ask.temperature
        if ask.seed is not None and "seed" not in self.dropped:
            body["seed"] = ask.seed
        if ask.stop and "stop" not in self.dropped:
            body["stop"] = list(ask.stop)
        if ask.logprobs and "logprobs" not in self.dropped:
            body |= {"logprobs": True, "top_logprobs": min(ask.logprobs, MOST_LISTED)}
        if ask.schema is not None and "schema" not in self.dropped:
            named = {"name": "answer", "strict": True, "schema": dict(ask.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        return body | dict(self.extra)

    def limit_of(self, ask: Ask) -> int:
        """What was asked for."""
        return ask.max_tokens

    def read(self, reply: Reply) -> Written | Unusable:
        """The first choice; thinking is left out of the text."""
        found = payload(reply)
        if isinstance(found, Unusable):
            return found
        choice = first_choice(found)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise EndpointError("the endpoint answered a choice without a message; expected chat completions")
        text, thought = _text(message.get("content"))
        thought = thought or any(message.get(name) for name in _THOUGHTS)
        finish = finish_of(choice)
        if (message.get("tool_calls") or message.get("function_call")) and finish in ("stop", ""):
            finish = "tool_calls"
        return Written(
            text=text,
            finish=finish,
            thought=thought,
            refusal=str(message.get("refusal") or ""),
            tokens=chances(choice.get("logprobs")),
            model=str(found.get("model") or ""),
            fingerprint=str(found.get("system_fingerprint") or ""),
            usage=self.usage(reply),
        )

    def usage(self, reply: Reply) -> Usage | None:
        """``prompt_tokens`` and ``completion_tokens``, which count thinking."""
        return usage_of(loosely(reply), ("prompt_tokens", "completion_tokens"))

    def without(self, refused: str) -> Chat | None:
        """The other name of the limit, or one option less."""
        if self.limit == LIMITS[0] and re.search(rf"\b{LIMITS[0]}\b", refused):
            return replace(self, limit=LIMITS[1])
        gone = dropped_by(refused, _IN_BODY, self.dropped)
        return None if gone is None else replace(self, dropped=self.dropped | {gone})


def dropped_by(refused: str, names: Mapping[str, tuple[str, ...]], dropped: frozenset[str]) -> str | None:
    """The option that a server's words name; None where they name none that is still in use."""
    for option, spellings in names.items():
        if option not in dropped and any(re.search(rf"(?<![a-z_]){name}(?![a-z_])", refused) for name in spellings):
            return option
    return None


def first_choice(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice of a reply; raises ``EndpointError`` where there is none."""
    choices = found.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise EndpointError(f"the endpoint answered no choices; expected one under 'choices', got {sorted(found)}")
    first: Mapping[str, Any] = choices[0]
    return first


def finish_of(choice: Mapping[str, Any]) -> str:
    """How a choice ended, in the words of ``Written``."""
    said = str(choice.get("finish_reason") or "")
    return _FINISHES.get(said, said)


def _text(content: Any) -> tuple[str, bool]:
    """The text of a message's content, and whether thinking stood in it; some servers give a list of parts."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping)]
        texts = [str(part.get("text") or "") for part in parts if part.get("type") in ("text", "output_text")]
        return "".join(texts), any(part.get("type") in ("thinking", "reasoning") for part in parts)
    return without_thinking("" if content is None else str(content))
