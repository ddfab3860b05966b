"""Execute the notebooks of ``robustness/examples`` and keep their outputs.

    python scripts/execute_notebooks.py [NAME.ipynb …]

Each runs in a folder of its own beside the files that ``robustness examples`` copies with it. No times are recorded, so that a
second execution gives the same file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from robustness.commands.workbench.examples import EXAMPLES

HOME = Path(__file__).resolve().parent.parent / "robustness" / "examples"


def executed(name: str, folder: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs, run in ``folder``; raises ``CellExecutionError`` where a cell does."""
    example = next(one for one in EXAMPLES.values() if one.files[0] == name)
    for file in example.files[1:]:
        (folder / file).write_bytes((HOME / file).read_bytes())
    book = nbformat.read(HOME / name, as_version=4)
    NotebookClient(book, timeout=300, record_timing=False, resources={"metadata": {"path": str(folder)}}).execute()
    book.metadata.pop("language_info", None)
    return book


def main(names: list[str]) -> None:
    """Execute some notebooks, or all."""
    for name in names or sorted(path.name for path in HOME.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(executed(name, Path(folder)), HOME / name)
        print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
