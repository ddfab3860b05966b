"""Masked language models: any fill-mask checkpoint, asked for the words that fit into a blank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from attacks.search import Span
from robustness.engine.time_limit import guarded
from robustness.errors import UsageError, VictimError
from robustness.victims.transformers.derivatives import whole_words
from robustness.victims.transformers.fast.kernels import TOLERANCE
from robustness.victims.transformers.fast.mixing import ALWAYS, ROW_QUANTUM, independent, probe_texts
from robustness.victims.transformers.fast.unpadded import PADDING_COST, filled, fills, unpad
from robustness.victims.transformers.tokens import Tokens, batch, check_readable

Blank = tuple[str, str, str, int]
"""(left, right, word that the model reads between or "" for the mask, number of words asked for)."""
Filling = list[tuple[str, float]]
MAX_TOKENS = 256
LENGTH_QUANTUM = 4


class Masker(Protocol):
    """Anything that fills blanks; batching and caching live in the oracle."""

    name: str
    identity: Mapping[str, str]
    row_quantum: int
    length_quantum: int
    mixed_lengths: tuple[int, int]
    padding_cost: float

    def lengths(self, blanks: Sequence[Blank]) -> Sequence[int]:
        """Tokens of each blank with its context."""

    def fill(self, blanks: Sequence[Blank]) -> Sequence[Filling]:
        """(word, probability) for each blank, likeliest first: whole words only."""


class MaskedLM:
    """A transformer with a masked-language-model head; subwords, digits and punctuation are never offered.

    A probability is the token's share of the model's whole vocabulary. A context longer than the model reads loses words at
    the end farther from the blank.
    """

    def __init__(self, name: str, model: Any, tokens: Tokens, pad_id: int, pins: Mapping[str, str], device: str) -> None:
        from robustness.victims.transformers.checkpoints import settled

        self.name, self.identity = name, pins
        self._tokens, self._pad_id, self._device = tokens, pad_id, device
        self._model = settled(model, device)
        self.row_quantum, self.length_quantum = (ROW_QUANTUM, LENGTH_QUANTUM) if device == "cpu" else (0, 1)
        probe = probe_texts(1)

        def ask() -> NDArray[np.float64]:
            columns = batch(tokens.encode(probe), pad_id, multiple=LENGTH_QUANTUM, limit=tokens.limit)
            return self._likely(columns, [1] * len(probe))

        self._narrow = False
        unpadded = device == "cpu" and unpad(self._model, ask, first=False)
        self._narrow = self._narrows(ask)
        self.padding_cost = PADDING_COST if unpadded else 1.0
        self.mixed_lengths = ALWAYS
        if device == "cpu":
            self.row_quantum, self.mixed_lengths = self._independent(unpadded)

    def _narrows(self, ask: Callable[[], NDArray[np.float64]]) -> bool:
        """Whether the head answers the same when it sees nothing but the blanks: most of its work is for other tokens."""
        with suppress(Exception):
            before = ask()
            self._narrow = True
            return np.allclose(ask(), before, rtol=TOLERANCE, atol=TOLERANCE / 10)
        return False

    def _independent(self, unpadded: bool) -> tuple[int, tuple[int, int]]:
        def forward(columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
            return self._likely(columns, [1] * len(columns["input_ids"]))

        return independent(forward, self._tokens, self._pad_id, single=unpadded and fills(self._model))

    def lengths(self, blanks: Sequence[Blank]) -> Sequence[int]:
        """Tokens of each blank with its context, after shortening."""
        return self._tokens.lengths([(self._view(blank)[0],) for blank in blanks])

    def fill(self, blanks: Sequence[Blank]) -> Sequence[Filling]:
        """The likeliest whole words of each blank; none where the model does not read the blank."""
        views = [self._view(blank) for blank in blanks]
        encoded = self._tokens.encode([(text,) for text, _ in views])
        least, limit = self.mixed_lengths[0], self._tokens.limit
        columns = batch(encoded, self._pad_id, multiple=self.length_quantum, limit=limit, least=least)
        places = [self._place(*view) for view in views]
        likely = self._likely(columns, [at[0] if at else 0 for at in places])[:, [i for i, _ in self._vocabulary]]
        return [self._best(row, blank[3]) if at else [] for row, blank, at in zip(likely, blanks, places, strict=True)]

    def _likely(self, columns: Mapping[str, NDArray[np.int64]], places: Sequence[int]) -> NDArray[np.float64]:
        """The probability of every token at one place of each row, (n, vocabulary)."""
        import torch

        rows, at = torch.arange(len(places)), torch.tensor(places)

        def narrow(_model: Any, _inputs: Any, made: Any) -> Any:
            hidden = made.last_hidden_state  # may hold more rows than were asked, so that the head rounds alike
            made.last_hidden_state = hidden[torch.arange(len(hidden)), filled(at)[: len(hidden)]].unsqueeze(1)
            return made

        handle = self._model.base_model.register_forward_hook(narrow) if self._narrow else None
        try:
            with torch.inference_mode():
                logits = self._model(
                    **{name: torch.from_numpy(column).to(self._device) for name, column in columns.items()}
                ).logits
        finally:
            if handle is not None:
                handle.remove()
        found: NDArray[np.float64] = (logits[: len(at), 0] if handle else logits[rows, at]).double().softmax(-1).cpu().numpy()
        return found

    def _best(self, likely: Any, n: int) -> Filling:
        order = np.lexsort((np.arange(len(likely)), -likely))[:n]
        return [(self._vocabulary[i][1], float(likely[i])) for i in order]

    def _view(self, blank: Blank) -> tuple[str, Span]:
        """The text that the model reads, and where the blank stands in it."""
        left, right, standing, _ = blank
        if standing:
            view = self._shortened(left, standing, right)
            if len(self._place(*view)) == 1:
                return view
        return self._shortened(left, self._tokens.tokenizer.mask_token, right)

    def _shortened(self, left: str, middle: str, right: str) -> tuple[str, Span]:
        check_readable((left + middle + right,))
        while (left or right) and self._tokens.truncated([(left + middle + right,)])[0]:
            before, after = left.split(" "), right.split(" ")
            if len(before) > len(after):
                left = " ".join(before[1 + len(before) // 8 :])
            else:
                right = " ".join(after[: -1 - len(after) // 8])
        return left + middle + right, (len(left), len(left) + len(middle))

    def _place(self, text: str, span: Span) -> list[int]:
        """The tokens that overlap the blank."""
        places = self._tokens.places([(text,)])[0]
        return [n for n, p in enumerate(places) if p is not None and p[1] < span[1] and span[0] < p[2]]

    @cached_property
    def _vocabulary(self) -> list[tuple[int, str]]:
        return whole_words(self._tokens.tokenizer)


def load_masker(spec: str | None, *, device: str | None = None, offline: bool = False) -> Masker:
    """The masked language model that ``hf:PATH_OR_NAME`` names.

    Raises:
        UsageError: another spec.
        VictimError: the checkpoint cannot be loaded, has no trained masked-language-model head, or no mask token.
    """
    if spec is None or not spec.startswith("hf:") or not spec[3:]:
        raise UsageError(f"unknown masked language model {spec!r}; expected hf:PATH_OR_NAME")
    import torch

    from robustness.victims.transformers import checkpoints
    from robustness.victims.transformers.classifier import padding
    from robustness.victims.transformers.positions import token_limit
    from robustness.victims.transformers.vocabulary import load_tokenizer

    folder = checkpoints.locate(spec[3:])
    source = spec[3:] if folder is None else str(folder)
    transformers = checkpoints.prepare(offline=offline)
    with checkpoints.explained(source, offline=offline):
        used = checkpoints.pick_device(device)
        options = {"local_files_only": offline or folder is not None}
        checkpoints.refuse_adapter(source, folder, offline=offline)
        config = transformers.AutoConfig.from_pretrained(source, **options)
        tokenizer = load_tokenizer(transformers, source, folder, config, options)
        plain: dict[str, Any] = {"config": config, "dtype": torch.float32, "use_safetensors": True, **checkpoints.attention(used)}
        model, loading = transformers.AutoModelForMaskedLM.from_pretrained(source, output_loading_info=True, **options, **plain)
        pins = checkpoints.identity(checkpoints.snapshot(source, folder, offline=offline), tokenizer)
    if loading["missing_keys"] or tokenizer.mask_token is None or not tokenizer.is_fast:
        lacks = ", ".join(sorted(loading["missing_keys"])[:3]) or "a mask token or a fast tokenizer"
        raise VictimError(f"{source!r} is not a trained masked language model: it lacks {lacks}; give a fill-mask checkpoint")
    limit = token_limit(tokenizer, model, None)
    tokens = Tokens(tokenizer, min(limit or MAX_TOKENS, MAX_TOKENS))
    return MaskedLM(spec, model, tokens, padding(tokenizer, model.config)[0], pins, used)


class MaskerBackend:
    """Asks the masked language model; items are (left, right, word standing between or "", number of words)."""

    def __init__(self, masker: Masker) -> None:
        self.masker = masker
        self.row_quantum, self.length_quantum = masker.row_quantum, masker.length_quantum
        self.mixed_lengths, self.padding_cost = masker.mixed_lengths, masker.padding_cost

    def lengths(self, items: Sequence[Blank]) -> Sequence[int]:
        """Lengths in the model's own tokens."""
        return guarded(lambda: self.masker.lengths(items), "the masked language model")

    def compute(self, items: Sequence[Blank]) -> Sequence[list[tuple[str, float]]]:
        """(word, probability) for each blank, likeliest first."""
        return guarded(lambda: self.masker.fill(items), "the masked language model")
