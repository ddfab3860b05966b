from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.files.text import cell, segments, visible

surrogates = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None), max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\x00\x07\x1b\x7f\x85\r", "⟨U+0000⟩⟨U+0007⟩⟨U+001B⟩⟨U+007F⟩⟨U+0085⟩⟨U+000D⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("a\u00a0b\u3000c\u2028", "a⟨U+00A0⟩b⟨U+3000⟩c⟨U+2028⟩"),
        ("\u3164\u2800\u034f\U000e0041", "⟨U+3164⟩⟨U+2800⟩⟨U+034F⟩⟨U+E0041⟩"),
        ("a\u200db x\ufe0f", "a⟨U+200D⟩b x⟨U+FE0F⟩"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 ❤\ufe0f 👍🏽", "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 ❤\ufe0f 👍🏽"),
        ("שלום e\u0301 עולם", "שלום e\u0301 עולם"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(surrogates)
@settings(max_examples=150, deadline=None)
def test_segments_rebuild_the_text_and_are_always_encodable(text: str) -> None:
    parts = segments(text)
    assert "".join(chr(int(p[3:-1], 16)) if escaped else p for p, escaped in parts) == text
    visible(text).encode("utf-8")
    assert not any(c < " " and c not in "\n\t" for c in visible(text))


@given(surrogates)
@settings(max_examples=150, deadline=None)
def test_no_cell_starts_like_a_formula(text: str) -> None:
    shown = cell(text)
    assert shown[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")
    assert shown.lstrip()[:1] not in ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\n=1", "  =1", "＝1", " \t\n-1"])
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=b", "1+1", "hello", "'=1"])
def test_harmless_cells_stay(text: str) -> None:
    assert cell(text) == text
