"""Text files that are broken or unusual: each error names the file and line and says what to do."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from robustness.data import Dataset, load_examples
from robustness.errors import DataError, UsageError

LABELS = ("negative", "positive")


def read(folder: Path, name: str, content: str | bytes, **flags: Any) -> Dataset:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_examples(path, labels=LABELS, **flags)


@pytest.mark.parametrize(
    ("name", "content", "fragment"),
    [
        ("x.csv", "", "the file is empty"),
        ("x.csv", "\n\n", "the file is empty"),
        ("x.csv", "text,label\n", "a header but no rows"),
        ("x.csv", "text,label\n\n,\n", "a header but no rows"),
        ("x.csv", "text,label\na,positive\nb,c,positive\n", "line 3: expected 2 columns as in the header, got 3"),
        ("x.csv", "text,label\na,positive\nb\n", "line 3: expected 2 columns as in the header, got 1"),
        ("x.csv", 'text,label\na,positive\n"b,positive\nc,positive\n', "line 3: the quotes do not pair"),
        ("x.csv", 'text,label\n"a" b,positive\n', "line 2: the quotes do not pair"),
        ("x.csv", "text,text,label\na,b,positive\n", "'text' occurs more than once"),
        ("x.csv", b"text,label\ncaf\xe9,positive\n", "line 2: byte 0xe9 at offset 14 is not valid utf-8"),
        ("x.csv", b"text,label\n\xed\xa0\x80,positive\n", "line 2: byte 0xed"),
        ("x.csv", b"\xff\xfet\x00e", "is not valid utf-16"),
        ("x.csv", "text,label\na,positive\n".encode("utf-16-le"), "--encoding utf-16-le"),
        ("x.csv", gzip.compress(b"text,label\n"), "compressed with gzip"),
        ("x.csv", b"PK\x03\x04aaaa", "Excel workbook; save it as CSV"),
        ("x.csv", b"PAR1aaaa", "--format parquet"),
        ("x.tsv", 'text\tlabel\n"a\tpositive\nb\n', "the quotes do not pair"),
        ("x.jsonl", "", "the file is empty"),
        ("x.jsonl", "\n \n", "the file is empty"),
        ("x.jsonl", '{"text": "a", "label": 1}\n{"text": \n', "line 2: this is not JSON"),
        ("x.jsonl", '{"text": "a", "label": 1}\n["a", 1]\n', "line 2: expected an object such as"),
        ("x.jsonl", '{"text": "a", "text": "b", "label": 1}\n', "line 1: each key must occur once, but 'text'"),
        ("x.jsonl", '{"text": 5, "label": 1}\n', "line 1: the column 'text' holds int, expected text"),
        ("x.jsonl", '{"text": "a", "label": {"a": 1}}\n', "line 1: the column 'label' holds dict"),
        ("x.jsonl", '{"text": "a", "label": ' + "9" * 5000 + "}\n", "line 1: this JSON cannot be read"),
        ("x.jsonl", "[" * 100_000 + "\n", "line 1: this JSON cannot be read"),
        ("x.json", "", "the file is empty"),
        ("x.json", '{\n"data": []\n}', "expected a JSON list of objects"),
        ("x.json", "[]", "no rows"),
        ("x.json", '["a"]', "item 1: expected an object such as"),
        ("x.json", '[{"text": "a", "label": 1},]', "this is not JSON"),
        ("x.parquet", "text,label\n", "this is not a readable Parquet file"),
        ("x.parquet", "", "this is not a readable Parquet file"),
        ("x.xlsx", "text,label\n", "cannot tell the format from the name"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: str | bytes, fragment: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    with pytest.raises(DataError) as caught:
        read(tmp_path, name, content)
    assert fragment in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_paths_that_are_no_data_files(tmp_path: Path) -> None:
    for path, fragment in ((tmp_path / "none.csv", "no such file"), (tmp_path, "not written by datasets' save_to_disk")):
        with pytest.raises(DataError, match=fragment):
            load_examples(path, labels=LABELS)
    with pytest.raises(DataError, match="no such file"):
        load_examples("bad\0name.csv", labels=LABELS)


def test_another_encoding_is_read_only_when_named(tmp_path: Path) -> None:
    data = "text,label\ncafé,positive\n"
    for encoding in ("cp1252", "latin-1", "utf-16-le", "shift_jis"):
        text = data.replace("é", "e") if encoding == "shift_jis" else data
        got = read(tmp_path, "x.csv", text.encode(encoding), encoding=encoding)
        assert got.examples[0].inputs[0].startswith("caf")
    for unknown in ("klingon", "hex", "a\0b"):
        with pytest.raises(DataError, match="unknown text encoding"):
            read(tmp_path, "x.csv", data, encoding=unknown)


def test_a_byte_order_mark_outranks_the_flag_and_says_so(tmp_path: Path) -> None:
    got = read(tmp_path, "x.csv", "text,label\ncafé,positive\n".encode("utf-8-sig"), encoding="cp1252")
    assert got.examples[0].inputs == ("café",)
    assert "the byte order mark says utf-8-sig; --encoding cp1252 was not used" in got.report.notes
    plain = read(tmp_path, "x.csv", "text,label\ncafé,positive\n".encode("utf-8-sig"), encoding="utf8")
    assert not any("byte order" in note for note in plain.report.notes)


def test_a_single_nul_is_text_not_another_encoding(tmp_path: Path) -> None:
    assert read(tmp_path, "x.csv", "text,label\na\0b,positive\n").examples[0].inputs == ("a\0b",)


def test_tsv_without_quoting_rules_is_read_with_plain_quotes(tmp_path: Path) -> None:
    got = read(tmp_path, "x.tsv", 'text\tlabel\r\n"good" film\tpositive\r\n\r\n"bad film\tnegative\r\n')
    assert [e.inputs[0] for e in got] == ['"good" film', '"bad film']
    assert any("plain characters" in note for note in got.report.notes)
    assert got.report.dropped[0].rows == (3,)


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_csv_with_another_separator_is_read_and_noted(tmp_path: Path, separator: str, name: str) -> None:
    got = read(tmp_path, "x.csv", f"text{separator}label\na, b{separator}positive\n")
    assert got.examples[0].inputs == ("a, b",)
    assert f"columns are separated by {name}" in got.report.notes


def test_line_ends_and_blank_lines_before_the_header(tmp_path: Path) -> None:
    for content in ("text,label\r\na,positive\r\n", "text,label\ra,positive\r", "\n\ntext,label\na,positive"):
        assert read(tmp_path, "x.csv", content).examples[0].inputs == ("a",)


def test_jsonl_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    got = read(tmp_path, "x.jsonl", '{"text": "a\u2028b\u0085c", "label": 1}\r\n\r\n{"text": "d", "label": 0}\r\n')
    assert [e.inputs[0] for e in got] == ["a\u2028b\u0085c", "d"]
    assert got.report.dropped[0].rows == (2,)


def test_json_with_one_object_a_line_is_read_as_jsonl(tmp_path: Path) -> None:
    for content in ('{"text": "a", "label": 1}\n{"text": "b", "label": 0}\n', '{"text": "a", "label": "positive"}'):
        assert read(tmp_path, "x.json", content).examples[0].inputs == ("a",)


def test_jsonl_rows_may_have_different_keys(tmp_path: Path) -> None:
    got = read(tmp_path, "x.jsonl", '{"label": 1}\n{"label": 0, "text": "a", "x": 1}\n{"text": "b", "label": 1}\n')
    assert [dict(e.meta) for e in got] == [{"x": 1}, {"x": None}]
    assert got.report.dropped[0].reason == "the text is empty or only white space"


def test_the_format_flag_names_what_the_suffix_does_not(tmp_path: Path) -> None:
    assert len(read(tmp_path, "data.txt", "text\tlabel\na\tpositive\n", format="tsv")) == 1
    with pytest.raises(UsageError, match="expected one of csv, tsv"):
        read(tmp_path, "data.txt", "x", format="xml")


def test_flags_that_do_not_apply_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--split test has no meaning for a csv file"):
        read(tmp_path, "x.csv", "text,label\na,positive\n", split="test")
