"""A prompt-injection detector as a victim: ``metatronnanoguard`` behind the protocol, in the two ways one can run it.

``as_shipped`` does what the package's ``scan`` does: every text is padded to 512 tokens, and because the detector's
attention does not mask the padding, the padding takes part in the answer. ``true_length`` runs the same weights on the
text alone: about eight times as fast, and a different detector (see docs/security-review.md). Audit what you deploy.

    robustness audit --victim python:nanoguard_victim.py:as_shipped --data injections.jsonl \
        --label-map malicious=injection,benign=safe
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, sha256
from importlib.resources import files
from typing import Any

from attacks.search import Input
from robustness.victims import PlainVictim, VictimInfo

LIMIT = 512
ROWS = 4


class NanoGuardVictim(PlainVictim):
    """Scores in the order safe, injection; texts of one batch must not change each other's scores."""

    def __init__(self, name: str, *, padded: bool) -> None:
        from nanoguard import NanoGuard

        guard = NanoGuard(device="cpu")
        self._model, self._tokenizer, self._padded = guard.model, guard.tokenizer, padded
        weights = files("nanoguard.assets").joinpath("model.pt").read_bytes()
        self.info = VictimInfo(
            name=name,
            kind="python",
            labels=("safe", "injection"),
            identity=(("padded", str(padded)), ("weights", sha256(weights).hexdigest())),
            row_quantum=ROWS,
            max_tokens=LIMIT,
        )

    def predict(self, inputs: Sequence[Input]) -> Any:
        """Softmax of the logits, one row per text; without padding, texts of several lengths are run length by length."""
        import torch

        ids = [self._ids(text) for (text,) in inputs]
        sizes = [LIMIT if self._padded else len(row) for row in ids]
        scores = torch.empty(len(ids), 2, dtype=torch.float64)
        for size in sorted(set(sizes)):
            where = [n for n, own in enumerate(sizes) if own == size]
            scores[where] = self._scores([ids[n] for n in where], size)
        return scores.numpy()

    def _scores(self, ids: list[list[int]], size: int) -> Any:
        import torch

        pad = self._tokenizer.pad_token_id
        rows = torch.tensor([row + [pad] * (size - len(row)) for row in ids])
        mask = torch.arange(size) < torch.tensor([[len(row)] for row in ids])
        with torch.inference_mode():
            return self._model(rows, mask).double().softmax(dim=-1)

    def _ids(self, text: str) -> list[int]:
        found: list[int] = self._tokenizer.encode(text, max_length=LIMIT)
        return found

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens that the model reads; all alike when padded."""
        return [LIMIT if self._padded else len(self._ids(text)) for (text,) in inputs]

    def truncated(self, inputs: Sequence[Input]) -> list[bool]:
        """Which texts are longer than the model reads, beside its start token."""
        return [len(self._tokenizer.enc.encode_ordinary(text)) + 1 > LIMIT for (text,) in inputs]

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of the tokens that the model reads: equal for texts that it cannot tell apart."""
        return [blake2b(repr(self._ids(text)).encode(), digest_size=16).digest() for (text,) in inputs]


def as_shipped() -> NanoGuardVictim:
    """The detector as its own ``scan`` runs it."""
    return NanoGuardVictim("nanoguard", padded=True)


def true_length() -> NanoGuardVictim:
    """The same weights without padding."""
    return NanoGuardVictim("nanoguard-true-length", padded=False)
