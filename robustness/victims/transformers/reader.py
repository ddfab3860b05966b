"""Hugging Face readers: checkpoints that mark the answer to a question inside a context (…ForQuestionAnswering)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.errors import UsageError, VictimError
from robustness.victims.base import Victim, VictimInfo
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.classifier import LENGTH_QUANTUM, padding
from robustness.victims.transformers.fast.mixing import ROW_QUANTUM
from robustness.victims.transformers.opening import opening
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.probing import accepted
from robustness.victims.transformers.tokens import READING_BYTES, Encoded, batch, check_readable, is_readable
from robustness.victims.transformers.vocabulary import vocabulary_notes

FIELDS = ("question", "context")
MAX_ANSWER_TOKENS = 30
"""The longest answer, as in the scripts that made most of these checkpoints."""
LONGEST_WINDOW = 384
STRIDE_SHARE = 0.25
"""Windows of a long context overlap by this share of a window, so that an answer at the end of one is whole in the next."""
ROWS = 16
SCORE_DECIMALS = 6
CACHED = 20_000


@dataclass(frozen=True, slots=True)
class Window:
    """The question with a stretch of the context. ``spans``: code points of the context of each token, None for the others."""

    encoded: Encoded
    spans: tuple[tuple[int, int] | None, ...]


class ReaderVictim:
    """Answers with the span of the context whose start and end logits add up highest, over all windows of a long context.

    Each window is asked among windows of its own padded length and in rows by fours, so that on a processor an answer does not
    depend on what else is asked. A checkpoint that can say "no answer" is not let.
    """

    def __init__(self, info: VictimInfo, model: Any, tokenizer: Any, limit: int, pad_id: int, device: str) -> None:
        self._info, self._tokenizer, self._limit = info, tokenizer, limit
        self._model = checkpoints.settled(model, device)
        self._takes = accepted(self._model)
        self._pad_id, self._device = pad_id, device
        self._memory: dict[Input, tuple[tuple[Window, ...], bool]] = {}

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[dict[str, Any]]:
        """``answer``, its place ``start`` and ``end`` in code points of the context, and its probability as ``score``.

        The answer is empty where the tokenizer makes nothing of the context.

        Raises:
            VictimError: a text holds a lone surrogate; the other inputs are not answered either.
        """
        for one in inputs:
            check_readable(one)
        windows = [self._windows(one)[0] for one in inputs]
        logits = self._logits([window for own in windows for window in own])
        answers, at = [], 0
        for one, own in zip(inputs, windows, strict=True):
            answers.append(_best_span(one[1], own, logits[at : at + len(own)]))
            at += len(own)
        return answers

    def _logits(self, windows: Sequence[Window]) -> list[NDArray[np.float64]]:
        """Start and end logits of each window, (2, tokens)."""
        groups: dict[int, list[int]] = defaultdict(list)
        for n, window in enumerate(windows):
            groups[-(-len(window.encoded) // LENGTH_QUANTUM)].append(n)
        found: dict[int, NDArray[np.float64]] = {}
        for group in groups.values():
            for part in (group[i : i + ROWS] for i in range(0, len(group), ROWS)):
                rows = part + part[:1] * (-len(part) % ROW_QUANTUM)
                columns = batch([windows[n].encoded for n in rows], self._pad_id, multiple=LENGTH_QUANTUM, limit=self._limit)
                for n, row in zip(part, self._asked(columns), strict=False):
                    found[n] = row[:, : len(windows[n].encoded)]
        return [found[n] for n in range(len(windows))]

    def _asked(self, columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
        import torch

        with torch.inference_mode():
            ready = {name: torch.from_numpy(c).to(self._device) for name, c in columns.items() if self._takes(name)}
            out = self._model(**ready)
        both: NDArray[np.float64] = torch.stack([out.start_logits, out.end_logits], dim=1).double().cpu().numpy()
        return both

    def _windows(self, one: Input) -> tuple[tuple[Window, ...], bool]:
        """The windows of an input, and whether its question had to be cut."""
        found = self._memory.pop(one, None) or self._encoded(one)
        self._memory[one] = found
        if len(self._memory) > CACHED:
            self._memory.pop(next(iter(self._memory)))
        return found

    def _encoded(self, one: Input) -> tuple[tuple[Window, ...], bool]:
        question, cut = self._question(one[0])
        out = self._tokenizer(
            question,
            one[1],
            truncation="only_second",
            max_length=self._limit,
            stride=self._stride(question),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_attention_mask=False,
            verbose=False,
        )
        wanted = [name for name in ("input_ids", "token_type_ids") if name in out]
        windows = []
        for n in range(len(out["input_ids"])):
            columns = {name: np.asarray(out[name][n], dtype=np.int64) for name in wanted}
            fields = zip(out.sequence_ids(n), out["offset_mapping"][n], strict=True)
            spans = tuple((int(s), int(e)) if field == 1 and e > s else None for field, (s, e) in fields)
            windows.append(Window(Encoded(columns, cut), spans))
        return tuple(windows), cut

    def _question(self, text: str) -> tuple[str, bool]:
        """The question, cut to half of what the model reads: the context needs room too."""
        out = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        most = max(1, self._limit // 2)
        if len(out["input_ids"]) <= most:
            return text, False
        return text[: out["offset_mapping"][most - 1][1]], True

    def _stride(self, question: str) -> int:
        length = len(self._tokenizer(question, add_special_tokens=False, verbose=False)["input_ids"])
        room = self._limit - length - int(self._tokenizer.num_special_tokens_to_add(pair=True))
        return max(0, min(int(STRIDE_SHARE * self._limit), room // 2))

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens of all windows of each input. Never raises over a text: an unreadable one counts its characters."""
        return [
            sum(len(window.encoded) for window in self._windows(one)[0]) if is_readable(one) else max(1, sum(map(len, one)))
            for one in inputs
        ]

    def truncated(self, inputs: Sequence[Input]) -> list[bool]:
        """Which inputs lose text: those with a question of more than half of what the model reads. A long context loses none."""
        return [is_readable(one) and self._windows(one)[1] for one in inputs]

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of the token ids and token types of all windows; None for an input with a lone surrogate."""
        return [_reading(self._windows(one)[0]) if is_readable(one) else None for one in inputs]

    def unknown_tokens(self, inputs: Sequence[Input]) -> list[tuple[int, int]]:
        """(unknown tokens, tokens) of the context of each input, what two windows share counted twice."""
        unknown = self._tokenizer.unk_token_id
        found = []
        for one in inputs:
            windows = self._windows(one)[0] if is_readable(one) else ()
            ids = [w.encoded.columns["input_ids"][n] for w in windows for n, span in enumerate(w.spans) if span is not None]
            found.append((sum(int(i == unknown) for i in ids) if unknown is not None else 0, len(ids)))
        return found

    def close(self) -> None:
        """Nothing is held beyond memory."""


def _reading(windows: Sequence[Window]) -> bytes:
    total = blake2b(digest_size=READING_BYTES)
    for window in windows:
        total.update(window.encoded.reading)
    return total.digest()


def _best_span(context: str, windows: Sequence[Window], logits: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    """The span with the highest sum of logits; ``score``: the product of its start's and its end's share among all tokens."""
    best = max((found for pair in zip(windows, logits, strict=True) for found in _spans(*pair)), default=None)
    if best is None:
        return {"answer": "", "start": 0, "end": 0, "score": 0.0}
    total, start, end = best[0], -best[1], best[2]
    norm = sum(float(_log_sum(windows, logits, which)) for which in (0, 1))
    text = context[start:end]
    lead = len(text) - len(text.lstrip())
    score = round(min(1.0, float(np.exp(total - norm))), SCORE_DECIMALS)
    return {"answer": text.strip(), "start": start + lead, "end": start + lead + len(text.strip()), "score": score}


def _log_sum(windows: Sequence[Window], logits: Sequence[NDArray[np.float64]], which: int) -> np.float64:
    """The logarithm of the sum over all tokens of the context, each window's own."""
    inside = [row[which][[span is not None for span in w.spans]] for w, row in zip(windows, logits, strict=True)]
    found: np.float64 = np.logaddexp.reduce(np.concatenate(inside))
    return found


def _spans(window: Window, logits: NDArray[np.float64]) -> Iterator[tuple[float, int, int]]:
    """The best span of a window as (sum of logits, minus its start, its end): of equal ones the first in the context."""
    places = [n for n, span in enumerate(window.spans) if span is not None]
    if not places:
        return
    starts, ends = logits[0][places], logits[1][places]
    sums = starts[:, None] + ends[None, :]
    size = len(places)
    reach = np.arange(size)[None, :] - np.arange(size)[:, None]
    sums[(reach < 0) | (reach >= MAX_ANSWER_TOKENS)] = -np.inf
    first, last = divmod(int(np.argmax(sums)), size)
    start, end = window.spans[places[first]], window.spans[places[last]]
    assert start is not None
    assert end is not None
    yield float(sums[first, last]), -start[0], max(start[1], end[1])


def load_reader(
    path_or_name: str,
    *,
    device: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    max_length: int | None = None,
    offline: bool = False,
    fields: Sequence[str] | None = None,
    label: str | None = None,
) -> Victim:
    """Load a question-answering checkpoint from a folder or a hub.

    ``fields``: names of the question and the context, in this order. ``max_length``: tokens of a window, question included; a
    longer context is read in windows that overlap. Weights are read in float32.

    Raises:
        UsageError: a label, other than two fields, a device or length that cannot be used, a tokenizer without offsets.
        VictimError: the checkpoint cannot be loaded, lacks a trained head, or has weights in pickles only.
        MissingExtraError: torch or transformers is not installed.
    """
    names = FIELDS if fields is None or tuple(fields) == ("text",) else tuple(fields)
    if len(set(names)) != 2:
        raise UsageError(f"a reader takes two fields, the question and the context, got {list(names)}; see --fields")
    if label is not None:
        raise UsageError(f"{path_or_name} marks an answer inside a context and has no labels; drop #{label}")
    with opening(
        path_or_name, device=device, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, offline=offline
    ) as begun:
        transformers, source, config = begun.transformers, begun.source, begun.config
        tokenizer = begun.tokenizer()
        if not tokenizer.is_fast:
            raise UsageError(f"{path_or_name} has no fast tokenizer, which alone says where in the context its tokens stand")
        model = _reader(transformers, source, begun.options, allow_pickle=allow_pickle)
        pins = begun.pins(model, tokenizer)
    used = begun.device
    pad_id, padding_notes = padding(tokenizer, model.config)
    most = token_limit(tokenizer, model, max_length) or LONGEST_WINDOW
    limit = most if max_length is not None else min(most, LONGEST_WINDOW)
    if limit < 2 * (1 + tokenizer.num_special_tokens_to_add(pair=True)):
        raise UsageError(f"max_length must leave room for a question and a context besides the special tokens, got {limit}")
    exact = used == "cpu"
    notes = (*padding_notes, *vocabulary_notes(tokenizer, config))
    info = VictimInfo(
        name=f"hf:{path_or_name}",
        kind="hf",
        labels=(),
        fields=names,
        identity=tuple(sorted((pins | {"max_tokens": str(limit), "answer_tokens": str(MAX_ANSWER_TOKENS)}).items())),
        deterministic=exact,
        task="qa",
        notes=notes if exact else (*notes, f"on {used} the last digits of a score depend on the batch"),
    )
    return ReaderVictim(info, model, tokenizer, limit, pad_id, used)


def _reader(transformers: Any, source: str, options: Mapping[str, Any], *, allow_pickle: bool) -> Any:
    """The model in float32; one whose head would be newly made is refused."""
    import torch

    safe = {} if allow_pickle else {"use_safetensors": True}
    auto = transformers.AutoModelForQuestionAnswering
    model, loading = auto.from_pretrained(
        source, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True, **safe, **options
    )
    bad = sorted({*loading["missing_keys"], *(str(key[0]) for key in loading["mismatched_keys"])})
    if bad:
        raise VictimError(
            f"{source} lacks trained weights for {', '.join(bad[:4])}{' …' if len(bad) > 4 else ''}, and random ones would "
            "answer; give the checkpoint of a trained reader"
        )
    return model
