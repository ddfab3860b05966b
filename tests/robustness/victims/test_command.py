"""A program behind pipes: asked line by line, followed or given up with a reason, and ended with all that it started."""

from __future__ import annotations

import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from robustness.errors import AnswerError, UsageError, VictimDiedError, VictimError, VictimTimeoutError
from robustness.isolation.offline import offline
from robustness.victims import load_victim
from robustness.victims.programs.command import CommandVictim

Open = Callable[..., CommandVictim]
READ = "import json, os, sys, time\nfor line in sys.stdin:\n    text = line.rstrip('\\n')\n"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """A victim of a command, or of a Python program, whose loop over lines has ``text``; closed at the end."""
    made: list[Any] = []

    def make(command: str = "", *, body: str = "", code: str = "", **options: Any) -> CommandVictim:
        if not command:
            program = tmp_path / f"program{len(made)}.py"
            program.write_text(code or READ + "".join(f"    {line}\n" for line in body.splitlines()), "utf-8")
            command = f"{shlex.quote(sys.executable)} {program}"
        made.append(load_victim(f"command:{command}", **{"task": "translation", **options}))
        return made[-1]  # type: ignore[no-any-return]

    yield make
    for one in made:
        one.close()


def ask(victim: CommandVictim, *texts: str) -> list[Any]:
    return victim.predict([(text,) for text in texts])


def test_a_line_goes_in_and_its_line_comes_out(opened: Open) -> None:
    assert ask(opened("cat"), "one", "zwei", "  drei ß 🙂 ", "") == ["one", "zwei", "  drei ß 🙂 ", ""]
    assert ask(opened("sed -u 's/good/bad/'"), "a good film", "good") == ["a bad film", "bad"]


def test_no_shell_reads_the_words(opened: Open) -> None:
    assert ask(opened("sed -u -e 's/$/ $HOME `id` *;/'"), "x") == ["x $HOME `id` *;"]


def test_thousands_of_lines_at_once_fill_no_pipe(opened: Open) -> None:
    texts = [f"{n} " + "long " * 200 for n in range(3000)]
    assert ask(opened("cat"), *texts) == texts


def test_a_line_break_in_a_text_is_escaped_and_json_keeps_it(opened: Open) -> None:
    assert ask(opened("cat"), "a\nb\r\nc", "next") == ["a\\nb\\r\\nc", "next"]
    echo = "print(json.dumps(json.loads(text)['text'][::-1]))"
    assert ask(opened(body=echo, json_lines=True), "a\nb\u2028c", "next") == ["c\u2028b\na", "txen"]


def test_two_texts_that_give_one_line_are_one_reading(opened: Open) -> None:
    plain, exact = opened("cat"), opened("cat", json_lines=True)
    one, other = plain.readings([("a\nb",), ("a\\nb",)])
    assert one == other
    one, other = exact.readings([("a\nb",), ("a\\nb",)])
    assert one != other
    assert plain.readings([("\ud800",)]) == [None]


def test_json_lines_hold_every_field_and_an_id_that_answers_repeat(opened: Open) -> None:
    body = "q = json.loads(text)\nprint(json.dumps({'id': q['id'], 'label': q['claim'] + '/' + q['proof']}))"
    victim = opened(body=body, json_lines=True, task=None, labels=("a/b", "c/d"), fields=("claim", "proof"))
    assert victim.predict([("a", "b"), ("c", "d")]) == ["a/b", "c/d"]


def test_answers_out_of_order_are_told_by_their_ids(opened: Open) -> None:
    body = "q = json.loads(text)\nprint(json.dumps({'id': 1 if q['id'] > 1 else q['id'], 'text': 'x'}))"
    with pytest.raises(AnswerError, match=r"to the line with the id 2; expected the same id"):
        ask(opened(body=body, json_lines=True), "one", "two")


def test_a_line_holds_a_label_or_scores_for_a_classifier_and_a_number_stays_text_for_a_translator(opened: Open) -> None:
    labels = ("negative", "positive")
    named = opened(body="print('positive' if 'good' in text else 'negative')", task=None, labels=labels)
    assert ask(named, "good", "bad") == ["positive", "negative"]
    scored = opened(body="print(json.dumps([0.1, 0.9]))", task=None, labels=labels, access="scores")
    assert ask(scored, "x") == [[0.1, 0.9]]
    assert ask(opened("cat"), "[1, 2]", "7") == ["[1, 2]", "7"]


def test_a_python_program_need_not_flush(opened: Open) -> None:
    assert ask(opened(body="print(text.upper())"), "a", "b") == ["A", "B"]


def test_a_program_that_keeps_its_answers_back_is_told_how_not_to(opened: Open) -> None:
    victim, started = opened("sed s/a/b/"), time.monotonic()
    for _ in range(3):
        with pytest.raises(AnswerError, match=r"keeps its answers back.*stdbuf -oL PROGRAM, python -u"):
            ask(victim, "a")
    assert time.monotonic() - started < 20, "it was found out once, not by a time limit, and not three times"


def test_a_banner_or_two_lines_for_a_text_are_refused_for_good(opened: Open) -> None:
    for victim, came in (
        (opened(code="print('model loaded')\n" + READ + "    print(text)\n"), "2 lines: 'model loaded'"),
        (opened(body="print(text)\nprint('score 0.3')"), "2 lines: 'a'"),
        (opened(body="pass"), "wrote none"),
    ):
        for _ in range(2):
            with pytest.raises(AnswerError, match=rf"was given one line, and {'wrote ' if came[0] == '2' else ''}{came}"):
                ask(victim, "a")


def test_a_line_too_many_later_on_is_refused_for_good(opened: Open) -> None:
    victim = opened(body="print(text)\nif 'two' in text: print('and more')")
    assert ask(victim, "one") == ["one"]
    with pytest.raises(AnswerError, match="a line that was not asked for: 'and more'"):  # noqa: PT012 - now or at the next question
        ask(victim, "two")
        time.sleep(0.3)
        ask(victim, "one")
    with pytest.raises(AnswerError, match="a line that was not asked for"):
        ask(victim, "one")


def test_a_death_is_told_with_its_last_words_and_the_next_question_finds_a_fresh_one(opened: Open) -> None:
    body = "if 'boom' in text:\n    print('out of cheese', file=sys.stderr)\n    sys.exit(7)\nprint(text)"
    victim = opened(body=body)
    assert ask(victim, "one") == ["one"]
    with pytest.raises(VictimDiedError, match=r"ended with exit code 7 before it answered; .*out of cheese"):
        ask(victim, "two", "boom")
    assert ask(victim, "three") == ["three"]
    with pytest.raises(VictimDiedError, match="was killed by SIGKILL"):
        ask(opened(body="import signal\nif 'x' in text: os.kill(os.getpid(), 9)\nprint(text)"), "x")


def test_a_program_that_fails_at_its_start_is_told_by_its_errors(opened: Open) -> None:
    with pytest.raises(VictimDiedError, match=r"exit code 1 before it answered; .*No module named 'no_such_model'"):
        ask(opened(code="import no_such_model\n"), "a")


def test_a_secret_in_its_errors_is_not_told(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_API_KEY", "sk-0123456789abcdef")
    with pytest.raises(VictimDiedError) as told:
        ask(opened(code="import os, sys\nsys.exit('refused: ' + 'x' * 250 + os.environ['CHAT_API_KEY'])\n"), "a")
    assert "sk-0123" not in str(told.value)
    assert "[value of CHAT_API_KEY]" in str(told.value)


def test_an_answer_that_takes_too_long_ends_the_program(opened: Open) -> None:
    victim = opened(body="print(os.getpid() if text != 'slow' else time.sleep(60))", answer_limit=0.5, start_limit=20)
    (first,) = ask(victim, "a")
    with pytest.raises(VictimTimeoutError, match=r"did not answer within 0\.5 s"):
        ask(victim, "slow")
    assert not Path(f"/proc/{first}").exists()
    assert ask(victim, "a") != [first]


def test_output_that_is_not_utf8_or_not_json_is_shown_and_the_rest_is_answered(opened: Open) -> None:
    latin = opened(body="sys.stdout.buffer.write(text.encode('latin-1') + b'\\n')")
    with pytest.raises(AnswerError, match=r"caf.xe9.*which is not UTF-8 .* at byte 3"):
        ask(latin, "café", "tea")
    assert ask(latin, "tea") == ["tea"]
    with pytest.raises(AnswerError, match=r"which is not JSON .*leave --json-lines out"):
        ask(opened(body="print('{oh')", json_lines=True), "a")


def test_a_lone_surrogate_is_an_error_of_its_text(opened: Open) -> None:
    victim = opened("cat")
    with pytest.raises(VictimError, match="lone surrogate"):
        ask(victim, "a \ud800")
    assert ask(victim, "b") == ["b"]


def test_closing_ends_everything_that_the_program_started(opened: Open) -> None:
    code = (
        "import subprocess, sys\nchild = subprocess.Popen(['sleep', '1000'])\n"
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "for line in sys.stdin: print(child.pid)\nimport time; time.sleep(1000)\n"
    )
    victim = opened(code=code)
    (child,) = ask(victim, "a")
    assert Path(f"/proc/{child}").exists()
    started = time.monotonic()
    victim.close()
    assert time.monotonic() - started < 10
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and Path(f"/proc/{child}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < deadline, "a child outlived its victim"
        time.sleep(0.05)


def test_a_question_that_was_given_up_answers_no_other(opened: Open) -> None:
    victim = opened(body="time.sleep(2 if text == 'slow' else 0)\nprint(text)")
    assert ask(victim, "warm") == ["warm"]
    ended: list[str] = []

    def wait() -> None:
        try:
            ask(victim, "slow")
        except VictimError as error:
            ended.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.5)
    assert ask(victim, "quick") == ["quick"]
    thread.join(10)
    assert ended == ["the program was ended before it answered"]


def test_offline_lets_the_named_victim_run_and_says_what_it_cannot_see(opened: Open) -> None:
    with offline():
        victim = opened("cat", offline=True)
        assert ask(victim, "a") == ["a"]
        with pytest.raises(Exception, match="--offline forbids other programs"):
            os.system("true")
    assert any("--offline does not reach" in note for note in victim.info.notes)


def test_its_identity_is_the_program_and_the_files_that_it_names(opened: Open, tmp_path: Path) -> None:
    rules = tmp_path / "rules.sed"
    rules.write_text("s/a/b/\n")
    before = opened(f"sed -u -f {rules}").info.identity
    assert {name for name, _ in before} == {"command", "program", "files"}
    assert opened(f"sed -u -f {rules}").info.identity == before
    rules.write_text("s/a/c/\n")
    assert opened(f"sed -u -f {rules}").info.identity != before


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("no-such-program -x", {}, "there is no program 'no-such-program'"),
        ("cat 'oh", {}, "cannot be read: No closing quotation"),
        ("  ", {}, "got no program"),
        ("cat | tr a b", {}, r"holds '\|', and no shell reads it.*command:sh -c 'cat \| tr a b'"),
        ("/tmp", {}, "is a folder, not a program"),
        ("cat", {"task": None}, "needs 2 or more different labels for the task classification, got .*--labels"),
        ("cat", {"task": "tralation"}, "no task 'tralation'; did you mean 'translation'"),
        ("cat", {"fields": ("a", "b")}, "a plain line holds one text.*--json-lines"),
        ("cat", {"fields": ("id",), "json_lines": True}, "other than 'id'"),
        ("cat", {"answer_limit": -1.0}, "answer_limit must be positive"),
        ("cat", {"access": "logits"}, "access must be one of"),
        ("cat", {"device": "cpu"}, "device cannot be used with command:"),
    ],
)
def test_what_cannot_be_a_victim_is_refused_before_anything_runs(
    opened: Open, command: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        opened(command, **options)


def test_a_file_that_cannot_be_run_is_told_by_what_is_missing(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("print(1)\n")
    with pytest.raises(UsageError, match="cannot be run here; name its interpreter"):
        opened(str(tmp_path / "model.py"))
