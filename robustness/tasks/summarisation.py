"""Summarisation: quality is ROUGE-L, to a reference or to the summary of the clean text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from robustness.tasks.answers import Completion
from robustness.tasks.task import GoalKind, Measure
from robustness.tasks.text_quality import TextSeen, TextTask, expected, words_of
from robustness.victims.extras import require

DEFAULT_SHARE = 0.5
RIGHT_ROUGE = 0.1
"""A summary below it shares single words with its reference; good ones of news have 0.2 to 0.4."""
_NAME = re.compile(r"(?<!^)(?<![.!?…:\"“] )\b(?=[^\W\d_])[^\W\d_]*[A-ZÀ-ÖØ-Þ][\w’'\-]*|\b\d[\d.,]*\d\b|\b\d\b")


class _Tokenizer:
    """rouge-score's default tokens on ASCII text; letters of other scripts are words here, and nothing there."""

    def tokenize(self, text: str) -> list[str]:
        return re.findall(r"[^\W_]+", text.lower())


@lru_cache(maxsize=1 << 16)
def rouge_l(text: str, right: str) -> float:
    """ROUGE-L, the F-measure of the longest common subsequence of words, 0 to 1 (Lin 2004), without a stemmer."""
    if text == right:
        return 1.0
    return float(_scorer().score(right, text)["rougeL"].fmeasure)


@cache
def _scorer() -> Any:
    library: Any = require("rouge_score.rouge_scorer", "summarisation")
    return library.RougeScorer(["rougeL"], use_stemmer=False, tokenizer=_Tokenizer())


def names_of(text: str) -> frozenset[str]:
    """Words with a capital inside a sentence, and numbers: what a summary must not change."""
    return frozenset(found.casefold() for found in _NAME.findall(text))


def names_kept(text: str, right: str) -> float:
    """The share of the names and numbers of ``right`` that stand in ``text``; 1 where it has none."""
    wanted = names_of(right)
    held = frozenset(words_of(text)) | names_of(text)
    return len(wanted & held) / len(wanted) if wanted else 1.0


class Summarisation(TextTask):
    """A short text that says what a long one says."""

    name = "summarisation"
    summary = "a short text that says what a long one says"
    texts = ("document", "article", "dialogue")
    references = ("summary", "reference", "highlights", "target", "ref")
    answer_keys = ("summary_text", "summary", "text", "generated_text", "answer")
    default_share, right_quality, measure_name = DEFAULT_SHARE, RIGHT_ROUGE, "ROUGE-L"
    measures = (
        Measure("rouge_l", "ROUGE-L"),
        Measure("names_kept", "names and numbers kept"),
        Measure("length", "length of the expected"),
    )
    goals = (
        GoalKind("quality-below:SHARE", f"ROUGE-L below this share of the clean summary's, {DEFAULT_SHARE} by default"),
        *TextTask.kinds,
    )

    def similarity(self, text: str, right: str) -> float:
        """ROUGE-L."""
        return rouge_l(text, right)

    def check_extra(self) -> None:
        """rouge-score is there."""
        require("rouge_score", "summarisation")

    def measure(self, answer: Completion, seen: TextSeen) -> Mapping[str, float]:
        """ROUGE-L, the share of names and numbers kept, and the length in words against the expected summary's."""
        right = expected(seen)
        length = len(words_of(answer.text)) / max(1, len(words_of(right)))
        return {"rouge_l": rouge_l(answer.text, right), "names_kept": names_kept(answer.text, right), "length": length}
