"""Runs logged to the real libraries, offline: to a store in a folder, and to files of Weights & Biases that are never sent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from robustness.cli import main
from robustness.loggers.record import record_of

FLAGS = (
    *("audit", "--victim", "scripted:keyword", "--encoder", "none", "-q", "--min-robust-accuracy", "10%"),
    *("--recipes", "deepwordbug,natural:keyboard-typo"),
)
with_mlflow = pytest.mark.skipif(find_spec("mlflow") is None, reason="MLflow is not installed")
with_wandb = pytest.mark.skipif(find_spec("wandb") is None, reason="Weights & Biases is not installed")
KEY = "a-key-that-nobody-may-see-0123456789"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "store"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", folder.as_uri())
    for name in ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.setenv(name, "")  # so that what an audit sets is taken back
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOME_API_KEY", KEY)
    return folder


def runs_in(store: Path) -> list[Any]:
    import warnings

    from mlflow import MlflowClient

    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = MlflowClient(store.as_uri())
        return list(client.search_runs([one.experiment_id for one in client.search_experiments()]))


@with_mlflow
def test_an_audit_is_logged_to_mlflow_with_intervals_and_verdict(data: Path, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main([*FLAGS, "--data", str(data), "--out", str(out), "--log", "mlflow"]) == 3
    (run,) = runs_in(store)
    summary = json.loads((out / "summary.json").read_text())
    robust = summary["overall"]["robust_accuracy"]
    assert run.info.status == "FINISHED"
    assert run.data.tags["robustness.verdict"] == "inconclusive"
    assert "at least 30 required" in run.data.tags["robustness.why"]
    found = [run.data.metrics[f"robust_accuracy{bound}"] for bound in ("", ".low", ".high")]
    assert found == [robust["rate"], robust["low"], robust["high"]]
    assert run.data.metrics["natural_keyboard-typo/attack_success_rate"] == summary["recipes"][1]["attack_success_rate"]["rate"]
    wanted = {"victim": "scripted:keyword", "recipes": "deepwordbug,natural:keyboard-typo", "seed": "0"}
    assert {name: run.data.params[name] for name in wanted} == wanted
    assert run.data.params["data.digest"] == json.loads((out / "run.json").read_text())["data"]["digest"]
    kept = Path(run.info.artifact_uri.removeprefix("file://"))
    assert {"report.html", "failures.jsonl", "summary.json"} <= {path.name for path in kept.iterdir()}
    assert (kept / "failures.jsonl").read_bytes() == (out / "failures.jsonl").read_bytes()


@with_mlflow
def test_a_run_that_was_logged_is_written_over_and_not_doubled(
    run: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["log", str(run), "--to", "mlflow"]) == 0
    (logged,) = runs_in(store)
    assert capsys.readouterr().out == 2 * f"MLflow run {logged.info.run_id}, experiment robustness\n"
    assert logged.data.tags["robustness.run"] == record_of(run).key


@with_mlflow
def test_a_run_that_is_resumed_goes_on_in_the_same_mlflow_run(data: Path, store: Path, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\ndef answer(texts):\n    time.sleep(0.05)\n"
        "    return [[1.0, 0.0] if 'dull' in t or 'empty' in t else [0.0, 1.0] for t in texts]\n"
        "answer.labels = ['negative', 'positive']\n"
    )
    flags = ["audit", "--victim", "python:slow:answer", "--encoder", "none", "-q", "--recipes", "deepwordbug", "--in-flight", "1"]
    command = [sys.executable, "-m", "robustness", *flags, "--data", str(data), "--out", "run", "--log", "mlflow"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": _path()}) as process:
        deadline = time.monotonic() + 120
        while not _lines(tmp_path / "run" / "outcomes.jsonl") and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.wait(120)
    (stopped,) = runs_in(store)
    assert stopped.info.status == "KILLED"
    ended = subprocess.run([*command, "--resume"], cwd=tmp_path, capture_output=True, env={**os.environ, "PYTHONPATH": _path()})
    assert ended.returncode == 0, ended.stderr
    (resumed,) = runs_in(store)
    assert (resumed.info.run_id, resumed.info.status) == (stopped.info.run_id, "FINISHED")
    assert resumed.data.tags["robustness.verdict"] == "measured"
    assert resumed.data.metrics["examples"] == 6


def _path() -> str:
    return str(Path(__file__).parents[3])


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@with_mlflow
def test_an_audit_whose_logger_is_down_keeps_its_verdict(
    data: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    password = "a-password-that-stands-in-the-address-alone"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:{password}@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", KEY)
    assert main([*FLAGS, "--data", str(data), "--out", str(tmp_path / "run"), "--log", "mlflow"]) == 3
    out, err = capsys.readouterr()
    told = " ".join(err.split())
    assert told.count("warning: the run is not logged to mlflow any more") == 1
    assert "`robustness log RUN --to mlflow` sends it later" in told
    assert "INCONCLUSIVE" in out
    assert KEY not in told
    assert password not in told
    assert main(["log", str(tmp_path / "run"), "--to", "mlflow"]) == 2
    told = capsys.readouterr().err
    assert "was not logged to mlflow" in told
    assert password not in told


@with_mlflow
def test_no_secret_of_the_environment_is_logged(data: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / f"data-{KEY}.csv"
    shutil.copy(data, named)
    assert main([*FLAGS, "--data", str(named), "--out", str(tmp_path / "run"), "--log", "mlflow"]) == 3
    assert len(runs_in(store)) == 1
    assert [path for path in store.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


@with_wandb
def test_an_audit_is_logged_to_wandb_offline_and_sends_nothing_else(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "WANDB_DIR": "wb",
        "WANDB_CACHE_DIR": "cache",
        "WANDB_DATA_DIR": "staging",
        "WANDB_CONFIG_DIR": "c",
    }.items():
        monkeypatch.setenv(name, str(tmp_path / value))
        (tmp_path / value).mkdir()
    monkeypatch.setenv("SOME_API_KEY", KEY)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    out = tmp_path / "run"
    flags = [*(flag for flag in FLAGS if flag != "-q"), "--data", str(data), "--out", str(out), "--offline", "--log", "wandb"]
    command = [sys.executable, "-m", "robustness", *flags]
    ended = subprocess.run(
        command, cwd=_path(), capture_output=True, text=True, check=False
    )  # in a repository, by its own command
    assert ended.returncode == 3, ended.stderr
    assert "Weights & Biases: " in ended.stderr
    (folder,) = (tmp_path / "wb" / "wandb").glob("offline-run-*")
    assert folder.name.endswith(record_of(out).key)
    written = b"".join(path.read_bytes() for path in (tmp_path / "wb").rglob("*") if path.is_file())
    for told in (b"robust_accuracy.low", b"scripted:keyword", b"inconclusive", b"report.html"):
        assert told in written
    for private in (KEY.encode(), b"--min-robust-accuracy", os.uname().nodename.encode() + b'"'):
        assert private not in written


@with_wandb
def test_wandb_without_a_key_is_refused_at_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    assert main([*FLAGS, "--data", str(data), "--out", str(tmp_path / "run"), "--log", "wandb"]) == 2
    assert "Weights & Biases wants a key: set WANDB_API_KEY" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_an_unknown_service_is_refused_at_once(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FLAGS, "--data", str(data), "--out", str(tmp_path / "run"), "--log", "tensorboard"]) == 2
    assert "a run can be logged to mlflow or wandb, not to 'tensorboard'" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


@with_mlflow
def test_offline_and_a_server_do_not_go_together(
    data: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.com")
    assert main([*FLAGS, "--data", str(data), "--out", str(tmp_path / "run"), "--log", "mlflow", "--offline"]) == 2
    assert "--offline forbids the network, and MLFLOW_TRACKING_URI names a server" in " ".join(capsys.readouterr().err.split())


def test_a_service_that_hangs_holds_nobody_for_long(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    from robustness.loggers import live

    class Hangs:
        def begin(self, record: object) -> None:
            released.wait(30)

    released, warned = Event(), list[str]()
    monkeypatch.setattr(live, "LAST_S", 0.2)
    started = time.monotonic()
    with live.Log([Hangs()], warned.append) as log:  # type: ignore[list-item]
        log.began(run)
    assert time.monotonic() - started < 5
    assert warned == ["the run was not logged to its end: no answer for 0.2 s; `robustness log` sends it again"]
    released.set()


def test_from_python_a_log_is_a_watcher(data: Path, tmp_path: Path) -> None:
    import robustness
    from robustness.loggers import Log

    told: list[str] = []

    class Sink:
        def begin(self, record: Any) -> None:
            told.append(f"begin {record.verdict!r}")

        def progress(self, metrics: Any, step: int) -> None:
            told.append("progress")

        def finish(self, record: Any) -> str:
            told.append(f"finish {record.verdict} {record.metrics['examples']:g}")
            return "there"

        def leave(self) -> None:
            told.append("leave")

    said: list[str] = []
    with Log([Sink()], told.append, said.append) as log:  # type: ignore[list-item]
        robustness.audit("scripted:keyword", data, recipes="deepwordbug", encoder="none", out=tmp_path / "run", watcher=log)
    assert told == ["begin ''", "finish measured 6"]
    assert said == ["there"]
