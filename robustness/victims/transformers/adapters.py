"""PEFT adapters beside a checkpoint: applied and pinned, or refused; never left out silently.

Transformers applies an adapter that lies in the folder where ``peft`` is installed, and answers without it where it is not:
two models under one name.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from robustness.errors import VictimError

CONFIG = "adapter_config.json"
WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")


def check_bare(source: str, adapter: Path) -> None:
    """Name a folder for what it is that holds an adapter and no ``config.json``.

    Raises:
        VictimError: always.
    """
    base = base_of(adapter) or "BASE"
    raise VictimError(
        f"{source} is a PEFT adapter without its base model ({base}); merge the two and audit the result: "
        f"PeftModel.from_pretrained(AutoModelForSequenceClassification.from_pretrained({base!r}, num_labels=N), {source!r})"
        ".merge_and_unload().save_pretrained(FOLDER), and save the tokenizer there too"
    )


def check_adapter(source: str, adapter: Path, *, allow_pickle: bool) -> None:
    """Refuse an adapter that would be left out, or that is a pickle.

    Raises:
        VictimError: ``peft`` is not installed, or the adapter's weights are a pickle only.
    """
    if find_spec("peft") is None:
        raise VictimError(
            f"{source} holds a PEFT adapter ({CONFIG}), and peft is not installed: without it another model would be audited. "
            "Install it (pip install 'robustness-suite[peft]'), or merge the adapter into the weights"
        )
    safe, pickle = (adapter.with_name(name).is_file() for name in WEIGHTS)
    if pickle and not safe and not allow_pickle:
        raise VictimError(
            f"the adapter of {source} is only {WEIGHTS[1]}, which may run code when read; save it again with safetensors, "
            "or pass --allow-pickle if you trust its author"
        )


def check_applied(source: str, model: Any) -> None:
    """Refuse a model that was loaded without the adapter beside it.

    Raises:
        VictimError: transformers did not apply it.
    """
    if not getattr(model, "_hf_peft_config_loaded", False):
        raise VictimError(
            f"{source} holds an adapter ({CONFIG}) that was not applied; merge it into the weights, and audit those"
        )


def base_of(adapter: Path) -> str | None:
    """The base model that an ``adapter_config.json`` names.

    Raises:
        VictimError: the file is no JSON object.
    """
    try:
        name = json.loads(adapter.read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (ValueError, AttributeError) as problem:
        raise VictimError(f"{adapter} is not a JSON object: {problem}") from problem
    return str(name) if name else None
