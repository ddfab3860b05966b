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


def test_answers_come_back_as_a_sheet(open_page: Callable[..., Any], review: Review, tmp_path: Path) -> None:
    page = open_page(review_form(review))
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
