"""How far the light tables are from real scans and real speech: word error rates by severity, and what they have in common.

    python bench/channels.py --texts 60 --spoken 20

The sentences are the demo's held-out ones. A word error of the real channel counts as *in the table* where a word came out as
one that the light technique offers for it; a word of the light technique counts as *real* where the real channel made the same
of the same word anywhere in the sample. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from random import Random

from rapidfuzz.distance import Levenshtein

from attacks.transformations import transformations
from attacks.transformations.base import SEVERITIES, WordSwap
from attacks.words import Words
from reports.measures.answers.word_errors import compared_words, pooled
from robustness.channels import Channel, Lost, open_channel
from robustness.demo import demo_examples

LIGHT = {"ocr": "ocr-confusion", "speech": "homophone"}


def exchanges(before: str, after: str) -> list[tuple[str, str]]:
    """Words that came out as one other word."""
    went_in, came_out = compared_words(before), compared_words(after)
    ops = Levenshtein.editops(went_in, came_out)
    return [(went_in[op.src_pos], came_out[op.dest_pos]) for op in ops if op.tag == "replace"]


def offered(technique: WordSwap, word: str) -> set[str]:
    """What the light table makes of a word, its own spelling aside."""
    return {" ".join(compared_words(new)) for new in technique.swaps(Words(word), 0, Random(0))}


def real_rows(channel: Channel, texts: Sequence[str]) -> tuple[list[dict[str, object]], Counter[tuple[str, str]], int]:
    """Word error rate at each severity; what words came out as, over all severities; how many errors there were."""
    rows: list[dict[str, object]] = []
    swaps: Counter[tuple[str, str]] = Counter()
    total = 0
    for severity in SEVERITIES:
        started = time.perf_counter()
        came = channel.at(severity).carry(texts)
        pairs = [(text, out) for text, out in zip(texts, came, strict=True) if not isinstance(out, Lost)]
        errors = pooled(pairs)
        total += errors.errors
        swaps.update(swap for pair in pairs for swap in exchanges(*pair))
        seconds = (time.perf_counter() - started) / len(texts)
        rows.append(
            {"severity": severity, "wer": errors.rate, "lost": len(texts) - len(pairs), "seconds_a_text": round(seconds, 3)}
        )
    return rows, swaps, total


def light_rates(technique: WordSwap, texts: Sequence[str], seed: int) -> tuple[list[float | None], Counter[tuple[str, str]]]:
    """The same of the light technique."""
    rates, swaps = [], Counter[tuple[str, str]]()
    for severity in SEVERITIES:
        made = [technique.sample(text, severity, Random(f"{seed}/{text}")) for text in texts]
        pairs = [(text, new.text if new else text) for text, new in zip(texts, made, strict=True)]
        rates.append(pooled(pairs).rate)
        swaps.update(swap for pair in pairs for swap in exchanges(*pair))
    return rates, swaps


def compare(name: str, spec: str, texts: Sequence[str], seed: int) -> dict[str, object]:
    """One channel beside its light table."""
    technique = next(t for t in transformations() if t.name == LIGHT[name])
    assert isinstance(technique, WordSwap)
    rows, real, errors = real_rows(open_channel(spec), texts)
    rates, light = light_rates(technique, texts, seed)
    exchanged, sampled = real.total(), light.total()
    in_table = sum(n for (word, out), n in real.items() if out in offered(technique, word))
    also_real = sum(n for swap, n in light.items() if swap in real)
    for row, rate in zip(rows, rates, strict=True):
        row["light_wer"] = rate
    return {
        "channel": name,
        "texts": len(texts),
        "severities": rows,
        "errors": errors,
        "exchanges": exchanged,
        "in_table": in_table,
        "light_exchanges": sampled,
        "also_real": also_real,
        "most_common": [[*swap, n] for swap, n in real.most_common(12)],
    }


def show(found: dict[str, object]) -> None:
    """A table of one channel."""
    print(f"\n{found['channel']}: {found['texts']} sentences")
    print("severity  real WER  light WER  lost  s/text")
    rows = found["severities"]
    assert isinstance(rows, list)
    for row in rows:
        print(f"{row['severity']:8}  {row['wer']:8.3f}  {row['light_wer']:9.3f}  {row['lost']:4}  {row['seconds_a_text']:6.2f}")
    print(f"of {found['errors']} word errors {found['exchanges']} are one word for another; the table offers {found['in_table']}")
    print(f"of {found['light_exchanges']} exchanges of the light table the real channel made {found['also_real']}")
    print("most common:", found["most_common"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=60)
    parser.add_argument("--spoken", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    texts = [text for _, text, _ in demo_examples()]
    found = [
        compare(name, spec, texts[:count], asked.seed)
        for name, spec, count in (("ocr", "ocr", asked.texts), ("speech", "speech", asked.spoken))
        if count
    ]
    for one in found:
        show(one)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
