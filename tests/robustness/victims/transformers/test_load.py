"""Which loader opens a checkpoint: by the class in its ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from robustness.errors import UsageError, VictimError
from robustness.victims import load_victim
from robustness.victims.transformers.load import LOADERS

Build = Callable[..., Path]


def named(folder: Path, *architectures: str) -> str:
    """The spec of a checkpoint whose config now names these classes."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": list(architectures)}))
    return f"hf:{folder}"


def test_every_loader_of_the_table_is_there() -> None:
    for loader in LOADERS.values():
        module, _, name = loader.partition(":")
        assert callable(getattr(import_module(module), name))


def test_a_classifier_is_opened_by_its_class_and_one_without_a_class_as_ever(build: Build) -> None:
    folder = build("bert")
    for classes in (["BertForSequenceClassification"], ["BertModel", "OwnForSequenceClassification"], []):
        assert load_victim(named(folder, *classes), device="cpu").info.task == "classification"


def test_a_class_without_a_loader_is_refused_before_its_weights_are_read(build: Build) -> None:
    folder = build("bert")
    (folder / "model.safetensors").write_bytes(b"never read")
    with pytest.raises(UsageError, match="is a BertForMultipleChoice, which picks one of several texts"):
        load_victim(named(folder, "BertForMultipleChoice"), device="cpu")


def test_a_config_that_is_no_json_is_named(build: Build) -> None:
    folder = build("bert")
    (folder / "config.json").write_text("{")
    with pytest.raises(VictimError, match=r"config\.json is not JSON"):
        load_victim(f"hf:{folder}", device="cpu")
