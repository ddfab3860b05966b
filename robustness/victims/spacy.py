"""spaCy pipelines as victims: the entities that a pipeline finds, under the names of the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError, VictimError, cut
from robustness.victims.base import PlainVictim, VictimInfo
from robustness.victims.entity_types import EntityTypes, entity_types
from robustness.victims.extras import require
from robustness.victims.transformers.checkpoints import digest

IDLE = frozenset(
    ("tagger", "parser", "attribute_ruler", "lemmatizer", "trainable_lemmatizer", "morphologizer", "senter", "sentencizer")
)
"""Components on which no statistical recogniser of entities depends; left out unless the pipeline has others that may."""
KNOWN = IDLE | {"tok2vec", "transformer", "ner"}


class SpacyVictim(PlainVictim):
    """A pipeline that answers with the spans of ``doc.ents``.

    Texts are read one by one: in a batch its matrices have other shapes, and round otherwise in the last digits.
    """

    def __init__(self, info: VictimInfo, pipeline: Any, types: EntityTypes) -> None:
        self._info, self._pipeline, self._types = info, pipeline, types

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> list[list[tuple[int, int, str]]]:
        """(start, end, label) of each entity of each text, in code points."""
        return [self._entities(text) for (text,) in inputs]

    def _entities(self, text: str) -> list[tuple[int, int, str]]:
        named = ((one.start_char, one.end_char, self._types.of(one.label_)) for one in self._pipeline(text).ents)
        return [(start, end, label) for start, end, label in named if label is not None]


def load_spacy(name: str, *, types: str | None = None) -> SpacyVictim:
    """The pipeline of an installed package or a folder.

    ``types``: names for its entity types, such as ``conll`` or ``PERSON=PER,*=O`` (``robustness.victims.entity_types``).

    Raises:
        UsageError: no such pipeline, or one that finds no entities.
        VictimError: it cannot be loaded.
        MissingExtraError: spaCy is not installed.
    """
    spacy = require("spacy", "spacy")
    installed = spacy.util.get_installed_models()
    if name not in installed and not Path(name).is_dir():
        raise UsageError(
            f"there is no spaCy pipeline {name!r}; installed: {', '.join(sorted(installed)) or 'none'}. Give one of these or a "
            f"folder, or install it: python -m spacy download {name}"
        )
    try:
        pipeline = spacy.load(name)
    except Exception as problem:
        raise VictimError(f"cannot load the spaCy pipeline {name!r} ({type(problem).__name__}: {cut(problem, 500)})") from problem
    finders = [one for one in pipeline.pipe_names if "doc.ents" in pipeline.get_pipe_meta(one).assigns]
    if not finders:
        raise UsageError(
            f"the spaCy pipeline {name!r} finds no entities, it has: {', '.join(pipeline.pipe_names) or 'no component'}; "
            "give one with the component ner"
        )
    own = tuple(dict.fromkeys(label for finder in finders for label in pipeline.pipe_labels.get(finder, ())))
    found = entity_types(types, own, f"spacy:{name}")
    if KNOWN.issuperset(pipeline.pipe_names):
        pipeline.select_pipes(disable=[one for one in pipeline.pipe_names if one in IDLE])
    meta = pipeline.meta
    pins = {
        "pipeline": f"{meta['lang']}_{meta['name']} {meta['version']}",
        "weights": digest(sorted(path for path in Path(pipeline.path).rglob("*") if path.is_file())),
        "spacy": str(spacy.__version__),
        "types": ",".join(f"{one}={new}" for one, new in found.names),
    }
    info = VictimInfo(
        name=f"spacy:{name}" + (f"#{types}" if types else ""),
        kind="spacy",
        labels=found.labels,
        access="labels",
        identity=tuple(sorted(pins.items())),
        deterministic=True,
        task="ner",
    )
    return SpacyVictim(info, pipeline, found)
