"""Decoders (…ForCausalLM) as victims: what they write after a prompt, or how likely they find each label as the answer.

Writing is greedy: the likeliest token each time, whatever sampling the checkpoint's own settings ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from attacks.search import Input, Unusable
from robustness.errors import UsageError, VictimError
from robustness.victims.base import TokenGradients, Victim, VictimInfo
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.asking import question_of
from robustness.victims.transformers.causal_gradients import PromptGradients, differentiable
from robustness.victims.transformers.decoding import UNCACHED, Decoder, alphabetical
from robustness.victims.transformers.opening import opening
from robustness.victims.transformers.positions import token_limit
from robustness.victims.transformers.prompting import Prompts
from robustness.victims.transformers.tokens import READING_BYTES, Tokens, is_readable
from robustness.victims.transformers.vocabulary import vocabulary_notes

CONTENT_FREE = ("N/A", "", "[MASK]")
"""Inputs that say nothing, after Zhao et al. 2021 (arXiv 2102.09690, section 5)."""
BIASED = 0.75
"""A label that is this likely for inputs that say nothing is held for the prompt's doing."""
Rows = Sequence[tuple[int, ...]]


class Answering(Protocol):
    """How a decoder answers prompts."""

    new_tokens: int

    def answers(self, prompts: Rows) -> Any:
        """One row for each prompt."""


class Writing:
    """A text for each prompt, as ``{"text", "finish"}``; ``stop``: texts at which an answer ends, left out of it.

    ``read``: what turns a whole text into a row of the task: a label's name, the part of the text that is the answer.
    """

    def __init__(
        self,
        decoder: Decoder,
        tokenizer: Any,
        ends: Sequence[int],
        *,
        most: int,
        stop: Sequence[str] = (),
        read: Callable[[str], Any] | None = None,
    ) -> None:
        self._decoder, self._tokenizer, self._ends, self._stop = decoder, tokenizer, frozenset(ends), tuple(stop)
        self.new_tokens, self._read = most, read

    def answers(self, prompts: Rows) -> list[Any]:
        """``finish``: ``stop`` where the model ended by itself or at a stop text, ``length`` where it was cut off."""
        written = self._decoder.write(prompts, self.new_tokens, self._ended)
        return [self._row(self._text(one.ids), stopped=one.stopped) for one in written]

    def _row(self, text: str, *, stopped: bool) -> Any:
        if self._read is None:
            return {"text": text, "finish": "stop" if stopped else "length"}
        if not stopped:  # the words that would have followed may say otherwise
            return Unusable(
                "truncated", f"the victim wrote {text[:80]!r} and was cut off; let it write more, or name a stop text"
            )
        return self._read(text)

    def _ended(self, ids: Sequence[int]) -> bool:
        return ids[-1] in self._ends or (bool(self._stop) and self._cut(self._decoded(ids)) is not None)

    def _text(self, ids: Sequence[int]) -> str:
        text = self._decoded(ids)
        at = self._cut(text)
        return (text if at is None else text[:at]).strip()

    def _decoded(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode([one for one in ids if one not in self._ends], skip_special_tokens=True))

    def _cut(self, text: str) -> int | None:
        """Where the first stop text begins, blanks before an answer left aside."""
        lead = len(text) - len(text.lstrip())
        found = [at for one in self._stop if (at := text.find(one, lead)) >= 0]
        return min(found, default=None)


class Choosing:
    """A score for each label: the likelihood of its words after the prompt, as a share of that of all labels.

    The likelihood is that of the whole answer, the product over its tokens: not the mean over them, which would favour long
    words whose ends are certain once they are begun. ``prior``: natural logarithms to be taken off, one per label.
    """

    def __init__(self, decoder: Decoder, words: Rows) -> None:
        self._decoder, self._words = decoder, words
        self.new_tokens = max(map(len, words))
        self.prior = np.zeros(len(words))

    def answers(self, prompts: Rows) -> NDArray[np.float64]:
        """(prompts, labels); rows sum to one."""
        found = {n: self._decoder.likelihoods(prompts[n], self._words) for n in alphabetical(prompts)}
        rows = [found[n] - self.prior for n in range(len(prompts))]
        shifted = np.exp(np.array([row - row.max() for row in rows]).reshape(len(rows), len(self._words)))
        scores: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
        return scores


class CausalVictim:
    """A decoder behind a prompt; on a processor its answer to one input depends on no other."""

    def __init__(
        self,
        info: VictimInfo,
        prompts: Prompts,
        tokens: Tokens,
        answering: Answering,
        decoder: Decoder,
        gradients: PromptGradients | None = None,
    ) -> None:
        self._info, self._prompts, self._tokens, self._answering = info, prompts, tokens, answering
        self.decoder, self._gradients = decoder, gradients

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> Any:
        """A text and how it ended for each input, or with labels (n, labels) scores.

        Raises:
            VictimError: a text holds a lone surrogate, or a prompt leaves no room for an answer; nothing is ever cut.
        """
        prompts = [self._prompts.encode(one) for one in inputs]
        limit = self._info.max_tokens
        longest = max(map(len, prompts), default=0)
        if limit is not None and longest + self._answering.new_tokens > limit:
            raise VictimError(
                f"a prompt of {longest} tokens and an answer of up to {self._answering.new_tokens} are more than the {limit} "
                "tokens that the model reads; shorten the text, or lower --max-new-tokens"
            )
        return self._answering.answers(prompts)

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens of each prompt; an unreadable input counts its characters."""
        return [len(self._prompts.encode(one)) if is_readable(one) else max(1, sum(map(len, one))) for one in inputs]

    def truncated(self, inputs: Sequence[Input]) -> list[bool]:
        """Nothing is cut: what is too long is an error."""
        return [False] * len(inputs)

    def readings(self, inputs: Sequence[Input]) -> list[bytes | None]:
        """A digest of each prompt's tokens; None for an input with a lone surrogate."""
        return [self._reading(one) if is_readable(one) else None for one in inputs]

    def _reading(self, texts: Input) -> bytes:
        from hashlib import blake2b

        return blake2b(np.asarray(self._prompts.encode(texts)).tobytes(), digest_size=READING_BYTES).digest()

    def unknown_tokens(self, inputs: Sequence[Input]) -> list[tuple[int, int]]:
        """(unknown tokens, tokens without special ones) of the texts of each input, the prompt's own words left aside."""
        counts = [self._tokens.unknown([(text,) for text in one]) for one in inputs]
        return [(sum(unknown for unknown, _ in one), sum(count for _, count in one)) for one in counts]

    def token_gradients(self, inputs: Sequence[Input], labels: Sequence[int]) -> list[TokenGradients]:
        """Loss gradients with regard to each token of the prompt."""
        return self._derivatives.token_gradients(inputs, labels)

    def embeddings(self) -> NDArray[np.float32]:
        """The input embedding of every token, (vocabulary, d)."""
        return self._derivatives.embeddings()

    def word_ids(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of each word as it reads inside a text."""
        return self._derivatives.word_ids(words)

    def whole_words(self) -> list[tuple[int, str]]:
        """Every token that is a whole word by itself, with that word."""
        return self._derivatives.whole_words()

    @property
    def _derivatives(self) -> PromptGradients:
        if self._gradients is None:
            raise VictimError(f"{self._info.name} gives no gradients: it chooses among no labels, or its tokenizer is a slow one")
        return self._gradients

    def close(self) -> None:
        """Nothing is held beyond memory."""


def load_causal(
    path_or_name: str,
    *,
    device: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    max_length: int | None = None,
    offline: bool = False,
    fields: Sequence[str] | None = None,
    task: str | None = None,
    prompt: str | None = None,
    system: str | None = None,
    max_new_tokens: int | None = None,
    stop: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    calibrate: bool = False,
    seed: int = 0,
) -> Victim:
    """Load a decoder from a folder or a hub.

    ``prompt``: a template with ``{text}``, or with the names of the fields, or ``@FILE``; a prompt of its own, FILE.toml or a
    shipped one, whose examples are drawn with ``seed``; the text alone without one.
    ``system``: the system message. ``labels``: the answers to choose from, ``NAME`` or ``NAME=WORDS`` where the model is to say
    other words than the label's name; without them it writes, up to ``max_new_tokens`` or to the first text of ``stop``.
    ``calibrate``: take off what each label gets for inputs that say nothing. ``task``: what its answers are read as.

    Raises:
        UsageError: no such folder, a prompt without a place for the text, labels that cannot be told apart, options that do not
            go together.
        VictimError: the checkpoint cannot be loaded, lacks weights, or has them in pickles only.
        MissingExtraError: torch or transformers is not installed.
    """
    question = question_of(
        task=task,
        prompt=prompt,
        system=system,
        fields=fields,
        labels=labels,
        max_new_tokens=max_new_tokens,
        stop=stop,
        calibrate=calibrate,
        seed=seed,
    )
    names = question.labels
    with opening(
        path_or_name, device=device, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code, offline=offline
    ) as begun:
        transformers, source, config = begun.transformers, begun.source, begun.config
        tokenizer = begun.tokenizer()
        prompts = Prompts(tokenizer, question.asked)  # a chat template that fails says so before the weights are read
        model = _decoder(transformers, source, begun.options, begun.device, allow_pickle)
        pins = begun.pins(model, tokenizer)
    used = begun.device
    limit = token_limit(tokenizer, model, max_length)
    ends = _ends(model, tokenizer)
    model = checkpoints.settled(model, used)
    decoder = Decoder(model, prompts.prefixes, used)
    notes = [*question.notes, *prompts.notes, *vocabulary_notes(tokenizer, config), *(() if decoder.cached else (UNCACHED,))]
    answering: Answering
    gradients: PromptGradients | None = None
    if question.scored:
        ids = _answer_ids(prompts, names, question.words)
        answering = choosing = Choosing(decoder, ids)
        if differentiable(model, tokenizer):
            gradients = PromptGradients(model, tokenizer, prompts, ids, lambda: choosing.prior)
        notes += _settle_prior(answering, prompts, names, calibrate=calibrate)
    else:
        answering = Writing(decoder, tokenizer, ends, most=question.most, stop=question.stop, read=question.read)
    if limit is not None and answering.new_tokens >= limit:
        raise UsageError(f"max_new_tokens must be less than the {limit} tokens that the model reads, got {answering.new_tokens}")
    if used != "cpu":
        notes.append(f"on {used} the last digits of a score depend on the device")
    pins |= prompts.identity | {
        "max_tokens": str(limit),
        "max_new_tokens": str(answering.new_tokens),
        "calibrate": str(calibrate),
    }
    pins |= {"ends": ",".join(map(str, ends)), "stop": "\x1f".join(question.stop), "words": "\x1f".join(question.words)}
    info = VictimInfo(
        name=f"hf:{path_or_name}",
        kind="hf",
        labels=names,
        fields=question.asked.fields,
        access="scores" if question.scored or not names else "labels",
        identity=tuple(sorted(pins.items())),
        max_tokens=limit,
        deterministic=used == "cpu",
        dialogue=prompts.chat,
        gradients=gradients is not None,
        task=question.task,
        notes=tuple(notes),
        supplied=question.asked.supplied,
        shown=question.shown,
        prompted=True,
    )
    return CausalVictim(info, prompts, Tokens(tokenizer, None), answering, decoder, gradients)


def _answer_ids(prompts: Prompts, names: Sequence[str], words: Sequence[str]) -> list[tuple[int, ...]]:
    """The tokens of each label's words; raises ``UsageError`` where one begins another, and so could never be less likely."""
    found = [prompts.answer_ids(word) for word in words]
    for name, ids, word in zip(names, found, words, strict=True):
        if not ids:
            raise UsageError(f"the tokenizer makes nothing of {word!r}, the words of the label {name}")
        longer = [other for other, its in zip(names, found, strict=True) if other != name and its[: len(ids)] == ids]
        if longer:
            raise UsageError(
                f"the words of {name} begin those of {longer[0]} ({word!r}), so {name} would always be the likelier; "
                f"give other words, such as --labels {name}=WORDS,{longer[0]}=WORDS"
            )
    return found


def _settle_prior(answering: Choosing, prompts: Prompts, names: Sequence[str], *, calibrate: bool) -> list[str]:
    """Look at what inputs that say nothing are answered; take it off where asked to, else note where it is much."""
    empty = [prompts.encode(prompts.with_supplied(text)) for text in CONTENT_FREE]
    shares = answering.answers(empty).mean(axis=0)
    if calibrate:
        answering.prior = np.log(np.maximum(shares, 1e-12))
        return []
    top = int(shares.argmax())
    if shares[top] < BIASED:
        return []
    return [
        f"for inputs that say nothing it answers {names[top]} with probability {shares[top]:.2f}: the prompt favours that label; "
        "try other words, or --calibrate"
    ]


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end an answer: the tokenizer's, and those that the checkpoint's settings for writing name."""
    named = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    several = [] if named is None else list(named) if isinstance(named, (list, tuple)) else [named]
    own = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    return sorted({int(one) for one in [*several, *own]})


def _decoder(transformers: Any, source: str, options: Mapping[str, Any], device: str, allow_pickle: bool) -> Any:
    """The model: in float32 on a processor, elsewhere in the checkpoint's own type."""
    import torch

    safe = {} if allow_pickle else {"use_safetensors": True}
    if getattr(options["config"], "is_encoder_decoder", False):
        raise UsageError(f"{source} is an encoder-decoder, and its config.json names a decoder; correct architectures there")
    model, loading = transformers.AutoModelForCausalLM.from_pretrained(
        source, dtype=torch.float32 if device == "cpu" else "auto", output_loading_info=True, **safe, **options
    )
    missing = sorted(loading["missing_keys"])
    if missing:
        raise VictimError(
            f"{source!r} is not a trained decoder: it lacks {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}; give a "
            "checkpoint whose weights fill the model that its config.json describes"
        )
    return model
