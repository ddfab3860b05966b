"""Trials through the bridge: errors, budgets, resuming, pairs, techniques, gradients."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from attacks.search import Embed, Gradients, Prediction, Query, Recipe, Trial
from attacks.textattack_bridge.loading import load
from attacks.textattack_bridge.tracing import Traced
from robustness.tasks.classification import against
from robustness.victims import load_victim
from robustness.victims.function import from_callable

pytestmark = pytest.mark.textattack
TEXT = ("a dull film , with a good story and a bad script", "negative")


def workers() -> int:
    return sum(thread.name == "textattack-search" for thread in threading.enumerate())


def test_one_exception_inside_a_component_is_one_error_outcome(
    build: Callable[..., Recipe], run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = build("textattack:deepwordbug-gao-2018")
    kind = type(recipe.attack.parts.pattern.search_method)  # type: ignore[attr-defined]
    perform = kind.perform_search

    def break_one(self: Any, start: Any) -> Any:
        if "actors" in start.attacked_text.text:
            raise AssertionError("PSO word length mismatch!")
        return perform(self, start)

    monkeypatch.setattr(kind, "perform_search", break_one)
    rows = [TEXT, ("the weak actors fails", "negative"), ("a bad script", "negative")]
    outcomes = run(recipe, rows)
    assert [o.status for o in outcomes] == ["succeeded", "error", "succeeded"]
    assert outcomes[1].error == {"type": "AssertionError", "message": "PSO word length mismatch!"}
    assert workers() == 0


def test_a_victim_that_fails_mid_search_is_an_error_and_its_thread_ends(build: Callable[..., Recipe], run: Any) -> None:
    victim = load_victim("scripted:raising:[UNK]")
    outcomes = run(build("textattack:deepwordbug-gao-2018"), [TEXT], victim=victim)
    assert [o.status for o in outcomes] == ["error"]
    assert outcomes[0].error["type"] == "UnansweredError"
    assert workers() == 0


@pytest.mark.parametrize("budget", [2, 7, 20])
def test_a_spent_budget_stops_the_worker(budget: int, build: Callable[..., Recipe], run: Any) -> None:
    victim = load_victim("scripted:constant:negative")
    (outcome,) = run(build("textattack:pruthi-2019"), [TEXT], victim=victim, budget=budget)
    assert (outcome.status, outcome.queries) == ("exhausted", budget)
    assert workers() == 0


def test_a_success_within_the_budget_counts_however_much_was_asked(build: Callable[..., Recipe], run: Any) -> None:
    (free,) = run(build("textattack:deepwordbug-gao-2018"), [TEXT], budget=None)
    assert free.status == "succeeded"
    (bound,) = run(build("textattack:deepwordbug-gao-2018"), [TEXT], budget=free.queries)
    assert bound.to_json() == free.to_json()


def test_threads_of_an_abandoned_run_end(build: Callable[..., Recipe], run: Any) -> None:
    recipe = build("textattack:pruthi-2019")
    clean = Prediction(0, (0.9, 0.1))
    trial = Trial(inputs=(TEXT[0],), gold=0, judge=against(0), clean=clean, rng=Random(0))
    search = recipe.attack.search(trial)
    assert isinstance(next(search), Query)
    assert workers() == 1
    search.close()
    deadline = time.monotonic() + 5
    while workers() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert workers() == 0


def test_finished_trials_are_not_run_again(build: Callable[..., Recipe], run: Any) -> None:
    recipe = build("textattack:deepwordbug-gao-2018")
    rows = [TEXT, ("a bad script", "negative"), ("the weak actors fails", "negative")]
    whole = run(recipe, rows)
    finished = {(whole[0].example_id, recipe.name): whole[0].status}
    rest = run(recipe, rows, finished=finished)
    assert [o.to_json() for o in rest] == [o.to_json() for o in whole[1:]]


def test_a_text_without_words_is_no_error(build: Callable[..., Recipe], run: Any) -> None:
    victim = load_victim("scripted:constant:negative")
    for name in ("deepwordbug-gao-2018", "iga-wang-2019", "bad-characters-2021-invisible"):
        (outcome,) = run(build(f"textattack:{name}"), [("... !!", "negative")], victim=victim)
        assert outcome.status == "failed", outcome.error


def pair_victim() -> Any:
    def answer(pairs: list[dict[str, str]]) -> list[tuple[float, float]]:
        shared = [len(set(pair["premise"].split()) & set(pair["hypothesis"].split())) for pair in pairs]
        return [(1 - min(s, 4) / 4, min(s, 4) / 4) for s in shared]

    return from_callable(answer, labels=["other", "same"], fields=["premise", "hypothesis"])


@pytest.mark.parametrize(
    "name", ["textfooler-jin-2019", "pwws-ren-2019", "deepwordbug-gao-2018", "bad-characters-2021-invisible"]
)
@pytest.mark.parametrize("field", [0, 1])
def test_in_pairs_only_the_attacked_field_changes(name: str, field: int, build: Callable[..., Recipe], run: Any) -> None:
    asked: list[tuple[str, ...]] = []
    victim = pair_victim()
    predict = victim.predict

    class Noting:
        info = victim.info

        def predict(self, inputs: Any) -> Any:
            asked.extend(inputs)
            return predict(inputs)

        def lengths(self, inputs: Any) -> Any:
            return victim.lengths(inputs)

    row = {"premise": "a good film with good actors", "hypothesis": "a good film with bad actors", "label": "same"}
    (outcome,) = run(build(f"textattack:{name}"), [row], victim=Noting(), field=field, budget=200)
    assert outcome.status in ("succeeded", "failed"), outcome.error
    other = 1 - field
    names = ("premise", "hypothesis")
    assert {inputs[other] for inputs in asked} == {row[names[other]]}
    assert len({inputs[field] for inputs in asked}) > 1
    assert outcome.field == names[field]


def test_each_edit_names_the_technique_that_made_it() -> None:
    steps = (("a abd film", "swap"), ("a abd fillm", "insertion"), ("the abd fillm", "wordnet"))
    candidate = Traced("the abd fillm", "wordnet", steps=steps)
    edits = candidate.edits("a bad film")
    assert [(e.before, e.after, e.technique) for e in edits] == [
        ("a", "the", "wordnet"),
        ("bad", "abd", "swap"),
        ("film", "fillm", "insertion"),
    ]


def test_of_several_successes_the_most_similar_is_kept(build: Callable[..., Recipe], named: dict[str, object]) -> None:
    """The encoder here calls texts of one length alike: of all that turn the answer, the one that keeps the length wins."""
    text = "a good zebra"
    trial = Trial(inputs=(text,), gold=0, judge=against(0), clean=Prediction(0, (0.9, 0.1)), rng=Random(0))
    search = build("textattack:textbugger", {**named, "homoglyphs": "none"}).attack.search(trial)
    request, embedded = next(search), 0
    with suppress(StopIteration):
        while True:
            if isinstance(request, Embed):
                embedded += len(request.texts)
                angles = np.array([0.01 * len(t) for t in request.texts], np.float32)
                request = search.send(np.stack([np.cos(angles), np.sin(angles)], axis=1))
            else:
                assert isinstance(request, Query)
                request = search.send(
                    [Prediction(0, (0.9, 0.1)) if "good" in t else Prediction(1, (0.1, 0.9)) for (t,) in request.inputs]
                )
    assert embedded
    assert trial.winner is not None
    assert len(trial.winner[0].text) == len(text)
    assert trial.winner[0].similarity == pytest.approx(1.0, abs=1e-3)


class Tagger:
    """Tags words from a table, as a tagger of flair's does."""

    def __init__(self, **tags: str) -> None:
        self.tags = tags

    def predict(self, sentence: Any, **options: Any) -> None:
        for token in sentence.tokens:
            token.add_label("ner" if "MAY" in self.tags else "upos", self.tags.get(token.text.upper(), "O"), 0.99)


def test_particle_swarm_reads_hownet_and_parts_of_speech(
    build: Callable[..., Recipe], run: Any, named: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = tmp_path / "bank.pkl"
    bank.write_bytes(pickle.dumps({"dull": {"adj": ["drab"], "noun": ["good"]}, "bad": {"adj": ["poor", "decent"]}}))
    monkeypatch.setitem(load().shared.utils.strings._flair_taggers, "upos-fast", Tagger(DULL="ADJ", BAD="ADJ"))
    recipe = build("textattack:pso", {**named, "hownet": str(bank), "flair-pos": str(bank)})
    (outcome,) = run(recipe, [("a dull story and a bad script", "negative")])
    assert (outcome.status, outcome.perturbed) in [
        ("succeeded", "a drab story and a decent script"),
        ("succeeded", "a drab story and a poor script"),
    ]
    assert {e.technique for e in outcome.edits} == {"word-swap-how-net"}


def test_names_are_changed_where_they_are_names(
    build: Callable[..., Recipe], run: Any, named: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(load().shared.utils.strings._flair_taggers, "ner", Tagger(MAY="S-PER"))
    recipe = build("textattack:checklist", {**named, "flair-ner": __file__})
    victim = from_callable(
        lambda texts: [(0.9, 0.1) if "May" in t else (0.1, 0.9) for t in texts], labels=["negative", "positive"]
    )
    (outcome,) = run(recipe, [("a film by May", "negative")], victim=victim)
    assert outcome.status == "succeeded"
    ((before, technique),) = {(e.before, e.technique) for e in outcome.edits}
    assert (before, technique) == ("May", "word-swap-change-name")


def test_gradients_are_asked_of_the_victim_and_order_the_words(build: Callable[..., Recipe], named: dict[str, object]) -> None:
    """The victim takes them, with its dropout off; the bridge never touches a model."""
    recipe = build("textattack:a2t-yoo-2021", {**named, "sentence-encoder": "none"})
    assert recipe.access == "gradients"
    text = "a good film , with bad actors"
    clean = Prediction(0, (0.9, 0.1))
    trial = Trial(inputs=(text,), gold=0, judge=against(0), clean=clean, rng=Random(0))
    search = recipe.attack.search(trial)
    assert next(search) == Gradients((("a good film , with bad actors",),), 0, 0)
    first = search.send([np.array([0.1, 0.2, 0.9, 0.3, 0.4, 0.5])])
    assert isinstance(first, Query)
    assert {tuple(t.split())[2] for (t,) in first.inputs} <= {"movie", "picture"}
    second = search.send([clean for _ in first.inputs])
    assert isinstance(second, Query)
    assert all("film" in t.split() and "actors" not in t.split() for (t,) in second.inputs)
    search.close()
