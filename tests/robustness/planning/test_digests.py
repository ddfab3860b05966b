"""Hashes of what the user brings beside victim and data, and that two runs which differ in it say so."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attacks.language.resources import Resources
from reports.compare.comparable import differences
from reports.run import Manifest, RunError
from reports.run.seal import verify
from reports.run.store import load_run
from robustness.auditing import audit
from robustness.cli import main
from robustness.helpers.words import load_vectors
from robustness.planning.digests import without_names, word_pins
from robustness.victims.transformers.checkpoints import file_digest

VECTORS = "dull 1 0\ngrey 0.99 0.01\nfilm 0 1\n"
DATA = [("one dull film", "negative"), ("a great film", "positive")]


@pytest.fixture
def run_with(tmp_path: Path) -> Callable[..., Path]:
    """Audit with vectors of this content, in a file of this name."""

    def go(name: str, vectors: str, file: str = "mine.txt", **options: Any) -> Path:
        (tmp_path / file).write_text(vectors)
        resources = Resources(neighbours=load_vectors(tmp_path / file))
        settings = {"encoder": "none", **options}
        audit("scripted:keyword", DATA, recipes="deepwordbug", resources=resources, out=tmp_path / name, **settings)
        return tmp_path / name

    return go


def test_run_json_holds_the_hash_of_the_users_vectors(run_with: Callable[..., Path]) -> None:
    folder = run_with("run", VECTORS)
    told = json.loads((folder / "run.json").read_text())
    digest = sha256(VECTORS.encode()).hexdigest()
    assert told["resources"] == {"vectors": {"name": "mine.txt", "sha256": digest}}
    assert told["comparability"]["resources"] == {"vectors": {"sha256": digest}}
    assert str(folder.parent) not in (folder / "run.json").read_text()
    assert verify(folder).verdict == "verified"


def test_checkpoints_are_there_too(run_with: Callable[..., Path]) -> None:
    told = json.loads((run_with("run", VECTORS, encoder="minilm") / "run.json").read_text())
    assert set(told["resources"]) == {"encoder", "vectors"}
    assert set(told["resources"]["encoder"]) >= {"weights", "config", "tokenizer"}
    assert told["resources"]["encoder"] == told["comparability"]["encoder"]


def test_a_run_without_resources_of_the_users_own_is_comparable_as_ever(tmp_path: Path) -> None:
    run = audit("scripted:keyword", DATA, recipes="deepwordbug", encoder="none", out=tmp_path / "run")
    assert run.manifest.resources == {}
    assert "resources" not in run.manifest.comparability


def test_other_vectors_are_another_question(run_with: Callable[..., Path]) -> None:
    base, same = load_run(run_with("base", VECTORS)), load_run(run_with("same", VECTORS, file="copy.txt"))
    other = load_run(run_with("other", VECTORS.replace("grey", "gray")))
    assert differences(base, same) == ()
    (found,) = differences(base, other)
    assert found.what == "resources.vectors.sha256"
    told, whole = (found.base, found.candidate), [run.manifest.resources["vectors"]["sha256"] for run in (base, other)]
    assert all(digest.startswith(short.rstrip("…")) and len(short) > 8 for short, digest in zip(told, whole, strict=True))
    assert told[0] != told[1]


def test_a_run_is_not_resumed_with_other_vectors(run_with: Callable[..., Path]) -> None:
    run_with("run", VECTORS)
    with pytest.raises(RunError, match="it differs in resources"):
        run_with("run", VECTORS.replace("grey", "gray"), resume=True)


def test_named_files_and_folders_are_pinned_by_content(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a b\n")
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "part.bin").write_bytes(b"1")
    named = {"one": str(tmp_path / "list.txt"), "two": str(tmp_path / "folder"), "three": "none"}
    before = word_pins(Resources(named=named))
    assert before["resource one"] == {"name": "list.txt", "sha256": sha256(b"a b\n").hexdigest()}
    assert before["resource three"] == {"name": "none"}
    assert without_names(before)["resource three"] == {"name": "none"}
    (tmp_path / "folder" / "deep" / "part.bin").write_bytes(b"23")
    after = word_pins(Resources(named=named))
    assert [role for role in before if before[role] != after[role]] == ["resource two"]


def test_an_array_is_pinned_with_its_words(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.eye(2, dtype=np.float32))
    (tmp_path / "v.txt").write_text("dull\nfilm\n")
    before = word_pins(Resources(neighbours=load_vectors(tmp_path / "v.npy")))["vectors"]
    (tmp_path / "v.txt").write_text("warm\nfilm\n")
    after = word_pins(Resources(neighbours=load_vectors(tmp_path / "v.npy")))["vectors"]
    assert before["sha256"] == after["sha256"] == sha256((tmp_path / "v.npy").read_bytes()).hexdigest()
    assert before["words"] != after["words"]


def test_a_large_file_is_never_in_memory(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    found = file_digest(tmp_path / "large")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == sha256(bytes(64 << 20)).hexdigest()
    assert peak < 8 << 20


def test_a_run_json_of_before_is_read(run_with: Callable[..., Path]) -> None:
    raw = json.loads((run_with("run", VECTORS) / "run.json").read_text())
    del raw["resources"]
    assert Manifest.from_json(json.dumps(raw)).resources == {}
    with pytest.raises(ValueError, match="resources cannot be"):
        Manifest.from_json(json.dumps({**raw, "resources": []}))


def test_the_command_line_pins_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v.txt").write_text(VECTORS)
    Path("data.csv").write_text("text,label\none dull film,negative\na great film,positive\n")
    words = ("--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none")
    main(["audit", *words, "--vectors", "v.txt", "--resource", "counter-fitted=v.txt", "--out", "run", "-q", "--no-github"])
    told = json.loads(Path("run/run.json").read_text())["resources"]
    assert told == {
        role: {"name": "v.txt", "sha256": file_digest(Path("v.txt"))} for role in ("resource counter-fitted", "vectors")
    }
