"""Text files that are broken or unusual: each error names the file and line and says what to do."""

from __future__ import annotations

import gzip
import json
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
        ("x.csv", gzip.compress(b"text,label\n", mtime=0), "compressed with gzip"),
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
        ("x.json", '{\n"data": []\n}', "a header but no rows"),
        ("x.json", '"text"', "expected a JSON list of objects"),
        ("x.json", '{"text": ["a", "b"], "label": ["positive"]}', "different lengths: 'text' 2, 'label' 1"),
        ("x.json", '[["a", "positive"]]', "name the columns of rows that are arrays in order, such as --columns"),
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
    assert got.report.dropped[0].reason == "the text is empty or only whitespace"


def test_the_format_flag_names_what_the_suffix_does_not(tmp_path: Path) -> None:
    assert len(read(tmp_path, "data.txt", "text\tlabel\na\tpositive\n", format="tsv")) == 1
    with pytest.raises(UsageError, match="expected one of csv, tsv"):
        read(tmp_path, "data.txt", "x", format="xml")


def test_flags_that_do_not_apply_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--split test has no meaning for a csv file"):
        read(tmp_path, "x.csv", "text,label\na,positive\n", split="test")


ROWS = [("a, b", 1), ("c", 0)]
COLUMNS: dict[str, list[Any]] = {"text": [t for t, _ in ROWS], "label": [n for _, n in ROWS]}
RECORDS = [{"text": t, "label": n} for t, n in ROWS]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", '1,"a, b"\n0,c\n'),
        ("x.csv", "1;a, b\n0;c\n"),
        ("x.csv", "1\ta, b\n0\tc\n"),
        ("x.tsv", "1\ta, b\n0\tc\n"),
        ("x.jsonl", '[1, "a, b"]\n[0, "c"]\n'),
        ("x.json", '[[1, "a, b"], [0, "c"]]'),
    ],
)
def test_the_columns_of_a_file_without_a_header_can_be_named(tmp_path: Path, name: str, content: str) -> None:
    got = read(tmp_path, name, content, columns=["label", "text"])
    assert [(e.inputs[0], e.reference) for e in got] == ROWS
    assert got.report.rows == 2


def test_columns_named_for_a_file_that_names_its_own_are_refused(tmp_path: Path) -> None:
    for name, content in (
        ("x.csv", "Label,text\n1,a\n"),
        ("x.jsonl", '{"text": "a", "label": 1}\n'),
        ("x.json", '[{"text": "a"}]'),
    ):
        with pytest.raises(DataError, match="leave --columns out"):
            read(tmp_path, name, content, columns=["label", "text"])
    with pytest.raises(DataError, match="line 2: expected 2 columns as in --columns, got 3"):
        read(tmp_path, "x.csv", "1,a\n0,b,c\n", columns=["label", "text"])
    with pytest.raises(DataError, match="has its own names"):
        load_examples(ROWS, labels=LABELS, columns=["text", "label"])
    with pytest.raises(DataError, match=r"such as --columns|in order, --columns label,text"):
        read(tmp_path, "x.csv", "1,a fine film\n0,b\n")


@pytest.mark.parametrize(
    ("value", "split"),
    [
        (COLUMNS, None),
        ({"train": [{"text": "x", "label": 1}], "test": RECORDS}, "test"),
        ({"train": {"text": ["x"], "label": [1]}, "test": COLUMNS}, "test"),
        ({"version": "1.1", "data": RECORDS}, None),
        ({"version": "1.1", "data": RECORDS}, "data"),
        ({name: {str(i): v for i, v in enumerate(values)} for name, values in COLUMNS.items()}, None),
        ({str(i): record for i, record in enumerate(RECORDS)}, None),
        ({f"row {i}": record for i, record in enumerate(RECORDS)}, None),
        ({"columns": ["text", "label"], "index": [0, 1], "data": [list(row) for row in ROWS]}, None),
    ],
    ids=range(9),
)
def test_json_objects_are_read_as_the_tables_that_they_hold(tmp_path: Path, value: Any, split: str | None) -> None:
    for indent in (None, 1):
        got = read(tmp_path, "x.json", json.dumps(value, indent=indent), split=split)
        assert [(e.inputs[0], e.reference) for e in got] == ROWS


def test_one_of_several_tables_in_a_json_file_must_be_chosen(tmp_path: Path) -> None:
    content = json.dumps({"sst2": RECORDS, "mnli": RECORDS, "note": "x"})
    for split, why in ((None, "it holds several tables"), ("rte", "it holds no table 'rte'")):
        with pytest.raises(DataError, match=f"{why}; choose one with --split: sst2, mnli"):
            read(tmp_path, "x.json", content, split=split)
    for name, table in (("x.json", json.dumps(RECORDS)), ("x.json", '{"text": "a", "label": 1}\n{"text": "b", "label": 0}')):
        with pytest.raises(DataError, match="--split sst2 has no meaning"):
            read(tmp_path, name, table, split="sst2")
