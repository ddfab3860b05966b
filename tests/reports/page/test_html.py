"""``report.html`` as text: verdict first, everything measured in it, self-contained, inert, of bounded size."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.measures.summary import summarise, to_json
from reports.render.page.page import html_report
from reports.run import Outcome, Run

Make = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]
Counted = Callable[..., list[Outcome]]


class Reader(HTMLParser):
    """Collects elements, and the text of the page by the section it stands in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, list[str]] = {}
        self.raw: dict[str, list[str]] = {}
        self._section, self._inside = "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag in ("td", "th", "dt", "dd", "tr", "p", "h3"):
            self.sections.setdefault(self._section, []).append(" ")
        self._inside = tag if tag in ("script", "style", "title") else self._inside
        if tag in ("section", "footer"):
            self._section = found.get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw.setdefault(self._inside, []).append(data)
        else:
            self.sections.setdefault(self._section, []).append(data)

    def text(self, section: str) -> str:
        return " ".join("".join(self.sections[section]).split())


def page(run: Run, **rules: Any) -> Reader:
    return Reader(render(run, **rules))


def render(run: Run, **rules: Any) -> str:
    gate = evaluate(run, parse_policy({"gate": rules}, "robustness.toml")) if rules else None
    return html_report(run, summarise(run, gate), gate)


def test_sections_come_in_the_order_of_a_reader_s_questions(rich_run: Run) -> None:
    html = render(rich_run)
    sections = [
        "verdict",
        "headline",
        "answers",
        "doubts",
        "recipes",
        "severity",
        "budget",
        "slices",
        "turned",
        "common",
        "examples",
        "failures",
        "next",
        "details",
    ]
    assert [s for s in Reader(html).sections if s and s != "footer"] == sections
    links = re.findall(r'<a href="#([a-z]+)">', html.split("<main")[0])
    assert links == sections


@pytest.mark.parametrize(
    ("counts", "rules", "word", "sentence"),
    [
        ({"succeeded": 10, "failed": 190}, {"min_robust_accuracy": 0.5}, "Passed", "All 6 rules hold"),
        ({"succeeded": 150, "failed": 50}, {"min_robust_accuracy": 0.5}, "Failed", "Robust accuracy 25.0 %"),
        ({"succeeded": 48, "failed": 52}, {"min_robust_accuracy": 0.5}, "Inconclusive", "would settle it at this rate"),
        ({"succeeded": 48, "failed": 52}, {}, "Measured, not judged", "No threshold was set"),
        ({"succeeded": 150, "failed": 50}, {"min_robust_accuracy": 0.5, "max_accuracy_drop": 0.1}, "Failed", "2 of 7 rules"),
    ],
)
def test_the_verdict_is_said_in_plain_words(
    make_run: Make, make_counted: Counted, counts: dict[str, int], rules: dict[str, Any], word: str, sentence: str
) -> None:
    read = page(make_run(make_counted("deepwordbug", **counts)), **rules)
    assert read.text("verdict").startswith(word)
    assert sentence in read.text("verdict")
    assert read.raw["title"] == [f"{word} – robustness of demo"]


def test_each_rule_shows_measured_interval_threshold_and_what_would_settle_it(make_run: Make, make_counted: Counted) -> None:
    run = make_run(make_counted("deepwordbug", succeeded=48, failed=52))
    said = page(run, min_robust_accuracy=0.5).text("verdict")
    for fact in ("52.0 %", "41.8–62.1 %", "≥ 50.0 %", "Inconclusive", "2,451"):
        assert fact in said


def test_a_condition_that_failed_is_named_with_its_reason(make_run: Make, make_counted: Counted) -> None:
    said = page(make_run(make_counted("deepwordbug", succeeded=1, failed=8, error=1)), min_robust_accuracy=0.1).text("verdict")
    assert "Errors" in said
    assert "1 of 10 trials ended in an error" in said


def test_the_headline_carries_interval_profile_and_budget(make_run: Make, make_counted: Counted) -> None:
    said = page(make_run(make_counted("deepwordbug", skipped=43, succeeded=128, failed=29))).text("headline")
    for fact in (
        "14.5 %",
        "9.9–20.2 %",
        "78.5 %",
        "64.0 points",
        "81.5 %",
        "profile strict",
        "500 queries",
        "95 % Clopper–Pearson",
    ):
        assert fact in said


def test_a_run_that_stopped_when_certain_says_how_much_it_drew(make_run: Make, make_counted: Counted) -> None:
    run = make_run(make_counted("deepwordbug", succeeded=10, failed=10), examples=200)
    summary = summarise(run)
    whole = summary["overall"]
    whole = {**whole, "examples": 20, "robust_accuracy": {**whole["robust_accuracy"], "method": "anytime"}}
    read = Reader(html_report(run, {**summary, "overall": whole}))
    assert "drawn until the verdict was certain, 20 of 200." in read.text("headline")
    assert "anytime-valid" in read.text("headline")
    assert "Clopper" not in read.text("headline")
    assert "20 of 200 examples from reviews.csv" in read.text("")


def test_an_unfinished_run_says_so_first(make_run: Make, make_counted: Counted) -> None:
    read = page(make_run(make_counted("deepwordbug", succeeded=2, failed=2), finished=False))
    assert "This run is not finished" in read.text("verdict")
    assert "this one has not" in read.text("doubts")


def test_doubts_come_warnings_first(make_run: Make, make_counted: Counted) -> None:
    flags = (
        {"code": "dropped-rows", "severity": "note", "message": "rows were dropped", "value": None},
        {"code": "truncation", "severity": "warning", "message": "the victim cuts off", "value": 3},
    )
    said = page(make_run(make_counted("deepwordbug", succeeded=2), flags=flags)).text("doubts")
    assert said.index("Warning: the victim cuts off") < said.index("Note: rows were dropped")


def test_intervals_are_drawn_where_the_numbers_are(make_run: Make, make_counted: Counted) -> None:
    html = render(make_run(make_counted("deepwordbug", skipped=50, succeeded=50, failed=100)))
    bar = re.search(r'<section id="recipes".*?<svg class="bar".*?</svg>', html, re.S)
    assert bar is not None
    assert '<circle class="dot" cx="50.0%"' in bar[0]
    assert '<circle class="ring" cx="74.5%"' in bar[0]
    assert 'class="span" x1="43.' in bar[0]


def test_a_cascade_shows_its_stages_and_no_accuracy_for_later_recipes(make_run: Make, make_outcome: MakeOutcome) -> None:
    made = [make_outcome(f"e{i}", "first", "succeeded" if i < 3 else "failed") for i in range(10)]
    made += [make_outcome(f"e{i}", "second", "succeeded" if i < 5 else "failed") for i in range(3, 10)]
    html = render(make_run(made, cascade=True))
    read = Reader(html)
    links = re.findall(r'<a href="#([a-z]+)">', html.split("<main")[0])
    assert links == [section for section in read.sections if section not in ("", "footer")]
    stages = read.text("stages")
    assert re.search(r"no attack 100\.0 %.* first 70\.0 %.* 10 3 0 second 50\.0 %.* 7 2 0", stages)
    assert "Under attack" not in read.text("recipes")
    assert "cannot be compared" in read.text("recipes")


def test_budget_and_severity_tables_hold_the_numbers(rich_run: Run) -> None:
    read, summary = page(rich_run), summarise(rich_run)
    assert "50 100 500 1,000" in read.text("budget")
    worst = next(row for row in summary["severities"] if row["severity"] == 5)["accuracy"]["rate"]
    assert f"{100 * worst:.1f} %" in read.text("severity")
    assert "natural-typos" not in read.text("budget")


def test_a_run_without_failures_has_nothing_to_browse(make_run: Make, make_counted: Counted) -> None:
    read = page(make_run(make_counted("deepwordbug", failed=5)))
    assert "There is nothing to browse" in read.text("failures")
    assert len(read.raw["script"]) == 2


def test_an_empty_run_still_makes_a_page(make_run: Make) -> None:
    read = page(make_run([], examples=10), min_robust_accuracy=0.5)
    assert read.text("verdict").startswith("Inconclusive")
    assert "the run has no outcomes" in read.text("verdict")


def test_citations_link_and_parameters_are_listed(make_run: Make, make_counted: Counted) -> None:
    read = page(make_run(make_counted("deepwordbug", failed=5)))
    hrefs = [attrs.get("href") for tag, attrs in read.tags if tag == "a"]
    assert "https://example.org/paper" in hrefs
    assert "max_words_changed 0.3" in read.text("details")
    assert "weights: abc" in read.text("details")


def test_nothing_is_loaded_from_anywhere(rich_run: Run) -> None:
    read = page(rich_run, min_robust_accuracy=0.5)
    assert [attrs for tag, attrs in read.tags if tag in ("img", "iframe", "object", "embed", "base")] == []
    assert [attrs.get("href") for tag, attrs in read.tags if tag == "link"] == ["data:,"]
    assert not [attrs for _, attrs in read.tags if "src" in attrs or "style" in attrs or any(k.startswith("on") for k in attrs)]
    assert "url(" not in read.raw["style"][0]
    assert "@import" not in read.raw["style"][0]


def test_the_policy_names_exactly_the_page_s_own_style_and_script(rich_run: Run) -> None:
    html = render(rich_run)
    policy = next(a["content"] for t, a in Reader(html).tags if t == "meta" and a.get("http-equiv")) or ""
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'; ")
    for kind, found in (("style", re.findall(r"<style>(.*?)</style>", html, re.S)), ("script", html.split("<script>")[1:])):
        assert len(found) == 1
        text = found[0].split("</script>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_hostile_texts_are_escaped_and_the_page_is_valid_utf_8(rich_run: Run) -> None:
    html = render(rich_run, min_robust_accuracy=0.5)
    html.encode("utf-8")
    assert "<script>window" not in html
    assert "<b>were</b>" not in html
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u202e\u2066\ufeff\u2028]", html)
    assert sum(tag == "script" for tag, _ in Reader(html).tags) == 2


def test_hidden_characters_in_names_are_written_out_wherever_they_stand(make_run: Make, make_outcome: MakeOutcome) -> None:
    name = "a\u202eb\ud800c\u200bd\x00"
    run = make_run([make_outcome("e1", name, meta={name: name}), make_outcome("e2", name, "failed", meta={name: "x"})])
    victim = {**run.manifest.victim, "name": name, "labels": ["negative", "positive", name]}
    run = replace(run, manifest=replace(run.manifest, victim=victim, profile=name, created=name))
    html = render(run, min_robust_accuracy=0.5, recipes={name: {"min_robust_accuracy": 0.5}})
    html.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b\u202e]", html)
    read = Reader(html)
    assert read.raw["title"] == ["Inconclusive – robustness of a⟨U+202E⟩b⟨U+D800⟩c⟨U+200B⟩d⟨U+0000⟩"]
    assert any("a⟨U+202E⟩b" in (attrs.get("aria-label") or "") for tag, attrs in read.tags if tag == "a")


def test_a_page_depends_on_the_run_alone(rich_run: Run) -> None:
    assert render(rich_run, min_robust_accuracy=0.5) == render(rich_run, min_robust_accuracy=0.5)


def test_a_summary_read_back_from_its_file_makes_the_same_page(rich_run: Run) -> None:
    summary = summarise(rich_run)
    assert html_report(rich_run, json.loads(to_json(summary))) == html_report(rich_run, summary)


def test_five_thousand_failures_stay_under_three_megabytes(make_run: Make, make_outcome: MakeOutcome) -> None:
    sentence = "the film moves along at a good pace and its quiet ending stays with the viewer for a long while, number {}"
    run = make_run([make_outcome("e0")])
    one = run.outcomes[0]
    texts = [sentence.format(i) for i in range(5000)]
    many = tuple(
        replace(one, example_id=f"e{i:05d}", texts={"text": t}, perturbed=t.replace("good", "g0od"), edits=())
        for i, t in enumerate(texts)
    )
    run = replace(run, outcomes=many, manifest=replace(run.manifest, examples=5000))
    html = render(run)
    assert len(html.encode("utf-8")) < 3_000_000
    read = Reader(html)
    rows = json.loads(next(text for text in read.raw["script"] if text.startswith("{")))["rows"]
    assert len(rows) == 5000
    assert "Without JavaScript, 100 of 5,000 failures are shown" in read.text("failures")
    assert "failures.csv" in read.text("failures")


def test_failures_beyond_the_limit_are_admitted(
    make_run: Make, make_outcome: MakeOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.render.page.failures.DATA_BYTES", 2000)
    read = page(make_run([make_outcome(f"e{i}") for i in range(50)]))
    assert re.search(r"This page holds \d+ of the 50 failures", read.text("failures"))
