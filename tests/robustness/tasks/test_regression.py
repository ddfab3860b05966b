"""Regression: numbers read, judged by a tolerance and measured; a head trained here and callables, searched by the engine."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

import attacks.recipes
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Number, Unusable, pack, unpack
from robustness.tasks.registry import task_named
from robustness.tasks.task import Seen, Space, space_of
from robustness.victims import load_victim
from robustness.victims.function import from_callable

TASK, SPACE, TEXT = task_named("regression"), Space(), ("a text",)
MARKS = {"superb": 1.0, "lovely": 0.9, "decent": 0.6, "plain": 0.5, "weak": 0.2, "awful": 0.0}
FIELDS = ("food", "service")


def pair(food: str, service: str) -> tuple[str, str]:
    return f"the food was {food} that evening", f"the people who served us were {service}"


def mark(food: str, service: str) -> float:
    return (MARKS[food] + MARKS[service]) / 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer BERT with one output that marks a pair of sentences from 0 to 1; trained here in a few seconds."""
    words = sorted({*MARKS, *" ".join(pair("", "")).split()})
    bare = Tokenizer(models.WordLevel({t: n for n, t in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}, "[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    bare.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=ends
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    tokens: Any = transformers.PreTrainedTokenizerFast(tokenizer_object=bare, model_input_names=inputs, **special)
    torch.manual_seed(3)
    config = transformers.BertConfig(
        **{"vocab_size": len(tokens), "num_labels": 1, "id2label": {0: "mark"}, "label2id": {"mark": 0}},
        **{"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
        **{"problem_type": "regression", "max_position_embeddings": 64, "initializer_range": 0.1},
        **{"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    )
    model: Any = transformers.BertForSequenceClassification(config)
    rng, steps = Random(1), torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(100):
        chosen = [(rng.choice([*MARKS]), rng.choice([*MARKS])) for _ in range(16)]
        first, second = zip(*(pair(*one) for one in chosen), strict=True)
        rows = tokens(list(first), list(second), padding=True, return_tensors="pt")
        model(**rows, labels=torch.tensor([mark(*one) for one in chosen])).loss.backward()
        steps.step()
        steps.zero_grad()
    made = tmp_path_factory.mktemp("marks")
    model.save_pretrained(made)
    tokens.save_pretrained(made)
    return made


def seen(clean: float, reference: float | None = None) -> Seen[Any, Any]:
    return Seen(TEXT, TEXT, 0, reference, Number(clean))


def searched(victim: Any, examples: list[Example], goal: str = "", **more: Any) -> list[Outcome]:
    """The outcomes of an unchanged deepwordbug."""
    space = space_of(victim)
    plan = Plan((attacks.recipes.build("deepwordbug"),), TASK, TASK.goal(goal, space), space, budget=60, **more)
    return list(Engine(Oracles({"victim": Oracle(VictimBackend(victim))})).outcomes(plan, examples, {}))


@pytest.mark.parametrize("cell", [0.25, np.float32(0.25), "0.25", " .25 ", "2.5e-1"])
def test_a_reference_is_a_number_or_a_text_that_is_one(cell: Any) -> None:
    assert TASK.reference(cell, TEXT, SPACE) == 0.25
    assert TASK.reference(TASK.cell(0.1 + 0.2, SPACE), TEXT, SPACE) == 0.1 + 0.2


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("high", "expected a number, got 'high'"),
        ("", "expected a number, got ''"),
        ("3,5", "write decimals with a point"),
        (None, "expected a number, got None"),
        (True, r"expected a number, got True \(bool\)"),
        (math.nan, "expected a finite number, got nan"),
        ("inf", "expected a finite number, got 'inf'"),
        ([0.5], "expected a number"),
    ],
)
def test_a_reference_that_is_no_number_is_refused(cell: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        TASK.reference(cell, TEXT, SPACE)


@pytest.mark.parametrize(
    "row",
    [0.5, 1 / 2, np.float32(0.5), np.array([0.5]), [0.5], [[0.5]], "0.5", {"label": "LABEL_0", "score": 0.5}, [{"score": 0.5}]],
)
def test_a_number_is_read_from_whatever_holds_one(row: Any) -> None:
    assert TASK.answer(row, TEXT, SPACE) == Number(0.5)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (math.nan, "expected a finite number"),
        (-math.inf, "expected a finite number"),
        ([0.5, 0.5], "expected one number for each input"),
        (True, r"answered True \(bool\)"),
        ({"similarity": 0.5}, "a mapping with one under 'score'"),
        (b"0.5", "expected one number"),
    ],
)
def test_an_answer_that_is_no_finite_number_is_refused(row: Any, complaint: str) -> None:
    with pytest.raises(AnswerError, match=complaint):
        TASK.answer(row, TEXT, SPACE)


@pytest.mark.parametrize(("row", "kind"), [(None, "empty"), ("", "empty"), ("about half", "unparsed"), ("0,5", "unparsed")])
def test_words_and_nothing_are_no_answer(row: Any, kind: str) -> None:
    answer = TASK.answer(row, TEXT, SPACE)
    assert isinstance(answer, Unusable)
    assert answer.kind == kind


def test_a_number_is_broken_beyond_the_tolerance_and_the_score_is_the_distance() -> None:
    moved, raised, lowered = (TASK.goal(f"{word}:0.2", SPACE) for word in ("moved-by", "raised-by", "lowered-by"))
    look = seen(0.55, 0.5)
    assert [goal.judge(Number(0.71), look).reached for goal in (moved, raised, lowered)] == [True, True, False]
    assert [goal.judge(Number(0.29), look).reached for goal in (moved, raised, lowered)] == [True, False, True]
    assert not moved.judge(Number(0.7), look).reached
    assert [round(goal.judge(Number(0.1), look).score, 9) for goal in (moved, raised, lowered)] == [0.4, -0.4, 0.4]


def test_without_a_reference_the_clean_answer_stands_in_for_it() -> None:
    goal = TASK.goal("", SPACE)
    assert goal.name == "moved-by:0.1"
    assert [goal.judge(Number(x), seen(0.55)).reached for x in (0.55, 0.649, 0.66)] == [False, False, True]
    assert TASK.right_for(goal, Number(0.55), seen(0.55))


def test_the_clean_answer_is_right_within_the_tolerance_of_the_goal() -> None:
    clean = Number(0.55)
    for spec, right in (("", True), ("moved-by:0.5", True), ("moved-by:0.01", False), ("raised-by:0.04", False)):
        assert TASK.right_for(TASK.goal(spec, SPACE), clean, seen(0.55, 0.5)) is right


def test_goals_come_back_by_their_names_and_others_are_refused() -> None:
    for spec in ("moved-by:0.1", "raised-by:1e-05", "lowered-by:2.0"):
        goal = TASK.goal(spec, SPACE)
        assert goal.name == spec
        assert TASK.goal(goal.name, SPACE) == goal
    for spec in ("moved-by:", "moved-by:0", "raised-by:-1", "moved-by:nan", "moved-by:inf", "lowered-by:much"):
        with pytest.raises(UsageError, match="expects a tolerance above 0 in the units of the victim's numbers"):
            TASK.goal(spec, SPACE)
    with pytest.raises(UsageError, match="has no goal 'misclassify'"):
        TASK.goal("misclassify", SPACE)


def test_the_measure_is_the_absolute_error_and_a_number_is_kept_and_shown() -> None:
    assert TASK.measure(Number(0.25), seen(0.25, 1.0)) == {"absolute_error": 0.75}
    answer = Number(0.1 + 0.2)
    assert unpack(pack(answer)) == answer
    assert [TASK.show(Number(x), SPACE).text for x in (0.1 + 0.2, 3.0, 1e-7, 12345.678)] == ["0.3", "3", "1e-07", "12345.678"]
    assert TASK.same(answer, Number(0.30001))
    assert not TASK.same(answer, Number(0.301))


def test_deepwordbug_moves_the_mark_of_a_checkpoint_trained_here(folder: Path) -> None:
    victim = load_victim(f"hf:{folder}", device="cpu", fields=FIELDS)
    assert (victim.info.task, victim.info.labels, victim.info.fields) == ("regression", (), FIELDS)
    chosen = [("superb", "awful"), ("lovely", "superb"), ("weak", "weak"), ("awful", "superb"), ("plain", "lovely")]
    examples = [Example(str(n), pair(*one), mark(*one), {}) for n, one in enumerate(chosen)]
    wrong = Example("wrong", pair("superb", "superb"), 0.0, {})
    outcomes = {one.example_id: one for one in searched(victim, [*examples, wrong], "moved-by:0.15", field=1)}
    assert outcomes.pop("wrong").status == "skipped"
    assert {one.status for one in outcomes.values()} <= {"succeeded", "failed"}
    won = [one for one in outcomes.values() if one.status == "succeeded"]
    assert len(won) >= 2
    for one in won:
        assert one.best is not None
        assert abs(float(one.best.shown) - float(one.reference)) > 0.15
        assert one.texts["food"] == pair(*chosen[int(one.example_id)])[0]


def length(texts: list[str]) -> list[float]:
    """How many words of each text are spelt as they were."""
    return [sum(word in "the storm came over the hills at night".split() for word in text.split()) / 8 for text in texts]


def test_a_search_goes_by_the_tolerance_of_its_goal_in_what_it_skips() -> None:
    victim = from_callable(length, task="regression")
    example = Example("1", ("the storm came over the hills at night",), 1.3, {})
    for goal, skipped in (("moved-by:0.2", True), ("moved-by:0.4", False)):
        (outcome,) = searched(victim, [example], goal)
        assert (outcome.status == "skipped") is skipped


def test_a_callable_is_searched_without_a_reference() -> None:
    victim = from_callable(length, task="regression")
    (outcome,) = searched(victim, [Example("1", ("the storm came over the hills at night",), None, {})], "lowered-by:0.2")
    assert (outcome.status, outcome.goal, outcome.reference) == ("succeeded", "lowered-by:0.2", "")
    assert outcome.best is not None
    assert float(outcome.best.shown) == 0.75


def test_a_regressors_predict_is_what_is_asked() -> None:
    class Regressor:
        def predict(self, texts: list[str]) -> Any:
            return np.array([len(text) / 10 for text in texts])

    (answer,) = VictimBackend(from_callable(Regressor(), task="regression")).compute([("abc",)])
    assert answer == Number(0.3)


def test_a_pipeline_of_transformers_gives_the_number_itself(folder: Path) -> None:
    pipeline = transformers.pipeline("text-classification", model=str(folder), device="cpu")
    victim = from_callable(pipeline, task="regression", fields=FIELDS)
    direct = load_victim(f"hf:{folder}", device="cpu", fields=FIELDS)
    (mine,), (theirs,) = (VictimBackend(one).compute([pair("superb", "superb")]) for one in (victim, direct))
    assert isinstance(mine, Number)
    assert isinstance(theirs, Number)
    assert mine.value == pytest.approx(theirs.value, abs=1e-5) == pytest.approx(1.0, abs=0.15)
