"""docs/victims.md shows code that runs and names what exists."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from robustness.victims import load_victim
from robustness.victims.scripted import SCRIPTED

DOCS = Path(__file__).parents[3] / "docs"


def test_the_scikit_learn_example_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import joblib  # type: ignore[import-untyped]
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    source = next(re.finditer(r"```python\n# spam\.py\n(.*?)```", (DOCS / "victims.md").read_text(), re.DOTALL)).group(1)
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    pipeline.fit(["win money now", "see you at lunch"] * 3, ["spam", "ham"] * 3)
    joblib.dump(pipeline, tmp_path / "spam.joblib")
    (tmp_path / "spam.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    try:
        victim = load_victim("python:spam:pipeline")
        assert victim.info.labels == ("ham", "spam")
        assert victim.predict([("win money",)]).argmax() == 1
    finally:
        sys.modules.pop("spam", None)


def test_every_python_example_compiles() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "victims.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        compile(block, "example", "exec")


def test_every_fake_is_documented() -> None:
    text = (DOCS / "victims.md").read_text()
    assert [name for name in SCRIPTED if f"scripted:{name}" not in text] == []


def test_specs_in_the_documents_are_of_a_known_kind() -> None:
    text = (DOCS / "victims.md").read_text() + (DOCS / "security-review.md").read_text()
    kinds = {spec.partition(":")[0] for spec in re.findall(r"--victim '?([^\s`']+)", text)}
    assert kinds <= {"demo", "hf", "python", "predictions", "scripted"}
    assert kinds >= {"demo", "hf", "python", "predictions"}
