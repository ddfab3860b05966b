"""A normaliser as files: settings that ``--normalise FILE`` reads, and one module for production that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

from robustness.errors import UsageError
from robustness.harden import normaliser as module
from robustness.harden import speller
from robustness.harden.normaliser import VERSION, WORDS, Normaliser
from robustness.harden.tables import read_table

FORMAT = "robustness-normaliser"
MOST_BYTES = 16_000_000
"""No word list is larger."""


def normaliser_of(spec: str) -> Normaliser:
    """The normaliser that ``--normalise`` names: steps separated by commas, or a file of ``save``.

    Raises:
        UsageError: an unknown step, a file that cannot be read, or was written by another version.
    """
    if spec.endswith(".json"):
        return _read(Path(spec))
    try:
        return Normaliser(spec)
    except ValueError as problem:
        raise UsageError(f"--normalise: {problem}; or name a normaliser.json that `robustness harden` wrote") from None


def identity_of(normaliser: Normaliser) -> dict[str, str]:
    """What decides what it makes of a text: version, steps, tables, and the words that it was given."""
    found = {"normalise": ",".join(normaliser.steps), "normalise.version": VERSION}
    names = ["lookalikes.tsv", *(["words.txt.gz"] if set(WORDS) & set(normaliser.steps) else [])]
    found["normalise.tables"] = sha256("".join(map(read_table, names)).encode()).hexdigest()[:16]
    if normaliser.known:
        found["normalise.known"] = sha256("\n".join(normaliser.known).encode()).hexdigest()[:16]
    return found


def save(normaliser: Normaliser, file: Path) -> None:
    """Write its settings as JSON."""
    from reports.files.atomic import write_atomically

    content = {"format": FORMAT, "version": VERSION, "steps": list(normaliser.steps), "known": list(normaliser.known)}
    write_atomically(file, json.dumps(content) + "\n")


def _read(file: Path) -> Normaliser:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(f"--normalise: {file} is larger than any normaliser: {file.stat().st_size:,} bytes")
        found: Any = json.loads(file.read_text("utf-8"))
    except OSError as problem:
        raise UsageError(f"--normalise: {file} cannot be read: {problem.strerror}") from None
    except ValueError as problem:
        raise UsageError(f"--normalise: {file} is no JSON: {problem}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UsageError(f"--normalise: {file} was not written by `robustness harden`: it holds no {FORMAT!r}")
    if found.get("version") != VERSION:
        raise UsageError(
            f"--normalise: {file} is of version {found.get('version')!r} of the normaliser, this is {VERSION!r}; harden again"
        )
    steps: Any = found.get("steps")
    known: Any = found.get("known", [])
    if not all(isinstance(part, list) and all(isinstance(one, str) for one in part) for part in (steps, known)):
        raise UsageError(f"--normalise: expected lists of strings under steps and known in {file}")
    try:
        return Normaliser(steps, known)
    except ValueError as problem:
        raise UsageError(f"--normalise: {file}: {problem}") from None


_HEAD = '''"""A text normaliser, version {version}, with steps {steps}. Standard library alone; written by robustness harden.

    from {stem} import normalise, mapped

    normalise(text)   # the normalised text
    mapped(text)      # the same with .span(start, end): where a stretch of it stands in the original, in code points

Lookalikes are from Unicode's confusables.txt:

{licence}
"""

from __future__ import annotations

'''
_TAIL = """

_NORMALISER = Normaliser({steps!r}, {known})
normalise = _NORMALISER.__call__
mapped = _NORMALISER.mapped
"""
_READ = '''

@cache
def read_table(name: str) -> str:
    """A table of this module."""
    return zlib.decompress(base64.b85decode(_TABLES[name])).decode()


'''


def export(normaliser: Normaliser, file: Path) -> None:
    """Write the normaliser as one module with its tables inside, which needs the standard library alone."""
    if not file.stem.isidentifier() or file.suffix != ".py":
        raise UsageError(f"expected the name of a module, such as normaliser.py, got {file.name}")
    names = ["lookalikes.tsv", *(["words.txt.gz"] if set(WORDS) & set(normaliser.steps) else [])]
    tables = "".join(f"    {name!r}: {_packed(read_table(name))!r},\n" for name in names)
    parts = [_bare(part) for part in (speller, module)]
    imports = sorted({line for _, lines in parts for line in lines} | {"import base64", "import zlib"})
    licence = (Path(__file__).parent / "data" / "UNICODE-LICENSE").read_text("utf-8")
    known = repr(list(normaliser.known)) if len(normaliser.known) < 50 else f"read_table('known').split({chr(10)!r})"
    if len(normaliser.known) >= 50:
        tables += f"    'known': {_packed(chr(10).join(normaliser.known))!r},\n"
    text = _HEAD.format(version=VERSION, steps=", ".join(normaliser.steps), stem=file.stem, licence=licence.strip())
    text += "\n".join(imports) + f"\n\n_TABLES = {{\n{tables}}}\n" + _READ
    text += "\n\n".join(code for code, _ in parts) + _TAIL.format(steps=normaliser.steps, known=known)
    file.write_text(text, "utf-8")


def _packed(text: str) -> str:
    return base64.b85encode(zlib.compress(text.encode(), 9)).decode()


_IMPORT = re.compile(r"^(?:from|import) .*$\n?", re.MULTILINE)


def _bare(part: Any) -> tuple[str, list[str]]:
    """The code of a module without its docstring and imports, and those of them that are not the suite's own."""
    source = Path(part.__file__).read_text("utf-8")
    body = source[source.index('"""', 3) + 3 :]
    lines = [line.strip() for line in _IMPORT.findall(body)]
    own = [line for line in lines if "robustness" in line or "__future__" in line]
    return _IMPORT.sub("", body).strip(), [line for line in lines if line not in own]
