"""The review form in a real browser: it can be answered by keyboard, saves what was chosen, and asks nobody anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from reports.render.review_form import review_form
from reports.review.sample import Review, draw, read_sheet
from reports.run import Run

SAVED = """
const done = arguments[0];
URL.createObjectURL = blob => { blob.text().then(done); return "#saved"; };
document.getElementById("save").click();
"""


@pytest.fixture
def review(make_run: Callable[..., Run], make_outcome: Callable[..., Any], hostile_texts: tuple[str, ...]) -> Review:
    return draw(make_run([make_outcome(f"e{i}", perturbed=text) for i, text in enumerate(hostile_texts)]), 50)


def fresh(open_page: Callable[..., Any], review: Review) -> Any:
    """The form in a browser that has kept nothing of an earlier test."""
    page = open_page(review_form(review))
    page.browser.execute_script("localStorage.clear()")
    page.browser.refresh()
    return page


def test_answers_come_back_as_a_sheet(open_page: Callable[..., Any], review: Review, tmp_path: Path) -> None:
    page = fresh(open_page, review)
    assert page.complaints == ()
    assert page.requests == ()
    assert page.ask("window.owned") is None
    first, second, third = (item.item for item in review.items[:3])
    page.browser.find_element(By.CSS_SELECTOR, f'input[name="{first}"][value="positive"]').click()
    radio = page.browser.find_element(By.CSS_SELECTOR, f'input[name="{second}"]')
    radio.send_keys(Keys.SPACE)
    radio.send_keys(Keys.ARROW_RIGHT)
    page.browser.find_element(By.CSS_SELECTOR, f'input[name="{third}"][value="unclear"]').click()
    assert page.ask("document.getElementById('done').textContent") == f"3 of {len(review.items)}"
    sheet = tmp_path / "rater.csv"
    sheet.write_text(page.browser.execute_async_script(SAVED), encoding="utf-8")
    assert read_sheet(sheet, review) == {first: "positive", second: "positive", third: "unclear"}


def test_texts_stand_as_a_reader_sees_them(open_page: Callable[..., Any], review: Review) -> None:
    page = open_page(review_form(review), width=360)
    shown = page.texts(".text")
    assert "zero\u200bwidth\u2060 joins\ufeff and soft\u00adhyphens" in shown
    assert any("<script>window.owned=1</script>" in text for text in shown)
    assert page.ask("document.documentElement.scrollWidth") <= 360


def test_it_is_answered_from_the_keyboard(open_page: Callable[..., Any], review: Review) -> None:
    page = fresh(open_page, review)
    body = page.browser.find_element(By.TAG_NAME, "body")
    body.send_keys("1")
    for key in ("2", "3", "j", "1", "k", "0", "9", "n"):
        page.browser.switch_to.active_element.send_keys(key)
    answers = page.ask("Array.from(document.querySelectorAll('input:checked'), r => [r.name, r.value])")
    names = [item.item for item in review.items]
    assert answers == [[names[0], "negative"], [names[1], "positive"], [names[2], "unclear"]]
    assert page.ask("document.activeElement.id") == f"item-{names[5]}", "n goes to the next one without an answer"
    assert page.ask("document.getElementById('share').value") == 3


def test_a_closed_tab_loses_nothing_and_another_review_is_left_alone(
    open_page: Callable[..., Any], review: Review, make_run: Callable[..., Run], make_outcome: Callable[..., Any]
) -> None:
    page = fresh(open_page, review)
    address, first = page.ask("location.href"), review.items[0].item
    page.browser.find_element(By.CSS_SELECTOR, f'input[name="{first}"][value="unclear"]').click()
    assert page.texts("#kept") == ["Kept in this browser"]
    page.browser.get("about:blank")
    page.browser.get(address)
    assert page.ask("Array.from(document.querySelectorAll('input:checked'), r => [r.name, r.value])") == [[first, "unclear"]]
    assert page.texts("#kept") == ["Brought back what was kept in this browser"]
    other = open_page(review_form(draw(make_run([make_outcome("z")]), 5)))
    assert other.ask("document.querySelectorAll('input:checked').length") == 0
    page.browser.get(address)
    page.browser.find_element(By.ID, "forget").click()
    page.browser.get(address)
    assert page.ask("document.querySelectorAll('input:checked').length") == 0


def test_a_browser_that_keeps_nothing_is_told_so_and_still_saves(open_page: Callable[..., Any], review: Review) -> None:
    page = fresh(open_page, review)
    page.browser.execute_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    page.browser.find_element(By.TAG_NAME, "body").send_keys("1")
    assert "save before you close" in page.texts("#kept")[0]
    assert page.texts("#done") == [f"1 of {len(review.items)}"]
    assert '"negative"' in page.browser.execute_async_script(SAVED)


def test_it_has_the_report_s_look_in_the_dark_too(open_page: Callable[..., Any], review: Review) -> None:
    for dark, ground in ((False, "rgb(246, 247, 249)"), (True, "rgb(15, 18, 22)")):
        page = open_page(review_form(review), dark=dark)
        assert page.ask("getComputedStyle(document.body).backgroundColor") == ground
