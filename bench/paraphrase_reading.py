"""A blinded reading of rewrites: forms to fill in, drawn from a sheet of ``bench.paraphrases``, and what the readers found.

    python -m bench.paraphrase_reading draw SHEET.jsonl FOLDER --sample 100
    python -m bench.paraphrase_reading read FOLDER --fluency first.csv[,second.csv] --meaning first.csv[,second.csv]

``draw`` writes two forms. ``fluency.csv`` holds the rewrites with originals among them in random order, and nothing says which is
which: ``verdict`` is yes for a text that reads as well as such a text may, no otherwise. ``meaning.csv`` holds pairs, either of
which may be the original, with pairs among them of which one was turned into its opposite: yes where both say the same.
``key.json`` is for ``read`` alone. Readers fill in copies, each alone.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from reports.measures.intervals import exact

TURNED = (
    ("is", "is not"),
    ("are", "are not"),
    ("'s", "'s not"),
    ("with", "without"),
    ("good", "bad"),
    ("best", "worst"),
    ("more", "less"),
)


def draw(sheet: Path, folder: Path, sample: int, seed: int) -> None:
    """One random rewrite of each of ``sample`` sentences, a fifth as many originals, a tenth as many turned pairs."""
    rng = Random(seed)
    rows = [row for row in map(json.loads, sheet.read_text(encoding="utf-8").splitlines()) if row["rewrites"]]
    chosen = rng.sample(rows, min(sample, len(rows)))
    drawn = [(row["text"], rng.choice(row["rewrites"])) for row in chosen]
    fluency = [{"kind": "rewrite", "text": new[1], "rule": new[0]} for _, new in drawn]
    fluency += [{"kind": "original", "text": row["text"], "rule": ""} for row in rng.sample(rows, min(sample // 5, len(rows)))]
    pairs = [{"kind": "rewrite", "a": old, "b": new[1], "rule": new[0]} for old, new in drawn]
    turned = [(row["text"], made) for row in rows if (made := _turned(row["text"])) is not None]
    pairs += [
        {"kind": "turned", "a": old, "b": new, "rule": ""} for old, new in rng.sample(turned, min(sample // 10, len(turned)))
    ]
    for pair in pairs:
        if rng.random() < 0.5:
            pair["a"], pair["b"] = pair["b"], pair["a"]
    rng.shuffle(fluency)
    rng.shuffle(pairs)
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "fluency.csv", ("item", "text", "verdict"), ({"item": n, "text": one["text"]} for n, one in enumerate(fluency))
    )
    _write(
        folder / "meaning.csv",
        ("item", "a", "b", "verdict"),
        ({"item": n, "a": p["a"], "b": p["b"]} for n, p in enumerate(pairs)),
    )
    (folder / "key.json").write_text(json.dumps({"fluency": fluency, "meaning": pairs}, ensure_ascii=False), encoding="utf-8")


def _turned(text: str) -> str | None:
    words = text.split(" ")
    for old, new in TURNED:
        if old in words and not {"not", "n't", "no", "never"} & set(words):
            at = words.index(old)
            return " ".join([*words[:at], new, *words[at + 1 :]])
    return None


def _write(path: Path, columns: Sequence[str], rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def read(folder: Path, forms: dict[str, list[Path]]) -> Iterator[str]:
    """For each question and reader: the share of yes among rewrites and among controls, with exact 95 % intervals; agreement."""
    key = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    for question, paths in forms.items():
        readings = [_verdicts(path, len(key[question])) for path in paths]
        for path, verdicts in zip(paths, readings, strict=True):
            for kind in dict.fromkeys(one["kind"] for one in key[question]):
                said = [verdicts[n] for n, one in enumerate(key[question]) if one["kind"] == kind]
                low, high = exact(sum(said), len(said))
                yield f"{question} {path.name} {kind}: {sum(said)} of {len(said)} yes ({low:.0%} to {high:.0%})"
            refused = [one["rule"] for n, one in enumerate(key[question]) if one["kind"] == "rewrite" and not verdicts[n]]
            yield f"{question} {path.name} refused, by rule: {', '.join(sorted(refused)) or 'none'}"
        if len(readings) == 2:
            same = sum(a == b for a, b in zip(*readings, strict=True))
            yield f"{question}: the readers agree on {same} of {len(readings[0])}"


def _verdicts(path: Path, count: int) -> list[bool]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = {int(row["item"]): row["verdict"].strip().lower() for row in csv.DictReader(file)}
    odd = [n for n in range(count) if rows.get(n) not in ("yes", "no")]
    if odd:
        raise SystemExit(f"{path}: expected yes or no for every item, and item {odd[0]} has {rows.get(odd[0])!r}")
    return [rows[n] == "yes" for n in range(count)]


def main() -> None:
    """Draw or read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("sheet", type=Path)
    drawing.add_argument("folder", type=Path)
    drawing.add_argument("--sample", type=int, default=100)
    drawing.add_argument("--seed", type=int, default=0)
    reading = commands.add_parser("read")
    reading.add_argument("folder", type=Path)
    for question in ("fluency", "meaning"):
        reading.add_argument(f"--{question}", type=lambda names: [Path(name) for name in names.split(",")], default=[])
    asked = parser.parse_args()
    if asked.command == "draw":
        draw(asked.sheet, asked.folder, asked.sample, asked.seed)
        return
    print("\n".join(read(asked.folder, {"fluency": asked.fluency, "meaning": asked.meaning})))


if __name__ == "__main__":
    main()
