"""Flags that several commands share, in groups of one concern, and how their texts become values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from robustness.commands.options.groups import Flags, flattened, given
from robustness.commands.options.resources import ResourceFlags
from robustness.commands.options.scaling import AskingFlags, PaceFlags
from robustness.commands.options.values import budget_of, listed, listed_recipes, mapping, named_recipes, refuse_empty
from robustness.commands.terminal import complete

__all__ = [
    "AskingFlags", "PaceFlags", "ResourceFlags", "budget_of", "flattened", "given",
    "listed", "listed_recipes", "mapping", "named_recipes", "refuse_empty",
]  # fmt: skip

VictimFlag = Annotated[
    str | None,
    typer.Option(
        "--victim",
        help="demo, hf:PATH_OR_NAME, python:module:function, predictions:FILE; see `robustness list victims`.",
        rich_help_panel="Victim",
        autocompletion=complete.victims,
    ),
]
DataFlag = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="CSV, TSV, JSONL or Parquet file, a saved datasets folder, or hub:NAME. The demo brings its own.",
        rich_help_panel="Data",
    ),
]
ProfileFlag = Annotated[
    str | None, typer.Option("--profile", help="Constraint profile: paper or strict (default: paper).", rich_help_panel="Attack")
]
BudgetFlag = Annotated[
    str | None,
    typer.Option(
        "--budget",
        help="Most queries of an example: of the whole standard cascade, else of each recipe; `none` for no limit (default 500).",
        rich_help_panel="Attack",
    ),
]
RecipesFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--recipes",
        "--recipe",
        metavar="RECIPES",
        help="Recipes, suites or 'greedy(synonym+keyboard-typo, max-words=0.2)', comma-separated; repeats (default: standard).",
        rich_help_panel="Attack",
        autocompletion=complete.recipes,
    ),
]
LimitFlag = Annotated[
    int | None, typer.Option("--limit", help="At most this many examples, stratified by label.", rich_help_panel="Data")
]
SeedFlag = Annotated[int | None, typer.Option("--seed", help="Seed of everything random (default 0).", rich_help_panel="Run")]
DeviceFlag = Annotated[str | None, typer.Option("--device", help="Device of an hf: victim, e.g. cpu or cuda:0.")]
ThroughFlag = Annotated[
    str | None,
    typer.Option(
        "--through",
        metavar="CHANNEL",
        help="Pass every text through ocr[:SEVERITY] (drawn and read) or speech[:SEVERITY] (spoken and heard) first.",
    ),
]
NormaliseFlag = Annotated[
    str | None,
    typer.Option(
        "--normalise",
        metavar="STEPS",
        help="Normalise every text first: characters, all, steps separated by commas, or a normaliser.json of `harden`.",
    ),
]
PickleFlag = Annotated[
    bool,
    typer.Option("--allow-pickle", help="Load weights that are pickles. They can run code: trust the source."),
]
RemoteCodeFlag = Annotated[bool, typer.Option("--trust-remote-code", help="Run code that comes with a checkpoint.")]
IsolateFlag = Annotated[
    bool | None,
    typer.Option(
        "--isolate/--no-isolate",
        help="Run a python: victim in a child process, where it can neither end nor hang the audit (default: no).",
    ),
]
LocalCodeFlag = Annotated[
    bool,
    typer.Option(
        "--allow-local-code",
        help="Run code that [audit] of the policy file names: a python: victim, a resource that is a pickle.",
        rich_help_panel="Run",
    ),
]
OfflineFlag = Annotated[bool, typer.Option("--offline", help="Treat any use of the network as an error.", rich_help_panel="Run")]
PolicyFlag = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        help="Policy and defaults (default: robustness.toml, or tool.robustness in pyproject.toml); `none` for no file.",
        rich_help_panel="Gate",
    ),
]
RunPolicyFlag = Annotated[
    Path | None,
    typer.Option(
        "--policy", help="A policy file other than the one that the run was made under; `none` for none.", rich_help_panel="Gate"
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.", rich_help_panel="Output")]
QuietFlag = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress; only the verdict line on stdout.", rich_help_panel="Output")
]


@dataclass(frozen=True, slots=True)
class ReadingFlags(Flags):
    """How the data are read."""

    PANEL = "Data"

    text: Annotated[str | None, typer.Option("--text", help="Text column, or two separated by a comma for text pairs.")] = None
    label: Annotated[str | None, typer.Option("--label", help="Label column.")] = None
    id_: Annotated[str | None, typer.Option("--id", help="Id column; default: ids made from the content.")] = None
    group: Annotated[
        str | None,
        typer.Option("--group", help="Column that says which rows belong together: a document, a user, a template."),
    ] = None
    label_map: Annotated[
        str | None,
        typer.Option("--label-map", help="The data's labels in the victim's names: neg=negative,pos=positive."),
    ] = None
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="Encoding of a text file that is not UTF-8, e.g. cp1252.")
    ] = None
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="Names of the columns, in order, of a file without a header line: label,text."),
    ] = None
    split: Annotated[
        str | None, typer.Option("--split", help="Split of a datasets dataset, or the name of one of the tables in a JSON file.")
    ] = None
    format_: Annotated[
        str | None, typer.Option("--format", help="csv, tsv, jsonl, json or parquet, where the file's name does not say.")
    ] = None

    def given(self) -> dict[str, Any]:
        """Columns as lists, the label map as a mapping."""
        values = {"text": listed(self.text), "columns": listed(self.columns), "label_map": mapping(self.label_map, "--label-map")}
        return Flags.given(self) | given(**values)


@dataclass(frozen=True, slots=True)
class RecipeFlags(Flags):
    """Which recipes attack."""

    PANEL = "Attack"

    goal: Annotated[
        str | None,
        typer.Option("--goal", help="What counts as broken, such as misclassify or answer-with:LABEL (`robustness list tasks`)."),
    ] = None
    recipes: RecipesFlag = None
    profile: ProfileFlag = None
    preserve: Annotated[
        str | None,
        typer.Option(
            "--preserve",
            help="What changes must preserve: wording, entailment, sentiment, topic (default: depends on the data).",
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """Recipes and what is to be preserved as lists."""
        flags = Flags.given(self) | given(preserve=listed(self.preserve))
        return flags | given(recipes=named_recipes(self.recipes))


@dataclass(frozen=True, slots=True)
class TextFlags(Flags):
    """The language of the texts, and the spans in them that no attack may touch."""

    PANEL = "Data"

    language: Annotated[
        str | None, typer.Option("--language", help="Language of the texts, e.g. en, de, zh (default: guessed from them).")
    ] = None
    protect: Annotated[
        list[str] | None,
        typer.Option(
            "--protect",
            metavar="PATTERN",
            help="Regular expression of spans that no attack may touch, or placeholders or labels; may be repeated.",
            rich_help_panel="Attack",
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """Patterns as a tuple."""
        return given(language=self.language, protect=tuple(self.protect) if self.protect else None)


@dataclass(frozen=True, slots=True)
class ExtentFlags(Flags):
    """How long each attack goes on."""

    PANEL = "Attack"

    budget: BudgetFlag = None
    recipe_budget: Annotated[
        int | None,
        typer.Option("--recipe-budget", help="Most queries of one recipe on an example (default: its own limit in the cascade)."),
    ] = None
    adaptive: Annotated[
        bool | None,
        typer.Option(
            "--adaptive/--no-adaptive", help="Whether recipes that can learn from the run's earlier trials (default: yes)."
        ),
    ] = None
    limit: LimitFlag = None
    traps: Annotated[
        str | None,
        typer.Option("--traps", help="builtin[:LABEL]: add benign traps, for a guard's alarms.", rich_help_panel="Data"),
    ] = None
    seed: SeedFlag = None
    field: Annotated[str | None, typer.Option("--field", help="Which text field to attack (default: the last).")] = None
    universal: Annotated[
        int | None,
        typer.Option("--universal", metavar="N", help="Perturb the prompt's instruction; a panel of N examples decides."),
    ] = None


@dataclass(frozen=True, slots=True)
class OpeningFlags(Flags):
    """How the victim is opened."""

    PANEL = "Victim"

    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            help="What the victim is asked to do (default: as it says, or as the data look).",
            autocompletion=complete.tasks,
        ),
    ] = None
    access: Annotated[str | None, typer.Option("--access", help="What a python: victim returns: scores or labels.")] = None
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels", help="Label names of a python: victim in index order, comma-separated; of a decoder NAME or NAME=WORDS."
        ),
    ] = None
    fields: Annotated[str | None, typer.Option("--fields", help="Names of a victim's text fields, comma-separated.")] = None
    one_at_a_time: Annotated[
        bool, typer.Option("--one-at-a-time", help="A python: victim is a function of one text, not of a list of texts.")
    ] = False
    device: DeviceFlag = None
    max_length: Annotated[int | None, typer.Option("--max-length", help="Most tokens that an hf: victim reads.")] = None
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt",
            help="What a model is asked: FILE.toml, a shipped prompt such as sentiment-a, python:module:function, or a text with "
            "{text} or names of columns in braces (@FILE for a file with one).",
        ),
    ] = None
    system: Annotated[str | None, typer.Option("--system", help="The system message of a chat model.")] = None
    max_new_tokens: Annotated[
        int | None, typer.Option("--max-new-tokens", help="Most tokens that an answer may have; a longer one is no answer.")
    ] = None
    stop: Annotated[
        list[str] | None, typer.Option("--stop", help="A text at which a decoder's answer ends, e.g. \\n; may be repeated.")
    ] = None
    prefix: Annotated[
        str | None, typer.Option("--prefix", help="Words before each text for an encoder-decoder, e.g. 'summarize: '.")
    ] = None
    json_lines: Annotated[bool, typer.Option("--json-lines", help="A command: victim is asked and answers in lines of JSON.")] = (
        False
    )
    start_limit: Annotated[
        float | None, typer.Option("--start-limit", help="Seconds that a command: victim may take before its first answer.")
    ] = None
    answer_limit: Annotated[
        float | None, typer.Option("--answer-limit", help="Seconds that a command: victim may take for one answer.")
    ] = None
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Take off what a decoder gives each label for texts that say nothing.")
    ] = False
    through: ThroughFlag = None
    normalise: NormaliseFlag = None
    allow_pickle: PickleFlag = False
    trust_remote_code: RemoteCodeFlag = False
    isolate: IsolateFlag = None

    def given(self) -> dict[str, Any]:
        """Labels and fields as lists; a ``--no-isolate`` too, because it may overrule the policy file."""
        stated = {} if self.isolate is None else {"isolate": self.isolate}
        return Flags.given(self) | given(labels=listed(self.labels), fields=listed(self.fields)) | stated


@dataclass(frozen=True, slots=True)
class LoadingFlags(Flags):
    """How each of several victims is loaded."""

    PANEL = "Victim"

    device: DeviceFlag = None
    through: ThroughFlag = None
    normalise: NormaliseFlag = None
    allow_pickle: PickleFlag = False
    trust_remote_code: RemoteCodeFlag = False
    isolate: IsolateFlag = None


@dataclass(frozen=True, slots=True)
class GateFlags(Flags):
    """Thresholds of the gate."""

    PANEL = "Gate"

    min_robust_accuracy: Annotated[
        str | None,
        typer.Option(
            "--min-robust-accuracy", help="Fail below this robust accuracy, e.g. 0.3 or 30%. RECIPE=30% for one recipe."
        ),
    ] = None
    max_accuracy_drop: Annotated[
        str | None, typer.Option("--max-accuracy-drop", help="Fail above this drop from clean accuracy, e.g. 20pt.")
    ] = None
    max_attack_success_rate: Annotated[
        str | None,
        typer.Option("--max-attack-success-rate", help="Fail if a larger share of the right examples is broken by some recipe."),
    ] = None
    max_attributable_success_rate: Annotated[
        str | None, typer.Option("--max-attributable-success-rate", help="Fail if injections beat their benign twins by more.")
    ] = None
    min_quality: Annotated[
        str | None, typer.Option("--min-quality", help="Fail below this mean quality under attack, for graded tasks.")
    ] = None
    max_quality_drop: Annotated[
        str | None, typer.Option("--max-quality-drop", help="Fail above this drop of mean quality, e.g. 20pt.")
    ] = None
    max_error_rate: Annotated[
        str | None, typer.Option("--max-error-rate", help="Fail above this share of trials that end in an error (default 0).")
    ] = None
    min_examples: Annotated[
        int | None, typer.Option("--min-examples", help="Nothing passes with fewer judged examples (default 30).")
    ] = None
    max_untested: Annotated[
        str | None,
        typer.Option("--max-untested", help="Inconclusive if a larger share of the right examples had no fair try (default 5%)."),
    ] = None
    max_exhausted: Annotated[
        str | None,
        typer.Option("--max-exhausted", help="Inconclusive if a larger share of them held only until a budget was spent."),
    ] = None
    accept_flags: Annotated[
        str | None, typer.Option("--accept-flags", help="Doubts that do not keep the gate from passing, comma-separated.")
    ] = None
    fatal_flags: Annotated[
        str | None, typer.Option("--fatal-flags", help="Self-doubt flags that fail the gate, comma-separated, or `all`.")
    ] = None
    family_wise: Annotated[
        bool,
        typer.Option("--family-wise", help="Bound the chance of a false failure over all thresholds together, not for each."),
    ] = False


@dataclass(frozen=True, slots=True)
class GithubFlags(Flags):
    """What annotations and job summary of GitHub Actions show."""

    PANEL = "Output"

    github: Annotated[
        bool | None,
        typer.Option(
            "--github/--no-github",
            help="Write annotations and a job summary for GitHub Actions (default: if GITHUB_ACTIONS is true).",
        ),
    ] = None
    show_texts: Annotated[bool, typer.Option("--show-texts", help="Quote the data's texts in annotations and job summary.")] = (
        False
    )
