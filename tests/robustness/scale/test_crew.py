"""A crew over real workers in this process, which are lost on cue: the same outcomes as from one engine, and no fewer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reports.run import Outcome
from robustness.cli import main
from robustness.engine.engine import Engine
from robustness.errors import RobustnessError, UsageError
from robustness.planning.audit import Audit, Opened, prepare
from robustness.scale.brief import Facts, brief_of, facts, open_worker
from robustness.scale.crew import MOST_FRUITLESS, Crew, Event, Lost, Started
from robustness.scale.queue import Unit
from robustness.scale.worker import Asking, Ended, Report, Worker
from robustness.settings import Settings

VICTIM = "scripted:keyword"
ROWS = [
    (f"{opinion} film about {what} number {n}", "positive" if good else "negative")
    for n, (opinion, good, what) in enumerate(
        (opinion, good, what)
        for what in ("two brothers", "a small town", "the sea", "one long night", "a lost dog", "old friends")
        for opinion, good in (("a great", True), ("a dull", False), ("a funny", True), ("an empty", False))
    )
]


def prepared(recipes: tuple[str, ...] = ("deepwordbug", "natural:keyboard-typo"), **settings: object) -> Audit:
    from robustness.auditing import open_data, open_victim

    victim = open_victim(VICTIM)
    data = open_data(VICTIM, victim, ROWS, limit=None, seed=0)
    chosen = Settings(recipes=recipes, encoder="none", budget=40, in_flight=4, **settings)  # type: ignore[arg-type]
    audit = prepare(victim, data, chosen)
    audit.opened = Opened(VICTIM, None, {})
    return audit


@cache
def _facts() -> Facts:
    return facts()


class Local:
    """Workers in this process; ``loses`` says, by what a worker has, whether it is gone in place of the step it was sent."""

    def __init__(self, make: Callable[[], Worker], loses: Callable[[set[str]], bool]) -> None:
        self._make, self._loses = make, loses
        self._workers: dict[str, Worker] = {}
        self._events: deque[Event] = deque()
        self._hired = 0
        self._held: dict[str, set[str]] = {}
        self._recorded: set[str] = set()
        self._asking: set[str] = set()
        self.sent: list[list[Unit]] = []

    def hire(self) -> str:
        self._hired += 1
        name = f"worker {self._hired}"
        self._workers[name], self._held[name] = self._make(), set()
        self._events.append((name, Started(_facts())))
        return name

    def share(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return value

    def send(self, worker: str, units: list[Unit], shared: Mapping[str, Any]) -> None:
        self.sent.append(units)
        held = self._held[worker]
        held.update(unit.example.id for unit in units)
        if worker not in self._workers:
            return  # it is lost, and the news of that is on its way
        self._recorded.update(unit.example.id for unit in units if unit.recorded)
        early = len(held) == 1 and held <= self._recorded and worker not in self._asking  # it is not at its question yet
        if held and not early and self._loses(held):
            del self._workers[worker]
            self._events.append((worker, Lost("killed")))
            return
        report = self._workers[worker].step(units, shared, 0.0)
        if any(isinstance(word, Asking) for word in report.words):
            self._asking.add(worker)
        held.difference_update(word.example_id for word in report.words if isinstance(word, Ended))
        self._events.append((worker, report))

    def news(self) -> list[Event]:
        return [self._events.popleft()]

    def dismiss(self, worker: str) -> None:
        self._workers.pop(worker, None)


def lines(outcomes: list[Outcome]) -> list[str]:
    return sorted(outcome.to_json() for outcome in outcomes)


def by_crew(audit: Audit, workers: int, loses: Callable[[set[str]], bool]) -> tuple[list[Outcome], Crew, Local]:
    assert audit.opened is not None
    assert audit.language is not None
    brief = brief_of(audit, audit.opened.victim, None, {}, audit.language, 1)
    hands = Local(lambda: open_worker(brief), loses)
    crew = Crew(hands, audit.oracles, audit.backend, workers=workers, in_flight=4)
    return list(crew.outcomes(audit.plan, audit.data.examples, {})), crew, hands


@pytest.fixture(scope="module")
def plain() -> list[str]:
    audit = prepared()
    return lines(list(Engine(audit.oracles).outcomes(audit.plan, audit.data.examples, {})))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_change_no_byte(plain: list[str], workers: int) -> None:
    outcomes, crew, _ = by_crew(prepared(), workers, lambda held: False)
    assert lines(outcomes) == plain
    assert crew.tally.lost == 0
    assert crew.tally.started == workers


@pytest.mark.parametrize("seed", range(4))
def test_workers_lost_at_random_change_no_byte(plain: list[str], seed: int) -> None:
    rng = Random(seed)
    outcomes, crew, _ = by_crew(prepared(), 3, lambda held: len(held) > 1 and rng.random() < 0.4)
    assert lines(outcomes) == plain
    assert crew.tally.lost > 0


class Killed(Local):
    """Every so many steps the worker that has lived longest is ended, whatever it does."""

    def __init__(self, make: Callable[[], Worker], every: int) -> None:
        super().__init__(make, lambda held: False)
        self._every, self._steps = every, 0

    def send(self, worker: str, units: list[Unit], shared: Mapping[str, Any]) -> None:
        super().send(worker, units, shared)
        self._steps += 1
        if self._steps % self._every == 0:
            name = next(iter(self._workers))  # that which has lived longest
            del self._workers[name]  # what it said and nobody has heard is gone with it
            self._events = deque([*(event for event in self._events if event[0] != name), (name, Lost("killed"))])


@pytest.mark.parametrize(("workers", "every"), [(1, 3), (2, 6), (3, 9)])
def test_workers_killed_again_and_again_change_no_byte_and_make_no_error(plain: list[str], workers: int, every: int) -> None:
    audit = prepared()
    assert audit.language is not None
    brief = brief_of(audit, VICTIM, None, {}, audit.language, 1)
    crew = Crew(Killed(lambda: open_worker(brief), every), audit.oracles, audit.backend, workers=workers, in_flight=4)
    some = audit.data.examples[:10]
    outcomes = list(crew.outcomes(audit.plan, some, {}))
    assert lines(outcomes) == [line for line in plain if any(f'"{example.id}"' in line for example in some)]
    assert crew.tally.errors == 0
    assert crew.tally.lost > 5, "too few to say anything"


def test_workers_killed_before_they_have_loaded_count_against_no_trial(plain: list[str]) -> None:
    class Slow(Local):
        def hire(self) -> str:
            if self._hired % 12 == 0:
                return super().hire()
            self._hired += 1
            self._events.append((f"worker {self._hired}", Lost("killed while it was loading")))
            return self._events[-1][0]

    audit = prepared()
    assert audit.language is not None
    brief = brief_of(audit, VICTIM, None, {}, audit.language, 1)
    steps = count()
    hands = Slow(lambda: open_worker(brief), lambda held: next(steps) % 9 == 8)
    crew = Crew(hands, audit.oracles, audit.backend, workers=1, in_flight=4)
    outcomes = list(crew.outcomes(audit.plan, audit.data.examples, {}))
    assert lines(outcomes) == plain
    assert crew.tally.lost > MOST_FRUITLESS


def test_a_cascade_that_learns_under_one_budget_comes_to_the_same_bytes_after_losses() -> None:
    alone = prepared(("standard",))
    whole = lines(list(Engine(alone.oracles).outcomes(alone.plan, alone.data.examples, {})))
    rng = Random(5)
    outcomes, crew, _ = by_crew(prepared(("standard",)), 3, lambda held: len(held) > 1 and rng.random() < 0.5)
    assert lines(outcomes) == whole
    assert crew.tally.lost > 0


POOLED = ("natural:keyboard-typo", "universal-trigger-scores", "deepwordbug", "natural:space-insert")


def test_trials_that_wait_for_one_another_run_here_and_the_others_on_workers() -> None:
    alone = prepared(POOLED)
    whole = list(Engine(alone.oracles).outcomes(alone.plan, alone.data.examples, {}))
    rng = Random(2)
    outcomes, _, hands = by_crew(prepared(POOLED), 2, lambda held: len(held) > 1 and rng.random() < 0.2)
    assert lines(outcomes) == lines(whole)
    assert sum(outcome.recipe == "universal-trigger-scores" for outcome in outcomes) > 4
    assert all("universal-trigger-scores" in unit.finished or not unit.finished for units in hands.sent for unit in units)


def test_a_resumed_run_with_trials_that_wait_for_one_another_comes_to_the_same_bytes() -> None:
    alone = prepared(POOLED)
    whole = list(Engine(alone.oracles).outcomes(alone.plan, alone.data.examples, {}))
    done = [outcome for n, outcome in enumerate(whole) if n % 3]
    first: dict[str, int] = {}
    for outcome in whole:  # a run that was killed has for each example what came before what it lacks
        if outcome not in done:
            first.setdefault(outcome.example_id, POOLED.index(outcome.recipe))
    done = [outcome for outcome in done if POOLED.index(outcome.recipe) < first.get(outcome.example_id, 9)]
    audit = prepared(POOLED)
    assert audit.language is not None
    brief = brief_of(audit, VICTIM, None, {}, audit.language, 1)
    crew = Crew(Local(lambda: open_worker(brief), lambda held: False), audit.oracles, audit.backend, workers=2, in_flight=4)
    finished = {(outcome.example_id, outcome.recipe): outcome.status for outcome in done}
    rest = list(crew.outcomes(audit.plan, audit.data.examples, finished, lambda: done))
    assert lines([*done, *rest]) == lines(whole)


def test_a_run_of_such_trials_alone_starts_no_worker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray", reason="workers are refused without it: make test-ray")
    flags = ("--victim", "scripted:gullible:family=urgency", "--data", "demo:injection", "--recipes", "inject", "--workers", "2")
    assert main(["audit", "--encoder", "none", "--limit", "4", "--out", str(tmp_path / "run"), *flags]) in (0, 1, 3)
    told = " ".join(capsys.readouterr().err.split())
    assert "the trials of inject wait for one another: they run in this process" in told
    assert "starting" not in told


def test_what_a_lost_worker_asked_stays_asked() -> None:
    """A cascade has one budget an example: what its earlier recipes spent is known to the worker that goes on with it."""
    audit = prepared(("standard",))
    lost: list[str] = []

    class Halfway(Local):
        def send(self, worker: str, units: list[Unit], shared: Mapping[str, Any]) -> None:
            super().send(worker, units, shared)
            for name, event in list(self._events):
                words = event.words if isinstance(event, Report) else ()
                some = next(
                    (word for word in words if isinstance(word, Outcome) and word.status not in ("succeeded", "skipped")), None
                )
                if some is not None and not lost and name in self._workers and isinstance(event, Report):
                    cut = replace(event, words=words[: words.index(some) + 1])
                    self._events[self._events.index((name, event))] = (name, cut)
                    self._events.append((name, Lost("killed between two recipes")))
                    del self._workers[name]
                    lost.append(some.example_id)

    assert audit.language is not None
    brief = brief_of(audit, VICTIM, None, {}, audit.language, 1)
    crew = Crew(Halfway(lambda: open_worker(brief), lambda held: False), audit.oracles, audit.backend, workers=1, in_flight=4)
    shared = lines(list(crew.outcomes(audit.plan, audit.data.examples, {})))
    alone = prepared(("standard",))
    assert lost
    assert shared == lines(list(Engine(alone.oracles).outcomes(alone.plan, alone.data.examples, {})))


def test_a_trial_that_ends_its_worker_three_times_is_an_error_and_takes_no_other_with_it(plain: list[str]) -> None:
    poison = prepared().data.examples[5].id
    outcomes, crew, hands = by_crew(prepared(), 2, lambda held: poison in held)
    bad = [outcome for outcome in outcomes if outcome.example_id == poison]
    assert [(outcome.recipe, outcome.status) for outcome in bad] == [("deepwordbug", "error"), ("natural:keyboard-typo", "error")]
    assert bad[0].error == {
        "type": "WorkerLostError",
        "message": "the worker's process ended 3 times over one question of this trial",
    }
    assert set(lines([outcome for outcome in outcomes if outcome.example_id != poison])) == {
        line for line in plain if f'"{poison}"' not in line
    }
    tries = [len(units) for units in hands.sent if any(unit.example.id == poison for unit in units)]
    assert crew.tally.lost >= 3
    assert tries[0] > 1
    assert tries[-3:] == [1, 1, 1]


def test_the_accounts_of_workers_are_added_up() -> None:
    alone = prepared()
    list(Engine(alone.oracles).outcomes(alone.plan, alone.data.examples, {}))
    shared = prepared()
    batches: list[int] = []
    shared.oracles.victim.on_batch = batches.append
    by_crew(shared, 2, lambda held: False)
    assert shared.oracles.victim.usage.asked == alone.oracles.victim.usage.asked
    assert sum(batches) == shared.oracles.victim.usage.forwards
    assert shared.backend.oddities.rows >= shared.oracles.victim.usage.forwards


def test_workers_that_die_before_they_do_anything_end_the_run() -> None:
    with pytest.raises(RobustnessError, match=f"{MOST_FRUITLESS} workers in a row ended before they had done anything"):
        by_crew(prepared(), 2, lambda held: True)


def test_a_worker_that_comes_to_another_victim_is_refused() -> None:
    audit = prepared()
    assert audit.language is not None
    brief = brief_of(audit, "scripted:constant:positive", None, {}, audit.language, 1)
    with pytest.raises(RobustnessError, match="a worker came to other victim than the process that drives the run"):
        open_worker(brief)


def test_what_cannot_be_packed_is_said_before_a_worker_is_started() -> None:
    from attacks.language.resources import Resources

    audit = prepared(resources=Resources(named={"odd": lambda: None}))
    assert audit.language is not None
    with pytest.raises(UsageError, match="sends the run's resources to other processes, and one of them cannot be sent"):
        brief_of(audit, VICTIM, None, {}, audit.language, 1)


def test_a_resumed_run_asks_workers_for_what_is_left(plain: list[str]) -> None:
    audit = prepared()
    done = list(Engine(audit.oracles).outcomes(audit.plan, audit.data.examples[:7], {}))[:-1]
    assert audit.language is not None
    brief = brief_of(audit, VICTIM, None, {}, audit.language, 1)
    crew = Crew(Local(lambda: open_worker(brief), lambda held: False), audit.oracles, audit.backend, workers=2, in_flight=4)
    finished = {(outcome.example_id, outcome.recipe): outcome.status for outcome in done}
    assert lines([*done, *crew.outcomes(audit.plan, audit.data.examples, finished)]) == plain
