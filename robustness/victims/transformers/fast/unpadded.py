"""BERT-like models without padding: linear layers and norms see real tokens alone, only attention sees rows of one length.

The answers are those of the padded model to rounding. A batch of texts of different lengths costs hardly more than its tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustness.victims.transformers.fast.kernels import TOLERANCE
from robustness.victims.transformers.fast.mixing import LEAST, MOST

if TYPE_CHECKING:
    from torch import Tensor

KINDS = frozenset(("bert", "camembert", "electra", "roberta", "xlm-roberta"))
"""Model types whose layers are query, key, value, attention, output, norm, two linear maps, norm: nothing that a short probe
cannot show, such as attention that changes with the length."""
QUANTUM = 4
"""Products of four rows and of their multiples round alike, whatever stands in the other rows."""
GROUP_STEP = 16
"""Rows whose lengths differ by less are padded to one another in attention."""
LEAST_SHARED, MOST_DISTINCT = 64, 0.75
"""From how many tokens on, and up to which share of different ones among them, the first layer looks at each but once."""
PADDING_COST = 0.03
"""What a token of padding costs of a real one: it takes part in attention alone (``docs/performance.md``)."""


@dataclass(frozen=True, slots=True)
class Group:
    """The k rows of a batch that attention sees at one length l.

    ``rows``: (k,) which. ``slots``: (k, l) for each of their places the position in ``Layout.tokens`` of the token there, of the
    one before where there is none. ``spread``: (k * heads * l,) for each place of attention's input the head of a token that
    stands there. ``mask``: (k, 1, 1, l) added to scores.
    """

    rows: Tensor
    slots: Tensor
    spread: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tokens of a padded batch of n rows and length l stand.

    ``tokens``: (t,) the slot of each real token, row by row, t a multiple of the quantum, the first ones repeated at the end.
    ``firsts``: (m,) the position in ``tokens`` of each row's first, m the next multiple of the quantum, the first row's repeated
    at the end. ``groups``: the rows by the length that attention sees them at. ``gathered``: (t * heads,) where what attention
    made of the groups, one after another, has each head of each token. ``order``: (n,) where it has each row.
    """

    tokens: Tensor
    firsts: Tensor
    groups: tuple[Group, ...]
    gathered: Tensor
    order: Tensor


def layout(real: Tensor, heads: int) -> Layout:
    """The layout of a batch whose real tokens are True in ``real``, (n, l); each row has one at least."""
    import torch

    n, length = real.shape
    tokens = filled(real.flatten().nonzero().squeeze(1))
    slots = (real.flatten().cumsum(0) - 1).clamp(min=0).view(n, length)  # padding stands for the token before it: masked
    least = torch.finfo(torch.float32).min
    groups, starts, begun = [], torch.empty(n, dtype=torch.long), 0
    lengths = torch.empty(n, dtype=torch.long)
    for rows, size in _by_length(real):
        own, seen = slots[rows, :size], real[rows, :size].view(-1, 1, 1, size)
        mask = torch.zeros(len(rows), 1, 1, size).masked_fill_(~seen, least)
        groups.append(Group(rows, own, _spread(own, heads), mask))
        starts[rows], lengths[rows] = begun + torch.arange(len(rows)) * heads * size, size
        begun += len(rows) * heads * size
    row, column = tokens // length, tokens % length
    gathered = (starts[row] + column).unsqueeze(1) + torch.arange(heads) * lengths[row].unsqueeze(1)
    order = torch.cat([group.rows for group in groups]).argsort()
    return Layout(tokens, filled(slots[:, 0]), tuple(groups), gathered.flatten(), order)


def _by_length(real: Tensor) -> list[tuple[Tensor, int]]:
    """Rows of like lengths, each with the length that attention sees them at: one at which rounding is known not to differ."""
    import torch

    n, length = real.shape
    if not LEAST < length <= MOST:
        return [(torch.arange(n), length)]
    last = length - real.flip(1).to(torch.uint8).argmax(1)  # how far each row reaches
    classes = last.sub(1).div(GROUP_STEP, rounding_mode="floor")
    found = []
    for one in classes.unique().tolist():  # type: ignore[no-untyped-call]
        rows = (classes == one).nonzero().squeeze(1)
        reach = int(last[rows].max())
        found.append((rows, min(length, max(LEAST, -(-reach // QUANTUM) * QUANTUM))))
    return found


def _spread(slots: Tensor, heads: int) -> Tensor:
    """For positions (k, l) of tokens those of their heads, (k * heads * l,)."""
    import torch

    return (slots.unsqueeze(1) * heads + torch.arange(heads).view(1, heads, 1)).flatten()


def filled(rows: Tensor) -> Tensor:
    """Rows (n, …) up to a multiple of the quantum, (m, …), by repetition of the first one."""
    import torch

    missing = -len(rows) % QUANTUM
    return torch.cat([rows, rows[:1].expand(missing, *rows.shape[1:])]) if missing else rows


@dataclass(frozen=True, slots=True)
class Distinct:
    """The different rows among those of all tokens, (u, d), u a multiple of the quantum.

    ``member``: (t,) which of them each token is; None where ``rows`` are the tokens themselves.
    """

    rows: Tensor
    member: Tensor | None

    def spread(self, group: Group, heads: int) -> Tensor:
        """That of the group, over these rows."""
        return group.spread if self.member is None else _spread(self.member[group.slots], heads)


def distinct(x: Tensor) -> Distinct:
    """Tokens (t, d) without repetitions, where there are many.

    Candidates of one text differ in a word: most of their embeddings are equal to the last bit, and so are the queries, keys and
    values that the first layer makes of them.
    """
    import torch

    same = Distinct(x, None)
    if len(x) < LEAST_SHARED or x.shape[1] < 2:
        return same
    keys = x[:, :2].contiguous().view(torch.int64).squeeze(1)  # two numbers tell rows apart; that they do is checked
    found, member = keys.unique(return_inverse=True)  # type: ignore[no-untyped-call]
    if len(found) > len(x) * MOST_DISTINCT:
        return same
    chosen = torch.empty(len(found), dtype=torch.long).scatter_(0, member, torch.arange(len(x)))
    rows = x.index_select(0, filled(chosen))
    return Distinct(rows, member) if torch.equal(rows.index_select(0, member), x) else same


def attend(part: Any, x: Tensor, where: Layout, given: Distinct | None = None) -> Tensor:
    """Self-attention of ``part`` over the tokens (t, d); ``given``: the same tokens without repetitions."""
    import torch

    heads, size = part.num_attention_heads, part.attention_head_size
    given = given or Distinct(x, None)
    made = [make(given.rows).view(-1, size) for make in (part.query, part.key, part.value)]
    mixed = []
    for group in where.groups:
        k, length = group.slots.shape
        spread = given.spread(group, heads)
        query, key, value = (one.index_select(0, spread).view(k * heads, length, size) for one in made)
        scores = torch.bmm(query, key.transpose(1, 2)).mul_(size**-0.5).view(k, heads, length, length).add_(group.mask)
        mixed.append(torch.bmm(scores.softmax(-1).view(k * heads, length, length), value).view(-1, size))
    together = mixed[0] if len(mixed) == 1 else torch.cat(mixed)
    return together.index_select(0, where.gathered).view(x.shape)


def attend_from_first(part: Any, x: Tensor, where: Layout) -> Tensor:
    """Self-attention of the first token of each row over the row's tokens (t, d): (m, d), rows filled up as ``firsts`` are.

    Keys and values are never made. With one query q, its product with a key, q (K x + b), is (q K) x plus a number that all
    tokens of the row share, and softmax takes that out; a mean of values, with weights that sum to one, is V times the mean of
    the x, plus b. That is two rows a head in place of two products a token.
    """
    import torch

    heads, size, width = part.num_attention_heads, part.attention_head_size, x.shape[-1]
    key, value = (made.weight.view(heads, size, width) for made in (part.key, part.value))
    query = part.query(x.index_select(0, where.firsts)).view(-1, heads, size).transpose(0, 1)
    asked = torch.bmm(query, key).transpose(0, 1)
    mixed = []
    for group in where.groups:
        k, length = group.slots.shape
        rows = x.index_select(0, group.slots.flatten()).view(k, length, width)
        scores = torch.bmm(asked[group.rows], rows.transpose(1, 2)).mul_(size**-0.5).add_(group.mask.view(k, 1, length))
        mixed.append(torch.bmm(scores.softmax(-1), rows))
    together = filled(mixed[0] if len(mixed) == 1 else torch.cat(mixed).index_select(0, where.order)).transpose(0, 1)
    found = torch.bmm(together, value.transpose(1, 2)).transpose(0, 1).reshape(-1, heads * size)
    return found if part.value.bias is None else found.add_(part.value.bias)


def _plain_maps(part: Any) -> bool:
    """Whether keys and values are made by weights alone, with no adapter beside them."""
    import torch

    return all(type(made) is torch.nn.Linear for made in (part.key, part.value))


@dataclass(frozen=True, slots=True)
class Unpadded:
    """A stack of layers that takes and gives padded rows and works on real tokens; ``plain`` where it does not apply.

    ``first``: go on in the last layer with the first token of each row alone, and give rows of that one token. ``fill``: give as
    many rows as make a multiple of the quantum, so that a head behind them rounds alike for any number of texts.
    """

    stack: Any
    plain: Callable[..., Any]
    first: bool
    fill: bool

    def __call__(self, hidden_states: Tensor, attention_mask: Tensor | None = None, **options: Any) -> Any:
        """Hidden states (n, l, d) to (m, l, d), zero where padding stood, or (m, 1, d); the first n rows are the answer."""
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
                attended = attend(part, x, where, distinct(x) if layer is layers[0] else None)
            elif _plain_maps(part):
                attended, x = attend_from_first(part, x, where), x.index_select(0, where.firsts)
            else:
                attended, x = (every.index_select(0, where.firsts) for every in (attend(part, x, where), x))
            x = layer.attention.output(attended, x)
            x = layer.output(layer.intermediate(x), x)
        if self.first:
            return x.unsqueeze(1) if self.fill else x[: len(hidden)].unsqueeze(1)
        whole = x.new_zeros(real.numel(), width).index_copy_(0, where.tokens, x).view(hidden.shape)
        return filled(whole) if self.fill else whole


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
        stack.forward = Unpadded(stack, stack.forward, first, fills(model))
        if np.allclose(ask(), before, rtol=TOLERANCE, atol=TOLERANCE / 10):
            return True
    vars(stack).pop("forward", None)
    return False


def fills(model: Any) -> bool:
    """Whether the layers of an unpadded ``model`` give more rows than they were given: where its heads are known to take them."""
    return type(model).__module__.startswith(("transformers.models.", "robustness.victims."))


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
