"""Sentences added to a passage that look like an answer to the question and answer another one (Jia and Liang 2017)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

import regex

from attacks.constraints.base import Constraint, admissible
from attacks.constraints.stopwords import is_stop_word
from attacks.language.questions import statement
from attacks.search import Candidate, Search, Trial
from attacks.tagging import tokenised
from attacks.transformations.tables import groups, table
from attacks.transformations.words.stand_ins import StandIns, holds, words_of
from attacks.words import Words

TECHNIQUE = "distractor-sentence"
PLACES = ("end", "front")
CHUNK = 8
"""Candidates asked at once: a success spares the rest."""
_ASKS = regex.compile(r"\b(?:who|whom|whose|what|which|where|when|why|how)\b", regex.IGNORECASE)
_WHO = regex.compile(r"\bwho[m]?\b", regex.IGNORECASE)
_INNER_NAME = regex.compile(r"(?<=[\p{Ll},]\s)\p{Lu}[\p{L}\p{M}]+")
_CLOSED = regex.compile(r"[.!?…][\"'”’)\]]*$")


@dataclass(frozen=True, slots=True)
class Distracting:
    """Distractor sentences before or behind the attacked text, first one, then two.

    The other field is the question. Each sentence is the question about something else, with a wrong answer: every name, number
    and opposite of the question is exchanged, so that it cannot answer it, and no gold answer stands in it. Where the question
    holds nothing that could be exchanged, or what is right is marked nowhere, nothing is tried.

    ``variants``: questions about something else; ``answers``: wrong answers to each; ``sentences``: the most that are added.
    """

    constraints: tuple[Constraint, ...] = ()
    variants: int = 4
    answers: int = 3
    sentences: int = 2
    tagger: str = "builtin"

    def __post_init__(self) -> None:
        if min(self.variants, self.answers, self.sentences) < 1:
            raise ValueError(
                f"variants, answers and sentences must be at least 1, got {self.variants}, {self.answers} and {self.sentences}"
            )

    def search(self, trial: Trial) -> Search[None]:
        """Try each sentence at each place, then add another to what came closest."""
        questions = [text for n, text in enumerate(trial.inputs) if n != trial.field]
        gold = trial.marked
        if len(questions) != 1 or not gold or not _ASKS.search(questions[0]):
            return
        made = self._sentences(questions[0], trial.text, gold, trial.rng)
        origin, base, used = Words(trial.text), trial.text, set[str]()
        for _ in range(self.sentences):
            before = trial.best.score
            pool = [(s, Candidate(joined(base, s, place), TECHNIQUE)) for s in made if s not in used for place in PLACES]
            for start in range(0, len(pool), CHUNK):
                kept = yield from admissible(self.constraints, trial, origin, [c for _, c in pool[start : start + CHUNK]])
                yield from trial.attempt(kept)
                if trial.won:
                    return
            closest = trial.closest
            if closest is None or trial.best.score <= before:
                return
            base = closest.text
            used |= {sentence for sentence, candidate in pool if candidate.text == base}

    def _sentences(self, question: str, context: str, gold: Sequence[str], rng: Random) -> list[str]:
        """Distinct distractors, of every form some first; none holds a gold answer."""
        taken = {word for text in (question, context, *gold) for word in words_of(text)}
        stand_ins = StandIns(taken, rng)
        asked = list(dict.fromkeys(islice(self._changed(question, context, stand_ins), self.variants)))
        person = _WHO.search(question) is not None
        forms: tuple[list[str], list[str]] = ([], [])
        for other in asked:
            gap = statement(other, self.tagger)
            for answer in stand_ins.answers(gold[0], self.answers, person=person):
                if gap is not None:
                    forms[0].append(gap.filled(answer))
                forms[1].append(f"{other} {answer[:1].upper()}{answer[1:]}.")
        kept = [s for s in dict.fromkeys([*forms[0], *forms[1]]) if not _says(s, gold)]
        return [s.lower() for s in kept] if context == context.lower() else kept

    def _changed(self, question: str, context: str, stand_ins: StandIns) -> Iterator[str]:
        """The question about something else, drawn anew each time; nothing where nothing can be exchanged."""
        spans = exchangeable(question, context)
        while spans:
            parts, at = [], 0
            for start, end in spans:
                before = question[:start].split()[-1:] or [""]
                parts += [question[at:start], _exchanged(question[start:end], before[0], stand_ins)]
                at = end
            yield "".join([*parts, question[at:]])


def exchangeable(question: str, context: str = "") -> list[tuple[int, int]]:
    """Where the question holds what can be exchanged: names with all their words, words with a digit, words with an opposite.

    A word counts as a name where it has a capital; in a question without capitals, where it has one inside the context, or is a
    known name of a person or a place.
    """
    tokens = tokenised(question)
    inner = {word.lower() for word in _INNER_NAME.findall(context)} if question == question.lower() else set()
    spans: list[tuple[int, int]] = []
    open_name = False
    for n, token in enumerate(tokens):
        word = token.text
        capital = word[:1].isupper() and word != "I" and (n > 0 or not is_stop_word(word))
        small = question == question.lower() and (
            word in inner or word.title() in groups("names") or word.title() in groups("places")
        )
        named = (capital and not _ASKS.fullmatch(word)) or (small and not is_stop_word(word))
        if named and open_name and question[spans[-1][1] : token.start] in (" ", "-"):
            spans[-1] = (spans[-1][0], token.end)
        elif named or any(map(str.isdigit, word)) or word.lower() in table("opposites"):
            spans.append((token.start, token.end))
        open_name = named
    return spans


def _exchanged(text: str, before: str, stand_ins: StandIns) -> str:
    opposite = table("opposites").get(text.lower())
    if opposite is not None:
        return opposite[0].title() if text[:1].isupper() else opposite[0]
    new = stand_ins.name(text if text[:1].isupper() or text[:1].isdigit() else text.title(), before)
    return new if text[:1].isupper() or not text[:1].islower() else new.lower()


def _says(sentence: str, gold: Sequence[str]) -> bool:
    """Whether a gold answer stands in a sentence."""
    words = words_of(sentence)
    return any(holds(words, words_of(one)) for one in gold)


def joined(text: str, sentence: str, place: str) -> str:
    """The text with a sentence before or behind it; a full stop parts them where the text has none."""
    if place == "front":
        return f"{sentence} {text}"
    whole = text.rstrip()
    stop = "" if not whole or _CLOSED.search(whole) else "."
    return f"{whole}{stop} {sentence}".lstrip()
