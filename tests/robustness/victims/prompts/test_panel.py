"""One instruction for a whole panel: the mean decides, every request counts, and no lost or constant answer does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest

from attacks.search import Input, Unusable
from reports.run import Run
from robustness import audit
from robustness.engine.backends import VictimBackend
from robustness.errors import SpentError, UsageError, VictimError
from robustness.victims.base import PlainVictim, VictimInfo
from robustness.victims.prompts.panel import Member, StreamingPanel

ROWS = [(f"good {n}" if n % 2 else f"bad {n}", "yes" if n % 2 else "no") for n in range(20)]
HERE: dict[str, Any] = {"encoder": "none", "offline": True, "budget": 40, "recipes": "deepwordbug", "universal": 10}


class Follows(PlainVictim):
    """Reads inputs right as long as the instruction holds its words; counts what it is asked."""

    def __init__(self, *, lost: str = "", constant: bool = False) -> None:
        self.asked, self._lost, self._constant = 0, lost, constant
        self.info = VictimInfo(
            name="follows",
            kind="test",
            labels=("no", "yes"),
            fields=("instruction", "input"),
            access="labels",
            deterministic=True,
            supplied=(("instruction", "answer honestly please"),),
            prompted=True,
        )

    def answer(self, one: Input) -> Any:
        self.asked += 1
        instruction, text = one
        if self._constant:
            return "yes"
        if "honestly" not in instruction:
            return Unusable("unparsed", "mumbled") if self._lost else "yes"
        return "yes" if "good" in text else "no"

    def predict(self, inputs: Sequence[Input]) -> list[Any]:
        return [self.answer(one) for one in inputs]


class Streams(Follows):
    """The same, one input at a time, answered from threads."""

    def __init__(self, *, spent: bool = False) -> None:
        super().__init__()
        self._spent = spent

    def start(self, inputs: Input, ask: str, done: Callable[[Any], None]) -> None:
        raw = SpentError("the cap is reached") if self._spent and self.asked > 5 else self.answer(inputs)
        Thread(target=done, args=(raw,)).start()


def run(victim: Any, out: Path, **keywords: Any) -> Run:
    return audit(victim, ROWS, out=out, **{**HERE, **keywords})


def told(found: Run) -> list[tuple[str, str, int]]:
    return [(o.status, o.clean.shown if o.clean else "", o.queries) for o in sorted(found.outcomes, key=lambda o: o.example_id)]


def test_one_instruction_is_judged_by_the_accuracy_of_a_panel(tmp_path: Path) -> None:
    found = run(Follows(), tmp_path / "run", goal="accuracy-below:0.6")
    assert (found.manifest.task, found.manifest.goal) == ("panel", "accuracy-below:0.6")
    assert [o.example_id for o in found.outcomes] == ["panel 1", "panel 2"]
    for o in found.outcomes:
        assert (o.status, o.field, o.texts["instruction"]) == ("succeeded", "instruction", "answer honestly please")
        assert "honestly" not in (o.perturbed or "")
        assert o.reference == "more than 50.0% right"
        assert o.clean is not None
        assert o.best is not None
        assert (o.clean.shown, o.clean.quality) == ("10 of 10 right", 1.0)
        assert (o.best.quality, o.best.answer) == (0.5, {"right": 5, "wrong": 5, "unusable": 0})
    assert (tmp_path / "run" / "report.html").is_file()


def test_each_query_counts_as_many_requests_as_the_panel_has_members(tmp_path: Path) -> None:
    victim = Follows()
    found = run(victim, tmp_path / "run")
    assert all(o.forwards == 10 * o.queries for o in found.outcomes)
    usage = found.manifest.usage["victim"]["forwards"]
    assert usage % 10 == 0
    assert usage <= victim.asked  # the checks before the run ask too
    (note,) = (flag["message"] for flag in found.manifest.flags if flag["code"] == "universal")
    assert note.endswith("10 requests a query; a budget of 40 queries is up to 400 requests for each trial")


def test_answers_that_are_none_break_no_panel(tmp_path: Path) -> None:
    found = run(Follows(lost="mumble"), tmp_path / "run")
    assert {o.status for o in found.outcomes} <= {"failed", "exhausted", "untested"}
    assert all(o.unusable for o in found.outcomes)


def test_a_constant_answerer_is_no_robust_panel(tmp_path: Path) -> None:
    found = run(Follows(constant=True), tmp_path / "run")
    assert {o.status for o in found.outcomes} == {"skipped"}
    assert {o.clean.shown for o in found.outcomes if o.clean} == {"5 of 10 right, all answers alike"}


def test_a_victim_that_is_asked_one_at_a_time_makes_the_same_panel(tmp_path: Path) -> None:
    assert told(run(Streams(), tmp_path / "a")) == told(run(Follows(), tmp_path / "b"))


def test_a_member_that_could_not_be_asked_stands_in_the_place_of_the_whole_answer() -> None:
    victim = Streams(spent=True)
    members = [Member(str(n), ("answer", text), 0) for n, (text, _) in enumerate(ROWS)]
    panel, came = StreamingPanel(victim, {"panel 1": members}, VictimBackend(victim), lambda *_: None), Queue[Any]()
    panel.start(("answer", "panel 1"), "", came.put)
    assert isinstance(came.get(timeout=10), SpentError)


def test_a_panel_whose_judging_fails_says_so_and_leaves_nobody_waiting() -> None:
    """It is judged in a thread of the victim's: what is raised there reaches nobody."""

    def fails(*_: object) -> None:
        raise ZeroDivisionError("of a task's own")

    victim = Streams()
    members = [Member(f"e{n}", ("Say it.", f"a good film {n}"), 1) for n in range(3)]
    panel, came = StreamingPanel(victim, {"panel 1": members}, VictimBackend(victim), fails), Queue[Any]()
    panel.start(("Say it now.", "panel 1"), "", came.put)
    answer = came.get(timeout=5)
    assert isinstance(answer, VictimError)
    assert "ZeroDivisionError" in str(answer)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"universal": 1}, "expects a panel of at least 2 examples, got 1"),
        ({"universal": 21}, "expects at least as many examples, got 20"),
        ({"field": "input"}, "field= says input; leave field= out"),
        ({"until_decided": True}, "cannot be combined"),
        ({"goal": "misclassify"}, "the task panel has no goal 'misclassify'"),
    ],
)
def test_a_panel_that_cannot_be_is_refused(tmp_path: Path, keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(Follows(), tmp_path / "run", **keywords)


def test_a_victim_without_an_instruction_has_no_panel(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"scripted:keyword has none of its own; give 'prompt' in victim_options"):
        audit("scripted:keyword", [("good", "positive"), ("bad", "negative")], out=tmp_path / "run", **{**HERE, "universal": 2})
