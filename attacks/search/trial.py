"""One attack on one example: its budget, its account, and who won. Success is read from the victim's own answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from attacks.search.confirming import CONFIRMED, REFUTED, UNDECIDED, confirmation
from attacks.search.priors import Priors
from attacks.search.requests import (
    Answer,
    BudgetExhaustedError,
    Candidate,
    Confirm,
    Input,
    Judge,
    Mark,
    Query,
    Search,
    Unusable,
    Verdict,
)
from attacks.words import Words


@dataclass(slots=True)
class Tally:
    """What happened to the candidates of one trial; read by the self-doubt checks.

    ``no_ops``: equal to the original as texts. ``distinct``: different texts asked that the victim can tell from the original;
    ``indistinguishable``: those that it cannot, unknown words or edits past its cut. ``unconfirmed``: successes of the search
    that fresh answers refuted; ``undecided``: those that they could neither confirm nor refute. ``fresh_asked`` and
    ``fresh_reached``: those answers for the winner; ``control_asked`` and ``control_reached``: those to the original beside it.
    ``unusable``: texts to which the victim returned no answer that counts, by kind: neither tries nor breaks.
    """

    proposed: int = 0
    rejected: int = 0
    no_ops: int = 0
    attempted: int = 0
    distinct: int = 0
    indistinguishable: int = 0
    unconfirmed: int = 0
    fresh_asked: int = 0
    fresh_reached: int = 0
    undecided: int = 0
    control_asked: int = 0
    control_reached: int = 0
    unusable: dict[str, int] = field(default_factory=dict)


LONG, MOST_IDLE = 10_000, 100_000_000
"""Characters from which a text counts as long, and characters of long texts that may be made for nothing in one trial."""


class Trial:
    """One attack on one example: the clean answer, the budget, the account of what was asked.

    ``probe`` learns and can never win; ``attempt`` can. Both cost queries: distinct texts asked, the clean one included.
    ``confirm``: fresh answers asked for each success of a victim whose answers vary, outside budget and cache; a success is one
    only where they confirm it (``attacks.search.confirming``). 0 for a victim that always answers alike.

    ``gold``: the class whose loss gradients are asked for, where answers are classes. ``marks``: spans of the input that what
    is right speaks of. ``target``: a text that the goal wants to be answered, where it wants one: a canary, a word.

    ``say``: an answer in the victim's words, for an attack that quotes it. ``priors``: what the run has learned of the victim
    before, None where it learns nothing.

    ``details``: what an attack wants to be written down of this trial besides: JSON-able values, by name.

    ``best`` and ``closest`` are of the whole trial, and what reports show. A search that climbs stands on ``standing`` and
    ``best_words``, which ``restart`` brings back to the original; winner, account and the best for the reports stay.
    """

    def __init__(
        self,
        *,
        inputs: Input,
        field: int = 0,
        judge: Judge,
        clean: Answer,
        rng: Random,
        budget: int | None = None,
        example_id: str = "",
        confirm: int = 0,
        gold: int = 0,
        marks: tuple[Mark, ...] = (),
        recipe: str = "",
        target: str = "",
        say: Callable[[Answer], str] = str,
        priors: Priors | None = None,
    ) -> None:
        self.inputs, self.field, self.judge = inputs, field, judge
        self.gold, self.marks, self.recipe, self.target = gold, marks, recipe, target
        self.say, self.priors = say, priors
        self.details: dict[str, Any] = {}
        self.rng, self.budget, self.example_id, self.confirm = rng, budget, example_id, confirm
        self.clean = Verdict(self.text, clean, 0.0, False)  # as far from the goal as can be, where the answer is none to it
        if not isinstance((judged := self._judge(self.text, clean)).answer, Unusable):
            self.clean = judged
        self.best: Verdict = self.clean
        self.standing: Verdict = self.clean
        self.winner: tuple[Candidate, Verdict] | None = None
        self.tally = Tally()
        self.ladder: dict[int, tuple[Candidate, Verdict]] = {}
        self._known: dict[str, Verdict] = {self.text: self.clean}
        self._tried: set[str] = {self.text}
        self._best_candidate: Candidate | None = None
        self._footing: Candidate | None = None
        self._idle = 0
        self._afresh = 0

    @property
    def text(self) -> str:
        """The attacked field's original text."""
        return self.inputs[self.field]

    @property
    def marked(self) -> tuple[str, ...]:
        """The texts of the marks, each once: the gold answers, as far as they stand in the input."""
        return tuple(dict.fromkeys(self.inputs[mark.field][mark.start : mark.end] for mark in self.marks))

    @property
    def queries(self) -> int:
        """Distinct texts asked so far, the clean one included."""
        return len(self._known)

    @property
    def won(self) -> bool:
        """Whether an attempt reached the goal."""
        return self.winner is not None

    @property
    def remaining(self) -> int | None:
        """Queries left, or None without a budget."""
        return None if self.budget is None else max(0, self.budget - self.queries)

    @property
    def closest(self) -> Candidate | None:
        """The attempted candidate with the highest goal score, if it beats the original."""
        return self._best_candidate

    def best_words(self, default: Words) -> Words:
        """The word view of the closest attempt since the last restart, or ``default`` when none came closer than the original."""
        found = self._footing
        return found.words if found is not None and found.words is not None else default

    def flat(self, least: int) -> bool | None:
        """Whether every text so far scores as the original does and none reaches the goal; None below ``least`` texts.

        Of texts that the victim can tell from the original, and that it answered.
        """
        asked = [v for v in self._known.values() if v.fair and self.tells_apart(v) and not isinstance(v.answer, Unusable)]
        if any(v.reached or v.score != self.clean.score for v in asked):
            return False
        return True if len(asked) >= least else None

    def restart(self) -> None:
        """Let a search climb from the original again. What was asked stays asked, and is free; nothing of the outcome is lost."""
        self.standing, self._footing = self.clean, None

    def forget(self) -> None:
        """Drop winner, closest attempt and ladder, which mean nothing on an example that was wrong from the start."""
        self.restart()
        self.winner, self.best, self._best_candidate, self.ladder = None, self.clean, None, {}

    def idle(self, made: int) -> None:
        """Note that so many changed texts were made and nobody was asked: known ones, or ones that a constraint refused.

        They cost no query, and on a text of n words a search can make n of n words each: on a long one that ends it, as a spent
        budget does (``BudgetExhaustedError``).
        """
        if made and len(self.text) >= LONG:
            self._idle += made * len(self.text)
            if self._idle > MOST_IDLE:
                raise BudgetExhaustedError

    def probe(self, texts: Iterable[str]) -> Search[list[Verdict]]:
        """Ask about texts to learn from them; they can never win. Raises ``BudgetExhaustedError``."""
        texts = list(texts)
        known, cut = yield from self._ask(texts)
        if cut:
            raise BudgetExhaustedError
        return [known[t] for t in texts]

    def attempt(self, candidates: Iterable[Candidate], *, prefer: str = "score") -> Search[list[Verdict]]:
        """Ask about candidates; if any reaches the goal the trial is won.

        ``prefer`` chooses among several winners: ``score`` (closest to the goal), ``similarity`` (to the original)
        or ``first``. Verdicts come back in candidate order; the ones past the budget are missing, and unless one
        of the others won, ``BudgetExhaustedError`` is raised. Candidates equal to the original are counted as no-ops
        and not asked, yet keep their place in the answer.
        """
        judged, cut = yield from self._judge_all(list(candidates), prefer)
        if cut and not self.won:
            raise BudgetExhaustedError
        return [v for _, v in judged]

    def climb(self, rungs: Mapping[int, Candidate]) -> Search[None]:
        """Attempt a severity ladder in one request; every rung is kept, the lowest severity that reaches the goal wins.

        Severities without a candidate are simply absent. Rungs past the budget are missing, and unless one of the others
        won, ``BudgetExhaustedError`` is raised.
        """
        severities = sorted(rungs)
        already = self.winner
        _, cut = yield from self._judge_all([rungs[s] for s in severities], "first")
        known = self._known
        self.ladder.update((s, (rungs[s], known[rungs[s].text])) for s in severities if self._answered(rungs[s].text))
        self.winner = already or self.winner
        if cut and not self.won:
            raise BudgetExhaustedError

    def _answered(self, text: str) -> bool:
        return text in self._known and not isinstance(self._known[text].answer, Unusable)

    def _judge_all(self, pool: Sequence[Candidate], prefer: str) -> Search[tuple[list[tuple[Candidate, Verdict]], bool]]:
        self.tally.attempted += len(pool)
        texts = [c.text for c in pool]
        self.tally.no_ops += texts.count(self.text)
        known, cut = yield from self._ask(texts)
        judged = [(c, known[c.text]) for c in pool if c.text in known]
        self._count(judged)
        winners = [(c, v) for c, v in judged if v.reached and self.tells_apart(v)]
        if winners:
            yield from self._crown(winners, prefer)
            judged = [(c, known[c.text]) for c, _ in judged]  # fresh answers may have taken a success back
        for candidate, verdict in judged:
            if candidate.text == self.text:
                continue
            if verdict.score > self.best.score:
                self.best, self._best_candidate = verdict, candidate
            if verdict.score > self.standing.score:
                self.standing, self._footing = verdict, candidate
        return judged, cut

    def _count(self, judged: Sequence[tuple[Candidate, Verdict]]) -> None:
        for _, verdict in judged:
            if verdict.text not in self._tried:
                self._tried.add(verdict.text)
                if isinstance(verdict.answer, Unusable):
                    kind = verdict.answer.kind
                    self.tally.unusable[kind] = self.tally.unusable.get(kind, 0) + 1
                    continue
                if not verdict.fair:
                    continue
                apart = self.tells_apart(verdict)
                self.tally.distinct += apart
                self.tally.indistinguishable += not apart

    def tells_apart(self, verdict: Verdict) -> bool:
        """Whether the victim can tell this text from the original; one that says nothing of what it reads tells all apart."""
        read, clean = verdict.answer.reading, self.clean.answer.reading
        return verdict.text != self.text and (read is None or clean is None or read != clean)

    def _crown(self, winners: list[tuple[Candidate, Verdict]], prefer: str) -> Search[None]:
        """Make the preferred of these the winner; where answers vary, the first whose success fresh answers bear out."""
        if prefer == "score":
            winners.sort(key=lambda cv: -cv[1].score)
        elif prefer == "similarity":
            winners.sort(key=lambda cv: -1.0 if cv[0].similarity is None else cv[0].similarity, reverse=True)
        for candidate, verdict in winners:
            if not self.confirm or (yield from self._confirmed(verdict)):
                self.winner = candidate, verdict
                return

    def _confirmed(self, verdict: Verdict) -> Search[bool]:
        """Whether fresh answers confirm a success; a text that was merely lucky counts as failed from then on.

        One that they neither confirm nor refute is neither: from then on it has no answer that counts.
        """
        tally, text = self.tally, verdict.text

        def fresh(times: int) -> Search[list[Verdict]]:
            answers = yield from self.ask_afresh(text, times)
            return [self._judge(text, answer) for answer in answers]

        def control(times: int) -> Search[list[Verdict]]:  # named by the example alone: all of its recipes share the answers
            answers: list[Answer] = yield Confirm(self.inputs, times, f"control\x1f{self.example_id}")
            return [self._judge(self.text, answer) for answer in answers]

        found = yield from confirmation(fresh, control, times=self.confirm, rank=tally.unconfirmed + tally.undecided + 1)
        tally.control_asked, tally.control_reached = found.control_asked, found.control_reached
        if found.state == CONFIRMED:
            tally.fresh_asked, tally.fresh_reached = found.asked, found.reached
            return True
        if found.state == REFUTED and found.held is not None:
            tally.unconfirmed += 1
            self._known[text] = found.held
            return False
        tally.undecided += 1
        kept = f"{found.reached} of {found.asked} fresh answers reach the goal, {found.control_reached} of {found.control_asked}"
        self._known[text] = Verdict(text, Unusable(UNDECIDED, f"{kept} to the original"), self.clean.score, False)
        return False

    def ask_afresh(self, text: str, times: int) -> Search[list[Answer]]:
        """What the victim answers to a text when it is asked anew, outside budget and cache."""
        first = self._afresh + 1
        self._afresh += times
        answers: list[Answer] = yield Confirm(self.with_text(text), times, f"{self.recipe}\x1f{self.example_id}", first)
        return answers

    def _ask(self, texts: Sequence[str]) -> Search[tuple[dict[str, Verdict], bool]]:
        new = [t for t in dict.fromkeys(texts) if t not in self._known]
        self.idle(len(texts) - len(new))
        remaining = self.remaining
        cut = remaining is not None and len(new) > remaining
        new = new[:remaining] if cut else new
        if new:
            answers = yield Query(tuple(self.with_text(t) for t in new))
            for text, answer in zip(new, answers, strict=True):
                self._known[text] = self._judge(text, answer)
        return self._known, cut

    def with_text(self, text: str) -> Input:
        """The whole input with the attacked field replaced."""
        return (*self.inputs[: self.field], text, *self.inputs[self.field + 1 :])

    def _judge(self, text: str, answer: Answer) -> Verdict:
        if isinstance(answer, Unusable):  # as far from the goal as the original: no search climbs on it
            return Verdict(text, answer, self.clean.score, False)
        judged = self.judge(answer, self.with_text(text))
        if judged.unusable:
            nothing = Unusable(judged.unusable, "the answer is none to what is asked", answer.reading)
            return Verdict(text, nothing, self.clean.score, False)
        return Verdict(text, answer, judged.score, judged.reached, judged.quality, judged.kind, judged.fair)
