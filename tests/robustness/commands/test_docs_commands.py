"""Every command that a page shows is run as it stands, those of the help with --json; every command has a page and an example.

Only the inputs are small: the folders, files and checkpoints that the pages name are prepared in an empty folder, with a policy
file that keeps audits short. What cannot be run so is named below with its reason, and still parsed by the real program.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main

from robustness.cli import app, main

ROOT = Path(__file__).resolve().parents[3]
PAGES = {
    p.name: p.read_text("utf-8") for p in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
}
COMMANDS = [command.name or "" for command in app.registered_commands]
SHORT = '[audit]\nrecipes = ["deepwordbug"]\nencoder = "none"\nlimit = 6\nbudget = 6\n'
"""The policy file that stands where the commands of most pages are run; flags beat it."""

BIG, HUB, TEXTATTACK = "takes minutes", "asks the hub", "needs TextAttack, which has an environment and tests of its own"
MEDIA = "needs tesseract: make test-media runs channels"
RAY = "needs Ray: make test-ray shares runs among workers"
LOGGED = "needs a server; the tests of loggers log to the real libraries offline"
PARTS = "needs models, corpora or packages that the page names"
SERVER = "asks a model behind an API; the tests beside the endpoint victims ask a real one"
SERVES = "answers until Ctrl-C; the tests of the workbench start it and ask it"
TYPED = "is typed, and shown as it looks; the tests beside these commands type it"
MISTAKE = "shows what is said of a mistake; the tests of composed recipes and of explanations make it"
NEWCOMER = "test_newcomer runs the page from top to bottom and compares what is printed"
TASK_PAGES = ("multi-label", "regression", "retrieval", "entities", "questions", "translation", "summarisation")
NOT_RUN = {
    ("newcomer.md", "robustness"): NEWCOMER,
    ("coming-from.md", "openai:"): SERVER,
    ("coming-from.md", "textattack:textfooler"): TEXTATTACK,
    ("coming-from.md", "--interactive"): TYPED,
    ("coming-from.md", "watch"): TYPED,
    ("coming-from.md", "view runs$"): SERVES,
    ("coming-from.md", "--workers"): RAY,
    ("coming-from.md", "--to "): LOGGED,
    ("coming-from.md", "robustness init"): "writes the policy that the page's other commands are run under; newcomer.md runs it",
    ("llm.md", "examples prompts"): "would replace the small reviews.csv of this test; test_examples copies them",
    ("start.md", "on a terminal"): TYPED,
    ("composing.md", "--limit 60"): BIG,
    ("composing.md", "synonims"): MISTAKE,
    ("composing.md", "max_words=2"): MISTAKE,
    ("explain.md", "invisble"): MISTAKE,
    ("explain.md", "--limit 60"): BIG,
    **{(f"task-{name}.md", "robustness"): PARTS for name in TASK_PAGES},
    ("paraphrases.md", "--recipes paraphrase"): BIG,
    ("scale.md", "robustness"): RAY,
    ("loggers.md", "--log"): LOGGED,
    ("loggers.md", "--push-to-hub"): HUB,
    ("channels.md", "--through"): MEDIA,
    ("audits.md", "--victim demo"): BIG,
    ("audits.md", "sklearn_victim.py"): BIG,
    ("audits.md", "nanoguard_victim.py"): BIG,
    ("security-review.md", "nanoguard_victim.py"): BIG,
    ("comparing-runs.md", "--limit 500"): BIG,
    ("hardening.md", "--victim demo"): BIG,
    ("hardening.md", "minilm-mr"): BIG,
    ("victims.md", "hf:owner/name"): HUB,
    ("textattack.md", "robustness"): TEXTATTACK,
    ("llm.md", "openai:"): SERVER,
    ("prompts.md", "robustness"): SERVER,
    ("spending.md", "robustness"): SERVER,
    ("noise.md", "openai:"): SERVER,
    ("certificates.md", "--limit 30"): BIG,
    ("certificates.md", "runs/demo --space"): BIG,
    ("certificates.md", "--erase"): PARTS,
    ("injection.md", "openai:"): SERVER,
    ("injection.md", "scripted:gullible"): BIG,
    ("comparing-runs.md", "runs/prompt-1"): SERVER,
    ("review.md", "runs/answers"): SERVER,
    ("chat.md", "robustness"): PARTS,
    ("guards.md", "robustness"): PARTS,
    ("help", "textattack:textfooler"): TEXTATTACK,
    ("view.md", "--no-browser"): SERVES,
}
ALL_COMMANDS = "commands.md"
JUDGING = re.compile(
    r"^(gate|compare|replay|watch|transfer|attack|certify|harden)\b|--(min|max)-[\w-]+-(accuracy|drop|rate)|--judge"
)
"""Commands that may end in 1 or 3: on so few examples the verdict is not the point."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A command on a page, and what the page says that it prints."""

    page: str
    line: str
    output: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line, comments=True)[1:]

    @property
    def reason(self) -> str | None:
        return next((why for (page, part), why in NOT_RUN.items() if page == self.page and part in f"{self.line}$"), None)


IN_TABLE = re.compile(r"`(robustness [a-z][^`]*)`")
"""A command in a cell of a table; on the pages where tables are what is run."""
TABLES = ("coming-from.md",)
START = re.compile(r"(?: {4}| *- |\$ )?(?:[A-Z_]+=\S+ )?(robustness [a-z].*)")


def shown(page: str, text: str) -> list[Shown]:
    """Lines of code blocks, fenced or indented, that call the program; in fenced ones with the output below a ``$`` line."""
    found: list[tuple[str, list[str]]] = []
    fenced = printed = False
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("```"):
            fenced, printed = not fenced, False
        elif (start := START.fullmatch(line)) and (fenced or line.startswith("    ")):
            found.append((start[1], []))
            printed = line.startswith("$ ")
        elif line.startswith("|") and page in TABLES:
            found += [(command, []) for command in IN_TABLE.findall(line)]
        elif printed and not line.startswith("$ "):
            found[-1][1].append(line)
        else:
            printed = False
    return [Shown(page, line, tuple(output)) for line, output in found]


def examples(command: str) -> str:
    """The lines of a command's help that show how to call it, as a block of code."""
    text = next(c.callback.__doc__ or "" for c in app.registered_commands if c.name == command and c.callback)
    return "\n".join(f"    {line}" for line in re.findall(r"^ *(?:Example|Then): (robustness .*)$", text, re.MULTILINE))


ON_PAGES = {page: shown(page, text) for page, text in PAGES.items()}
IN_HELP = {command: shown("help", examples(command)) for command in COMMANDS}
EVERY = [one for several in (*ON_PAGES.values(), *IN_HELP.values()) for one in several]


def checkpoint(folder: Path, *labels: str, **config: object) -> None:
    """A BERT of two narrow layers and random weights that reads letters."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    signs = ["[PAD]", "[UNK]", "[SEP]", *(f"{mark}{c}" for mark in ("", "##") for c in "abcdefghijklmnopqrstuvwxyz")]
    tokens = Tokenizer(models.WordPiece({sign: n for n, sign in enumerate(signs)}, unk_token="[UNK]"))
    tokens.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    PreTrainedTokenizerFast(
        tokenizer_object=tokens, pad_token="[PAD]", unk_token="[UNK]", sep_token="[SEP]", model_max_length=64
    ).save_pretrained(folder)
    names = dict(enumerate(labels))
    sizes = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "initializer_range": 0.3,
    }
    torch.manual_seed(1)
    BertForSequenceClassification(
        BertConfig(
            vocab_size=len(signs),
            max_position_embeddings=64,
            id2label=names,
            label2id={v: k for k, v in names.items()},
            **sizes,
            **config,
        )
    ).save_pretrained(folder)


def table(path: Path, labels: tuple[str, str] = ("negative", "positive"), *columns: str, rows: int = 24) -> None:
    """A file of examples in the form that its name asks for; the label is the last column."""
    columns = columns or ("text", "label")
    texts = [[f"a {('dull', 'great')[n % 2]} film number {n}"] * (len(columns) - 1) + [labels[n % 2]] for n in range(rows)]
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in texts))
    else:
        comma = {".csv": ",", ".tsv": "\t"}[path.suffix]
        path.write_text("".join(comma.join(row) + "\n" for row in [list(columns), *texts]))


STAND_IN = """
def predict(texts):
    return [[0.8, 0.2] if "dull" in text or "bad" in text else [0.3, 0.7] for text in texts]
predict.labels = {labels!r}
pipeline = load = predict
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages take for granted: a user's checkpoints, modules, data and runs, by the names that the pages use."""
    here = tmp_path_factory.mktemp("prepared")
    checkpoint(here / "my-model", "negative", "positive")
    for name in ("my-checkpoint", "model", "another-model", "minilm-mr", "release-1", "release-2", "a", "b", "c"):
        (here / name).symlink_to("my-model")
    for name in ("nli", "nli-checkpoint"):
        checkpoint(here / name, "no", "yes")
    checkpoint(here / "toxicity", "insult", "threat", problem_type="multi_label_classification")
    for name in ("test.csv", "reviews.csv", "mr_test.tsv", "data/test.csv"):
        table(here / name)
    for name in ("pairs.csv", "pairs.jsonl"):
        table(here / name, ("no", "yes"), "premise", "hypothesis", "gold")
    table(here / "comments.csv", ("not insult", "insult"))
    stand_ins = {
        "spam": ("ham", "spam"),
        "topics": ("sports", "politics"),
        "served": ("negative", "positive"),
        "sentiment": ("negative", "positive"),
    }
    for module, labels in stand_ins.items():
        (here / f"{module}.py").write_text(STAND_IN.format(labels=labels))
    table(here / "mails.csv", stand_ins["spam"])
    table(here / "typos.csv", ("negative", "positive"), "text", "clean", "label")
    (here / "adversarial.json").write_text(json.dumps({"sst2": [{"sentence": "a du1l film", "label": 0}], "rte": [{"x": "y"}]}))
    table(here / "articles.jsonl", stand_ins["topics"])
    (here / "docs").symlink_to(ROOT / "docs")
    short = ["--recipes", "deepwordbug", "--encoder", "none", "--limit", "4", "-q", "--no-github", "--out"]
    assert main(["audit", "--victim", "demo", *short, str(here / "runs/demo")]) == 0
    assert main(["audit", "--victim", "scripted:keyword", "--data", str(here / "test.csv"), *short, str(here / "runs/a")]) == 0
    for name, like in {
        "again": "demo",
        "worse": "demo",
        "typo-trained": "demo",
        "release-1": "a",
        "release-2": "a",
        "b": "a",
    }.items():
        shutil.copytree(here / "runs" / like, here / "runs" / name)
    (here / "robustness.toml").write_text(SHORT)
    return here


@pytest.fixture
def here(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the prepared folder, to work in; modules that were imported from it are forgotten afterwards."""
    folder = tmp_path / "here"
    shutil.copytree(prepared, folder, symlinks=True)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    yield folder
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith((str(folder), str(prepared))):
            del sys.modules[name]


def people_work(one: Shown, here: Path) -> None:
    """What the pages leave to people between two commands: rate the sheets, score the file, write the policy."""
    if "--read" in one.words:
        items = json.loads((here / "runs/demo-review/key.json").read_text())["items"]
        for name in ("anna.csv", "ben.csv"):
            (here / name).write_text("\n".join(["item,label", *(f"{item['item']},{item['gold']}" for item in items)]) + "\n")
    if "predictions:scored.csv" in one.words:
        head, *rows = (here / "to-score.csv").read_text().splitlines()
        answers = [("positive" if "great" in row else "negative") for row in rows]
        (here / "scored.csv").write_text(
            "\n".join([f"{head},prediction", *map(",".join, zip(rows, answers, strict=True))]) + "\n"
        )
    if one.words[0] == "init":
        (here / "robustness.toml").unlink()
    if one.words == ["audit", "-q"]:
        (policy,) = re.findall(r"```toml\n(.*?)```", PAGES[one.page], re.DOTALL)
        assert tomllib.loads(policy)["audit"]
        (here / "robustness.toml").write_text(policy + SHORT.removeprefix("[audit]\n"))


def run(one: Shown, here: Path, *more: str) -> None:
    people_work(one, here)
    policy = here / "robustness.toml"
    judged = JUDGING.search(" ".join(one.words)) or (policy.exists() and "[gate]" in policy.read_text())
    known = (0, 3) if any(word.startswith("hf:./nli") for word in one.words) else (0,)  # it knows few words: all may be untested
    assert main([*one.words, *more]) in ((0, 1, 3) if judged else known), one.line


@pytest.mark.parametrize(
    "page", [page for page, found in ON_PAGES.items() if page != ALL_COMMANDS and any(not one.reason for one in found)]
)
def test_the_commands_of_a_page(page: str, here: Path) -> None:
    for one in ON_PAGES[page]:
        if one.reason is None:
            run(one, here)


CHEAPER = {"prefetch": "robustness prefetch pwws", "view": "robustness view --bundle site"}
"""What is asked for JSON in place of an example that cannot be run."""


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_the_help_give_json_and_nothing_else(command: str, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for one in [Shown("help", CHEAPER[command])] if command in CHEAPER else IN_HELP[command]:
        capfd.readouterr()
        run(one, here, "--json")
        json.loads(capfd.readouterr().out)


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.page}: {one.line[11:60]}")
def test_the_program_knows_the_words(one: Shown) -> None:
    """A misspelt command or flag fails here, whether or not the line is run elsewhere."""
    program = typer.main.get_command(app)
    with program.make_context("robustness", one.words) as context:
        assert one.words[0] in COMMANDS
        command = program.get_command(context, one.words[0])  # type: ignore[attr-defined]
        command.make_context(one.words[0], one.words[1:], parent=context).close()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_and_a_page_that_runs_it(command: str) -> None:
    assert [one for one in IN_HELP[command] if one.words[0] == command], "its help shows no `Example: robustness …`"
    ran = [one for found in ON_PAGES.values() for one in found if one.reason in (None, NEWCOMER)]
    pages = {one.page for one in ran if one.words[0] == command}
    assert pages - {"README.md"}, "no page of docs/ shows a command that a test can run"
    assert f"`robustness {command}`" in PAGES[ALL_COMMANDS]


def test_what_is_not_run_is_shown_somewhere() -> None:
    assert [key for key in NOT_RUN if not any(one.page == key[0] and key[1] in f"{one.line}$" for one in EVERY)] == []


def test_the_page_of_all_commands_shows_what_they_print(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is prepared but its table of texts; each line of output stands in what is printed, in that order."""
    shutil.rmtree(here / "runs")
    (here / "robustness.toml").unlink()
    (films,) = re.findall(r"```csv\n(.*?)```", PAGES[ALL_COMMANDS], re.DOTALL)
    (here / "films.csv").write_text(films)
    for one in ON_PAGES[ALL_COMMANDS]:
        capsys.readouterr()
        run(one, here)
        printed = iter([line.rstrip() for line in capsys.readouterr().out.splitlines()])
        wanted = [line.rstrip() for line in one.output if line.strip() not in ("", "…")]
        assert [line for line in wanted if line not in printed] == [], one.line
