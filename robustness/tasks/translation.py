"""Translation: quality is chrF, to a reference or to the translation of the clean text.

An attack that changes the source changes the right translation too. ``degraded`` sets the one against the other: what the
translation lost must outweigh what the source lost (Michel et al. 2019, "On Evaluation of Adversarial Perturbations for
Sequence-to-Sequence Models", section 2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, ClassVar

from attacks.search import Judgement
from robustness.tasks.answers import Completion
from robustness.tasks.task import Goal, GoalKind, Measure, Space
from robustness.tasks.text_quality import TextSeen, TextTask, expected
from robustness.victims.extras import require

DEFAULT_SHARE = 0.5
"""Half of the clean chrF: about what is left once a translation says something else, or leaves its main words untranslated."""
RIGHT_CHRF = 0.3
"""Unrelated sentences of one language share 0.14 on average, and 0.25 at most (90 pairs, see ``docs/task-translation.md``)."""


@lru_cache(maxsize=1 << 16)
def chrf(text: str, right: str) -> float:
    """Sentence chrF, 0 to 1, as sacrebleu takes it (character n-grams up to six, beta 2; Popović 2015)."""
    if text == right:
        return 1.0
    return float(_metrics()[0].sentence_score(text, [right]).score) / 100.0


@lru_cache(maxsize=1 << 16)
def bleu(text: str, right: str) -> float:
    """Sentence BLEU with its effective order, 0 to 1, as sacrebleu takes it (Papineni et al. 2002)."""
    if text == right:
        return 1.0
    return float(_metrics()[1].sentence_score(text, [right]).score) / 100.0


@cache
def _metrics() -> tuple[Any, Any]:
    library: Any = require("sacrebleu", "translation")
    return library.CHRF(), library.BLEU(effective_order=True)


@dataclass(frozen=True, slots=True)
class Degraded:
    """More lost in the translation than in the source: s_src + d_tgt > 1.

    s_src: chrF of the perturbed source to the original; d_tgt: the share of the clean translation's chrF that is lost, at least
    0. Score: half their sum.
    """

    name: ClassVar[str] = "degraded"

    def judge(self, answer: Completion, seen: TextSeen) -> Judgement:
        """Broken is what loses more than the source."""
        right = expected(seen)
        quality, clean = chrf(answer.text, right), chrf(seen.clean.text, right)
        lost = max(0.0, (clean - quality) / clean) if clean else 0.0
        total = chrf(seen.perturbed[seen.field], seen.inputs[seen.field]) + lost
        return Judgement(total / 2.0, total > 1.0, quality)


class Translation(TextTask):
    """A text in another language."""

    name = "translation"
    summary = "a text in another language"
    texts = ("source", "src")
    references = ("reference", "target", "translation", "tgt", "ref")
    answer_keys = ("translation_text", "translation", "text", "generated_text", "answer")
    default_share, right_quality, measure_name = DEFAULT_SHARE, RIGHT_CHRF, "chrF"
    measures = (Measure("chrf", "chrF"), Measure("bleu", "sentence BLEU"))
    goals = (
        GoalKind("quality-below:SHARE", f"chrF below this share of the clean translation's, {DEFAULT_SHARE} by default"),
        GoalKind("degraded", "more lost in the translation than in the source: s_src + d_tgt > 1"),
        *TextTask.kinds,
    )

    def similarity(self, text: str, right: str) -> float:
        """Sentence chrF."""
        return chrf(text, right)

    def check_extra(self) -> None:
        """Sacrebleu is there."""
        require("sacrebleu", "translation")

    def goal(self, spec: str, space: Space) -> Goal[str, Completion]:
        """``degraded`` beside what every text has."""
        if spec == Degraded.name:
            self.check_extra()
            return Degraded()
        return super().goal(spec, space)

    def measure(self, answer: Completion, seen: TextSeen) -> Mapping[str, float]:
        """Sentence chrF and BLEU, 0 to 1."""
        right = expected(seen)
        return {"chrf": chrf(answer.text, right), "bleu": bleu(answer.text, right)}

    def adapted(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """``{"translation": {"en": …, "pt": …}}``, as data sets of pairs come: from the first language into the second."""
        pair = row.get("translation")
        if not isinstance(pair, Mapping) or len(pair) != 2:
            return row
        source, target = pair.values()
        return {**{key: value for key, value in row.items() if key != "translation"}, "text": source, "reference": target}
