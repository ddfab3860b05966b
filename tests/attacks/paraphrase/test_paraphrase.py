"""Rules composed: distinct rewrites, each naming what made it, the same under the same seed."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.transformations.base import SEVERITIES, Paraphrase
from attacks.transformations.paraphrase.paraphrase import RULES, Rule, RuleParaphrase

TEXT = "The plot is thin, but the cast is great. I don't like the ending of the film because it is 3 acts long."
NAMES = {rule.name for rule in RULES}
_PIECES = (
    "The|film|is|it's|a|,|but|because|.|?|3|two|March 5, 2020|colour|of the|Honestly,|I think|I|don't|do not|’|\ud800|ß|İ|!|"
    "a lot of|\n|1st|2020-02-30"
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.lists(st.sampled_from(_PIECES.split("|")), max_size=15).map(" ".join),
)


def test_it_is_a_paraphrase() -> None:
    assert isinstance(RuleParaphrase(), Paraphrase)
    assert len(NAMES) == len(RULES)


def test_each_rule_alone_comes_first_then_compositions_within_the_limit() -> None:
    found = RuleParaphrase(limit=40).variants(TEXT, Random(1))
    names = [candidate.technique for candidate in found]
    alone = [name for name in names if "+" not in name]
    assert names[: len(alone)] == alone
    assert len(alone) < len(names) <= 40
    assert {"contraction", "expansion", "clause-order", "owner-order"} <= set(alone)


def test_depth_bounds_the_rules_of_one_rewrite() -> None:
    assert all("+" not in c.technique for c in RuleParaphrase(depth=1).variants(TEXT, Random(1)))
    deep = RuleParaphrase(depth=3, limit=80).variants(TEXT, Random(1))
    assert max(c.technique.count("+") for c in deep) == 2


def test_severity_is_the_number_of_rules() -> None:
    for severity in SEVERITIES:
        found = RuleParaphrase().sample(TEXT, severity, Random(3))
        assert found is not None
        assert found.technique.count("+") == min(severity, 4) - 1  # no fifth rule finds anything in this text
        assert found.severity == severity


def test_a_rule_that_changes_nothing_is_not_named() -> None:
    idle = Rule("idle", lambda text: [text])
    found = RuleParaphrase(rules=[idle, *RULES]).sample(TEXT, 5, Random(1))
    assert found is not None
    assert "idle" not in found.technique
    assert RuleParaphrase(rules=[idle]).variants(TEXT, Random(1)) == []


def test_rules_that_undo_each_other_do_not_meet() -> None:
    for candidate in RuleParaphrase(depth=4, limit=120).variants(TEXT, Random(2)):
        names = set(candidate.technique.split("+"))
        assert not {"contraction", "expansion"} <= names


def test_edits_tell_the_rewrite_from_the_original() -> None:
    found = RuleParaphrase().sample("It has 3 acts and a dull end.", 1, Random(0))
    assert found is not None
    text, at = "", 0
    for edit in found.edits("It has 3 acts and a dull end."):
        text += "It has 3 acts and a dull end."[at : edit.start] + edit.after
        at = edit.end
    assert text + "It has 3 acts and a dull end."[at:] == found.text


@given(text=TEXTS, seed=st.integers(0, 9), severity=st.sampled_from(SEVERITIES))
@settings(deadline=None, max_examples=80)
def test_any_text_is_rewritten_into_distinct_others_or_not_at_all(text: str, seed: int, severity: int) -> None:
    paraphrase = RuleParaphrase(limit=30)
    found = paraphrase.variants(text, Random(seed))
    texts = [candidate.text for candidate in found]
    assert text not in texts
    assert len(set(texts)) == len(texts)
    assert all(set(candidate.technique.split("+")) <= NAMES for candidate in found)
    assert list(paraphrase.variants(text, Random(seed))) == list(found)
    sample = paraphrase.sample(text, severity, Random(seed))
    assert sample is None or sample.text != text
    assert sample == paraphrase.sample(text, severity, Random(seed))


@pytest.mark.parametrize(("depth", "limit", "each"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_bad_arguments_fail_in_the_constructor(depth: int, limit: int, each: int) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        RuleParaphrase(depth, limit, each)
    with pytest.raises(ValueError, match="at least one rule"):
        RuleParaphrase(rules=())


def test_a_severity_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="severity must be one of"):
        RuleParaphrase().sample(TEXT, 6, Random(0))


def test_parameters_are_printed() -> None:
    assert repr(RuleParaphrase()) == "RuleParaphrase(depth=2, limit=60, each=10)"
    assert repr(RuleParaphrase(rules=RULES[:1])) == "RuleParaphrase(depth=2, limit=60, each=10, rules=['contraction'])"
