"""TextAttack's goal function and attack, judged by the trial: what a search asks, and which of its texts may win."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, cast

from attacks.search import Candidate, Prediction, Search, Trial, Verdict
from attacks.textattack_bridge.loading import load
from attacks.textattack_bridge.tracing import Traced, chain, technique_of
from attacks.textattack_bridge.worker import Ask


class Line:
    """What the parts of one trial share: the trial, how to ask the engine, and which texts have passed every rule."""

    def __init__(self, trial: Trial, ask: Ask, prefer: str, technique: str, most_words: int | None = None) -> None:
        self.trial, self.ask, self.prefer, self.technique, self.most_words = trial, ask, prefer, technique, most_words
        self.admissible: set[str] = set()
        self.ranking = False
        self.baseline = 0.0

    def judge(self, texts: Sequence[Any]) -> list[Verdict]:
        """Verdicts on attacked texts, in order.

        While words are ranked, only a text that has passed every rule may win, and one that just probes (a word deleted or
        masked) may not. At any other time the search means what it asks, unless the text is longer than ``most_words``.
        """
        asked = [(field_of(text, self.trial), text) for text in texts]
        probes = [field for field, text in asked if not self._may_win(field, text)]
        candidates = [self._candidate(field, text) for field, text in asked if self._may_win(field, text)]
        found = self.ask(lambda trial: trial.probe(probes)) if probes else []
        if candidates:
            found = [*found, *self.ask(lambda trial: _attempt(trial, candidates, self.prefer))]
        verdicts = {verdict.text: verdict for verdict in found}
        return [verdicts[field] for field, _ in asked]

    def _may_win(self, field: str, text: Any) -> bool:
        if self.ranking and field not in self.admissible:
            return False
        return self.most_words is None or text.num_words <= self.most_words

    def _candidate(self, field: str, text: Any) -> Candidate:
        steps = tuple((field_of(step, self.trial), technique_of(step)) for step in chain(text)[1:])
        similarity = text.attack_attrs.get("similarity_score")
        technique = technique_of(text) or self.technique
        return Traced(field, technique, similarity=None if similarity is None else float(similarity), steps=steps)

    def filtered(self, before: int, after: Iterable[Any]) -> None:
        """Note which of ``before`` proposed texts passed the rules."""
        kept = {field_of(text, self.trial) for text in after}
        self.trial.tally.proposed += before
        self.trial.tally.rejected += max(0, before - len(kept))
        self.admissible |= kept


def _attempt(trial: Trial, candidates: Sequence[Candidate], prefer: str) -> Search[list[Verdict]]:
    known = prefer == "similarity" and any(c.similarity is not None for c in candidates)
    return (yield from trial.attempt(candidates, prefer="similarity" if known else "score"))


def field_of(text: Any, trial: Trial) -> str:
    """The attacked field of one of TextAttack's texts; raises if another field has changed."""
    inputs = text.tokenizer_input
    if isinstance(inputs, str):
        return inputs
    if tuple(trial.with_text(inputs[trial.field])) != tuple(inputs):
        raise ValueError("a TextAttack component changed a field that is not attacked")
    return str(inputs[trial.field])


@cache
def goal_class() -> Any:
    """A goal function of TextAttack's that asks the trial instead of a model: no softmax, no cache, no count of its own."""
    ta = load()
    base, results = ta.goal_functions.ClassificationGoalFunction, ta.goal_function_results
    status, tensor = results.GoalFunctionResultStatus, ta.attack.torch.tensor

    class TrialGoal(base):  # type: ignore[misc,valid-type]
        def __init__(self, line: Any, **kwargs: Any) -> None:
            self.line, self.model = line, None
            self.maximizable, self.use_cache, self.allow_skip = False, False, False
            self.query_budget, self.num_queries = float("inf"), 0

        def get_results(self, attacked_text_list: Sequence[Any], check_skip: bool = False) -> tuple[list[Any], bool]:
            verdicts = self.line.judge(attacked_text_list) if attacked_text_list else []
            return [self._result(t, v) for t, v in zip(attacked_text_list, verdicts, strict=True)], False

        def _result(self, text: Any, verdict: Verdict) -> Any:
            score = verdict.score - (self.line.baseline if self.line.ranking else 0.0)
            return results.ClassificationGoalFunctionResult(
                text,
                tensor(self._scores(verdict)),
                _prediction(verdict).label,
                status.SUCCEEDED if verdict.reached else status.SEARCHING,
                score,
                self.line.trial.queries,
                self.ground_truth_output,
            )

        def _scores(self, verdict: Verdict) -> list[float]:
            label, scores = _prediction(verdict).label, _prediction(verdict).scores
            return list(scores) if scores else [float(i == label) for i in range(max(label, self.line.trial.gold) + 1)]

        def _is_goal_complete(self, model_output: Any, attacked_text: Any) -> bool:
            raise NotImplementedError("the trial decides who won")

        def _get_score(self, model_output: Any, attacked_text: Any) -> float:
            raise NotImplementedError("the trial knows the score")

    return TrialGoal


@cache
def reduction_class() -> Any:
    """Input reduction's goal: the fewer words keep the answer the better; the trial succeeds with one word left."""
    base, scored = goal_class(), load().goal_functions.InputReduction
    searching = load().goal_function_results.GoalFunctionResultStatus.SEARCHING

    class ReductionGoal(base):  # type: ignore[misc,valid-type]
        def _result(self, text: Any, verdict: Verdict) -> Any:
            result = super()._result(text, verdict)
            result.goal_status = searching
            result.score = float(scored._get_score(self, result.raw_output, text))
            return result

    return ReductionGoal


@cache
def attack_class() -> Any:
    """TextAttack's ``Attack``, noting what its rules let pass."""
    base = load().Attack

    class TrialAttack(base):  # type: ignore[misc,valid-type]
        def filter_transformations(self, transformed_texts: Any, current_text: Any, original_text: Any = None) -> Any:
            passed = super().filter_transformations(transformed_texts, current_text, original_text)
            self.goal_function.line.filtered(len(transformed_texts), passed)
            return passed

    return TrialAttack


def _prediction(verdict: Verdict) -> Prediction:
    """The answer of a classifier; recipes of TextAttack's are for that task alone."""
    return cast("Prediction", verdict.answer)
