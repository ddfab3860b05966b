"""How an endpoint is asked: the options of its victims, checked before anything is sent."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from robustness.errors import UsageError

SCORINGS = ("auto", "logprobs", "echo", "parse")
APIS = ("chat", "completions")
CONCURRENCY = 8
_OWN = (
    *("model", "messages", "prompt", "input", "max_tokens", "max_completion_tokens", "max_output_tokens", "stream", "n", "echo"),
    *("temperature", "stop", "seed", "logprobs", "top_logprobs", "store", "include"),
    *("best_of", "n_predict", "num_predict", "max_new_tokens", "num_return_sequences", "prompt_logprobs"),
)
"""Keys of a body that are the victim's own: the ledger and the readers of replies count on them."""


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """What ``openai:``, ``responses:`` and ``http:`` victims take beside prompt and labels.

    ``endpoint``: ``chat`` or ``completions``. ``scoring``: how labels are scored, by ``logprobs``, by ``echo`` (one request a
    label), or ``parse``; ``auto`` takes the first that works. ``sampling_seed``: sent along. ``rps``:
    most requests a second. ``tpm``: most tokens a minute. ``request_timeout``: seconds for one request, all of it. ``header``:
    ``NAME=VARIABLE`` each. ``key_env``: the variable that holds the key, ``none`` for no key. ``extra_body``: a JSON object that
    is added to each request. ``deterministic``: the user states that one text always gets one answer.
    """

    endpoint: str = "chat"
    scoring: str = "auto"
    temperature: float = 0.0
    sampling_seed: int | None = None
    concurrency: int = CONCURRENCY
    rps: float | None = None
    tpm: float | None = None
    request_timeout: float | None = None
    header: Sequence[str] = ()
    key_env: str | None = None
    extra_body: str | Mapping[str, Any] | None = None
    allow_plain_http: bool = False
    deterministic: bool = False
    calibrate: bool = False

    def __post_init__(self) -> None:
        """Raise ``UsageError`` for a value that cannot be meant."""
        for name, value, known in (("endpoint", self.endpoint, APIS), ("scoring", self.scoring, SCORINGS)):
            if value not in known:
                raise UsageError(f"--{name} expects one of {', '.join(known)}, got {value!r}")
        if not 0.0 <= self.temperature <= 2.0:
            raise UsageError(f"--temperature expects a number from 0 to 2, got {self.temperature}")
        if self.concurrency < 1:
            raise UsageError(f"--concurrency expects a whole number from 1 up, got {self.concurrency}")
        for name in ("rps", "tpm", "request_timeout"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise UsageError(f"--{name.replace('_', '-')} expects a number above 0, got {value}")
        if self.calibrate and self.scoring == "parse":
            raise UsageError("--calibrate evens out scores, and --scoring parse has none; use --scoring logprobs")

    @property
    def extra(self) -> dict[str, Any]:
        """``extra_body`` as it is added to each request; raises ``UsageError`` where it is no object or sets what is ours."""
        found: Any = self.extra_body or {}
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except ValueError as problem:
                raise UsageError(f"--extra-body expects a JSON object, got {found[:80]!r}: {problem}") from None
        if not isinstance(found, Mapping):
            raise UsageError(f'--extra-body expects a JSON object, such as {{"top_k": 1}}, got {type(found).__name__}')
        own = [name for name in found if name in _OWN]
        if own:
            raise UsageError(f"--extra-body must not set {own[0]!r}: that has a flag, or is the victim's own")
        return dict(found)


OPTION_NAMES = tuple(field.name for field in fields(EndpointOptions))
