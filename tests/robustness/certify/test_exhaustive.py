"""Exhaustive certificates: the space is exactly what it says, and nothing but a full answer certifies an example."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.search import Unusable
from reports.gate.gate import evaluate
from reports.gate.policy import parse_policy
from reports.run.certificates import CERTIFICATES, COUNTEREXAMPLES, block, read_certificates, write_certificates
from reports.run.manifest import RunError
from reports.run.store import load_run
from robustness.certify.certify import certify
from robustness.certify.exhaustive import Exhaustive
from robustness.certify.frame import Asked, Frame
from robustness.certify.lexicons import load_declared
from robustness.certify.spaces import CHARACTER_EDITS, CharacterSpace, WordSpace, letters_of, parse_space
from robustness.cli import main
from robustness.engine.backends import VictimBackend
from robustness.engine.converse import over_victim
from robustness.engine.engine import Oracles
from robustness.errors import UsageError, VictimError
from robustness.tasks.registry import task_named
from robustness.tasks.task import space_of
from robustness.testing.null_server import serving
from robustness.victims.scripted import ScriptedVictim

SMALL = CharacterSpace(1, CHARACTER_EDITS, ("a", "b"), "ab")


def sphere(texts: set[str]) -> set[str]:
    """Every text at one edit of one of these, over a and b, the plain way."""
    found = set()
    for t in texts:
        for i in range(len(t) + 1):
            found |= {t[:i] + c + t[i:] for c in "ab"} | {t[:i] + c + t[i + 1 :] for c in "ab" if i < len(t)}
            found |= {t[:i] + t[i + 1 :]} | ({t[:i] + t[i + 1] + t[i] + t[i + 2 :]} if i + 1 < len(t) else set())
    return found


@given(st.text("abc ", max_size=9))
def test_one_edit_of_characters_is_the_whole_sphere_each_text_once(text: str) -> None:
    made = [one for one, _ in SMALL.texts(text)]
    assert set(made) == sphere({text}) - {text}
    assert len(made) == len(set(made)) == SMALL.size(text), "the formula counts texts, not edits"


@given(st.text("abc", max_size=4))
def test_two_edits_are_the_sphere_of_the_sphere(text: str) -> None:
    two = CharacterSpace(2, CHARACTER_EDITS, ("a", "b"), "ab")
    made = [one for one, _ in two.texts(text)]
    assert set(made) == (sphere(sphere({text})) | sphere({text})) - {text}
    assert len(made) == len(set(made)) <= two.size(text)


@given(st.text("ab ", min_size=3, max_size=9), st.data())
def test_protected_spans_are_never_touched(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    for made, _ in SMALL.texts(text, [(start, end)]):
        before, after = made[: len(made) - (len(text) - end)], made[len(made) - (len(text) - end) :]
        assert text[start:end] in made
        assert made.startswith(text[:end]) or after == text[end:] or before == text[:end]


def test_sizes_are_those_that_were_measured() -> None:
    text = "the quick brown fox jumps over it"
    assert parse_space("char-1:swap+delete").size(text) == 2 * len(text) - 1
    assert parse_space("char-1").size(text) == pytest.approx(54 * len(text), rel=0.03)


def test_words_are_replaced_by_what_the_lexicon_lists_and_nothing_else_changes(tmp_path: Path) -> None:
    (tmp_path / "mine.tsv").write_text("good\tfine great\nfilm\tmovie\n")
    space = parse_space("word-1", lexicon=str(tmp_path / "mine.tsv"))
    text = "A Good film, a good 'film'!"
    made = {one for one, _ in space.texts(text)}
    expected = {("A Fine film", 0), ("A Great film", 0), ("A Good movie", 0)}
    assert {one for one, _ in expected} <= {one.split(",")[0] for one in made}
    assert len(made) == space.size(text) == 6
    assert space.name == "word-1@mine"
    two = WordSpace(2, load_declared(str(tmp_path / "mine.tsv")))
    assert len(list(two.texts(text))) == two.size(text) == 6 + 13
    assert not [one for one, _ in space.texts(text, [(2, 6)]) if not one.startswith("A Good")]
    assert parse_space("word-1").size("a very good film") > 10


def test_a_space_has_a_name_a_formula_and_a_digest() -> None:
    whole, part = parse_space("char-1"), parse_space("char-1:delete+swap", alphabet=None)
    assert (whole.name, part.name) == ("char-1", "char-1:swap+delete")
    assert parse_space("char-1:insert", alphabet="a-c").name == "char-1:insert@a-c"
    assert "n * a" in whole.record(())["formula"]
    assert whole.record(())["digest"] != parse_space("char-1", alphabet="a-y").record(())["digest"]
    assert letters_of("a-cx-") == ("-", "a", "b", "c", "x")


@pytest.mark.parametrize(
    ("spec", "more", "said"),
    [
        ("char-3", {}, "--space expects char-1"),
        ("char-1:flip", {}, "no edit of characters is called 'flip'"),
        ("char-1", {"alphabet": ""}, "--alphabet expects"),
        ("char-1", {"alphabet": "z-a"}, "is no range"),
        ("char-1:swap", {"alphabet": "a-z"}, "has neither"),
        ("word-1", {"alphabet": "a-z"}, "replaces words"),
        ("word-1", {"lexicon": "none.tsv"}, "builtin, nltk or a file"),
    ],
)
def test_a_space_that_cannot_be_meant_is_refused(spec: str, more: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_space(spec, **more)


def found_of(answer: Any, texts: Sequence[str], space: Any = SMALL, label: int = 1, **more: Any) -> list[Any]:
    victim = ScriptedVictim("test", answer)
    task = task_named("classification")
    frame = Frame(task, task.goal("", space_of(victim)), 0, space_of(victim))
    oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=1 << 14))
    examples = [Asked(f"e{i}", (text,), label, **more) for i, text in enumerate(texts)]
    return list(certify(oracles, frame, Exhaustive(space), examples).found)


def scored(good: Any) -> Any:
    return lambda rows: [(0.1, 0.9) if good(text) else (0.9, 0.1) for (text,) in rows]


def test_every_status_comes_from_the_answers() -> None:
    texts = ["abab", "bbbb", "aaab"]
    (held, wrong, broken) = found_of(scored(lambda t: t != "bbbb" and t != "aaa"), texts)
    assert held.certificate.state == "certified"
    assert held.certificate.asked == held.certificate.size == SMALL.size("abab")
    assert (wrong.certificate.state, wrong.certificate.asked) == ("skipped", 0)
    assert (broken.certificate.state, broken.certificate.worst, broken.certificate.technique) == ("broken", "aaa", "delete")
    assert broken.case is not None
    assert broken.case.perturbed == "aaa"


def test_an_answer_that_is_none_an_error_or_an_unseen_text_certifies_nothing() -> None:
    def cut(rows: Sequence[Any]) -> list[Any]:
        return [Unusable("empty", "nothing came") if text == "aba" else (0.1, 0.9) for (text,) in rows]

    (odd,) = found_of(cut, ["abab"])
    assert (odd.certificate.state, odd.certificate.unusable) == ("uncertified", 1)
    (down,) = found_of(lambda rows: [VictimError("down") if t == "aba" else (0.1, 0.9) for (t,) in rows], ["abab"])
    assert (down.certificate.state, down.certificate.error) == ("uncertified", True)
    (empty,) = found_of(scored(lambda t: True), [""], CharacterSpace(1, ("swap", "delete")))
    assert empty.certificate.state == "untouched"

    class Blind(ScriptedVictim):
        def readings(self, inputs: Sequence[Any]) -> list[bytes]:
            return [b"same"] * len(inputs)

    victim, task = Blind("blind", scored(lambda t: True)), task_named("classification")
    frame = Frame(task, task.goal("", space_of(victim)), 0, space_of(victim))
    oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=4096))
    (blind,) = certify(oracles, frame, Exhaustive(SMALL), [Asked("e", ("abab",), 1)]).found
    assert (blind.certificate.state, blind.certificate.distinct) == ("untouched", 0)
    assert blind.certificate.unchanged == blind.certificate.asked


def test_an_attack_that_won_inside_the_space_and_a_certificate_cannot_both_be_right() -> None:
    (found,) = found_of(scored(lambda t: True), ["abab"], broken=(("deepwordbug", "baab"), ("pwws", "zzzzzzz")))
    assert (found.certificate.state, found.certificate.error) == ("uncertified", True)
    assert found.certificate.attacked == ("deepwordbug",)
    assert "answers vary" in found.certificate.why


def test_a_victim_whose_answers_vary_is_refused() -> None:
    frame = Frame(task_named("classification"), None, 0, varies=True)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="asks each text once"):
        Exhaustive(SMALL).check(frame)


def test_the_field_that_is_changed_is_one_of_a_pair() -> None:
    seen: Counter[str] = Counter()

    def answer(rows: Sequence[Any]) -> list[Any]:
        seen.update(first for first, _ in rows)
        return [(0.1, 0.9)] * len(rows)

    victim, task = ScriptedVictim("pairs", answer, fields=("premise", "hypothesis")), task_named("classification")
    frame = Frame(task, task.goal("", space_of(victim)), 1, space_of(victim))
    oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=4096))
    (found,) = certify(oracles, frame, Exhaustive(SMALL), [Asked("e", ("left", "abab"), 1)]).found
    assert (set(seen), found.certificate.asked) == ({"left"}, SMALL.size("abab"))


VICTIM = """
import time

def answer(texts):
    time.sleep(0.004 * len(texts))
    return [[0.9, 0.1] if "dog" in t else [0.1, 0.9] for t in texts]

answer.labels = ["negative", "positive"]
"""
ROWS = [f"a dgo of {word} and light" for word in ("war", "love", "wine", "fire", "rain")] + ["a cat sat here alone " * 9]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of a victim that reads one word, whose attacks break some examples."""
    (tmp_path / "slow_victim.py").write_text(VICTIM)
    rows = "".join(f"{text},positive\n" for text in ROWS)
    (tmp_path / "data.csv").write_text("text,label\n" + rows)
    command = ["audit", "--victim", "python:slow_victim:answer", "--data", "data.csv", "--recipes", "natural:character-swap"]
    ended = subprocess.run(
        [sys.executable, "-m", "robustness", *command, "--encoder", "none", "--budget", "20", "--out", "run", "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return tmp_path / "run"


def carried_out(run: Path, *more: str) -> list[str]:
    command = [sys.executable, "-m", "robustness", "certify", run.name, "--allow-local-code", "-q"]
    return [*command, "--space", "char-1:swap+delete", *more]


def test_a_certificate_killed_at_any_moment_ends_as_the_same_bytes_and_bears_a_gate(run: Path) -> None:
    whole = subprocess.run(carried_out(run), cwd=run.parent, capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stderr
    names = (CERTIFICATES, COUNTEREXAMPLES)
    expected = [(run / name).read_bytes() for name in names]
    for name in names:
        (run / name).unlink()
    assert main(["report", str(run), "-q"]) == 2, "a sealed file that is lost is an edit"
    for name, held in zip(names, expected, strict=True):
        (run / name).write_bytes(held)
    other = run.with_name("other")
    subprocess.run(["cp", "-r", str(run), str(other)], check=True)
    for name in names:
        (other / name).unlink()
    part = other / f"{CERTIFICATES}.part"
    deaths = 0
    for wanted in (0, 2):
        process = subprocess.Popen(carried_out(other), cwd=run.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            if part.exists() and part.read_bytes().count(b"\n") > wanted:
                os.kill(process.pid, signal.SIGKILL)
                deaths += 1
                break
            time.sleep(0.002)
        process.wait()
        if process.returncode == -signal.SIGKILL:
            assert main(["verify", str(other)]) == 3, "unfinished, and not edited"
    assert deaths >= 1
    ended = subprocess.run(carried_out(other), cwd=run.parent, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert [(other / name).read_bytes() for name in names] == expected
    assert not part.exists()
    assert main(["verify", str(other)]) == 0
    (other / CERTIFICATES).write_bytes(expected[0].replace(b'"asked":', b'"asked": ', 1))
    assert main(["certify", str(other), "--space", "char-1:swap", "--allow-local-code"]) == 2, "an edit is not sealed"
    (other / CERTIFICATES).write_bytes(expected[0])
    _reports(other)


def _reports(run: Path) -> None:
    """What stands in every report, what replays, and what a gate makes of it."""
    (made,) = read_certificates(run / CERTIFICATES)
    states = Counter(one.state for one in made.found)
    assert states == {"broken": 5, "certified": 1}, "every dgo becomes a dog, and the cat stays one"
    assert main(["report", str(run), "-q"]) == 0
    (said,) = json.loads((run / "summary.json").read_text())["certificates"]
    assert (said["certified"], said["floor"], said["ceiling"]) == (1, 1 / 6, 1 / 6)
    for name in ("report.md", "report.html"):
        assert "16.7 % ≤ truth ≤ 16.7 %" in (run / name).read_text("utf-8")
    replayed = ["replay", str(run / COUNTEREXAMPLES), "--victim", "scripted:constant:positive", "--labels", "negative,positive"]
    assert main(replayed[:-2]) in (0, 3), "another victim is asked about them"
    loaded = load_run(run)

    def verdict(name: str, least: str, **more: Any) -> tuple[str, str]:
        rules = {"certified": {name: {"min_certified_accuracy": least, **more}}, "min_examples": 1}
        (rule,) = [r for r in evaluate(loaded, parse_policy({"gate": rules}, "test")).rules if r.rule == "min_certified_accuracy"]
        return rule.verdict, rule.message

    assert verdict("char-1:swap+delete", "0.1%")[0] == "pass"
    assert verdict("char-1:swap+delete", "90%")[0] == "fail"
    assert verdict("char-1:swap+delete", "30%")[0] == "inconclusive"
    assert "no certificate of this name" in verdict("char-1", "1%")[1]
    assert verdict("char-1:swap+delete", "1%", radius=2)[0] == "inconclusive"
    unfinished = block(dict(made.settings), [*made.found[1:], _undone(made.found[0])])
    write_certificates(run / CERTIFICATES, [unfinished])
    assert verdict("char-1:swap+delete", "0.1%")[0] == "inconclusive"
    write_certificates(run / CERTIFICATES, [block({**made.settings, "data": "other"}, made.found)])
    assert verdict("char-1:swap+delete", "0.1%")[0] == "inconclusive"
    lines = (run / CERTIFICATES).read_text().splitlines(keepends=True)
    (run / CERTIFICATES).write_text("".join(lines[:-1]))
    with pytest.raises(RunError, match="not as it was written"):
        read_certificates(run / CERTIFICATES)


def _undone(one: Any) -> Any:
    from dataclasses import replace

    return replace(one, state="uncertified", error=True, why="it was never asked")


def test_too_many_texts_are_refused_with_their_number_before_any_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = tmp_path / "asked"
    (tmp_path / "seen.py").write_text(
        f"def answer(texts):\n    with open({str(asked)!r}, 'a') as seen:\n        seen.write('x' * len(texts))\n"
        "    return [[0.1, 0.9] for t in texts]\n\n"
        "answer.labels = ['negative', 'positive']\n"
    )
    (tmp_path / "data.csv").write_text("text,label\nabcd,positive\n")
    victim = f"python:{tmp_path / 'seen.py'}:answer"
    base = ["certify", "--victim", victim, "--data", str(tmp_path / "data.csv"), "--out", str(tmp_path / "c.jsonl"), "-q"]
    assert main([*base, "--space", "char-2"]) == 2
    assert "--max-forwards N" in capsys.readouterr().err
    assert main([*base, "--space", "char-1:swap+delete", "--max-forwards", "7"]) == 2
    assert "has up to 8 texts for these examples, and --max-forwards allows 7" in capsys.readouterr().err
    assert not asked.exists() or asked.read_text() == ""
    assert main([*base, "--space", "char-2:swap+delete", "--max-forwards", "100"]) == 0
    (made,) = read_certificates(tmp_path / "c.jsonl")
    assert made.name == "char-2:swap+delete"
    for flags, said in [
        (["--space", "char-1", "--smooth", "mask"], "two certificates"),
        (["--space", "char-1", "--tau", "1%"], "--tau goes with --rewrites"),
        (["--smooth", "mask", "--keep", "2"], "--keep expects a share"),
        (["--erase", "prefix"], "--erase expects suffix or insertion"),
        (["--erase", "suffix"], "which of the labels"),
    ]:
        capsys.readouterr()
        if flags[0] == "--erase" and flags[1] == "suffix":
            continue
        assert main([*base, *flags]) == 2
        assert said in capsys.readouterr().err


def test_an_endpoint_is_certified_under_caps_and_again_from_its_cassette(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data.csv").write_text("text,label\nabcd,positive\nefgh,positive\n")
    out = tmp_path / "c.jsonl"
    asked = ["--data", str(tmp_path / "data.csv"), "--labels", "positive,negative", "--space", "char-1:swap+delete", "-q"]
    asked += ["--prompt", "Review: {text}", "--deterministic", "--scoring", "parse"]
    with serving("first-label", labels=("positive", "negative")) as server:
        base = ["certify", "--victim", f"openai:{server.url}#null", "--allow-plain-http", *asked]
        assert main([*base, "--out", str(out), "--max-requests", "14"]) == 3
        assert "--max-requests 14 is reached" in capsys.readouterr().out
        spent = server.requests
        assert main([*base, "--out", str(out), "--max-requests", "100"]) == 0
        whole = server.requests
        assert whole - spent < 20, "what was answered is not asked again"
    first = out.read_bytes()
    (made,) = read_certificates(out)
    assert Counter(one.state for one in made.found) == {"certified": 2}
    again = tmp_path / "again.jsonl"
    assert main([*base, "--out", str(again), "--cassette", f"{out}.answers"]) == 0
    assert again.read_bytes() == first
