"""Foreign text is harmless before it reaches a page."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.render.page.safe import MARK, coded, finalised, hidden_codes, inked, script_json, web_address

ANY_TEXT = st.text(st.characters(codec=None), max_size=40)
"""Lone surrogates, controls and unassigned code points included."""


@settings(deadline=None, max_examples=200)
@given(ANY_TEXT)
def test_json_in_a_page_has_nothing_that_html_reads_and_parses_back(text: str) -> None:
    written = script_json({"text": text})
    assert written.isascii()
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written)["text"] == text


@settings(deadline=None, max_examples=200)
@given(ANY_TEXT)
def test_coded_text_loses_nothing_and_marks_only_what_is_hidden(text: str) -> None:
    def written_out(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) * int(match[2] or 1)

    parts = coded(text)
    assert re.sub(rf"{MARK}([0-9A-F]+)(?:\*(\d+))?{MARK}", written_out, parts) == text
    assert "".join(ink.text for ink in inked(text) if not ink.code) == "".join(parts.split(MARK)[::2])
    parts.encode("utf-8")


@settings(deadline=None, max_examples=100)
@given(ANY_TEXT)
def test_whatever_a_template_prints_can_be_written_as_utf_8(text: str) -> None:
    finalised(text).encode("utf-8")


def test_a_run_of_one_hidden_character_is_one_badge() -> None:
    (badge, rest) = inked("\u200b\u200b\u200bx")
    assert (badge.short, badge.code, badge.times, badge.name) == ("ZWSP", "200B", 3, "ZERO WIDTH SPACE")
    assert (rest.text, rest.code) == ("x", "")


def test_characters_without_a_name_say_what_they_are() -> None:
    assert [ink.name for ink in inked("\ud800\x01\ue000")] == ["lone surrogate", "control character", "private use character"]


def test_hidden_characters_are_listed_by_number() -> None:
    assert hidden_codes(["a\u200b", "\x00", "plain"]) == {"200B", "0000"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://arxiv.org/abs/1907.11932", "https://arxiv.org/abs/1907.11932"),
        ("javascript:alert(1)", ""),
        ("JAVASCRIPT:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("https://", ""),
        ("https://good.example\u202e", ""),
        ("http://[", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_only_plain_web_addresses_become_links(url: str | None, expected: str) -> None:
    assert web_address(url) == expected
