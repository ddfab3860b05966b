"""The shipped fakes do what they say, and specs name victims."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

from robustness.errors import AnswerError, MissingExtraError, UsageError
from robustness.tasks.reading.check_answers import AnswerOddities, read_answers
from robustness.victims import KINDS, load_victim, victims
from robustness.victims.extras import require
from robustness.victims.null import NULLS
from robustness.victims.scripted import SCRIPTED, load_scripted

INPUTS = [("a great and funny film",), ("a dull mess",), ("the film",), ("bóring hang boom",)]
SOUND = ("keyword", "hard-label", "constant", "random", "noisy", "rounded")


@pytest.mark.parametrize("name", SCRIPTED)
def test_every_fake_is_listed_and_says_who_it_is(name: str) -> None:
    victim = load_scripted(name)
    assert victim.info.name.startswith(f"scripted:{name}")
    assert victim.info.access == SCRIPTED[name].access
    assert victim.info.identity
    assert len(victim.lengths(INPUTS)) == len(victim.truncated(INPUTS)) == len(INPUTS)
    victim.close()


@pytest.mark.parametrize("name", SOUND)
def test_sound_fakes_give_one_valid_row_per_input(name: str) -> None:
    victim, odd = load_scripted(name), AnswerOddities()
    assert len(read_answers(victim.predict(INPUTS), len(INPUTS), victim.info, odd)) == len(INPUTS)
    assert odd.not_summing == odd.out_of_range == 0


def test_keyword_counts_words_and_a_typo_misleads_it() -> None:
    victim = load_scripted("keyword")
    good, bad, neither, typo = (row[1] for row in victim.predict([*INPUTS[:3], ("a grreat and fumny film",)]))
    assert good > 0.8 > neither > bad
    assert typo == neither
    assert victim.predict(INPUTS) == victim.predict(INPUTS)


def test_hard_label_agrees_with_keyword() -> None:
    rows = load_scripted("keyword").predict(INPUTS)
    assert load_scripted("hard-label").predict(INPUTS) == ["positive" if r[1] > 0.5 else "negative" for r in rows]


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.5, 1.0])
def test_random_answers_positive_at_its_rate_and_the_same_again(rate: float) -> None:
    victim = load_scripted(f"random:{rate}")
    texts = [(f"text number {n}",) for n in range(4000)]
    answers = np.asarray(victim.predict(texts))
    share = float((answers.argmax(axis=1) == 1).mean())
    assert abs(share - rate) <= 4 * math.sqrt(rate * (1 - rate) / len(texts))
    assert victim.predict(texts[::-1])[::-1] == victim.predict(texts)
    assert load_scripted(f"random:{rate},1").predict(texts) != victim.predict(texts) or rate in (0.0, 1.0)


def test_noisy_differs_when_asked_twice_but_not_between_runs() -> None:
    one, two = load_scripted("noisy:5"), load_scripted("noisy:5")
    first = one.predict(INPUTS)
    assert one.predict(INPUTS) != first
    assert two.predict(INPUTS) == first


def test_flaky_raises_every_nth_call() -> None:
    victim = load_scripted("flaky:2")
    victim.predict(INPUTS)
    with pytest.raises(ConnectionError):
        victim.predict(INPUTS)
    victim.predict(INPUTS)


def test_raising_raises_for_its_substring_only() -> None:
    victim = load_scripted("raising:mess")
    assert len(victim.predict([INPUTS[0], INPUTS[3]])) == 2
    with pytest.raises(RuntimeError, match="'mess'"):
        victim.predict(INPUTS)


def test_hanging_waits_until_it_is_closed() -> None:
    victim = load_scripted("hanging:dull")
    assert len(victim.predict(INPUTS[:1])) == 1
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(victim.predict(INPUTS)), daemon=True)
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    victim.close()
    thread.join(10)
    assert len(answers[0]) == len(INPUTS)


@pytest.mark.parametrize("name", ["short-rows", "nan-scores", "three-scores"])
def test_broken_answers_are_refused_by_the_check(name: str) -> None:
    victim = load_scripted(name)
    with pytest.raises(AnswerError):
        read_answers(victim.predict(INPUTS), len(INPUTS), victim.info, AnswerOddities())


def test_nan_can_be_kept_to_one_text() -> None:
    rows = load_scripted("nan-scores:mess").predict(INPUTS)
    assert [math.isnan(row[0]) for row in rows] == [False, True, False, False]


def test_logits_and_rounding_are_seen_as_odd() -> None:
    for name, kind in (("logits", "not_summing"), ("rounded", "rounded")):
        victim, odd = load_scripted(name), AnswerOddities()
        read_answers(victim.predict(INPUTS), len(INPUTS), victim.info, odd)
        assert getattr(odd, kind) == len(INPUTS)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("dmo", "no kind of victim 'dmo'; did you mean 'demo'"),
        ("org/name", "write hf:org/name"),
        ("", "no kind of victim ''"),
        ("hf:", "expected hf:FOLDER_OR_NAME"),
        ("hf:#good", "no such folder"),
        ("demo:x", "expected demo, got"),
        ("demo:", "expected demo, got"),
        ("scripted:keywrd", "no scripted victim 'keywrd'; did you mean 'keyword'"),
        ("scripted:keyword:3", "takes no argument"),
        ("scripted:flaky:0", "at least 1"),
        ("scripted:flaky:x", "takes a whole number, got 'x'"),
        ("scripted:random:2", "a share from 0 to 1"),
        ("scripted:random:x", "a share from 0 to 1"),
        ("scripted:constant:neutral", "negative or positive"),
    ],
)
def test_specs_that_name_nothing_are_explained(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_victim(spec)


def test_an_option_of_another_kind_is_refused_and_unset_ones_are_ignored() -> None:
    with pytest.raises(UsageError, match="max_length cannot be used with scripted"):
        load_victim("scripted:keyword", max_length=12)
    assert load_victim("scripted:keyword", max_length=None, allow_pickle=False, offline=True).info.kind == "scripted"


def test_the_list_names_every_kind_and_every_fake() -> None:
    listed = victims()
    assert [v.name for v in listed] == [k.name for k in KINDS] + list(SCRIPTED) + list(NULLS)
    assert all(v.summary and v.access for v in listed)


def test_an_absent_package_names_its_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'robustness-suite\[hf\]'"):
        require("package_that_is_absent", "hf")
