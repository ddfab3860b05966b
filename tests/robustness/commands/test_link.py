"""The last line of what wrote a page is where to click, and ``--open`` opens it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from robustness.cli import main

SHORT = ("--victim", "scripted:keyword", "--recipes", "deepwordbug", "--encoder", "none")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("a folder, è")
    (here / "films.csv").write_text("text,label\na dull film,negative\na great film,positive\n")
    assert main(["audit", *SHORT, "--data", str(here / "films.csv"), "--out", str(here / "run"), "-q"]) == 0
    return here / "run"


def test_audit_report_and_compare_end_with_a_link(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(run.parent / "films.csv")
    for words, page in (
        (["audit", *SHORT, "--data", data, "--out", str(tmp_path / "b")], tmp_path / "b/report.html"),
        (["report", str(run)], run / "report.html"),
        (["compare", str(run), str(tmp_path / "b"), "--out", str(tmp_path / "c")], tmp_path / "c/comparison.html"),
    ):
        main(words)
        assert capsys.readouterr().out.splitlines()[-1] == page.resolve().as_uri()
    for quiet in ("-q", "--json"):
        main(["report", str(run), quiet])
        assert "file://" not in capsys.readouterr().out


def test_a_terminal_gets_a_link_that_can_be_clicked(run: Path) -> None:
    import pexpect

    child = pexpect.spawn(
        sys.executable, ["-m", "robustness", "report", str(run)], encoding="utf-8", timeout=60, dimensions=(24, 60)
    )
    said = child.read()
    child.wait()
    uri = (run / "report.html").resolve().as_uri()
    assert f"{uri}\x1b\\" in said
    assert f"\\{uri}\x1b" in said or f"m{uri}\x1b" in said, "the whole address on one line, however narrow the terminal"


def test_open_hands_the_page_to_the_browser(run: Path, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/seen\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    env = os.environ | {"BROWSER": f"{browser} %s"}
    subprocess.run([sys.executable, "-m", "robustness", "report", str(run), "--open", "-q"], env=env, check=True, timeout=60)
    assert (tmp_path / "seen").read_text().strip() == (run / "report.html").resolve().as_uri()
    assert main(["compare", str(run), str(run), "--open"]) == 2
