"""Retrieval: passages ranked for a query. Right is a wanted passage near the top; broken is where all have fallen below it.

Near the top is among the first ten unless the goal says otherwise: the depth at which BEIR and MS MARCO report (Thakur et al.
2021, arXiv 2104.08663), and about what a page of results shows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from attacks.search import Input, Judgement
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Ranking, Shown, Unusable
from robustness.tasks.reading.named_answers import plain_list
from robustness.tasks.reading.rows import shown
from robustness.tasks.task import Goal, GoalKind, Measure, Seen, Space, Task

ID_KEYS = ("id", "_id", "doc_id", "docid", "passage_id", "corpus_id")
DEPTH = 10
_SHOWN = 3
Wanted = tuple[str, ...]
RankingSeen = Seen[Wanted, Ranking]


def wanted_in(seen: RankingSeen) -> Wanted:
    """The ids of the wanted passages; the first of the clean answer where the data name none."""
    return seen.clean.ids[:1] if seen.reference is None else seen.reference


def rank_of(answer: Ranking, wanted: Sequence[str]) -> int | None:
    """The place of the best-placed wanted passage, from 1; None where none is in the ranking."""
    return next((place for place, one in enumerate(answer.ids, 1) if one in wanted), None)


def recall(answer: Ranking, wanted: Sequence[str], k: int) -> float:
    """The share of wanted passages among the first ``k``."""
    return len(set(answer.ids[:k]) & set(wanted)) / len(set(wanted)) if wanted else 0.0


def ndcg(answer: Ranking, wanted: Sequence[str], k: int = DEPTH) -> float:
    """Discounted gain of the first ``k``, a wanted passage worth 1, as a share of the best order's (Järvelin & Kekäläinen)."""
    found = sum(1 / math.log2(place + 1) for place, one in enumerate(answer.ids[:k], 1) if one in wanted)
    return found / sum(1 / math.log2(place + 1) for place in range(1, min(k, len(set(wanted))) + 1)) if wanted else 0.0


@dataclass(frozen=True, slots=True)
class FallsBelow:
    """No wanted passage among the first ``k``, as the victim ranks them: one that it does not list has fallen too.

    Score, where the victim gives scores: by how much the ``k``-th best other passage beats the best-placed wanted one, between
    0 and 1 with 0.5 for a tie. A rank alone stays the same while a passage is losing its lead, and a search sees no slope; where
    there is nothing else it is ``1 - 1 / log2(rank + 1)``. 1 where no wanted passage is listed.
    """

    k: int = DEPTH

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"falls-below:{self.k}"

    def judge(self, answer: Ranking, seen: RankingSeen) -> Judgement:
        """Broken is where the best-placed wanted passage has fallen too far; quality is nDCG@10."""
        wanted = wanted_in(seen)
        rank = rank_of(answer, wanted)
        reached = rank is None or rank > self.k
        if rank is None:
            score = 1.0
        elif answer.scores is None:
            score = 1.0 - 1.0 / math.log2(rank + 1)
        else:
            lead = answer.scores[rank - 1] - self._rival(answer, answer.scores, wanted)
            score = 0.5 - 0.5 * lead / (1.0 + abs(lead))
        return Judgement(score, reached, ndcg(answer, wanted))

    def _rival(self, answer: Ranking, scores: Sequence[float], wanted: Wanted) -> float:
        """The score of the ``k``-th best passage that is not wanted; one that is not listed has 0, as one without a hit."""
        others = [score for one, score in zip(answer.ids, scores, strict=True) if one not in wanted]
        return others[self.k - 1] if len(others) >= self.k else min(0.0, *scores)


class Retrieval(Task[Wanted, Ranking]):
    """Passages of the victim's own corpus, best first, for each query."""

    name = "retrieval"
    summary = "passages ranked for a query"
    texts = ("query", "question", "text")
    references = ("wanted", "relevant", "passage_id", "doc_id", "corpus_id", "id_passage")
    reference_needed = False
    graded = True
    measures = (
        Measure("recall_at_1", "recall@1"),
        Measure("recall_at_10", "recall@10"),
        Measure("ndcg_at_10", "nDCG@10"),
        Measure("reciprocal_rank", "MRR"),
    )
    goals = (GoalKind("falls-below:K", f"no wanted passage among the first K; {DEPTH} by default"),)

    def reference(self, cell: object, inputs: Input, space: Space) -> Wanted:
        """Ids of the wanted passages: one, a list, a JSON list, or several with ``|`` between."""
        wanted = _ids_of_cell(cell, space.ids)
        unknown = [one for one in wanted if space.ids is not None and one not in space.ids]
        if unknown:
            raise ValueError(f"expected ids of passages in the victim's corpus, and it holds none with the id {unknown[0]!r}")
        return wanted

    def answer(self, row: Any, inputs: Input, space: Space) -> Ranking | Unusable:
        """Ids best first, pairs (id, score), mappings with both, or a mapping from id to score; an empty list is no hit."""
        if row is None:
            return Unusable("empty", "the victim answered nothing (None); where no passage is found, return an empty list")
        if isinstance(row, Mapping):
            pairs: Sequence[tuple[str, float | None]] = _by_score(row)
        else:
            values = plain_list(row)
            if values is None:
                raise AnswerError(
                    f"the victim answered {shown(row)}; expected a list of ids, best first, or pairs of id and score, for each "
                    "query"
                )
            pairs = [_pair(value) for value in values]
        ids = [name for name, _ in pairs]
        double = next((one for n, one in enumerate(ids) if one in set(ids[:n])), None) if len(set(ids)) < len(ids) else None
        if double is not None:
            raise AnswerError(f"the victim ranked the passage {double!r} twice for one query; expected each id once")
        return Ranking(tuple(ids), _scores([score for _, score in pairs]))

    def goal(self, spec: str, space: Space) -> Goal[Wanted, Ranking]:
        """``falls-below:K``."""
        word, colon, text = (spec or "falls-below").partition(":")
        if word != "falls-below":
            raise self.unknown_goal(spec)
        if not colon:
            return FallsBelow()
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise UsageError(f"falls-below expects a whole number from 1, such as falls-below:{DEPTH}, got {spec!r}")
        return FallsBelow(int(text))

    def right(self, answer: Ranking, seen: RankingSeen) -> bool:
        """Whether a wanted passage is among the first ten."""
        return _within(answer, wanted_in(seen), DEPTH)

    def right_for(self, goal: Goal[Wanted, Ranking], answer: Ranking, seen: RankingSeen) -> bool:
        """Whether a wanted passage is among as many as the goal looks at."""
        return _within(answer, wanted_in(seen), goal.k if isinstance(goal, FallsBelow) else DEPTH)

    def measure(self, answer: Ranking, seen: RankingSeen) -> Mapping[str, Any]:
        """Each from the wanted passages' places."""
        wanted = wanted_in(seen)
        rank = rank_of(answer, wanted)
        return {
            "recall_at_1": recall(answer, wanted, 1),
            "recall_at_10": recall(answer, wanted, 10),
            "ndcg_at_10": ndcg(answer, wanted, 10),
            "reciprocal_rank": 0.0 if rank is None else 1.0 / rank,
        }

    def gist(self, answer: Ranking) -> Wanted:
        """What stands where goals look: the first ten."""
        return answer.ids[:DEPTH]

    def show(self, answer: Ranking, space: Space) -> Shown:
        """The first three in the line, all as JSON."""
        line = " > ".join(answer.ids[:_SHOWN]) + (" …" if len(answer.ids) > _SHOWN else "")
        return Shown(line or "no hit", answer=list(answer.ids))

    def show_reference(self, reference: Wanted | None, space: Space) -> str:
        """The ids, with bars between."""
        return "" if reference is None else " | ".join(reference)

    def cell(self, reference: Wanted | None, space: Space) -> Any:
        """A list of ids."""
        return None if reference is None else list(reference)


def _within(answer: Ranking, wanted: Wanted, k: int) -> bool:
    rank = rank_of(answer, wanted)
    return rank is not None and rank <= k


def _ids_of_cell(cell: object, known: frozenset[str] | None) -> Wanted:
    if isinstance(cell, str):
        text = cell.strip()
        if known is not None and text in known:
            return (text,)
        if text.startswith("["):
            try:
                return _ids_of_cell(json.loads(text), known)
            except json.JSONDecodeError:
                raise ValueError(f"expected a list of ids as JSON writes it, got {cell[:80]!r}") from None
        parts = tuple(part.strip() for part in text.split("|"))
        if not all(parts):
            raise ValueError(f"expected the id of the wanted passage, or several with | between, got {cell[:80]!r}")
        return tuple(dict.fromkeys(parts))
    values = plain_list(cell)
    if values is None:
        values = [cell]
    if not values or not all(_is_id(value) for value in values):
        raise ValueError(f"expected the id of the wanted passage, or a list of ids, got {shown(cell)}")
    return tuple(dict.fromkeys(str(value).strip() for value in values))


def _is_id(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else isinstance(value, Integral) and not isinstance(value, bool)


def _id(value: Any) -> str:
    if not _is_id(value):
        raise AnswerError(f"the victim answered {shown(value)} as the id of a passage; expected a text or a whole number")
    return str(value)


def _by_score(row: Mapping[Any, Any]) -> Sequence[tuple[str, float]]:
    """The pairs of a mapping to scores, best first; of equals the one named first."""
    return sorted(((_id(name), _score(value, name)) for name, value in row.items()), key=lambda pair: -pair[1])


def _score(value: Any, name: Any) -> float:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise AnswerError(f"the victim gave the passage {name!r} the score {shown(value)}; expected a finite number")
    return float(value)


def _scores(scores: Sequence[float | None]) -> tuple[float, ...] | None:
    """The scores beside the ids of a list, which stands best first already: they fall, or rise where they are distances."""
    known = [score for score in scores if score is not None]
    if known == sorted(known, reverse=True):
        found = tuple(known)
    elif known == sorted(known):
        found = tuple(-score for score in known)
    else:
        raise AnswerError(f"the victim's passages come with scores in no order, {known[:6]}; return them best first")
    return found if len(found) == len(scores) > 0 else None


def _pair(value: Any) -> tuple[str, float | None]:
    if isinstance(value, Mapping):
        name = next((value[key] for key in ID_KEYS if key in value), None)
        if name is None:
            raise AnswerError(f"the victim answered {shown(value)}; expected an id under one of {', '.join(ID_KEYS[:4])} …")
        return _id(name), _score(value["score"], name) if value.get("score") is not None else None
    if isinstance(value, (list, tuple)):
        if len(value) != 2:
            raise AnswerError(f"the victim answered {shown(value)}; expected a pair of id and score")
        return _id(value[0]), _score(value[1], value[0])
    return _id(value), None
