"""What cannot be shared among workers is said with exit code 2, before anything is loaded."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from robustness.cli import main
from robustness.errors import UsageError
from robustness.scale.refusals import check_workers
from robustness.settings import Settings

with_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
AUDIT = ("audit", "--encoder", "none", "--recipes", "deepwordbug", "--limit", "4")


def module_level(texts: list[str]) -> list[list[float]]:
    return [[0.5, 0.5] for _ in texts]


class ScriptedLike:
    def predict(self, texts: list[str]) -> list[list[float]]:
        return module_level(texts)


def refused(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    assert main([*AUDIT, *flags]) == 2
    told = capsys.readouterr().err
    assert "loading" not in told
    return told


def test_an_endpoint_is_asked_by_one_process(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("text,label\ngood,positive\n")
    told = refused(
        capsys,
        *("--victim", "openai:http://127.0.0.1:9/v1#m", "--data", str(tmp_path / "data.csv"), "--workers", "2"),
    )
    assert "--workers cannot be used with the victim openai:http://127.0.0.1:9/v1#m" in told
    assert "raise --concurrency" in told


@pytest.mark.parametrize("spec", ["openai:http://127.0.0.1:9/v1#m", "apertium, openai:u#m", "round-trip:hf:a > openai:u#m"])
def test_a_helper_that_is_paid_for_is_asked_by_one_process_too(spec: str) -> None:
    with pytest.raises(UsageError, match=f"--workers cannot be used with the rewriter {spec}"):
        check_workers(Settings(workers=2, rewriter=spec), "demo")


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--workers", "0"), "--workers expects at least 1 process, got 0"),
        (("--ray", " "), "--ray expects the address of a cluster"),
        (("--ray", "10.0.0.1:6379", "--cache", "kept"), "--cache is a file of one machine"),
        (("--ray", "10.0.0.1:6379", "--offline"), "--offline forbids the network, and --ray 10.0.0.1:6379"),
        (("--workers", "2", "--universal", "5"), "--workers shares examples among processes, and --universal"),
    ],
    ids=["none", "no address", "cache", "offline", "universal"],
)
def test_flags_that_do_not_go_together(capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], told: str) -> None:
    assert told in " ".join(refused(capsys, "--victim", "demo", *flags).split())


@with_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1", "localhost:99999", "ray://127.0.0.1:1"])
def test_an_address_at_which_nobody_answers_is_said_at_once(address: str) -> None:
    with pytest.raises(UsageError, match=f"--ray {address}: nobody answers there .*, or auto"):
        check_workers(Settings(ray=address), "demo")


@with_ray
def test_a_callable_that_cannot_be_imported_elsewhere_is_refused() -> None:
    check_workers(Settings(workers=2), module_level)
    for victim in (lambda texts: [], object(), ScriptedLike()):
        with pytest.raises(UsageError, match="opens the victim in other processes, which cannot import this"):
            check_workers(Settings(workers=2), victim)


def test_where_ray_is_missing_the_command_that_installs_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\nfound = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, package=None: None if name == 'ray' else found(name, package)\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import sitecustomize; from robustness.cli import main; "
    code += f"sys.exit(main({[*AUDIT, '--victim', 'demo', '--workers', '2']!r}))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2, ended.stderr
    assert "pip install 'robustness-suite[ray]'" in ended.stderr
