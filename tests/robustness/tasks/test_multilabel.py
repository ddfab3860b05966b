"""Multi-label: sets of labels read, judged and measured; a checkpoint trained here and a callable, searched by the engine."""

from __future__ import annotations

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
from robustness.engine.converse import CaseJudge
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import LabelSet, Unusable, pack, unpack
from robustness.tasks.multilabel import LabelsGoal
from robustness.tasks.registry import task_named
from robustness.tasks.task import Seen, Space, space_of
from robustness.victims import load_victim
from robustness.victims.function import from_callable

TOPICS = {
    "weather": ("rain", "storm", "sunshine", "snow"),
    "sport": ("match", "goal", "team", "race"),
    "music": ("concert", "singer", "guitar", "album"),
}
NAMES = tuple(TOPICS)
FILLERS = ("we heard about the {} today", "they spoke of the {} all evening", "nobody expected the {} this week")
QUIET = "nothing much happened at home"
TASK = task_named("multi-label")
SPACE = Space(NAMES)
TEXT = ("the storm",)


def sentence(rng: Random, topics: list[str]) -> str:
    return " and ".join(rng.choice(FILLERS).format(rng.choice(TOPICS[topic])) for topic in topics) or QUIET


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer BERT that tells which of three topics a text is about; trained here in a few seconds."""
    every = [*FILLERS, QUIET, "and", *(word for words in TOPICS.values() for word in words)]
    words = sorted({word for text in every for word in text.replace("{}", "").split()})
    bare = Tokenizer(models.WordLevel({t: n for n, t in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}, "[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    bare.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokens: Any = transformers.PreTrainedTokenizerFast(tokenizer_object=bare, **special)
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(tokens),
        problem_type="multi_label_classification",
        id2label=dict(enumerate(NAMES)),
        label2id={name: n for n, name in enumerate(NAMES)},
        **{"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
        **{
            "max_position_embeddings": 64,
            "initializer_range": 0.1,
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
        },
    )
    model: Any = transformers.BertForSequenceClassification(config)
    rng, steps = Random(1), torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(120):
        topics = [[name for name in NAMES if rng.random() < 0.5] for _ in range(32)]
        rows = tokens([sentence(rng, one) for one in topics], padding=True, return_tensors="pt")
        wanted = torch.tensor([[float(name in one) for name in NAMES] for one in topics])
        model(**rows, labels=wanted).loss.backward()
        steps.step()
        steps.zero_grad()
    made = tmp_path_factory.mktemp("topics")
    model.save_pretrained(made)
    tokens.save_pretrained(made)
    return made


def read(*rows: Any, labels: tuple[str, ...] = NAMES) -> list[Any]:
    return [TASK.answer(row, TEXT, Space(labels)) for row in rows]


def seen(clean: LabelSet, reference: frozenset[int] | None = None) -> Seen[Any, Any]:
    return Seen(TEXT, TEXT, 0, reference, clean)


def searched(victim: Any, examples: list[Example], goal: str = "", **more: Any) -> list[Outcome]:
    """The outcomes of an unchanged deepwordbug."""
    space = space_of(victim)
    plan = Plan((attacks.recipes.build("deepwordbug"),), TASK, TASK.goal(goal, space), space, budget=60, **more)
    return list(Engine(Oracles({"victim": Oracle(VictimBackend(victim))})).outcomes(plan, examples, {}))


@pytest.mark.parametrize(
    "cell",
    [
        ["weather", "music"],
        ("music", "weather"),
        {"weather", "music"},
        np.array(["weather", "music"]),
        "weather|music",
        "music ; weather",
        "weather, music",
        "Weather,MUSIC",
        '["weather", "music"]',
        "['weather', 'music']",
        [1, 0, 1],
        np.array([1, 0, 1]),
        [True, False, True],
        "1|0|1",
        "1 0 1",
        "[1, 0, 1]",
        {"weather": 1, "sport": 0, "music": 1},
        '{"weather": true, "sport": false, "music": true}',
    ],
)
def test_a_reference_is_read_in_every_usual_spelling(cell: Any) -> None:
    gold = TASK.reference(cell, TEXT, SPACE)
    assert gold == frozenset({0, 2})
    assert TASK.reference(TASK.cell(gold, SPACE), TEXT, SPACE) == gold


def test_no_label_is_written_as_an_empty_list_and_a_name_may_hold_a_separator() -> None:
    assert (
        TASK.reference("[]", TEXT, SPACE)
        == TASK.reference([], TEXT, SPACE)
        == TASK.reference("0|0|0", TEXT, SPACE)
        == frozenset()
    )
    assert TASK.show_reference(frozenset(), SPACE) == "no label"
    assert TASK.reference("hot, dry", TEXT, Space(("hot, dry", "hot", "dry"))) == frozenset({0})


BAD_REFERENCES = [
    ("", "got an empty cell; where no label belongs, write []"),
    (None, "expected a list of labels, or a text such as 'weather|sport', got None"),
    (float("nan"), "expected a list of labels"),
    ("weather|politics", "expected labels among weather, sport, music, got 'politics'"),
    ("weather||music", "expected a label on each side of '|'"),
    ([1, 0], "expected 0 or 1 for each of 3 labels"),
    ([1, 0, 2], "expected 0 or 1 for the label 'music', got 2"),
    ("[weather", "as JSON writes it"),
    (["weather", 1], "expected a list of label names"),
    ({"weather": "maybe"}, "expected 0 or 1 for the label 'weather', got 'maybe'"),
    (2, "expected a list of labels"),
]


@pytest.mark.parametrize(("cell", "complaint"), BAD_REFERENCES)
def test_a_reference_that_names_no_labels_is_refused(cell: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("[", r"\[").replace("|", r"\|").replace("]", r"\]")):
        TASK.reference(cell, TEXT, SPACE)


@pytest.mark.parametrize(
    "row",
    [
        [0.9, 0.5, 0.51],
        np.array([0.9, 0.5, 0.51]),
        {"music": 0.51, "weather": 0.9, "sport": 0.5},
        [{"label": "weather", "score": 0.9}, {"label": "sport", "score": 0.5}, {"label": "music", "score": 0.51}],
    ],
)
def test_scores_over_a_half_are_set_and_kept(row: Any) -> None:
    assert read(row) == [LabelSet(frozenset({0, 2}), (0.9, 0.5, 0.51))]


def test_names_and_flags_are_read_too() -> None:
    for row in (
        ["weather", "music"],
        {"music", "weather"},
        [True, False, True],
        [1, 0, 1],
        {"weather": True, "sport": 0, "music": 1},
    ):
        (answer,) = read(row)
        assert answer.labels == {0, 2}
    assert read([])[0] == LabelSet(frozenset())
    assert read(0.7, labels=("spam",)) == [LabelSet(frozenset({0}), (0.7,))]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (["weather", "politics"], "answered the label 'politics'"),
        (["Weather"], "differ only in case"),
        ("weather", "expected a score for each of 3 labels"),
        ([0.1, 0.2], "gave 2 scores for one input; it declares 3 labels"),
        ([0.1, 0.2, float("nan")], "not finite"),
        ([-2.5, 0.2, 3.0], "logits must go through a sigmoid first"),
        ({"weather": 0.3}, "gave a score for 'weather' only"),
        ({"label": "weather", "score": 0.9}, "gave a score for 'weather' only"),
        (7, "expected a score for each of 3 labels"),
        ([["weather"]], "expected a score for each of 3 labels"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_what_came(row: Any, complaint: str) -> None:
    with pytest.raises(AnswerError, match=complaint):
        read(row)


def test_nothing_is_no_answer() -> None:
    (answer,) = read(None)
    assert isinstance(answer, Unusable)
    assert answer.kind == "empty"


def test_a_goal_rises_with_the_label_nearest_to_its_change_and_is_reached_where_one_changed() -> None:
    clean = LabelSet(frozenset({0}), (0.9, 0.1, 0.2))
    nearer, added, dropped = (
        LabelSet(frozenset(n for n in range(3) if s[n] > 0.5), s) for s in ((0.6, 0.1, 0.2), (0.9, 0.1, 0.8), (0.3, 0.1, 0.2))
    )
    changed, any_added, any_dropped = (TASK.goal(word, SPACE) for word in ("", "label-added", "label-dropped"))
    look = seen(clean, frozenset({0}))
    assert [changed.judge(one, look).reached for one in (clean, nearer, added, dropped)] == [False, False, True, True]
    assert [any_added.judge(one, look).reached for one in (nearer, added, dropped)] == [False, True, False]
    assert [any_dropped.judge(one, look).reached for one in (nearer, added, dropped)] == [False, False, True]
    assert changed.judge(clean, look).score < changed.judge(nearer, look).score < changed.judge(dropped, look).score
    assert TASK.goal("label-added:sport", SPACE).judge(added, look).reached is False
    assert changed.judge(added, look).quality == pytest.approx(2 / 3)
    assert TASK.goal("label-dropped", SPACE).judge(LabelSet(frozenset()), look).score == 1.0


def test_a_goal_on_labels_needs_an_example_that_can_reach_it() -> None:
    clean = LabelSet(frozenset({0}), (0.9, 0.1, 0.2))
    fits = {
        spec: TASK.right_for(TASK.goal(spec, SPACE), clean, seen(clean, frozenset({0})))
        for spec in (
            "labels-changed",
            "label-added",
            "label-dropped",
            "label-added:weather",
            "label-dropped:weather",
            "label-dropped:sport",
        )
    }
    assert fits == {spec: TASK.fits(TASK.goal(spec, SPACE), frozenset({0})) for spec in fits}
    assert [spec for spec, fit in fits.items() if not fit] == ["label-added:weather", "label-dropped:sport"]
    nothing = LabelSet(frozenset())
    assert not TASK.right_for(TASK.goal("label-dropped", SPACE), nothing, seen(nothing))
    assert not TASK.right_for(TASK.goal("", SPACE), clean, seen(clean, frozenset({0, 1})))


def test_a_goal_about_one_label_asks_no_more_of_the_clean_answer() -> None:
    clean = LabelSet(frozenset({0}), (0.9, 0.1, 0.2))  # sport is missed
    right = {
        word: TASK.right_for(TASK.goal(word, SPACE), clean, seen(clean, frozenset({0, 1})))
        for word in (
            "labels-changed",
            "label-added",
            "label-dropped",
            "label-dropped:weather",
            "label-dropped:sport",
            "label-added:music",
        )
    }
    assert [word for word, fine in right.items() if fine] == ["label-added", "label-dropped:weather", "label-added:music"]


def test_goals_come_back_by_their_names_and_others_are_refused() -> None:
    for spec in ("labels-changed", "label-added", "label-added:sport", "label-dropped:music"):
        goal = TASK.goal(spec, SPACE)
        assert goal.name == spec
        assert TASK.goal(goal.name, SPACE) == goal
    for spec, complaint in (
        ("misclassify", "has no goal 'misclassify'"),
        ("label-added:", "has no goal"),
        ("label-dropped:politics", "names the label 'politics'; the victim answers weather, sport, music"),
    ):
        with pytest.raises(UsageError, match=complaint):
            TASK.goal(spec, SPACE)


def test_measures_are_exact_match_and_the_counts_of_micro_f1() -> None:
    answer = LabelSet(frozenset({0, 2}))
    assert TASK.measure(answer, seen(answer, frozenset({0, 1}))) == {"exact_match": 0.0, "micro_f1": (1, 1, 1)}
    assert TASK.measure(answer, seen(answer)) == {"exact_match": 1.0, "micro_f1": (2, 0, 0)}
    empty = LabelSet(frozenset())
    assert LabelsGoal("labels-changed").judge(empty, seen(empty, frozenset())).quality == 1.0


def test_an_answer_is_kept_as_bytes_and_shown_by_name() -> None:
    answer = LabelSet(frozenset({2, 0}), (0.9, 0.1, 0.8))
    assert unpack(pack(answer)) == answer
    shown = TASK.show(answer, SPACE)
    assert (shown.text, shown.scores, shown.answer) == ("weather, music", (0.9, 0.1, 0.8), ["weather", "music"])
    assert TASK.same(answer, LabelSet(frozenset({0, 2}), (0.90001, 0.1, 0.8)))
    assert not TASK.same(answer, LabelSet(frozenset({0, 2}), (0.99, 0.1, 0.8)))


def test_deepwordbug_changes_the_labels_of_a_checkpoint_trained_here(folder: Path) -> None:
    victim = load_victim(f"hf:{folder}", device="cpu")
    assert (victim.info.task, victim.info.labels) == ("multi-label", NAMES)
    rng = Random(5)
    wanted = [[NAMES[n % 3], *NAMES[: n % 2]] for n in range(8)]
    examples = [
        Example(str(n), (sentence(rng, sorted(set(topics))),), TASK.reference(topics, TEXT, SPACE), {})
        for n, topics in enumerate(wanted)
    ]
    outcomes = searched(victim, [*examples, Example("wrong", (QUIET,), frozenset({1}), {})])
    assert [one.status for one in outcomes if one.example_id == "wrong"] == ["skipped"]
    attacked = [one for one in outcomes if one.example_id != "wrong"]
    assert {one.status for one in attacked} <= {"succeeded", "failed"}
    assert sum(one.status == "succeeded" for one in attacked) >= 3
    for one in attacked:
        if one.status == "succeeded":
            assert one.best is not None
            assert one.best.shown != one.reference
    again = searched(victim, list(reversed(examples)))
    assert {one.example_id: one.perturbed for one in again} == {one.example_id: one.perturbed for one in attacked}


def tagged(texts: list[str]) -> list[list[str]]:
    """Names of the topics whose words occur, as a rule-based tagger answers."""
    return [[name for name, words in TOPICS.items() if set(words) & set(text.split())] for text in texts]


def test_a_callable_that_returns_names_is_a_victim_of_the_task_and_no_other() -> None:
    victim = from_callable(tagged, task="multi-label", labels=NAMES)
    (outcome,) = searched(victim, [Example("1", ("the storm and the concert",), frozenset({0, 2}), {})], "label-dropped:music")
    assert (outcome.status, outcome.goal) == ("succeeded", "label-dropped:music")
    with pytest.raises(UsageError, match="is a victim of the task multi-label, and the task classification was asked for"):
        from_callable(lambda: victim, task="classification")


def test_a_saved_case_is_right_again_as_its_goal_saw_it() -> None:
    victim = from_callable(tagged, task="multi-label", labels=NAMES)
    (case,) = searched(victim, [Example("1", ("the storm and the concert",), frozenset({0, 1, 2}), {})], "label-dropped:music")
    assert case.status == "succeeded"
    (clean,) = VictimBackend(victim).compute([("the storm and the concert",)])
    assert CaseJudge(victim.info, case).right(clean)


def test_scikit_learns_tables_of_ones_are_read() -> None:
    class OneVsRest:
        classes_ = np.array([0, 1, 2])

        def predict(self, texts: list[str]) -> Any:
            return np.array([[1, 0, 1] for _ in texts])

    victim = from_callable(OneVsRest(), task="multi-label", labels=NAMES)
    backend = VictimBackend(victim)
    (answer,) = backend.compute([("x",)])
    assert isinstance(answer, LabelSet)
    assert answer.labels == {0, 2}


def test_a_pipeline_of_transformers_gives_the_scores_of_all_labels(folder: Path) -> None:
    pipeline = transformers.pipeline("text-classification", model=str(folder), device="cpu")
    victim = from_callable(pipeline, task="multi-label")
    assert victim.info.labels == NAMES
    direct = load_victim(f"hf:{folder}", device="cpu")
    (mine,), (theirs,) = (VictimBackend(one).compute([("we heard about the storm today",)]) for one in (victim, direct))
    assert isinstance(mine, LabelSet)
    assert isinstance(theirs, LabelSet)
    assert mine.labels == theirs.labels == {0}
    np.testing.assert_allclose(mine.scores or (), theirs.scores or (), atol=1e-5)
