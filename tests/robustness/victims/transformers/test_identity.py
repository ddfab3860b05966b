"""A victim is pinned by all that was loaded: adapters, code that came along, and the files that this version was built for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustness.demo import DELTA
from robustness.errors import VictimError
from robustness.helpers.encoder import load_encoder
from robustness.victims import demo
from robustness.victims.transformers import adapters
from robustness.victims.transformers.checkpoints import adapter_identity
from robustness.victims.transformers.classifier import load_huggingface

Build = Callable[..., Path]
TEXTS = [("the film is great",), ("a dull, empty and endless mess",)]
ADAPTER = {"base_model_name_or_path": "owner/base", "peft_type": "LORA", "task_type": "SEQ_CLS"}


def with_adapter(folder: Path, *, weights: str = "adapter_model.safetensors") -> Path:
    (folder / adapters.CONFIG).write_text(json.dumps(ADAPTER))
    (folder / weights).write_bytes(b"never read here")
    return folder


def edit(folder: Path, **changes: Any) -> Path:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    return folder


def test_an_adapter_that_would_be_left_out_is_refused(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "find_spec", lambda name: None)
    with pytest.raises(VictimError, match=r"holds a PEFT adapter .* peft is not installed: without it another model would"):
        load_huggingface(str(with_adapter(build("bert"))), device="cpu")


def test_an_adapter_that_was_not_applied_is_refused(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "find_spec", lambda name: object())  # transformers may find peft too old all the same
    for module in ("transformers.models.auto.auto_factory", "transformers.integrations.peft"):
        monkeypatch.setattr(f"{module}.is_peft_available", lambda: False)
    with pytest.raises(VictimError, match=r"holds an adapter .* that was not applied"):
        load_huggingface(str(with_adapter(build("bert"))), device="cpu")


def test_a_pickled_adapter_is_refused(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "find_spec", lambda name: object())
    with pytest.raises(VictimError, match=r"only adapter_model\.bin, which may run code"):
        load_huggingface(str(with_adapter(build("bert"), weights="adapter_model.bin")), device="cpu")


@pytest.mark.parametrize("config", [True, False])
def test_an_adapter_alone_is_named_as_one_with_the_way_to_merge_it(build: Build, config: bool) -> None:
    folder = with_adapter(build("bert"))
    (folder / "model.safetensors").unlink()
    if not config:
        (folder / "config.json").unlink()
    with pytest.raises(VictimError, match=r"is a PEFT adapter without its base model \(owner/base\).*merge_and_unload"):
        load_huggingface(str(folder), device="cpu")


def test_a_helper_with_an_adapter_is_refused(build: Build) -> None:
    with pytest.raises(VictimError, match="merge it into the weights"):
        load_encoder(f"hf:{with_adapter(build('bert', base=True))}", device="cpu")


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_an_applied_adapter_is_pinned_with_peft_and_answers_as_peft_does(build: Build, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="adapters need the extra robustness-suite[peft]")
    import torch
    import transformers

    folder = build("bert")
    plain = load_huggingface(str(folder), device="cpu")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(str(folder))
    torch.manual_seed(1)
    lora = peft.LoraConfig(task_type="SEQ_CLS", target_modules=["query", "value"], r=4, init_lora_weights=False)
    adapted = peft.get_peft_model(model, lora)
    adapted.save_pretrained(str(tmp_path))
    for name in (adapters.CONFIG, adapters.WEIGHTS[0]):
        shutil.copy(tmp_path / name, folder)
    victim = load_huggingface(str(folder), device="cpu")
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
    with torch.inference_mode():
        logits = torch.cat([adapted.eval()(**tokenizer(text, return_tensors="pt")).logits for (text,) in TEXTS])
    np.testing.assert_allclose(victim.predict(TEXTS), logits.double().softmax(-1).numpy(), atol=1e-5)
    assert not np.allclose(victim.predict(TEXTS), plain.predict(TEXTS), atol=1e-3)
    assert {"adapter", "peft"} <= set(dict(victim.info.identity))


def test_a_base_model_from_elsewhere_is_pinned_too(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, base = with_adapter(build("bert")), build("bert")
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.0")
    beside = adapter_identity(str(folder), folder / adapters.CONFIG, str(folder), offline=True)
    elsewhere = adapter_identity(str(folder), folder / adapters.CONFIG, str(base), offline=True)
    assert set(beside) == {"adapter", "peft"}
    assert set(elsewhere) == {"adapter", "base", "peft"}


@pytest.mark.parametrize("key", ["_attn_implementation", "attn_implementation", "_experts_implementation"])
@pytest.mark.parametrize("nested", [False, True])
def test_a_config_that_fetches_a_kernel_is_refused(build: Build, key: str, nested: bool) -> None:
    asked = {key: {"": "eager", "text_config": "owner/kernel"} if nested else "owner/kernel@main:attention"}
    changes: dict[str, Any] = {"text_config": asked} if nested else asked
    folder = edit(build("bert"), **changes)
    with pytest.raises(VictimError, match=rf"sets {key} to 'owner/kernel.*fetched from a hub"):
        load_huggingface(str(folder), device="cpu")
    with pytest.raises(VictimError, match="fetched from a hub"):
        load_encoder(f"hf:{folder}", device="cpu")


def test_a_config_does_not_choose_the_attention_on_a_processor(build: Build) -> None:
    victim: Any = load_huggingface(str(edit(build("bert"), _attn_implementation="sdpa")), device="cpu")
    assert victim._model.config._attn_implementation == "eager"


CODE = """
from transformers import BertConfig, BertForSequenceClassification
from .helper import SCALE

class Config(BertConfig):
    model_type = "own-bert"

class Model(BertForSequenceClassification):
    config_class = Config

    def forward(self, **columns):
        found = super().forward(**columns)
        found.logits = found.logits * SCALE
        return found
"""


def test_code_that_a_checkpoint_brings_is_pinned(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    auto = {"AutoConfig": "own.Config", "AutoModelForSequenceClassification": "own.Model"}
    pins, scores = [], []
    for scale in ("1.0", "1.0", "3.0"):
        folder = edit(build("bert"), model_type="own-bert", architectures=["Model"], auto_map=auto)
        (folder / "own.py").write_text(CODE)
        (folder / "helper.py").write_text(f"SCALE = {scale}\n")
        victim = load_huggingface(str(folder), device="cpu", trust_remote_code=True)
        pins.append(dict(victim.info.identity))
        scores.append(victim.predict(TEXTS))
    assert pins[0] == pins[1]
    assert pins[0]["code"] != pins[2]["code"], "only what own.py imports has changed"
    assert not np.allclose(scores[0], scores[2])
    assert "code" not in dict(load_huggingface(str(build("bert")), device="cpu").info.identity)


def test_the_default_encoder_and_the_demo_are_the_files_that_this_version_was_built_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, folder = demo.encoder_folder(), tmp_path / "model"
    shutil.copytree(installed, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").symlink_to(installed / "model.safetensors")
    monkeypatch.setattr(demo, "encoder_folder", lambda: folder)
    assert demo.pinned_encoder() == folder
    (folder / "model.safetensors").unlink()
    with pytest.raises(VictimError, match=r"model\.safetensors is not what this version.*found no file"):
        load_encoder("minilm", device="cpu")
    (folder / "model.safetensors").write_bytes(b"other weights")
    loads: list[Callable[[], Any]] = [lambda: load_encoder("minilm", device="cpu"), lambda: demo.load_demo(device="cpu")]
    for load in loads:
        with pytest.raises(VictimError, match=r"expected SHA-256 53aa51172d142c89…, found .*reinstall it"):
            load()


def test_another_delta_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "delta.safetensors"
    other.write_bytes(DELTA.read_bytes() + b" ")
    monkeypatch.setattr(demo, "DELTA", other)
    with pytest.raises(VictimError, match=r"expected SHA-256 c7d56d8443489f98.*reinstall robustness-suite"):
        demo.load_demo(device="cpu")
