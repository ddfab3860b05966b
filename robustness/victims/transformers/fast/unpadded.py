"""BERT-like models without padding: linear layers and norms see real tokens alone, only attention sees rows of one length.

The answers are those of the padded model to rounding. A batch of texts of different lengths costs hardly more than its tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustness.victims.transformers.fast.kernels import TOLERANCE

if TYPE_CHECKING:
    from torch import Tensor

KINDS = frozenset(("bert", "camembert", "electra", "roberta", "xlm-roberta"))
"""Model types whose layers are query, key, value, attention, output, norm, two linear maps, norm: nothing that a short probe
cannot show, such as attention that changes with the length."""
TOKEN_QUANTUM = 4
LEAST_SHARED, MOST_DISTINCT = 64, 0.75
"""From how many tokens on, and up to which share of different ones among them, the first layer looks at each but once."""
PADDING_COST = 0.23
"""What a token of padding costs of a real one: it takes part in attention alone (``docs/performance.md``)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tokens of a padded batch of n rows and length l stand.

    ``tokens``: (t,) the slot of each real token, row by row, t a multiple of the quantum, the first ones repeated at the end.
    ``firsts``: (n,) the position in ``tokens`` of each row's first. ``slots``: (n * l,) for each place of the padded batch the
    position in ``tokens`` of the token there, of the one before where there is none. ``spread``: (n * heads * l,) for each place
    of attention's input the head of a token that stands there. ``gathered``: (t * heads,) the way back. ``mask``: (n, 1, 1, l)
    added to scores.
    """

    shape: tuple[int, int]
    tokens: Tensor
    firsts: Tensor
    slots: Tensor
    spread: Tensor
    gathered: Tensor
    mask: Tensor


def layout(real: Tensor, heads: int) -> Layout:
    """The layout of a batch whose real tokens are True in ``real``, (n, l); each row has one at least."""
    import torch

    n, length = real.shape
    tokens = real.flatten().nonzero().squeeze(1)
    tokens = torch.cat([tokens, tokens[:1].expand(-len(tokens) % TOKEN_QUANTUM)])
    slots = (real.flatten().cumsum(0) - 1).clamp(min=0).view(n, 1, length)  # padding stands for the token before it: masked
    each = torch.arange(heads)
    spread = (slots * heads + each.view(1, heads, 1)).flatten()
    row, column = (tokens // length).unsqueeze(1), (tokens % length).unsqueeze(1)
    gathered = ((row * heads + each) * length + column).flatten()
    mask = torch.zeros(n, 1, 1, length).masked_fill_(~real.view(n, 1, 1, length), torch.finfo(torch.float32).min)
    return Layout((n, length), tokens, slots[:, 0, 0], slots.flatten(), spread, gathered, mask)


@dataclass(frozen=True, slots=True)
class Distinct:
    """The different rows among those of all tokens, (u, d), u a multiple of the quantum.

    ``spread``: that of a layout, over these rows.
    """

    rows: Tensor
    spread: Tensor


def distinct(x: Tensor, where: Layout, heads: int) -> Distinct:
    """Tokens (t, d) without repetitions, where there are many.

    Candidates of one text differ in a word: most of their embeddings are equal to the last bit, and so are the queries, keys and
    values that the first layer makes of them.
    """
    import torch

    same = Distinct(x, where.spread)
    if len(x) < LEAST_SHARED or x.shape[1] < 2:
        return same
    keys = x[:, :2].contiguous().view(torch.int64).squeeze(1)  # two numbers tell rows apart; that they do is checked
    found, member = keys.unique(return_inverse=True)  # type: ignore[no-untyped-call]
    if len(found) > len(x) * MOST_DISTINCT:
        return same
    chosen = torch.empty(len(found), dtype=torch.long).scatter_(0, member, torch.arange(len(x)))
    rows = x.index_select(0, torch.cat([chosen, chosen[:1].expand(-len(chosen) % TOKEN_QUANTUM)]))
    if not torch.equal(rows.index_select(0, member), x):
        return same
    token, head = where.spread // heads, where.spread % heads
    return Distinct(rows, member.index_select(0, token) * heads + head)


def attend(part: Any, x: Tensor, where: Layout, given: Distinct | None = None) -> Tensor:
    """Self-attention of ``part`` over the tokens (t, d); ``given``: the same tokens without repetitions."""
    import torch

    n, length = where.shape
    heads, size = part.num_attention_heads, part.attention_head_size
    given = given or Distinct(x, where.spread)
    query, key, value = (
        made(given.rows).view(-1, size).index_select(0, given.spread).view(n * heads, length, size)
        for made in (part.query, part.key, part.value)
    )
    scores = torch.bmm(query, key.transpose(1, 2)).mul_(size**-0.5).view(n, heads, length, length).add_(where.mask)
    mixed = torch.bmm(scores.softmax(-1).view(n * heads, length, length), value)
    return mixed.view(-1, size).index_select(0, where.gathered).view(x.shape)


def attend_from_first(part: Any, x: Tensor, where: Layout) -> Tensor:
    """Self-attention of the first token of each row over the row's tokens (t, d): (n, d).

    Keys and values are never made. With one query q, its product with a key, q (K x + b), is (q K) x plus a number that all
    tokens of the row share, and softmax takes that out; a mean of values, with weights that sum to one, is V times the mean of
    the x, plus b. That is two rows a head in place of two products a token.
    """
    import torch

    n, length = where.shape
    heads, size, width = part.num_attention_heads, part.attention_head_size, x.shape[-1]
    key, value = (made.weight.view(heads, size, width) for made in (part.key, part.value))
    query = part.query(x.index_select(0, where.firsts)).view(n, heads, size).transpose(0, 1)
    asked = torch.bmm(query, key).transpose(0, 1)
    rows = x.index_select(0, where.slots).view(n, length, width)
    scores = torch.bmm(asked, rows.transpose(1, 2)).mul_(size**-0.5).add_(where.mask.view(n, 1, length))
    mixed = torch.bmm(scores.softmax(-1), rows).transpose(0, 1)
    found = torch.bmm(mixed, value.transpose(1, 2)).transpose(0, 1).reshape(n, heads * size)
    return found if part.value.bias is None else found.add_(part.value.bias)


def _plain_maps(part: Any) -> bool:
    """Whether keys and values are made by weights alone, with no adapter beside them."""
    import torch

    return all(type(made) is torch.nn.Linear for made in (part.key, part.value))


@dataclass(frozen=True, slots=True)
class Unpadded:
    """A stack of layers that takes and gives padded rows and works on real tokens; ``plain`` where it does not apply.

    ``first``: go on in the last layer with the first token of each row alone, and give rows of that one token.
    """

    stack: Any
    plain: Callable[..., Any]
    first: bool

    def __call__(self, hidden_states: Tensor, attention_mask: Tensor | None = None, **options: Any) -> Any:
        """Hidden states (n, l, d) to (n, l, d), zero where padding stood, or to (n, 1, d)."""
        import torch
        from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

        asked = options.get("output_hidden_states") or options.get("output_attentions")
        if asked or not torch.is_inference_mode_enabled() or not hidden_states.numel():
            return self.plain(hidden_states, attention_mask, **options)
        found = self._run(hidden_states, _real(hidden_states, attention_mask))
        return BaseModelOutputWithPastAndCrossAttentions(last_hidden_state=found)

    def _run(self, hidden: Tensor, real: Tensor) -> Tensor:
        layers, width = self.stack.layer, hidden.shape[-1]
        where = layout(real, layers[0].attention.self.num_attention_heads)
        x = hidden.reshape(-1, width).index_select(0, where.tokens)
        for layer in layers:
            part = layer.attention.self
            if not self.first or layer is not layers[-1]:
                attended = attend(part, x, where, distinct(x, where, part.num_attention_heads) if layer is layers[0] else None)
            elif _plain_maps(part):
                attended, x = attend_from_first(part, x, where), x.index_select(0, where.firsts)
            else:
                attended, x = (every.index_select(0, where.firsts) for every in (attend(part, x, where), x))
            x = layer.attention.output(attended, x)
            x = layer.output(layer.intermediate(x), x)
        if self.first:
            return x.unsqueeze(1)
        return x.new_zeros(real.numel(), width).index_copy_(0, where.tokens, x).view(hidden.shape)


def _real(hidden: Tensor, mask: Tensor | None) -> Tensor:
    """(n, l), True for tokens that others may look at; ``mask`` is what is added to the scores, (n, 1, 1 or l, l)."""
    import torch

    if mask is None:
        return torch.ones(hidden.shape[:2], dtype=torch.bool)
    return mask[:, 0, -1, :] == (True if mask.dtype == torch.bool else 0)


def unpad(model: Any, ask: Callable[[], Any], *, first: bool) -> bool:
    """Let the layers of ``model`` (on a processor, float32) work without padding in inference mode.

    ``ask`` returns the model's answers to a probe of texts of different lengths, as an array. If they change by more than
    rounding, or the model no longer works, everything is as before. With ``first`` the last layer goes on with the first
    token alone, a sixth of six layers' work; only for transformers' own classes, because a head from elsewhere may look for a
    token that the probe does not hold.

    Returns:
        Whether the model was changed.
    """
    import numpy as np
    import torch

    stack = _stack(model)
    if stack is None or "forward" in vars(stack) or (first and not type(model).__module__.startswith("transformers.models.")):
        return False
    if any(weight.dtype != torch.float32 for weight in stack.parameters()):
        return False
    with suppress(Exception):
        before = ask()
        stack.forward = Unpadded(stack, stack.forward, first)
        if np.allclose(ask(), before, rtol=TOLERANCE, atol=TOLERANCE / 10):
            return True
    vars(stack).pop("forward", None)
    return False


def _stack(model: Any) -> Any:
    """The one stack of layers of a BERT-like model, None for others."""
    config = model.config
    usual = getattr(config, "position_embedding_type", None) in (None, "absolute")
    if config.model_type not in KINDS or not usual or getattr(config, "is_decoder", False):
        return None
    found = [
        part for part in model.modules() if hasattr(part, "layer") and type(part).__module__.startswith("transformers.models.")
    ]
    return found[0] if len(found) == 1 else None
