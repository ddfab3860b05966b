"""spaCy as the tagger, where it and one of its English pipelines are installed."""

from __future__ import annotations

from functools import cache, cached_property
from importlib import metadata
from importlib.util import find_spec
from typing import Any

PIPELINES = ("en_core_web_trf", "en_core_web_lg", "en_core_web_md", "en_core_web_sm")
"""English pipelines, the first that is installed is taken."""
ADVICE = (
    "the tagger spacy needs spaCy and one of its English pipelines: pip install 'robustness-suite[spacy]' && "
    "python -m spacy download en_core_web_sm; or use --tagger builtin"
)
_DROPPED = ("parser", "ner", "lemmatizer", "attribute_ruler", "senter")


@cache
def pipeline_name() -> str | None:
    """The English pipeline that is installed beside spaCy, or None; looks at what is installed, loads nothing."""
    if find_spec("spacy") is None:
        return None
    return next((name for name in PIPELINES if find_spec(name) is not None), None)


class SpacyTagger:
    """Tags by a spaCy pipeline, loaded at the first text."""

    def __init__(self, pipeline: str) -> None:
        self._pipeline = pipeline

    @property
    def name(self) -> str:
        """Versions of spaCy and of the pipeline decide, so both are named."""
        return f"spacy {metadata.version('spacy')}, {self._pipeline} {metadata.version(self._pipeline)}"

    @cached_property
    def _model(self) -> Any:
        import spacy

        return spacy.load(self._pipeline, exclude=_DROPPED)

    def tag(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """The tags of the pipeline for these tokens; it does not split them again."""
        if not tokens:
            return ()
        from spacy.tokens import Doc

        read = self._model(Doc(self._model.vocab, words=list(tokens)))
        return tuple(str(token.tag_) for token in read)
