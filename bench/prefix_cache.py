"""What sharing the beginnings of prompts saves: a decoder with and without it, on prompts of 300 tokens, in one run.

Three jobs: the words of short inputs are changed behind a long prompt (an attack on the data); one instruction after the other is
put to a panel of inputs (a universal perturbation of the prompt); the instruction before one input is changed (an attack on it,
example by example). Both ways read the same prompts in turns; each round asks afresh. Times are of one processor.

    python bench/prefix_cache.py FOLDER        # scripts/convert_smollm2.py makes one
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

SHOTS = (
    ("the plot is thin and the jokes are thinner", "negative"),
    ("a warm and funny film that earns its tears", "positive"),
    ("two hours of shouting with no idea behind it", "negative"),
    ("the actors are a joy to watch from start to end", "positive"),
    ("i looked at my watch more often than at the screen", "negative"),
    ("a small story told with great care and a light hand", "positive"),
    ("the second half forgets what the first half was about", "negative"),
    ("it made me want to call my brother and say thank you", "positive"),
)
INPUTS = (
    "a film for a rainy afternoon and no other",
    "the best thing about it is the music and the worst is the rest",
    "i laughed twice and cried once and would go again",
    "nothing in this film is worth the ticket",
    "a gripping story with a heart of gold",
    "the dullest film that i have seen this year",
    "it never finds its feet and ends in a mess",
    "a clever script and a cast that makes it shine",
)
FILLERS = ("plain", "odd", "quiet", "loud", "short", "late", "grey", "new")
INSTRUCTION = (
    "You read short reviews of films, one after the other. Decide for each whether the person who wrote it liked the film or did "
    "not. Think of the whole review and not of single words: a joke may be bitter, and praise for one actor may stand in a "
    "review that is a complaint. Do not explain anything. Answer with one word, which is positive or negative."
)


def prompt_file(folder: Path) -> Path:
    """The prompt with its examples."""
    shots = "\n".join(f"{text},{label}" for text, label in SHOTS)
    (folder / "shots.csv").write_text(f"input,label\n{shots}\n", encoding="utf-8")
    text = f"""
task = "classification"
instruction = {json.dumps(INSTRUCTION)}

[[messages]]
role = "system"
content = "{{{{ instruction }}}}"

[[messages]]
role = "user"
content = "Review: {{{{ input }}}}"

[examples]
file = "shots.csv"
n = {len(SHOTS)}

[labels]
negative = "negative"
positive = "positive"
"""
    (folder / "prompt.toml").write_text(text, encoding="utf-8")
    return folder / "prompt.toml"


def changed(text: str, n: int) -> list[str]:
    """Texts with one word exchanged, spread over its places."""
    words = text.split()
    places = [(k * len(words) // n) % len(words) for k in range(n)]
    return [" ".join([*words[:at], FILLERS[k % len(FILLERS)], *words[at + 1 :]]) for k, at in enumerate(places)]


def timed(ask: Callable[[], Any]) -> tuple[float, Any]:
    """(seconds of the processor, what came)."""
    started = time.process_time()
    found = ask()
    return time.process_time() - started, found


def main() -> None:
    """Print a table and one line of JSON."""
    import torch

    from robustness.victims.transformers.causal import CausalVictim, load_causal

    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="a decoder's checkpoint")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--candidates", type=int, default=6)
    parser.add_argument("--job", default="", help="only jobs whose name begins so")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prompt = str(prompt_file(Path(folder)))
        victim = load_causal(given.folder, offline=True, device="cpu", prompt=prompt)
    assert isinstance(victim, CausalVictim)
    jobs = {
        "words of the input changed": [(INSTRUCTION, one) for text in INPUTS for one in changed(text, given.candidates)],
        "instructions put to a panel": [(one, text) for one in changed(INSTRUCTION, given.candidates) for text in INPUTS],
        "words of the instruction changed": [(one, INPUTS[0]) for one in changed(INSTRUCTION, given.candidates * 4)],
    }
    rows = {name: compared(victim, inputs, given.rounds) for name, inputs in jobs.items() if name.startswith(given.job)}
    print(f"{'job':<34}{'prompts':>8}{'tokens':>8}{'without':>10}{'with':>10}{'faster':>8}{'largest difference':>20}")
    for name, row in rows.items():
        print(
            f"{name:<34}{row['prompts']:>8}{row['tokens']:>8.0f}{row['without_ms']:>7.0f} ms{row['with_ms']:>7.0f} ms"
            f"{row['faster']:>7.1f}x{row['largest_difference']:>20.1e}"
        )
    print(json.dumps({"prefix_cache": rows}))


def compared(victim: Any, inputs: list[tuple[str, str]], rounds: int) -> dict[str, Any]:
    """Milliseconds of a processor a prompt, medians over rounds in which both are asked, and how far their scores lie apart."""
    times: dict[str, list[float]] = {"with": [], "without": []}
    difference = 0.0
    victim.predict(inputs[:1])
    for turn in range(rounds):
        found = {}
        for name in ("with", "without") if turn % 2 else ("without", "with"):
            victim.decoder.sharing = name == "with"
            victim.decoder.forget_lately()
            seconds, found[name] = timed(partial(victim.predict, inputs))
            times[name].append(seconds * 1000 / len(inputs))
        difference = max(difference, float(np.abs(found["with"] - found["without"]).max()))
        assert (found["with"].argmax(axis=1) == found["without"].argmax(axis=1)).all(), "both ways must give the same answers"
    with_ms, without_ms = median(times["with"]), median(times["without"])
    return {
        "prompts": len(inputs),
        "tokens": float(np.mean(victim.lengths(inputs))),
        "without_ms": round(without_ms, 1),
        "with_ms": round(with_ms, 1),
        "faster": round(without_ms / with_ms, 2),
        "largest_difference": difference,
    }


if __name__ == "__main__":
    main()
