"""The seal: an edit to any file is detected, and is never sealed again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.render import render_all
from reports.run import Run, RunError
from reports.run.seal import RENDERED, SEAL, refuse_edited, verify, write_seal
from reports.run.store import RunWriter, load_run

FILES = ("run.json", "outcomes.jsonl", *RENDERED)


@pytest.fixture
def sealed(rich_run: Run) -> Path:
    render_all(rich_run)
    return rich_run.path


def test_a_fresh_folder_is_verified_and_covers_every_file(sealed: Path) -> None:
    found = verify(sealed)
    assert found.verdict == "verified"
    assert {file.name for file in found.files} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_of_any_file_is_noticed(sealed: Path, name: str) -> None:
    content = bytearray((sealed / name).read_bytes())
    content[len(content) // 2] ^= 1
    (sealed / name).write_bytes(bytes(content))
    found = verify(sealed)
    assert found.exit_code == 1
    assert [(file.name, file.state) for file in found.files if file.state != "intact"] == [(name, "changed")]


@pytest.mark.parametrize("name", FILES)
def test_lost_and_shortened_files_are_noticed(sealed: Path, name: str) -> None:
    content = (sealed / name).read_bytes()
    (sealed / name).write_bytes(content[:-1])
    assert verify(sealed).exit_code == 1
    (sealed / name).unlink()
    assert "missing" in {file.state for file in verify(sealed).files}


def test_an_added_file_is_noticed(sealed: Path) -> None:
    (sealed / "more").mkdir()
    (sealed / "more" / "note.txt").write_text("x")
    assert verify(sealed).exit_code == 1


def test_an_edited_seal_is_no_missing_seal(sealed: Path) -> None:
    body = json.loads((sealed / SEAL).read_text())
    del body["files"]["report.md"]
    (sealed / SEAL).write_text(json.dumps(body))
    assert verify(sealed).verdict == "edited"
    (sealed / SEAL).write_text("{")
    assert verify(sealed).verdict == "edited"


def test_without_a_seal_nothing_is_verified(sealed: Path) -> None:
    digest = verify(sealed).digest
    (sealed / SEAL).unlink()
    assert verify(sealed).exit_code == 3
    assert verify(sealed, digest).exit_code == 1


def test_a_digest_kept_elsewhere_catches_a_rewritten_seal(sealed: Path) -> None:
    digest = verify(sealed).digest
    assert verify(sealed, digest).exit_code == 0
    (sealed / "report.md").write_text("all is well")
    write_seal(sealed)
    assert verify(sealed).exit_code == 0
    assert verify(sealed, digest).exit_code == 1


def test_an_edited_manifest_is_not_sealed_anew(sealed: Path) -> None:
    text = (sealed / "run.json").read_text()
    (sealed / "run.json").write_text(text.replace('"weights": "abc"', '"weights": "abd"'))
    with pytest.raises(RunError, match=r"run\.json was edited"):
        load_run(sealed)
    with pytest.raises(RunError, match=r"run\.json \(changed\)"):
        refuse_edited(sealed, RENDERED)
    assert verify(sealed).exit_code == 1


def test_rendering_again_needs_only_the_log(sealed: Path) -> None:
    (sealed / "report.md").unlink()
    render_all(load_run(sealed))
    assert verify(sealed).exit_code == 0


def test_a_resumed_run_is_unsealed_until_it_ends(sealed: Path) -> None:
    with RunWriter.resume(sealed, load_run(sealed).manifest):
        pass
    assert verify(sealed).exit_code == 3


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run folder"):
        verify(tmp_path / "none")
