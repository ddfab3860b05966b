"""Shipped fakes: victims without weights, all of whose answers and failures are known beforehand.

For tests, for trying a policy, and for seeing what a broken victim does to a report: ``scripted:keyword``,
``scripted:raising:SUBSTRING`` and so on; ``SCRIPTED`` lists them.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random
from typing import Any

from attacks.search import Input
from robustness.errors import UsageError
from robustness.victims.base import PlainVictim, VictimInfo

LABELS = ("negative", "positive")
_POSITIVE = (
    "amazing beautiful best brilliant charming clever delightful enjoyable excellent fine fresh fun funny good great "
    "heartfelt honest love loved lovely moving perfect pleasant powerful smart solid strong sweet warm wonderful worth"
)
_NEGATIVE = (
    "awful bad bland boring cheap cliched clumsy confusing dreadful dull empty fails flat forced hate lacks lame lazy "
    "mess pointless poor predictable sad slow stale stupid terrible tedious tired waste weak worst"
)
POSITIVE, NEGATIVE = frozenset(_POSITIVE.split()), frozenset(_NEGATIVE.split())
_SIGN = {**dict.fromkeys(POSITIVE, 1), **dict.fromkeys(NEGATIVE, -1)}
_WORD = re.compile(r"[^\W_]+")

Row = tuple[float, ...]


def keyword_score(texts: Input) -> float:
    """The probability of ``positive``: the logistic function of positive minus negative words, exact matches only."""
    words = [word for text in texts for word in _WORD.findall(text.lower())]
    margin = sum(_SIGN[word] for word in words if word in _SIGN)
    return 1.0 / (1.0 + math.exp(-(margin + 0.1)))


class ScriptedVictim(PlainVictim):
    """A victim whose answer to a list is ``answer(inputs)``; lengths are words."""

    def __init__(self, name: str, answer: Callable[[Sequence[Input]], Any], argument: str = "", **changes: Any) -> None:
        spec = f"scripted:{name}" + (f":{argument}" if argument else "")
        info = VictimInfo(name=spec, kind="scripted", labels=LABELS, identity=(("script", spec),), deterministic=True)
        self._info, self._answer = replace(info, **changes), answer

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def predict(self, inputs: Sequence[Input]) -> Any:
        """What the script says."""
        return self._answer(inputs)

    def lengths(self, inputs: Sequence[Input]) -> list[int]:
        """Words of each input, at least one."""
        return [max(1, sum(map(len, map(_WORD.findall, i)))) for i in inputs]


class HangingVictim(ScriptedVictim):
    """Waits without end for a text that holds ``substring``; ``close`` ends the wait."""

    def __init__(self, substring: str = "hang") -> None:
        super().__init__("hanging", self._wait, substring)
        self._substring, self._released = substring, threading.Event()

    def _wait(self, inputs: Sequence[Input]) -> list[Row]:
        if any(self._substring in text for i in inputs for text in i):
            self._released.wait()
        return _keyword_rows(inputs)

    def close(self) -> None:
        """Let every waiting call go."""
        self._released.set()


def keyword(argument: str = "") -> ScriptedVictim:
    """Counts positive and negative words; deterministic, misled by any typo in one of them."""
    _no_argument("keyword", argument)
    return ScriptedVictim("keyword", _keyword_rows)


def hard_label(argument: str = "") -> ScriptedVictim:
    """The keyword victim, answering label names only."""
    _no_argument("hard-label", argument)
    return ScriptedVictim("hard-label", lambda inputs: [LABELS[keyword_score(i) > 0.5] for i in inputs], access="labels")


def constant(argument: str = "positive") -> ScriptedVictim:
    """Always the same label, with score 0.9: no attack can change it, and its accuracy is chance."""
    label = argument or "positive"
    if label not in LABELS:
        raise UsageError(f"scripted:constant answers {' or '.join(LABELS)}, got {label!r}")
    row = (0.1, 0.9) if label == "positive" else (0.9, 0.1)
    return ScriptedVictim("constant", lambda inputs: [row] * len(inputs), label)


def random_victim(argument: str = "0.5") -> ScriptedVictim:
    """``positive`` for a known share of all texts (``random:RATE`` or ``random:RATE,SEED``), drawn from a hash of the text.

    The same text always gets the same answer; any edit draws again. An attack that asks n new texts about an example of
    the label ``positive`` therefore succeeds with probability 1 - RATE**n.
    """
    rate, seed = _rate(argument or "0.5")
    return ScriptedVictim("random", lambda inputs: [_drawn(i, rate, seed) for i in inputs], f"{rate:g},{seed}")


def noisy(argument: str = "0") -> ScriptedVictim:
    """The keyword victim with seeded noise up to 0.2 on each answer: the same text asked twice differs (``noisy:SEED``)."""
    rng = Random(_whole("noisy", argument or "0"))

    def answer(inputs: Sequence[Input]) -> list[Row]:
        shaken = [min(1.0, max(0.0, keyword_score(i) + rng.uniform(-0.2, 0.2))) for i in inputs]
        return [(1.0 - p, p) for p in shaken]

    return ScriptedVictim("noisy", answer, argument, deterministic=False)


def flipping(argument: str = "0.02") -> ScriptedVictim:
    """``positive`` whatever it is asked, and at this rate, drawn anew each time, ``negative`` (``flipping:RATE,SEED``).

    No text breaks it: whatever a search finds is chance.
    """
    rate, seed = _rate(argument or "0.02", "flipping")
    rng = Random(seed)
    return ScriptedVictim(
        "flipping", lambda inputs: [_sure(rng.random() < rate) for _ in inputs], f"{rate:g},{seed}", deterministic=False
    )


def breakable(argument: str = "0.9,0.02") -> ScriptedVictim:
    """``flipping``, but wrong more often on texts that hold the word ``break`` (``breakable:BREACH,RATE,SEED``)."""
    breach, _, rest = (argument or "0.9,0.02").partition(",")
    often, _ = _rate(breach, "breakable")
    rate, seed = _rate(rest or "0.02", "breakable")
    rng = Random(seed)

    def answer(inputs: Sequence[Input]) -> list[Row]:
        return [_sure(rng.random() < (often if any("break" in text.split() for text in i) else rate)) for i in inputs]

    return ScriptedVictim("breakable", answer, f"{often:g},{rate:g},{seed}", deterministic=False)


def _sure(wrong: bool) -> Row:
    return (0.9, 0.1) if wrong else (0.1, 0.9)


def flaky(argument: str = "3") -> ScriptedVictim:
    """The keyword victim, but every n-th call raises (``flaky:N``), whatever it is asked."""
    every = _whole("flaky", argument or "3")
    if every < 1:
        raise UsageError(f"scripted:flaky:N needs N of at least 1, got {every}")
    calls = [0]

    def answer(inputs: Sequence[Input]) -> list[Row]:
        calls[0] += 1
        if calls[0] % every == 0:
            raise ConnectionError(f"scripted failure of call {calls[0]}")
        return _keyword_rows(inputs)

    return ScriptedVictim("flaky", answer, argument)


def raising(argument: str = "boom") -> ScriptedVictim:
    """Raises when any text of the call holds the substring (``raising:SUBSTRING``; an empty one is ``boom``)."""
    substring = argument or "boom"

    def answer(inputs: Sequence[Input]) -> list[Row]:
        if any(substring in text for i in inputs for text in i):
            raise RuntimeError(f"scripted failure: a text holds {substring!r}")
        return _keyword_rows(inputs)

    return ScriptedVictim("raising", answer, substring)


def hanging(argument: str = "hang") -> ScriptedVictim:
    """Never answers a call in which a text holds the substring (``hanging:SUBSTRING``)."""
    return HangingVictim(argument or "hang")


def short_rows(argument: str = "") -> ScriptedVictim:
    """One row fewer than it was asked."""
    _no_argument("short-rows", argument)
    return ScriptedVictim("short-rows", lambda inputs: _keyword_rows(inputs)[:-1])


def nan_scores(argument: str = "") -> ScriptedVictim:
    """NaN for every text, or only for those that hold the substring (``nan-scores:SUBSTRING``)."""

    def row(i: Input) -> Row:
        return (math.nan, math.nan) if any(argument in text for text in i) else _keyword_row(i)

    return ScriptedVictim("nan-scores", lambda inputs: [row(i) for i in inputs], argument)


def logits(argument: str = "") -> ScriptedVictim:
    """Logits in place of probabilities: rows that do not sum to one, some numbers outside 0 and 1."""
    _no_argument("logits", argument)

    def row(i: Input) -> Row:
        p = keyword_score(i)
        margin = math.log(p / (1.0 - p))
        return (-margin, margin)

    return ScriptedVictim("logits", lambda inputs: [row(i) for i in inputs])


def rounded(argument: str = "1") -> ScriptedVictim:
    """The keyword victim with scores rounded to this many decimals (``rounded:DECIMALS``): ties, and no slope to climb."""
    decimals = _whole("rounded", argument or "1")
    return ScriptedVictim(
        "rounded", lambda inputs: [tuple(round(x, decimals) for x in _keyword_row(i)) for i in inputs], argument
    )


def three_scores(argument: str = "") -> ScriptedVictim:
    """Three scores a row although it declares two labels."""
    _no_argument("three-scores", argument)
    return ScriptedVictim("three-scores", lambda inputs: [(0.2, 0.3, 0.5)] * len(inputs))


def gullible(argument: str = "") -> ScriptedVictim:
    """Reads for a user, and obeys injected text in the cells it is told (``family=A|B,disguise=C,place=D,depth=N,mode=obey``)."""
    from robustness.victims.fakes.gullible import FIELDS, reader

    return ScriptedVictim("gullible", reader(argument), argument, labels=(), fields=FIELDS, task="injection", access="texts")


def _keyword_row(i: Input) -> Row:
    p = keyword_score(i)
    return (1.0 - p, p)


def _keyword_rows(inputs: Sequence[Input]) -> list[Row]:
    return [_keyword_row(i) for i in inputs]


def _drawn(i: Input, rate: float, seed: int) -> Row:
    digest = sha256(repr((seed, i)).encode("ascii", "backslashreplace")).digest()
    u = int.from_bytes(digest[:8], "big") / 2**64
    p = 1.0 - 0.5 * u / rate if u < rate else 0.5 * (1.0 - u) / (1.0 - rate)
    return (1.0 - p, p)


def _rate(argument: str, script: str = "random") -> tuple[float, int]:
    rate, _, seed = argument.partition(",")
    try:
        value = float(rate)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"scripted:{script}:RATE needs a share from 0 to 1, got {rate!r}")
    return value, _whole(script, seed or "0")


def _whole(name: str, argument: str) -> int:
    try:
        return int(argument)
    except ValueError:
        raise UsageError(f"scripted:{name} takes a whole number, got {argument!r}") from None


def _no_argument(name: str, argument: str) -> None:
    if argument:
        raise UsageError(f"scripted:{name} takes no argument, got {argument!r}")


@dataclass(frozen=True, slots=True)
class Script:
    """One shipped fake: how it is made from its argument, what it gives, and the task that it answers for."""

    make: Callable[[str], ScriptedVictim]
    access: str = "scores"
    task: str = "classification"


SCRIPTED: dict[str, Script] = {
    "keyword": Script(keyword),
    "hard-label": Script(hard_label, "labels"),
    "constant": Script(constant),
    "random": Script(random_victim),
    "noisy": Script(noisy),
    "flipping": Script(flipping),
    "breakable": Script(breakable),
    "flaky": Script(flaky),
    "raising": Script(raising),
    "hanging": Script(hanging),
    "short-rows": Script(short_rows),
    "nan-scores": Script(nan_scores),
    "logits": Script(logits),
    "rounded": Script(rounded),
    "three-scores": Script(three_scores),
    "gullible": Script(gullible, "texts", "injection"),
}


def load_scripted(spec: str) -> ScriptedVictim:
    """The fake that ``NAME`` or ``NAME:ARGUMENT`` names.

    Raises:
        UsageError: no such fake, or an argument that it cannot use.
    """
    from robustness.victims.names import unknown

    name, _, argument = spec.partition(":")
    if name not in SCRIPTED:
        raise unknown("scripted victim", name, SCRIPTED)
    return SCRIPTED[name].make(argument)
