"""Whatever a victim does, no audit ends in a 0 or a 1 that its gate did not decide; ``--isolate`` holds that for all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attacks.search import Flips, Gradients, Prediction, UnansweredError, Unusable
from robustness import audit
from robustness.cli import main
from robustness.engine.backends import VictimBackend
from robustness.engine.converse import ask
from robustness.engine.gradients import GradientBackend
from robustness.engine.oracle import Oracle
from robustness.errors import AnswerError, RobustnessError, UsageError, VictimDiedError, VictimError, VictimTimeoutError
from robustness.isolation.victim import IsolatedVictim
from robustness.tasks.answers import LabelSet, Number, Ranking
from robustness.victims import load_victim

HOSTILE = Path(__file__).with_name("hostile.py")
ROWS = [
    *(("a dull and lazy film", "negative"), ("a bad plot", "negative"), ("a good zebra of a film", "positive")),
    *(("a great and warm story", "positive"), ("a fine zebra", "positive"), ("a good mess", "positive")),
]


def spec(name: str) -> str:
    return f"python:{HOSTILE}:{name}"


@pytest.fixture(scope="module")
def victim() -> Iterator[IsolatedVictim]:
    """One that is loaded once, but for the deaths that it dies."""
    made = load_victim(spec("answer"), isolate=True)
    assert isinstance(made, IsolatedVictim)
    yield made
    made.close()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS))
    return tmp_path


def command(name: str, *more: str) -> list[str]:
    asked = ["audit", "--victim", spec(name), "--data", "data.csv", "--recipes", "deepwordbug", "--encoder", "none"]
    return [*asked, "--budget", "30", "--out", "run", *more]


def facts(folder: Path) -> tuple[list[bytes], dict[str, Any]]:
    raw = json.loads((folder / "run.json").read_text())
    kept = {key: value for key, value in raw.items() if key not in ("created", "usage")}
    return sorted((folder / "outcomes.jsonl").read_bytes().splitlines()), kept


def test_an_isolated_victim_has_the_outcomes_and_the_identity_of_one_in_this_process(tmp_path: Path) -> None:
    for out, isolate in (("here", False), ("there", True)):
        recipes = "deepwordbug,bad-characters,natural:keyboard-typo"
        audit(spec("answer"), ROWS, recipes=recipes, out=tmp_path / out, encoder="none", budget=30, isolate=isolate)
    assert facts(tmp_path / "there") == facts(tmp_path / "here")


@pytest.mark.parametrize(
    ("trick", "fragment"),
    [
        ("exit0", "ended with exit code 0 before it answered"),
        ("segfault", "was killed by SIGSEGV"),
        ("killed", "was killed by SIGKILL (out of memory?)"),
        ("forked", "ended with exit code 0"),
        ("thread", "ended with exit code 0"),
        ("closed", "closed its pipe"),
    ],
)
def test_a_death_is_an_error_of_the_input_and_the_next_one_is_answered(
    victim: IsolatedVictim, trick: str, fragment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trick == "closed":
        monkeypatch.setattr("robustness.isolation.victim.CLOSING_S", 0.5)
    backend = VictimBackend(victim, timeout=30)
    with pytest.raises(VictimDiedError) as told:
        backend.compute([(f"a good {trick}",)])
    assert fragment in str(told.value)
    assert backend.compute([("a good film",)]) == [Prediction(1, (1 - 2 / 3, 2 / 3))]


def test_the_input_that_kills_is_found_by_halving(victim: IsolatedVictim) -> None:
    oracle: Oracle[Any, Any] = Oracle(VictimBackend(victim, timeout=30))
    texts = ["a good film", "a dull film", "exit1", "a warm one"]
    answers = ask(oracle, [(text,) for text in texts])
    assert [isinstance(one, UnansweredError) for one in answers] == [False, False, True, False]
    assert "VictimDiedError" in str(answers[2])


def test_a_victim_that_dies_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch, victim: IsolatedVictim) -> None:
    def die(inputs: Any) -> Any:
        raise VictimDiedError("the victim's process ended with exit code 0 before it answered")

    monkeypatch.setattr(victim, "predict", die)
    oracle: Oracle[Any, Any] = Oracle(VictimBackend(victim), max_deaths=5)
    with pytest.raises(VictimError, match="died 5 times; the last time"):
        ask(oracle, [(f"text {n}",) for n in range(9)])


def test_a_victim_that_holds_the_interpreter_lock_is_stopped_in_time(victim: IsolatedVictim) -> None:
    backend, started = VictimBackend(victim, timeout=1), time.monotonic()
    with pytest.raises(VictimTimeoutError):
        backend.compute([("locked",)])
    assert time.monotonic() - started < 20
    assert backend.compute([("a good film",)])[0] == Prediction(1, (1 - 2 / 3, 2 / 3))


def test_loading_again_after_a_death_is_outside_the_time_limit() -> None:
    victim = load_victim(spec("slow_start"), isolate=True)
    backend = VictimBackend(victim, timeout=1)
    with pytest.raises(VictimDiedError):
        backend.compute([("exit0",)])
    assert backend.compute([("a good film",)])[0] == Prediction(1, (1 - 2 / 3, 2 / 3))
    victim.close()


@pytest.mark.parametrize(
    ("name", "trick", "message"),
    [
        ("answer", "generator", "the victim raised GeneratorExit: bye"),
        ("answer", "system", "the victim raised SystemExit: 0"),
        ("answer", "unprintable", "the victim raised _Unprintable"),
        ("lazily", "generator", "the victim raised GeneratorExit: bye"),
    ],
)
def test_nothing_that_a_victim_raises_passes_the_guard(victim: IsolatedVictim, name: str, trick: str, message: str) -> None:
    for subject in (load_victim(spec(name)), victim):
        with pytest.raises(VictimError) as told:
            VictimBackend(subject, timeout=30).compute([(trick,)])
        assert str(told.value).startswith(message)


def test_texts_cross_the_pipe_to_the_last_code_point() -> None:
    """A surrogate pair in two code points is two, for a victim can tell it from the character."""
    here, there = (load_victim(spec("measure"), isolate=isolate) for isolate in (False, True))
    texts = [("a\ud83d\ude00b",), ("a\U0001f600b",), ("\udc80",), ("\ud83d",), ("",), ("\x00\r\n\u2028",), ("x" * 300_000,)]
    backends = [VictimBackend(one, timeout=30) for one in (here, there)]
    assert backends[0].compute(texts) == backends[1].compute(texts)
    there.close()


def test_a_victim_of_its_own_kind_keeps_lengths_readings_and_gradients() -> None:
    here: Any = load_victim(spec("own"))
    there: Any = load_victim(spec("own"), isolate=True)
    inputs = [("good", "film"), ("a bad", "\ud83d")]
    assert there.info == here.info
    for method in ("lengths", "truncated", "readings", "unknown_tokens"):
        assert list(getattr(there, method)(inputs)) == list(getattr(here, method)(inputs))
    requests: list[Gradients | Flips] = [
        *(Gradients(inputs=(one,), field=0, label=1) for one in inputs),
        Flips(inputs=(inputs[0],), field=0, label=1, spans=((0, 4),), n=2),
        Flips(inputs=(inputs[0],), field=0, label=1, spans=((0, 4),), n=2, among=(("film", "fine"),)),
    ]
    answers = [GradientBackend(one, timeout=30).compute(requests) for one in (here, there)]
    for first, second in zip(*answers, strict=True):
        assert np.array_equal(first, second) if isinstance(first, np.ndarray) else first == second
    assert np.array_equal(there.embeddings(), here.embeddings())
    there.close()


def test_what_a_victim_prints_is_not_the_audits_output(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (data / "data.csv").write_text("text,label\na good printed film,positive\na bad film,negative\n")
    main(command("answer", "--isolate", "--json"))
    printed = capfd.readouterr()
    assert json.loads(printed.out)["run"]
    assert printed.err.count("PRINTED BY THE VICTIM") > 1


@pytest.mark.parametrize("name", ["always", "answer"])
def test_a_victim_that_never_comes_back_is_code_2(
    data: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "answer":
        monkeypatch.setenv("HOSTILE_IMPORT", "exit")
    assert main(command(name, "--isolate", "-q")) == 2
    assert "exit code 0" in capsys.readouterr().err


@pytest.mark.parametrize("isolate", ["--isolate", "--no-isolate"])
def test_a_victim_module_that_exits_is_code_2(
    data: Path, isolate: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOSTILE_IMPORT", "system")
    assert main(command("answer", isolate, "-q")) == 2
    assert "SystemExit" in capsys.readouterr().err


def test_an_exit_hook_of_a_victim_in_this_process_turns_no_failure_into_a_0(data: Path) -> None:
    args = [sys.executable, "-m", "robustness", *command("at_exit", "--min-robust-accuracy", "99%", "-q")]
    ended = subprocess.run([*args, "--labels", "negative,positive"], capture_output=True, text=True, timeout=120, check=False)
    assert "FAILED" in ended.stdout, ended.stderr
    assert ended.returncode == 1


def test_offline_holds_in_the_other_process() -> None:
    victim = load_victim(spec("answer"), isolate=True, offline=True)
    with pytest.raises(RobustnessError, match="--offline forbids the network"):
        victim.predict([("network",)])
    victim.close()


def test_only_what_a_child_can_load_is_isolated() -> None:
    with pytest.raises(UsageError, match="isolate needs a victim that a child process can load"):
        audit(lambda texts: [[0.5, 0.5] for _ in texts], ROWS, recipes="deepwordbug", isolate=True)
    assert not isinstance(load_victim("scripted:keyword", isolate=True), IsolatedVictim)


@pytest.mark.parametrize("name", ["audit", "attack", "validate", "plan", "replay", "minimise", "transfer"])
def test_every_command_that_opens_a_victim_has_the_flag(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([name, "--help"])
    assert "--isolate" in capsys.readouterr().out


KILLED_PARENT = """
import sys
from robustness.victims import load_victim
victim = load_victim({spec!r}, isolate=True)
print(victim._process._popen.pid, flush=True)
victim.predict([("locked",)])
"""


def test_a_victims_process_ends_with_a_killed_parent_whatever_it_is_at() -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED_PARENT.format(spec=spec("answer"))], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        os.kill(child, 0)  # it is there
        parent.kill()
    deadline = time.monotonic() + 10
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether a process runs; one that died and waits to be collected by the system does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


FORKED_CHILD = """
import os, pathlib, signal, sys, time
sys.path.insert(0, {here!r})
from robustness.auditing import audit
from robustness.planning.audit import Audit

def forking(texts):
    if os.fork() == 0:
        pathlib.Path("forked").write_text(str(os.getpid()))
        time.sleep(60)
    while not pathlib.Path("forked").exists() or not pathlib.Path("forked").read_text():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

from fork_victim import Victim
import fork_victim
victim = Victim()
fork_victim.trick = forking
audit(victim, {rows!r}, recipes="deepwordbug", out="run", encoder="none", budget=30)
"""
FORK_VICTIM = """
trick = None

class Victim:
    labels = ("negative", "positive")
    robustness_identity = "1"
    asked = 0

    def predict_proba(self, texts):
        self.asked += 1
        if trick and self.asked > 16:
            trick(texts)
        return [[0.2, 0.8] if "good" in text or "warm" in text else [0.8, 0.2] for text in texts]
"""


def test_a_child_that_a_killed_run_forked_keeps_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fork_victim.py").write_text(FORK_VICTIM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    from fork_victim import Victim  # type: ignore[import-not-found]

    for out in ("whole", "run"):
        code = FORKED_CHILD.format(here=str(tmp_path), rows=ROWS)
        if out == "run":
            ended = subprocess.run([sys.executable, "-c", code], timeout=120, check=False)
            assert ended.returncode == -signal.SIGKILL
            child = int((tmp_path / "forked").read_text())
            assert _runs(child)
        try:
            audit(Victim(), ROWS, recipes="deepwordbug", out=out, resume=out == "run", encoder="none", budget=30)
        finally:
            if out == "run":
                os.kill(child, signal.SIGKILL)
    assert facts(tmp_path / "run")[0] == facts(tmp_path / "whole")[0]


def test_a_label_comes_through_the_process_by_its_name(tmp_path: Path) -> None:
    """A number would be read as a name where the names are numbers, and as nothing where they hold them."""
    (tmp_path / "stars.py").write_text("def predict(texts):\n    return [{'label': '2', 'score': 0.9} for _ in texts]\n")
    made = load_victim(f"python:{tmp_path / 'stars.py'}:predict", isolate=True, labels=["1", "2", "3"], access="labels")
    try:
        assert VictimBackend(made).compute([("a film",)]) == [Prediction(1)]
    finally:
        made.close()


@pytest.mark.parametrize(
    ("task", "row", "expected"),
    [
        ("multi-label", "{'spam', 'ad'}", LabelSet(frozenset({0, 1}))),
        ("multi-label", "numpy.array([0.9, 0.1])", LabelSet(frozenset({0}), (0.9, 0.1))),
        ("regression", "numpy.float64(0.5)", Number(0.5)),
        ("retrieval", "[('b', 2), ('a', 1)]", Ranking(("b", "a"), (2.0, 1.0))),
        ("retrieval", "{'a': 1.0, 'b': 2.0}", Ranking(("b", "a"), (2.0, 1.0))),
        ("regression", "None", Unusable("empty", "the victim answered None (NoneType); expected a number")),
        ("regression", "object()", AnswerError),
    ],
)
def test_rows_of_every_task_come_through_the_process(tmp_path: Path, task: str, row: str, expected: Any) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"import numpy\n\ndef ask(texts):\n    return [{row} for _ in texts]\n", "utf-8")
    labels: dict[str, Any] = {"labels": ("spam", "ad")} if task == "multi-label" else {}
    victim = load_victim(f"python:{file}:ask", isolate=True, task=task, **labels)
    try:
        backend = VictimBackend(victim)
        if expected is AnswerError:
            with pytest.raises(AnswerError, match="which an isolated process cannot send"):
                backend.compute([("x",)])
        else:
            assert backend.compute([("x",)]) == [expected]
    finally:
        victim.close()
