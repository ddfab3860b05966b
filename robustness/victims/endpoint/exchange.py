"""What the client is given: an exchange, its options, and the ledger and the cassette as it uses them."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from reports.files import exact
from robustness.errors import VictimError
from robustness.victims.endpoint.wire import Call, Limits, Reply

_ENCODE = json.JSONEncoder(sort_keys=True, allow_nan=False, separators=(",", ":")).encode
_PAIR = re.compile(r"\\ud[89ab]")
"""How the escape begins of a character beyond U+FFFF, and of two halves that stand apart and are no such character."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to be answered.

    ``canonical``: method, URL and body as JSON without secrets: what the cassette stores and knows it by. ``tokens_in``,
    ``tokens_out``: the most it can use, for the ledger. ``ask``: which asking of the same request this is; "" for the one answer
    that search uses.
    """

    call: Call
    canonical: Any
    tokens_in: int
    tokens_out: int
    ask: str = ""
    _spelled: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def key(self) -> str:
        """Digest of ``canonical`` and ``ask``."""
        return hashlib.sha256(f"{self.spelled}{self.ask}".encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def spelled(self) -> str:
        """``canonical`` as one line of JSON in ASCII, other wherever it differs; made once, for the digest and the cassette."""
        if not self._spelled:
            text = _ENCODE(self.canonical)
            self._spelled.append(_ENCODE(exact.spelled(self.canonical)) if _PAIR.search(text) else text)
        return self._spelled[0]


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """``rps``: requests a second; ``tpm``: tokens a minute, worst case; ``retries``: after a first attempt."""

    concurrency: int = 8
    rps: float | None = None
    tpm: float | None = None
    retries: int = 5
    limits: Limits = field(default_factory=Limits)
    seed: int = 0


class Used(Protocol):
    """Tokens that a reply says it cost."""

    @property
    def tokens_in(self) -> int:
        """Of the prompt."""

    @property
    def tokens_out(self) -> int:
        """Of the answer, thinking included."""


class Books(Protocol):
    """The ledger, as the client uses it."""

    def reserve(self, tokens_in: int, tokens_out: int) -> Any:
        """A reservation; raises ``SpentError`` where a cap would be passed."""

    def settle(self, reservation: Any, usage: Any) -> Any:
        """What it cost, and what was counted; None where that is not known: then the worst case is."""

    def cancel(self, reservation: Any) -> None:
        """It never left."""


class Tape(Protocol):
    """The cassette, as the client uses it."""

    def together(self) -> AbstractContextManager[None]:
        """What is told to it inside is on disk when this ends, in one piece; raises ``VictimError`` where it cannot be."""

    def recall(self, key: str) -> Reply | VictimError | None:
        """What was answered before, or why nothing was; raises what ends the run."""

    def keep(self, key: str, exchange: Exchange, reply: Reply, attempts: int, cost: Any = None) -> Reply:
        """What was answered now, and what may be read of it: the same that is read when it is recalled."""

    def keep_failure(self, key: str, exchange: Exchange, error: VictimError, attempts: int, cost: Any = None) -> None:
        """That nothing was answered, and why."""
