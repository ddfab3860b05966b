"""A text-classification pipeline of transformers as a predictor: all its scores by label, or its number."""

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


FUNCTIONS = {"classification": None, "multi-label": "sigmoid", "regression": "none"}
"""What is put behind the logits, by task; None: what the pipeline itself puts there."""


class PipelineScores:
    """Asks a pipeline for the score of every label, whatever it was made to show. ``task``: one of ``FUNCTIONS``.

    Raises:
        UsageError: a pipeline of another task, or one whose scores are not a choice between labels though that is the task.
    """

    def __init__(self, pipeline: Any, name: str, task: str = "classification") -> None:
        if not any(kind.__name__ == _KIND for kind in type(pipeline).__mro__):
            raise UsageError(
                f"{name} is a transformers pipeline for {getattr(pipeline, 'task', type(pipeline).__name__)!r}; expected one for "
                "'text-classification', or a function of a list of texts that calls it and returns scores or labels"
            )
        config: Any = pipeline.model.config
        names: Mapping[int, str] = config.id2label
        several = len(names) < 2 or getattr(config, "problem_type", None) in ("multi_label_classification", "regression")
        if several and task == "classification":
            raise UsageError(
                f"{name} is a pipeline whose {len(names)} label(s) do not exclude each other, or are not labels at all; audit it "
                "with --task multi-label or --task regression, or one label of its checkpoint against the rest: hf:PATH#LABEL"
            )
        self._pipeline = pipeline
        self._options: dict[str, Any] = {"top_k": None}
        if FUNCTIONS[task] is not None:
            self._options["function_to_apply"] = FUNCTIONS[task]
        self.labels = tuple(names[i] for i in sorted(names))

    def predict_proba(self, items: Sequence[Any]) -> Any:
        """``{"label", "score"}`` of every label for each text, or for each pair of texts."""
        ready = [_pair(item) if isinstance(item, Mapping) else item for item in items]
        return self._pipeline(ready, **self._options)

    predict = predict_proba


def _pair(item: Mapping[str, str]) -> Mapping[str, str]:
    values = list(item.values())
    if len(values) != 2:
        raise UsageError(f"a text-classification pipeline reads one text or a pair, got the fields {list(item)}")
    return {"text": values[0], "text_pair": values[1]}
