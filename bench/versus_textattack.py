"""The same recipe on the same victim, texts and resources: TextAttack as shipped, TextAttack padded well, our bridge, ours.

    python -m bench.versus_textattack --victim hf:MODEL --data FILE.tsv --textattack-python VENV/bin/python \\
        [--recipes deepwordbug,pwws] [-n 20] [--rounds 3] [--lexicon nltk] [--vectors FILE] [--masked-lm DIR]
        [--resource NAME=VALUE]

Each run is a process of its own; within a round the sides take turns, so that a busy machine troubles all alike. ``theirs.py``
and the bridge run in a Python that has TextAttack (``make .venv-textattack/.test``). ``--rows FILE`` keeps every row and counts
those that it holds already, so that hours of rounds can be cut and gone on with. ``--device cuda`` puts victim and encoder of
every side on the GPU, ``cpu`` hides it; each table ends with the processor that the sides ran on. Medians over the rounds;
``ratio`` is wall seconds over those of ``native``, ``cpu_ratio`` the same in CPU seconds, which a busy machine troubles less.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import ours, parity
from bench.processor import in_words

HERE = Path(__file__).resolve().parent
BRIDGED = {
    "deepwordbug": "textattack:deepwordbug-gao-2018",
    "pwws": "textattack:pwws-ren-2019",
    "textfooler": "textattack:textfooler-jin-2019",
    "textbugger": "textattack:textbugger-li-2018",
    "pruthi": "textattack:pruthi-2019",
    "input-reduction": "textattack:input-reduction-feng-2018",
    "bad-characters-homoglyph": "textattack:bad-characters-2021",
    "bad-characters-invisible": "textattack:bad-characters-2021-invisible",
    "bad-characters-reorder": "textattack:bad-characters-2021-reorderings",
    "bad-characters-deletion": "textattack:bad-characters-2021-deletions",
    "checklist": "textattack:checklist-ribeiro-2020",
    "a2t": "textattack:a2t-yoo-2021",
    "bae": "textattack:bae-garg-2019",
    "bert-attack": "textattack:bert-attack-li-2020",
}
COLUMNS = (
    "success_rate", "accuracy_under_attack", "words_changed_pct", "similarity", "queries", "queries_per_success",
    "forwards", "cpu_s", "wall_s", "queries_per_cpu_s", "peak_rss_mb", "ratio", "cpu_ratio",
)  # fmt: skip


def theirs(recipe: str, pad: str, args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One run of TextAttack."""
    results = folder / f"{recipe}-{pad}.jsonl"
    command = [args.textattack_python, str(HERE / "theirs.py"), recipe, "--pad", pad, *_shared(args), "--results", str(results)]
    row = _run(command)
    won, lost = row["succeeded"], row["failed"]
    row["accuracy_under_attack"] = round(100 * lost / row["examples"], 1)
    row["queries_per_success"] = round(row["queries"] / won, 1) if won else None
    row["queries_per_cpu_s"] = round(row["queries"] / row["cpu_s"], 1)
    row["similarity"] = _similarity(results)
    return row


def _similarity(results: Path) -> float | None:
    """Mean cosine of TextAttack's successes to their originals, by the encoder that our runs use."""
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    pairs = [(row["text"], row["adversarial"]) for row in rows if row["status"] in parity.WON]
    return round(statistics.fmean(parity.cosines(pairs)), 3) if pairs else None


def own(name: str, recipe: str, python: str, args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One run of ours, native or bridged."""
    run = BRIDGED[recipe] if name == "bridge" else recipe
    command = [python, str(HERE / "ours.py"), run, *_shared(args)]
    command += ["--batch-tokens", str(args.batch_tokens)] if args.batch_tokens else []
    command += ["--results", str(folder / f"{recipe}-{name}.jsonl")]
    for flag in ("lexicon", "vectors", "masked-lm"):
        value = getattr(args, flag.replace("-", "_"))
        command += [f"--{flag}", value] if value else []
    return _run(command)


def _shared(args: argparse.Namespace) -> list[str]:
    device = ["--device", args.device] if args.device else []
    flags = [*device, "--victim", args.victim, "--data", args.data, "-n", str(args.n), "--threads", str(args.threads)]
    resources = [*args.resource, *([f"masked-lm={args.masked_lm}"] if args.masked_lm else [])]
    return flags + [part for pair in resources for part in ("--resource", pair)]


def _run(command: list[str]) -> dict[str, Any]:
    paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if "--device" in command and command[command.index("--device") + 1] == "cpu" else {}
    env = {**os.environ, "PYTHONPATH": paths, **hidden}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def side(name: str, recipe: str, args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One run of one side."""
    if name in ("stock", "dynamic"):
        return theirs(recipe, name, args, folder)
    if name == "bridge":
        return own(name, recipe, args.textattack_python, args, folder)
    return own(name, recipe, sys.executable, args, folder)


def median(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Column by column."""
    found: dict[str, Any] = {"rounds": len(rows)}
    for column in COLUMNS:
        values = [row[column] for row in rows if row.get(column) is not None]
        found[column] = round(statistics.median(values), 2) if values else None
    return found


def main() -> None:
    """Take turns, print a table for each recipe and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[ours.arguments()])
    parser.add_argument("--recipes", default="deepwordbug,pwws,textfooler,textbugger")
    parser.add_argument("--sides", default="stock,dynamic,bridge,native")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--textattack-python", required=True)
    parser.add_argument(
        "--rows", type=Path, help="file that rows are added to; those of the same settings count as earlier rounds"
    )
    parser.add_argument("--keep", type=Path, help="folder for what each side found, RECIPE-SIDE.jsonl (see bench/parity.py)")
    args = parser.parse_args()
    sides = args.sides.split(",")
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for recipe in args.recipes.split(","):
            runs = {name: earlier(args, recipe, name) for name in sides}
            for round_ in range(args.rounds):
                for name in sides:
                    if len(runs[name]) <= round_:
                        _add(runs[name], name, recipe, args, folder)
            machines = {in_words(row["processor"]) for rows in runs.values() for row in rows if "processor" in row}
            _tell(recipe, {name: median(rows) for name, rows in runs.items() if rows}, args, sorted(machines))


def _settings(args: argparse.Namespace, recipe: str, name: str) -> dict[str, Any]:
    """What rows must share to be rounds of one comparison."""
    shared = ("victim", "data", "n", "threads", "lexicon", "vectors", "masked_lm", "resource", "batch_tokens", "device")
    return {"of": recipe, "side": name, **{key: getattr(args, key) for key in shared}}


def earlier(args: argparse.Namespace, recipe: str, name: str) -> list[dict[str, Any]]:
    """The rows of this side that the file holds, as many as rounds are asked for."""
    if args.rows is None or not args.rows.exists():
        return []
    wanted = _settings(args, recipe, name)
    rows = map(json.loads, args.rows.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if {key: row.get(key) for key in wanted} == wanted][: args.rounds]


def _add(rows: list[dict[str, Any]], name: str, recipe: str, args: argparse.Namespace, folder: Path) -> None:
    """Run one side; one that cannot run says why and leaves the others their rows."""
    try:
        rows.append(side(name, recipe, args, folder) | _settings(args, recipe, name))
    except RuntimeError as error:
        print(f"{name} of {recipe} gave no row: {error}", file=sys.stderr)
        return
    print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    if args.rows is not None:
        with args.rows.open("a", encoding="utf-8") as out:
            out.write(json.dumps(rows[-1]) + "\n")


def _tell(recipe: str, found: dict[str, dict[str, Any]], args: argparse.Namespace, machines: list[str]) -> None:
    base = found.get("native", {})
    for row in found.values():
        row["ratio"] = round(row["wall_s"] / base["wall_s"], 2) if base else None
        row["cpu_ratio"] = round(row["cpu_s"] / base["cpu_s"], 2) if base else None
    print(f"\n{recipe}, {args.n} examples, medians")
    print(" | ".join(("side", "rounds", *COLUMNS)))
    for name, row in found.items():
        print(" | ".join((name, str(row["rounds"]), *(str(row[c]) for c in COLUMNS))))
    print("; ".join(machines))
    line = {"bench": "versus", "recipe": recipe, "examples": args.n, "device": args.device, "processors": machines}
    print(json.dumps({**line, **found}), flush=True)


if __name__ == "__main__":
    main()
