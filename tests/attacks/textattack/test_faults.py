"""Faults of TextAttack's that runs through the bridge must not inherit, one test each."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from attacks.search import Prediction, Query, Recipe, Trial
from robustness.tasks.classification import against
from robustness.victims.function import from_callable

pytestmark = pytest.mark.textattack
Answer = Callable[[str], Prediction]


def drive(recipe: Recipe, text: str, answer: Answer, gold: int, seed: int = 0) -> Trial:
    """Run a search bare: answer its queries by hand."""
    trial = Trial(inputs=(text,), gold=gold, judge=against(gold), clean=answer(text), rng=Random(seed))
    search = recipe.attack.search(trial)
    try:
        request = next(search)
        while True:
            assert isinstance(request, Query)
            request = search.send([answer(inputs[0]) for inputs in request.inputs])
    except StopIteration:
        return trial


def three_classes(**rows: tuple[float, float, float]) -> Answer:
    """An answer for each word that stands in a text, the first that fits; an even one otherwise."""

    def answer(text: str) -> Prediction:
        row = next((row for word, row in rows.items() if word in text.split()), (0.5, 0.25, 0.25))
        return Prediction(max(range(3), key=row.__getitem__), row)

    return answer


def test_a_flip_that_is_not_the_top_scored_candidate_is_found(build: Callable[..., Recipe]) -> None:
    """With three classes the candidate with the least belief in the gold label need not be the one that is misclassified."""
    answer = three_classes(good=(0.8, 0.1, 0.1), decent=(0.34, 0.33, 0.33), solid=(0.45, 0.55, 0.0))
    trial = drive(build("textattack:pwws-ren-2019"), "a good thing", answer, gold=0)
    assert trial.winner is not None
    assert trial.winner[0].text == "a solid thing"
    assert trial.winner[1].score < 1 - 0.34


def test_a_text_that_is_asked_twice_is_one_query(build: Callable[..., Recipe]) -> None:
    """PWWS asks every swap in its ranking and again in its search."""
    asked: list[str] = []

    def answer(text: str) -> Prediction:
        asked.append(text)
        return Prediction(0, (0.9, 0.1))

    trial = drive(build("textattack:pwws-ren-2019"), "a good film", answer, gold=0)
    assert trial.tally.attempted > len(set(asked))
    assert trial.queries == len(set(asked)) == len(asked)


def test_pwws_weighs_the_change_in_probability_not_its_complement(build: Callable[..., Recipe]) -> None:
    """A word whose best swap changes nothing weighs nothing; TextAttack gives it 1 - p of that swap, here 0.4."""

    def answer(text: str) -> Prediction:
        belief = 0.55 if "[UNK]" in text else 0.5 if "movie" in text else 0.6
        return Prediction(0, (belief, 1 - belief))

    weights = _weights(build("textattack:pwws-ren-2019"), "good zebra film", answer)
    assert weights["good"] == weights["zebra"] == 0.0
    assert weights["film"] == pytest.approx(0.1)


def _weights(recipe: Recipe, text: str, answer: Answer) -> dict[str, float]:
    """What the ranking multiplies saliency with, by word: the scores that it is shown while it ranks."""
    seen: dict[str, float] = {}
    from attacks.textattack_bridge import judging

    goal = judging.goal_class()
    shown = goal._result

    def spy(self: Any, changed: Any, verdict: Any) -> Any:
        result = shown(self, changed, verdict)
        if self.line.ranking and "[UNK]" not in changed.text:
            for before, after in zip(text.split(), changed.text.split(), strict=True):
                if before != after:
                    seen[before] = max(seen.get(before, -1.0), round(float(result.score), 6))
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(goal, "_result", spy)
        drive(recipe, text, answer, gold=0)
    return {word: seen.get(word, 0.0) for word in text.split()}


def test_a_result_depends_on_its_own_seed_alone(build: Callable[..., Recipe], run: Any) -> None:
    """Neither the order of the examples, nor their company, nor the state of the global generators."""
    import random

    import numpy as np

    rows = [("a dull film , with a good story", "negative"), ("the weak actors fails", "negative"), ("a bad script", "negative")]
    recipe = build("textattack:deepwordbug-gao-2018")
    together = {o.texts["text"]: (o.queries, o.perturbed) for o in run(recipe, rows)}
    random.seed(1)
    np.random.seed(1)
    state = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
    for row in reversed(rows):
        (alone,) = run(recipe, [row])
        assert (alone.queries, alone.perturbed) == together[row[0]]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == state  # type: ignore[index]
    assert {o.perturbed for o in run(recipe, rows, seed=5)} != {p for _, p in together.values()}


def test_part_of_speech_is_looked_up_where_the_word_stands() -> None:
    from attacks.textattack_bridge import searching

    rule = searching.part_of_speech_class()()
    rule._pos_tag_cache[("they", "film", "a", "film")] = ["PRON", "VERB", "DET", "NOUN"]
    assert rule._get_pos(["they"], "film", ["a", "film"]) == "VERB"
    assert rule._get_pos(["they", "film", "a"], "film", []) == "NOUN"


def test_the_tagger_itself_sees_the_context(nltk_folder: Any) -> None:
    from attacks.textattack_bridge import searching

    rule = searching.part_of_speech_class()()
    assert rule._get_pos(["a", "good"], "film", []) == "NOUN"
    assert rule._get_pos(["they"], "film", ["a", "bad", "movie"]) == "VERB"


def test_rounded_probabilities_are_not_softmaxed_again(build: Callable[..., Recipe], run: Any) -> None:
    """TextAttack makes 0.720 of 0.973 when scores sum to 0.999."""
    shown: list[Any] = []
    from attacks.textattack_bridge import judging

    goal = judging.goal_class()
    before = goal._result

    def spy(self: Any, text: Any, verdict: Any) -> Any:
        result = before(self, text, verdict)
        shown.append((result.raw_output.tolist(), float(result.score)))
        return result

    victim = from_callable(lambda texts: [(0.973, 0.026)] * len(texts), labels=["negative", "positive"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(goal, "_result", spy)
        (outcome,) = run(build("textattack:deepwordbug-gao-2018"), [("a dull film", "negative")], victim=victim)
    assert outcome.clean.scores == (0.973, 0.026)
    assert shown
    for scores, score in shown:
        assert scores == pytest.approx([0.973, 0.026])
        assert score == pytest.approx(1 - 0.973)


def test_an_inserted_space_is_one_changed_word(build: Callable[..., Recipe], run: Any, named: dict[str, object]) -> None:
    """TextAttack compares words by their index, so that one space shifts every word after it."""
    text = "an awful film with a cast of five and a plot of none"
    named = {**named, "sentence-encoder": "none", "homoglyphs": "none"}
    found = [run(build("textattack:textbugger-li-2018", named), [(text, "negative")], seed=seed)[0] for seed in range(12)]
    spaced = [o for o in found if o.perturbed is not None and o.perturbed.count(" ") > text.count(" ")]
    assert spaced
    assert {o.words_changed for o in spaced} == {1}
    assert all(e.technique == "word-swap-random-character-insertion" for o in spaced for e in o.edits)


def test_textbugger_says_that_the_wheel_lacks_its_file_and_offers_the_native_one(
    build: Callable[..., Recipe], named: dict[str, object]
) -> None:
    named.pop("homoglyphs")
    with pytest.raises(ValueError, match="TextAttack's wheel lacks") as caught:
        build("textattack:textbugger-li-2018", named)
    assert "this package's own recipe `textbugger` needs no TextAttack" in str(caught.value)


def test_stop_words_of_a_language_are_its_words_not_the_letters_of_its_name(nltk_folder: Any) -> None:
    """TextAttack's French and Spanish recipes hand the language in as the list of words."""
    from attacks.textattack_bridge import searching

    assert searching.stopword_class()("french").stopwords == {"le", "la", "et"}
    assert searching.stopword_class()(stopwords={"x"}).stopwords == {"x"}


@pytest.mark.parametrize(
    ("name", "text", "new"),
    [
        ("french-recipe", "la histoire et le film", {"la récit et le film", "la histoire et le cinéma"}),
        ("spanish-recipe", "la historia y la película", {"la cuento y la película", "la historia y la cinta"}),
    ],
)
def test_french_and_spanish_synonyms_are_found(name: str, text: str, new: set[str], build: Callable[..., Recipe]) -> None:
    """Spanish is `spa` to WordNet, which TextAttack asks for `esp`."""
    asked: list[str] = []

    def answer(text: str) -> Prediction:
        asked.append(text)
        return Prediction(0, (0.9, 0.1))

    recipe = build(f"textattack:{name}")
    assert recipe.languages == (name[:2].replace("sp", "es"),)
    drive(recipe, text, answer, gold=0)
    assert {t for t in asked if "[UNK]" not in t} - {text} == new


def test_a_probe_that_turns_the_answer_is_no_success(build: Callable[..., Recipe]) -> None:
    """Without its one keyword the text is answered otherwise, but a deleted word is a probe, not an attack."""
    answer = three_classes(good=(0.8, 0.1, 0.1), zebra=(0.2, 0.7, 0.1))
    seen: list[str] = []

    def noted(text: str) -> Prediction:
        seen.append(text)
        return answer(text) if "good" in text else Prediction(1, (0.1, 0.8, 0.1)) if "[UNK]" in text else answer("good")

    trial = drive(build("textattack:deepwordbug-gao-2018"), "a good zebra", noted, gold=0)
    assert "a [UNK] zebra" in seen
    assert not trial.won
