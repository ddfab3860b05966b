"""Labels from log-probabilities: what a model would have said, not only what it said.

One request: at each place of the answer a server names the likeliest tokens. A token that is a label's words, in any case, is
counted for that label. One that only begins them is followed where the model wrote it: "N" may go on as "Negative", and as
"N/A". Where it was not written, it is counted if it begins one label and no named token is the whole word in that spelling: a
tokenizer that has the word as one token begins something else with a part of it. A label that no named token begins gets the
most that it can have, which is less than the least likely token that was named. Scores are shares of what all labels have
together; what lies outside of them is another answer, and where that is nearly all, there is no label to speak of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attacks.search import Unusable
from robustness.tasks.reading.refusals import refuses
from robustness.tasks.reading.rows import shown
from robustness.victims.endpoint.dialects.dialect import TokenChance, Written

LEAST_MASS = 0.1
"""Where labels have less of the probability than this, the model answers something else."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class LabelScores:
    """``scores``: one per label, summing to one. ``mass``: the probability of all labels together, 0 to 1.

    ``bounded``: the labels that were not among the named tokens, whose share is the most that it can be.
    """

    scores: tuple[float, ...]
    mass: float
    bounded: tuple[int, ...] = ()


def label_scores(written: Written, words: Sequence[str], prior: Sequence[float] | None = None) -> LabelScores | Unusable:
    """What each label's words have of the probability at the beginning of what was written.

    ``prior``: natural logarithms to be taken off, one per label.
    """
    tokens = _without_blanks(written.tokens)
    if not tokens or not tokens[0].top:
        return Unusable("unparsed", "the endpoint gave no log-probabilities this time; expected the likeliest first tokens")
    found = _masses(tokens, {n: word.casefold() for n, word in enumerate(words)}, 1.0)
    total = sum(found.values())
    if total < LEAST_MASS:
        kind = "refused" if refuses(written.text) else "unparsed"
        return Unusable(
            kind,
            f"of the probability of the first words {total:.1%} is for {', '.join(words)}; the model would rather say "
            f"{shown(written.text)}",
        )
    bounded = tuple(n for n in range(len(words)) if n not in found)
    most = _least_named(tokens[0])
    if bounded and most >= max(found.values()):
        return Unusable("unparsed", f"too few tokens were named to tell {', '.join(words)} apart: {len(tokens[0].top)}")
    masses = [found.get(n, most) for n in range(len(words))]
    return LabelScores(shares([math.log(max(one, _TINY)) for one in masses], prior), min(1.0, total), bounded)


def shares(logs: Sequence[float], prior: Sequence[float] | None = None) -> tuple[float, ...]:
    """Natural log-probabilities, less the prior, as shares of their sum."""
    evened = [one - (prior[n] if prior else 0.0) for n, one in enumerate(logs)]
    high = max(evened)
    powers = [math.exp(one - high) for one in evened]
    return tuple(one / sum(powers) for one in powers)


def _masses(tokens: Sequence[TokenChance], words: Mapping[int, str], reached: float) -> dict[int, float]:
    """The probability of each label whose beginning is among the first place's named tokens; ``words``: what is left of each."""
    here, named = tokens[0], _named(tokens[0])
    found: dict[int, float] = {}
    whole = [token for token, _ in named if token.casefold().lstrip() in words.values()]
    for token, logprob in named:
        part = token.casefold().lstrip()
        begun = [n for n, word in words.items() if part and word.startswith(part)]
        ended = [n for n in begun if words[n] == part]
        reach = reached * math.exp(logprob)
        if len(begun) == 1 and ended:
            found[ended[0]] = found.get(ended[0], 0.0) + reach
        elif begun and token == here.token and len(tokens) > 1:
            left = {n: words[n][len(part) :].lstrip() for n in begun if n not in ended}
            deeper = _masses(tokens[1:], left, reach)
            for n, mass in deeper.items():
                found[n] = found.get(n, 0.0) + mass
            for n in ended:  # its words begin another's: it has what no other goes on with
                found[n] = found.get(n, 0.0) + max(0.0, reach - sum(deeper.values()))
        elif len(begun) == 1 and not any(one.startswith(token) for one in whole):
            found[begun[0]] = found.get(begun[0], 0.0) + reach
    return found


def _named(place: TokenChance) -> tuple[tuple[str, float], ...]:
    """The likeliest tokens at a place, each once, the one that was written among them."""
    named = dict(place.top)
    if place.logprob is not None:
        named.setdefault(place.token, place.logprob)
    return tuple(named.items())


def _least_named(place: TokenChance) -> float:
    """The most that a token can have which was not named: less than the least of those, and no more than they leave."""
    chances = [math.exp(one) for _, one in _named(place)]
    return max(_TINY, min(min(chances), 1.0 - sum(chances)))


def _without_blanks(tokens: Sequence[TokenChance]) -> Sequence[TokenChance]:
    """From the first token that can be seen: some models begin with a new line or a blank."""
    start = next((n for n, one in enumerate(tokens) if one.token.strip()), len(tokens))
    return tokens[start:]


def oddity(tokens: Sequence[TokenChance], counted: int | None) -> str:
    """What is wrong with log-probabilities, in words; empty where nothing is. ``counted``: the tokens that the server billed."""
    if not tokens:
        return "none came"
    if counted is not None and len(tokens) not in (counted, counted - 1):  # the token that ends an answer may be left out
        return f"{len(tokens)} came for {counted} tokens"
    for one in tokens:
        values = [logprob for _, logprob in one.top] + ([] if one.logprob is None else [one.logprob])
        if any(math.isnan(value) or value > 1e-6 for value in values):
            return f"the token {one.token!r} has a log-probability above 0"
        total = sum(math.exp(value) for value in dict(one.top).values())
        if total > 1.01:
            return f"the probabilities at {one.token!r} sum to {total:.3f}"
    return ""
