"""Victims that are asked one input at a time: the same outcomes however answers come, one failure is one, a spent cap ends it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from attacks.search import Citation, Pool, Recipe, Search, Trial, Unusable
from reports.run import Outcome
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.converse import over_victim
from robustness.engine.engine import FRESH, Engine, Oracles
from robustness.engine.repeats import measure_repeats
from robustness.engine.trial import Plan
from robustness.errors import RefusedError, SpentError, VictimError
from robustness.tasks.classification import Classification, Misclassify
from robustness.tasks.task import Space
from robustness.victims.base import PlainVictim, VictimInfo
from robustness.victims.scripted import keyword_score

Input = tuple[str, ...]
ROWS = [
    Example(f"x{n}", (f"a {word} film about a {noun}",), label, {})
    for n, (word, noun, label) in enumerate(
        (word, noun, label)
        for word, label in (("great", 1), ("awful", 0), ("moving", 1), ("boring", 0))
        for noun in ("dog", "cat", "town", "war")
    )
]


class Slow(PlainVictim):
    """Counts words in threads of its own, and takes its time in an order of its own."""

    def __init__(self, threads: int, answer: Callable[[Input, str, int], Any] | None = None) -> None:
        self.info = VictimInfo("slow", "test", ("negative", "positive"))
        self._pool, self._answer, self._rng = ThreadPoolExecutor(threads), answer, Random(threads)
        self.asked: Counter[tuple[Input, str]] = Counter()
        self._lock = threading.Lock()

    def start(self, inputs: Input, ask: str, done: Callable[[Any], None]) -> None:
        self._pool.submit(self._work, inputs, ask, done)

    def predict(self, inputs: Any) -> Any:
        raise AssertionError("a streaming victim is never asked for a batch")

    def _work(self, inputs: Input, ask: str, done: Callable[[Any], None]) -> None:
        with self._lock:
            self.asked[inputs, ask] += 1
            number, pause = self.asked.total(), self._rng.random() * 0.002
        threading.Event().wait(pause)
        try:
            raw = self._answer(inputs, ask, number) if self._answer else None
        except Exception as error:  # noqa: BLE001 - handed over as an answer
            raw = error
        p = keyword_score(inputs)
        done((1.0 - p, p) if raw is None else raw)


def plan(*recipes: Recipe, **changes: Any) -> Plan:
    from attacks.recipes import resolve

    chosen = recipes or tuple(one for name in ("deepwordbug", "natural:keyboard-typo") for one in resolve(name))
    return Plan(chosen, Classification(), Misclassify(), Space(("negative", "positive")), budget=60, **changes)


def outcomes(victim: Any, *, in_flight: int = 8, asked: Plan | None = None, order: int = 1, finished: Any = ()) -> list[str]:
    oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=512))
    engine = Engine(oracles, in_flight=in_flight)
    return sorted(o.to_json() for o in engine.outcomes(asked or plan(), ROWS[::order], dict(finished)))


def test_outcomes_do_not_depend_on_how_many_are_asked_at_once_or_when_answers_come() -> None:
    from robustness.victims.scripted import keyword

    one = outcomes(keyword())
    assert len(one) == 32
    assert any('"succeeded"' in line for line in one)
    assert one == outcomes(Slow(1), in_flight=1) == outcomes(Slow(8)) == outcomes(Slow(5), in_flight=100, order=-1)


def test_an_input_is_asked_once_whoever_wants_to_know() -> None:
    victim = Slow(8)
    outcomes(victim, in_flight=64)
    assert max(victim.asked.values()) == 1


def test_one_failed_item_is_one_failed_item() -> None:
    def answer(inputs: Input, ask: str, number: int) -> Any:
        if inputs == ROWS[3].inputs:
            raise VictimError("no")
        return Unusable("refused", "it will not say") if inputs == ROWS[5].inputs else None

    found = outcomes(Slow(8, answer))
    errors = [line for line in found if '"clean":null' in line]
    assert sum('"status":"error"' in line for line in errors) == 2
    assert sum('"status":"skipped"' in line and '"kind":"refused"' in line for line in errors) == 2
    assert [line for line in outcomes(Slow(8)) if ROWS[3].inputs[0] not in line and ROWS[5].inputs[0] not in line] == [
        line for line in found if line not in errors
    ]


def test_an_item_that_cannot_be_asked_or_read_is_one_failed_item_too() -> None:
    """Whatever a victim of somebody else's does on the way, the run goes on, and nothing of it counts as robust."""

    class Clumsy(Slow):
        def start(self, inputs: Input, ask: str, done: Callable[[Any], None]) -> None:
            if inputs == ROWS[3].inputs:
                raise KeyError("no such thing")
            super().start(inputs, ask, done)

    class Odd:
        def __iter__(self) -> Any:
            raise ZeroDivisionError("an answer of its own kind")

    found = outcomes(Clumsy(4, lambda inputs, ask, number: Odd() if inputs == ROWS[5].inputs else None))
    errors = [line for line in found if '"status":"error"' in line]
    assert len(found) == 32
    assert len(errors) == 4
    assert {line for line in outcomes(Slow(4))} - set(found) == {
        line for line in outcomes(Slow(4)) if ROWS[3].inputs[0] in line or ROWS[5].inputs[0] in line
    }


def test_a_spent_cap_ends_what_is_under_way_as_errors_and_begins_nothing_more() -> None:
    def answer(inputs: Input, ask: str, number: int) -> Any:
        return SpentError("--max-requests 40 is reached") if number > 40 else None

    oracles = Oracles(over_victim(VictimBackend(Slow(4, answer)), batch_tokens=512))
    found: list[Outcome] = []
    with pytest.raises(SpentError, match="max-requests"):
        found.extend(Engine(oracles, in_flight=4).outcomes(plan(), ROWS, {}))
    ended = [one for one in found if one.status == "error"]
    assert 4 <= len(ended) <= 8
    assert all(one.error is not None and one.error["type"] == "SpentError" for one in ended)
    assert len({one.example_id for one in found}) < len(ROWS)


def test_a_refused_key_ends_the_run_at_once() -> None:
    with pytest.raises(RefusedError, match="401"):
        outcomes(Slow(4, lambda inputs, ask, number: RefusedError("401: the key is refused") if number > 9 else None))


def test_repeats_of_a_streaming_victim_are_asked_anew() -> None:
    lucky = Slow(4, lambda inputs, ask, number: (0.1, 0.9) if ask.endswith("#2") else (0.9, 0.1))
    repeats = measure_repeats(VictimBackend(lucky), [row.inputs for row in ROWS[:6]])
    assert (repeats.texts, repeats.flips, repeats.how) == (6, 6, "varies")


def test_confirmations_are_named_so_that_their_order_does_not_matter() -> None:
    """A victim whose second answers hang on the name of the asking alone gives the same outcomes in any order."""

    def answer(inputs: Input, ask: str, number: int) -> Any:
        if not ask:
            return None
        p = Random(f"{inputs}{ask}").random()
        return (p, 1.0 - p)

    confirming = plan(confirm=5)
    victims = [Slow(1, answer), Slow(8, answer)]
    assert outcomes(victims[0], asked=confirming, in_flight=1) == outcomes(victims[1], asked=confirming, order=-1)
    assert any(ask for _, ask in victims[0].asked)
    assert max(victims[0].asked.values()) == 1


class Learning:
    """Asks one word at a time, the one that fared best so far over all examples first."""

    words = ("dull", "sweet", "xyzzy", "waste", "warm")

    def search(self, trial: Trial) -> Search[None]:
        from attacks.search import Candidate

        scores: Counter[str] = Counter()
        left = list(self.words)
        while left:
            word = max(left, key=lambda one: (scores[one], -self.words.index(one)))
            left.remove(word)
            verdicts = yield from trial.attempt([Candidate(f"{trial.text} {word}", word)])
            report = (word, verdicts[0].score)
            if trial.won:
                yield Pool("learning", trial.example_id, report, last=True)
                return
            shared = yield Pool("learning", trial.example_id, report)
            for _, (other, score) in shared:
                scores[other] += round(1000 * score)
            trial.details["heard"] = [*trial.details.get("heard", []), len(shared)]


LEARNING = Recipe("learning", Learning(), Citation("none"), "word", "scores", pooled=True)


def test_trials_that_pool_learn_the_same_in_any_order_and_number() -> None:
    from robustness.victims.scripted import keyword

    asked = plan(LEARNING)
    one = outcomes(keyword(), asked=asked, in_flight=1)
    assert any('"heard":[16' in line for line in one), "all sixteen wait for one another, though one runs at a time"
    assert one == outcomes(Slow(8), asked=asked) == outcomes(keyword(), asked=asked, in_flight=100, order=-1)


def test_a_pool_that_was_cut_short_is_run_again_and_only_the_rest_is_handed_out() -> None:
    from robustness.victims.scripted import keyword

    asked = plan(LEARNING)
    whole = outcomes(keyword(), asked=asked)
    finished = {(row.id, "learning"): "failed" for row in ROWS[:7]}
    ids = {row.id for row in ROWS[:7]}
    rest = [line for line in whole if not any(f'"example_id":"{one}"' in line for one in ids)]
    assert outcomes(keyword(), asked=asked, finished=finished) == rest


def test_both_kinds_of_asking_share_one_mailbox() -> None:
    roles = over_victim(VictimBackend(Slow(1)), batch_tokens=512)
    other = over_victim(VictimBackend(Slow(1)), batch_tokens=512)
    with pytest.raises(ValueError, match="one mailbox"):
        Oracles({**roles, FRESH: other[FRESH]})
