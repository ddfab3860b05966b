"""Reading examples end to end: sources, ids, digests, limits, the account of rows."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robustness.data import Dataset, labels_in, load_examples
from robustness.data.rows import visible_core
from robustness.errors import DataError, UsageError

LABELS = ("negative", "positive")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda t: bool(t.strip()))
PAIRS = st.tuples(TEXTS, st.sampled_from(LABELS))
ROWS = st.lists(PAIRS, min_size=1, max_size=8, unique_by=lambda row: (visible_core(row[0]), row[1]))
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pairs(data: Dataset) -> list[tuple[str, str]]:
    return [(e.inputs[0], data.labels[e.reference]) for e in data]


@QUICK
@given(rows=ROWS, delimiter=st.sampled_from([",", "\t"]), quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
def test_csv_and_tsv_give_back_every_text(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str, quoting: int) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([("text", "label"), *rows])
    path = write(tmp_path, "x.tsv" if delimiter == "\t" else "x.csv", buffer.getvalue())
    assert pairs(load_examples(path, labels=LABELS)) == rows


@QUICK
@given(rows=ROWS, ascii_only=st.booleans(), as_list=st.booleans())
def test_json_gives_back_every_text(tmp_path: Path, rows: list[tuple[str, str]], ascii_only: bool, as_list: bool) -> None:
    objects = [{"text": t, "label": y} for t, y in rows]
    lines = [json.dumps(o, ensure_ascii=ascii_only) for o in objects]
    content = json.dumps(objects, ensure_ascii=ascii_only) if as_list else "\n".join(lines) + "\n"
    path = write(tmp_path, "x.json" if as_list else "x.jsonl", content)
    assert pairs(load_examples(path, labels=LABELS)) == rows


@QUICK
@given(rows=ROWS, encoding=st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
def test_byte_order_marks_name_the_encoding(tmp_path: Path, rows: list[tuple[str, str]], encoding: str) -> None:
    content = "\n".join(json.dumps({"text": t, "label": y}, ensure_ascii=False) for t, y in rows)
    path = write(tmp_path, "x.jsonl", content.encode(encoding))
    assert pairs(load_examples(path, labels=LABELS)) == rows


@QUICK
@given(
    rows=st.lists(PAIRS, min_size=1, max_size=8, unique=True),
    order=st.randoms(use_true_random=False),
    limit=st.integers(1, 8),
    seed=st.integers(0, 3),
)
def test_ids_digest_and_sample_do_not_depend_on_row_order(
    rows: list[tuple[str, str]], order: random.Random, limit: int, seed: int
) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)
    one, two = (load_examples(r, labels=LABELS, limit=limit, seed=seed) for r in (rows, shuffled))
    assert {e.id: e.inputs for e in one} == {e.id: e.inputs for e in two}
    assert one.digest == two.digest
    assert len({e.id for e in one}) == len(one) == min(limit, one.report.usable)


def test_a_frame_keeps_texts_that_look_missing() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"review": ["null", "NA", "nan", None], "sentiment": [1.0, 0.0, 1.0, 0.0], "stars": [5, 1, None, 2]})
    data = load_examples(frame, labels=LABELS)
    assert pairs(data) == [("null", "positive"), ("NA", "negative"), ("nan", "positive")]
    assert [e.meta for e in data] == [{"stars": 5.0}, {"stars": 1.0}, {"stars": None}]


def test_csv_keeps_texts_that_look_missing_or_like_formulas(tmp_path: Path) -> None:
    texts = ["NA", "null", "nan", "None", "", "=HYPERLINK(1)", "+1", "-1", "@x", "007", "1e5"]
    path = write(tmp_path, "x.csv", "text,label\n" + "".join(f"{t},positive\n" for t in texts))
    assert [e.inputs[0] for e in load_examples(path, labels=LABELS)] == [t for t in texts if t]


def test_parquet_and_saved_datasets_read_like_csv(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    datasets = pytest.importorskip("datasets")
    columns: dict[str, list[Any]] = {"text": ["good", "bad", None], "label": [1, 0, 1], "source": ["a", "b", "c"]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    names = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(LABELS)), "source": datasets.Value("string")}
    )
    saved = datasets.Dataset.from_dict(columns, features=names)
    saved.save_to_disk(str(tmp_path / "saved"))
    csv_path = write(tmp_path, "x.csv", "text,label,source\ngood,positive,a\nbad,negative,b\n")
    want = load_examples(csv_path, labels=LABELS)
    for source in (tmp_path / "saved", saved, datasets.DatasetDict({"test": saved})):
        got = load_examples(source, labels=LABELS)
        assert (got.examples, got.digest) == (want.examples, want.digest)
    assert pairs(load_examples(tmp_path / "x.parquet", labels=LABELS)) == pairs(want)


def test_several_splits_need_a_choice() -> None:
    datasets = pytest.importorskip("datasets")
    part = datasets.Dataset.from_dict({"text": ["a"], "label": [0]})
    both = datasets.DatasetDict({"train": part, "test": part})
    with pytest.raises(DataError, match=r"choose one with --split: train \(1 rows\), test \(1 rows\)"):
        load_examples(both, labels=LABELS)
    with pytest.raises(DataError, match="no split 'dev'"):
        load_examples(both, labels=LABELS, split="dev")
    assert len(load_examples(both, labels=LABELS, split="test")) == 1


def test_unlabelled_rows_of_a_class_label_are_missing_labels() -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(LABELS))})
    data = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [1, -1]}, features=features)
    assert "dropped 1 row: the label is missing (row 2)" in load_examples(data, labels=LABELS).report.messages()


def test_columns_of_a_dataset_that_are_no_single_values_are_left_out_and_named() -> None:
    datasets = pytest.importorskip("datasets")
    data = load_examples(datasets.Dataset.from_dict({"text": ["a"], "label": [0], "tokens": [["a"]]}), labels=LABELS)
    assert any("left out: tokens" in note for note in data.report.notes)
    assert data.examples[0].meta == {}


def test_a_hub_name_offline_is_an_error_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    with pytest.raises(DataError, match=r"--offline forbids.*save_to_disk"):
        load_examples("hub:some/reviews", labels=LABELS, split="test", offline=True)


def test_hub_names_are_loaded_by_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "repository").mkdir()
    write(tmp_path, "repository/test.csv", "text,label\ngood,1\nbad,0\n")  # a folder is the one repository without a network
    name = f"hub:{tmp_path / 'repository'}"
    assert pairs(load_examples(name, labels=LABELS, split="test")) == [("good", "positive"), ("bad", "negative")]
    assert pairs(load_examples(name, labels=LABELS)) == pairs(load_examples(name, labels=LABELS, split="test"))
    with pytest.raises(DataError, match=r"cannot be loaded: ValueError: .*train"):
        load_examples(name, labels=LABELS, split="train")


def test_a_hub_that_cannot_be_reached_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(pytest.importorskip("huggingface_hub.constants"), "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"hub:no-such/data: the dataset cannot be loaded"):
        load_examples("hub:no-such/data", labels=LABELS, offline=True)


def test_mappings_and_pairs_of_two_texts() -> None:
    nli = ("entailment", "neutral", "contradiction")
    rows = [{"premise": "p", "hypothesis": "h", "label": "neutral", "genre": "travel"}]
    one = load_examples(rows, labels=nli)
    two = load_examples([(("p", "h"), "neutral")], labels=nli, victim_fields=("premise", "hypothesis"))
    assert one.fields == two.fields == ("premise", "hypothesis")
    assert one.examples[0].inputs == two.examples[0].inputs == ("p", "h")
    assert (one.examples[0].reference, one.examples[0].meta) == (1, {"genre": "travel"})


@pytest.mark.parametrize(
    ("source", "fragment"),
    [
        (["a", "b"], "item 1: expected a (text, label) pair or a mapping, got str 'a'"),
        ([("a", 1), ("a", 1, 2)], "item 2"),
        ([("a", 1), (("a", "b"), 1)], "expected 2 texts"),
        ([], "no rows"),
        (42, "cannot read examples from int"),
        ({"text": ["a"]}, "cannot read examples from dict"),
        ([(b"bytes", 1)], "holds bytes, expected text"),
        ([(3, 1)], "holds int, expected text"),
        ([("a", ["x", "y"])], "holds list, expected one label"),
    ],
)
def test_iterables_that_are_no_examples(source: Any, fragment: str) -> None:
    with pytest.raises(DataError) as caught:
        load_examples(source, labels=LABELS)
    assert fragment in str(caught.value)


def test_every_dropped_row_is_counted_and_shown(tmp_path: Path) -> None:
    rows = ["good,positive", ",positive", '"  ",negative', "bad,", "", "good,positive", "good,negative", "bad,negative", ","]
    report = load_examples(write(tmp_path, "x.csv", "text,label\n" + "\n".join(rows) + "\n"), labels=LABELS).report
    assert {f.reason: (f.count, f.rows) for f in report.dropped} == {
        "the row is blank": (2, (6, 10)),
        "the text is empty or only whitespace": (2, (3, 4)),
        "the label is missing": (1, (5,)),
        "same text and label as an earlier row": (1, (7,)),
    }
    assert [(f.reason, f.rows) for f in report.remarks] == [("same text as an earlier row but a different label", (8,))]
    assert report.rows == report.usable + sum(f.count for f in report.dropped) == 9
    assert json.loads(json.dumps(report.to_dict()))["dropped"][0]["lines"] == [6, 10]


def test_only_five_rows_are_shown_but_all_are_counted() -> None:
    report = load_examples([("x", 0), *[("", 0)] * 9], labels=LABELS).report
    assert report.losses() == ["dropped 9 rows: the text is empty or only whitespace (rows 2, 3, 4, 5, 6, …)"]
    assert report.losses()[0] in report.messages()


def test_line_numbers_count_line_breaks_inside_texts(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", 'text,label\n"one\ntwo\nthree",positive\n"",positive\n')
    assert load_examples(path, labels=LABELS).report.dropped[0].rows == (5,)


def test_long_texts_and_control_characters_are_kept_and_reported(tmp_path: Path) -> None:
    megabyte = "word " * 200_000 + "end"
    path = write(tmp_path, "x.csv", f"text,label\n{megabyte},positive\na\x00b\x1b[31m,negative\n")
    before = csv.field_size_limit(1234)
    data = load_examples(path, labels=LABELS)
    assert pairs(data) == [(megabyte, "positive"), ("a\x00b\x1b[31m", "negative")]
    assert [f.rows for f in data.report.remarks] == [(2,), (3,)]
    assert csv.field_size_limit(before) == 1234


def test_lone_surrogates_are_dropped_and_pairs_are_kept(tmp_path: Path) -> None:
    lines = [r'{"text": "bad \ud800", "label": 1}', r'{"text": "good \ud83d\ude00", "label": "positive", "note": "\udc00"}']
    data = load_examples(write(tmp_path, "x.jsonl", "\n".join(lines)), labels=LABELS)
    assert pairs(data) == [("good 😀", "positive")]
    assert data.report.dropped[0].reason == "a lone surrogate, which is not valid text"
    assert data.examples[0].meta == {"note": r"\udc00"}


def test_an_id_column_is_used_when_it_tells_all_rows_apart() -> None:
    def read(ids: list[Any], **flags: Any) -> Dataset:
        return load_examples([{"id": i, "text": t, "label": 0} for i, t in zip(ids, "abc", strict=True)], labels=LABELS, **flags)

    assert [e.id for e in read([10, 11.0, "x"])] == ["10", "11", "x"]
    hashed = [e.id for e in load_examples([(t, 0) for t in "abc"], labels=LABELS)]
    for broken, why in ((["x", "x", "y"], "'x' occurs 2 times"), (["x", None, "y"], "row 2 has no usable id")):
        data = read(broken)
        assert [e.id for e in data] == hashed
        assert any(why in note for note in data.report.notes)
        with pytest.raises(DataError, match=why):
            read(broken, id="id")


def test_ids_do_not_depend_on_the_victims_names() -> None:
    one = load_examples([("a", "neg"), ("b", "pos")], labels=LABELS, label_map={"neg": "negative", "pos": "positive"})
    two = load_examples([("b", "pos"), ("a", "neg")], labels=("pos", "neg"))
    assert {e.id for e in one} == {e.id for e in two}
    assert one.digest == two.digest


def test_rows_that_differ_in_the_label_alone_have_different_ids() -> None:
    assert len({e.id for e in load_examples([("a", 0), ("a", 1)], labels=LABELS)}) == 2


def test_the_digest_sees_texts_labels_and_ids() -> None:
    base = [{"id": "1", "text": "a", "label": 0}, {"id": "2", "text": "b", "label": 1}]
    changed = [[base[0], {**base[1], **change}] for change in ({"text": "c"}, {"label": 0}, {"id": "3"})]
    digests = {load_examples(rows, labels=LABELS).digest for rows in [base, *changed]}
    assert len(digests) == 4
    assert load_examples([{**row, "extra": 1} for row in base], labels=LABELS).digest in digests


def test_metadata_is_plain_and_short() -> None:
    row = {"text": "a", "label": 0, "n": 3, "x": float("inf"), "nan": float("nan"), "ok": True, "tags": ["a"], "body": "y" * 999}
    meta = load_examples([row], labels=LABELS).examples[0].meta
    assert {k: v for k, v in meta.items() if k != "body"} == {"n": 3, "x": "inf", "nan": None, "ok": True, "tags": '["a"]'}
    assert meta["body"] == "y" * 199 + "…"


def test_the_labels_of_data_are_found_without_a_victim() -> None:
    rows = [("a", "pos"), ("b", 1.0), ("", "unused"), ("c", None), ("d", " neg ")]
    assert labels_in(rows, label_map={"pos": "positive"}) == ("1", "neg", "positive")
    with pytest.raises(DataError, match="holds list, expected one label"):
        labels_in([("a", ["x"])])
    with pytest.raises(DataError, match="no usable example"):
        labels_in([("", "x")])


@pytest.mark.parametrize(
    "arguments", [{"limit": 0}, {"limit": -1}, {"limit": True}, {"limit": 1.5}, {"seed": "1"}, {"labels": ()}]
)
def test_bad_arguments_fail_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"limit|seed|labels"):
        load_examples([("a", 1)], **{"labels": LABELS, **arguments})


def test_rows_that_differ_in_blanks_or_invisible_characters_count_once() -> None:
    """Each line is the first over again to a reader; the last is not, for its case differs."""
    same = ["a good film", "a  good film", " a good\u00a0film\n", "a good\u200b film", "a go\u00adod film", "a good film\ufe0f"]
    data = load_examples([(text, "positive") for text in reversed([*same, "A good film"])], labels=LABELS)
    assert [e.inputs[0] for e in data] == ["A good film", "a good film"]
    assert ["dropped 5 rows: same text and label as another row except for blanks" in loss for loss in data.report.losses()] == [
        True
    ]
    accents = load_examples([("caf\u00e9", "positive"), ("cafe\u0301", "positive"), ("cafe", "positive")], labels=LABELS)
    assert len(accents) == 2


def test_the_group_column_is_kept_in_every_example_whatever_else_it_is() -> None:
    frame = [{"text": f"film {i}", "label": "positive", "id": i // 3, "doc": ("" if i == 5 else i // 2)} for i in range(8)]
    data = load_examples(frame, labels=LABELS, group="doc")
    assert data.group == "doc"
    assert [e.meta["doc"] for e in data] == [0, 0, 1, 1, 2, 3, 3]
    assert "7 examples in 4 groups by 'doc'" in data.report.notes
    assert data.report.losses() == ["dropped 1 row: the group is missing (row 6)"]
    by_id = load_examples(frame, labels=LABELS, group="id")
    assert {e.meta["id"] for e in by_id} == {0, 1, 2}
    with pytest.raises(DataError, match="no column 'docs' for --group"):
        load_examples(frame, labels=LABELS, group="docs")
