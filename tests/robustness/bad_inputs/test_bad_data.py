"""Data that cannot be used ends in exit code 2 and a sentence that names file, place and remedy."""

from __future__ import annotations

import gzip
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robustness.commands.options.flags import listed, mapping
from robustness.data import load_examples
from robustness.errors import DataError

MEGABYTE = "word " * 200_000

# name, file (name and content), flags, fragment of the message
CASES: list[tuple[str, tuple[str, str | bytes], str, str]] = [
    ("empty file", ("x.csv", ""), "", "x.csv: the file is empty"),
    ("header only", ("x.csv", "text,label\n"), "", "a header but no rows"),
    ("blank rows only", ("x.csv", "text,label\n\n,\n"), "", "a header but no rows"),
    ("no header", ("x.csv", "a good film,positive\na bad film,negative\n"), "", "the file lacks its header line"),
    ("ragged row", ("x.csv", "text,label\ngood,positive\na, b,positive\n"), "", "line 3: expected 2 columns"),
    ("short row", ("x.csv", "text,label\ngood\n"), "", "line 2: expected 2 columns as in the header, got 1"),
    ("open quote", ("x.csv", 'text,label\n"good,positive\nbad,negative\n'), "", "line 2: the quotes do not pair"),
    ("double column", ("x.csv", "text,text,label\na,b,positive\n"), "", "'text' occurs more than once"),
    ("latin-1 bytes", ("x.csv", b"text,label\ncaf\xe9,positive\n"), "", "line 2: byte 0xe9"),
    ("UTF-16 without mark", ("x.csv", "text,label\na,positive\n".encode("utf-16-le")), "", "--encoding utf-16-le"),
    ("UTF-16 cut short", ("x.csv", b"\xff\xfet\x00e"), "", "is not valid utf-16"),
    ("unknown encoding", ("x.csv", "text,label\na,positive\n"), "--encoding klingon", "unknown text encoding 'klingon'"),
    ("gzip named csv", ("x.csv", gzip.compress(b"text,label\n", mtime=0)), "", "compressed with gzip"),
    ("workbook named csv", ("x.csv", b"PK\x03\x04rest"), "", "an Excel workbook"),
    ("pickle", ("x.pkl", b"\x80\x04N."), "", "cannot tell the format from the name"),
    ("csv named parquet", ("x.parquet", "text,label\na,positive\n"), "", "not a readable Parquet file"),
    ("broken JSON line", ("x.jsonl", '{"text": "a", "label": 1}\n{"text":\n'), "", "x.jsonl, line 2: this is not JSON"),
    ("JSON line is a list", ("x.jsonl", '["a", 1]\n'), "", "line 1: expected an object"),
    ("JSON key twice", ("x.jsonl", '{"text": "a", "text": "b", "label": 1}\n'), "", "'text' occurs more often"),
    ("JSON nested deep", ("x.jsonl", "[" * 100_000), "", "this JSON cannot be read"),
    ("JSON object of one column", ("x.json", '{\n"text": ["a"]\n}'), "", "no column has a usual name for the label"),
    ("numbers as texts", ("x.jsonl", '{"text": 5, "label": 1}\n'), "", "holds int, expected text"),
    ("several labels a row", ("x.jsonl", '{"text": "a", "label": [0, 1]}\n'), "", "holds list, expected one label"),
    (
        "unknown text column",
        ("x.csv", "text,label\na,positive\n"),
        "--text txt",
        "columns: 'text', 'label'; did you mean 'text'?",
    ),
    ("unknown label column", ("x.csv", "text,label\na,positive\n"), "--label zzz", "no column 'zzz' for --label"),
    ("unknown id column", ("x.csv", "text,label\na,positive\n"), "--id zzz", "no column 'zzz' for --id"),
    ("several text columns", ("x.csv", "review,content,label\na,b,positive\n"), "", "choose with --text"),
    ("text is the label", ("x.csv", "text,label\na,positive\n"), "--text label", "cannot be both text and label"),
    ("ids not unique", ("x.csv", "id,text,label\n1,a,positive\n1,b,negative\n"), "--id id", "'1' occurs 2 times"),
    ("other labels", ("x.csv", "text,label\na,pos\nb,neg\n"), "", "--label-map neg=negative,pos=positive"),
    ("labels from 1", ("x.csv", "text,label\na,1\nb,2\n"), "", "if they count from 1, --label-map 1=negative,2=positive"),
    (
        "map to no label",
        ("x.csv", "text,label\na,pos\n"),
        "--label-map pos=good",
        "not a label of the victim; its labels: 'negative'",
    ),
    ("map of a part", ("x.csv", "text,label\na,pos\nb,neg\n"), "--label-map pos=positive", "do not match"),
    (
        "label column of texts",
        ("x.csv", "label,text\n" + "".join(f"t{i},x\n" for i in range(99))),
        "",
        "is this the label column?",
    ),
    ("all labels missing", ("x.csv", "text,label\na,\nb,\n"), "", "no usable example in 2 rows: 2 dropped: the label is missing"),
    ("all texts empty", ("x.csv", 'text,label\n"",positive\n" ",negative\n'), "", "2 dropped: the text is empty"),
    ("all lone surrogates", ("x.jsonl", '{"text": "\\ud800", "label": 1}\n'), "", "1 dropped: a lone surrogate"),
    ("split of a file", ("x.csv", "text,label\na,positive\n"), "--split test", "--split test has no meaning"),
    ("folder of something", ("x/notes.txt", "hello"), "", "not written by datasets' save_to_disk"),
    ("saved dataset, broken", ("x/dataset_info.json", "{"), "", "datasets cannot load this folder"),
]
IDS = [case[0] for case in CASES]


@pytest.mark.parametrize(("name", "file", "flags", "fragment"), CASES, ids=IDS)
def test_reader_refuses(name: str, file: tuple[str, str | bytes], flags: str, fragment: str, tmp_path: Path) -> None:
    path = tmp_path / file[0]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(file[1].encode() if isinstance(file[1], str) else file[1])
    words = shlex.split(flags)
    given: dict[str, Any] = {flag[2:].replace("-", "_"): value for flag, value in zip(words[::2], words[1::2], strict=True)}
    if "label_map" in given:
        given["label_map"] = mapping(given["label_map"], "--label-map")
    if "text" in given:
        given["text"] = listed(given["text"])
    with pytest.raises(DataError) as caught:
        load_examples(tmp_path / file[0].split("/")[0], labels=("negative", "positive"), **given)
    assert fragment in " ".join(str(caught.value).split())


@pytest.mark.parametrize(("name", "file", "flags", "fragment"), CASES, ids=IDS)
def test_audit_refuses(
    name: str,
    file: tuple[str, str | bytes],
    flags: str,
    fragment: str,
    audit: Callable[..., Any],
    refused: Callable[..., None],
) -> None:
    refused(audit(f"--data {file[0].split('/')[0]} {flags}", {file[0]: file[1]}), fragment)


@pytest.mark.parametrize(
    ("data", "fragment"),
    [
        ("none.csv", "no such file: 'none.csv'"),
        ("hub:some/reviews", "the network, which --offline forbids"),
        ("/dev/null", "no such file: '/dev/null'"),
        ("''", "not written by datasets' save_to_disk"),
    ],
)
def test_audit_refuses_sources(data: str, fragment: str, audit: Callable[..., Any], refused: Callable[..., None]) -> None:
    refused(audit(f"--data {data} --offline"), fragment)


def test_dropped_rows_stand_in_the_run(audit: Callable[..., Any]) -> None:
    rows = 'text,label\na good film,positive\na bad film,negative\n"",positive\nfunny,\n,\na bad film,negative\n'
    ended = audit("--data x.csv", {"x.csv": rows})
    assert ended.code != 2, ended.err
    told = " ".join(ended.manifest()["data"]["report"])
    for reason in ("the text is empty", "the label is missing", "the row is blank", "same text and label"):
        assert reason in told
    assert any(flag["code"] == "dropped-rows" for flag in ended.manifest()["flags"])


def test_sound_data_raises_no_flag_about_rows(audit: Callable[..., Any]) -> None:
    assert not any(flag["code"] == "dropped-rows" for flag in audit().manifest()["flags"])
