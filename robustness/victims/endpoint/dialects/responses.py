"""OpenAI's Responses API: without ``n``, ``seed`` and ``stop``; nothing is left on the server (``store`` is false)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from attacks.search import Unusable
from robustness.victims.endpoint.dialects.chat import MOST_LISTED, dropped_by
from robustness.victims.endpoint.dialects.dialect import Ask, EndpointError, Written, chances, without_thinking
from robustness.victims.endpoint.dialects.replies import error_of, is_filtered, loosely, payload, usage_of
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.wire import Reply

LEAST_TOKENS = 16
"""A smaller limit is refused."""
_IN_BODY = {"temperature": ("temperature",), "logprobs": ("logprobs", "top_logprobs", "include"), "schema": ("text.format",)}
_ENDED = {"max_output_tokens": "length", "max_tokens": "length", "content_filter": "content_filter"}


@dataclass(frozen=True, slots=True)
class Responses:
    """Responses at an address; ``dropped``: what the server refuses."""

    url: str
    model: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    name: ClassVar[str] = "responses"
    method: ClassVar[str] = "POST"

    @property
    def takes(self) -> frozenset[str]:
        """No seed, and no stop."""
        return frozenset(_IN_BODY) - self.dropped

    def body(self, ask: Ask) -> dict[str, Any]:
        """As the API reference of responses has it."""
        body: dict[str, Any] = {
            "model": self.model,
            "input": [{"role": one.role, "content": one.content} for one in ask.messages],
            "max_output_tokens": self.limit_of(ask),
            "store": False,
        }
        if ask.temperature is not None and "temperature" in self.takes:
            body["temperature"] = ask.temperature
        if ask.logprobs and "logprobs" in self.takes:
            body |= {"include": ["message.output_text.logprobs"], "top_logprobs": min(ask.logprobs, MOST_LISTED)}
        if ask.schema is not None and "schema" in self.takes:
            body["text"] = {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": dict(ask.schema)}}
        return body | dict(self.extra)

    def limit_of(self, ask: Ask) -> int:
        """What was asked for, or the least that the API takes."""
        return max(LEAST_TOKENS, ask.max_tokens)

    def read(self, reply: Reply) -> Written | Unusable:
        """The texts of all messages in the output, in order."""
        found = payload(reply)
        if isinstance(found, Unusable):
            return found
        if found.get("status") == "failed":
            code, said = error_of(found)
            if is_filtered(found, code):
                return Unusable("filtered", f"a content filter refused the prompt: {said}")
            raise EndpointError(f"the endpoint answered that it failed: {said or 'without a reason'}", code=code)
        output = found.get("output")
        if not isinstance(output, list):
            raise EndpointError(f"the endpoint answered no output; expected a list under 'output', got {sorted(found)}")
        items = [one for one in output if isinstance(one, Mapping)]
        parts = list(_parts(items))
        texts = [part for part in parts if part.get("type") == "output_text"]
        text, thought = without_thinking("".join(str(part.get("text") or "") for part in texts))
        refusals = [str(part.get("refusal") or "it refused") for part in parts if part.get("type") == "refusal"]
        return Written(
            text=text,
            finish=_finish(found, items, text),
            thought=thought or any(one.get("type") == "reasoning" for one in items),
            refusal=" ".join(refusals),
            tokens=tuple(chance for part in texts for chance in chances({"content": part.get("logprobs") or ()})),
            model=str(found.get("model") or ""),
            usage=self.usage(reply),
        )

    def usage(self, reply: Reply) -> Usage | None:
        """``input_tokens`` and ``output_tokens``, which count thinking."""
        return usage_of(loosely(reply), ("input_tokens", "output_tokens"))

    def without(self, refused: str) -> Responses | None:
        """One option less."""
        gone = dropped_by(refused, _IN_BODY, self.dropped)
        return None if gone is None else replace(self, dropped=self.dropped | {gone})


def _parts(items: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for one in items:
        if one.get("type") == "message":
            content = one.get("content")
            yield from (part for part in (content if isinstance(content, list) else ()) if isinstance(part, Mapping))


def _finish(found: Mapping[str, Any], items: list[Mapping[str, Any]], text: str) -> str:
    if found.get("status") == "incomplete":
        details = found.get("incomplete_details")
        reason = str(details.get("reason") or "") if isinstance(details, Mapping) else ""
        return _ENDED.get(reason, reason or "incomplete")
    calls = any(str(one.get("type") or "").endswith("_call") for one in items)
    return "tool_calls" if calls and not text.strip() else "stop"
