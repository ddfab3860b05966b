"""``report.html`` as a workbench: every example opens, whatever is counted filters, every view has an address and a key."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from reports.measures.summary import summarise
from reports.render.page.page import html_report
from reports.run import EditRecord, Judged, Outcome, Run

Open = Callable[..., Any]
Report = Callable[..., str]
Make = Callable[..., Run]
MakeOutcome = Callable[..., Outcome]

ROWS = "#failure-table > tbody"
SAVED = """
const done = arguments[1];
const read = (bytes) => new TextDecoder("utf-8", {ignoreBOM: true}).decode(bytes);
URL.createObjectURL = (blob) => { blob.arrayBuffer().then((bytes) => done(read(bytes))); return "#x"; };
document.getElementById(arguments[0]).click();
"""
COPIED = """
const done = arguments[1];
navigator.clipboard.writeText = (text) => { done(text); return Promise.resolve(); };
document.querySelector(arguments[0]).click();
"""


HEARD = """
window.copied = null;
navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); };
"""


@pytest.fixture
def bench(make_run: Make, make_outcome: MakeOutcome) -> Run:
    """Twelve examples under two recipes: four broken by each of them, some held, one wrong, one untested, one an error."""
    made = []
    for i in range(12):
        label = ("positive", "negative")[i % 2]
        text = f"a good film number {i}" if i % 3 else f"this is a bad and long story number {i}"
        word, new = ("good", "g0od") if i % 3 else ("bad", "b4d")
        edit = EditRecord(
            text.index(word), text.index(word) + len(word), text.index(word), text.index(word) + len(word), word, new, "Leet"
        )
        facts: dict[str, Any] = {"label": label, "texts": {"text": text}, "meta": {"source": ("web", "shop")[i % 2]}}
        facts |= {"perturbed": text.replace(word, new), "edits": (edit,), "similarity": i / 12, "words_changed": 1 + i % 3}
        for at, recipe in enumerate(("deepwordbug", "textfooler")):
            status = "succeeded" if i < 8 and i % 2 == at else ("failed", "exhausted")[at]
            status = {9: "skipped", 10: "untested", 11: "error"}.get(i, status)
            extra = facts if i < 9 else {name: facts[name] for name in ("label", "texts", "meta")}
            made.append(make_outcome(f"e{i}", recipe, status, **extra))
    return make_run(made)


def ids(page: Any) -> list[str]:
    return list(page.texts(f"{ROWS} [data-slot=example]"))


def count(page: Any) -> str:
    return str(page.texts("#failure-count")[0])


def until(page: Any, expression: str, *arguments: Any) -> None:
    """Wait, at most three seconds, for a JavaScript expression to hold."""
    deadline = time.monotonic() + 3
    while not page.ask(expression, *arguments) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert page.ask(expression, *arguments), (expression, page.ask("location.hash"))


def press(page: Any, *keys: str) -> None:
    page.browser.switch_to.active_element.send_keys(*keys)


def test_the_grid_names_every_end_in_words_and_opens_any_example_those_that_held_too(
    bench: Run, report: Report, open_page: Open
) -> None:
    page = open_page(report(bench))
    cells = page.ask(
        "Array.from(document.querySelectorAll('#grid tbody tr'), r =>"
        " Array.from(r.querySelectorAll('.cell'), c => c.textContent))"
    )
    assert len(cells) == 12
    assert cells[0] == ["broken", "held until the budget ran out"]
    assert cells[1] == ["held", "broken"]
    assert [row[0] for row in cells[8:]] == ["held", "wrong on the clean text", "untested: no fair try", "error"]
    marks = page.ask(
        "Array.from(new Set(Array.from(document.querySelectorAll('#grid .state'), n => getComputedStyle(n, '::before').content)))"
    )
    assert len(marks) == 5, "each end has a sign of its own, so that colour is not all that tells"
    page.browser.find_element(By.LINK_TEXT, "e8").click()
    until(page, "document.getElementById('example').open")
    assert page.ask("location.hash") == "#example-e8"
    said = page.texts("#example")[0]
    assert "held until the budget ran out" in said
    assert page.texts("#example .trial del") == ["good"] * 2
    press(page, "j")
    assert page.texts("#example-title") == ["Example e9"]
    assert "wrong on the clean text" in page.texts("#example")[0]
    page.browser.find_element(By.ID, "example-forth").click()
    page.browser.find_element(By.ID, "example-forth").click()
    assert "VictimError: the victim raised ValueError" in page.texts("#example")[0]
    assert "a good film number 11" in page.texts("#example")[0]
    page.browser.find_element(By.ID, "example-close").send_keys(Keys.ESCAPE)
    assert not page.ask("document.getElementById('example').open")


def test_an_example_opened_right_after_another_was_closed_stays_open(bench: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(bench))
    first, second = (f"example-{name}" for name in page.texts("#grid tbody th")[:2])
    page.browser.set_script_timeout(20)
    assert page.browser.execute_async_script(
        """
        const [first, second, done] = arguments, dialog = document.getElementById("example");
        const until = (happened) => new Promise((go) => (function look() { happened() ? go() : setTimeout(look, 5); })());
        location.hash = first;
        until(() => dialog.open).then(() => {
          dialog.addEventListener("close", () => setTimeout(() => done([dialog.open, location.hash]), 200), { once: true });
          dialog.close();
          location.hash = second;
          dispatchEvent(new HashChangeEvent("hashchange"));
        });
        """,
        first,
        second,
    ) == [True, f"#{second}"]


def test_the_grid_can_be_narrowed_and_ordered(bench: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(bench))
    Select(page.browser.find_element(By.ID, "grid-fate")).select_by_visible_text("Held")
    assert page.texts("#grid tbody th") == ["e8"]
    Select(page.browser.find_element(By.ID, "grid-fate")).select_by_visible_text("All examples")
    page.browser.find_element(By.ID, "grid-text").send_keys("number 11")
    until(page, "document.querySelectorAll('#grid tbody tr').length === 1")
    assert page.texts("#grid-count") == ["1 of 1 example, filtered from 12"]


def test_each_count_that_is_a_link_leads_to_that_many_failures(bench: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(bench))
    links = page.ask(
        "Array.from(document.querySelectorAll('a[data-filter]'), a => [a.getAttribute('href'),"
        " a.querySelector('.rank-count')?.firstChild.data ?? a.textContent])"
    )
    counted = [(href, int(text)) for href, text in links if text.strip().isdigit()]
    assert {href.split("?")[1].split("=")[0] for href, _ in counted} == {"recipe", "label", "word", "edit", "place"}
    assert len(counted) == len({href for href, _ in counted})
    for href, expected in counted:
        page.browser.execute_script("location.hash = arguments[0]", href)
        until(
            page,
            "document.getElementById('failure-count').textContent.startsWith(arguments[0])",
            f"{expected} of {expected} failure",
        )
    assert [href for href, _ in links if "slice=source%3Dweb" in href]


def test_filters_for_answer_slice_fall_words_and_similarity(bench: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(bench))
    Select(page.browser.find_element(By.ID, "filter-answer")).select_by_visible_text("negative")
    assert sorted(ids(page)) == ["e0", "e2", "e4", "e6"]
    page.browser.find_element(By.CSS_SELECTOR, ".further summary").click()
    Select(page.browser.find_element(By.ID, "filter-slice")).select_by_visible_text("source=shop")
    assert count(page) == "No failures, filtered from 8"
    page.browser.find_element(By.ID, "filter-reset").click()
    for field, value, left in (("similarity", "0.5", ["e6", "e7"]), ("words", "1", ["e6"]), ("fall", "0.61", [])):
        page.browser.find_element(By.ID, f"filter-{field}").send_keys(value)
        until(page, "document.querySelectorAll('#failure-table > tbody').length === arguments[0]", len(left))
        assert sorted(ids(page)) == left
    assert page.texts("#filter-chips b") == ["0.61", "1", "0.5"]
    page.browser.find_element(By.CSS_SELECTOR, "#filter-chips button").click()
    assert ids(page) == ["e6"]


def test_a_view_has_an_address_that_brings_it_back(bench: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(bench))
    Select(page.browser.find_element(By.ID, "filter-recipe")).select_by_visible_text("textfooler")
    page.browser.find_element(By.ID, "filter-text").send_keys("good film")
    until(page, "location.hash.includes('text=')")
    page.browser.find_element(By.CSS_SELECTOR, "th[data-key=similarity] button").click()
    address, before = page.ask("location.href"), ids(page)
    assert address.endswith("#failures?recipe=textfooler&text=good+film&sort=similarity-down")
    page.browser.get("about:blank")
    page.browser.get(address)
    assert ids(page) == before == ["e7", "e5", "e1"]
    assert page.ask("document.getElementById('filter-text').value") == "good film"
    page.browser.get(address.split("#")[0] + "#failure-deepwordbug/e4")
    until(page, "document.activeElement.id === 'failure-deepwordbug/e4'")
    assert page.ask("document.activeElement.getBoundingClientRect().top < innerHeight")
    page.browser.get(address.split("#")[0] + "#failures?recipe=nobody&fall=x&sort=no")
    until(page, "document.getElementById('failure-count').textContent === 'No failures, filtered from 8'")
    assert page.browser.get_log("browser") == []


def test_a_strange_id_has_an_address_too(
    make_run: Make, make_outcome: MakeOutcome, report: Report, open_page: Open, hostile_texts: tuple[str, ...]
) -> None:
    made = [make_outcome(f"{i} {text}", f"r/{text}") for i, text in enumerate(hostile_texts)]
    for script in (True, False):
        page = open_page(report(make_run(made)), script=script)
        anchors = page.ask("Array.from(document.querySelectorAll('tbody.failure[id]'), n => n.id)")
        assert len(set(anchors)) == min(len(made), 10 if script else len(made))
        assert all(anchor.isascii() and not set(anchor) & set(" \"'<>") - {"'"} for anchor in anchors)
        for anchor in anchors[:4]:
            page.browser.execute_script("location.hash = arguments[0]", anchor)
            until(page, "document.querySelector(':target')?.id === arguments[0]", anchor)
    page = open_page(report(make_run(made)))
    for link in page.ask("Array.from(document.querySelectorAll('#grid th a'), a => a.hash)"):
        page.browser.execute_script("location.hash = arguments[0]", link)
        until(page, "document.getElementById('example').open && location.hash === arguments[0]", link)
    assert page.ask("window.owned") is None


def test_the_keyboard_walks_the_failures_and_says_what_it_can(bench: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(bench))
    page.browser.execute_script("document.activeElement.blur()")
    body = page.browser.find_element(By.TAG_NAME, "body")
    body.send_keys("j")
    first = page.ask("document.activeElement.id")
    assert first == page.ask("document.querySelector('#failure-table > tbody').id")
    press(page, "j")
    assert page.ask("document.activeElement.previousElementSibling.id") == first
    press(page, "o")
    assert page.ask("document.activeElement.querySelector('details').open")
    press(page, "k")
    assert page.ask("document.activeElement.id") == first
    press(page, "/")
    assert page.ask("document.activeElement.id") == "filter-text"
    press(page, "jk?")
    assert page.ask("document.activeElement.value") == "jk?"
    press(page, Keys.CONTROL, "a")
    press(page, Keys.DELETE, Keys.TAB)
    until(page, "document.querySelectorAll('#failure-table > tbody').length === 8")
    page.browser.execute_script("document.activeElement.blur()")
    press(page, "?")
    assert page.ask("document.getElementById('keys').open")
    press(page, "j", Keys.ESCAPE)
    assert not page.ask("document.getElementById('keys').open")


def test_the_command_that_is_copied_carries_the_text_exactly(
    make_run: Make, make_outcome: MakeOutcome, report: Report, open_page: Open, hostile_texts: tuple[str, ...]
) -> None:
    texts = [
        *hostile_texts,
        "-",
        "--victim",
        "it's $(touch owned) `id` !! \\n \\x41",
        "tabs\tand 'quotes'\nlines\x1b[201~\u202e\U000e0041b",
    ]
    run = make_run([make_outcome(f"e{i}", texts={"text": text}, perturbed=text + "!", edits=()) for i, text in enumerate(texts)])
    page = open_page(report(run))
    carried = 0
    for i, text in enumerate(texts):
        page.browser.execute_script("location.hash = arguments[0]", f"failure-deepwordbug/e{i}")
        until(page, "document.activeElement.id === arguments[0]", f"failure-deepwordbug/e{i}")
        page.browser.execute_script(
            "window.copied = null; navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }"
        )
        page.browser.execute_script("document.activeElement.querySelector('[data-act=command]').click()")
        copied = page.ask("window.copied")
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            assert copied is None
            assert "No command can hold this text" in page.ask("document.activeElement.textContent")
            continue
        assert not {c for c in copied if not c.isprintable() and c != "\u200d"}, (
            "a terminal obeys nothing of what is pasted, and shows all of it"
        )
        if text == "-":
            assert copied.endswith(
                "| robustness attack --victim demo --profile strict --budget 500 --label positive --recipe deepwordbug -- -"
            )
            continue
        told = subprocess.run(
            ["bash", "-c", "robustness() { printf '%s\\0' \"$@\"; }; " + copied], capture_output=True, check=True
        )
        flags = "attack --victim demo --profile strict --budget 500 --label positive --recipe deepwordbug --".split()
        assert told.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1] == [*flags, text]
        carried += 1
    assert carried == len(texts) - 3


def test_texts_are_copied_as_they_were(make_run: Make, make_outcome: MakeOutcome, report: Report, open_page: Open) -> None:
    page = open_page(
        report(make_run([make_outcome(texts={"text": "a good film"}, perturbed="a g\u043e\u200bod film", edits=())]))
    )
    assert page.browser.execute_async_script(COPIED, "[data-act=text]") == "a g\u043e\u200bod film"
    assert page.browser.execute_async_script(COPIED, "[data-act=original]") == "a good film"
    assert page.browser.execute_async_script(COPIED, "[data-act=link]").endswith("#failure-deepwordbug/e1")
    assert page.browser.execute_async_script(COPIED, ".origin [data-copy]").startswith(
        "robustness audit --victim demo --data reviews.csv"
    )


def test_a_download_holds_what_the_filters_leave_and_runs_nowhere(
    make_run: Make, make_outcome: MakeOutcome, report: Report, open_page: Open, hostile_texts: tuple[str, ...]
) -> None:
    made = [make_outcome(f"e{i}", texts={"text": text}, perturbed=text + "!", edits=()) for i, text in enumerate(hostile_texts)]
    page = open_page(report(make_run([*made, make_outcome("other", "pwws")])))
    Select(page.browser.find_element(By.ID, "filter-recipe")).select_by_visible_text("deepwordbug")
    saved = page.browser.execute_async_script(SAVED, "export-jsonl")
    assert saved.isascii()
    lines = saved.splitlines()
    assert {json.loads(line)["example_id"]: json.loads(line)["original"] for line in lines} == {
        f"e{i}": text for i, text in enumerate(hostile_texts)
    }
    sheet = page.browser.execute_async_script(SAVED, "export-csv")
    rows = list(csv.DictReader(io.StringIO(sheet.lstrip("\ufeff"), newline="")))
    assert len(rows) == len(made)
    assert not [row for row in rows if row["original"].lstrip()[:1] in ("=", "+", "-", "@") and row["original"]]
    assert page.ask("document.getElementById('filter-recipe').selectedOptions[0].text") == "deepwordbug"


def test_the_top_says_which_victim_and_how_and_the_end_says_what_next(
    bench: Run, minimise: Callable[[Run], None], report: Report, open_page: Open
) -> None:
    page = open_page(report(bench))
    assert "robustness audit --victim demo --data reviews.csv --recipes deepwordbug,textfooler" in page.texts(".origin code")[0]
    links = page.texts(".files a")
    assert {"failures.csv", "junit.xml", "run.json", "outcomes.jsonl"} <= set(links)
    steps = page.texts("#next code")
    assert [step.split()[1] for step in steps] == ["minimise", "explain", "review", "augment", "replay", "compare", "gate"]
    place = page.ask("decodeURIComponent(location.pathname.replace(/\\/[^/]*$/, ''))")
    assert steps[0] == f"robustness minimise {place}"
    minimise(bench)
    page = open_page(report(bench))
    assert "minimised.jsonl" in page.texts(".files a")
    assert "minimise" not in [step.split()[1] for step in page.texts("#next code")]


def test_a_page_that_lies_elsewhere_names_no_folder_and_no_files_beside_it(bench: Run, open_page: Open) -> None:
    page = open_page(html_report(bench, summarise(bench), files_at=None, folder=""))
    assert page.texts(".files a") == []
    assert "junit.xml" in page.texts(".files li")
    assert page.texts("#next code")[0] == "robustness minimise RUN"
    assert page.complaints == ()


WHOLE = """
const range = document.createRange(), broken = [];
const lines = (node, from, to) => {
  range.setStart(node, from);
  range.setEnd(node, to);
  return new Set(Array.from(range.getClientRects(), r => Math.round(r.top))).size;
};
const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const node = walk.currentNode, home = node.parentElement;
  if (home.closest(".text, script, template, .code, .unseen, svg") || !home.getClientRects().length) continue;
  const pattern = home.closest("bdi, th") ? /[^\\s\\-\\u2010/:._]+|[\\d.,]+[\\s\\u00a0]%/g : /[\\d.,]+[\\s\\u00a0]%/g;
  if (!home.closest("bdi, th, td, dd, .big")) continue;
  for (const found of node.data.matchAll(pattern)) {
    if (lines(node, found.index, found.index + found[0].length) > 1) broken.push(found[0]);
  }
}
return broken;
"""


def test_a_phone_breaks_no_name_inside_a_word_and_no_number_from_its_sign(
    make_run: Make, make_outcome: MakeOutcome, report: Report, open_page: Open
) -> None:
    recipes = ("checklist", "deepwordbug", "bad-characters-homoglyph", "character-substitution")
    made = [
        make_outcome(f"e{i}", recipe, ("succeeded", "failed", "skipped")[i % 3], meta={"entities": ("no", "yes")[i % 2]})
        for i in range(40)
        for recipe in recipes
    ]
    page = open_page(report(make_run(made), min_robust_accuracy=0.5), width=390)
    page.browser.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.browser.execute_script(WHOLE) == []
    assert page.ask("document.documentElement.scrollWidth") == 390


def test_few_examples_are_noted_once_and_marked_in_each_row(bench: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(bench))
    assert page.texts("#slices tbody .few") == ["few"] * 4
    assert page.texts("#slices")[0].count("too few to read much into") == 1


def test_minimised_edits_are_what_is_counted_and_shown(
    make_run: Make, make_outcome: MakeOutcome, minimise: Callable[..., None], report: Report, open_page: Open
) -> None:
    good, film = EditRecord(2, 6, 2, 6, "good", "g0od", "Leet"), EditRecord(7, 11, 7, 11, "film", "fi1m", "Leet")
    run = make_run([make_outcome(f"e{i}", perturbed="a g0od fi1m", edits=(good, film)) for i in range(3)])
    assert open_page(report(run)).texts("#common .rank-name") == ["film", "good", "Leet", "end", "middle"]
    minimise(run, edits=(good,), perturbed="a g0od film")
    page = open_page(report(run))
    assert page.texts("#common .rank-name") == ["good", "Leet", "middle"]
    assert page.texts(f"{ROWS} [data-slot=minimal] del") == ["good"] * 3


def test_of_many_labels_the_most_frequent_turns_are_ranked(
    make_run: Make, make_outcome: MakeOutcome, report: Report, open_page: Open
) -> None:
    names = [f"label {i:02d}" for i in range(20)]
    made = [
        make_outcome(f"e{i}", reference=name, stratum=name, clean=Judged(name), best=Judged(names[i // 4]))
        for i, name in enumerate(names)
        if i // 4 != i
    ]
    run = make_run(made, victim={"name": "many", "kind": "python", "labels": names, "fields": ["text"]})
    page = open_page(report(run))
    assert page.ask("document.querySelector('#turned table')") is None
    assert len(page.texts("#turned .ranks li")) == 10
    page.browser.find_element(By.CSS_SELECTOR, "#turned .ranks a").click()
    until(page, "document.getElementById('failure-count').textContent === '1 of 1 failure, filtered from 19'")
