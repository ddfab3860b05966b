"""The language that attacks speak: requests, verdicts, trials.

An attack is a generator. It yields requests (``Query``, ``Embed`` …) and is sent their answers; it holds no model.
``Trial`` keeps the account: what was asked, what it cost, who won. Success is read from the victim's own answer.
"""

from attacks.search.asking import embed, fill, flips, gradients, rewrite
from attacks.search.recipe import FAIR_TRY, Attack, Citation, Recipe
from attacks.search.requests import (
    Answer,
    BudgetExhaustedError,
    Candidate,
    Confirm,
    Embed,
    Fill,
    Flips,
    Gradients,
    Input,
    Judge,
    Judgement,
    Mark,
    Prediction,
    Query,
    Ranked,
    Request,
    Rewrite,
    Scan,
    Search,
    Span,
    Speak,
    UnansweredError,
    Unusable,
    Verdict,
)
from attacks.search.trial import Tally, Trial

__all__ = [
    "FAIR_TRY",
    "Answer",
    "Attack",
    "BudgetExhaustedError",
    "Candidate",
    "Citation",
    "Confirm",
    "Embed",
    "Fill",
    "Flips",
    "Gradients",
    "Input",
    "Judge",
    "Judgement",
    "Mark",
    "Prediction",
    "Query",
    "Ranked",
    "Recipe",
    "Request",
    "Rewrite",
    "Scan",
    "Search",
    "Span",
    "Speak",
    "Tally",
    "Trial",
    "UnansweredError",
    "Unusable",
    "Verdict",
    "embed",
    "fill",
    "flips",
    "gradients",
    "rewrite",
]
