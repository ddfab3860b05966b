"""``robustness.audit`` as Python and notebooks call it: keywords, errors in Python's words, short reprs, progress."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import robustness
from robustness.in_python import reworded

ROWS = [("a bad film", "neg"), ("a dull bore", "neg"), ("a great film", "pos"), ("lovely and fine", "pos")]


def reader(texts: list[str]) -> list[list[float]]:
    return [[0.9, 0.1] if "bad" in text or "dull" in text else [0.2, 0.8] for text in texts]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("api") / "one"
    return robustness.audit(reader, ROWS, labels=["neg", "pos"], recipes="deepwordbug", encoder="none", out=folder)


def test_an_unknown_keyword_is_a_type_error_that_names_the_near_ones() -> None:
    with pytest.raises(
        TypeError, match=r"^audit\(\) got an unexpected keyword argument 'lables'; did you mean 'labels'"
    ) as found:
        robustness.audit(reader, ROWS, lables=["neg", "pos"])  # type: ignore[arg-type]
    assert isinstance(found.value, robustness.RobustnessError)
    assert "Settings" not in str(found.value)
    with pytest.raises(TypeError, match="victim_options"):
        robustness.audit(reader, ROWS, temperature=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({}, r"pass labels=\['first', 'second'\]"),
        ({"labels": "neg,pos"}, r"write \['neg', 'pos'\]"),
        ({"labels": ["neg", "pos"], "limit": 0}, "limit="),
        ({"labels": ["no", "yes"], "recipes": "deepwordbug"}, r"label_map=\{'neg': '…', 'pos': '…'\}"),
    ],
)
def test_errors_are_in_the_words_of_python(keywords: dict[str, Any], said: str) -> None:
    with pytest.raises(robustness.RobustnessError, match=said) as found:
        robustness.audit(reader, ROWS, **keywords)
    assert "--" not in str(found.value)


@pytest.mark.parametrize(
    ("flags", "keywords"),
    [
        ("leave --task out", "leave task= out"),
        ("pass --one-at-a-time.", "pass one_at_a_time=True."),
        ("add --no-adaptive", "add adaptive=False"),
        ("pass --allow-pickle if you trust it", "pass victim_options={'allow_pickle': True} if you trust it"),
        ("use --scoring parse", "use victim_options={'scoring': 'parse'}"),
        ("say --language en if so", "say language='en' if so"),
        ("such as --min-robust-accuracy 30%", "such as gate={'min_robust_accuracy': '30%'}"),
        ("pip install --force-reinstall 'x'; see `tool --help`", "pip install --force-reinstall 'x'; see `tool --help`"),
        ("a -- dash, --, and c--d", "a -- dash, --, and c--d"),
    ],
)
def test_a_flag_becomes_its_keyword_and_those_of_other_programs_stay(flags: str, keywords: str) -> None:
    assert reworded(flags) == keywords


def test_reprs_are_one_short_line(run: Any) -> None:
    for value in (run, run.metrics, run.gate(min_robust_accuracy=0.9), run.compare(run)):
        assert "\n" not in repr(value)
        assert len(repr(value)) < 400
        assert "a bad film" not in repr(value)


def test_a_gate_without_a_threshold_says_how_python_sets_one(run: Any) -> None:
    judged = run.gate()
    assert judged.exit_code == 3
    assert "gate(min_robust_accuracy='30%')" in repr(judged)
    assert "--" not in repr(judged)


def test_cards_escape_what_they_show(run: Any, tmp_path: Path) -> None:
    nasty = robustness.audit(
        reader, [("bad <script>alert(1)</script>", "<b>"), ("fine", "pos")], labels=["<b>", "pos"], recipes="deepwordbug",
        encoder="none", out=tmp_path / "<img src=x>",
    )  # fmt: skip
    for value in (nasty, nasty.gate(min_robust_accuracy="90%"), nasty.compare(run)):
        shown = value._repr_html_()
        assert "<script" not in shown
        assert "<img" not in shown


def test_a_policy_may_be_a_mapping(tmp_path: Path) -> None:
    found = robustness.audit(
        reader, ROWS, labels=["neg", "pos"], recipes="deepwordbug", encoder="none", out=tmp_path / "run",
        policy={"gate": {"min_robust_accuracy": "99%", "min_examples": 1}},
    )  # fmt: skip
    assert found.verdict == "failed"


def test_a_script_without_a_terminal_stays_silent_unless_progress_is_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)  # other tests use libraries that import it
    keywords: dict[str, Any] = {"labels": ["neg", "pos"], "recipes": "deepwordbug", "encoder": "none"}
    robustness.audit(reader, ROWS, out=tmp_path / "a", **keywords)
    assert capfd.readouterr() == ("", "")
    robustness.audit(reader, ROWS, out=tmp_path / "b", progress=True, **keywords)
    out, err = capfd.readouterr()
    assert (out, "4/4" in err) == ("", True)
    assert "IPython" not in sys.modules


TYPED = """
import robustness

def reader(texts: list[str]) -> list[list[float]]:
    return [[0.5, 0.5] for _ in texts]

run = robustness.audit(reader, [("a", "b")], labels=["a", "b"], gate={"min_robust_accuracy": "30%"}, progress=False)
reveal_type(run.verdict)
reveal_type(run.gate(min_robust_accuracy=0.3).exit_code)
robustness.audit(reader, lables=["a", "b"])
robustness.audit(reader, limit="10")
run.gate(min_robust=0.3)
"""


@pytest.mark.slow
def test_a_type_checker_sees_the_keywords(tmp_path: Path) -> None:
    import subprocess

    root = Path(robustness.__file__).parents[1]
    (tmp_path / "typed.py").write_text(TYPED)
    words = [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml"), "--follow-imports=silent"]
    done = subprocess.run(
        [*words, str(tmp_path / "typed.py")], capture_output=True, text=True, cwd=root, check=False, timeout=280
    )
    found = [line.split("typed.py:")[1] for line in done.stdout.splitlines() if "typed.py:" in line and "defined in" not in line]
    assert [line.split(":")[0] for line in found] == ["8", "9", "10", "11", "12"], done.stdout
    assert '"str"' in found[0]
    assert '"int"' in found[1]
    assert all("error" in line for line in found[2:])
