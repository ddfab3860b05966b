"""A victim behind the normaliser: what it reads, what it answers with, and what an attack sees of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attacks.dialogue import Turn, written
from robustness import audit
from robustness.auditing import open_victim
from robustness.errors import UsageError
from robustness.harden import Normaliser
from robustness.harden.victim import NormalisedVictim, StreamedNormalisedVictim, behind_normaliser
from robustness.victims import load_victim
from robustness.victims.base import PlainVictim, VictimInfo
from robustness.victims.function import from_callable

HIDDEN = "a gr\u0435at fi\u200blm"


class Likes:
    """Positive where the word great is read; keeps what it was asked."""

    labels = ("negative", "positive")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: list[str]) -> list[list[float]]:
        self.asked += texts
        return [[0.1, 0.9] if "great film" in text else [0.9, 0.1] for text in texts]


def test_the_victim_reads_normalised_texts_and_says_so() -> None:
    likes = Likes()
    victim = open_victim(likes, normalise="characters")
    assert np.asarray(victim.predict([(HIDDEN,)])).tolist() == [[0.1, 0.9]]
    assert likes.asked == ["a great film"]
    assert dict(victim.info.identity)["normalise"] == "bidi,invisible,confusables,compatibility,marks,whitespace"
    assert "normalised" in victim.info.notes[-1]


def test_two_texts_of_one_normal_form_are_one_to_it() -> None:
    one, other, third = open_victim(Likes(), normalise="characters").readings([(HIDDEN,), ("a great film",), ("a great fim",)])
    assert one == other != third


class Tagger(PlainVictim):
    """Marks every Anna; answers as it is told."""

    def __init__(self, shape: Callable[[int, int], Any]) -> None:
        self.info = VictimInfo("tagger", "python", ("PER",), task="ner")
        self._shape = shape

    def predict(self, inputs: Sequence[tuple[str, ...]]) -> list[Any]:
        return [[self._shape(at, at + 4) for at in [text.find("Anna")] if at >= 0] for (text,) in inputs]


@pytest.mark.parametrize(
    "shape",
    [lambda s, e: (s, e, "PER"), lambda s, e: {"start": s, "end": e, "entity_group": "PER", "score": 0.5}],
    ids=["tuples", "mappings"],
)
def test_entities_are_places_in_the_text_that_went_in(shape: Callable[[int, int], Any]) -> None:
    text = "\u200bhe met An\u200bn\u0430 there"
    (row,) = NormalisedVictim(Tagger(shape), Normaliser()).predict([(text,)])
    assert text[row[0]["start"] : row[0]["end"]] == "An\u200bn\u0430"
    assert row[0]["label"] == "PER"


def test_entities_that_cannot_be_read_are_left_to_the_task_to_refuse() -> None:
    assert NormalisedVictim(Tagger(lambda s, e: "Anna"), Normaliser()).predict([("Anna",)]) == [["Anna"]]


def test_a_victim_asked_one_by_one_gives_places_too() -> None:
    class Streamed(Tagger):
        def start(self, inputs: tuple[str, ...], ask: str, done: Callable[[Any], None]) -> None:
            done(self.predict([inputs])[0])

    found: list[Any] = []
    victim = behind_normaliser(Streamed(lambda s, e: (s, e, "PER")), Normaliser())
    assert isinstance(victim, StreamedNormalisedVictim)
    victim.start(("A\u200bnna",), "", found.append)
    assert found == [[{"start": 0, "end": 5, "label": "PER"}]]


def test_turns_of_a_dialogue_stay_turns() -> None:
    class Chat(PlainVictim):
        info = VictimInfo("chat", "python", (), task="generation", dialogue=True)
        asked: list[str] = []  # noqa: RUF012

        def predict(self, inputs: Sequence[tuple[str, ...]]) -> list[str]:
            self.asked += [text for (text,) in inputs]
            return ["yes"] * len(inputs)

    chat = Chat()
    NormalisedVictim(chat, Normaliser()).predict([(written([Turn("input", "a  gr\u0435at\u200b one"), Turn("user", "so?")]),)])
    assert chat.asked == [written([Turn("input", "a great one"), Turn("user", "so?")])]


def test_stored_predictions_cannot_be_asked_other_texts(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("text,prediction\na film,positive\nb film,negative\n")
    with pytest.raises(UsageError, match="stored predictions"):
        open_victim(f"predictions:{tmp_path / 'p.csv'}", normalise="characters")


def test_a_wrong_step_is_found_before_the_victim_is_loaded() -> None:
    with pytest.raises(UsageError, match="expected steps among"):
        audit("hf:./nowhere", [("a film", "0")], normalise="speling", recipes="deepwordbug")


def test_bad_characters_break_nothing_behind_the_normaliser(tmp_path: Path) -> None:
    rows = [(f"a great film {n}", "positive") for n in range(12)]
    how: dict[str, Any] = {"recipes": "bad-characters", "budget": 60, "encoder": "none"}
    bare = audit(Likes(), rows, out=tmp_path / "bare", **how)
    behind = audit(Likes(), rows, out=tmp_path / "behind", normalise="characters", **how)
    assert {o.status for o in bare.outcomes} == {"succeeded"}
    assert "succeeded" not in {o.status for o in behind.outcomes}


@pytest.mark.parametrize("spec", ["scripted:keyword"])
def test_a_spec_opens_behind_the_normaliser(spec: str) -> None:
    victim = load_victim(spec, normalise="all")
    assert isinstance(victim, NormalisedVictim)
    assert dict(victim.info.identity)["normalise"].endswith("leet,spelling")


def test_gradients_are_of_places_in_the_text_that_went_in() -> None:
    class Smooth(PlainVictim):
        info = VictimInfo("smooth", "python", ("a", "b"), gradients=True)

        def token_gradients(self, inputs: Sequence[tuple[str, ...]], labels: Sequence[int]) -> list[Any]:
            from robustness.victims.base import TokenGradients

            places = tuple((0, n, n + 1) for n in range(len(inputs[0][0])))
            return [
                TokenGradients((None, *places), np.zeros(len(places) + 1, np.int64), np.zeros((len(places) + 1, 2), np.float32))
            ]

        def predict(self, inputs: Sequence[tuple[str, ...]]) -> Any:
            return np.full((len(inputs), 2), 0.5)

    (found,) = NormalisedVictim(Smooth(), Normaliser()).token_gradients([("f\u200bilm",)], [0])
    assert found.places == (None, (0, 0, 1), (0, 2, 3), (0, 3, 4), (0, 4, 5))


def test_a_callable_may_stand_behind_a_channel_and_a_normaliser() -> None:
    victim = behind_normaliser(from_callable(Likes()), Normaliser())
    assert victim.lengths([(HIDDEN,)]) == [3]
