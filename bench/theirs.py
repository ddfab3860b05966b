"""One of TextAttack's recipes run by TextAttack itself: what ``versus_textattack`` holds our runs against.

    PYTHONPATH=. VENV/bin/python bench/theirs.py RECIPE --victim DIR --data FILE.tsv [-n 100] [--pad stock|dynamic]
        [--resource NAME=VALUE] [--results FILE]

Runs in a Python that has TextAttack and prints one line of JSON. Recipe, search, constraints and attack loop are TextAttack's;
``stock`` is its own wrapper of a Hugging Face model, ``dynamic`` the same padded to the longest text of a batch. Resources are
named as for our bridge; ``sentence-encoder=minilm`` is asked as TextAttack asks its own encoder. Loading, and the neighbours of
the words in the data, are not timed: TextAttack's own vectors come with theirs.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import resource
import sys
import time
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import ours
from bench.processor import processor
from bench.versus_textattack import BRIDGED


class Count:
    """What went through a model, and how long it took."""

    def __init__(self) -> None:
        self.calls = self.texts = 0
        self.seconds = 0.0

    def timed(self, call: Any, texts: Any) -> Any:
        """The call's answer, accounted for."""
        started = time.perf_counter()
        answer = call(texts)
        self.calls, self.texts = self.calls + 1, self.texts + len(texts)
        self.seconds += time.perf_counter() - started
        return answer


def wrapper(ta: Any, path: str, pad: str, count: Count) -> Any:
    """TextAttack's wrapper of the victim, counted."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    base = ta.models.wrappers.HuggingFaceModelWrapper

    class Counted(base):  # type: ignore[misc,valid-type]
        tokenizer: Any

        def __call__(self, texts: Any) -> Any:
            return count.timed(super().__call__ if pad == "stock" else self.padded, texts)

        def padded(self, texts: Any) -> Any:
            with torch.no_grad():
                columns = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
                return self.model(**columns.to(self.model.device)).logits

        def get_grad(self, text_input: Any) -> Any:
            whole = self.tokenizer
            if pad != "stock":
                self.tokenizer = lambda texts, **options: whole(texts, **{**options, "padding": True})
            try:
                return super().get_grad(text_input)
            finally:
                self.tokenizer = whole

    model = AutoModelForSequenceClassification.from_pretrained(path).eval().to(device())
    return Counted(model, AutoTokenizer.from_pretrained(path))


def wrapped(ta: Any, spec: str, count: Count) -> Any:
    """Any victim of ours that gives scores, as TextAttack asks one; its padding is our own."""
    from robustness.auditing import open_victim

    victim = open_victim(spec)

    class Ours(ta.models.wrappers.ModelWrapper):  # type: ignore[misc]
        model = victim

        def __call__(self, texts: Any) -> Any:
            return count.timed(lambda asked: victim.predict([(str(text),) for text in asked]), list(texts))

    return Ours()


def device() -> str:
    """The first GPU where there is one, as in our own runs; ``versus_textattack --device cpu`` hides it."""
    from robustness.victims.transformers.checkpoints import pick_device

    return pick_device(None)


def encoders(ta: Any, count: Count) -> dict[str, Any]:
    """MiniLM as TextAttack's sentence-encoder constraints."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from robustness.victims.demo import encoder_folder

    folder = str(encoder_folder())
    model, tokenizer = AutoModel.from_pretrained(folder).eval().to(device()), AutoTokenizer.from_pretrained(folder)

    def vectors(texts: Any) -> Any:
        with torch.no_grad():
            batch = tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt").to(model.device)
            mask = batch["attention_mask"].unsqueeze(-1).float()
            pooled = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
            return torch.nn.functional.normalize(pooled, dim=1)

    class MiniLM(ta.constraints.semantics.sentence_encoders.SentenceEncoder):  # type: ignore[misc]
        def encode(self, texts: Any) -> Any:
            return count.timed(vectors, texts)

    return {
        "UniversalSentenceEncoder": lambda threshold=0.8, large=False, metric="angular", **rest: MiniLM(
            threshold=threshold, metric=metric, **rest
        ),
        "SBERT": lambda threshold=0.7, metric="cosine", model_name="", **rest: MiniLM(threshold=threshold, metric=metric, **rest),
    }


def embeddings(ta: Any, vectors: Any, words: set[str]) -> dict[str, Any]:
    """The parts that look for neighbours among word vectors, which have looked up those of ``words``."""
    for word in words:
        vectors.nearest_neighbours(word, 50)
    return {
        "WordSwapEmbedding": partial(ta.transformations.WordSwapEmbedding, embedding=vectors),
        "WordEmbeddingDistance": partial(ta.constraints.semantics.WordEmbeddingDistance, embedding=vectors),
    }


def named(ta: Any, found: Mapping[str, Any], pad: str, words: set[str], count: Count) -> dict[str, Any]:
    """What the names in a recipe's ``build`` function mean, given the resources that were found for it."""
    from attacks.textattack_bridge import techniques
    from attacks.textattack_bridge.substitutes import left_out

    used = {key: one.value for key, one in found.items() if not one.left_out}
    names: dict[str, Any] = left_out(found)
    if "counter-fitted" in used:
        names |= embeddings(ta, techniques.vectors_class()(used["counter-fitted"]), words)
    if "sentence-encoder" in used:
        names |= encoders(ta, count)
    if "homoglyphs" in used:
        names["WordSwapHomoglyphSwap"] = partial(techniques.homoglyph_class(), used["homoglyphs"])
    if "masked-lm" in used:
        swap = "WordSwapMaskedLM"
        kind = getattr(ta.transformations, swap) if pad == "stock" else techniques.masked_class(swap)
        names[swap] = partial(kind, masked_language_model=str(used["masked-lm"]))
    return names


def untargeted(ta: Any) -> Any:
    """Its goal of any wrong answer, built as a recipe builds the goal of one class: with two classes the same for half of them.

    The other half is of that class already and could not be attacked.
    """
    return lambda model, **rest: ta.goal_functions.UntargetedClassification(model)


def built(recipe: str, resources: Mapping[str, object], pad: str, victim: Any, words: set[str], count: Count) -> Any:
    """TextAttack's attack as its recipe builds it, with the named resources."""
    from attacks.textattack_bridge.catalogue import find
    from attacks.textattack_bridge.gather import gather
    from attacks.textattack_bridge.loading import load
    from attacks.textattack_bridge.rewire import rewired

    ta, entry = load(), find(BRIDGED[recipe])
    names = named(ta, gather(entry, resources), pad, words, count)
    names["TargetedClassification"] = untargeted(ta)
    build = vars(getattr(import_module(entry.module), entry.class_name))["build"].__func__
    return rewired(build, **names)(victim, **entry.arguments)


def run(
    ta: Any, attack: Any, rows: list[tuple[str, int]], seed: int, budget: int | None = None
) -> tuple[list[Any], dict[str, float]]:
    """TextAttack's results, with the seconds that they took; ``budget``: most queries an example, None for no limit."""
    arguments = ta.AttackArgs(num_examples=len(rows), disable_stdout=True, silent=True, random_seed=seed, query_budget=budget)
    attacker = ta.Attacker(attack, ta.datasets.Dataset(rows), arguments)
    wall, cpu, shown = time.perf_counter(), time.process_time(), sys.stdout
    with Path(os.devnull).open("w", encoding="utf-8") as sys.stdout:
        results = attacker.attack_dataset()
    sys.stdout = shown
    return results, {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}


def status(result: Any) -> str:
    """TextAttack's name for how an example ended; a reduced text counts as a success with one word left, as in our runs."""
    name = type(result).__name__
    if name != "MaximizedAttackResult":
        return name
    return "SuccessfulAttackResult" if result.perturbed_result.attacked_text.num_words == 1 else "FailedAttackResult"


def row(ta: Any, results: list[Any], victim: Count, encoded: Count) -> dict[str, Any]:
    """The columns of the comparison."""
    kinds = collections.Counter(map(status, results))
    won, lost = kinds["SuccessfulAttackResult"], kinds["FailedAttackResult"]
    broken = [result for result in results if status(result) == "SuccessfulAttackResult"]
    return {
        "examples": len(results),
        "succeeded": won,
        "attacked": won + lost,
        "broken": sorted(int(result.num_queries) for result in broken),
        "failed": lost,
        "skipped": kinds["SkippedAttackResult"],
        "success_rate": round(100 * won / max(1, won + lost), 1),
        "words_changed_pct": float(ta.metrics.WordsPerturbed().calculate(broken)["avg_word_perturbed_perc"]) if won else None,
        "queries": int(sum(result.num_queries for result in results)),
        "forwards": victim.texts,
        "victim_calls": victim.calls,
        "victim_s": round(victim.seconds, 2),
        "encoder_texts": encoded.texts,
        "encoder_s": round(encoded.seconds, 2),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def record(path: Path, rows: list[tuple[str, int]], results: list[Any]) -> None:
    """One line of JSON for each example, as ``parity`` reads them."""
    with path.open("w", encoding="utf-8") as out:
        for (text, label), result in zip(rows, results, strict=True):
            ended = status(result)
            new = None if ended == "SkippedAttackResult" else result.perturbed_result.attacked_text.text
            line = {"label": label, "text": text, "status": ended, "adversarial": new, "queries": result.num_queries}
            out.write(json.dumps(line) + "\n")


def main() -> None:
    """Run one recipe and print its row."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    parser.add_argument("recipe", choices=sorted(BRIDGED))
    parser.add_argument("--pad", choices=("stock", "dynamic"), default="stock")
    parser.add_argument("--seed", type=int, default=765)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--query-budget", type=int, help="most queries an example")
    parser.add_argument("--labels-only", action="store_true", help="refused: its searches need scores")
    args = parser.parse_args()
    if args.labels_only:
        parser.error("TextAttack's recipes climb on scores; run them without --labels-only")
    import torch

    from attacks.textattack_bridge.loading import load
    from attacks.words import Words
    from robustness.helpers.named_resources import named_resources

    torch.set_num_threads(args.threads)
    if args.device not in (None, "cpu"):
        torch.empty(1, device=args.device)  # says so at once where there is none
    ta, victim, encoded = load(), Count(), Count()
    rows = ours.read_rows(args.data, args.n)
    words = {word.lower() for text, _ in rows for word in map(Words(text).__getitem__, range(len(Words(text))))}
    hf = args.victim.startswith("hf:") or Path(args.victim).is_dir()
    model = wrapper(ta, args.victim.removeprefix("hf:"), args.pad, victim) if hf else wrapped(ta, args.victim, victim)
    attack = built(args.recipe, named_resources(args.resource), args.pad, model, words, encoded)
    results, seconds = run(ta, attack, rows, args.seed, args.query_budget)
    if args.results:
        record(args.results, rows, results)
    settings = {"recipe": args.recipe, "pad": args.pad, "threads": args.threads, "ran_on": device(), "processor": processor()}
    print(json.dumps({**settings, **row(ta, results, victim, encoded), **seconds}))


if __name__ == "__main__":
    main()
