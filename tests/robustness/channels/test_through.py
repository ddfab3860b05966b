"""A victim behind a channel: what it reads, what it never sees, and what that costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustness import audit
from robustness.channels.channel import Lost
from robustness.channels.kept import Kept, pack, unpack
from robustness.channels.measure import measure_channel
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.failures import Failure
from robustness.errors import UsageError, VictimError
from robustness.victims import load_victim
from robustness.victims.base import VictimInfo
from robustness.victims.function import FunctionVictim, from_callable
from robustness.victims.through import ThroughVictim
from tests.robustness.channels.channels import Folding

GREAT, DULL, CAPITALS = ("a great film",), ("a dull bore",), ("GREAT",)


class Likes:
    """Positive where the word great is read; keeps what it was asked."""

    labels = ("negative", "positive")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: list[str]) -> list[list[float]]:
        self.asked += texts
        return [[0.1, 0.9] if "great" in text or "good" in text else [0.9, 0.1] for text in texts]


def behind() -> tuple[ThroughVictim, Likes, Folding]:
    likes, channel = Likes(), Folding()
    return ThroughVictim(from_callable(likes), channel), likes, channel


def test_the_victim_reads_what_came_out() -> None:
    victim, likes, _ = behind()
    victim.predict([GREAT, ("a g\u043e\u043ed film",)])
    assert likes.asked == ["a grate film", "a good film"]


def test_a_text_of_which_nothing_came_out_is_an_error_and_never_put_to_the_victim() -> None:
    victim, likes, _ = behind()
    answers = VictimBackend(victim).compute([DULL, CAPITALS, GREAT])
    assert [isinstance(one, Failure) for one in answers] == [False, True, False]
    assert [one.error for one in answers if isinstance(one, Failure)] == ["lost"]
    assert likes.asked == ["a dull bore", "a grate film"]
    assert all(isinstance(one, Failure) for one in VictimBackend(victim).compute([CAPITALS]))
    with pytest.raises(VictimError, match="nothing came out of fold:1"):
        victim.predict([CAPITALS])


def test_two_texts_that_come_out_alike_are_one_to_the_victim() -> None:
    victim, _, _ = behind()
    one, same, other, lost = victim.readings([("a good film",), ("a g\u043eod film",), DULL, CAPITALS])
    assert one == same != other
    assert lost is None


def test_its_identity_is_the_victims_and_the_channels() -> None:
    victim, _, _ = behind()
    pins = dict(victim.info.identity)
    assert (pins["through"], pins["through.channel"]) == ("fold:1", "fold")
    assert dict(victim.inner.info.identity).items() <= pins.items()
    assert not victim.info.gradients


def test_each_text_is_carried_once_and_what_came_out_is_kept_as_it_was() -> None:
    channel = Folding()
    kept = Kept(channel)
    assert kept.carry(["a", "b", "a"]) == kept.carry(["a", "b", "a"]) == ["a", "b", "a"]
    assert channel.carried == ["a", "b"]
    for came in ("a \ud83d text", Lost("why")):
        assert unpack(pack(came)) == came
    with pytest.raises(ValueError, match="no text"):
        unpack(b"+")


def test_what_the_channel_costs_is_told_apart_from_what_the_victim_loses() -> None:
    victim, _, _ = behind()
    rows = [(GREAT, 1), (("a g\u043e\u043ed film",), 1), (DULL, 0), (CAPITALS, 1), (("great",), 0)]
    loss = measure_channel(victim, [Example(str(n), one, label, {}) for n, (one, label) in enumerate(rows)])
    assert (loss.texts, loss.lost, loss.changed) == (5, 1, 3)
    assert loss.word_error_rate == pytest.approx(3 / 10)
    assert (loss.right_without, loss.right_through, loss.broken, loss.mended) == (2, 3, 1, 2)
    assert loss.record()["accuracy_without"] == 0.5
    assert "word error rate 30.0% on 5 clean texts, 1 came out empty" in loss.sentence()


def test_a_run_counts_lost_texts_as_errors_and_says_what_the_channel_cost(tmp_path: Path) -> None:
    rows = [("a good film", "positive"), ("g\u043e\u043ed", "positive"), ("a dull bore", "negative"), ("GOOD", "positive")]
    victim, likes, _ = behind()
    run = audit(victim, rows, recipes="natural:invisible-character", out=tmp_path / "run", encoder="none")
    statuses = {outcome.texts["text"]: outcome.status for outcome in run.outcomes}
    assert statuses["GOOD"] == "error"
    assert statuses["a good film"] == "untested"  # what folds away was no test
    assert "GOOD" not in likes.asked
    (flag,) = [flag for flag in run.manifest.flags if flag["code"] == "channel"]
    assert "word error rate" in flag["message"]


def test_a_task_whose_answers_are_places_is_refused() -> None:
    tagger = FunctionVictim(VictimInfo("tagger", "python", (), task="ner"), lambda texts: [[] for _ in texts])
    with pytest.raises(UsageError, match="answers are places"):
        ThroughVictim(tagger, Folding())


def test_an_unknown_channel_is_told_before_the_victim_is_loaded() -> None:
    with pytest.raises(UsageError, match="unknown channel 'fax'"):
        load_victim("hf:no/such/folder", through="fax")
