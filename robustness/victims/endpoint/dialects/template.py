"""Any JSON API that a file describes: where it is, what is sent, and where the answer stands in what comes back.

Places such as ``{{ messages }}`` stand in the body's texts. A text that is one place and nothing else becomes the value itself, a
list or a number; within other words a place becomes text. The body is written as JSON after that, so that no input can end
a string and go on as something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from attacks.search import Unusable
from robustness.errors import UsageError, cut
from robustness.victims.endpoint.dialects.dialect import Ask, EndpointError, Written, without_thinking
from robustness.victims.endpoint.dialects.paths import Path
from robustness.victims.endpoint.dialects.replies import loosely, payload, usage_from
from robustness.victims.endpoint.ledger import Usage
from robustness.victims.endpoint.wire import Reply
from robustness.victims.prompts.prompt import Message

PLACES = ("model", "messages", "system", "input", "max_tokens", "temperature", "stop", "seed", "role", "content")
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_GONE = object()
"""A place without a value: what holds nothing else is left out of the body."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where things stand in a reply; None for what the API does not say.

    ``ends``: the API's words for how an answer ended, to those of ``Written``; a word that is not among them is ``stop``.
    """

    answer: Path
    finish: Path | None = None
    thinking: Path | None = None
    filtered: Path | None = None
    error: Path | None = None
    model: Path | None = None
    tokens_in: Path | None = None
    tokens_out: Path | None = None
    ends: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """An API as a file describes it.

    ``json``: the body with its places. ``message``: the shape of one turn of a chat; ``roles``: the API's own words for roles.
    ``split_system``: the system message has a place of its own, so it is no turn.
    """

    url: str
    model: str
    json: Any
    message: Any
    paths: Paths
    method: str = "POST"
    split_system: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    name: ClassVar[str] = "template"

    @property
    def takes(self) -> frozenset[str]:
        """Those of temperature, seed and stop that the body has a place for."""
        return frozenset(name for name in ("temperature", "seed", "stop") if name in places_in(self.json)) - self.dropped

    def body(self, ask: Ask) -> dict[str, Any]:
        """The body with its places filled."""
        system = "\n\n".join(one.content for one in ask.messages if one.role == "system")
        turns = [one for one in ask.messages if one.role != "system" or not self.split_system]
        values = {
            "model": self.model or _GONE,
            "system": system or _GONE,
            "messages": [self._turn(one) for one in turns],
            "input": next((one.content for one in reversed(ask.messages) if one.role == "user"), ""),
            "max_tokens": ask.max_tokens,
            "temperature": _GONE if ask.temperature is None or "temperature" in self.dropped else ask.temperature,
            "stop": list(ask.stop) if ask.stop and "stop" not in self.dropped else _GONE,
            "seed": _GONE if ask.seed is None or "seed" in self.dropped else ask.seed,
        }
        found: dict[str, Any] = _filled(self.json, values)
        return found

    def _turn(self, one: Message) -> Any:
        return _filled(self.message, {"role": self.roles.get(one.role, one.role), "content": one.content})

    def limit_of(self, ask: Ask) -> int:
        """What was asked for."""
        return ask.max_tokens

    def read(self, reply: Reply) -> Written | Unusable:
        """What stands at the file's paths."""
        paths = self.paths
        found = loosely(reply)
        said = paths.filtered.first(found) if paths.filtered is not None else None
        if said:
            return Unusable("filtered", f"a content filter refused the prompt: {cut(said, 200)}")
        if paths.error is not None and 200 <= reply.status < 300 and (error := paths.error.first(found)):
            raise EndpointError(f"the endpoint answered an error with status {reply.status}: {cut(error)}", blames=str(error))
        checked = payload(reply)
        if isinstance(checked, Unusable):
            return checked
        ended = str(paths.finish.first(checked) or "") if paths.finish is not None else ""
        finish = paths.ends.get(ended, "stop" if ended else "")
        if not paths.answer.all(checked) and finish in ("stop", ""):
            raise EndpointError(f"the reply holds nothing at [answer] path; it has {', '.join(map(repr, sorted(checked)))}")
        text, thought = without_thinking(paths.answer.text(checked))
        return Written(
            text=text,
            finish=finish,
            thought=thought or bool(paths.thinking is not None and paths.thinking.all(checked)),
            model=paths.model.text(checked) if paths.model is not None else "",
            usage=self.usage(reply),
        )

    def usage(self, reply: Reply) -> Usage | None:
        """The tokens at the file's paths."""
        if self.paths.tokens_in is None or self.paths.tokens_out is None:
            return None
        found = loosely(reply)
        return usage_from(self.paths.tokens_in.first(found), self.paths.tokens_out.first(found))

    def without(self, refused: str) -> Template | None:
        """One option less, where the server's words name it."""
        gone = next((name for name in sorted(self.takes) if re.search(rf"(?<![a-z]){name}", refused)), None)
        return None if gone is None else replace(self, dropped=self.dropped | {gone})


def places_in(value: Any) -> set[str]:
    """Every place in a body."""
    if isinstance(value, str):
        return set(_PLACE.findall(value))
    if isinstance(value, Mapping):
        return {name for one in value.values() for name in places_in(one)}
    return {name for one in value for name in places_in(one)} if isinstance(value, list) else set()


def check_places(value: Any, where: str, known: Sequence[str]) -> None:
    """Raise ``UsageError`` for a place that means nothing there."""
    strange = sorted(places_in(value) - set(known))
    if strange:
        raise UsageError(f"{where} has no place {{{{ {strange[0]} }}}}; there are: {', '.join(known)}")


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value.strip())
        if whole is not None:
            return values[whole[1]]
        return _PLACE.sub(lambda at: "" if values[at[1]] is _GONE else str(values[at[1]]), value)
    if isinstance(value, Mapping):
        filled = {key: _filled(one, values) for key, one in value.items()}
        return {key: one for key, one in filled.items() if not _is_gone(one, value[key])}
    if isinstance(value, list):
        return [one for one in (_filled(each, values) for each in value) if one is not _GONE and one != {}]
    return value


def _is_gone(filled: Any, before: Any) -> bool:
    """Whether nothing is left of what held places only: ``system = [{text = "{{ system }}"}]`` without a system message."""
    return filled is _GONE or (filled in ({}, []) and before not in ({}, []) and bool(places_in(before) - {"messages"}))
