"""Soundness: nothing that an attack tries inside a certified radius breaks what was certified, and a wrong certificate is caught.

Every attack here is written anew and shares no code with the certificates; the vote of a smoothed victim is computed exactly,
over all noisy copies with their chances, never sampled.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, product
from math import comb, prod
from random import Random
from typing import Any

import numpy as np
import pytest

from reports.measures.chance.certified import lower
from reports.run.certificates import BROKEN, CERTIFIED
from robustness.certify import bounds
from robustness.certify.certify import certify
from robustness.certify.exhaustive import Exhaustive
from robustness.certify.frame import Asked, Frame
from robustness.certify.noise import Dropping, Masking, Noise, Synonyms
from robustness.certify.smoothing import Smoothed
from robustness.certify.spaces import CharacterSpace, parse_space
from robustness.demo import demo_examples
from robustness.engine.backends import VictimBackend
from robustness.engine.converse import over_victim
from robustness.engine.engine import Oracles
from robustness.tasks.registry import task_named
from robustness.tasks.task import space_of
from robustness.victims import load_victim
from robustness.victims.scripted import ScriptedVictim

TRIES = 12_000


@lru_cache(1 << 18)
def weight(gram: str) -> float:
    return int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=2).digest(), "big") / 65535 - 0.5


def brittle(text: str) -> float:
    """A linear model of random weights over pairs of characters: some texts are near its boundary, others far off."""
    padded = f" {text} "
    grams = [padded[i : i + 2] for i in range(len(padded) - 1)]
    return sum(weight(gram) * (1.3 if max(gram) > "e" else 1) for gram in grams)


def victim_of(score: Callable[[str], float]) -> ScriptedVictim:
    return ScriptedVictim("test", lambda rows: [(0.9, 0.1) if score(text) < 0 else (0.1, 0.9) for (text,) in rows])


def examples_of(score: Callable[[str], float], n: int, words: int = 3) -> list[Asked]:
    rng = Random(3)
    texts = [" ".join("".join(rng.choices("abcde", k=rng.randint(2, 5))) for _ in range(words)) for _ in range(n)]
    return [Asked(f"e{i}", (text,), int(score(text) >= 0)) for i, text in enumerate(texts)]


def found_by(method: Any, score: Callable[[str], float], examples: list[Asked]) -> list[Any]:
    victim, task = victim_of(score), task_named("classification")
    frame = Frame(task, task.goal("", space_of(victim)), 0, space_of(victim))
    oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=1 << 16))
    return [one.certificate for one in certify(oracles, frame, method, examples).found]


def one_edit(text: str, rng: Random, kinds: str = "sdri") -> str:
    """A random edit of one character, written without a look at the space."""
    kind, letter = rng.choice(kinds), rng.choice(string.ascii_lowercase)
    at = rng.randrange(len(text) + (kind == "i"))
    if kind == "s":
        at = min(at, len(text) - 2)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + ("" if kind == "d" else letter) + text[at + (kind != "i") :]


def escapes(space: Any, edits: int, tries: int, kinds: str = "sdri") -> tuple[int, int, int]:
    """Attack what a space certifies: tries, successes, and how many examples were certified."""
    examples = examples_of(brittle, 120, words=3)[: 120 if edits == 1 else 60]
    found = found_by(Exhaustive(space), brittle, examples)
    held = [example for example, one in zip(examples, found, strict=True) if one.state == CERTIFIED]
    rng, won = Random(9), 0
    for number in range(tries if held else 0):
        example = held[number % len(held)]
        text = example.inputs[0]
        for _ in range(edits):
            text = one_edit(text, rng, kinds) if len(text) > 1 else text
        won += int(brittle(text) >= 0) != example.reference
    assert any(one.state == BROKEN for one in found), "a victim that nothing breaks would test nothing"
    return tries, won, len(held)


def test_no_attack_inside_a_certified_space_of_characters_finds_anything() -> None:
    tries, won, held = escapes(parse_space("char-1"), 1, TRIES)
    assert tries >= 10_000
    assert held >= 3
    assert won == 0


def test_no_attack_of_two_edits_finds_anything_either() -> None:
    _, won, held = escapes(CharacterSpace(2, ("swap", "delete")), 2, TRIES, "sd")
    assert (won, held > 0) == (0, True)


class _NoEnd(CharacterSpace):
    """Forgets edits in the last word."""

    def texts(self, text: str, protected: Any = ()) -> Iterator[tuple[str, str]]:
        yield from ((made, kind) for made, kind in CharacterSpace.texts(self, text) if made.endswith(text[-4:]))


@pytest.mark.parametrize(
    "broken",
    [_NoEnd(1), CharacterSpace(1, ("swap", "delete")), replace(CharacterSpace(1), alphabet=tuple("abcde"))],
    ids=["no end", "too few edits", "smaller alphabet"],
)
def test_a_space_that_misses_texts_is_caught(broken: Any) -> None:
    assert escapes(broken, 1, TRIES)[1] > 0


@dataclass(frozen=True)
class Smooth:
    """A smoothed victim whose vote is computed exactly, and what an attacker within r words may write."""

    noise: Noise
    copies: Callable[[str], list[tuple[float, str]]]
    attack: Callable[[str, int, Random], str]


BAD = "zz"
LEXICON = {"aa": ("ab", "ac"), "ab": ("aa", "ad"), "ac": ("aa",), "ad": ("ab", BAD), BAD: ("ad",), "ba": ("bb",), "bb": ("ba",)}


class Listed:
    name = "test"

    def choices(self, word: str) -> tuple[str, ...]:
        return LEXICON.get(word, ())


def masked(noise: Masking) -> Callable[[str], list[tuple[float, str]]]:
    def copies(text: str) -> list[tuple[float, str]]:
        words = text.split()
        kept = bounds.kept_words(len(words), noise.keep)
        chance = 1 / comb(len(words), kept)
        sets = map(set, combinations(range(len(words)), kept))
        return [(chance, " ".join(w if i in seen else noise.word for i, w in enumerate(words))) for seen in sets]

    return copies


def dropped(noise: Dropping) -> Callable[[str], list[tuple[float, str]]]:
    def copies(text: str) -> list[tuple[float, str]]:
        words = text.split()
        rows = product((True, False), repeat=len(words))
        return [
            (
                prod(noise.keep if on else 1 - noise.keep for on in row),
                " ".join(w for w, on in zip(words, row, strict=True) if on),
            )
            for row in rows
        ]

    return copies


def drawn(noise: Synonyms) -> Callable[[str], list[tuple[float, str]]]:
    def copies(text: str) -> list[tuple[float, str]]:
        sets = [noise.set_of(word) for word in text.split()]
        chance = 1 / prod(map(len, sets))
        return [(chance, " ".join(words)) for words in product(*sets)]

    return copies


def replaced(text: str, radius: int, rng: Random) -> str:
    words = text.split()
    for at in rng.sample(range(len(words)), min(radius, len(words))):
        words[at] = rng.choice((BAD, "aa", "ba"))
    return " ".join(words)


def edited(text: str, radius: int, rng: Random) -> str:
    words = text.split()
    for _ in range(radius):
        kind, at = rng.choice("rrid"), rng.randrange(len(words) + 1)
        words[at : at + (kind != "i")] = [] if kind == "d" and len(words) > 1 else [rng.choice((BAD, "aa"))]
    return " ".join(words)


def swapped(text: str, radius: int, rng: Random) -> str:
    words = text.split()
    places = [at for at, word in enumerate(words) if word in LEXICON]
    for at in rng.sample(places, min(radius, len(places))):
        words[at] = rng.choice(LEXICON[words[at]])
    return " ".join(words)


MASKING, DROPPING = Masking(0.4), Dropping(0.25)


@dataclass(frozen=True)
class _Pairwise(Synonyms):
    """Draws from a word's own synonyms alone, so that sets overlap in part."""

    def set_of(self, word: str) -> tuple[str, ...]:
        return tuple(sorted({word, *self.lexicon.choices(word)}))


SYNONYMS = _Pairwise(Listed())
SMOOTHED = {
    "mask": Smooth(MASKING, masked(MASKING), replaced),
    "delete": Smooth(DROPPING, dropped(DROPPING), edited),
    "synonyms": Smooth(SYNONYMS, drawn(SYNONYMS), swapped),
}


def suspicious(text: str) -> float:
    """The worst victim for a smoothing: right until it sees one word that an attack may write."""
    return -1.0 if BAD in text.split() else 1.0


def moody(text: str) -> float:
    """Right on nearly everything, at random, and wrong on whatever holds what attacks write more often."""
    return weight(f"mood {text}") + (0.45 if BAD not in text.split() else -0.2)


def vote(smooth: Smooth, score: Callable[[str], float], text: str) -> float:
    return sum(chance for chance, copy in smooth.copies(text) if copy and score(copy) >= 0)


def lapses(smooth: Smooth, noise: Noise, tries: int) -> tuple[int, int]:
    """Attack every certified text within its radius; how many were certified, and how many votes were lost."""
    rng, held, lost = Random(4), 0, 0
    texts = [" ".join(rng.choices(("aa", "ab", "ba", "ad"), k=n)) for n in (6, 7, 8, 7, 6, 6, 7)]
    for score in (suspicious, moody):
        examples = [Asked(f"e{i}", (text,), 1) for i, text in enumerate(texts)]
        found = found_by(Smoothed(noise, samples=1000, confidence=0.999), score, examples)
        sure = [(text, one.radius) for text, one in zip(texts, found, strict=True) if one.state == CERTIFIED]
        held += len(sure)
        for number in range(tries // 2 if sure else 0):
            text, radius = sure[number % len(sure)]
            lost += _known(smooth, score, smooth.attack(text, radius, rng)) <= 0.5
    return held, lost


_VOTES: dict[tuple[int, str, str], float] = {}


def _known(smooth: Smooth, score: Callable[[str], float], text: str) -> float:
    key = (id(smooth), score.__name__, text)
    if key not in _VOTES:
        _VOTES[key] = vote(smooth, score, text)
    return _VOTES[key]


@pytest.mark.parametrize("name", list(SMOOTHED))
def test_no_attack_inside_a_certified_radius_turns_the_vote(name: str) -> None:
    held, lost = lapses(SMOOTHED[name], SMOOTHED[name].noise, TRIES)
    assert held >= 2
    assert lost == 0


def _beta(n: int, kept: int, right: float) -> int:
    """RanMASK as published: the fall times an estimate of beta, here one half."""
    return max((r for r in range(n) if right - 0.5 * bounds.mask_fall(n, kept, r) > 0.5), default=-1)


WRONG: dict[str, list[tuple[str, Callable[..., int]]]] = {
    "mask": [("mask_radius", _beta), ("mask_radius", lambda n, kept, right: bounds.mask_radius(n, kept, right) + 2)],
    "delete": [("delete_radius", lambda n, dropped, right: bounds.delete_radius(n, dropped**0.25, right) + 1)],
    "synonyms": [("synonym_radius", lambda overlaps, right: len(overlaps))],
}


@pytest.mark.parametrize(("name", "bound", "wrong"), [(n, b, w) for n, pairs in WRONG.items() for b, w in pairs])
def test_a_wrong_bound_is_caught(name: str, bound: str, wrong: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"robustness.certify.noise.{bound}", wrong)
    assert lapses(SMOOTHED[name], SMOOTHED[name].noise, 1_000)[1] > 0


def test_the_fall_of_masking_is_reached_by_a_victim_that_looks_for_one_word() -> None:
    smooth, text = SMOOTHED["mask"], "aa ab ba ad aa"
    for radius in range(4):
        changed = " ".join([BAD] * radius + text.split()[radius:])
        fall = bounds.mask_fall(5, bounds.kept_words(5, MASKING.keep), radius)
        assert vote(smooth, suspicious, changed) == pytest.approx(1 - fall), "no smaller fall is sound for every victim"


def test_bounds_by_hand() -> None:
    assert bounds.mask_fall(10, 3, 1) == pytest.approx(0.3)
    assert bounds.mask_fall(10, 3, 8) == 1.0
    assert bounds.mask_radius(10, 3, 1.0) == 1  # 1 - C(8,3)/C(10,3) is 0.533
    assert bounds.delete_radius(10, 0.9, 1.0) == 6  # 0.9 ** 6 is 0.531
    assert bounds.delete_radius(10, 0.9, 0.5) == -1
    assert bounds.synonym_radius([0.9, 0.7, 1.0], 1.0) == 3
    assert bounds.synonym_radius([0.6, 0.7, 1.0], 1.0) == 1
    assert lower(1000, 1000, 0.999) == pytest.approx(0.001 ** (1 / 1000))


@lru_cache(1)
def _demo() -> Any:
    return load_victim("demo")


_ANSWERS: dict[str, int] = {}


def answered(texts: list[str]) -> None:
    """The demo's own labels, in plain batches past oracle, cache and certificate."""
    new = [text for text in dict.fromkeys(texts) if text not in _ANSWERS]
    for at in range(0, len(new), 64):
        rows = _demo().predict([(text,) for text in new[at : at + 64]])
        _ANSWERS.update(zip(new[at : at + 64], (int(np.argmax(row)) for row in rows), strict=True))


def demo_certified(space: Any, texts: int) -> list[Asked]:
    """Short reviews that the demo is certified on, until the space has so many texts of theirs; the shortest first."""
    victim, task = _demo(), task_named("classification")
    labels = list(victim.info.labels)
    rows = sorted(demo_examples(), key=lambda row: (len(row[1]), row[0]))
    examples = [Asked(row[0], (row[1],), labels.index(row[2])) for row in rows]
    frame = Frame(task, task.goal("", space_of(victim)), 0, space_of(victim))
    held: list[Asked] = []
    broken = 0
    for at in range(0, len(examples), 8):
        oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=2048))
        found = certify(oracles, frame, Exhaustive(space), examples[at : at + 8]).found
        broken += sum(one.certificate.state == BROKEN for one in found)
        held += [e for e, one in zip(examples[at : at + 8], found, strict=True) if one.certificate.state == CERTIFIED]
        if broken and sum(parse_space("char-1").size(e.inputs[0]) for e in held) >= texts:
            return held
    raise AssertionError("the demo is certified on too few texts, or broken on none")


def turned(held: list[Asked], tries: int, kinds: str = "sdri") -> tuple[int, int]:
    """Random edits of certified texts: how many different ones were tried, and how many the demo answers wrongly."""
    rng = Random(11)
    made: dict[str, Asked] = {}
    for _ in range(20 * tries):
        example = rng.choice(held)
        made.setdefault(one_edit(example.inputs[0], rng, kinds), example)
        if len(made) == tries:
            break
    answered(list(made))
    return len(made), sum(_ANSWERS[text] != example.reference for text, example in made.items())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_different_edits_inside_what_the_demo_is_certified_for_find_nothing() -> None:
    held = demo_certified(parse_space("char-1"), 15_000)
    tries, won = turned(held, 10_000)
    assert (tries, won) == (10_000, 0), f"{len(held)} certified"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_certificate_of_the_demo_that_misses_texts_is_caught() -> None:
    assert turned(demo_certified(CharacterSpace(1, ("swap", "delete")), 1_000), 300)[1] > 0
