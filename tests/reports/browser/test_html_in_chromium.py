"""``report.html`` in a real browser: inert, quiet, readable everywhere, usable by mouse and keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from reports.run import EditRecord, Judged, Outcome, Run

Open = Callable[..., Any]
Report = Callable[..., str]
Make = Callable[..., Run]

PAYLOAD = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1><svg onload=window.owned=1>"
RECIPES = "#failure-table tbody.failure [data-slot=recipe]"


@pytest.fixture
def many(make_run: Make, make_outcome: Callable[..., Outcome]) -> Run:
    """Seventy failures of two recipes, whose queries, words and similarity all differ."""
    made = []
    for i in range(70):
        label, recipe = ("positive", "negative")[i % 2], ("deepwordbug", "textfooler")[i % 3 == 0]
        text = f"a good film number {i}" if i != 41 else "a rare okapi walks by"
        facts: dict[str, Any] = {"label": label, "texts": {"text": text}, "perturbed": text.replace("good", "g0od") + "!"}
        facts |= {"queries": 900 - i, "words_changed": 1 + i % 5, "words": 5, "similarity": None if i == 7 else i / 100}
        made.append(make_outcome(f"e{i:02d}", recipe, "succeeded", edits=(), **facts))
    return make_run(made)


def queries(page: Any) -> list[int]:
    return [int(text.replace(",", "")) for text in page.texts("#failure-table [data-slot=queries]")]


def count(page: Any) -> str:
    return str(page.texts("#failure-count")[0])


def until(page: Any, expected: str) -> None:
    """Wait, at most two seconds, for the count of shown failures to say this."""
    deadline = time.monotonic() + 2
    while count(page) != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert count(page) == expected


def test_a_hostile_run_runs_nothing_and_asks_for_nothing(rich_run: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(rich_run, min_robust_accuracy=0.5, fatal_flags=["all"]))
    assert page.complaints == ()
    assert [url for url in page.requests if not url.startswith("data:")] == []
    assert page.ask("window.owned") is None
    assert page.ask("Array.from(document.scripts, s => s.type)") == ["application/json", ""]
    assert page.ask("document.querySelectorAll('img, iframe, object, embed, link[rel=stylesheet]').length") == 0
    assert set(page.ask("Array.from(document.links, a => a.protocol)")) <= {"https:", "http:", "file:"}


def hostile(make_run: Make, make_outcome: Callable[..., Outcome]) -> Run:
    """A run in which whatever can be a text is the payload."""
    clean = Judged("ok", (0.9, 0.1))
    failure = make_outcome(
        PAYLOAD,
        PAYLOAD,
        label="ok",
        texts={"text": PAYLOAD, PAYLOAD: PAYLOAD},
        perturbed=PAYLOAD + "!",
        clean=clean,
        best=Judged(PAYLOAD, (0.2, 0.8)),
        edits=(),
        meta={PAYLOAD: PAYLOAD},
    )
    other = make_outcome("e2", PAYLOAD, "failed", label="ok", clean=clean, best=clean, meta={PAYLOAD: "x"})
    run = make_run([failure, other])
    recipe = dict.fromkeys(("name", "level", "access", "profile", "note"), PAYLOAD)
    victim = dict.fromkeys(("name", "kind", "access"), PAYLOAD) | {"labels": ["ok", PAYLOAD], "identity": {PAYLOAD: PAYLOAD}}
    manifest = replace(
        run.manifest,
        recipes=(
            {**recipe, "citation": {"text": PAYLOAD, "url": "javascript:window.owned=1"}, "parameters": {PAYLOAD: PAYLOAD}},
        ),
        flags=({"code": PAYLOAD, "severity": PAYLOAD, "message": PAYLOAD},),
        victim=victim,
        data={"source": PAYLOAD, "digest": PAYLOAD, "report": [PAYLOAD]},
        versions={"robustness-suite": PAYLOAD},
        created=PAYLOAD,
        profile=PAYLOAD,
        encoder=PAYLOAD,
        usage={PAYLOAD: PAYLOAD},
        comparability_id=PAYLOAD,
    )
    return replace(run, manifest=manifest)


def test_what_failures_have_in_common_is_inert_and_readable_without_a_script(
    rich_run: Run, minimise: Callable[[Run], None], report: Report, open_page: Open
) -> None:
    edit = EditRecord(0, len(PAYLOAD), 0, len(PAYLOAD), PAYLOAD, PAYLOAD.upper(), PAYLOAD)
    trap = replace(
        next(o for o in rich_run.outcomes if o.status == "succeeded"),
        example_id=PAYLOAD,
        texts={"text": PAYLOAD},
        perturbed=PAYLOAD.upper(),
        edits=(edit,),
    )
    run = replace(rich_run, outcomes=(trap, *rich_run.outcomes))
    minimise(run)
    for options in ({}, {"script": False}, {"width": 390, "dark": True}):
        page = open_page(report(run), **options)
        assert page.complaints == ()
        assert page.ask("window.owned") is None
        assert [url for url in page.requests if not url.startswith("data:")] == []
        assert any(PAYLOAD in reason for reason in page.texts("#common h4"))
        page.browser.execute_script("document.querySelectorAll('#common details').forEach(d => { d.open = true; })")
        assert page.shown("#common ins")
        assert page.ask("document.documentElement.scrollWidth") <= options.get("width", 1280)
        assert page.ask("document.querySelectorAll('#common img, #common script, #common [onload]').length") == 0


def test_hostile_names_are_inert_in_every_place(make_run: Make, make_outcome: Any, report: Report, open_page: Open) -> None:
    run = hostile(make_run, make_outcome)
    part = {"min_robust_accuracy": 0.1}
    page = open_page(report(run, min_robust_accuracy=0.5, slices={f"{PAYLOAD}=x": part}, recipes={PAYLOAD: part}))
    assert page.complaints == ()
    assert page.ask("window.owned") is None
    assert page.ask("document.scripts.length") == 2
    assert page.ask("document.querySelectorAll('img, [onload], [onerror]').length") == 0
    assert page.ask("Array.from(document.links, a => a.protocol).includes('javascript:')") is False
    Select(page.browser.find_element(By.ID, "filter-recipe")).select_by_visible_text(PAYLOAD)
    assert page.texts(RECIPES) == [PAYLOAD]


def test_the_policy_stops_what_would_slip_in(rich_run: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(rich_run))
    page.browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s);"
        "const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i);"
        "document.body.insertAdjacentHTML('beforeend', '<p onclick=\"window.owned = 1\" id=trap>x</p>');"
        "document.getElementById('trap').click();"
    )
    assert page.ask("window.owned") is None
    blocked = " ".join(entry["message"] for entry in page.browser.get_log("browser"))
    assert "script-src" in blocked
    assert "img-src" in blocked


def test_hidden_characters_are_shown_and_never_sent_to_the_screen(rich_run: Run, report: Report, open_page: Open) -> None:
    html = report(rich_run)
    for script in (True, False):
        page = open_page(html, script=script)
        badges = set(page.texts(".failure .glyph"))
        assert {"⟨ZWSP U+200B⟩", "⟨NUL U+0000⟩", "⟨ESC U+001B⟩", "⟨WJ U+2060⟩"} <= badges
        text = page.ask("document.body.innerText")
        assert not [c for c in text if (ord(c) < 32 and c not in "\n\t\r") or c in "\u200b\u202e\u2066\ufeff\ufffd"]
    names = page.ask("Array.from(document.querySelectorAll('.failure .glyph'), n => n.title)")
    assert "ZERO WIDTH SPACE" in names


def test_the_script_draws_what_the_plain_page_holds(rich_run: Run, report: Report, open_page: Open) -> None:
    html = report(rich_run)
    plain = open_page(html, script=False)
    rows = plain.ask("Array.from(document.querySelectorAll('tbody.failure'), n => n.innerHTML.replace(/\\s+/g, ' '))")
    drawn = open_page(html).ask(
        "Array.from(document.querySelectorAll('#failure-table tbody.failure'), n => n.innerHTML.replace(/\\s+/g, ' '))"
    )
    assert len(drawn) == 10
    assert [_bare(row) for row in rows[:10]] == [_bare(row) for row in drawn]


def _bare(markup: str) -> str:
    return markup.replace("> <", "><").replace(" </", "</").replace("> ", ">")


def test_without_javascript_tables_and_diffs_are_there(many: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(many, min_robust_accuracy=0.5), script=False)
    assert len(page.texts("tbody.failure")) == 70
    assert page.shown("#recipes table")
    assert page.shown(".failure del")
    assert page.shown(".failure ins")
    assert not page.shown("#filter-form")
    assert page.shown("[data-noscript]")
    assert "All 70 failures are shown" in "".join(page.texts("[data-noscript]"))


def test_filters_by_recipe_label_and_text(many: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(many))
    assert count(page) == "10 of 70 failures"
    Select(page.browser.find_element(By.ID, "filter-recipe")).select_by_visible_text("textfooler")
    assert count(page) == "10 of 24 failures, filtered from 70"
    assert set(page.texts(RECIPES)) == {"textfooler"}
    Select(page.browser.find_element(By.ID, "filter-label")).select_by_visible_text("negative")
    assert count(page) == "10 of 12 failures, filtered from 70"
    page.browser.find_element(By.ID, "filter-reset").click()
    assert count(page) == "10 of 70 failures"
    page.browser.find_element(By.ID, "filter-text").send_keys("OKAPI walks")
    until(page, "1 of 1 failure, filtered from 70")
    page.browser.find_element(By.ID, "filter-text").send_keys(" never")
    until(page, "No failures, filtered from 70")
    assert page.shown("#failure-none")


def test_sorts_by_clicking_a_heading(many: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(many))
    heading = page.browser.find_element(By.CSS_SELECTOR, "th[data-key=queries]")
    heading.find_element(By.TAG_NAME, "button").click()
    assert queries(page) == list(range(900, 890, -1))
    assert heading.get_attribute("aria-sort") == "descending"
    heading.find_element(By.TAG_NAME, "button").click()
    assert queries(page) == list(range(831, 841))
    assert heading.get_attribute("aria-sort") == "ascending"
    assert page.ask("document.getElementById('sort-key').value") == "queries"


def test_works_from_the_keyboard_alone(many: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(many))
    page.browser.execute_script("document.querySelector('th[data-key=similarity] button').focus()")
    active = page.browser.switch_to.active_element
    active.send_keys(Keys.ENTER)
    assert page.texts("#failure-table [data-slot=similarity]")[:2] == ["0.69", "0.68"]
    page.browser.switch_to.active_element.send_keys(Keys.SPACE)
    assert page.texts("#failure-table [data-slot=similarity]")[:2] == ["0.00", "0.01"]
    page.browser.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
    assert page.ask("document.activeElement.closest('th').dataset.key") == "words"
    assert page.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    changed = [int(text.split()[0]) for text in page.texts("#failure-table [data-slot=words]")]
    assert changed == sorted(changed)


def test_a_missing_similarity_sorts_last_both_ways(many: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(many))
    Select(page.browser.find_element(By.ID, "page-size")).select_by_visible_text("100")
    assert count(page) == "70 of 70 failures"
    for _ in range(2):
        page.browser.find_element(By.CSS_SELECTOR, "th[data-key=similarity] button").click()
        assert page.texts("#failure-table [data-slot=similarity]")[-1] == "–"


def test_a_long_list_comes_a_stretch_at_a_time(many: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(many))
    more = page.browser.find_element(By.ID, "failure-more")
    assert more.text == "Show 10 more of 60"
    first = queries(page)
    more.send_keys(Keys.ENTER)
    assert count(page) == "20 of 70 failures"
    assert queries(page)[:10] == first
    assert page.ask("document.activeElement === document.querySelectorAll('#failure-table > tbody')[10]")
    Select(page.browser.find_element(By.ID, "page-size")).select_by_visible_text("100")
    assert not page.shown("#failure-more")
    assert len(set(queries(page))) == 70


def test_a_recipe_s_count_leads_to_its_failures(many: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(many))
    page.browser.find_element(By.CSS_SELECTOR, "#recipes a[aria-label^='24 broken by textfooler']").click()
    until(page, "10 of 24 failures, filtered from 70")
    assert set(page.texts(RECIPES)) == {"textfooler"}


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_never_scrolls_sideways(
    rich_run: Run, make_run: Make, make_outcome: Any, report: Report, open_page: Open, script: bool
) -> None:
    long = "w" * 300
    wide = make_run([make_outcome(long, "r" * 80, "succeeded", texts={"text": long}, perturbed=long[:-1] + "x", edits=())])
    for run in (rich_run, wide):
        page = open_page(report(run, min_robust_accuracy=0.5), width=390, script=script)
        page.browser.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert page.ask("[innerWidth, document.documentElement.scrollWidth]") == [390, 390]


CONTRAST = """
const rgb = (c) => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const lum = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const ground = (n) => {
  for (; n; n = n.parentElement) {
    const c = rgb(getComputedStyle(n).backgroundColor);
    if ((c[3] ?? 1) === 1) return c;
  }
  return [255, 255, 255];
};
const bad = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const n = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || n.closest('script, style, template, :disabled') || !n.getClientRects().length) continue;
  const style = getComputedStyle(n), svg = n.closest('svg');
  const [a, b] = [lum(rgb(svg ? style.fill : style.color)), lum(ground(svg ? svg.parentElement : n))].sort((x, y) => y - x);
  if ((a + .05) / (b + .05) < 4.5) bad.push([n.outerHTML.slice(0, 120), (a + .05) / (b + .05)]);
}
return bad;
"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_ground(rich_run: Run, report: Report, open_page: Open, dark: bool) -> None:
    page = open_page(report(rich_run, min_robust_accuracy=0.5, max_accuracy_drop=0.99), dark=dark)
    page.browser.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.browser.execute_script(CONTRAST) == []
    shade = [int(v) for v in page.ask("getComputedStyle(document.body).backgroundColor").strip("rgb()").split(",")]
    assert (max(shade) < 60) is dark


def test_right_to_left_texts_run_that_way_and_turn_nothing_else(
    make_run: Make, make_outcome: Any, report: Report, open_page: Open
) -> None:
    run = make_run([make_outcome("e1", texts={"text": "סרט טוב"}, perturbed="סרט טובב", edits=())])
    page = open_page(report(run))
    assert page.ask("getComputedStyle(document.querySelector('.failure .diff')).direction") == "rtl"
    assert page.ask("getComputedStyle(document.querySelector('.failure .diff')).unicodeBidi") == "isolate"
    assert page.ask("getComputedStyle(document.querySelector('.failure .facts')).direction") == "ltr"


def test_paper_gets_the_content_without_the_controls(many: Run, report: Report, open_page: Open) -> None:
    page = open_page(report(many, min_robust_accuracy=0.5), dark=True, media="print")
    assert not page.shown("#filter-form")
    assert not page.shown(".index")
    assert page.shown(".failure del")
    assert page.ask("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_looking_alike_is_pointed_out(make_run: Make, make_outcome: Any, report: Report, open_page: Open) -> None:
    edit = EditRecord(2, 6, 2, 6, "good", "gооd")
    run = make_run([make_outcome(texts={"text": "a good film"}, perturbed="a gооd film", edits=(edit,))])
    for script in (True, False):
        page = open_page(report(run), script=script)
        assert page.texts("[data-slot=diff] ins .point") == ["U+043E", "U+043E"]
        assert page.texts("[data-slot=diff] del") == ["good"]
