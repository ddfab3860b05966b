"""Which loader opens a checkpoint: decided by the class that its ``config.json`` names, before any weight is read."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any, cast

from robustness.errors import UsageError
from robustness.victims.base import Victim
from robustness.victims.transformers import checkpoints

CLASSIFIER = "robustness.victims.transformers.classifier:load_huggingface"
SEQ2SEQ = "robustness.victims.transformers.seq2seq:load_seq2seq"
READER = "robustness.victims.transformers.reader:load_reader"
LOADERS = {
    "SequenceClassification": CLASSIFIER,
    "TokenClassification": "robustness.victims.transformers.tagger:load_tagger",
    "QuestionAnswering": READER,
    "QuestionAnsweringSimple": READER,  # XLNet's, XLM's and Flaubert's plain one
    "CausalLM": "robustness.victims.transformers.causal:load_causal",
    "LMHeadModel": "robustness.victims.transformers.causal:load_causal",
    "ForConditionalGeneration": SEQ2SEQ,
    "MarianMTModel": SEQ2SEQ,
}
"""By the end of the class's name (``BertForTokenClassification``); each takes a name or folder and the options of ``hf:``."""


def load_checkpoint(path_or_name: str, *, offline: bool = False, **options: Any) -> Victim:
    """Load a checkpoint from a folder or a hub as a victim of its own kind.

    ``options``: what its loader takes. One that names no class, or one without a loader, goes to the classifiers' loader, which
    says what is wrong with it.

    Raises:
        UsageError: no such folder, a class that cannot be audited, or an option that its loader refuses.
        VictimError: it cannot be loaded.
        MissingExtraError: torch or transformers is not installed.
    """
    classes = _architectures(path_or_name, offline=offline)
    module, _, name = _loader(classes).partition(":")
    load = getattr(import_module(module), name)
    kind = f"a {', '.join(classes)}" if classes else "a checkpoint whose config.json names no class"
    task = options.get("task")
    taken = inspect.signature(load).parameters
    for name in ("task", "seed"):  # given whatever the checkpoint turns out to be
        if name not in taken:
            options.pop(name, None)
    odd = sorted(set(options) - set(taken))
    if odd:
        raise UsageError(f"{', '.join(odd)} cannot be used with {path_or_name}, {kind}; leave it out")
    victim = cast("Victim", load(path_or_name, offline=offline, **options))
    if task not in (None, victim.info.task):
        raise UsageError(f"{path_or_name} is {kind}, which is used for {victim.info.task}, not for {task}; leave --task out")
    return victim


def _loader(architectures: Sequence[str]) -> str:
    """The first loader of the table that fits any of the classes: a checkpoint may name several."""
    return next((loader for end, loader in LOADERS.items() if any(name.endswith(end) for name in architectures)), CLASSIFIER)


def _architectures(path_or_name: str, *, offline: bool) -> tuple[str, ...]:
    folder = checkpoints.locate(path_or_name)
    if folder is None:
        checkpoints.prepare(offline)
    config = checkpoints.find_file(path_or_name, folder, "config.json", offline=offline)
    try:
        found = {} if config is None else json.loads(config.read_text(encoding="utf-8"))
    except ValueError:  # the loader says what is wrong with the file
        return ()
    names = found.get("architectures") if isinstance(found, dict) else None
    return tuple(map(str, names)) if isinstance(names, list) else ()
