"""What the strict profile is worth, by people: one blinded sheet of failures of both profiles, and what raters said of it.

    python bench/review_strict.py draw FOLDER --victim demo [--recipes pwws,textfooler] [--limit 200] [--sample 100]
    python bench/review_strict.py read FOLDER --sheets first.csv,second.csv

``draw`` audits the victim under ``paper`` and under ``strict``, draws a review of each and puts both into ``FOLDER/sheet.csv``:
as many failures of either, ten unperturbed texts of either, in random order, with nothing to tell which profile made a text. At
least two people fill in copies, each alone: the label that a careful reader would give, or ``unclear``. ``read`` parts the sheets
again and prints, for each profile, agreement, controls, validity and success of valid texts, as ``robustness review`` does.
No judgement ships with this script, and no figure of docs/ comes from it: it takes people.
"""

from __future__ import annotations

import argparse
import csv
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

PROFILES = ("paper", "strict")
Row = dict[str, str]


def draw(folder: Path, victim: str, options: dict[str, Any], sample: int, seed: int) -> None:
    """Audit under both profiles, draw a review of each, and mix them."""
    from reports.review.sample import SHEET
    from robustness.auditing import audit
    from robustness.cli import main as robustness

    rows: list[Row] = []
    for number, profile in enumerate(PROFILES):
        run = folder / profile
        audit(victim, options["data"], recipes=options["recipes"], out=run, limit=options["limit"], profile=profile, seed=seed)
        drawing = ["--sample", str(sample), "--controls", "10", "--seed", str(2 * seed + number)]  # of their own: ids must differ
        with redirect_stdout(StringIO()):  # it names the profile's own sheet, which no rater is to see
            code = robustness(["review", str(run), *drawing, "-q"])
        if code:
            raise SystemExit(f"{profile}: no review could be drawn; see above")
        rows += read_rows(folder / f"{profile}-review" / SHEET)
    Random(seed).shuffle(rows)
    write_rows(folder / SHEET, rows)


def part(folder: Path, sheets: list[Path]) -> dict[str, list[Path]]:
    """Each rater's sheet as one sheet for each profile, by the items that the profile's review drew."""
    from reports.review.sample import SHEET

    found: dict[str, list[Path]] = {}
    for profile in PROFILES:
        own = {row["item"] for row in read_rows(folder / f"{profile}-review" / SHEET)}
        for number, sheet in enumerate(sheets, start=1):
            parted = folder / f"{profile}-rater-{number}.csv"
            write_rows(parted, [row for row in read_rows(sheet) if row["item"] in own])
            found.setdefault(profile, []).append(parted)
    return found


def read_rows(path: Path) -> list[Row]:
    """The rows of a sheet."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write a sheet that spreadsheets open."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]) if rows else ["item", "label"])
        table.writeheader()
        table.writerows(rows)


def main(given: list[str] | None = None) -> int:
    """Draw or read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=("draw", "read"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--victim", default="demo")
    parser.add_argument("--data")
    parser.add_argument("--recipes", default="pwws,textfooler")
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheets", default="")
    chosen = parser.parse_args(given)
    if chosen.what == "draw":
        options = {"data": chosen.data, "recipes": chosen.recipes, "limit": chosen.limit}
        draw(chosen.folder, chosen.victim, options, chosen.sample, chosen.seed)
        print(f"one sheet for every rater: {chosen.folder / 'sheet.csv'}")
        return 0
    from robustness.cli import main as robustness

    worst = 0
    for profile, sheets in part(chosen.folder, [Path(sheet) for sheet in chosen.sheets.split(",") if sheet]).items():
        print(f"\n{profile}")
        worst = max(worst, robustness(["review", str(chosen.folder / profile), "--read", ",".join(map(str, sheets))]))
    return worst


if __name__ == "__main__":
    sys.exit(main())
