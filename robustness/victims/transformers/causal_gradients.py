"""Loss gradients of a decoder that chooses among labels, with regard to each token of its prompt."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.victims.base import TokenGradients
from robustness.victims.transformers.derivatives import embedding_layer, whole_words, word_ids
from robustness.victims.transformers.prompting import Prompts

Place = tuple[int, int, int]


class PromptGradients:
    """The loss of a label is minus the log of its share, as ``Choosing`` scores it: likelihoods of whole answers, ``prior`` off.

    ``words``: the tokens of each label's answer.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        prompts: Prompts,
        words: Sequence[Sequence[int]],
        prior: Callable[[], NDArray[np.float64]],
    ) -> None:
        self._model, self._tokenizer, self._prompts, self._words, self._prior = model, tokenizer, prompts, words, prior
        self._layer = embedding_layer(model)
        for weight in model.parameters():
            weight.requires_grad_(False)

    def token_gradients(self, inputs: Sequence[Input], labels: Sequence[int]) -> list[TokenGradients]:
        """One prompt at a time, so that its gradient depends on no other."""
        return [self._of(one, label) for one, label in zip(inputs, labels, strict=True)]

    def embeddings(self) -> NDArray[np.float32]:
        """The input embedding of every token, (vocabulary, d)."""
        table: NDArray[np.float32] = self._layer.weight.detach().float().cpu().numpy()
        return table

    def word_ids(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of each word as it reads inside a text."""
        return word_ids(self._tokenizer, words)

    def whole_words(self) -> list[tuple[int, str]]:
        """Every token that is a whole word by itself, with that word."""
        return whole_words(self._tokenizer)

    def _of(self, texts: Input, label: int) -> TokenGradients:
        import torch

        ids = self._prompts.encode(texts)
        device = self._layer.weight.device
        with torch.enable_grad():
            prompt = self._layer(torch.tensor([ids], device=device)).detach().requires_grad_(True)
            found = torch.stack([self._likelihood(prompt, answer) for answer in self._words])
            found = found - torch.as_tensor(self._prior(), device=device)
            (gradient,) = torch.autograd.grad(found.logsumexp(0) - found[label], prompt)
        return TokenGradients(self._places(texts, len(ids)), np.asarray(ids, np.int64), gradient[0].float().cpu().numpy())

    def _likelihood(self, prompt: Any, answer: Sequence[int]) -> Any:
        """The natural logarithm of the probability of an answer, a scalar that carries its gradient."""
        import torch

        row = torch.tensor([list(answer)], device=prompt.device)
        read = torch.cat([prompt, self._layer(row[:, :-1])], dim=1)
        logits = self._model(inputs_embeds=read, use_cache=False).logits[0, prompt.shape[1] - 1 :].double()
        return logits.log_softmax(-1).gather(1, row[0][:, None]).sum()

    def _places(self, texts: Input, count: int) -> tuple[Place | None, ...]:
        """The place of each token of the prompt in the texts; None for the prompt's own words.

        A text that stands in the prompt several times is the last of them: what a prompt says of it comes before.
        """
        rendered = self._prompts.render(texts)
        offsets = self._tokenizer(
            rendered, add_special_tokens=not self._prompts.chat, return_offsets_mapping=True, verbose=False
        )["offset_mapping"][:count]
        starts = [(field, rendered.rfind(text), len(text)) for field, text in enumerate(texts) if text]
        found: list[Place | None] = []
        for begin, end in offsets:
            hits = [(field, at, size) for field, at, size in starts if at >= 0 and begin < at + size and at < end]
            found.append((hits[0][0], max(begin - hits[0][1], 0), min(end - hits[0][1], hits[0][2])) if hits else None)
        return (*found, *[None] * (count - len(found)))


def differentiable(model: Any, tokenizer: Any) -> bool:
    """Whether gradients can be had: a tokenizer that tells where its tokens stand, and a model that reads embeddings."""
    takes = "inputs_embeds" in inspect.signature(model.forward).parameters
    return bool(getattr(tokenizer, "is_fast", False)) and takes and embedding_layer(model) is not None
