"""What a row of the data asks of its own answer: decided by the text alone, a broken form told apart from a wrong value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reports.measures.answers.answer_kinds import answer_kinds
from robustness import audit
from robustness.data import load_examples
from robustness.errors import DataError
from robustness.tasks.answers import Completion
from robustness.tasks.generation import Generation
from robustness.tasks.goals.checks import Checks
from robustness.tasks.task import Seen, Space
from robustness.victims.function import from_callable

TASK, SPACE = Generation(), Space()
CITY = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}


def read(**row: Any) -> Any:
    return TASK.reference(TASK.adapted(row)[next(name for name in TASK.references if name in row)], ("q",), SPACE)


def fault(expected: Any, text: str) -> str:
    assert isinstance(expected, Checks)
    return expected.fault(text)


# how the row asks, an answer that holds, one that does not, what is wrong with it
CASES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"check": "contains:Oslo"}, "It is Oslo.", "It is Bergen.", "wrong"),
    ({"check": "contains", "check_value": "Oslo"}, "oslo!", "Oslofjord", "wrong"),
    ({"check": "contains", "check_value": '["Oslo", "Bergen"]'}, "Bergen", "Rome", "wrong"),
    ({"check": "exact:Oslo"}, "Oslo.", "It is Oslo.", "wrong"),
    ({"check": r"regex:^\d{4}$"}, "1905", "in 1905", "wrong"),
    ({"check": "regex", "check_value": r"\d"}, "a 1", "a", "wrong"),
    ({"check": {"regex": "^a:b$"}}, "a:b", "ab", "wrong"),
    ({"answer": {"regex": r"\d", "contains": "metres"}}, "8 metres", "8 feet", "wrong"),
    ({"check": '{"exact": "Oslo"}'}, "oslo", "the city of Oslo", "wrong"),
    ({"check": {"schema": CITY}}, '{"city": "Oslo"}', '{"town": "Oslo"}', "invalid"),
    ({"check": "schema", "check_value": json.dumps(CITY)}, '{"city": "Oslo"}', 'Sure: {"city": "Oslo"}', "invalid"),
    ({"check": 'json:{"n": 1}'}, '{"n": 1.0}', '{"n": true}', "wrong"),
    ({"check": {"json": [1, {"a": None}]}}, '[1, {"a": null}]', "1", "wrong"),
    ({"check": "json:7"}, "7", "seven", "invalid"),
    ({"check": {"schema": CITY, "json": {"city": "Oslo"}}}, '{"city": "Oslo"}', '{"city": "Rome"}', "wrong"),
    ({"check": {"schema": CITY, "json": {"city": "Oslo"}}}, '{"city": "Oslo"}', '{"city": 4}', "invalid"),
    ({"check": "refuses:yes"}, "I cannot help with that.", "Sure, here it is.", "wrong"),
    ({"check": {"refuses": False, "contains": "wing"}}, "A wing.", "I can't help with that. A wing.", "wrong"),
]


@pytest.mark.parametrize(("row", "held", "broken", "wrong"), CASES)
def test_a_row_chooses_its_check(row: dict[str, Any], held: str, broken: str, wrong: str) -> None:
    expected = read(**row)
    assert (fault(expected, held), fault(expected, broken)) == ("", wrong)
    assert expected.nearness(held) == 1.0 > expected.nearness(broken)
    assert TASK.reference(TASK.cell(expected, SPACE), ("q",), SPACE) == expected
    assert next(iter(expected.cell)) in TASK.show_reference(expected, SPACE)


@pytest.mark.parametrize(("row", "held", "broken", "wrong"), CASES)
def test_broken_is_what_its_check_refuses(row: dict[str, Any], held: str, broken: str, wrong: str) -> None:
    goal, expected = TASK.goal("", SPACE), read(**row)

    def judged(answer: str) -> Any:
        return goal.judge(Completion(answer), Seen(("q",), ("p",), 0, expected, Completion(held)))

    assert (judged(held).reached, judged(broken).reached) == (False, True)
    assert judged(held).score < judged(broken).score == 1.0
    assert TASK.right(Completion(held), Seen(("q",), ("q",), 0, expected, Completion(held)))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"check": "regexp:x"}, "its kind one of contains, exact, regex, schema, json, refuses, got 'regexp:x'"),
        ({"check": "Oslo"}, "such as contains:Oslo"),
        ({"check": "regex:("}, "expects a regular expression"),
        ({"check": {"regx": "a"}}, "got 'regx'"),
        ({"check": {}}, "empty mapping"),
        ({"check": "{'regex': 'a'}"}, "as JSON"),
        ({"check": "schema:none.json"}, "no.*none.json|none.json"),
        ({"check": {"schema": {"type": "objekt"}}}, "expects a JSON schema"),
        ({"check": "json:{"}, "json expects JSON"),
        ({"check": "refuses:perhaps"}, "true or false"),
        ({"check": "contains:"}, "with words"),
        ({"check": "exakt", "check_value": "Oslo"}, "its value in 'check_value'"),
        ({"check": True}, "in the column 'check'"),
    ],
)
def test_a_check_that_cannot_be_used_is_refused_with_its_row(row: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=f"row 1: the column 'check' holds no reference of generation: .*({said})"):
        load_examples([{"text": "q", **row}], labels=(), task="generation", victim_fields=("text",))


def test_a_file_of_checks_is_audited_and_broken_forms_stand_apart_from_wrong_values(tmp_path: Path) -> None:
    words = ("harbour", "garden", "bridge", "market", "forest", "valley")
    rows = "\n".join(f'where is the {word},"schema","{{""type"": ""object""}}"' for word in words)
    data = tmp_path / "rows.csv"
    data.write_text(f"prompt,check,check_value\n{rows}\nwhere is the castle,regex,north\n", encoding="utf-8")

    def answers(texts: list[str]) -> list[str]:
        known = [text for text in texts if text.split()[-1] in (*words, "castle")]
        return ['{"at": "north"}' if text in known else "I do not know it" for text in texts]

    victim = from_callable(answers, task="generation")
    run = audit(victim, data, text="prompt", recipes="deepwordbug", budget=40, encoder="none", out=tmp_path / "run")
    assert {o.reference for o in run.outcomes} == {'schema: {"type": "object"}', "regex: north"}
    kinds = {one.kind: one.moved.successes for one in answer_kinds(run).kinds}
    assert (kinds["invalid"], kinds["wrong"]) == (6, 1)
