"""Build ``attacks/data/polarity.tsv`` from the lexicon of VADER (Hutto and Gilbert 2014, MIT licence).

::

    pip download --no-deps vadersentiment==3.3.2 && unzip vaderSentiment-*.whl
    python scripts/build_polarity.py vaderSentiment/vader_lexicon.txt
    python scripts/build_polarity.py vaderSentiment/vader_lexicon.txt --check   # exit 1 unless the shipped file would come out

Kept: plain words whose ten raters lean one way by at least one point of four and agree to a spread of less than 2;
of the number only the sign is kept. The licence lies beside the file.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "attacks" / "data" / "polarity.tsv"
PLAIN = re.compile(r"[a-z]{3,}(?:-[a-z]+)*")
LEAST, SPREAD = 1.0, 2.0
HEADER = "# Words by the sign of their valence in the lexicon of VADER (see VADER-LICENSE): sign, tab, words.\n"


def table(lexicon: Path) -> str:
    """The text of the table."""
    words: dict[str, list[str]] = {"negative": [], "positive": []}
    for line in lexicon.read_text("utf-8").splitlines():
        word, mean, spread, *_ = line.split("\t")
        if PLAIN.fullmatch(word) and abs(float(mean)) >= LEAST and float(spread) < SPREAD:
            words["positive" if float(mean) > 0 else "negative"].append(word)
    return HEADER + "".join(f"{sign}\t{'|'.join(sorted(set(found)))}\n" for sign, found in words.items())


def main() -> int:
    """Write the table, or compare it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("lexicon", type=Path)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    made = table(chosen.lexicon)
    if chosen.check:
        return int(OUT.read_text("utf-8") != made)
    OUT.write_text(made, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
