"""Packed linear layers and unread tokens left out: the same answers to rounding, the same bits beside any neighbours."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification
from transformers.pytorch_utils import Conv1D

from robustness.victims.transformers.fast.kernels import pack, read_first

pytestmark = pytest.mark.skipif(not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this torch has no packed layers")


@pytest.fixture
def rows() -> Any:
    return torch.randn(512, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["linear", "linear without bias", "conv1d"])
def layer(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(1)
    return Conv1D(200, 96) if request.param == "conv1d" else torch.nn.Linear(96, 200, bias=request.param == "linear")


def test_a_packed_layer_answers_the_same_to_rounding(layer: Any, rows: Any) -> None:
    with torch.inference_mode():
        before = layer(rows)
        assert pack(layer) == 1
        after = layer(rows)
    assert torch.allclose(before, after, rtol=1e-5, atol=1e-5)


def test_a_row_has_the_same_bits_beside_any_neighbours(layer: Any, rows: Any) -> None:
    assert pack(layer) == 1
    with torch.inference_mode():
        full = layer(rows)
        for count in (4, 12, 64, 300):
            assert torch.equal(layer(rows[8 : 8 + count].clone()), full[8 : 8 + count])
        assert torch.equal(layer(rows.reshape(4, 128, 96)).reshape(512, 200), full)


def test_outside_inference_it_works_and_derives_as_before(layer: Any, rows: Any) -> None:
    def gradient() -> Any:
        some = rows.clone().requires_grad_(True)
        return torch.autograd.grad(layer(some).square().sum(), some)[0]

    before = gradient()
    assert pack(layer) == 1
    assert torch.equal(gradient(), before)


def test_other_precisions_and_no_rows_are_left_to_torch(layer: Any, rows: Any) -> None:
    assert pack(layer) == 1
    with torch.inference_mode():
        assert layer(rows[:0]).shape == (0, 200)
    assert pack(torch.nn.Linear(8, 8).double()) == 0


def test_a_layer_of_another_kind_is_not_touched() -> None:
    class Louder(torch.nn.Linear):
        def forward(self, x: Any) -> Any:
            return 2 * super().forward(x)

    assert pack(torch.nn.Sequential(Louder(8, 8), torch.nn.LayerNorm(8), torch.nn.Embedding(4, 8))) == 0


def test_a_torch_that_cannot_pack_or_packs_wrongly_keeps_its_own_layers(monkeypatch: pytest.MonkeyPatch, rows: Any) -> None:
    layer = torch.nn.Linear(96, 8)
    plain = layer(rows)

    def refuses(*_: Any) -> Any:
        raise RuntimeError("no such operator")

    with monkeypatch.context() as patched:
        patched.setattr(torch.ops.mkldnn, "_reorder_linear_weight", refuses)
        assert pack(layer) == 0
    with monkeypatch.context() as patched:
        patched.setattr(torch.ops.mkldnn, "_linear_pointwise", lambda x, *_: torch.zeros(*x.shape[:-1], 8))
        assert pack(layer) == 0
    with torch.inference_mode():
        assert torch.equal(layer(rows), plain)


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2"])
def test_a_whole_classifier_keeps_its_labels_and_its_scores_to_rounding(build: Callable[[str], Path], kind: str) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(str(build(kind))).eval()
    model.config.pad_token_id = 1
    ids = torch.arange(4, 28).reshape(2, 12) % 40
    with torch.inference_mode():
        before = model(input_ids=ids).logits
        assert pack(model) > 5
        after = model(input_ids=ids).logits
    assert torch.allclose(before, after, rtol=1e-4, atol=1e-5)


def classifier(folder: Path, **changes: Any) -> tuple[Any, Callable[[], Any]]:
    model = AutoModelForSequenceClassification.from_pretrained(str(folder), attn_implementation="eager", **changes).eval()
    model.config.pad_token_id = 1
    ids = torch.arange(4, 28).reshape(2, 12) % 40

    def ask() -> Any:
        with torch.inference_mode():
            return model(input_ids=ids).logits.numpy()

    return model, ask


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_the_last_layer_goes_on_with_the_first_token_alone(build: Callable[[str], Path], kind: str) -> None:
    model, ask = classifier(build(kind))
    before, widths = ask(), []
    last = [part for name, part in model.named_modules() if name.endswith("layer.1.output")][-1]
    last.register_forward_hook(lambda _module, _inputs, made: widths.append(made.shape[1]))
    assert read_first(model, ask)
    del widths[:]
    assert np.allclose(ask(), before, rtol=1e-5, atol=1e-6)
    assert widths == [1]


@pytest.mark.parametrize("kind", ["distilbert", "gpt2", "xlnet"])
def test_other_architectures_are_left_alone(build: Callable[[str], Path], kind: str) -> None:
    model, ask = classifier(build(kind))
    before = ask()
    read_first(model, ask)
    assert np.allclose(ask(), before, rtol=1e-5, atol=1e-6)


def test_a_head_that_reads_every_token_keeps_every_token(build: Callable[..., Path]) -> None:
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(str(build("bert", base=True)), attn_implementation="eager").eval()
    ids = torch.arange(4, 28).reshape(2, 12) % 40

    def ask() -> Any:
        with torch.inference_mode():
            return encoder(input_ids=ids).last_hidden_state.mean(1).numpy()

    before = ask()
    assert not read_first(encoder, ask)
    assert np.array_equal(ask(), before)


def test_a_head_from_elsewhere_is_not_cut(build: Callable[[str], Path]) -> None:
    """It could read a marker where a text holds one, and the first token where none of the probe's does."""
    model, ask = classifier(build("bert"))

    class Elsewhere(type(model)):  # type: ignore[misc]
        pass

    model.__class__ = Elsewhere
    assert not read_first(model, ask)


def test_gradients_are_those_of_the_whole_model(build: Callable[[str], Path]) -> None:
    from robustness.victims.transformers.derivatives import Derivatives

    model, ask = classifier(build("bert"))
    columns = {"input_ids": torch.arange(4, 28).reshape(2, 12) % 40}
    derived = Derivatives(model, lambda logits: logits.softmax(-1))
    before = derived.of(columns, [0, 1])
    assert read_first(model, ask)
    assert np.allclose(derived.of(columns, [0, 1]), before, rtol=1e-4, atol=1e-7)


def intermediate() -> Any:
    from transformers import BertConfig
    from transformers.models.bert.modeling_bert import BertIntermediate

    torch.manual_seed(2)
    return BertIntermediate(BertConfig(hidden_size=96, intermediate_size=200)).eval()


def test_a_gelu_is_computed_with_the_layer_before_it(rows: Any) -> None:
    part = intermediate()
    with torch.inference_mode():
        before = part(rows)
        assert pack(part) == 1
        part.intermediate_act_fn.register_forward_hook(lambda *_: pytest.fail("it went over the numbers once more"))
        after = part(rows)
        assert torch.equal(part(rows[:8].clone()), after[:8])
    assert torch.allclose(before, after, rtol=1e-5, atol=1e-5)


def test_another_activation_is_left_to_torch(rows: Any) -> None:
    part = intermediate()
    part.intermediate_act_fn = torch.nn.ReLU()
    with torch.inference_mode():
        before = part(rows)
        assert pack(part) == 1
        assert torch.allclose(part(rows), before, rtol=1e-5, atol=1e-5)


def test_gradients_pass_the_gelu_as_before(rows: Any) -> None:
    part, some = intermediate(), rows.clone().requires_grad_(True)
    before = torch.autograd.grad(part(some).square().sum(), some)[0]
    assert pack(part) == 1
    assert torch.equal(torch.autograd.grad(part(some).square().sum(), some)[0], before)


FAULTS = """
import resource, sys, torch
from robustness.victims.transformers.fast.kernels import keep_memory
if sys.argv[1] == "keep":
    keep_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def use():
    torch.empty(10_000_000).fill_(1.0)
for _ in range(16):  # the first ones find their place beside what else was asked for
    use()
before = faults()
for _ in range(16):
    use()
print(faults() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep what is freed"
)
def test_blocks_that_are_freed_stay_with_the_process() -> None:
    def faults(how: str) -> int:
        return int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True).stdout)

    assert faults("keep") < faults("plain") / 4
