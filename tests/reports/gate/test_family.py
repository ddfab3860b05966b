"""Several thresholds in one policy, judged together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scipy.stats import binom

from reports.gate.gate import decide, evaluate
from reports.gate.policy import parse_policy
from reports.measures.family import family_wise, p_beyond
from reports.measures.intervals import ANYTIME, Proportion, proportion
from reports.render.terminal import verdict_line
from reports.run import Run


def test_the_p_value_is_the_tail_that_the_interval_is_made_of() -> None:
    assert p_beyond(proportion(20, 100), 0.3, above=False) == pytest.approx(binom.cdf(20, 100, 0.3), rel=1e-6)
    assert p_beyond(proportion(40, 100), 0.3, above=True) == pytest.approx(binom.sf(39, 100, 0.3), rel=1e-6)
    assert p_beyond(proportion(40, 100), 0.3, above=False) > 0.5
    watched = Proportion(20, 100, 0.2, 0.0, 1.0, 0.95, ANYTIME)
    assert p_beyond(watched, 0.3, above=False) > p_beyond(proportion(20, 100), 0.3, above=False)


def test_one_near_miss_among_ten_is_taken_back_and_a_clear_one_is_not() -> None:
    near = decide("min_robust_accuracy", "a", 0.3, proportion(20, 100))
    clear = decide("min_robust_accuracy", "b", 0.3, proportion(10, 100))
    met = [decide("min_robust_accuracy", f"c{i}", 0.3, proportion(60, 100)) for i in range(8)]
    assert near.verdict == clear.verdict == "fail"
    judged = family_wise([near, clear, *met], 0.95)
    assert [rule.verdict for rule in judged[:3]] == ["inconclusive", "fail", "pass"]
    assert "not beyond what chance gives over 10 thresholds" in judged[0].message
    assert family_wise([near], 0.95)[0].verdict == "fail"


def test_a_pass_is_not_touched_and_the_verdict_line_says_so(
    make_run: Callable[..., Run], make_counted: Callable[..., Any]
) -> None:
    run = make_run(make_counted(failed=80, succeeded=20))
    rules = parse_policy({"gate": {"family_wise": True, "min_robust_accuracy": 0.6, "max_attack_success_rate": 0.4}}, "x")
    result = evaluate(run, rules)
    assert result.verdict == "passed"
    assert result.family == 2
    assert verdict_line(result).endswith("; failures judged family-wise over 2 thresholds (Holm)")
