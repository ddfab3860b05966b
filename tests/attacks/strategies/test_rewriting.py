from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from attacks.constraints.amount import MaxEditDistance
from attacks.constraints.base import Constraint
from attacks.search import Candidate, Fluency, Rewrite, Search, Trial
from attacks.strategies.paraphrasing.sources import Model
from attacks.strategies.rewriting import MODEL, Rewriting
from attacks.words import Words

RULES = {"t": ["ta", "tb", "t"], "ta": ["tab", "t"], "tb": ["tab", "tbc"], "tab": ["tabc"]}


def test_rewrites_are_composed_from_the_best_so_far(drive: Any, table: Any) -> None:
    belief = {"t": 0.9, "ta": 0.8, "tb": 0.7, "tab": 0.75, "tbc": 0.6, "tabc": 0.3}
    ran = drive(Rewriting((table(RULES),), width=2), "t", belief.__getitem__)
    assert ran.requests == [["ta", "tb"], ["tab", "tbc"], ["tabc"]]
    assert ran.won == "tabc"


def test_width_bounds_the_beam_and_depth_the_rounds(drive: Any, table: Any) -> None:
    belief = {"t": 0.9, "ta": 0.8, "tb": 0.7, "tab": 0.75, "tbc": 0.6}
    first = {**belief, "ta": 0.6}
    assert drive(Rewriting((table(RULES),), width=1, depth=2), "t", first.__getitem__).requests == [["ta", "tb"], ["tab"]]
    assert drive(Rewriting((table(RULES),), depth=1), "t", belief.__getitem__).requests == [["ta", "tb"]]


def test_techniques_tell_every_rule_that_was_applied(drive: Any, table: Any) -> None:
    rules = (table({"t": ["ta"]}, name="one"), table({"ta": ["tab"]}, name="two"))
    ran = drive(Rewriting(rules), "t", {"t": 0.9, "ta": 0.8, "tab": 0.1}.__getitem__)
    assert ran.trial.winner[0].technique == "one-ta+two-tab"


def test_a_first_rewrite_keeps_the_edits_that_its_rule_knows(drive: Any, table: Any) -> None:
    class Exact(table):  # type: ignore[misc]
        def variants(self, text: str, rng: Any) -> list[Candidate]:
            view = Words(text).replace(0, "x", "exact")
            return [Candidate(str(view), "exact", view)]

    ran = drive(Rewriting((Exact({}),)), "a b", lambda t: 0.1 if "x" in t else 0.9)
    assert ran.trial.winner[0].words is not None


def test_a_paraphrasing_model_is_asked_for_the_whole_beam_at_once(drive: Any, table: Any) -> None:
    asked: list[Rewrite] = []

    def rewriter(request: Rewrite) -> list[list[str]]:
        asked.append(request)
        return [[f"{text}!", f"{text}?"] for text in request.texts]

    ran = drive(Rewriting((), sources=(Model(2, False),), depth=2, width=2), "t", lambda t: 0.9 - len(t) / 100, rewriter=rewriter)
    assert asked == [Rewrite(("t",), 2), Rewrite(("t!", "t?"), 2)]
    assert ran.requests == [["t!", "t?"], ["t!!", "t!?", "t?!", "t??"]]
    assert ran.trial.closest.technique == MODEL


def test_rules_and_model_build_on_each_other(drive: Any, table: Any) -> None:
    rules = (table({"t!": ["t!a"]}, name="rule"),)
    ran = drive(
        Rewriting(rules, sources=(Model(1, False),)),
        "t",
        lambda t: 0.1 if t == "t!a" else 0.9,
        rewriter=lambda r: [[f"{t}!"] for t in r.texts],
    )
    assert ran.trial.winner[0].technique == f"{MODEL}+rule-t!a"


def test_a_text_carries_each_technique_once_and_one_of_an_exclusive_set(drive: Any, table: Any) -> None:
    class Named(table):  # type: ignore[misc]
        def variants(self, text: str, rng: Any) -> list[Candidate]:
            return [Candidate(text + letter, letter) for letter in "abc"]

    def asked(*exclusive: frozenset[str]) -> list[str]:
        ran = drive(Rewriting((Named({}),), depth=2, exclusive=exclusive), "t", lambda t: 0.9)
        return list(ran.requests[1]) if len(ran.requests) > 1 else []

    assert asked() == ["tab", "tac", "tba", "tbc", "tca", "tcb"]
    assert asked(frozenset("ab")) == ["tac", "tbc", "tca", "tcb"]
    assert asked(frozenset("abc")) == []


def test_constraints_compare_with_the_original(drive: Any, table: Any) -> None:
    ran = drive(Rewriting((table(RULES),), (MaxEditDistance(2),)), "t", lambda t: 0.9)
    assert "tabc" not in ran.asked
    assert ran.trial.tally.rejected == 1


def test_the_most_similar_success_wins(drive: Any, table: Any) -> None:
    class Rated(Constraint):
        def filter(self, trial: Trial, candidates: list[Candidate]) -> Search[list[Candidate]]:
            yield from ()
            return [replace(c, similarity={"ta": 0.5, "tb": 0.9}[c.text]) for c in candidates]

    ran = drive(Rewriting((table(RULES),), (Rated(),)), "t", {"t": 0.9, "ta": 0.0, "tb": 0.4}.__getitem__)
    assert ran.won == "tb"


def test_wrong_arguments_say_what_was_expected(table: Any) -> None:
    with pytest.raises(ValueError, match="needs rules or sources of rewrites"):
        Rewriting(())
    with pytest.raises(ValueError, match="depth and width must be at least 1, got 0 and 4"):
        Rewriting((table({}),), depth=0)


def test_a_language_model_orders_rewrites_and_drops_those_that_read_much_worse(drive: Any, table: Any) -> None:
    read: list[Fluency] = []
    scores = {"T": -3.0, "Ta": -3.75, "Tb": -3.5, "Tc": -2.0, "Td": -3.0, "Te": -2.0}

    def reader(request: Fluency) -> list[float]:
        read.append(request)
        return [scores[text] for text in request.texts]

    ran = drive(
        Rewriting((table({"T": ["Ta", "Tb", "Tc", "Td", "Te"]}),), slack=0.5, depth=1), "T", lambda t: 0.9, rewriter=reader
    )
    assert read == [Fluency(("T", "Ta", "Tb", "Tc", "Td", "Te"))]
    assert ran.requests == [["Tc", "Te", "Td", "Tb"]]  # equals in the order of the rules; just within the slack counts
    assert ran.trial.tally.rejected == 1


def test_what_no_language_model_can_read_is_dropped(drive: Any, table: Any) -> None:
    scores = {"T": -3.0, "Ta": -math.inf}
    ran = drive(
        Rewriting((table({"T": ["Ta"]}),), slack=0.5, depth=1),
        "T",
        lambda t: 0.9,
        rewriter=lambda r: [scores[text] for text in r.texts],
    )
    assert ran.requests == []
