from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.measures.of_run import measure
from reports.measures.summary import summarise, to_json
from reports.render import render_all
from reports.render.inert import code
from reports.render.junit import junit_report
from reports.render.markdown import markdown_report
from reports.render.terminal import print_gate, print_run, verdict_line
from reports.run import Outcome, Run

MakeRun = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]
MakeCounted = Callable[..., list[Outcome]]

POLICY = parse_policy(
    {
        "gate": {
            "min_robust_accuracy": "30%",
            "recipes": {"textfooler": {"max_attack_success_rate": 0.3}, "absent": {"max_accuracy_drop": 0.1}},
            "slices": {"source==cmd|'/c calc'!A0": {"min_robust_accuracy": 0.1}},
        }
    },
    "robustness.toml",
)


def printed(run: Run, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, highlight=False)
    print_run(run, evaluate(run, POLICY), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def hostile_run(make_run: MakeRun, make_outcome: MakeOutcome, hostile_texts: tuple[str, ...]) -> Run:
    """Hostile text wherever a run can hold any: recipe, label, id, metadata, victim, policy, flags, errors."""
    outcomes = [
        make_outcome(
            f"{text}#{i}", text or "empty", "succeeded", texts={"text": text}, perturbed=text + "!", meta={text or "column": text}
        )
        for i, text in enumerate(hostile_texts)
    ]
    victim = {"name": hostile_texts[0], "kind": "hf", "labels": ["positive", "negative"], "fields": ["text"]}
    flags = [{"code": text, "severity": text, "message": text} for text in hostile_texts]
    return make_run(
        outcomes, victim=victim, flags=flags, created=hostile_texts[7], data={"source": hostile_texts[11]}, examples=400
    )


def test_the_verdict_comes_first(rich_run: Run) -> None:
    text = printed(rich_run)
    assert text.startswith("FAILED: ")
    assert re.search(r"robust accuracy +10\.3 % \(\d", text)
    assert text.index("FAILED") < text.index("inconclusive ") < text.index("clean accuracy")
    reason = " ".join(text.split("\n\n")[0].split()).removeprefix("FAILED: ")[:40]
    assert " ".join(text.split()).count(reason) == 1, "a reason is given once"
    assert max(map(len, text.splitlines())) <= 80
    assert "strict" in text


def test_the_terminal_shows_a_cascade(make_run: MakeRun, make_counted: MakeCounted, make_outcome: MakeOutcome) -> None:
    second = [make_outcome(f"e{i:05d}", "second", "failed") for i in range(30, 50)]
    text = printed(make_run([*make_counted("first", succeeded=30, failed=20), *second], cascade=True))
    (row,) = (line.split() for line in text.splitlines() if line.startswith("second"))
    assert row[:4] == ["second", "0", "of", "20"]
    assert "cascade: each recipe attacks what the ones above left" in text
    assert all(line.count("(") == line.count(")") for line in text.splitlines()), "no interval is cut in two"


def test_verdict_lines(make_run: MakeRun, make_counted: MakeCounted) -> None:
    sound = make_run(make_counted(failed=500))
    assert verdict_line(evaluate(sound)).startswith("MEASURED: no threshold was set")
    assert verdict_line(evaluate(sound, parse_policy({"gate": {"min_robust_accuracy": 0.9}}, "x"))) == (
        "PASSED: 1 threshold holds, at most 500 queries, profile strict"
    )
    assert verdict_line(evaluate(make_run(finished=False))).startswith("INCONCLUSIVE: the run has no outcomes")
    line = verdict_line(evaluate(sound, parse_policy({"gate": {"recipes": {"x\u202e\ny": {"min_robust_accuracy": 0.9}}}}, "x")))
    assert "\n" not in line
    assert "x⟨U+202E⟩ y" in line


def test_the_gate_is_printed_with_every_rule(rich_run: Run) -> None:
    console = Console(file=io.StringIO(), width=400)
    result = evaluate(rich_run, POLICY)
    print_gate(result, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert all(rule.message in text for rule in result.rules)


def test_the_terminal_is_safe_from_hostile_text(hostile_run: Run) -> None:
    text = printed(hostile_run, width=300)
    assert not any(c in text for c in "\x00\x07\x1b\x7f\x85\u202e\u2066\u200b\ud800\r")
    assert "[31mred" in text  # printed, not obeyed


class Tags(HTMLParser):
    """Collects live tags and link targets."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


def test_markdown_is_inert(hostile_run: Run) -> None:
    text = markdown_report(hostile_run, measure(hostile_run), evaluate(hostile_run, POLICY))
    text.encode("utf-8")
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tags = Tags()
    tags.feed(html)
    assert tags.tags <= {"h1", "h2", "p", "ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert "javascript:alert(1)" in html
    assert not any(c in text for c in "\x00\x07\x1b\x7f\x85\u202e\u2066\u200b\r")


def test_markdown_tables_keep_their_columns(rich_run: Run) -> None:
    text = markdown_report(rich_run, measure(rich_run), evaluate(rich_run, POLICY))
    html = MarkdownIt("commonmark").enable("table").render(text)
    root = ET.fromstring(f"<root>{html}</root>")
    for table in root.iter("table"):
        widths = {len(list(row)) for row in table.iter("tr")}
        assert len(widths) == 1
    cells = ["".join(cell.itertext()) for cell in root.iter("td")]
    assert "source==cmd|'/c calc'!A0" in cells
    assert {"strict", "natural-typos"} <= set(cells)
    assert any(cell.startswith("55.2 % (") for cell in cells)
    assert text.startswith("# FAILED\n")


@pytest.mark.parametrize("text", ["a`b", "``", "`", "a``b```c", " lead", "trail ", "a\nb", "|", "\\", "*x*", "<b>", "&amp;"])
def test_a_code_span_shows_its_text(text: str) -> None:
    html = MarkdownIt("commonmark").renderInline(code(text))
    shown = "".join(ET.fromstring(f"<r>{html}</r>").itertext())
    assert shown.strip() == text.replace("\n", " ⏎ ").strip()
    assert html.startswith("<code>")


def test_junit_counts_what_it_holds(rich_run: Run) -> None:
    result = evaluate(rich_run, POLICY)
    root = ET.fromstring(junit_report(rich_run, measure(rich_run), result).encode())
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == ["gate", "recipe deepwordbug", "recipe textfooler", "recipe natural-typos"]
    for element in (root, *root):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert element.get(name) == str(len(list(element.iter(tag))))
    assert root.get("failures") == str(sum(r.verdict == "fail" for r in result.rules))
    assert root.get("errors") == str(sum(r.verdict == "inconclusive" for r in result.rules))
    assert root.get("tests") == str(len(result.rules) + 3)
    for case in root.iter("testcase"):
        assert case.get("classname")
        assert case.get("name")


def test_junit_of_hostile_text_is_xml(hostile_run: Run) -> None:
    text = junit_report(hostile_run, measure(hostile_run), evaluate(hostile_run, POLICY))
    root = ET.fromstring(text.encode("utf-8"))
    names = [suite.get("name") for suite in root]
    assert "recipe nul⟨U+0000⟩bell⟨U+0007⟩escape⟨U+001B⟩[31mred⟨U+007F⟩⟨U+0085⟩" in names
    assert "script" not in {element.tag for element in root.iter()}


def test_an_inconclusive_gate_is_no_green_junit(make_run: MakeRun) -> None:
    run = make_run()
    root = ET.fromstring(junit_report(run, measure(run), evaluate(run)).encode())
    assert int(root.get("errors") or 0) > 0


def test_the_summary_is_plain_json(rich_run: Run) -> None:
    result = evaluate(rich_run, POLICY)
    summary = json.loads(to_json(summarise(rich_run, result)))
    assert summary["schema"] == 2
    assert summary["gate"]["verdict"] == "failed"
    assert summary["overall"]["robust_accuracy"]["n"] == 58
    assert [r["name"] for r in summary["recipes"]] == ["deepwordbug", "textfooler", "natural-typos"]
    assert summary["recipes"][0]["profile"] == "strict"
    assert set(summary["recipes"][0]["success_at"]) == {"50", "100", "500", "1000"}
    assert summary["failures"] == sum(o.status == "succeeded" for o in rich_run.outcomes)
    assert {part["key"] for part in summary["labels"]} == {"label=positive", "label=negative"}
    assert summarise(rich_run)["gate"] is None


def test_everything_is_rendered_from_the_folder_alone(rich_run: Run, tmp_path: Path) -> None:
    written = render_all(rich_run, POLICY)
    names = ["failures.jsonl", "failures.csv", "summary.json", "report.md", "junit.xml", "report.html", "findings.sarif"]
    assert [path.name for path in written] == names
    first = {path.name: path.read_bytes() for path in written}
    assert all(first.values())
    render_all(rich_run, POLICY)
    assert {path.name: path.read_bytes() for path in written} == first


@pytest.mark.parametrize("options", [{}, {"finished": False}, {"cascade": True}])
def test_an_empty_run_renders_too(make_run: MakeRun, options: dict[str, Any]) -> None:
    run = make_run(**options)
    assert all(path.exists() for path in render_all(run))
    assert (run.path / "report.md").read_text().startswith("# INCONCLUSIVE")
    assert "INCONCLUSIVE" in printed(run)


LONG_NAMES = ("natural:character-substitute", "bad-characters-homoglyph", f"greedy({'synonym+keyboard-typo,' * 3}max-words=0.2)")


@pytest.mark.parametrize("cascade", [False, True])
@pytest.mark.parametrize("name", LONG_NAMES)
def test_80_columns_cut_no_name_and_keep_the_errors(
    name: str, cascade: bool, make_run: MakeRun, make_counted: MakeCounted, make_outcome: MakeOutcome
) -> None:
    second = [make_outcome(f"e{i:05d}", "pwws", "failed") for i in range(300, 500)]
    text = printed(make_run([*make_counted(name, succeeded=300, failed=150, error=50), *second], cascade=cascade))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in text
    (head,) = (line for line in lines if line.split()[:1] == ["recipe"])
    assert head.split()[-1] == "errors"
    start = lines.index(head) + 2
    table = lines[start : next(at for at in range(start, len(lines)) if lines[at].startswith("pwws"))]
    assert "".join(line.split()[0] for line in table) == name
    assert table[0].split()[-1] == "50"


def test_the_default_limit_on_errors_is_no_threshold_that_somebody_set(make_run: MakeRun, make_counted: MakeCounted) -> None:
    sound = make_run(make_counted(failed=500))
    both = parse_policy({"gate": {"min_robust_accuracy": 0.9, "max_error_rate": "5%"}}, "x")
    assert verdict_line(evaluate(sound, both)).startswith("PASSED: 2 thresholds hold")
