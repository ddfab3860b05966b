"""No edit is sealed again, by any command; and no crash counts as an edit."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.run import seal
from robustness.cli import main

ROWS = ["text,label", *(f"a dull film number {i},negative" for i in range(12))]
AUDIT = ["audit", "--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none",
         "--out", "run", "-q"]  # fmt: skip
RUN = Path("run")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("GITHUB_ACTIONS", raising=False)
        Path("data.csv").write_text("\n".join(ROWS) + "\n")
        assert main(AUDIT) == 0
    return folder


@pytest.fixture(autouse=True)
def folder(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished, sealed run."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def edit(name: str, old: str, new: str) -> None:
    text = (RUN / name).read_text()
    assert old in text
    (RUN / name).write_text(text.replace(old, new))


def unfinish() -> None:
    edit("run.json", '"finished": true', '"finished": false')


def launder() -> None:
    """Breaks become survivals, and the run reads as if it had been killed, so that nothing holds its lines."""
    edit("outcomes.jsonl", '"status":"succeeded"', '"status":"failed"')
    unfinish()


def forge() -> None:
    """Breaks become survivals, and the digest in ``run.json`` is made to agree."""
    edit("outcomes.jsonl", '"status":"succeeded"', '"status":"failed"')
    lines = (RUN / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    total = sum(int.from_bytes(hashlib.sha256(line).digest()) for line in lines) % (1 << 256)
    manifest = json.loads((RUN / "run.json").read_text())
    manifest["outcomes"]["digest"] = f"{total:064x}"
    (RUN / "run.json").write_text(json.dumps(manifest, indent=2) + "\n")


def reverse() -> None:
    lines = (RUN / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    (RUN / "outcomes.jsonl").write_bytes(b"".join(reversed(lines)))


EDITS: dict[str, Callable[[], None]] = {
    "laundered": launder,
    "forged": forge,
    "unfinished": unfinish,
    "versions": lambda: edit("run.json", '"python": "', '"python": "9'),
    "date": lambda: edit("run.json", '"created": "2', '"created": "1'),
    "lexicons": lambda: edit("run.json", '"lexicon.tsv.gz": "', '"lexicon.tsv.gz": "0'),
    "outcomes gone": lambda: (RUN / "outcomes.jsonl").unlink(),
    "outcomes in another order": reverse,
    "seal": lambda: edit("seal.json", '"digest": "', '"digest": "0'),
}


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS.keys())
def test_resume_refuses_an_edited_run_and_leaves_its_seal(change: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    change()
    assert main([*AUDIT, "--resume", "--min-robust-accuracy", "80%"]) == 2
    assert "run" in capsys.readouterr().err
    assert (RUN / "seal.json").exists()
    assert main(["verify", "run", "-q"]) == 1


def test_resume_makes_lost_or_edited_reports_again() -> None:
    (RUN / "report.md").write_text("all is well")
    (RUN / "junit.xml").unlink()
    assert main([*AUDIT, "--resume"]) == 0
    assert main(["verify", "run", "-q"]) == 0


def test_a_killed_run_has_no_seal_and_resumes() -> None:
    (RUN / "seal.json").unlink()
    launder()
    lines = (RUN / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    (RUN / "outcomes.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:40])
    assert main([*AUDIT, "--resume"]) == 0
    assert main(["verify", "run", "-q"]) == 0


class Killed(BaseException):
    """Ends a command on the spot; the program's last line of defence may catch it, and writes nothing then."""


def killed(after: int, *command: str) -> bool:
    """Run a command that dies at its write number ``after``, counted from 0; whether it got that far."""
    left, opened = after, Path.open

    def counted(of: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1 if of is not opened or "w" in args[1:2] else 0
            if left < 0:
                raise Killed
            return of(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((Path, "write_text"), (Path, "replace"), (Path, "open"), (os, "fsync")):
            patch.setattr(owner, name, counted(getattr(owner, name)))
        with contextlib.suppress(Killed):
            main(command)
    return left < 0


@pytest.mark.parametrize("command", [["report", "run"], ["minimise", "run", "--victim", "scripted:keyword"]], ids=lambda c: c[0])
def test_a_command_that_is_killed_at_any_write_is_no_edit_and_ends_when_repeated(command: list[str]) -> None:
    after = 0
    while killed(after, *command, "-q"):
        assert main(["verify", "run", "-q"]) in (0, 3), after
        after += 1
    assert after > 5
    assert main(["verify", "run", "-q"]) == 0


@pytest.mark.parametrize("target", ["report.md", "gone", "."])
def test_a_link_in_a_run_is_an_edit(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    (RUN / "more").symlink_to(target)
    assert main(["verify", "run"]) == 1
    assert "added    more" in capsys.readouterr().out
    (RUN / "more").unlink()
    (RUN / "kept").write_bytes((RUN / "outcomes.jsonl").read_bytes())
    (RUN / "outcomes.jsonl").unlink()
    (RUN / "outcomes.jsonl").symlink_to("kept")
    assert main(["verify", "run"]) == 1
    assert "changed  outcomes.jsonl" in capsys.readouterr().out


def test_an_edit_during_a_killed_rendering_is_still_an_edit() -> None:
    after = 0
    while killed(after, "report", "run", "-q") and main(["verify", "run", "-q"]) != 3:
        after += 1
    edit("outcomes.jsonl", '"queries":', '"queries":1')
    assert main(["verify", "run", "-q"]) == 1
    assert main(["report", "run", "-q"]) == 2
    assert main([*AUDIT, "--resume"]) == 2


def test_a_seal_is_whole_or_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    before = (RUN / "seal.json").read_bytes()

    def die(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", die)
        with pytest.raises(OSError, match="no space"):
            seal.write_seal(RUN)
    assert (RUN / "seal.json").read_bytes() == before
    assert main(["verify", "run", "-q"]) == 0


def digest() -> str:
    return str(json.loads((RUN / "seal.json").read_text())["digest"])


COMMANDS: dict[str, list[str]] = {
    "gate": ["gate", "run", "--min-robust-accuracy", "1%"],
    "report": ["report", "run"],
    "compare": ["compare", "run", "run"],
    "replay": ["replay", "run", "--victim", "scripted:keyword"],
    "minimise": ["minimise", "run", "--victim", "scripted:keyword"],
    "transfer": ["transfer", "run", "--victims", "scripted:keyword"],
    "review": ["review", "run", "--sample", "2"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_digest_kept_elsewhere_is_asked_for_by_every_command_that_reads_a_run(command: list[str]) -> None:
    kept = digest()
    assert main([*command, "--expect", "0" * 64]) == 2
    assert main([*command, "--expect", ""]) == 2
    assert main([*command, "--expect", kept]) != 2
    (RUN / "seal.json").unlink()
    assert main([*command, "--expect", kept]) == 2


def test_a_run_that_was_forged_with_its_seal_is_another_run(capsys: pytest.CaptureFixture[str]) -> None:
    kept = digest()
    (RUN / "seal.json").unlink()
    forge()
    capsys.readouterr()
    assert main(["gate", "run", "-q", "--min-robust-accuracy", "20%"]) in (0, 3)
    assert "unsealed" in capsys.readouterr().err
    assert main(["report", "run", "-q"]) == 0
    assert main(["gate", "run", "-q", "--min-robust-accuracy", "20%", "--expect", kept]) == 2


def test_the_digest_is_printed_with_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ([*AUDIT, "--resume"], ["gate", "run", "-q"], ["replay", "run", "--victim", "scripted:keyword", "-q"]):
        main(command)
        assert f"sealed, digest {digest()}" in capsys.readouterr().err
    main(["gate", "run"])
    assert f"sealed, digest {digest()}" in capsys.readouterr().out
    main(["gate", "run", "--json"])
    assert json.loads(capsys.readouterr().out)["seal"] == {"verdict": "verified", "digest": digest()}
    (RUN / "report.md").write_text("all is well")
    main(["gate", "run"])
    assert "EDITED since it was sealed: report.md (changed)" in capsys.readouterr().out
