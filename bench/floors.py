"""Bare forwards: nothing but a tokenizer, padding, and a model in each of the forms that could be the fastest on a processor."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

FORMS = ("plain", "plain, first token", "packed", "packed, first token", "onnxruntime")
Columns = Mapping[str, Any]
Ask = Callable[[Columns], Any]


def loaded(path: str, *, head: bool) -> Any:
    """A classifier, or an encoder without a head, in float32 with plain attention, as audits use it."""
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification

    auto = AutoModelForSequenceClassification if head else AutoModel
    return auto.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()


def asking(form: str, path: str, columns: Columns, *, head: bool, threads: int) -> Ask | None:
    """A function from columns (int64 arrays, (n, l)) to answers; None where the form does not apply or is not installed.

    ``columns``: a few texts, which show whether a head reads the first token alone.
    """
    import torch

    from robustness.victims.transformers.fast.kernels import pack, read_first

    if form == "onnxruntime":
        return onnxruntime_asking(path, columns, head=head, threads=threads)
    model = loaded(path, head=head)

    def ask(given: Columns) -> Any:
        with torch.inference_mode():
            return model(**{name: torch.from_numpy(column) for name, column in given.items()})[0]

    if form.startswith("packed"):
        pack(model)
    if form.endswith("first token") and not (head and read_first(model, lambda: ask(columns).numpy())):
        return None
    return ask


def onnxruntime_asking(path: str, columns: Columns, *, head: bool, threads: int) -> Ask | None:
    """The model exported by torch and run by onnxruntime, whole graph optimised; None where either is not installed."""
    from importlib.util import find_spec

    import torch

    if any(find_spec(name) is None for name in ("onnx", "onnxruntime")):
        return None
    import onnxruntime

    names, model = list(columns), loaded(path, head=head)

    class Bare(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *given: Any) -> Any:
            return self.model(**dict(zip(names, given, strict=True)))[0]

    axes = {name: {0: "n", 1: "l"} for name in names}
    rows = tuple(torch.from_numpy(column) for column in columns.values())
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this way of exporting is on its way out, and is the one that needs a second, not twenty
        file = str(Path(folder) / "model.onnx")
        torch.onnx.export(Bare(), rows, file, input_names=names, dynamic_axes=axes, dynamo=False, opset_version=17)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(file, options)
    taken = [one.name for one in session.get_inputs()]
    return lambda given: session.run(None, {name: given[name] for name in taken})[0]


def padded(tokenizer: Any, texts: list[Any], size: int) -> list[dict[str, Any]]:
    """Texts by length in batches of ``size``, each padded to its longest, in the order of the model's arguments."""
    ids = sorted(tokenizer(texts, truncation=True, max_length=256, verbose=False)["input_ids"], key=len)
    types = "token_type_ids" in tokenizer.model_input_names
    found = []
    for at in range(0, len(ids), size):
        part = ids[at : at + size]
        rows, mask = (np.zeros((len(part), len(part[-1])), dtype=np.int64) for _ in range(2))
        for n, row in enumerate(part):
            rows[n, : len(row)], mask[n, : len(row)] = row, 1
        found.append({"input_ids": rows, "attention_mask": mask, **({"token_type_ids": np.zeros_like(rows)} if types else {})})
    return found


def replayed(ask: Ask, tokenizer: Any, texts: list[Any], size: int) -> float:
    """Wall seconds of tokenising and asking all texts."""
    started = time.perf_counter()
    for columns in padded(tokenizer, texts, size):
        ask(columns)
    return time.perf_counter() - started
