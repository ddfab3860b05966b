"""The options of a question in other orders: the right answer moves, and so must the victim's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from attacks.language.options import chosen, moved_to, options_of, reordered
from attacks.search import Answer, Candidate, Search, Trial, Unusable

TECHNIQUE = "option-order"
DETAIL = "options"
"""Under what name an outcome holds the number of options, what was asked, and how often each letter was chosen."""


@dataclass(frozen=True, slots=True)
class Reordering:
    """Every rotation of the options, so that each stands behind each letter once: a letter that is chosen more often is a bias.

    Made for the goal ``other-option``, which moves what is right along. A text without options leaves nothing to try.
    """

    def search(self, trial: Trial) -> Search[None]:
        """All rotations in one request."""
        options = options_of(trial.text)
        size = len(options)
        orders = [tuple((at + turn) % size for at in range(size)) for turn in range(1, size)]
        made = [Candidate(reordered(trial.text, options, order), TECHNIQUE) for order in orders]
        trial.tally.proposed += len(made)
        if not made:
            return
        verdicts = yield from trial.attempt(made, prefer="first")
        if len(verdicts) < len(made):
            return  # cut by the budget: some letters were asked about more often than others
        texts = {trial.text: trial.clean, **{one.text: verdict for one, verdict in zip(made, verdicts, strict=True)}}
        letters = [(self._letter(trial, text, verdict.answer), text) for text, verdict in texts.items()]
        read = [(letter, moved_to(letter, options_of(text), options)) for letter, text in letters if letter is not None]
        trial.details[DETAIL] = {
            "count": size,
            "asked": len(texts),
            "chosen": dict(sorted(Counter(letter for letter, _ in read).items())),
            "same": len(read) == len(texts) and len({content for _, content in read}) == 1,
        }

    def _letter(self, trial: Trial, text: str, answer: Answer) -> str | None:
        return None if isinstance(answer, Unusable) else chosen(trial.say(answer), options_of(text))
