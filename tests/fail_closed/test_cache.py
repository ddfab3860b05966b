"""Answers kept by ``--cache`` are believed only as they were kept: checksum, form, and what the victim answers now."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attacks.search import Prediction
from reports.run import Run
from robustness import audit
from robustness.engine.cache import FILE, FORMAT, Memory, Shelf, _checksum
from robustness.errors import UsageError
from robustness.tasks.reading.check_answers import AnswerOddities
from robustness.victims.base import VictimInfo

INFO = VictimInfo("v", "hf", ("a", "b"), identity=(("weights", "1"),))
ROWS = [("a wonderful and moving film", "positive"), ("a dull and awful mess", "negative"), ("a great, warm story", "positive")]
Change = Callable[[bytes], object]


def edit(folder: Path, change: Change, *, sealed: bool = False) -> None:
    """Change every value in the file; ``sealed``: with a checksum that fits again, as one who knows the code can."""
    base = sqlite3.connect(folder / FILE)
    for key, row in base.execute("SELECT key, value FROM answers").fetchall():
        value = change(row[17:] if sealed else row)
        if sealed and isinstance(value, bytes):
            value = bytes([FORMAT]) + _checksum(key, value) + value
        base.execute("UPDATE answers SET value = ? WHERE key = ?", (value, key))
    base.commit()
    base.close()


def shelf(folder: Path, info: VictimInfo = INFO) -> Shelf[Prediction]:
    return Memory(folder).of_victim(info)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row[:-1],
        lambda row: row[:-1] + bytes([row[-1] ^ 1]),
        lambda row: bytes([FORMAT + 1]) + row[1:],
        lambda row: b"",
        lambda row: "text",
        lambda row: 7,
    ],
    ids=["cut", "one bit", "format", "empty", "text", "number"],
)
def test_a_row_that_is_not_as_it_was_kept_ends_the_run(tmp_path: Path, change: Change) -> None:
    shelf(tmp_path).keep({("text",): Prediction(1, (0.25, 0.75))})
    edit(tmp_path, change)
    with pytest.raises(UsageError, match=r"answers\.sqlite cannot be trusted.*changed or damaged.*delete it"):
        shelf(tmp_path).recall([("text",)])


def test_a_row_that_was_moved_to_another_text_ends_the_run(tmp_path: Path) -> None:
    shelf(tmp_path).keep({("one",): Prediction(1, (0.25, 0.75)), ("two",): Prediction(0, (0.75, 0.25))})
    base = sqlite3.connect(tmp_path / FILE)
    base.execute("UPDATE answers SET value = (SELECT value FROM answers ORDER BY key LIMIT 1)")
    base.commit()
    base.close()
    with pytest.raises(UsageError, match="its checksum does not match"):
        shelf(tmp_path).recall([("one",), ("two",)])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (struct.pack("<iHB3d", 2, 3, 0, 0.1, 0.2, 0.7), "3 scores"),
        (struct.pack("<iHB2d", 0, 2, 0, 0.1, 0.9), "label 0 with the highest score at 1"),
        (struct.pack("<iHB2d", 1, 2, 0, float("nan"), 0.9), "not finite"),
        (struct.pack("<iHB2d", 7, 2, 0, 0.1, 0.9), "label 7"),
        (struct.pack("<iHB", 1, 0, 0), "0 scores of a victim that gives scores"),
        (struct.pack("<iHBd", 1, 2, 0, 0.1), "unpack"),
    ],
)
def test_a_kept_answer_is_read_as_strictly_as_a_fresh_one(tmp_path: Path, value: bytes, why: str) -> None:
    shelf(tmp_path).keep({("text",): Prediction(1, (0.25, 0.75))})
    edit(tmp_path, lambda row: value, sealed=True)
    with pytest.raises(UsageError, match=f"cannot be trusted.*{why}"):
        shelf(tmp_path).recall([("text",)])


def test_a_kept_label_that_the_victim_does_not_have_ends_the_run(tmp_path: Path) -> None:
    info = VictimInfo("v", "hf", ("a", "b"), access="labels")
    shelf(tmp_path, info).keep({("text",): Prediction(1)})
    assert shelf(tmp_path, info).recall([("text",)]) == {("text",): Prediction(1)}
    for label in (2, -1):
        edit(tmp_path, lambda row, label=label: struct.pack("<iHB", label, 0, 0), sealed=True)  # type: ignore[misc]
        with pytest.raises(UsageError, match="label index"):
            shelf(tmp_path, info).recall([("text",)])


def test_a_kept_vector_with_a_hole_in_it_ends_the_run(tmp_path: Path) -> None:
    class Encoder:
        name, identity, row_quantum, length_quantum, mixed_lengths, padding_cost = "e", {"weights": "1"}, 4, 4, (0, 0), 1.0

    vectors = Memory(tmp_path).of_encoder(Encoder())  # type: ignore[arg-type]
    vectors.keep({"text": np.asarray([0.6, 0.8], np.float32)})
    edit(tmp_path, lambda row: struct.pack("<2f", 0.6, float("inf")), sealed=True)
    with pytest.raises(UsageError, match="not finite"):
        vectors.recall(["text"])


def run(folder: Path, out: str) -> Run:
    return audit("scripted:keyword", ROWS, recipes="deepwordbug", out=folder / out, cache=folder / "kept", encoder="none")


def test_an_audit_over_a_damaged_cache_ends_before_it_judges(tmp_path: Path) -> None:
    run(tmp_path, "cold")
    edit(tmp_path / "kept", lambda row: row[:-1] + b"\0")
    with pytest.raises(UsageError, match="cannot be trusted"):
        run(tmp_path, "warm")


def test_kept_answers_that_the_victim_no_longer_gives_end_the_run(tmp_path: Path) -> None:
    """Whoever can write checksums too is found by asking: a few clean texts are asked past the cache."""
    run(tmp_path, "cold")
    edit(tmp_path / "kept", lambda row: struct.pack("<iHB2d", 0, 2, 0, 0.9, 0.1), sealed=True)
    with pytest.raises(UsageError, match=r"3 of 3 answers in it differ from what the victim answers now.*delete it"):
        run(tmp_path, "warm")


def test_a_surrogate_pair_in_two_is_not_the_character(tmp_path: Path) -> None:
    shelf(tmp_path).keep({("\ud83d\ude00",): Prediction(1, (0.25, 0.75))})
    assert shelf(tmp_path).recall([("\U0001f600",)]) == {}


def test_oddities_of_kept_answers_are_counted(tmp_path: Path) -> None:
    """A warm cache must not hide that scores are tied, rounded or no probabilities."""
    shelf(tmp_path).keep({("text",): Prediction(0, (2.0, 2.0))})
    seen = AnswerOddities()
    Memory(tmp_path).of_victim(INFO, seen).recall([("text",)])
    assert (seen.rows, seen.ties, seen.out_of_range) == (1, 1, 1)
