"""What an endpoint can do, found out before anything is paid for: at most six requests, and a table of what they showed.

An API that leaves a parameter out of account says nothing of it: log-probabilities that never come, an echo that is none, a seed
that changes nothing. So each is asked for once and looked for in the reply, and what a server refuses is left out of the run's
own requests. The list of models is never read: some servers answer it with an error and work.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from attacks.search import Unusable
from robustness.errors import VictimError, cut
from robustness.victims.endpoint.asking.scoring import oddity
from robustness.victims.endpoint.asking.victim import LISTED, Asking
from robustness.victims.endpoint.dialects.completions import likelihood_after, prompt_text
from robustness.victims.endpoint.dialects.dialect import Ask, Dialect, EndpointError, Written
from robustness.victims.endpoint.wire import Reply
from robustness.victims.prompts.prompt import Message

MOST = 6
"""Requests at most."""
PLAIN = "The weather was mild, and the train came on time."
COUNT = "Count from one to twenty, in words."
SHORT = 8
"""Tokens that are too few for what is asked, so that the limit is seen to hold."""
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
ASK_SCHEMA = 'Is water wet? Answer in JSON, such as {"answer": "yes"}.'
REFUSED, UNASKED = "refused", "not asked"
Send = Callable[[Asking, Ask, str], Reply]


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found. ``dialect``: without what the server refuses of the run's own requests; ``table``: (what, what was seen).

    ``equal``: whether two equal requests got equal answers, None where they got none. ``first``: the reply to the first of them.
    ``logprobs``, ``echo``: whether they come and are what they should be.
    """

    dialect: Dialect
    table: tuple[tuple[str, str], ...]
    requests: int
    equal: bool | None
    first: Written | Unusable
    logprobs: bool = False
    echo: bool = False
    notes: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """What the server calls the model."""
        return self.first.model if isinstance(self.first, Written) else ""

    @property
    def fingerprint(self) -> str:
        """What the server says of its build and weights."""
        return self.first.fingerprint if isinstance(self.first, Written) else ""


class _Prober:
    """Counts requests, and leaves out what is refused."""

    def __init__(self, asking: Asking, send: Send) -> None:
        self.asking, self._send, self.requests = asking, send, 0

    @property
    def left(self) -> int:
        return MOST - self.requests

    def one(self, dialect: Dialect, ask: Ask, again: str) -> Written | Unusable:
        """One request; raises ``EndpointError`` where the reply is an error."""
        self.requests += 1
        return dialect.read(self._send(replace(self.asking, dialect=dialect), ask, again))

    def until_taken(self, dialect: Dialect, ask: Ask, again: str) -> tuple[Dialect, Written | Unusable]:
        """The reply to a request that the server takes, less and less of it asked for; raises ``EndpointError``."""
        while True:
            try:
                return dialect, self.one(dialect, ask, again)
            except EndpointError as problem:
                fewer = dialect.without(problem.blames) if problem.status in (400, 422) else None
                if fewer is None or not self.left:
                    raise
                dialect = fewer


def probe(asking: Asking, send: Send, *, scores: bool) -> Probe:
    """Find out what an endpoint can do. ``scores``: whether log-probabilities are wanted.

    Raises:
        VictimError: it answers the run's own kind of request by an error.
        RefusedError, SpentError: it will answer nothing.
    """
    prober = _Prober(asking, send)
    wanted = asking.ask(asking.prompt.messages(asking.prompt.filled(PLAIN)))
    wanted = replace(wanted, logprobs=LISTED) if scores else wanted
    try:
        dialect, first = prober.until_taken(asking.dialect, wanted, "probe")
    except EndpointError as problem:
        raise VictimError(f"the endpoint does not take what it would be asked: {problem}") from problem
    table = [("requests", "")]
    table += _who(asking, first)
    equal, said = _again(prober, dialect, wanted, first)
    table.append(("two equal requests", said))
    seen, rest = _limits(prober, dialect)
    table += rest
    tokens = first if scores and isinstance(first, Written) else seen
    odd = oddity(tokens.tokens, tokens.usage.tokens_out if tokens.usage else None) if tokens is not None else "not seen"
    logprobs = bool(tokens is not None and tokens.tokens and tokens.tokens[0].top) and not odd
    listed = len(tokens.tokens[0].top) if tokens is not None and tokens.tokens else 0
    table.append(
        ("log-probabilities", f"yes, {listed} tokens at a place" if logprobs else f"no: {odd or 'no alternatives came'}")
    )
    echo, said = _echo(prober, dialect)
    table.append(("log-probabilities of the prompt", said))
    table.append(("JSON schema", _schema(prober, dialect)))
    table[0] = ("requests", str(prober.requests))
    return Probe(
        dialect=dialect,
        table=tuple(table),
        requests=prober.requests,
        equal=equal,
        first=first,
        logprobs=logprobs and scores,
        echo=echo,
        notes=tuple(_notes(asking, dialect, first, seen)),
    )


def _who(asking: Asking, first: Written | Unusable) -> list[tuple[str, str]]:
    """What the server says that it is."""
    if isinstance(first, Unusable):
        return [("first answer", f"{first.kind}: {cut(first.message, 120)}")]
    return [("model", first.model or "not said"), ("fingerprint", first.fingerprint or "not said")]


def _again(prober: _Prober, dialect: Dialect, wanted: Ask, first: Written | Unusable) -> tuple[bool | None, str]:
    if not prober.left:
        return None, UNASKED
    try:
        second = prober.one(dialect, wanted, "probe-again")
    except EndpointError as problem:
        return None, f"the second one failed: {cut(problem, 120)}"
    if isinstance(first, Unusable) or isinstance(second, Unusable):
        return None, "no answer to compare"
    if (first.text, first.finish) != (second.text, second.finish):
        return False, "different answers"
    apart = [abs((a.logprob or 0.0) - (b.logprob or 0.0)) for a, b in zip(first.tokens, second.tokens, strict=False)]
    if max(apart, default=0.0) > 1e-4:
        return True, f"equal answers, log-probabilities up to {max(apart):.2g} apart"
    return True, "equal answers"


def _limits(prober: _Prober, dialect: Dialect) -> tuple[Written | None, list[tuple[str, str]]]:
    """Too few tokens, a seed, a stop text, log-probabilities: which of them are taken, and does the limit cut thinking."""
    names = {"temperature": "temperature 0", "seed": "seed", "stop": "stop texts"}
    if not prober.left:
        return None, [(title, UNASKED) for title in names.values()] + [("token limit", UNASKED)]
    full = Ask((Message("user", COUNT),), max_tokens=SHORT, stop=("###",), temperature=0.0, seed=7, logprobs=LISTED)
    refused, found = frozenset[str](), None
    try:
        taken, found = prober.until_taken(dialect, full, "probe-limits")
        refused = dialect.takes - taken.takes
    except EndpointError as problem:
        return None, [("token limit", f"an error: {cut(problem, 120)}")]
    rows = []
    for name, title in names.items():
        gone = name in refused or name not in dialect.takes
        rows.append((title, "not taken" if gone else "accepted"))
    if isinstance(found, Unusable):
        return None, [*rows, ("token limit", f"{found.kind}: {cut(found.message, 120)}")]
    return found, [*rows, ("token limit", _limit_of(found))]


def _limit_of(found: Written) -> str:
    count = found.usage.tokens_out if found.usage else None
    if count is not None and count > 2 * SHORT:
        return f"does not hold: {count} tokens for a limit of {SHORT}"
    if found.thought and not found.text.strip():
        return "cuts the thinking: nothing is left for the answer"
    how = "holds" if count is not None else "tokens are not counted"
    return f"{how}, ended by {found.finish or 'nothing'}"


def _echo(prober: _Prober, dialect: Dialect) -> tuple[bool, str]:
    """Whether a text completion gives the prompt back with the log-probability of each of its tokens."""
    if dialect.name != "completions":
        return False, f"not part of {dialect.name}"
    if not prober.left:
        return False, UNASKED
    asked = (Message("user", "The sky is"), Message("assistant", "blue"))
    whole = prompt_text(asked)
    try:
        found = prober.one(dialect, Ask(asked, max_tokens=1, logprobs=1, echo=True), "probe-echo")
    except EndpointError as problem:
        return False, f"{REFUSED}: {cut(problem, 120)}"
    if isinstance(found, Unusable):
        return False, found.kind
    before = asked[0].content
    value = likelihood_after(found.tokens, before, whole[len(before) :])
    counted = found.usage.tokens_in if found.usage else None
    if value is None:
        return False, "no: the prompt did not come back, so the likelihood of a text cannot be had"
    if counted is not None and len(found.tokens) - counted not in (-1, 0, 1):
        return False, f"no: {len(found.tokens)} tokens came back for {counted}"
    return True, "yes"


def _schema(prober: _Prober, dialect: Dialect) -> str:
    if "schema" not in dialect.takes:
        return f"not part of {dialect.name}" if dialect.name == "completions" else REFUSED
    if not prober.left:
        return UNASKED
    try:
        found = prober.one(dialect, Ask((Message("user", ASK_SCHEMA),), max_tokens=64, schema=SCHEMA), "probe-schema")
    except EndpointError as problem:
        return f"{REFUSED}: {cut(problem, 120)}"
    if isinstance(found, Unusable):
        return found.kind
    return "obeyed" if _is_answer(found.text) else "not obeyed"


def _is_answer(text: str) -> bool:
    try:
        found: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and found.keys() == {"answer"} and found["answer"] in ("yes", "no")


def _notes(asking: Asking, dialect: Dialect, first: Written | Unusable, seen: Written | None) -> list[str]:
    found = []
    gone = sorted(asking.dialect.takes - dialect.takes)
    if gone:
        found.append(f"the server refuses {', '.join(gone)}, so requests are sent without")
    if isinstance(first, Written) and first.thought:
        found.append("the model thinks before it answers, and --max-new-tokens counts its thinking too")
    if seen is not None and seen.usage is None:
        found.append("the server does not count tokens, so the ledger counts the most that a request could cost")
    return found
