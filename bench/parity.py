"""Where two runs of one recipe differ, example by example: TextAttack's and ours, on the same victim, texts and resources.

    python -m bench.parity THEIRS.jsonl OURS.jsonl [--min-cosine 0.878] [--show 5]

THEIRS is what ``theirs.py`` wrote with ``--results``, OURS what ``ours.py`` did; ``versus_textattack.py --keep`` writes both.
Prints who broke what, and of the examples that only TextAttack broke how similar its text is to the original, whole text
against original, by the run's sentence encoder: below ``--min-cosine`` our constraint would have refused it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustness.helpers.encoder import Encoder

WON = {"SuccessfulAttackResult", "succeeded"}
SKIPPED = {"SkippedAttackResult", "skipped"}


@dataclass(frozen=True)
class Pair:
    """One example as both sides left it."""

    text: str
    theirs: str | None
    ours: str | None
    skipped: bool
    queries: tuple[int, int]


def read(theirs: Path, ours: Path) -> list[Pair]:
    """Both files, paired by the original text; raises ``ValueError`` where they hold different texts."""
    mine = {row["texts"]["text"]: row for row in map(json.loads, ours.read_text(encoding="utf-8").splitlines())}
    pairs = []
    for row in map(json.loads, theirs.read_text(encoding="utf-8").splitlines()):
        if row["text"] not in mine:
            raise ValueError(f"{ours} does not hold {row['text']!r}; both sides must run on the same rows")
        pairs.append(_pair(row, mine[row["text"]]))
    return pairs


def _pair(theirs: dict[str, Any], ours: dict[str, Any]) -> Pair:
    skipped = {theirs["status"] in SKIPPED, ours["status"] in SKIPPED}
    if len(skipped) > 1:
        raise ValueError(f"one side skipped {theirs['text']!r}, the other did not: the victims differ")
    found = (theirs["adversarial"] if theirs["status"] in WON else None, ours["perturbed"] if ours["status"] in WON else None)
    return Pair(theirs["text"], *found, skipped=skipped.pop(), queries=(theirs["queries"], ours["queries"]))


def cosines(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """The run's default sentence encoder on each pair."""
    encoder = _encoder()
    return [float(a @ b) for a, b in (encoder.encode(list(pair)) for pair in pairs)]


@cache
def _encoder() -> Encoder:
    from robustness.helpers.encoder import load_encoder

    found = load_encoder()
    assert found is not None, "the demo extra holds the encoder"
    return found


def compared(pairs: Sequence[Pair], least: float | None) -> dict[str, Any]:
    """Counts, and the examples that one side alone broke."""
    attacked = [pair for pair in pairs if not pair.skipped]
    theirs = [pair for pair in attacked if pair.theirs is not None and pair.ours is None]
    ours = [pair for pair in attacked if pair.ours is not None and pair.theirs is None]
    similar = cosines([(pair.text, str(pair.theirs)) for pair in theirs])
    everything = cosines([(pair.text, pair.theirs) for pair in attacked if pair.theirs is not None])
    return {
        "attacked": len(attacked),
        "both": sum(pair.theirs is not None and pair.ours is not None for pair in attacked),
        "only_theirs": len(theirs),
        "only_ours": len(ours),
        "neither": sum(pair.theirs is None and pair.ours is None for pair in attacked),
        "queries": [sum(pair.queries[side] for pair in pairs) for side in (0, 1)],
        "only_theirs_below": None if least is None else sum(value < least for value in similar),
        "theirs_below": None if least is None else sum(value < least for value in everything),
        "examples": [
            {"original": pair.text, "theirs": pair.theirs, "cosine": round(value, 3)}
            for pair, value in zip(theirs, similar, strict=True)
        ],
    }


def main() -> None:
    """Compare two files, print a table, the differing examples and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("theirs", type=Path)
    parser.add_argument("ours", type=Path)
    parser.add_argument("--min-cosine", type=float)
    parser.add_argument("--show", type=int, default=5)
    args = parser.parse_args()
    found = compared(read(args.theirs, args.ours), args.min_cosine)
    for name in ("attacked", "both", "only_theirs", "only_ours", "neither", "theirs_below", "only_theirs_below"):
        print(f"{name:18} {found[name]}")
    for one in found["examples"][: args.show]:
        print(f"\n  original  {one['original']}\n  theirs    {one['theirs']}\n  cosine    {one['cosine']}")
    print(json.dumps({"bench": "parity", **{key: value for key, value in found.items() if key != "examples"}}))


if __name__ == "__main__":
    main()
