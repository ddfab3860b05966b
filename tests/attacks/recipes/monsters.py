"""Every recipe on texts that nobody writes by hand: how long each takes and how much memory, one child process a case.

Run as a script: ``python monsters.py SCALE [KIND …]``, a line of JSON a case. SCALE 1 is the size of the promise: a word of
200,000 characters, 100,000 words.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from random import Random
from typing import Any

import numpy as np

from attacks.recipes import build, names
from attacks.search import (
    BudgetExhaustedError,
    Embed,
    Fill,
    Flips,
    Gradients,
    Parse,
    Pool,
    Prediction,
    Query,
    Request,
    Rewrite,
    Scan,
    Speak,
    Trial,
)
from attacks.transformations import transformations
from attacks.word_counts import words_changed
from attacks.words import Words
from robustness.tasks.classification import against

SENTENCE = "I love this wonderful film because Mary and her friends don't leave London for 12 years and it is a good moving story"
BUDGET = 20


def texts(scale: float) -> dict[str, str]:
    """The monsters: one long word, many words, many characters that nobody sees."""
    letters, words = int(200_000 * scale), int(100_000 * scale)
    return {
        "a word of letters": "".join(islice(cycle("abcdefghijklmnopqrstuvwxyz"), letters)),
        "a word of one letter": "a" * letters,
        "an address": "good https://x.org/" + "a-b_" * (letters // 4),
        "words": " ".join(f"{word}{i % 7 or ''}" for i, word in enumerate(islice(cycle(SENTENCE.split()), words))),
        "one word repeated": "good " * words,
        "numbers": " ".join(map(str, range(1000, 1000 + words))),
        "sentences": f"{SENTENCE}. " * (words // 23),
        "Chinese": "".join(islice(cycle("这家餐厅的菜很好吃服务也不错"), words)),
        "one Chinese character": "好" * words,
        "invisible": "good film" + "\u200d" * 10_000 + " and a" + "\u200b" * 10_000,
        "invisible inside a word": "a good fi" + "\u200d" * 10_000 + "lm",
    }


def answer(request: Request) -> Any:
    """A victim, an encoder and models that cost nothing and never give in."""
    match request:
        case Query(inputs=inputs):
            drift = [len(text) % 7 / 100 for (text,) in inputs]
            return [Prediction(1, (0.1 + d, 0.9 - d)) for d in drift]
        case Embed(texts=asked):
            return np.ones((len(asked), 1), np.float32)
        case Rewrite(texts=asked):
            return [[f"{text} indeed"] for text in asked]
        case Scan(texts=asked, severity=severity) | Speak(texts=asked, severity=severity):
            return [text[:-severity] for text in asked]
        case Fill(contexts=contexts, n=n):
            return [[(f"word{i}", 0.01) for i in range(n)] for _ in contexts]
        case Gradients(inputs=inputs, field=field):
            return [np.ones(len(Words(one[field]))) for one in inputs]
        case Flips(spans=spans, among=among, n=n):
            return [[[(word, 1.0) for word in words[:n]] for words in among or [("word",)] * len(spans)]]
        case Parse(texts=asked):
            return [() for _ in asked]  # as of what is too long to be parsed
        case Pool(example_id=example_id, report=report, last=last):
            return [] if last else [(example_id, report)]
    raise AssertionError(request)


def attack(name: str, text: str) -> None:
    """One recipe on one text, and what a run does with the outcome."""
    trial = Trial(
        inputs=(text,), gold=1, judge=against(1), clean=Prediction(1, (0.1, 0.9)), rng=Random(0), budget=BUDGET, example_id="x"
    )
    search, said = build(name).attack.search(trial), None
    try:
        while True:
            said = answer(search.send(said))
    except (StopIteration, BudgetExhaustedError):
        pass
    if (found := trial.closest) is not None:
        words_changed(text, found.text, found.edits(text))


def swaps(name: str, text: str) -> None:
    """Everything that a technique offers for the first word of a text, as a search without a budget would ask."""
    (technique,) = [t for t in transformations() if t.name == name]
    words = Words(text)
    if len(words) and hasattr(technique, "swaps"):
        assert sum(map(len, technique.swaps(words, 0, Random(0)))) < 40_000_000


def cases(scale: float, kinds: Sequence[str]) -> Iterator[tuple[str, Any, str, str]]:
    """Case, what to do, with which name, on which text."""
    for kind, text in texts(scale).items():
        if kinds and kind not in kinds:
            continue
        whole = kind.startswith(("a word", "an address"))
        jobs = [(attack, name) for name in names()]
        jobs += [(swaps, technique.name) for technique in transformations()] if whole else []
        yield from ((f"{job.__name__} {name} on {kind}", job, name, text) for job, name in jobs)


def measured(job: Any, name: str, text: str) -> dict[str, float]:
    """Seconds of the processor and MiB above what stood in memory before, in a child process."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        before, started = resident(), time.process_time()
        job(name, text)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        os.write(write, json.dumps({"seconds": time.process_time() - started, "mib": peak - before}).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answered:
        told = answered.read()
    os.waitpid(child, 0)
    return json.loads(told) if told else {"seconds": 60.0, "mib": 0.0}


def resident() -> float:
    """MiB in memory now."""
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(scale: float, *kinds: str) -> None:
    """Measure and print."""
    for name in names():
        attack(name, SENTENCE)  # reads the tables once, for all children
    for case, job, name, text in cases(scale, kinds):
        sys.stdout.write(json.dumps({"case": case, **measured(job, name, text)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]), *sys.argv[2:])
