"""An attack that never sees the spans it may not touch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from attacks.protection import Mask, Pattern
from attacks.search import (
    Answer,
    Attack,
    Candidate,
    Confirm,
    Embed,
    Fill,
    Flips,
    Fluency,
    Gradients,
    Input,
    Judgement,
    Mark,
    Parse,
    Pool,
    Query,
    Request,
    Rewrite,
    Scan,
    Search,
    Speak,
    Trial,
    UnansweredError,
    Verdict,
)
from attacks.syntax.tree import Tree, merged
from attacks.words import Words


@dataclass(frozen=True, slots=True)
class Protected:
    """The attack on a text whose protected spans are masked; what it asks is restored on the way out.

    Whatever its transformations do, a candidate in which a protected span is gone, moved or joined to something is
    refused before anything is asked. A text with all its words protected leaves nothing to try; one with none is searched as
    if there were no patterns. ``marks``: protect the spans that what is right speaks of too.
    """

    attack: Attack
    patterns: tuple[Pattern, ...] = ()
    marks: bool = False

    def search(self, trial: Trial) -> Search[None]:
        """Search behind the mask, and keep the account of the trial."""
        marked = [(m.start, m.end) for m in trial.marks if m.field == trial.field] if self.marks else []
        mask = Mask.of(trial.text, self.patterns, marked)
        if mask is None:
            yield from self.attack.search(trial)
            return
        if not mask.leaves_words:
            return
        hidden = _MaskedTrial(trial, mask)
        search = self.attack.search(hidden)
        try:
            yield from _relayed(search, hidden)
        finally:
            search.close()
            hidden.hand_over()


def _relayed(search: Search[None], hidden: _MaskedTrial) -> Search[None]:
    request: Request | None = next(search, None)
    while request is not None:
        try:
            answer = yield hidden.outgoing(request)
        except UnansweredError as error:
            request = _resumed(search, error)
        else:
            request = _resumed(search, hidden.incoming(request, answer))
        hidden.show()


def _resumed(search: Search[None], answer: Any) -> Request | None:
    try:
        return search.throw(answer) if isinstance(answer, UnansweredError) else search.send(answer)
    except StopIteration:
        return None


def _masked_marks(trial: Trial, mask: Mask) -> Iterator[Mark]:
    """The marks of the trial that are not protected, where the attack sees them."""
    for mark in trial.marks:
        place = (mark.start, mark.end) if mark.field != trial.field else mask.inside(mark.start, mark.end)
        if place is not None:
            yield replace(mark, start=place[0], end=place[1])


def _back(at: int, where: Sequence[tuple[int, int, int]]) -> int:
    """A position of the restored text in the masked one: each of the spans is one character there."""
    shift = 0
    for start, end, _ in where:
        if at <= start:
            break
        shift += min(at, end) - start - 1
    return at - shift


class _MaskedTrial(Trial):
    """The trial as the attack sees it; texts asked, budget and tally are those of the trial behind it."""

    def __init__(self, trial: Trial, mask: Mask) -> None:
        self.outer, self.mask = trial, mask
        super().__init__(
            inputs=trial.with_text(mask.text),
            field=trial.field,
            judge=self._judged,
            clean=trial.clean.answer,
            rng=trial.rng,
            budget=trial.budget,
            example_id=trial.example_id,
            confirm=trial.confirm,
            gold=trial.gold,
            marks=tuple(_masked_marks(trial, mask)),
            recipe=trial.recipe,
            target=trial.target,
            say=trial.say,
            priors=trial.priors,
        )
        self.details = trial.details
        self.tally = trial.tally
        trial._known = self._known

    @property
    def marked(self) -> tuple[str, ...]:
        """What is marked behind the mask: an attack may have to know what it must not say."""
        return self.outer.marked

    def _judged(self, answer: Answer, inputs: Input) -> Judgement:
        return self.outer.judge(answer, self._input(inputs))

    def climb(self, rungs: Mapping[int, Candidate]) -> Search[None]:
        """Noise that touches a protected span among others keeps its other edits."""
        repaired = {severity: self.mask.repaired(candidate) for severity, candidate in rungs.items()}
        self.tally.rejected += sum(one is None for one in repaired.values())
        yield from super().climb({severity: one for severity, one in repaired.items() if one is not None})

    def _judge_all(self, pool: Sequence[Candidate], prefer: str) -> Search[tuple[list[tuple[Candidate, Verdict]], bool]]:
        refused = {c.text for c in pool if not self.mask.intact(c.text)}
        self.tally.rejected += sum(c.text in refused for c in pool)
        judged, cut = yield from super()._judge_all([c for c in pool if c.text not in refused], prefer)
        if not refused:
            return judged, cut
        known = {candidate.text: verdict for candidate, verdict in judged}
        known |= {text: Verdict(text, self.clean.answer, -1.0, False) for text in refused}  # searches count on its place
        return [(c, known[c.text]) for c in pool if c.text in known], cut

    def outgoing(self, request: Request) -> Request:
        """What the attack asks, as it is passed on outside."""
        if isinstance(request, Query):
            return Query(tuple(map(self._input, request.inputs)))
        if isinstance(request, Confirm):
            return replace(request, input=self._input(request.input))
        if isinstance(request, Embed | Rewrite | Scan | Speak | Parse | Fluency):
            return replace(request, texts=tuple(map(self.mask.restored, request.texts)))
        if isinstance(request, Fill):
            contexts = tuple((self.mask.restored(left), self.mask.restored(right)) for left, right in request.contexts)
            return replace(request, contexts=contexts)
        if isinstance(request, Gradients):
            return replace(request, inputs=tuple(map(self._input, request.inputs)))
        if isinstance(request, Pool):
            return request
        if not isinstance(request, Flips):  # none but these speak of inputs; what holds texts alone was restored above
            raise TypeError(f"{type(request).__name__} requests are not known to the mask over protected spans")
        inputs = tuple(map(self._input, request.inputs))
        text = request.inputs[0][self.field]
        spans = tuple((self.mask.position(text, start), self.mask.position(text, end)) for start, end in request.spans)
        return replace(request, inputs=inputs, spans=spans)

    def incoming(self, request: Request, answer: Any) -> Any:
        """An answer from outside, as the attack is to see it."""
        if isinstance(request, Rewrite):
            masked = [[self.mask.masked(text) for text in texts] for texts in answer]
            return [[text for text in texts if text is not None] for texts in masked]
        if isinstance(request, Scan | Speak):  # a text whose protected spans did not come through is as good as none
            return [self.mask.masked(text) or "" for text in answer]
        if isinstance(request, Parse):
            return [self._tree(text, tree) for text, tree in zip(request.texts, answer, strict=True)]
        if isinstance(request, Gradients):
            return [self._norms(one[self.field], norms) for one, norms in zip(request.inputs, answer, strict=True)]
        return answer

    def _tree(self, text: str, tree: Tree) -> Tree:
        """The tree of the restored text with each protected span as one node, at its place in the masked one."""
        where = self.mask.hidden(text)
        moved = merged(tree, [(start, end) for start, end, _ in where])
        return tuple(replace(node, start=_back(node.start, where), end=_back(node.end, where)) for node in moved)

    def _norms(self, text: str, norms: Sequence[float]) -> Any:
        """For each word that is left, the largest norm of the words that it covers."""
        spans = Words(self.mask.restored(text)).spans()
        out, first = [], 0
        for start, end in self.mask.word_spans(text):
            while first < len(spans) and spans[first][1] <= start:
                first += 1
            last = first
            while last < len(spans) and spans[last][0] < end:
                last += 1
            out.append(max(map(float, norms[first:last]), default=0.0))
        return np.asarray(out, np.float64)

    def _input(self, inputs: Input) -> Input:
        return (*inputs[: self.field], self.mask.restored(inputs[self.field]), *inputs[self.field + 1 :])

    def show(self) -> None:
        """Let whoever watches the trial see the best text so far."""
        if self.best.text != self.text and self.outer.best.score != self.best.score:
            self.outer.best = self._verdict(self.best)

    def hand_over(self) -> None:
        """Write into the trial behind what was found."""
        outer, mask = self.outer, self.mask
        if self.best.text != self.text:
            outer.best = self._verdict(self.best)
        outer._best_candidate = None if self._best_candidate is None else mask.candidate(self._best_candidate)
        outer.winner = None if self.winner is None else (mask.candidate(self.winner[0]), self._verdict(self.winner[1]))
        outer.ladder = {s: (mask.candidate(one), self._verdict(verdict)) for s, (one, verdict) in self.ladder.items()}

    def _verdict(self, verdict: Verdict) -> Verdict:
        return replace(verdict, text=self.mask.restored(verdict.text))
