"""Hugging Face taggers: any token-classification checkpoint whose tags mark entities, local or from a hub."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input
from robustness.errors import UsageError
from robustness.tasks.reading.tag_schemes import OUTSIDE, entity_type, runs
from robustness.victims.base import Victim, VictimInfo
from robustness.victims.entity_types import EntityTypes, entity_types
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.classifier import LENGTH_QUANTUM, describe, padding
from robustness.victims.transformers.fast.mixing import NEVER, probe_texts
from robustness.victims.transformers.opening import opening
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.probing import NOTE, Rest, accepted, padding_matters, uneven_texts
from robustness.victims.transformers.tagged_words import tagged_words
from robustness.victims.transformers.tokens import Place, Tokens, batch
from robustness.victims.transformers.vocabulary import vocabulary_notes

FoundEntity = dict[str, Any]
"""``start``, ``end``, ``label`` and ``score``, as a pipeline of transformers names them."""


class TaggerVictim:
    """A token classifier that answers with spans; on a processor they, and how sure it is, do not depend on the batch."""

    def __init__(
        self, info: VictimInfo, model: Any, tokens: Tokens, tags: Sequence[str], types: EntityTypes, pad_id: int
    ) -> None:
        self._tokens, self._tags, self._types, self._pad_id = tokens, tuple(tags), types, pad_id
        self._device = str(model.device)
        self._model = model
        self._takes = accepted(model)
        self._rest: Rest | None = None
        self._info = info
        rest = Rest(model)
        texts = uneven_texts(probe_texts(1), tokens.lengths, LENGTH_QUANTUM)
        bare = padding_matters(self._gist, texts, LENGTH_QUANTUM)
        if rest.disturbed():  # a text of one length changes how the next is read, so each is asked as if it were the first
            rest.restore()
            self._rest, bare = rest, True
        if bare:
            self._info = replace(info, length_quantum=1, notes=(*info.notes, NOTE))

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[list[FoundEntity]]:
        """The entities of each text, in order of place.

        Raises:
            VictimError: a text holds a lone surrogate; the other inputs are not answered either.
        """
        encoded = self._tokens.encode(inputs)
        groups: dict[int, list[int]] = defaultdict(list)
        quantum = self._info.length_quantum
        for n, row in enumerate(encoded):  # one padded length at a time, whatever stands beside a text
            groups[-(-len(row) // quantum)].append(n)
        answers: list[list[FoundEntity]] = [[] for _ in inputs]
        for members in groups.values():
            rows = members + members[:1] * (-len(members) % max(1, self._info.row_quantum))
            shares = self._shares([inputs[n] for n in rows], quantum)
            for n, place, share in zip(members, self._tokens.places([inputs[n] for n in members]), shares, strict=False):
                answers[n] = self._entities(inputs[n][0], place, share)
        return answers

    def _entities(self, text: str, places: Sequence[Place | None], shares: NDArray[np.float64]) -> list[FoundEntity]:
        words = tagged_words(text, places)
        best = shares.argmax(-1)
        tags = [OUTSIDE if word.token is None else self._tags[best[word.token]] for word in words]
        found: list[FoundEntity] = []
        for first, end, own in runs(tags):
            label = self._types.of(own)
            if label is not None:
                sure = float(np.mean([shares[word.token].max() for word in words[first:end] if word.token is not None]))
                found.append({"start": words[first].start, "end": words[end - 1].end, "label": label, "score": sure})
        return found

    def _shares(self, inputs: Sequence[Input], step: int) -> NDArray[np.float64]:
        """The share of belief of each tag at each token, (n, tokens, tags)."""
        shares: NDArray[np.float64] = self._logits(inputs, step).double().softmax(-1).cpu().numpy()
        return shares

    def _gist(self, inputs: Sequence[Input], step: int) -> NDArray[np.float64]:
        """The mean logits of each text's own tokens, (n, tags): what padding must not change."""
        logits = self._logits(inputs, step).double().cpu().numpy()
        return np.stack([row[:size].mean(0) for row, size in zip(logits, self._tokens.lengths(inputs), strict=True)])

    def _logits(self, inputs: Sequence[Input], step: int) -> Any:
        import torch

        columns = batch(self._tokens.encode(inputs), self._pad_id, multiple=step, limit=self._tokens.limit)
        if self._rest is not None:
            self._rest.restore()
        with torch.inference_mode():
            ready = {name: torch.from_numpy(c).to(self._device) for name, c in columns.items() if self._takes(name)}
            return self._model(**ready).logits

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens of each input, special tokens included, after truncation."""
        return self._tokens.lengths(inputs)

    def truncated(self, inputs: Sequence[Input]) -> list[bool]:
        """Which inputs are longer than the model reads; no entity is found past the cut."""
        return self._tokens.truncated(inputs)

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of each input's token ids after truncation; None for one with a lone surrogate."""
        return self._tokens.readings(inputs)

    def unknown_tokens(self, inputs: Sequence[Input]) -> list[tuple[int, int]]:
        """(unknown tokens, tokens without special ones) of each input, after truncation."""
        return self._tokens.unknown(inputs)

    def close(self) -> None:
        """Nothing is held beyond memory."""


def load_tagger(
    path_or_name: str,
    *,
    device: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    max_length: int | None = None,
    offline: bool = False,
    fields: Sequence[str] = ("text",),
    label: str | None = None,
) -> Victim:
    """Load a token-classification checkpoint from a folder or a hub.

    ``label``: names for its entity types, such as ``PERSON=PER,*=O`` (``robustness.victims.entity_types``).

    Raises:
        UsageError: no such folder, a device or length that cannot be used, tags that mark no entities, more than one field.
        VictimError: the checkpoint cannot be loaded, lacks a trained head, or has weights in pickles only.
        MissingExtraError: torch or transformers is not installed.
    """
    if len(fields) != 1:
        raise UsageError(f"a tagger reads one field, got {list(fields)}")
    with opening(
        path_or_name, device=device, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, offline=offline
    ) as begun:
        tags_of(begun.config)
        tokenizer = begun.tokenizer()
        model = begun.headed("AutoModelForTokenClassification", "token classifier", allow_pickle=allow_pickle)
        pins = begun.pins(model, tokenizer)
    used = begun.device
    tokens = Tokens(tokenizer, token_limit(tokenizer, model, max_length))
    if not tokenizer.is_fast:
        raise UsageError(
            f"the tokenizer of {path_or_name} does not say where its tokens stand in the text; save a fast one beside the "
            "weights (tokenizer.json)"
        )
    tags = tags_of(model.config)
    own = tuple(dict.fromkeys(one for one in map(entity_type, tags) if one is not None))
    types = entity_types(label, own, f"hf:{path_or_name}")
    pad_id, padding_notes = padding(tokenizer, model.config)
    name = f"hf:{path_or_name}" + (f"#{label}" if label else "")
    pins |= {"max_tokens": str(tokens.limit), "types": ",".join(f"{one}={new}" for one, new in types.names)}
    notes = (*vocabulary_notes(tokenizer, begun.config), *padding_notes)
    info = describe(name, "hf", types.labels, tokens, pins, used, fields=tuple(fields), notes=notes)
    info = replace(info, task="ner", gradients=False, mixed_lengths=NEVER if used == "cpu" else info.mixed_lengths)
    return TaggerVictim(info, checkpoints.settled(model, used), tokens, tags, types, pad_id)


def tags_of(config: Any) -> tuple[str, ...]:
    """The names of the tags in the order of the logits; raises ``UsageError`` for tags that mark no entities."""
    names: Mapping[Any, Any] = config.id2label
    tags = tuple(str(name) for _, name in sorted(names.items(), key=lambda pair: int(pair[0])))
    if OUTSIDE not in tags:
        raise UsageError(
            f"the checkpoint has no tag {OUTSIDE!r} for words outside of entities, it has: {', '.join(tags[:8])}"
            f"{' …' if len(tags) > 8 else ''}; a tagger of parts of speech finds no entities, and where the names are missing, "
            "write them into id2label of its config.json"
        )
    if not any(entity_type(tag) for tag in tags):
        raise UsageError("the checkpoint has no tag but O; expected tags of entities in id2label of its config.json")
    return tags
