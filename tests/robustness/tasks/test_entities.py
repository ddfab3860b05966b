"""Named entities: what the data may say, what a victim may answer, and what counts as broken."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import pytest

from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Span, Spans, pack, unpack
from robustness.tasks.entities import Entities
from robustness.tasks.goals.entities import counts, f1
from robustness.tasks.reading.tag_schemes import conll_sentences, joined, runs
from robustness.tasks.registry import task_named
from robustness.tasks.task import Seen, Space

TASK = Entities()
SPACE = Space(("LOC", "ORG", "PER"))
TEXT = "John Smith left Paris"
GOLD = (Span(0, 10, "PER"), Span(16, 21, "LOC"))
GOALS = ("entities-wrong", "entity-lost", "entity-invented", "entity-retyped")


def spans(*found: tuple[int, int, str]) -> Spans:
    return Spans(tuple(Span(*one) for one in found))


def seen(perturbed: str = TEXT, clean: Spans | None = None, gold: tuple[Span, ...] | None = GOLD) -> Seen[Any, Any]:
    return Seen((TEXT,), (perturbed,), 0, gold, clean or Spans(GOLD))


def reached(answer: Spans, at: Seen[Any, Any]) -> set[str]:
    return {name for name in GOALS if TASK.goal(name, SPACE).judge(answer, at).reached}


def test_gold_is_read_from_lists_mappings_json_and_tags() -> None:
    mappings = [{"start": 0, "end": 10, "label": "PER"}, {"start": 16, "end": 21, "label": "LOC"}]
    for cell in ([[16, 21, "LOC"], [0, 10, "PER"]], mappings, ["B-PER", "I-PER", "O", "B-LOC"], TASK.cell(GOLD, SPACE)):
        assert TASK.reference(cell, (TEXT,), SPACE) == GOLD
        assert TASK.reference(json.dumps(cell), (TEXT,), SPACE) == GOLD
    assert TASK.reference("[]", (TEXT,), SPACE) == ()


class Odd(NamedTuple):
    cell: object
    told: str


BAD_CELLS = [
    Odd([[0, 10, "PER"], [5, 15, "ORG"]], "overlap; expected flat entities"),
    Odd([[16, 22, "LOC"]], "16:22 does not lie in the text, which has 21 characters"),
    Odd([[4, 4, "PER"]], "4:4 does not lie in the text"),
    Odd(
        [[0, 10, "PERS"]],
        r"one of the labels LOC, ORG, PER, got 'PERS' \(did you mean PER\?\)\. The victim finds entities of no other type",
    ),
    Odd([[0, 10]], r"expected \[start, end, label\]"),
    Odd([[0.0, 10, "PER"]], "whole numbers"),
    Odd([[4, 5, "PER"]], "contains only whitespace"),
    Odd("John Smith", "expected a JSON list"),
    Odd(["B-PER", "I-PER", "O"], "one tag for each token, got 4 tokens and 3 tags"),
    Odd([1, 2, 0, 5], r"tags by name, such as B-PER, got the numbers \[1, 2, 0, 5\]"),
    Odd({"start": 0}, "expected a list of"),
]


@pytest.mark.parametrize("odd", BAD_CELLS, ids=lambda odd: odd.told[:20])
def test_gold_that_does_not_fit_its_text_is_refused(odd: Odd) -> None:
    with pytest.raises(ValueError, match=odd.told):
        TASK.reference(odd.cell, (TEXT,), SPACE)


def test_a_pair_of_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one text"):
        TASK.reference([], ("a", "b"), Space(("PER",), ("a", "b")))


def test_rows_of_tokens_and_tags_become_a_text() -> None:
    row = {"id": 7, "tokens": ["John", "Smith", "left", "Paris"], "ner_tags": ["B-PER", "I-PER", "O", "B-LOC"]}
    for one in (row, {**row, "tokens": json.dumps(row["tokens"]), "ner_tags": json.dumps(row["ner_tags"])}):
        made = TASK.adapted(one)
        assert made["text"] == TEXT
        assert TASK.reference(made["ner_tags"], (TEXT,), SPACE) == GOLD
    assert TASK.adapted({"text": TEXT, "entities": []}) == {"text": TEXT, "entities": []}


def test_every_usual_scheme_of_tags_is_read() -> None:
    told = [(0, 2, "PER"), (2, 3, "PER"), (4, 5, "LOC")]
    for tags in (
        "B-PER I-PER B-PER O B-LOC",
        "B-PER E-PER S-PER O S-LOC",
        "B-PER L-PER U-PER O U-LOC",
        "I-PER I-PER B-PER O I-LOC",
    ):
        assert runs(tags.split()) == told
    assert runs(["PER", "PER", "O", "LOC"]) == [(0, 2, "PER"), (3, 4, "LOC")]
    assert runs(["I-PER", "I-LOC"]) == [(0, 1, "PER"), (1, 2, "LOC")]
    with pytest.raises(ValueError, match="tokens without spaces, got 'New York'"):
        joined(["New York"], ["B-LOC"])


def test_a_file_of_one_token_a_line_is_read() -> None:
    lines = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n".splitlines()
    assert list(conll_sentences(lines)) == [(["EU", "rejects"], ["B-ORG", "O"]), (["Peter"], ["B-PER"])]
    with pytest.raises(ValueError, match="line 2: expected a token and its tag, got 'EU' alone"):
        list(conll_sentences(["", "EU"]))


class _Spacy(NamedTuple):
    start_char: int
    end_char: int
    label_: str


class _Doc:
    ents = (_Spacy(0, 10, "PER"), _Spacy(16, 21, "LOC"))


def test_answers_come_as_tuples_as_a_pipeline_gives_them_and_as_spacy_does() -> None:
    pipeline = [
        {"entity_group": "LOC", "score": 0.75, "start": 16, "end": 21, "word": "Paris"},
        {"entity_group": "PER", "score": 0.5, "start": 0, "end": 10, "word": "John Smith"},
    ]
    rows = [[(0, 10, "PER"), (15, 21, "LOC")], pipeline, _Doc(), {"entities": [[0, 10, "PER"], [16, 21, "LOC"]]}]
    answers = [TASK.answer(row, (TEXT,), SPACE) for row in rows]
    assert {one.found for one in answers} == {GOLD}, "a blank at an edge belongs to no entity"
    assert answers[1].scores == (0.5, 0.75)
    assert TASK.same(answers[0], answers[1]), "how sure it is, is no other answer"
    assert unpack(pack(answers[1])) == answers[1]
    assert TASK.answer([], (TEXT,), SPACE) == Spans(())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (None, "got None"),
        ("John Smith", "JSON list"),
        ([0.1, 0.9], r"got 0\.1"),
        ([(0, 99, "PER")], "which has 21 characters"),
        ([(0, 10, "PERSON")], r"one of the labels LOC, ORG, PER, got 'PERSON' \(did you mean PER"),
        ([(0, 10, "PER"), (5, 15, "LOC")], "overlap"),
        ([{"entity": "B-PER", "index": 1, "start": 0, "end": 4, "score": 0.9}], "aggregation_strategy"),
        ([{"entity_group": "PER", "start": None, "end": None}], "whole numbers"),
    ],
)
def test_an_answer_that_is_no_list_of_spans_is_an_error_never_an_empty_one(row: object, told: str) -> None:
    with pytest.raises(AnswerError, match=told):
        TASK.answer(row, (TEXT,), SPACE)


def test_each_goal_names_its_own_damage() -> None:
    assert reached(Spans(GOLD), seen()) == set()
    assert reached(spans((0, 10, "PER")), seen()) == {"entities-wrong", "entity-lost"}
    assert reached(spans((0, 10, "PER"), (11, 15, "ORG"), (16, 21, "LOC")), seen()) == {"entities-wrong", "entity-invented"}
    assert reached(spans((0, 10, "ORG"), (16, 21, "LOC")), seen()) == {"entities-wrong", "entity-retyped"}
    assert reached(spans((0, 4, "PER"), (16, 21, "LOC")), seen()) == {"entities-wrong"}, "shifted, still a person"
    assert reached(spans((0, 4, "PER"), (5, 10, "ORG"), (16, 21, "LOC")), seen()) == {"entities-wrong"}


def test_gold_moves_along_with_the_edits() -> None:
    moved = "Sadly, John Smtih left dear Paris"
    assert reached(spans((7, 17, "PER"), (28, 33, "LOC")), seen(moved)) == set()
    assert reached(spans((0, 10, "PER"), (16, 21, "LOC")), seen(moved)) == {"entities-wrong", "entity-lost"}
    assert reached(spans((0, 10, "PER")), seen("John Smith left")) == set(), "what is no longer there is not lost"


def test_only_new_damage_counts_where_the_clean_answer_was_not_perfect() -> None:
    clean = spans((0, 10, "PER"), (11, 15, "ORG"))
    assert reached(clean, seen(clean=clean)) == set()
    assert reached(Spans(GOLD), seen(clean=clean)) == set(), "it got better"
    assert reached(spans((11, 15, "ORG"), (16, 21, "LOC")), seen(clean=clean)) == {"entities-wrong", "entity-lost"}
    assert reached(spans((0, 10, "PER"), (11, 15, "PER"), (16, 20, "ORG")), seen(clean=clean)) == set(), "wrong in another way"


def test_without_gold_the_clean_answer_stands_in() -> None:
    clean = spans((0, 10, "PER"))
    at = seen(clean=clean, gold=None)
    assert TASK.right(clean, at)
    assert reached(Spans(GOLD), at) == {"entities-wrong", "entity-invented"}


def test_scores_rise_towards_success() -> None:
    """What is shifted, half believed, or reaches beyond what is known, is nearer to the goal than what is not."""

    def scores(goal: str, *answers: Spans) -> list[float]:
        return [TASK.goal(goal, SPACE).judge(one, seen()).score for one in answers]

    sure, unsure = (Spans(GOLD, scores=(one, 1.0)) for one in (0.9, 0.6))
    shifted, gone = spans((0, 4, "PER"), (16, 21, "LOC")), spans((16, 21, "LOC"))
    other = spans((0, 10, "ORG"), (16, 21, "LOC"))
    longer, invented = spans((0, 15, "PER"), (16, 21, "LOC")), spans((0, 10, "PER"), (11, 15, "PER"), (16, 21, "LOC"))
    ladders = {
        "entities-wrong": (Spans(GOLD), sure, unsure, shifted),
        "entity-lost": (Spans(GOLD), sure, unsure, gone),
        "entity-retyped": (Spans(GOLD), sure, unsure, other),
        "entity-invented": (Spans(GOLD), longer, invented),
        "quality-below:0.4": (Spans(GOLD), sure, unsure, gone),
    }
    for goal, ladder in ladders.items():
        rising = scores(goal, *ladder)
        assert all(low < high for low, high in pairwise(rising)), (goal, rising)
        assert all(0.0 <= one <= 1.0 for one in rising)


def test_quality_is_entity_f1_and_a_goal_asks_for_a_share_of_it() -> None:
    half = spans((0, 10, "PER"), (11, 15, "ORG"))
    judged = TASK.goal("quality-below:0.6", SPACE).judge(half, seen())
    assert (judged.quality, judged.reached) == (0.5, True)
    assert not TASK.goal("quality-below", SPACE).judge(half, seen()).reached
    with pytest.raises(UsageError, match="above 0 and up to 1"):
        TASK.goal("quality-below:2", SPACE)
    with pytest.raises(UsageError, match=r"no goal 'misclassify'.*entity-lost"):
        TASK.goal("misclassify", SPACE)


def test_a_clean_answer_is_right_from_half_of_f1() -> None:
    assert TASK.right(spans((0, 10, "PER")), seen())
    assert not TASK.right(spans((0, 10, "ORG")), seen())
    assert TASK.right(Spans(()), seen(gold=()))
    assert not TASK.right(spans((0, 10, "PER")), seen(gold=()))


def test_measures_pool_over_examples_and_by_type() -> None:
    found = TASK.measure(spans((7, 17, "PER"), (28, 33, "ORG")), seen("Sadly, John Smith left dear Paris"))
    assert found == {
        "entity_f1": (1, 1, 1),
        "entity_f1:LOC": (0, 0, 1),
        "entity_f1:ORG": (0, 1, 0),
        "entity_f1:PER": (1, 0, 0),
    }


def test_f1_is_that_of_nervaluate() -> None:
    """Its strict scheme, over random answers; the matcher here is its own because a search asks it thousands of times."""
    nervaluate = pytest.importorskip("nervaluate")
    rng = Random(0)

    def draw() -> list[Span]:
        places = [(at, at + rng.randint(3, 7)) for at in range(0, 100, 10) if rng.random() < 0.5]
        return [Span(*place, rng.choice(["PER", "LOC"])) for place in places]

    def theirs(found: list[Span]) -> list[dict[str, Any]]:  # their ends are inclusive
        return [{"start": one.start, "end": one.end - 1, "label": one.label} for one in found]

    for _ in range(30):
        gold, found = draw(), draw()
        if rng.random() < 0.9:
            found = [one for one in gold if rng.random() < 0.6] + [one for one in found if one.start > 80 and not gold]
        if not gold and not found:
            continue
        evaluator = nervaluate.Evaluator([theirs(gold)], [theirs(found)], tags=["PER", "LOC"], loader="dict")
        strict = evaluator.evaluate()["overall"]["strict"]
        assert f1(*counts(found, gold)) == pytest.approx(strict.f1)


def test_it_is_known_by_name_and_brings_its_goals_back() -> None:
    assert isinstance(task_named("ner"), Entities)
    for kind in TASK.goals:
        goal = TASK.goal(kind.spec.replace("SHARE", "0.3"), SPACE)
        assert TASK.goal(goal.name, SPACE) == goal
    assert TASK.goal("", SPACE).name == "entities-wrong"


def test_it_is_shown_by_place_and_type() -> None:
    shown = TASK.show(Spans(GOLD), SPACE)
    assert (shown.text, shown.spans) == ("PER 0–10, LOC 16–21", GOLD)
    assert TASK.reference(shown.answer, (TEXT,), SPACE) == GOLD
    assert TASK.show(Spans(()), SPACE).text == TASK.show_reference((), SPACE) == "no entities"


def test_gold_is_marked_so_that_attacks_can_keep_away_from_it() -> None:
    assert [(m.field, m.start, m.end, m.label) for m in TASK.marks(GOLD, (TEXT,))] == [(0, 0, 10, "PER"), (0, 16, 21, "LOC")]
