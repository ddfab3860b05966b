"""Flags that several commands share, and how their texts become values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from robustness.errors import UsageError

VictimFlag = Annotated[
    str | None,
    typer.Option(
        "--victim", help="demo, hf:PATH_OR_NAME, python:module:function, predictions:FILE; see `robustness list victims`."
    ),
]
DataFlag = Annotated[
    str | None,
    typer.Option(
        "--data", help="CSV, TSV, JSONL or Parquet file, a saved datasets folder, or hub:NAME. The demo brings its own."
    ),
]
TextFlag = Annotated[str | None, typer.Option("--text", help="Text column, or two separated by a comma for text pairs.")]
LabelFlag = Annotated[str | None, typer.Option("--label", help="Label column.")]
IdFlag = Annotated[str | None, typer.Option("--id", help="Id column; default: ids made from the content.")]
LabelMapFlag = Annotated[
    str | None, typer.Option("--label-map", help="How labels of the data read in the victim's names: neg=negative,pos=positive.")
]
EncodingFlag = Annotated[str | None, typer.Option("--encoding", help="Encoding of a text file that is not UTF-8, e.g. cp1252.")]
SplitFlag = Annotated[str | None, typer.Option("--split", help="Split of a datasets dataset.")]
FormatFlag = Annotated[
    str | None, typer.Option("--format", help="csv, tsv, jsonl, json or parquet, where the name does not tell.")
]
LimitFlag = Annotated[int | None, typer.Option("--limit", help="At most so many examples, stratified by label.")]
SeedFlag = Annotated[int | None, typer.Option("--seed", help="Seed of everything random (default 0).")]
RecipesFlag = Annotated[str | None, typer.Option("--recipes", help="Recipes or suites, comma-separated (default: standard).")]
ProfileFlag = Annotated[str | None, typer.Option("--profile", help="Constraint profile: paper or strict (default: paper).")]
BudgetFlag = Annotated[str | None, typer.Option("--budget", help="Queries per trial, or `none` (default 500).")]
FieldFlag = Annotated[str | None, typer.Option("--field", help="Which text field to attack (default: the last).")]
BatchFlag = Annotated[
    int | None, typer.Option("--batch-tokens", help="Most tokens in one batch (default 2048). Changes no outcome.")
]
InFlightFlag = Annotated[
    int | None, typer.Option("--in-flight", help="Searches in flight at once (default 128). Changes no outcome.")
]
TimeoutFlag = Annotated[float | None, typer.Option("--victim-timeout", help="Seconds allowed for one batch (default 300).")]
EncoderFlag = Annotated[str | None, typer.Option("--encoder", help="Sentence encoder: minilm, hf:PATH or none.")]
RewriterFlag = Annotated[str | None, typer.Option("--rewriter", help="Paraphraser: apertium, hf:PATH or hf:THERE,BACK.")]
CacheFlag = Annotated[
    Path | None, typer.Option("--cache", help="Folder that keeps exact answers of victim and encoder for later runs.")
]
MaskedLmFlag = Annotated[str | None, typer.Option("--masked-lm", help="Masked language model: hf:PATH_OR_NAME.")]
VectorsFlag = Annotated[str | None, typer.Option("--vectors", help="Word vectors: glove, or a word2vec, GloVe or npy file.")]
ResourceFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--resource", help="NAME=VALUE, may be repeated: a file or substitute for a recipe with the prefix textattack:."
    ),
]
LexiconFlag = Annotated[str | None, typer.Option("--lexicon", help="Synonyms: builtin, or nltk for your own NLTK WordNet.")]
AccessFlag = Annotated[str | None, typer.Option("--access", help="What a python: victim returns: scores or labels.")]
LabelsFlag = Annotated[
    str | None, typer.Option("--labels", help="Label names of a python: victim in index order, comma-separated.")
]
FieldsFlag = Annotated[str | None, typer.Option("--fields", help="Names of a victim's text fields, comma-separated.")]
DeviceFlag = Annotated[str | None, typer.Option("--device", help="Device of an hf: victim, e.g. cpu or cuda:0.")]
MaxLengthFlag = Annotated[int | None, typer.Option("--max-length", help="Most tokens that an hf: victim reads.")]
PickleFlag = Annotated[
    bool, typer.Option("--allow-pickle", help="Load weights that are pickles. They can run code: trust the source.")
]
RemoteCodeFlag = Annotated[bool, typer.Option("--trust-remote-code", help="Run code that a checkpoint brings along.")]
OfflineFlag = Annotated[bool, typer.Option("--offline", help="Make any network use an error.")]
PolicyFlag = Annotated[
    Path | None,
    typer.Option("--policy", help="Policy and defaults (default: robustness.toml or [tool.robustness] in pyproject.toml)."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; on stdout the verdict line only.")]
GithubFlag = Annotated[
    bool | None,
    typer.Option(
        "--github/--no-github", help="Annotations and job summary of GitHub Actions (default: where GITHUB_ACTIONS is true)."
    ),
]
ShowTextsFlag = Annotated[bool, typer.Option("--show-texts", help="Quote texts of the data in the job summary.")]
MinRobustFlag = Annotated[
    str | None,
    typer.Option("--min-robust-accuracy", help="Fail below this robust accuracy, e.g. 0.3 or 30%. RECIPE=30% for one recipe."),
]
MaxDropFlag = Annotated[
    str | None, typer.Option("--max-accuracy-drop", help="Fail above this drop from clean accuracy, e.g. 20pt.")
]
MaxSuccessFlag = Annotated[
    str | None, typer.Option("--max-attack-success-rate", help="Fail where more of the right examples are broken by some recipe.")
]
MaxErrorFlag = Annotated[
    str | None, typer.Option("--max-error-rate", help="Fail above this share of trials in error (default 0).")
]
MinExamplesFlag = Annotated[int | None, typer.Option("--min-examples", help="Inconclusive with fewer judged examples.")]
FatalFlag = Annotated[
    str | None, typer.Option("--fatal-flags", help="Self-doubt flags that fail the gate, comma-separated, or `all`.")
]


def listed(text: str | None) -> list[str] | None:
    """The parts of a comma-separated flag."""
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def refuse_empty(value: str | None, flag: str) -> None:
    """Raise ``UsageError`` for a flag that was given without a value: an unset variable must not switch a check off."""
    if value is not None and not value.strip():
        raise UsageError(f"{flag} was given without a value (an unset variable?); give one or leave it out")


def mapping(text: str | None, flag: str) -> dict[str, str] | None:
    """``a=b,c=d`` as a mapping; raises ``UsageError``."""
    if text is None:
        return None
    pairs = [part.split("=", 1) for part in listed(text) or []]
    bad = ["=".join(pair) for pair in pairs if len(pair) != 2]
    if bad or not pairs:
        raise UsageError(f"{flag} expects NAME=VALUE pairs separated by commas, got {text!r}")
    return {key.strip(): value.strip() for key, value in pairs}


def budget_of(text: str | int | None) -> int | None:
    """A budget flag: a whole number, or ``none``."""
    if text is None or str(text).lower() == "none":
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--budget expects a whole number of queries or `none`, got {text!r}") from None


def given(**values: Any) -> dict[str, Any]:
    """Only the values that were given."""
    return {key: value for key, value in values.items() if value is not None and value is not False}
