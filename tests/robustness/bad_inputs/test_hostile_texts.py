"""Texts that break tools: each is audited to the end or counted as an error, and no report carries a live payload."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# name, text; each holds one word that makes it negative for the victim, so that one typo breaks it
TEXTS = {
    "a megabyte": "bad " + "plain words " * 87_000,
    "one long word": "bad " + "x" * 100_000,
    "right-to-left": "bad שלום עולם مرحبا بالعالم",
    "bidi controls": "bad \u202ereversed\u202c and \u2066isolated\u2069",
    "emoji": "bad 👩‍👩‍👧‍👦🏳️‍🌈 🇪🇺 1️⃣",
    "combining marks": "bad Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "control characters": "bad \x00\x01\x07\x08\x1b[31mred\x1b[0m\x7f",
    "line breaks": "bad\r\nfilm\n\nwith\u2028many\u0085lines\x0b\x0c",
    "markup": "bad <script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>",
    "closing tags": "bad </td></table></body></html></script><!-- ]]>",
    "template": "bad {{ 7 * 7 }} {% raw %} ${7*7} <%= 1 %>",
    "formula": '=HYPERLINK("http://example.org","bad")',
    "formula with plus": "+1+bad",
    "formula with at": "@SUM(bad)",
    "formula after tab": "\t=1+1 bad",
    "markdown": "bad | **bold** [link](javascript:alert(1)) ![x](http://example.org/x.png) `code`\n# title",
    "only the word": "bad",
    "noncharacters": "bad \ufffe\uffff\ufdd0",
    "private use": "bad \ue000\U0010fffd",
    "a lonely mark": "bad \u200d\ufeff\u0301",
    "a path": "bad ../../etc/passwd C:\\con %00 $(reboot) `reboot`",
    "rich markup": "bad [bold red]styled[/bold red] [/nope] [link=file:///etc]x[/link]",
}
# texts without any word to change: no attack finds a candidate, or all that it finds leave the words alone
WORDLESS = {"punctuation": "?!… --- ***", "a space between dots": ". .", "one emoji": "🙂", "zero width": "\u200b\u200b\u2060"}
OTHERS = [{"text": "a lovely film", "label": "positive"}, {"text": "a dull mess", "label": "negative"}]


def lines(*texts: str, label: str = "negative") -> str:
    return "".join(json.dumps(row) + "\n" for row in [*OTHERS, *({"text": t, "label": label} for t in texts)])


def held(ended: Any) -> None:
    assert ended.code in (0, 1, 3), (ended.code, ended.err[-2000:])
    for crash in ("internal error", "Traceback"):
        assert crash not in ended.err


def harmless(folder: Path) -> None:
    """No report holds what a browser would run, a spreadsheet would compute or a terminal would obey."""
    page = (folder / "report.html").read_text("utf-8")
    for live in ("<script>alert", "<img src=x", "<svg/onload", "</script><!--"):
        assert live not in page
    assert not re.search(r"href=.?\s*javascript:", page)
    for name in ("report.md", "junit.xml", "failures.csv", "report.html"):
        content = (folder / name).read_text("utf-8")
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", content), name
    with (folder / "failures.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if re.match(r"\s*[=@+]|\s*-\D", cell)]


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n == "a megabyte" else n for n in TEXTS])
def test_texts_are_audited_to_the_end(name: str, audit: Callable[..., Any]) -> None:
    ended = audit("--data x.jsonl --budget 60", {"x.jsonl": lines(TEXTS[name])})
    held(ended)
    found = [o for o in ended.outcomes() if o["texts"]["text"] == TEXTS[name]]
    assert len(found) == 1
    assert found[0]["status"] in ({"exhausted"} if name == "a megabyte" else {"succeeded"}), found[0]
    harmless(ended.folder / "run")


@pytest.mark.parametrize("name", WORDLESS)
def test_texts_without_words_are_told_apart_from_survivors(name: str, audit: Callable[..., Any]) -> None:
    ended = audit("--data x.jsonl --victim scripted:constant", {"x.jsonl": lines(WORDLESS[name], label="positive")})
    held(ended)
    assert any(o["texts"]["text"] == WORDLESS[name] and o["proposed"] == 0 for o in ended.outcomes())
    assert "zero-candidates" in [flag["code"] for flag in ended.manifest()["flags"]]


def test_every_text_at_once_in_every_report(audit: Callable[..., Any], command: Callable[..., Any]) -> None:
    short = [t for t in TEXTS.values() if len(t) < 1000]
    ended = audit("--data x.jsonl --recipes pwws --budget 60", {"x.jsonl": lines(*short)})
    held(ended)
    harmless(ended.folder / "run")
    kept = (ended.folder / "run" / "failures.jsonl").read_text("utf-8").splitlines()
    assert set(short) <= {json.loads(line)["texts"]["text"] for line in kept}
    assert command("report run").code == 0
    harmless(ended.folder / "run")


def test_the_terminal_and_json_stay_clean(audit: Callable[..., Any], command: Callable[..., Any]) -> None:
    hostile = {"x.jsonl": lines(*(TEXTS[name] for name in ("bidi controls", "control characters", "rich markup", "markup")))}
    loud = command("audit --victim scripted:keyword --data x.jsonl --recipes deepwordbug --encoder none --out loud", hostile)
    held(loud)
    data = audit("--data x.jsonl --json")
    held(data)
    assert json.loads(data.out)["run"]
    told = [loud, data]
    for name in ("bidi controls", "rich markup", "markup"):
        told.append(
            command(
                f"attack {shlex.quote(TEXTS[name])} --label neg --victim scripted:keyword --recipe deepwordbug --encoder none -q"
            )
        )
        assert told[-1].code in (0, 1, 3), told[-1].err
    for ended in told:
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", ended.out)


def test_hostile_column_names_and_values_stay_text(audit: Callable[..., Any]) -> None:
    bad = {"<script>alert(2)</script>": "=1+1", "a\nb": "<img src=x onerror=alert(3)>", "": "\u202e", "@x": "\x1b[31m"}
    rows = [{"text": f"bad film {i}", "label": "negative", **bad} for i in range(3)]
    ended = audit("--data x.jsonl", {"x.jsonl": "".join(json.dumps(row) + "\n" for row in rows) + lines()})
    held(ended)
    harmless(ended.folder / "run")


def test_hostile_ids_and_labels_stay_text(audit: Callable[..., Any]) -> None:
    rows = [
        {"id": i, "text": t, "label": y}
        for i, t, y in (("<script>alert(4)</script>", "good", "positive"), ("=1", "bad", "negative"))
    ]
    ended = audit("--data x.jsonl", {"x.jsonl": "".join(json.dumps(row) + "\n" for row in rows)})
    held(ended)
    harmless(ended.folder / "run")


def test_a_lone_surrogate_is_dropped_and_the_rest_is_audited(audit: Callable[..., Any]) -> None:
    ended = audit("--data x.jsonl", {"x.jsonl": lines() + '{"text": "bad \\ud800", "label": "negative"}\n'})
    held(ended)
    assert len(ended.outcomes()) == 2
    assert any("lone surrogate" in message for message in ended.manifest()["data"]["report"])


def test_a_victim_that_raises_on_a_hostile_message_is_quoted_safely(audit: Callable[..., Any]) -> None:
    text = "bad <script>alert(5)</script> \x1b[31m"
    victim = (
        "import json\ndef predict(texts):\n    if any('<script>' in t for t in texts):\n        raise ValueError(texts[-1])\n"
    )
    victim += (
        "    return [[0.1, 0.9] if 'lovely' in t else [0.9, 0.1] for t in texts]\npredict.labels = ('negative', 'positive')\n"
    )
    ended = audit("--data x.jsonl --victim python:v.py:predict", {"x.jsonl": lines(text), "v.py": victim})
    assert ended.code == 1
    assert [o["status"] for o in ended.outcomes()].count("error") == 1
    harmless(ended.folder / "run")
    assert "\x1b[31m" not in ended.out + ended.err
