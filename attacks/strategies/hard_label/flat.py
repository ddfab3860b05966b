"""A search that climbs, until it turns out that there is nothing to climb on: all texts are as far from the goal as the first."""

from __future__ import annotations

from dataclasses import dataclass

from attacks.search import Attack, Request, Search, Trial, UnansweredError

FLAT = 24
"""Texts whose scores are all the original's, to the last bit, before a search is given up for one that needs no scores; one
that ends by itself gives way where it asked about fewer."""
FLAT_SEARCH = "flat"
"""What a trial's details say under ``search`` where that happened."""


@dataclass(frozen=True, slots=True)
class UnlessFlat:
    """``attack``, and ``otherwise`` once its first texts all score as the original does and none reaches the goal.

    Some goals are all or nothing, some victims are so sure that their scores do not move, and answers in words are often right
    or wrong and nothing between. What was asked stays asked. The trial's details say that it happened: ``search`` is ``flat``.
    """

    attack: Attack
    otherwise: Attack

    def search(self, trial: Trial) -> Search[None]:
        """Relay what the search asks, as long as scores move."""
        search, flat = self.attack.search(trial), None
        try:
            request: Request = next(search)
            while True:
                try:
                    answer = yield request
                except UnansweredError as error:
                    request = search.throw(error)
                    continue
                request = search.send(answer)
                if flat is None:
                    flat = trial.flat(FLAT)
                if flat:
                    break
        except StopIteration:
            if not trial.flat(1):
                return
        finally:
            search.close()
        trial.restart()
        trial.details["search"] = FLAT_SEARCH
        yield from self.otherwise.search(trial)
