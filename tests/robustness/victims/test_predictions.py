"""Stored predictions: replayed by exact text, refused where they are doubtful."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robustness.errors import UsageError, VictimError
from robustness.victims import load_victim
from robustness.victims.predictions import load_predictions


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    return path


def test_scores_are_replayed_in_column_order(tmp_path: Path) -> None:
    path = write(tmp_path, "p.csv", 'id,text,label,score_neg,score_pos\n1,"a, b",pos,0.25,0.75\n2,c,neg,0.9,0.1\n')
    victim = load_predictions(path)
    assert (victim.info.labels, victim.info.access) == (("neg", "pos"), "scores")
    assert victim.predict([("c",), ("a, b",)]) == [[0.9, 0.1], [0.25, 0.75]]


def test_label_names_are_replayed_and_their_order_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, "p.tsv", "\ufefftext\tprediction\r\na\tpos\r\nb\tneg\r\n")
    assert load_predictions(path).info.labels == ("neg", "pos")
    victim = load_predictions(path, labels=["pos", "neg", "neutral"])
    assert (victim.info.labels, victim.info.access) == (("pos", "neg", "neutral"), "labels")
    assert victim.predict([("b",)]) == ["neg"]


def test_json_lines_hold_an_object_of_scores_and_any_text(tmp_path: Path) -> None:
    rows = [{"text": t, "scores": {"no": 0.5, "yes": 0.5}} for t in ("line\nbreak", "half \ud83d", "\u2028", "")]
    victim = load_predictions(write(tmp_path, "p.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n"))
    assert victim.predict([(r["text"],) for r in rows]) == [[0.5, 0.5]] * 4  # type: ignore[misc]


def test_pairs_are_known_by_both_texts(tmp_path: Path) -> None:
    path = write(tmp_path, "p.csv", "premise,hypothesis,prediction\na,b,yes\nb,a,no\n")
    victim = load_victim(f"predictions:{path}", fields=("premise", "hypothesis"))
    assert victim.predict([("b", "a"), ("a", "b")]) == ["no", "yes"]


def test_an_unknown_text_says_how_to_get_it_scored(tmp_path: Path) -> None:
    victim = load_predictions(write(tmp_path, "p.csv", "text,prediction\na,x\nb,y\n"))
    with pytest.raises(VictimError, match=r"1 of 2 texts have no stored prediction.*robustness perturb"):
        victim.predict([("a",), ("unseen",)])


def test_the_identity_is_the_content(tmp_path: Path) -> None:
    one, two = (write(tmp_path, n, "text,prediction\na,x\nb,y\n") for n in ("1.csv", "2.csv"))
    other = write(tmp_path, "3.csv", "text,prediction\na,y\nb,x\n")
    assert load_predictions(one).info.identity == load_predictions(two).info.identity != load_predictions(other).info.identity


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", "text,label\na,pos\n", "holds no predictions.*'label' is taken for the gold label"),
        ("p.csv", "text,prediction\n", "holds no predictions"),
        ("p.csv", "", "holds no predictions"),
        ("p.csv", "sentence,prediction\na,x\n", "no column 'text'; it has sentence, prediction"),
        ("p.csv", "text,prediction\na,\n", "line 2: 'prediction' must be a label name"),
        ("p.csv", "text,score_a,score_b\na,0.5,half\n", "line 2: 'score_b' must be a number, got 'half'"),
        ("p.csv", "text,score_a,score_b\na,0.5,\n", "'score_b' must be a number"),
        ("p.csv", "text,prediction\na,x\na,y\n", "lines 2 and 3 hold different predictions"),
        ("p.csv", "text,prediction\na,x,z\n", "line 2: 2 columns were expected"),
        ("p.csv", "text,prediction\na\n", "line 2: 2 columns were expected"),
        ("p.csv", 'text,prediction\n"a,x\n', "line 1: unexpected end of data"),
        ("p.xlsx", "text", "read from .csv, .tsv or .jsonl"),
        ("p.jsonl", "{nope\n", "line 1: not JSON"),
        ("p.jsonl", "[1]\n", "expected a JSON object, got list"),
        ("p.jsonl", '{"text": 3, "prediction": "x"}\n', "'text' must be a text, got 3"),
        ("p.jsonl", '{"text": "a", "prediction": true}\n', "must be a label name, got True"),
        ("p.jsonl", '{"text": "a", "scores": {"x": 1}}\n{"text": "b"}\n', "line 2: 'score_x' must be a number"),
    ],
)
def test_doubtful_files_are_refused_with_the_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_predictions(write(tmp_path, name, content))


def test_files_that_cannot_be_read_are_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_predictions(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes("text,prediction\ncafé,x\n".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        load_predictions(tmp_path / "latin.csv")
    path = write(tmp_path, "p.csv", "text,prediction\na,x\n")
    with pytest.raises(UsageError, match="holds the labels x, but these were named: y"):
        load_predictions(path, labels=["y", "z"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(), min_size=1, max_size=5, unique=True))
def test_any_texts_survive_json_lines(tmp_path: Path, texts: list[str]) -> None:
    lines = "".join(json.dumps({"text": t, "prediction": f"label {n}"}) + "\n" for n, t in enumerate(texts))
    victim = load_predictions(write(tmp_path, "any.jsonl", lines))
    assert victim.predict([(t,) for t in texts]) == [f"label {n}" for n in range(len(texts))]
