"""``robustness view`` as typed: a real process, a real Ctrl-C, a real run that is being written, real static files."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from robustness.cli import main

URL = re.compile(r"http://127\.0\.0\.1:(\d+)/\?token=[\w-]{40,}\n")


def _start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "robustness", "view", *arguments]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, **environment}, preexec_fn=_interruptible, **streams)


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_it_prints_the_address_opens_the_browser_and_ends_quietly(runs: Path, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    process = _start(str(runs), "--port", "0", BROWSER=f"{browser} %s")
    assert process.stdout is not None
    url = process.stdout.readline()
    assert URL.fullmatch(url)
    until = time.monotonic() + 30
    while not (tmp_path / "opened").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert (tmp_path / "opened").read_text() == url
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == ""
    assert err.splitlines() == [f"the runs under {runs}, for one browser on this machine; Ctrl-C ends it"]


def test_its_address_comes_as_json_at_once(runs: Path) -> None:
    process = _start(str(runs), "--port", "0", "--no-browser", "--json")
    assert process.stdout is not None
    assert URL.fullmatch(json.loads(process.stdout.readline())["url"] + "\n")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0


def test_a_taken_port_is_said_and_the_usual_one_gives_way(runs: Path, capsys: Any, monkeypatch: Any) -> None:
    from robustness.view import server

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["view", str(runs), "--port", str(port), "--no-browser"]) == 2
        assert f"port {port} of 127.0.0.1 cannot be used" in capsys.readouterr().err
        monkeypatch.setattr(server, "USUAL_PORT", port)
        bound = server._bound(None)
        assert bound.getsockname()[1] != port
        bound.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "not there; expected a folder with runs"),
        (["--force"], "--force is for --bundle"),
        (["--bundle", "site", "--port", "1"], "--bundle writes files and serves nothing"),
        (["--port", "99999"], "65535"),
    ],
)
def test_mistakes_are_found_before_anything_is_served(
    arguments: list[str], said: str, runs: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(runs.parent)
    assert main(["view", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_flask_it_says_what_to_install_and_a_bundle_needs_none(runs: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "flask", None)
    assert main(["view", str(runs)]) == 2
    assert "pip install 'robustness-suite[view]'" in capsys.readouterr().err
    assert main(["view", str(runs), "--bundle", str(runs.parent / "site")]) == 0


def test_the_command_line_starts_without_flask() -> None:
    code = "import sys, robustness.cli; print([m for m in ('flask', 'werkzeug', 'jinja2') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_run_shows_live_while_another_process_writes_it(
    tmp_path: Path, serve: Any, write_inputs: Any, audit_command: list[str], monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    write_inputs(tmp_path, 60)
    (tmp_path / "runs").mkdir()
    mine = serve(tmp_path / "runs")
    mine.enter()
    assert "There is no run here yet" in mine.ask("/")[1]
    command = [sys.executable, "-m", "robustness", *audit_command, "--victim", "python:victims.py:slow", "--out", "runs/live"]
    writer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        seen: list[int] = []
        until = time.monotonic() + 120
        while time.monotonic() < until and not (len(seen) > 1 and seen[-1] > seen[0]):
            found = re.search(r'href="run/([a-z0-9-]+)\.html"', mine.ask("/")[1])
            if found:
                body = mine.ask(f"/run/{found[1]}.html")[1]
                assert "Passed" not in re.sub(r"<style>.*?</style>", "", body, flags=re.S)
                counted = re.search(r"([\d,]+) of at most [\d,]+ trials have ended, and another process is writing more", body)
                seen += [int(counted[1].replace(",", ""))] if counted else []
            time.sleep(0.05)
        assert len(seen) > 1
        assert seen[-1] > seen[0], "it grows while it is written"
    finally:
        writer.kill()
        writer.wait()
    body = mine.ask("/")[1]
    assert "It stopped after" in body
    assert "Not finished" in body


@pytest.fixture
def site(runs: Path, capsys: Any) -> Path:
    shutil.copytree(runs / "nächtlich 1", runs / "second")
    into = runs.parent / "site"
    assert main(["view", str(runs), "--bundle", str(into)]) == 0
    assert f"the first is {into}" in capsys.readouterr().out
    return into


def test_a_bundle_holds_every_page_and_every_link_leads_to_one(site: Path, runs: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    folders = {page.relative_to(site).parent.as_posix() for page in pages}
    assert folders == {".", "run", "victim", "together", "compare"}
    for page in pages:
        text = page.read_text("utf-8")
        for target in re.findall(r'href="(?!https?:|data:|#)([^"#]+)', text):
            assert (page.parent / target).is_file(), f"{page.name} leads to {target}"
        assert runs.as_posix() not in text
        assert "default-src 'none'" in text.partition("</head>")[0].replace("&#39;", "'")
        assert "failures.csv</a>" not in text, "a bundle brings no files of the run along"
        assert "connect-src" not in text.partition("</head>")[0]


def test_a_bundle_writes_over_nothing_unless_told_and_takes_only_its_own_pages_away(site: Path, runs: Path, capsys: Any) -> None:
    (site / "mine.txt").write_text("keep")
    (site / "run" / "mine.html").write_text("keep")
    assert main(["view", str(runs), "--bundle", str(site)]) == 2
    assert "is not empty" in capsys.readouterr().err
    shutil.rmtree(runs / "second")
    before = {page.name for page in (site / "run").iterdir()}
    contents = (site / "bundle.json").read_text()
    outside = site.parent / "outside.html"
    outside.write_text("keep")
    (site / "bundle.json").write_text(contents.replace('"files": [', '"files": ["../outside.html", "mine.txt", 7,'))
    assert main(["view", str(runs), "--bundle", str(site), "--force"]) == 0
    gone = before - {page.name for page in (site / "run").iterdir()}
    assert len(gone) == 1
    assert all(name.startswith("second-") for name in gone)
    assert [p.read_text() for p in (site / "mine.txt", site / "run" / "mine.html", outside)] == ["keep"] * 3


def test_a_bundle_is_never_written_into_a_run_or_through_a_link(runs: Path, tmp_path: Path, capsys: Any) -> None:
    run = runs / "nächtlich 1"
    for into in (run, run / "site"):
        assert main(["view", str(runs), "--bundle", str(into), "--force"]) == 2
        assert "breaks its seal" in capsys.readouterr().err
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "run").symlink_to(elsewhere)
    assert main(["view", str(runs), "--bundle", str(tmp_path / "site"), "--force"]) == 2
    assert "is a link" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []
    assert main(["verify", str(run)]) == 0
