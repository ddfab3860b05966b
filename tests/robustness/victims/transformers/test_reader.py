"""Readers of transformers as victims: a tiny one, trained here, and what it says about itself."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import robustness.victims.transformers.reader as reader_module
from attacks.language.detection import survey
from attacks.recipes import build as build_recipe
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import VICTIM, Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.errors import UsageError, VictimError
from robustness.planning.languages import RunLanguage
from robustness.planning.prepare import guarded
from robustness.tasks.extractive_qa import ExtractiveQA
from robustness.tasks.task import Seen, Space
from robustness.victims import load_victim
from robustness.victims.base import Victim
from robustness.victims.transformers.reader import Window
from robustness.victims.transformers.tokens import Encoded

_SPEC = importlib.util.spec_from_file_location("tiny_reader", Path(__file__).with_name("tiny_reader.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
tiny_reader: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tiny_reader)

QUESTION = "Where does Mary live?"
CONTEXT = "Mary ate soup. Mary lives in Oslo."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: Path = tiny_reader.trained(tmp_path_factory.mktemp("reader"))
    return found


@pytest.fixture(scope="module")
def reader(folder: Path) -> Victim:
    return load_victim(f"hf:{folder}", device="cpu", offline=True)


def test_it_is_a_victim_of_the_task_with_two_fields(reader: Victim) -> None:
    assert (reader.info.task, reader.info.fields, reader.info.labels) == ("qa", ("question", "context"), ())
    assert reader.info.deterministic
    assert {"weights", "config", "tokenizer", "max_tokens"} <= dict(reader.info.identity).keys()


def test_a_trained_reader_answers_with_the_span_of_the_context(reader: Victim) -> None:
    rng, task, space = Random(7), ExtractiveQA(), Space(fields=("question", "context"))
    rows = [tiny_reader.facts(rng) for _ in range(60)]
    answers = reader.predict([(question, context) for question, context, _ in rows])
    right = 0
    for (question, context, gold), raw in zip(rows, answers, strict=True):
        assert context[raw["start"] : raw["end"]] == raw["answer"]
        assert 0.0 < raw["score"] <= 1.0
        answer: Any = task.answer(raw, (question, context), space)
        inputs = (question, context)
        right += task.right(answer, Seen(inputs, inputs, 1, (gold,), answer))
    assert right >= 54


def test_places_are_code_points_of_the_context_as_it_stands(reader: Victim) -> None:
    context = "  🙂 é\u200b Mary ate soup.\n Mary lives in Oslo. "
    (raw,) = reader.predict([(QUESTION, context)])
    assert (raw["answer"], raw["start"]) == ("Oslo", context.index("Oslo"))


def test_a_long_context_is_read_in_windows_and_nothing_is_cut(reader: Victim) -> None:
    filler = "Mary ate rice. " * 60
    (raw,) = reader.predict([(QUESTION, filler + "Mary lives in Oslo.")])
    assert raw["answer"] == "Oslo"
    assert raw["start"] == len(filler) + 14
    inputs = [(QUESTION, filler), ("where " * 100, CONTEXT), ("\ud83d?", CONTEXT)]
    assert reader.truncated(inputs) == [False, True, False]
    assert reader.lengths(inputs)[0] > 240


def test_an_answer_does_not_depend_on_what_else_is_asked(reader: Victim) -> None:
    rng = Random(3)
    inputs = [tiny_reader.facts(rng)[:2] for _ in range(21)] + [(QUESTION, "Mary ate rice. " * 40), (QUESTION, CONTEXT)]
    together = reader.predict(inputs)
    assert [reader.predict([one])[0] for one in inputs] == together
    assert reader.predict(inputs[::-1])[::-1] == together


def test_logits_are_the_same_to_the_last_bit_in_any_batch(reader: Any) -> None:
    inputs = [(QUESTION, "Mary ate rice. " * n) for n in (1, 3, 9, 2, 1)]
    windows = [window for one in inputs for window in reader._windows(one)[0]]
    for window, together in zip(windows, reader._logits(windows), strict=True):
        assert reader._logits([window])[0].tobytes() == together.tobytes()


def test_a_span_ends_behind_its_start_and_is_no_longer_than_an_answer() -> None:
    context = "abcdefghij" * 5
    window = Window(Encoded({}, False), (None, *((n, n + 1) for n in range(50))))
    logits = np.zeros((2, 51))
    logits[0, [0, 21]], logits[1, [0, 2, 24]] = [99.0, 5.0], [99.0, 6.0, 4.0]
    best = reader_module._best_span(context, [window], [logits])
    assert (best["start"], best["end"], best["answer"]) == (20, 24, "abcd"), "not the question, and not backwards"
    logits[1, 24], logits[1, 50], logits[0, 2] = 0.0, 4.9, 0.0
    best = reader_module._best_span(context, [window], [logits])
    assert best["end"] - best["start"] <= reader_module.MAX_ANSWER_TOKENS
    logits[0, 1], logits[1, 2] = 9.0, 0.0
    best = reader_module._best_span(context, [window], [logits])
    assert best["end"] - best["start"] <= reader_module.MAX_ANSWER_TOKENS, "from the first token to the last would add up to more"


def test_a_context_of_nothing_gives_an_empty_answer(reader: Victim) -> None:
    rows = reader.predict([(QUESTION, ""), ("", ""), (QUESTION, "\u200b \x00")])
    assert [row["answer"] for row in rows] == ["", "", ""]
    unusable: Any = ExtractiveQA().answer(rows[0], (QUESTION, ""), Space())
    assert unusable.kind == "empty"


def test_readings_tell_apart_what_the_model_can(reader: Victim) -> None:
    same, capitals, other, broken = reader.readings(
        [(QUESTION, CONTEXT), (QUESTION.upper(), CONTEXT.upper()), (QUESTION, "Mary lives in Rome."), (QUESTION, "\ud83d")]
    )
    assert same == capitals != other
    assert broken is None
    assert reader.unknown_tokens([(QUESTION, "Mary ☃ ☃"), (QUESTION, "\ud83d")]) == [(2, 3), (0, 0)]


# Bad inputs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": ("context",)}, "takes two fields, the question and the context"),
        ({"fields": ("a", "b", "c")}, "takes two fields"),
        ({"fields": ("a", "a")}, "takes two fields"),
        ({"max_length": 5}, "leave room for a question and a context"),
        ({"max_length": 4096}, "from 1 to the 128 tokens"),
        ({"device": "nowhere"}, "cannot be used here"),
    ],
)
def test_options_that_cannot_be_used_are_refused(folder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_victim(f"hf:{folder}", **{"device": "cpu", **options})


def test_a_label_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="has no labels; drop #Oslo"):
        load_victim(f"hf:{folder}#Oslo", device="cpu")


def test_a_head_without_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(folder / "model.safetensors")
    save_file({n: w for n, w in weights.items() if "qa_outputs" not in n}, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(VictimError, match=r"lacks trained weights for qa_outputs\.bias, qa_outputs\.weight"):
        load_victim(f"hf:{tmp_path}", device="cpu")


def test_weights_of_another_shape_than_the_config_says_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"vocab_size": 5}))
    with pytest.raises(VictimError, match=r"lacks trained weights for .*word_embeddings"):
        load_victim(f"hf:{tmp_path}", device="cpu")


def test_a_lone_surrogate_is_named(reader: Victim) -> None:
    with pytest.raises(VictimError, match="lone surrogate"):
        reader.predict([(QUESTION, "Mary \ud83d lives in Oslo.")])


# Attacks on it, through the engine


def ended(reader: Victim, recipe: str, rows: Sequence[tuple[str, str, str]], goal: str = "", field: int = 1) -> list[Outcome]:
    """The outcomes of one recipe on questions with contexts and gold answers, the answers protected."""
    task, space = ExtractiveQA(), Space(fields=reader.info.fields)
    language = RunLanguage("en", named=True, survey=survey([context for _, context, _ in rows]))
    recipes = guarded([build_recipe(recipe)], language, (), (), marks=True)
    plan = Plan(recipes=recipes, task=task, goal=task.goal(goal, space), space=space, field=field, budget=80)
    examples = [Example(str(n), (q, c), task.reference(a, (q, c), space), {}) for n, (q, c, a) in enumerate(rows)]
    found = Engine(Oracles({VICTIM: Oracle(VictimBackend(reader))})).outcomes(plan, examples, {})
    return sorted(found, key=lambda outcome: int(outcome.example_id))


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str, str]]:
    rng = Random(11)
    return [tiny_reader.facts(rng) for _ in range(8)]


@pytest.mark.parametrize("recipe", ["deepwordbug", "add-sentence"])
def test_a_recipe_breaks_the_reader_and_leaves_the_answer_where_it_was(
    reader: Victim, rows: list[tuple[str, str, str]], recipe: str
) -> None:
    outcomes = ended(reader, recipe, rows)
    broken = [outcome for outcome in outcomes if outcome.status == "succeeded"]
    assert {outcome.status for outcome in outcomes} <= {"succeeded", "failed", "exhausted", "skipped"}
    assert len(broken) >= 2
    task = ExtractiveQA()
    for outcome in broken:
        question, context, gold = rows[int(outcome.example_id)]
        assert outcome.perturbed is not None
        assert gold in outcome.perturbed
        raw = reader.predict([(question, outcome.perturbed)])[0]
        answer: Any = task.answer(raw, (question, outcome.perturbed), Space())
        assert not task.right(answer, Seen((question, context), (question, outcome.perturbed), 1, (gold,), answer))
        assert outcome.best is not None
        assert outcome.best.shown == raw["answer"]
    assert ended(reader, recipe, rows[:4]) == outcomes[:4]


def test_the_question_can_be_attacked_instead(reader: Victim, rows: list[tuple[str, str, str]]) -> None:
    outcomes = ended(reader, "deepwordbug", rows, field=0)
    assert {outcome.field for outcome in outcomes} == {"question"}
    assert any(outcome.status == "succeeded" for outcome in outcomes)


def test_a_given_wrong_answer_can_be_the_goal(reader: Victim) -> None:
    row = ("Where does Mary live?", "Anna ate soup. Mary lives in Oslo. Anna lives in Rome.", "Oslo")
    (outcome,) = ended(reader, "add-sentence", [row], goal="answer-with:Rome")
    assert outcome.goal == "answer-with:Rome"
    assert outcome.status in ("succeeded", "failed", "exhausted", "skipped")
