"""Encoder-decoders (Marian, T5, BART …ForConditionalGeneration) as victims: what they write for a text, greedily.

On a processor a text is never padded and always computed among as many rows, so that no neighbour changes what is written: a
kernel may round otherwise by the number of its rows, and a token that wins by the last bit then loses. Writing goes on from its
own tokens, so one such token changes the rest of a translation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from attacks.search import Input
from robustness.errors import UsageError, VictimError
from robustness.tasks.registry import task_named
from robustness.victims.base import Victim, VictimInfo
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.classifier import padding
from robustness.victims.transformers.opening import opening
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.tokens import Tokens, batch
from robustness.victims.transformers.vocabulary import vocabulary_notes

ROWS = 4
"""Rows of every batch on a processor."""
MAX_NEW_TOKENS = 256
TASKS = ("translation", "summarisation", "generation")
KNOWN = {"marian": "translation", "m2m_100": "translation", "fsmt": "translation", "pegasus": "summarisation"}
"""By ``model_type``, what such a model can only be for; others do either, and the user must say."""
BEAMS = {
    "num_beams": 1,
    "num_beam_groups": 1,
    "num_return_sequences": 1,
    "do_sample": False,
    "early_stopping": False,
    "length_penalty": 1.0,
    "diversity_penalty": 0.0,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
}
"""What makes writing greedy, and the settings beside that only beams and sampling read, as transformers has them by default."""


class Seq2SeqVictim:
    """An encoder-decoder; ``prefix`` goes before every text, as T5 was trained."""

    def __init__(self, info: VictimInfo, model: Any, tokens: Tokens, pad_id: int, device: str, prefix: str, most: int) -> None:
        self._info, self._tokens, self._pad_id, self._device, self._prefix = info, tokens, pad_id, device, prefix
        self._model, self._most = checkpoints.settled(model, device), most
        self._ends = _ids(model.generation_config.eos_token_id)

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[dict[str, str]]:
        """``{"text", "finish"}`` of each input; ``finish`` is ``length`` where the answer was cut off, else ``stop``.

        Raises:
            VictimError: a text holds a lone surrogate; the other inputs are not answered either.
        """
        encoded = self._tokens.encode(self._read(inputs))
        rows: dict[int, dict[str, str]] = {}
        for together in self._batches([len(one) for one in encoded]):
            columns = batch([encoded[n] for n in together], self._pad_id)
            rows.update(zip(together, self._written(columns), strict=True))
        return [rows[n] for n in range(len(inputs))]

    def _batches(self, lengths: Sequence[int]) -> list[list[int]]:
        """Rows to be computed together, of one length each, filled up by repetition."""
        groups: dict[int, list[int]] = defaultdict(list)
        for n, length in enumerate(lengths):
            groups[length].append(n)
        cut = [rows[at : at + ROWS] for rows in groups.values() for at in range(0, len(rows), ROWS)]
        return [rows + rows[:1] * (ROWS - len(rows)) for rows in cut]

    def _written(self, columns: dict[str, Any]) -> list[dict[str, str]]:
        import torch

        given = {name: torch.from_numpy(columns[name]).to(self._device) for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            made = self._model.generate(**given, max_new_tokens=self._most).cpu().numpy()
        return [self._row(ids) for ids in made]

    def _row(self, ids: Any) -> dict[str, str]:
        text = self._tokens.tokenizer.decode(ids, skip_special_tokens=True)
        ended = bool(np.isin(ids[1:], self._ends).any())  # the first only starts the decoder, with BART by the end token
        return {"text": str(text).strip(), "finish": "stop" if ended else "length"}

    def _read(self, inputs: Sequence[Input]) -> list[Input]:
        return [(self._prefix + one[0],) for one in inputs] if self._prefix else list(inputs)

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens of each input, special tokens included, after truncation."""
        return self._tokens.lengths(self._read(inputs))

    def truncated(self, inputs: Sequence[Input]) -> list[bool]:
        """Which inputs are longer than the model reads."""
        return self._tokens.truncated(self._read(inputs))

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of each input's tokens after truncation; None for one with a lone surrogate."""
        return self._tokens.readings(self._read(inputs))

    def unknown_tokens(self, inputs: Sequence[Input]) -> list[tuple[int, int]]:
        """(unknown tokens, tokens without special ones) of each input, after truncation."""
        return self._tokens.unknown(self._read(inputs))

    def close(self) -> None:
        """Nothing is held beyond memory."""


def load_seq2seq(
    path_or_name: str,
    *,
    device: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    max_length: int | None = None,
    max_new_tokens: int | None = None,
    offline: bool = False,
    fields: Sequence[str] = ("text",),
    task: str | None = None,
    prefix: str | None = None,
) -> Victim:
    """Load an encoder-decoder from a folder or a hub. Weights are read in float32.

    ``task``: ``translation``, ``summarisation`` or ``generation``; needed where its kind does not tell. ``prefix``: put before
    every text (``"translate English to German: "``). ``max_new_tokens``: where an answer is cut off, and counts as none.

    Raises:
        UsageError: no such folder, a device or length that cannot be used, a task that it cannot be for, or that is not told.
        VictimError: the checkpoint cannot be loaded, lacks trained weights, or has them in pickles only.
        MissingExtraError: torch or transformers is not installed.
    """
    if len(fields) != 1:
        raise UsageError(f"an encoder-decoder reads one field, got {list(fields)}")
    if max_new_tokens is not None and max_new_tokens < 1:
        raise UsageError(f"max_new_tokens must be at least 1, got {max_new_tokens}")
    with opening(
        path_or_name,
        device=device,
        allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
        offline=offline,
        takes_adapter=False,
    ) as begun:
        transformers, source, config = begun.transformers, begun.source, begun.config
        asked = _task(config, task)
        tokenizer = begun.tokenizer()
        model = _model(transformers, source, begun.options, allow_pickle=allow_pickle)
        pins = begun.pins(model, tokenizer)
    used = begun.device
    pad_id, notes = padding(tokenizer, model.config)
    tokens = Tokens(tokenizer, token_limit(tokenizer, model, max_length))
    most = max_new_tokens or _most(model)
    greedy = _greedy(model)
    pins |= {"max_tokens": str(tokens.limit), "max_new_tokens": str(most), "prefix": prefix or ""}
    exact = used == "cpu"
    info = VictimInfo(
        name=f"hf:{path_or_name}",
        kind="hf",
        labels=(),
        fields=tuple(fields),
        identity=tuple(sorted(pins.items())),
        row_quantum=ROWS if exact else 0,
        max_tokens=tokens.limit,
        deterministic=exact,
        task=asked,
        notes=(
            *notes,
            *vocabulary_notes(tokenizer, config),
            f"writes greedily (one beam, no sampling), up to {most} tokens{greedy}",
            *_missing_prefix(config, prefix),
            *(() if exact else (f"on {used} a token that wins narrowly may depend on the batch",)),
        ),
    )
    return Seq2SeqVictim(info, model, tokens, pad_id, used, prefix or "", most)


def _task(config: Any, asked: str | None) -> str:
    """What it is asked; raises ``UsageError`` where it is not told, or is none of its."""
    kind = str(getattr(config, "model_type", ""))
    name = (list(getattr(config, "architectures", None) or ()) or [kind])[0]
    if not getattr(config, "is_encoder_decoder", False) or hasattr(config, "vision_config") or hasattr(config, "num_mel_bins"):
        raise UsageError(f"the checkpoint is a {name}, which does not read a text to write a text; it cannot be audited")
    if asked is not None:
        task_named(asked)
    task = asked or KNOWN.get(kind)
    if task is None:
        raise UsageError(f"the checkpoint is a {name}, which may be for {' or '.join(TASKS[:2])}; say which: --task {TASKS[0]}")
    if task not in TASKS:
        raise UsageError(f"the checkpoint is a {name}, which writes text; its task is one of {', '.join(TASKS)}, got {task!r}")
    return task


def _model(transformers: Any, source: str, options: dict[str, Any], *, allow_pickle: bool) -> Any:
    import torch

    safe = {} if allow_pickle else {"use_safetensors": True}
    auto = transformers.AutoModelForSeq2SeqLM
    model, loading = auto.from_pretrained(source, dtype=torch.float32, output_loading_info=True, **safe, **options)
    missing = sorted(loading["missing_keys"])
    if missing:
        raise VictimError(
            f"{source!r} is not a trained encoder-decoder: it lacks {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}; "
            "save the whole model with save_pretrained"
        )
    return model


def _most(model: Any) -> int:
    """The checkpoint's own limit where it states one; the 20 of the library's default is none."""
    stated = model.generation_config
    most = stated.max_new_tokens or (stated.max_length if stated.max_length not in (None, 20) else None) or MAX_NEW_TOKENS
    positions = getattr(model.config, "max_position_embeddings", None)
    return int(min(most, positions - 2) if isinstance(positions, int) and positions > 2 else most)


def _greedy(model: Any) -> str:
    """Make writing greedy; what that changes of the checkpoint's own settings, in words."""
    settings = model.generation_config
    beams, sampled = settings.num_beams, settings.do_sample
    for name, value in BEAMS.items():
        if hasattr(settings, name):
            setattr(settings, name, value)
    settings.max_length = None  # else it and max_new_tokens are two limits, with a warning
    settings.forced_eos_token_id = None  # it would make an answer that was cut off look whole
    said = [f"{beams} beams"] * bool(beams and beams > 1) + ["sampling"] * bool(sampled)
    return f", though the checkpoint asks for {' and '.join(said)}" if said else ""


def _missing_prefix(config: Any, prefix: str | None) -> tuple[str, ...]:
    if getattr(config, "model_type", "") not in ("t5", "mt5") or prefix:
        return ()
    return ("no prefix is put before the texts; many T5 checkpoints were trained with one, such as 'summarize: ' (--prefix)",)


def _ids(ends: Any) -> list[int]:
    return [] if ends is None else list(ends) if isinstance(ends, (list, tuple)) else [ends]
