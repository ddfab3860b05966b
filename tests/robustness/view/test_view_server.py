"""The workbench's server as other programs, other sites and other users of the machine see it: real requests on loopback."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from reports.render.bench.catalogue import Catalogue

TRAVERSALS = (
    *("/../../etc/passwd", "/run/../../../etc/passwd.html", "/run/%2e%2e%2f%2e%2e%2fetc%2fpasswd.html", "/run/..%5c..%5cx.html"),
    *("/run//etc/passwd.html", "/run/%00.html", "/run/.html", "/victim/%2e%2e.html", "/compare/..--...html", "/run.json"),
    *("/n%C3%A4chtlich%201/run.json", "/together.html?run=../x&run=/etc/passwd"),
)


def digest(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def only_id(runs: Path) -> str:
    return Catalogue(runs).runs()[0].id


@pytest.mark.parametrize("path", ["/", "/index.html", "/?token=", "/?token=wrong", "/together.html", "/nowhere", "/?token=%FF"])
def test_without_the_token_nothing_is_told(runs: Path, serve: Any, path: str) -> None:
    status, body, headers = serve(runs).ask(path)
    assert status == 403
    assert "victims.py" not in body
    assert "set-cookie" not in headers


def test_the_token_opens_once_and_the_cookie_ever_after(runs: Path, serve: Any) -> None:
    mine = serve(runs)
    cookie = mine.enter()["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert mine.workbench.guard.token not in cookie
    assert [mine.ask("/")[0], mine.ask("/index.html")[0], mine.ask(f"/run/{only_id(runs)}.html")[0]] == [200, 200, 200]
    token, mine.cookie = mine.workbench.guard.token, ""
    assert mine.ask(f"/?token={token}")[0] == 403, "whoever reads the address later cannot use it"
    mine.cookie = f"{mine.workbench.guard.cookie}={token}"
    assert mine.ask("/")[0] == 403, "the token is no cookie"


def test_a_guessed_cookie_is_refused_before_the_token_was_spent(runs: Path, serve: Any) -> None:
    mine = serve(runs)
    mine.cookie = f"{mine.workbench.guard.cookie}="
    assert mine.ask("/")[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", "[::1]", "", "127.0.0.1.evil.example"])
def test_another_host_is_refused_even_with_the_cookie(runs: Path, serve: Any, host: str) -> None:
    mine = serve(runs)
    mine.enter()
    status, body, _ = mine.ask("/", Host=host)
    assert status in (400, 403)
    assert "victims.py" not in body


def test_a_foreign_host_does_not_spend_the_token(runs: Path, serve: Any) -> None:
    mine = serve(runs)
    assert mine.ask(f"/?token={mine.workbench.guard.token}", Host="evil.example")[0] == 403
    mine.enter()


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}],
)
def test_another_site_is_refused_even_with_the_cookie(runs: Path, serve: Any, headers: dict[str, str]) -> None:
    mine = serve(runs)
    mine.enter()
    assert mine.ask("/", **headers)[0] == 403
    assert mine.ask("/", Sec_Fetch_Site="same-origin")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_it_only_shows(runs: Path, serve: Any, method: str) -> None:
    mine = serve(runs)
    mine.enter()
    assert mine.ask("/index.html", method)[0] in (405, 501)


def test_no_path_leads_out_of_the_folder(runs: Path, serve: Any) -> None:
    mine = serve(runs)
    mine.enter()
    for path in TRAVERSALS:
        status, body, _ = mine.ask(path)
        assert status in (400, 404), path
        assert "root:" not in body


def test_links_out_of_the_folder_are_listed_and_not_followed(runs: Path, serve: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    shutil.copytree(runs / "nächtlich 1", secret)
    (secret / "report.md").write_text("the secret")
    (runs / "folder-link").symlink_to(secret, target_is_directory=True)
    for name in ("run.json", "outcomes.jsonl", "minimised.jsonl"):
        shutil.copytree(runs / "nächtlich 1", runs / name)
        (runs / name / name).unlink(missing_ok=True)
        (runs / name / name).symlink_to(secret / "report.md")
    os.mkfifo(runs / "pipe.fifo")
    shutil.copytree(runs / "nächtlich 1", runs / "pipe")
    (runs / "pipe" / "summary.json").unlink()
    os.mkfifo(runs / "pipe" / "summary.json")
    mine = serve(runs)
    mine.enter()
    body = mine.ask("/")[1]
    assert "folder-link" not in body
    for name in ("run.json", "outcomes.jsonl", "minimised.jsonl", "pipe"):
        listed = next(one for one in Catalogue(runs).runs() if one.name == name)
        assert listed.verdict == "unreadable"
        assert "It is not opened" in body
        status, page, _ = mine.ask(f"/run/{listed.id}.html")
        assert status == 200
        assert "the secret" not in page
        assert "This run cannot be shown" in page


def test_every_answer_is_closed_to_scripts_frames_and_other_sites(runs: Path, serve: Any) -> None:
    mine = serve(runs)
    mine.enter()
    for path in ("/", f"/run/{only_id(runs)}.html", "/nowhere"):
        headers = mine.ask(path)[2]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "werkzeug" not in headers.get("server", "").lower()


def test_files_of_a_run_are_downloads_and_nothing_else_of_its_folder_is_sent(runs: Path, serve: Any) -> None:
    (runs / "nächtlich 1" / "notes.html").write_text("<script>1</script>")
    mine = serve(runs)
    mine.enter()
    run = f"/run/{only_id(runs)}"
    links = re.findall(rf'href="({only_id(runs)}/[^"]+)"', mine.ask(f"{run}.html")[1])
    assert f"{only_id(runs)}/failures.csv" in links
    for link in links:
        status, body, headers = mine.ask(f"/run/{link}")
        assert status == 200
        assert body.encode() == (runs / "nächtlich 1" / link.partition("/")[2]).read_bytes()
        assert headers["content-disposition"].startswith("attachment")
        assert headers["content-type"] == "application/octet-stream"
        assert "default-src 'none'" in headers["content-security-policy"]
    for name in ("report.html", "notes.html", "minimised.jsonl", "..%2frun.json", ""):
        assert mine.ask(f"{run}/{name}")[0] == 404
    mine.cookie = ""
    assert mine.ask(f"{run}/failures.csv")[0] == 403


def test_nothing_is_written(runs: Path, serve: Any) -> None:
    before = digest(runs)
    mine = serve(runs)
    mine.enter()
    for path in ("/", f"/run/{only_id(runs)}.html", "/together.html?run=a&run=b"):
        mine.ask(path)
    assert digest(runs) == before


def test_only_this_machine_can_reach_it(runs: Path, serve: Any) -> None:
    port = int(serve(runs).workbench.guard.authority.partition(":")[2])
    with socket.socket() as other:
        other.settimeout(5)
        with pytest.raises(OSError, match=r"refused|unreachable"):
            other.connect(("127.0.0.2", port))


def test_a_run_that_appears_later_is_there(runs: Path, serve: Any) -> None:
    mine = serve(runs)
    mine.enter()
    assert "second" not in mine.ask("/")[1]
    shutil.copytree(runs / "nächtlich 1", runs / "second")
    assert "second" in mine.ask("/")[1]
    shutil.rmtree(runs / "second")
    assert "second" not in mine.ask("/")[1]
