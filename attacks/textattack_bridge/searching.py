"""Searches and rules of TextAttack's whose faults must not be inherited, each with the one method that differs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from attacks.search import Trial, embed, gradients
from attacks.textattack_bridge.loading import load
from attacks.words import Words


@cache
def greedy_class() -> Any:
    """Greedy search whose ranking probes cannot win, and whose weighted saliency weighs the *change* in probability."""
    base = load().search_methods.GreedyWordSwapWIR

    class GreedyWordSwapWIR(base):  # type: ignore[misc,valid-type]
        def _get_index_order(self, initial_text: Any, max_len: int = -1) -> tuple[Any, bool]:
            if self.wir_method == "gradient":
                return self._by_gradient(initial_text), False
            line = self.goal_function.line
            line.ranking = True
            line.baseline = line.trial.clean.score if self.wir_method == "weighted-saliency" else 0.0
            try:
                return super()._get_index_order(initial_text, max_len)  # type: ignore[no-any-return]
            finally:
                line.ranking = False

        def _by_gradient(self, text: Any) -> Any:
            line = self.goal_function.line
            _, indices = self.get_indices_to_order(text)
            norms = line.ask(gradients)  # the victim takes them, with its dropout off
            spans = _spans(text, line.trial)
            scores = np.array([_norm_at(norms, line.trial.text, spans.get(i)) for i in sorted(indices)])
            return np.array(sorted(indices), dtype=int)[(-scores).argsort(kind="stable")]

    return GreedyWordSwapWIR


def _spans(text: Any, trial: Trial) -> dict[int, tuple[int, int]]:
    """Where TextAttack's words of the attacked field stand in it; the words of other fields are left out."""
    per_input = text.words_per_input
    first = sum(map(len, per_input[: trial.field])) if len(per_input) > 1 else 0
    words = per_input[trial.field] if len(per_input) > 1 else per_input[0]
    spans, at, lowered = {}, 0, trial.text.lower()
    for index, word in enumerate(words, first):
        at = lowered.find(word.lower(), at)
        if at < 0:
            break
        spans[index] = (at, at + len(word))
        at += len(word)
    return spans


def _norm_at(norms: Sequence[float], text: str, span: tuple[int, int] | None) -> float:
    """The largest norm of our words that a span covers; nothing for a word that is not found."""
    if span is None:
        return 0.0
    words = Words(text)
    covered = [norms[i] for i in range(len(words)) if words.span(i)[0] < span[1] and span[0] < words.span(i)[1]]
    return float(max(covered, default=0.0))


@cache
def part_of_speech_class() -> Any:
    """The part of speech of a word where it stands, not of its first occurrence."""
    base = load().constraints.grammaticality.PartOfSpeech

    class PartOfSpeech(base):  # type: ignore[misc,valid-type]
        def _get_pos(self, before_ctx: list[str], word: str, after_ctx: list[str]) -> str:
            import nltk

            context = (*before_ctx, word, *after_ctx)
            if context not in self._pos_tag_cache:
                tagged = nltk.pos_tag(list(context), tagset=self.tagset, lang=self.language_nltk)
                self._pos_tag_cache[context] = [tag for _, tag in tagged]
            return str(self._pos_tag_cache[context][len(before_ctx)])

    return PartOfSpeech


@cache
def stopword_class() -> Any:
    """Stop words of a language that is given by name; TextAttack treats the letters of the name as the words."""
    base = load().constraints.pre_transformation.StopwordModification

    class StopwordModification(base):  # type: ignore[misc,valid-type]
        def __init__(self, stopwords: Any = None, language: str = "english") -> None:
            named = isinstance(stopwords, str)
            super().__init__(None if named else stopwords, stopwords if named else language)

    return StopwordModification


@cache
def encoder_class() -> Any:
    """A sentence encoder that asks the run's own, in batches across examples, and only about texts whose answer counts."""
    ta = load()
    base, torch = ta.constraints.semantics.sentence_encoders.SentenceEncoder, ta.attack.torch

    class RunSentenceEncoder(base):  # type: ignore[misc,valid-type]
        line: Any = None

        def encode(self, sentences: Sequence[str]) -> Any:
            vectors = self.line.ask(lambda trial: embed(sentences))
            return torch.from_numpy(np.array(vectors, dtype=np.float32))

        def _check_constraint_many(self, transformed_texts: list[Any], reference_text: Any) -> list[Any]:
            judged = [t for t in transformed_texts if not self._waved_through(t)]
            scores = dict(zip(map(id, judged), self._score_list(reference_text, judged).tolist(), strict=True))
            for text in transformed_texts:
                text.attack_attrs["similarity_score"] = scores.get(id(text), 1.0)
            return [t for t in transformed_texts if scores.get(id(t), 1.0) >= self.threshold]

        def _waved_through(self, text: Any) -> bool:
            return bool(self.skip_text_shorter_than_window and len(text.words) < self.window_size)

    return RunSentenceEncoder
