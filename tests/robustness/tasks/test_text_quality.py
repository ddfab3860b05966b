"""Translations and summaries: what is right, what is broken, and a score that searches can climb."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from robustness.errors import AnswerError, UsageError
from robustness.tasks.answers import Completion, Unusable, pack, unpack
from robustness.tasks.registry import task_named
from robustness.tasks.summarisation import Summarisation, names_kept, names_of, rouge_l
from robustness.tasks.task import Seen, Space
from robustness.tasks.text_quality import TextSeen, TextTask
from robustness.tasks.translation import Translation, bleu, chrf

SPACE = Space()
TRANSLATION, SUMMARISATION = Translation(), Summarisation()
BOTH: tuple[TextTask, ...] = (TRANSLATION, SUMMARISATION)
SOURCE = "I do not like this film."
CLEAN = "Não gosto deste filme."


def seen(clean: str = CLEAN, reference: str | None = None, source: str = SOURCE, perturbed: str | None = None) -> TextSeen:
    return Seen((source,), (perturbed or source,), 0, reference, Completion(clean))


def judged(goal: str, answer: str, one: TextSeen, task: TextTask = TRANSLATION) -> tuple[float, bool, float | None]:
    verdict = task.goal(goal, SPACE).judge(Completion(answer), one)
    return verdict.score, verdict.reached, verdict.quality


def test_the_tasks_are_known_by_name_and_bring_their_goals_back() -> None:
    for task in BOTH:
        assert type(task_named(task.name)) is type(task)
        for kind in task.goals:
            spec = kind.spec.replace("SHARE", "0.25").replace("WORD", "never")
            assert task.goal(spec, SPACE).name == spec
        assert task.goal("", SPACE).name == f"quality-below:{task.default_share:g}"


# Measures


def test_chrf_and_rouge_are_those_of_their_libraries() -> None:
    assert chrf("Eu não sou como este filme.", CLEAN) == pytest.approx(0.4929, abs=1e-3)
    assert bleu("O gato dorme bem hoje.", "O gato dorme bem agora.") == pytest.approx((5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)
    assert rouge_l("the cat sat", "the cat sat on the mat") == pytest.approx(2 / 3)
    assert chrf(CLEAN, CLEAN) == bleu(CLEAN, CLEAN) == rouge_l(CLEAN, CLEAN) == 1.0


def test_rouge_counts_as_rouge_score_does_and_reads_other_scripts_too() -> None:
    from rouge_score import rouge_scorer

    plain = rouge_scorer.RougeScorer(["rougeL"])
    text, right = "U.S. forces-led attack_force: 3,000 people's", "The U.S.-led force attacked 3,000 of the people's"
    assert rouge_l(text, right) == pytest.approx(plain.score(right, text)["rougeL"].fmeasure)
    assert rouge_l("Кошка сидит дома", "Кошка сидит на крыше") > 0.5, "rouge-score's own tokenizer finds no word in either"


def test_names_and_numbers_inside_sentences_are_what_a_summary_must_keep() -> None:
    assert names_of("The mayor of São Paulo paid 3,000 dollars. Nobody saw iPhones.") == {"são", "paulo", "3,000", "iphones"}
    assert names_of("Shares fell. Prices rose.") == frozenset(), "a capital that begins a sentence names nothing"
    assert names_kept("paulo paid 3,000", "He and Paulo paid 3,000") == 1.0
    assert names_kept("Paula paid 3,000", "He and Paulo paid 3,000") == 0.5
    assert names_kept("anything", "no names here") == 1.0


def test_measures_are_of_the_reference_or_else_of_the_clean_answer() -> None:
    for task in BOTH:
        alone = task.measure(Completion(CLEAN), seen())
        assert set(alone) == {measure.name for measure in task.measures}
        assert all(value == 1.0 for value in alone.values())
        assert task.quality(Completion(CLEAN), seen(reference="Detesto este filme.")) < 1.0
    assert SUMMARISATION.measure(Completion("one two"), seen(clean="one two three four"))["length"] == 0.5


# Right


def test_without_a_reference_every_answer_is_right_and_with_one_a_near_one() -> None:
    for task in BOTH:
        assert task.right(Completion("xyz"), seen())
        assert task.right(Completion(CLEAN), seen(reference="Não gosto desse filme."))
        assert not task.right(Completion("xyz"), seen(reference=CLEAN))


def test_a_reference_is_a_text() -> None:
    for task in BOTH:
        assert task.reference("ok then", (SOURCE,), SPACE) == task.reference(["ok then"], (SOURCE,), SPACE) == "ok then"
        for cell in ("", "  ", "…", None, 3, ["a", "b"], {"en": "a"}):
            with pytest.raises(ValueError, match="expected a text"):
                task.reference(cell, (SOURCE,), SPACE)


def test_rows_of_language_pairs_are_read_from_the_first_language_into_the_second() -> None:
    row = {"id": 7, "translation": {"en": "a cat", "pt": "um gato"}}
    assert TRANSLATION.adapted(row) == {"id": 7, "source": "a cat", "reference": "um gato"}
    plain = {"source": "a cat", "translation": "um gato"}
    assert TRANSLATION.adapted(plain) == plain


# Answers


def test_answers_come_as_texts_or_as_pipelines_give_them() -> None:
    for row in (CLEAN, {"text": CLEAN, "finish": "stop"}, {"translation_text": CLEAN}, [{"translation_text": CLEAN}]):
        assert TRANSLATION.answer(row, (SOURCE,), SPACE) == Completion(CLEAN)
    assert SUMMARISATION.answer([{"summary_text": CLEAN}], (SOURCE,), SPACE) == Completion(CLEAN)
    assert unpack(pack(Completion(CLEAN))) == Completion(CLEAN)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ({"text": ""}, "empty"),
        ({"text": "Não gosto", "finish": "length"}, "truncated"),
        ({"text": "", "finish": "content_filter"}, "filtered"),
        ({"text": "", "finish": "refusal"}, "refused"),
    ],
)
def test_an_answer_that_is_none_is_neither_robust_nor_broken(row: object, kind: str) -> None:
    for task in BOTH:
        answer = task.answer(row, (SOURCE,), SPACE)
        assert isinstance(answer, Unusable)
        assert answer.kind == kind
        assert "expected" in answer.message


@pytest.mark.parametrize("row", [None, 3, 0.5, ["a", "b"], {"score": 1.0}, {"text": None}, b"bytes", [0.1, 0.9]])
def test_a_row_without_a_text_is_an_error_that_says_what_came(row: object) -> None:
    for task in BOTH:
        with pytest.raises(AnswerError, match="expected a text"):
            task.answer(row, (SOURCE,), SPACE)


# Goals


def test_quality_below_is_a_share_of_what_the_clean_answer_had() -> None:
    score, reached, quality = judged("quality-below:0.5", "Eu não sou como este filme.", seen())
    assert reached
    assert quality == pytest.approx(0.493, abs=1e-3)
    assert score == pytest.approx(1 - 0.493, abs=1e-3)
    assert not judged("quality-below:0.4", "Eu não sou como este filme.", seen())[1]
    weak = "Eu não aprecio filmes assim."  # a clean answer that is far from the reference itself must be outdone
    assert not judged("quality-below:0.9", weak, seen(clean=weak, reference=CLEAN))[1]
    assert judged("quality-below:0.9", "Eu quero", seen(clean=weak, reference=CLEAN))[1]


def test_the_score_rises_with_every_word_that_goes_wrong() -> None:
    steps = ["Não gosto deste filme.", "Não gosto deste livro.", "Não gosto do livro.", "Eu leio um livro."]
    for goal in ("quality-below", "lacks:filme", "degraded"):
        scores = [judged(goal, step, seen())[0] for step in steps]
        assert all(before < after or after == 1.0 for before, after in pairwise(scores)), (goal, scores)


def test_a_word_that_should_not_be_there_is_whole_and_of_any_case() -> None:
    assert judged("contains:sou", "Eu NÃO SOU como", seen())[:2] == (1.0, True)
    score, reached, _ = judged("contains:sou", "Eu soube disso.", seen())
    assert not reached
    assert 0.0 < score < 1.0
    assert judged("contains:gosto", CLEAN, seen())[1] is False, "it is there rightly"
    assert judged("contains:GOSTO", "gosto", seen(clean="não", reference="não"))[1]
    assert judged("contains:sou como", "Eu não sou como este", seen())[1], "more words than one, in a row"


def test_a_word_that_belongs_there_is_missed() -> None:
    assert judged("lacks:não", "Gosto deste filme.", seen())[:2] == (1.0, True)
    assert judged("lacks:não", "NÃO gosto", seen())[1] is False
    assert judged("lacks:nunca", "Gosto deste filme.", seen())[1] is False, "it never was there"


def test_examples_on_which_a_word_cannot_come_or_go_are_skipped() -> None:
    for spec, one, right in (
        ("contains:sou", seen(), True),
        ("contains:gosto", seen(), False),
        ("lacks:gosto", seen(), True),
        ("lacks:sou", seen(), False),
        ("lacks:gosto", seen(reference="Detesto este filme."), False),
        ("quality-below", seen(), True),
    ):
        assert TRANSLATION.right_for(TRANSLATION.goal(spec, SPACE), one.clean, one) is right, spec


def test_degraded_weighs_what_the_translation_lost_against_what_the_source_lost() -> None:
    typo = seen(perturbed="I dо not like this film.")
    assert judged("degraded", "Eu não sou como este filme.", typo)[1]
    assert not judged("degraded", CLEAN, typo)[1]
    other = seen(perturbed="WE DETEST THAT MUSIC!")  # another source may well have another translation
    assert not judged("degraded", "Detestamos aquela música e este filme!", other)[1]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("quality-below:0", "a share above 0 and up to 1"),
        ("quality-below:1.5", "a share above 0 and up to 1"),
        ("quality-below:half", "a share above 0 and up to 1"),
        ("quality-below:nan", "a share above 0 and up to 1"),
        ("contains", "contains expects a word, such as contains:never"),
        ("contains:…", "contains expects a word"),
        ("lacks:", "lacks expects a word"),
        ("misclassify", r"has no goal 'misclassify'; it has: quality-below:SHARE"),
        ("degrade", r"has no goal 'degrade'"),
    ],
)
def test_a_goal_that_cannot_be_meant_is_refused(spec: str, message: str) -> None:
    for task in BOTH:
        with pytest.raises(UsageError, match=message):
            task.goal(spec, SPACE)


def test_an_absent_library_names_its_extra_when_the_goal_is_set() -> None:
    for task, package in (("translation", "sacrebleu"), ("summarisation", "rouge_score")):
        code = (
            f"import sys; sys.modules[{package!r}] = None\n"
            "from robustness.tasks.registry import task_named; from robustness.tasks.task import Space\n"
            f"task_named({task!r}).goal('', Space())\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert f"pip install 'robustness-suite[{task}]'" in done.stderr
