"""Texts of scripts without spaces are cut into words, with ICU's dictionaries or without, and always come back."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from attacks.language import segmentation
from attacks.language.segmentation import GRAPHEMES, Segmenter, graphemes, segmenter, words_in
from attacks.word_counts import words_changed
from attacks.words import Words, diff, words_of

needs_icu = pytest.mark.skipif(find_spec("icu4py") is None, reason="icu4py is not installed")
REVIEW = "这家餐厅的菜很好吃，服务也不错。"


@pytest.fixture(params=["by two", "by character", "faulty"])
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Segmenter]:
    ways = {
        "by two": lambda run: [run[at : at + 2] for at in range(0, len(run), 2)],
        "by character": graphemes,
        "faulty": lambda run: [run[:-1]],
    }
    chosen = Segmenter(request.param, ways[request.param])
    monkeypatch.setattr(segmentation, "segmenter", lambda: chosen)
    words_of.cache_clear()
    yield chosen
    words_of.cache_clear()


def shape(text: str) -> list[str]:
    words = Words(text)
    return [words[index] for index in range(len(words))]


MIXED = "good电影ok T-恤 电影-音乐 第3集 カレーライス ภาพยนตร์ 餐\u200d厅. ຮູບເງົາ ខ្ញុំ ဒီရုပ်ရှင်။"


def test_a_text_comes_back_whatever_cuts_it(cut: Segmenter) -> None:
    words = Words(MIXED)
    assert str(words) == "".join(words.gap(i) + words[i] for i in range(len(words))) + words.gap(len(words)) == MIXED
    assert all(words[i] for i in range(len(words)))
    assert len(words) > len(MIXED.split())
    assert {"good", "ok", "T", "3"} <= set(shape(MIXED))


def test_an_invisible_character_moves_no_end_of_a_word(cut: Segmenter) -> None:
    hidden = REVIEW.replace("餐厅", "餐\u200d厅")
    assert [word.replace("\u200d", "") for word in shape(hidden)] == shape(REVIEW)


def test_only_the_words_that_an_edit_touches_count_as_changed(cut: Segmenter) -> None:
    for before, after, changed, inserted in (
        (REVIEW, REVIEW.replace("服", "报"), 1, 0),
        (REVIEW, f"{REVIEW} This is a sentence.", 0, 4),
        (REVIEW, "", len(Words(REVIEW)), 0),
    ):
        assert words_changed(before, after) == (changed, inserted, len(Words(REVIEW)))
    swapped = Words(REVIEW).replace(1, "饭馆饭馆", "synonym")
    assert words_changed(REVIEW, str(swapped), swapped.edits()).changed == 1


def test_other_scripts_are_cut_as_before(cut: Segmenter) -> None:
    assert shape("영화가 정말 좋았어요, привет e\u0301te\u0301") == ["영화가", "정말", "좋았어요", "привет", "e\u0301te\u0301"]


def test_a_difference_is_told_by_character() -> None:
    (edit,) = diff(REVIEW, REVIEW.replace("很好吃", "不好吃"))
    assert (edit.before, edit.after) == ("很", "不")


@needs_icu
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (REVIEW, "这 家 餐厅 的 菜 很好 吃 服务 也 不错"),
        ("ภาพยนตร์เรื่องนี้สนุกมาก", "ภาพยนตร์ เรื่อง นี้ สนุก มาก"),
        ("ຮູບເງົາເລື່ອງນີ້ມ່ວນຫຼາຍ", "ຮູບເງົາ ເລື່ອງ ນີ້ ມ່ວນ ຫຼາຍ"),
        ("この映画はとても", "この 映画 は とても"),
        ("ခင်ဗျား", "ခင်ဗျား"),
    ],
)
def test_dictionaries_know_words(text: str, expected: str) -> None:
    assert segmenter().knows_words
    assert shape(text) == expected.split()


def test_without_a_dictionary_a_character_is_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "icu4py.breakers", None)
    found = segmenter.__wrapped__()
    assert (found.name, found.knows_words) == (GRAPHEMES, False)
    monkeypatch.setattr(segmentation, "segmenter", lambda: found)
    assert words_in("ภาพนี้") == ["ภ", "า", "พ", "นี้"]
