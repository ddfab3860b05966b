"""A text-classification pipeline of transformers as a predictor: all its scores, in the order of its ``id2label``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robustness.errors import UsageError

_KIND = "TextClassificationPipeline"


def is_pipeline(predictor: Any) -> bool:
    """Whether it is a pipeline of transformers, of whatever task; nothing is imported to find out."""
    return any(
        kind.__name__ == "Pipeline" and kind.__module__.startswith("transformers.pipelines") for kind in type(predictor).__mro__
    )


class PipelineScores:
    """Asks a pipeline for the score of every label, whatever it was made to show.

    Raises:
        UsageError: a pipeline of another task, or one whose scores are not a choice between labels.
    """

    def __init__(self, pipeline: Any, name: str) -> None:
        if not any(kind.__name__ == _KIND for kind in type(pipeline).__mro__):
            raise UsageError(
                f"{name} is a transformers pipeline for {getattr(pipeline, 'task', type(pipeline).__name__)!r}; expected one for "
                "'text-classification', or a function of a list of texts that calls it and returns scores or labels"
            )
        config: Any = pipeline.model.config
        names: Mapping[int, str] = config.id2label
        if len(names) < 2 or getattr(config, "problem_type", None) in ("multi_label_classification", "regression"):
            raise UsageError(
                f"{name} is a pipeline whose {len(names)} label(s) do not exclude each other, or are no labels at all; "
                "audit one label of its checkpoint against the rest: hf:PATH#LABEL"
            )
        self._pipeline = pipeline
        self.labels = tuple(names[i] for i in sorted(names))

    def predict_proba(self, items: Sequence[Any]) -> Any:
        """``{"label", "score"}`` of every label for each text, or for each pair of texts."""
        ready = [_pair(item) if isinstance(item, Mapping) else item for item in items]
        return self._pipeline(ready, top_k=None)


def _pair(item: Mapping[str, str]) -> Mapping[str, str]:
    values = list(item.values())
    if len(values) != 2:
        raise UsageError(f"a text-classification pipeline reads one text or a pair, got the fields {list(item)}")
    return {"text": values[0], "text_pair": values[1]}
