"""Rows that belong together though nobody said so raise a flag; rows that do not, raise none."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from reports.measures.metrics import groups_of
from robustness.auditing import audit
from robustness.cli import main
from robustness.data import load_examples
from robustness.data.training.overlaps import clusters, sharing
from robustness.errors import UsageError

LABELS = ("negative", "positive")
WORDS = [f"word{i}" for i in range(400)]


def sentences(count: int, length: int = 14, seed: int = 0) -> list[str]:
    rng = Random(seed)
    return [" ".join(rng.choices(WORDS, k=length)) for _ in range(count)]


def read(rows: list[dict[str, Any]], **options: Any) -> Any:
    return load_examples([{"label": LABELS[i % 2], **row} for i, row in enumerate(rows)], labels=LABELS, **options)


def test_unrelated_texts_raise_nothing() -> None:
    assert clusters(read([{"text": text, "doc_id": i} for i, text in enumerate(sentences(200))])) == []


@pytest.mark.parametrize(
    "texts",
    [
        [f"this film is {word}" for word in WORDS[:60]],
        [f"{intro} {rest}" for intro in sentences(20, 12) for rest in sentences(3, 6)],
        [f"我认为这部电影真的非常好看{a}{b}" for a in "甲乙丙丁" for b in "子丑寅卯"],
    ],
    ids=["a template", "a long opening", "Chinese"],
)
def test_texts_with_long_parts_in_common_are_flagged(texts: list[str]) -> None:
    data = read([{"text": text} for text in texts])
    assert sharing(data.examples) > 0.9
    (flag,) = clusters(data)
    assert (flag.code, flag.severity) == ("clusters", "warning")
    assert "--group COLUMN" in flag.message


def test_a_column_that_says_so_is_named_and_naming_it_answers_the_flag() -> None:
    rows = [{"text": text, "doc_id": i // 10} for i, text in enumerate(sentences(200))]
    (flag,) = clusters(read(rows))
    assert "the column 'doc_id' has 20 values on 200 examples" in flag.message
    assert flag.message.endswith("--group doc_id")
    assert clusters(read(rows, group="doc_id")) == []


def test_a_grouped_run_says_its_groups_and_cannot_stop_early(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": f"n{i} is a film of number", "label": "positive", "doc": i // 4} for i in range(24)]
    options: dict[str, Any] = {"encoder": "none", "budget": 20, "victim_options": {"labels": list(LABELS)}}

    def holds(texts: list[str]) -> list[list[float]]:
        return [[0.1, 0.9] for _ in texts]

    run = audit(holds, rows, recipes="deepwordbug", out=tmp_path / "run", group="doc", **options)
    assert run.manifest.group == "doc"
    groups = groups_of(run, run.outcomes)
    assert groups is not None
    assert set(groups.values()) == {str(i) for i in range(6)}
    with pytest.raises(UsageError, match="until_decided=True and group= doc cannot go together"):
        audit(holds, rows, recipes="deepwordbug", group="doc", until_decided=True, **options)
    flags = ["--data", "nowhere.csv", "--group", "doc", "--until-decided", "--min-robust-accuracy", "9%"]
    assert main(["audit", "--victim", "hf:nowhere", *flags]) == 2
    assert "cannot go together" in capsys.readouterr().err
