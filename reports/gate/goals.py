"""What counted as broken when a failure was saved: a goal by its name, judged from labels alone."""

from __future__ import annotations

MISCLASSIFY = "misclassify"
"""Any answer but the gold label; what a file that names no goal means."""
KEEP_ANSWER = "keep-answer"
"""The gold label still, though the text has lost what the label rests on."""
_ANSWER_WITH = "answer-with:"


def answer_with(label: str) -> str:
    """The goal that one given label is answered."""
    return _ANSWER_WITH + label


def decidable(goal: str) -> bool:
    """Whether labels alone tell if this goal was reached."""
    return goal in (MISCLASSIFY, KEEP_ANSWER) or goal.startswith(_ANSWER_WITH)


def reached(goal: str, gold: str, answer: str) -> bool:
    """Whether an answer counts as broken under this goal; raises ``ValueError`` where labels do not tell."""
    if not decidable(goal):
        raise ValueError(f"no answer tells whether the goal {goal!r} was reached")
    if goal.startswith(_ANSWER_WITH):
        return answer == goal.removeprefix(_ANSWER_WITH)
    return (answer == gold) is (goal == KEEP_ANSWER)
