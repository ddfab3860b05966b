"""Loss gradients of a transformer with regard to its input embeddings, and the vocabulary that they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_GRADIENTS = "its architecture gives no access to token embeddings, so recipes that follow gradients cannot be used"
PATH_ROWS = 16
"""Points of a path of integrated gradients that are computed at once."""
CARRIER = "a"
"""Words are tokenised behind this one: many tokenizers encode a word differently at the start of a text."""


class Derivatives:
    """A model in evaluation mode (no dropout) whose embedding layer is tapped; its weights take no gradient.

    ``scoring`` turns logits in float64 into scores whose rows sum to one; the loss of a label is minus the log of its score.
    ``tokens_first``: the model embeds (tokens, n) rather than (n, tokens).
    """

    def __init__(self, model: Any, scoring: Callable[[Any], Any], *, tokens_first: bool = False) -> None:
        self._model, self._scoring, self._tokens_first = model, scoring, tokens_first
        self._layer = embedding_layer(model)
        for weight in model.parameters():
            weight.requires_grad_(False)

    def of(self, columns: dict[str, Any], labels: Sequence[int]) -> NDArray[np.float32]:
        """The gradient of each row's own loss, (n, tokens, d); rows do not mix, so that it is the gradient of their sum."""
        import torch

        tapped: list[Any] = []

        def tap(_layer: Any, _inputs: Any, output: Any) -> Any:
            if tapped:  # some models embed token types through the same layer; only the tokens are tapped
                return output
            tapped.append(output.detach().requires_grad_(True))
            return tapped[0]

        handle = self._layer.register_forward_hook(tap)
        try:
            with torch.enable_grad():
                scores = self._scoring(self._model(**columns).logits.double())
                loss = -scores[torch.arange(len(labels)), torch.tensor(labels)].clamp_min(1e-300).log().sum()
                (gradient,) = torch.autograd.grad(loss, tapped[:1])
        finally:
            handle.remove()
        gradient = gradient.transpose(0, 1) if self._tokens_first else gradient
        found: NDArray[np.float32] = gradient.float().cpu().numpy()
        return found

    def integrated(
        self, columns: dict[str, Any], label: int, baseline: NDArray[np.int64], steps: int
    ) -> tuple[NDArray[np.float64], float]:
        """Integrated gradients of one row's score of a label along the straight path from the baseline's embeddings.

        Sundararajan, Taly and Yan 2017, equation 1, by Gauss-Legendre quadrature (captum). Shares of the tokens, (tokens,), and
        what their sum misses. ``baseline``: (tokens,) ids, in whose place the row's own stand at the end of the path.
        """
        import torch
        from captum.attr import IntegratedGradients

        ids = columns["input_ids"]
        start, end = (self._layer(tokens).detach() for tokens in (torch.from_numpy(baseline[None]).to(ids.device), ids))

        def score(vectors: Any) -> Any:
            rows = {name: column.expand(len(vectors), *column.shape[1:]) for name, column in columns.items()}
            waiting = [vectors.transpose(0, 1) if self._tokens_first else vectors]

            def put(_layer: Any, _inputs: Any, output: Any) -> Any:
                return waiting.pop() if waiting else output

            handle = self._layer.register_forward_hook(put)
            try:
                return self._scoring(self._model(**rows).logits.double())[:, label]
            finally:
                handle.remove()

        with torch.enable_grad():
            shares = IntegratedGradients(score).attribute(end, start, n_steps=steps, internal_batch_size=PATH_ROWS)
        with torch.no_grad():
            rise = float(score(end) - score(start))
        found: NDArray[np.float64] = shares[0].double().sum(-1).cpu().numpy()
        return found, rise - float(found.sum())

    def embeddings(self) -> NDArray[np.float32]:
        """The input embedding of every token, (vocabulary, d)."""
        table: NDArray[np.float32] = self._layer.weight.detach().float().cpu().numpy()
        return table


def embedding_layer(model: Any) -> Any:
    """The layer that embeds tokens: what transformers calls so, or the first embedding of a module that wraps a model.

    None where the architecture has no such layer, because it hashes characters or hides its embedding.
    """
    import torch

    if not hasattr(model, "get_input_embeddings"):
        return next((part for part in model.modules() if isinstance(part, torch.nn.Embedding)), None)
    try:
        layer = model.get_input_embeddings()
    except (NotImplementedError, AttributeError):
        return None
    return layer if getattr(getattr(layer, "weight", None), "ndim", 0) == 2 else None


def derivatives(model: Any, scoring: Callable[[Any], Any], *, tokens_first: bool = False) -> Derivatives | None:
    """The model's gradients, None where it has no layer that embeds tokens."""
    return Derivatives(model, scoring, tokens_first=tokens_first) if embedding_layer(model) is not None else None


def embedded(model: Any) -> int | None:
    """How many tokens the model has embeddings for, None where it has no such layer."""
    layer = embedding_layer(model)
    return None if layer is None else int(layer.weight.shape[0])


def word_ids(tokenizer: Any, words: Sequence[str]) -> list[tuple[int, ...]]:
    """The tokens of each word as it reads inside a text; empty for what the tokenizer does not see as text."""
    options = {"add_special_tokens": False, "return_attention_mask": False, "verbose": False}
    if not words:
        return []
    lead = len(tokenizer([CARRIER], **options)["input_ids"][0])
    rows = tokenizer([f"{CARRIER} {word}" for word in words], **options)["input_ids"]
    return [tuple(row[lead:]) for row in rows]


def whole_words(tokenizer: Any) -> list[tuple[int, str]]:
    """(token, word) of every token that is a word of letters by itself, in token order."""
    ids = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    read = [(i, tokenizer.decode([i]).strip()) for i in ids]
    read = [(i, word) for i, word in read if word.isalpha()]
    tokens = word_ids(tokenizer, [word for _, word in read])
    return [pair for pair, found in zip(read, tokens, strict=True) if found == pair[:1]]
