"""The floor: the forwards of a native run replayed bare, sorted by length in batches of the best size, nothing else done.

    python -m bench.ideal --victim hf:MODEL --data FILE.tsv [--recipes deepwordbug,pwws] [-n 20] [--threads 2]

Prints, for each recipe, the wall seconds of the run, and of the bare replay in every form that could be the fastest on this
processor (``bench/floors.py``: torch's own layers, packed ones, each also with the last layer on the first token alone, and
onnxruntime where it is installed), for each batch size. ``floor`` is the fastest form, ``ratio`` the run over it. Replays
tokenise too, all texts at once, and pad each batch to its longest; victim and encoder take turns. The encoder has no form of
its own for the first token, since it averages all.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from bench import floors, ours
from bench.processor import in_words, processor

SIZES = (16, 32, 64)


def recording(oracle: Any) -> list[Any]:
    """A list that fills with every item that the oracle sends to its backend."""
    seen: list[Any] = []
    compute = oracle.backend.compute

    def spy(items: Any) -> Any:
        seen.extend(dict.fromkeys(items))
        return compute(items)

    oracle.backend.compute = spy
    return seen


class Side:
    """A model with its tokenizer, in each form."""

    def __init__(self, path: str, forms: Sequence[str] = floors.FORMS, *, head: bool, threads: int) -> None:
        from transformers import AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(path)
        (probe,) = floors.padded(self.tokenizer, ["a warm and funny film", "it is not bad at all , said one of two brothers"], 2)
        used = {form: form if head else form.partition(",")[0] for form in forms}
        asks = {form: floors.asking(used[form], path, probe, head=head, threads=threads) for form in forms}
        self.asks = {form: ask for form, ask in asks.items() if ask is not None}

    def seconds(self, form: str, texts: list[Any], size: int) -> float:
        """Of all texts in this form."""
        return floors.replayed(self.asks[form], self.tokenizer, texts, size) if texts else 0.0


def measured(victim: Side, encoder: Side, inputs: list[Any], texts: list[Any]) -> dict[str, dict[int, float]]:
    """Seconds of all forwards of victim and encoder by form and batch size."""
    found: dict[str, dict[int, float]] = {}
    for form in (one for one in floors.FORMS if one in victim.asks and one in encoder.asks):
        victim.seconds(form, inputs[:64], 64)
        found[form] = {size: round(victim.seconds(form, inputs, size) + encoder.seconds(form, texts, size), 2) for size in SIZES}
    return found


def main() -> None:
    """Run each recipe, replay its forwards."""
    from robustness.victims.demo import encoder_folder

    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    parser.add_argument("--recipes", default="deepwordbug,pwws,textfooler,textbugger")
    parser.add_argument("--forms", nargs="+", choices=floors.FORMS, default=floors.FORMS, help="by default all")
    args = parser.parse_args()
    victim = Side(args.victim[3:], args.forms, head=True, threads=args.threads)
    encoder = Side(str(encoder_folder()), args.forms, head=False, threads=args.threads)
    for recipe in args.recipes.split(","):
        audit = ours.prepared(recipe, args)
        inputs = recording(audit.oracles.victim)
        texts = recording(audit.oracles.by_role["encoder"]) if "encoder" in audit.oracles.by_role else []
        outcomes, seconds = ours.attack(audit)
        found = measured(victim, encoder, [text for (text,) in inputs], texts)
        best = {form: min(of.values()) for form, of in found.items()}
        form = min(best, key=lambda one: best[one])
        counts = {"examples": len(outcomes), "victim_forwards": len(inputs), "encoder_forwards": len(texts)}
        line = {"forms": found, "floor": form, "floor_s": best[form], "ratio": round(seconds["wall_s"] / best[form], 2)}
        machine = processor()
        print(f"{recipe}: {seconds['wall_s']} s over {best[form]} s ({form}) = {line['ratio']}; {in_words(machine)}")
        print(json.dumps({"bench": "ideal", "recipe": recipe, **counts, **seconds, **line, "processor": machine}), flush=True)


if __name__ == "__main__":
    main()
