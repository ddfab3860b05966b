"""Python callables as victims."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustness.errors import UsageError, VictimError
from robustness.tasks import registry
from robustness.tasks.classification import Classification
from robustness.tasks.reading.check_answers import AnswerOddities, read_answers
from robustness.victims import load_victim
from robustness.victims.base import VictimInfo
from robustness.victims.function import from_callable, load_function
from robustness.victims.scripted import keyword

TWO = ("negative", "positive")
MODULE = """
LOADED = []

def scores(texts):
    return [[0.25, 0.75] if "good" in text else [0.5, 0.5] for text in texts]

def pairs(rows):
    return [[0.0, 1.0] if row["premise"] == row["hypothesis"] else [1.0, 0.0] for row in rows]

def named(texts):
    return ["spam" for _ in texts]

named.labels = ("ham", "spam")
named.robustness_access = "labels"
named.robustness_identity = "weights 7"

def loader():
    LOADED.append(1)
    return named

def broken_loader():
    raise OSError("no weights")

def empty_loader():
    return 7

class Made:
    labels = ["no", "yes"]
    def __call__(self, texts):
        return [[1, 0]] * len(texts)

class Needy:
    def __init__(self, path):
        self.path = path

number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A user's module in the current directory, which is not on the import path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "their_victim.py").write_text(MODULE)
    yield "their_victim"
    for name in ("their_victim", "their_broken", "sub"):
        sys.modules.pop(name, None)


def test_a_function_of_texts_answers_scores(module: str) -> None:
    before = list(sys.path)
    victim = load_function(f"{module}:scores", labels=["bad", "good"])
    assert victim.info.labels == ("bad", "good")
    assert victim.info.access == "scores"
    assert victim.predict([("good",), ("dull",)]) == [[0.25, 0.75], [0.5, 0.5]]
    assert sys.path == before


def test_a_function_of_several_fields_gets_them_by_name(module: str) -> None:
    victim = load_function(f"{module}:pairs", labels=["no", "yes"], fields=("premise", "hypothesis"))
    assert victim.predict([("a", "a"), ("a", "b")]) == [[0.0, 1.0], [1.0, 0.0]]


def test_attributes_declare_labels_access_and_identity(module: str) -> None:
    info = load_function(f"{module}:named").info
    assert (info.labels, info.access) == (("ham", "spam"), "labels")
    assert dict(info.identity)["declared"] == "weights 7"
    assert info.notes == ()


def test_options_stand_above_attributes(module: str) -> None:
    assert load_function(f"{module}:named", labels=["x", "spam"], access="scores").info.access == "scores"
    assert load_function(f"{module}:named", labels=["x", "spam"]).info.labels == ("x", "spam")


def test_a_function_without_parameters_loads_the_victim_once(module: str) -> None:
    victim = load_function(f"{module}:loader")
    victim.predict([("a",)])
    assert victim.predict([("a",), ("b",)]) == ["spam", "spam"]
    assert sys.modules[module].LOADED == [1]


def test_a_class_without_parameters_is_made(module: str) -> None:
    assert load_function(f"{module}:Made").predict([("a",)]) == [[1, 0]]


def test_a_file_can_be_named_by_path(module: str, tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "my_own.py").write_text(MODULE)
    assert load_function("sub/my_own.py:named").predict([("a",)]) == ["spam"]


def test_the_identity_follows_the_source(module: str, tmp_path: Path) -> None:
    first = load_function(f"{module}:named").info.identity
    sys.modules.pop(module)
    (tmp_path / "their_victim.py").write_text(MODULE + "\n# changed\n")
    assert load_function(f"{module}:named").info.identity != first
    assert any("not its weights" in note for note in load_function(f"{module}:scores", labels="ab").info.notes)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("their_victim", "expected python:module:name"),
        (":scores", "expected python:module:name"),
        ("their_victim:", "expected python:module:name"),
        ("nowhere:scores", "no module named 'nowhere'"),
        ("nowhere.py:scores", "no such Python file"),
        ("their_victim:score", "there is no 'score'; callables there: .*named, pairs, scores"),
        ("their_victim:number", "is a int: expected a function"),
        ("their_victim:scores", "labels of .* are unknown; pass --labels"),
        ("their_victim:broken_loader", r"raised OSError: no weights .*their_victim\.py, line 22"),
        ("their_victim:empty_loader", "returned int, which is not a predictor"),
        ("their_victim:Needy", "is a class that needs arguments"),
    ],
)
def test_what_cannot_be_used_is_explained(module: str, target: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_function(target)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", r"ZeroDivisionError.*their_broken\.py, line 1"),
        ("import package_that_is_absent", "needs the package 'package_that_is_absent'"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_a_module_that_fails_to_import_is_explained(module: str, tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "their_broken.py").write_text(source)
    with pytest.raises(UsageError, match=message):
        load_function("their_broken:f")


@pytest.mark.parametrize(
    "options", [{"access": "logits"}, {"fields": ()}, {"fields": ("a", "a")}, {"labels": ["one"]}, {"labels": "aa"}]
)
def test_odd_options_are_refused(module: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        load_function(f"{module}:named", **options)


def test_a_pipeline_gives_probabilities_in_the_order_of_its_classes() -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(["good fun", "dull mess"] * 3, [1, 0] * 3)
    victim = from_callable(pipeline)
    scores = np.asarray(victim.predict([("good",), ("dull",)]))
    assert victim.info.labels == ("0", "1")
    assert scores.argmax(axis=1).tolist() == [1, 0]
    named = from_callable(pipeline, labels=["negative", "positive"], access="labels")
    assert named.info.access == "labels"


def test_a_pipeline_without_probabilities_is_a_label_only_victim() -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    pipeline = make_pipeline(CountVectorizer(), LinearSVC()).fit(["good fun", "dull mess"] * 3, ["pos", "neg"] * 3)
    victim = from_callable(pipeline)
    assert victim.info.access == "labels"
    assert victim.info.labels == ("neg", "pos")
    assert victim.predict([("good",), ("dull",)]) == ["pos", "neg"]
    with pytest.raises(UsageError, match="labels only"):
        from_callable(pipeline, access="scores")


def test_the_classes_of_a_label_only_predictor_can_be_renamed() -> None:
    class Numbers:
        classes_ = (0, 1)

        def predict(self, texts: list[str]) -> Any:
            return np.asarray([int("good" in text) for text in texts])

    plain, renamed = from_callable(Numbers()), from_callable(Numbers(), labels=["negative", "positive"])
    assert plain.predict([("good",), ("dull",)]) == ["1", "0"]
    assert renamed.predict([("good",), ("dull",)]) == ["positive", "negative"]
    assert (plain.info.labels, renamed.info.labels) == (("0", "1"), ("negative", "positive"))


@pytest.mark.parametrize("labels", [["positive", "negative"], ["negative", "neutral", "positive"]])
def test_labels_that_contradict_the_classes_of_a_predictor_are_refused(labels: list[str]) -> None:
    class Named:
        classes_ = ("negative", "positive")

        def predict_proba(self, texts: list[str]) -> Any:
            return [[0.5, 0.5] for _ in texts]

    with pytest.raises(UsageError, match="classes"):
        from_callable(Named(), labels=labels)


def test_a_function_of_one_text_is_told_that_it_gets_a_list_and_can_be_asked_text_by_text() -> None:
    def lower(text: str) -> list[float]:
        return [0.1, 0.9] if "good" in text.lower() else [0.9, 0.1]

    with pytest.raises(VictimError, match=r"is given a list of texts.*--one-at-a-time"):
        from_callable(lower, labels=TWO).predict([("a",)])
    alone = from_callable(lower, labels=TWO, one_at_a_time=True)
    assert alone.predict([("Good",), ("dull",)]) == [[0.1, 0.9], [0.9, 0.1]]
    batch_of_one = from_callable(lambda text: np.asarray([lower(text)]), labels=TWO, one_at_a_time=True)
    assert batch_of_one.predict([("Good",), ("dull",)]) == [[0.1, 0.9], [0.9, 0.1]]
    with pytest.raises(RuntimeError):
        from_callable(lambda texts: exec("raise RuntimeError('list')"), labels=TWO).predict([("a",)])


def test_every_score_of_a_transformers_pipeline_is_read_whatever_it_was_made_to_show(build: Any) -> None:
    import transformers

    folder = str(build("bert"))
    inputs = [("a dull film",), ("a warm and funny story",)]
    one = transformers.pipeline("text-classification", model=folder)
    alike = load_victim(f"hf:{folder}")
    victim = from_callable(one)
    assert victim.info.labels == alike.info.labels
    read = [read_answers(v.predict(inputs), 2, v.info, AnswerOddities()) for v in (victim, alike)]
    assert [p.label for p in read[0]] == [p.label for p in read[1]]
    for mine, theirs in zip(*read, strict=True):
        assert mine.scores == pytest.approx(theirs.scores, abs=1e-5)
    pair = from_callable(one, fields=("premise", "hypothesis"))
    assert len(read_answers(pair.predict([("a film", "a story")]), 1, pair.info, AnswerOddities())) == 1
    with pytest.raises(UsageError, match=r"expected one for .text-classification."):
        from_callable(transformers.pipeline("feature-extraction", model=folder))


def test_a_victim_is_taken_as_it_is() -> None:
    victim = keyword()
    assert from_callable(victim) is victim
    assert isinstance(victim.info, VictimInfo)


def test_the_spec_reaches_the_function(module: str) -> None:
    assert load_victim(f"python:{module}:scores", labels=["a", "b"]).info.name == f"python:{module}:scores"


def test_a_task_whose_answers_are_no_labels_needs_none_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_ADDED", {})

    class Lengths(Classification):  # any task without labels
        name = "lengths"
        fewest_labels = 0

    registry.register(Lengths())
    victim = from_callable(lambda texts: [len(text) for text in texts], task="lengths")
    assert (victim.info.task, victim.info.labels, victim.info.access) == ("lengths", (), "scores")
    file = tmp_path / "mine.py"
    file.write_text("def one(text):\n    return 1\n\none.robustness_task = 'lengths'\n", "utf-8")
    assert load_victim(f"python:{file}:one", one_at_a_time=True).info.task == "lengths"

    class Regressor:
        """As in scikit-learn: ``predict`` gives numbers."""

        def predict(self, texts: list[str]) -> list[int]:
            return [7 for _ in texts]

    assert from_callable(Regressor(), task="lengths").predict([("a",)]) == [7]


@pytest.mark.parametrize(
    ("predictor", "task", "complaint"),
    [
        (lambda texts: texts, "classifcation", "did you mean 'classification'"),
        (lambda texts: texts, "classification", "pass --labels"),
        (keyword(""), "multi", "there is no task 'multi'"),
    ],
)
def test_a_task_that_is_not_there_or_does_not_fit_is_refused(predictor: Any, task: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        from_callable(predictor, task=task)
