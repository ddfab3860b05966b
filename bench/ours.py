"""One audit without reports, accounted for: what the other scripts here run, in a process of its own. Loading is not timed.

    python -m bench.ours RECIPE --victim hf:MODEL --data FILE.tsv [-n 100] [--lexicon nltk] [--vectors FILE] [--masked-lm DIR]

Prints one line of JSON. The data is a TSV with a header and the columns label (a class index) and text; the first rows are used.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from pathlib import Path
from typing import Any

from bench.parity import cosines
from bench.processor import processor


def arguments() -> argparse.ArgumentParser:
    """The flags that every script shares."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--victim", required=True, help="hf:MODEL")
    parser.add_argument("--data", required=True, help="TSV with the columns label and text")
    parser.add_argument("-n", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lexicon", help="nltk for WordNet as NLTK keeps it (NLTK_DATA)")
    parser.add_argument("--vectors", help="word vectors for native recipes")
    parser.add_argument("--masked-lm", help="DIR, a fill-mask checkpoint, for native recipes that ask one")
    parser.add_argument("--resource", action="append", default=[], help="NAME=VALUE, for recipes of TextAttack")
    parser.add_argument("--batch-tokens", type=int, help="by default what suits the device")
    parser.add_argument("--device", help="cpu or cuda; by default a GPU where there is one")
    return parser


def read_rows(path: str, n: int) -> list[tuple[str, int]]:
    """The first rows as (text, label)."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()[1 : n + 1]
    return [(text, int(label)) for label, text in (line.split("\t", 1) for line in lines)]


def prepared(recipe: str, args: argparse.Namespace) -> Any:
    """The audit of one recipe, everything loaded, without a query budget, as TextAttack runs."""
    import torch

    from attacks.language.resources import Resources
    from attacks.recipes import build
    from attacks.words import Words
    from robustness.auditing import open_data, open_victim
    from robustness.helpers.named_resources import named_resources
    from robustness.helpers.words import load_lexicon, load_vectors
    from robustness.planning.audit import prepare
    from robustness.settings import Settings

    torch.set_num_threads(args.threads)
    victim = open_victim(args.victim, device=args.device)
    rows = [(text, victim.info.labels[label]) for text, label in read_rows(args.data, args.n)]
    data = open_data(args.victim, victim, rows, limit=None, seed=0)
    chosen = Resources(
        lexicon=load_lexicon(args.lexicon) if args.lexicon else None,
        neighbours=load_vectors(args.vectors) if args.vectors else None,
        named=named_resources(args.resource),
    )
    masker = f"hf:{args.masked_lm}" if args.masked_lm else None
    encoder = (
        None if "encoder" in build(recipe).needs else "none"
    )  # similarity for the table alone is taken after the clock stops
    settings = Settings(
        recipes=(recipe,), budget=None, resources=chosen, masked_lm=masker, batch_tokens=args.batch_tokens, encoder=encoder
    )
    audit = prepare(victim, data, settings)
    audit.load_needed()
    _look_up(chosen, {words[n] for words in (Words(text) for text, _ in rows) for n in range(len(words))})
    return audit


def _look_up(resources: Any, words: set[str]) -> None:
    """Load the dictionary of word forms, and look up the neighbours of words: TextAttack's are not timed either."""
    from attacks.language.morphology import forms, readings

    readings("words")
    forms("word", "NOUN")
    for word in words if resources.neighbours else ():
        for most in (5, 50):  # of textbugger and of the others
            resources.neighbours.nearest(word.lower(), most)


def attack(audit: Any) -> tuple[list[Any], dict[str, float]]:
    """Every outcome, with the seconds that it took."""
    from robustness.engine.engine import Engine

    wall, cpu = time.perf_counter(), time.process_time()
    outcomes = list(Engine(audit.oracles).outcomes(audit.plan, audit.data.examples, {}))
    return outcomes, {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}


def row(recipe: str, audit: Any, outcomes: list[Any], seconds: dict[str, float]) -> dict[str, Any]:
    """The columns of the comparison."""
    by = {
        status: [o for o in outcomes if o.status == status] for status in ("succeeded", "failed", "skipped", "exhausted", "error")
    }
    won, attacked = by["succeeded"], len(outcomes) - len(by["skipped"]) - len(by["error"])
    usage = {name: oracle.usage for name, oracle in audit.oracles.by_role.items()}
    queries = sum(o.queries for o in outcomes)
    encoder = usage.get("encoder")
    return {
        "recipe": recipe,
        "examples": len(outcomes),
        **{status: len(found) for status, found in by.items()},
        "success_rate": round(100 * len(won) / max(1, attacked), 1),
        "accuracy_under_attack": round(100 * (attacked - len(won)) / max(1, len(outcomes)), 1),
        "words_changed_pct": round(100 * statistics.fmean(o.words_changed / max(1, o.words) for o in won), 1) if won else None,
        "similarity": _similarity(won),
        "queries": queries,
        "queries_per_success": round(queries / len(won), 1) if won else None,
        "forwards": usage["victim"].forwards,
        "encoder_texts": encoder.forwards if encoder else 0,
        **seconds,
        "queries_per_cpu_s": round(queries / max(seconds["cpu_s"], 1e-9), 1),
        "us_outside_models": round((seconds["wall_s"] - sum(u.seconds for u in usage.values())) / max(1, queries) * 1e6, 1),
        "ran_on": getattr(audit.victim, "_device", "cpu"),
        "processor": processor(),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _similarity(won: list[Any]) -> float | None:
    """Mean cosine of the successes to their originals; where the run had no use for it, asked for here, as for TextAttack's."""
    known = [o.similarity for o in won if o.similarity is not None]
    if not known and won:
        known = list(cosines([(o.texts[o.field], o.perturbed) for o in won]))
    return round(statistics.fmean(known), 3) if known else None


def main() -> None:
    """Run one recipe and print its row."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[arguments()])
    parser.add_argument("recipe")
    parser.add_argument("--results", help="write the outcomes here, one a line")
    args = parser.parse_args()
    audit = prepared(args.recipe, args)
    outcomes, seconds = attack(audit)
    if args.results:
        Path(args.results).write_text("".join(o.to_json() + "\n" for o in outcomes), encoding="utf-8")
    print(json.dumps(row(args.recipe, audit, outcomes, seconds)))


if __name__ == "__main__":
    main()
