"""Explaining: which words an answer hangs on, and what would help, by the victim's own answers and nothing else."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from attacks.transformations.characters.bidi import BidiReorder
from attacks.transformations.characters.deletion import DeletionCharacter
from attacks.transformations.characters.homoglyphs import Homoglyph
from attacks.transformations.characters.invisible import InvisibleCharacter
from attacks.words import Words
from reports.measures.tables.explained import helps
from reports.run import Judged, Outcome, RunError
from reports.run.explanations import EXPLANATIONS, Explained, Explanations, Head, read_explanations
from reports.run.seal import verify
from robustness.cli import main
from robustness.errors import UsageError
from robustness.followups.explain.explain import Explainer
from robustness.followups.explain.remedies import REMEDIES, repaired
from robustness.victims import load_victim
from robustness.victims.scripted import ScriptedVictim

REMEDY = {one.name: one for one in REMEDIES}


def case_of(text: str, perturbed: str, example_id: str = "e1", **changes: Any) -> Outcome:
    values: dict[str, Any] = {"recipe": "typos", "status": "succeeded", "reference": "negative", "field": "text"}
    values |= {"texts": {"text": text}, "perturbed": perturbed, "clean": Judged("negative"), "best": Judged("positive")}
    return Outcome(example_id=example_id, **{**values, **changes})


def explained(victim: Any, *cases: Outcome, method: str = "leave-one-out", **options: Any) -> list[Explained]:
    return list(Explainer(victim, method, REMEDIES, **options).explained(cases))


def top(one: Explained, text: str, *, after: bool = False) -> str:
    start, end, _ = max((w for w in (one.after if after else one.before) if w[2] is not None), key=lambda w: w[2] or 0.0)
    return text[start:end]


def by(rule: Callable[[str], float]) -> ScriptedVictim:
    """A victim that gives the right label, ``negative``, this probability."""
    return ScriptedVictim("rule", lambda inputs: [(p, 1 - p) for p in (rule(one[0]) for one in inputs)])


def test_what_each_answer_leaned_on_comes_first() -> None:
    (one,) = explained(load_victim("scripted:keyword"), case_of("a dull dull great film", "a dull dulx great great film"))
    assert top(one, "a dull dull great film") == "dull"
    assert top(one, "a dull dulx great great film", after=True) == "great"
    against = {text: weight for (start, end, weight) in one.before if (text := "a dull dull great film"[start:end]) == "great"}
    assert against["great"] is not None
    assert against["great"] < 0, "a word that speaks for the other answer"
    assert one.basis == "scores"
    assert one.asked == 2 + 5 + 6 + sum(effect != "unchanged" for effect in one.remedies.values())


def test_a_victim_of_labels_gives_flips() -> None:
    (one,) = explained(load_victim("scripted:hard-label"), case_of("one dull film", "one dulx film"))
    assert one.basis == "flips"
    assert [weight for _, _, weight in one.before] == [0.0, 1.0, 0.0]


def test_a_text_without_an_answer_has_no_weight_and_mends_nothing() -> None:
    def answer(inputs: Sequence[tuple[str, ...]]) -> list[tuple[float, float]]:
        if any(one[0] in ("dull film", "a dull film") for one in inputs):
            raise RuntimeError("no")
        return [(0.9, 0.1) if "du" in one[0] and "\u200b" not in one[0] else (0.1, 0.9) for one in inputs]

    (one,) = explained(ScriptedVictim("raising", answer), case_of("so dull film", "a du\u200bll film"))
    assert [w[2] for w in one.before] == [None, 0.8, 0.0], "the first left out, nothing is said of the word"
    assert one.remedies["invisible"] == "no answer"


def test_cases_that_do_not_fail_any_more_are_not_explained() -> None:
    holds, wrong = case_of("a dull film", "a dull movie", "h"), case_of("a great film", "a dulx film", "w")
    assert [one.state for one in explained(load_victim("scripted:keyword"), holds, wrong)] == ["holds now", "not applicable"]
    (one,) = explained(load_victim("scripted:raising:film"), case_of("a dull film", "a dulx film"))
    assert one.state == "error"
    assert one.note


def test_in_long_texts_neighbours_go_together_and_queries_stay_bounded() -> None:
    text = "dull " + " ".join(f"w{n}" for n in range(999))
    (one,) = explained(load_victim("scripted:keyword"), case_of(text, text.replace("dull", "dulx")), most=20)
    assert len(one.before) == len(one.after) == 20
    assert one.before[0][:2] == (0, len(" ".join(text.split()[:50])))


def test_a_remedy_mends_only_where_the_fresh_answer_is_right() -> None:
    hidden = case_of("a dull film", "a du\u200bll film")
    (one,) = explained(load_victim("scripted:keyword"), hidden)
    assert (one.remedies["invisible"], one.remedies["characters"]) == ("mended", "mended")
    assert one.remedies["compatibility"] == "unchanged"
    (one,) = explained(by(lambda text: 0.9 if text == "a dull  film" else 0.1), case_of("a dull  film", "a du\u200bll film"))
    assert one.remedies["invisible"] == "broken", "the repaired text is not the original, and the answer to it is wrong"


def test_an_answer_that_merely_misses_the_goal_mends_nothing() -> None:
    def answer(inputs: Sequence[tuple[str, ...]]) -> list[tuple[float, ...]]:
        scores = {"a dull film": (0.8, 0.1, 0.1), "a du\u200bl film": (0.1, 0.8, 0.1)}
        return [scores.get(text, (0.1, 0.1, 0.8)) for (text,) in inputs]

    victim = ScriptedVictim("three", answer, labels=("negative", "positive", "neutral"))
    (one,) = explained(victim, case_of("a dull film", "a du\u200bl film", goal="answer-with:positive"))
    assert one.state == "explained"
    assert one.remedies["invisible"] == "broken", "neutral is not the attacker's goal, and not right either"


def test_a_mended_failure_of_a_victim_that_varies_must_be_right_each_time() -> None:
    asked: dict[str, int] = {}

    def answer(inputs: Sequence[tuple[str, ...]]) -> list[tuple[float, float]]:
        found = []
        for (text,) in inputs:
            asked[text] = asked.get(text, 0) + 1
            lucky = text == "that dull film" and asked[text] == 1
            found.append((0.9, 0.1) if text == "this dull film" or lucky else (0.1, 0.9))
        return found

    case = case_of("this dull film", "that du\u200bll film")
    (once,) = explained(ScriptedVictim("lucky", answer), case)
    assert once.remedies["invisible"] == "mended"
    asked.clear()
    (thrice,) = explained(ScriptedVictim("lucky", answer), case, again=3)
    assert thrice.remedies["invisible"] == "broken"


def test_a_remedy_that_breaks_as_much_as_it_mends_is_not_recommended() -> None:
    victim = by(lambda text: 0.9 if ("dull" in text.lower() and "\u200b" not in text) and text != "a dull day" else 0.1)
    case = case_of("a dull film", "a du\u200bll film")
    clean = [case_of(text, text, f"c{n}") for n, text in enumerate(("a dull film", "A DULL day", "a dull fi\u00adlm"))]
    explainer = Explainer(victim, "leave-one-out", (REMEDY["lower-case"], REMEDY["invisible"]))
    costs = {one.name: one for one in explainer.costs(clean, {"lower-case", "invisible"})}
    assert (costs["lower-case"].right, costs["lower-case"].changed, costs["lower-case"].lost) == (3, 1, 1)
    assert (costs["invisible"].changed, costs["invisible"].lost) == (1, 0)
    mended = replace(next(iter(explainer.explained([case]))), remedies={"lower-case": "mended", "invisible": "mended"})
    head = Head("leave-one-out", {}, "", 1, 3, ("lower-case", "invisible"), 200, 1)
    told = {one.name: one.verdict for one in helps(Explanations(head, (mended,), tuple(costs.values())))}
    assert told == {"lower-case": "breaks as much as it mends", "invisible": "would help"}
    (free,) = explainer.costs(clean, {"invisible"}, done=1)
    assert free.name == "invisible"
    assert next(iter(explainer.costs(clean, ()))).right == 0, "what mends nothing costs no query"


def test_pairs_entities_and_texts_are_explained_by_their_own_measure() -> None:
    pairs = ScriptedVictim(
        "pairs",
        lambda inputs: [(0.9, 0.1) if "not" in h and p else (0.1, 0.9) for p, h in inputs],
        fields=("premise", "hypothesis"),
    )
    case = case_of("", "it is nоt so", texts={"premise": "it is so", "hypothesis": "it is not so"}, field="hypothesis")
    (one,) = explained(pairs, case)
    assert top(one, "it is not so") == "not"
    assert one.remedies["confusables"] == "mended"

    def spans(inputs: Sequence[tuple[str, ...]]) -> list[Any]:
        places = [(text.find("Anna"), text) for (text,) in inputs]
        return [[(at, at + 4, "PER")] if at >= 0 and "met" in text else [] for at, text in places]

    tagger = ScriptedVictim("tagger", spans, task="ner", labels=("PER",), access="texts")
    text, perturbed = "so we met Anna there", "sо\u200b we m\u200bet Anna there"
    told: dict[str, Any] = {"reference": "PER Anna", "gold": [[10, 14, "PER"]], "goal": "entities-wrong"}
    (one,) = explained(tagger, case_of(text, perturbed, **told))
    assert [text[start:end] for start, end, _ in one.before] == ["so", "we", "met", "there"], "the entity itself stays"
    assert top(one, text) == "met"
    assert one.remedies["invisible"] == "mended", "it stands elsewhere than in the original, and is right there"

    def translate(inputs: Sequence[tuple[str, ...]]) -> list[str]:
        return ["der Film ist sehr gut" if "film" in text else "nein" for (text,) in inputs]

    translator = ScriptedVictim("translator", translate, task="translation", labels=(), access="texts")
    told = {"reference": "der Film ist sehr gut", "goal": "quality-below:0.5"}
    (one,) = explained(translator, case_of("the film is very good", "the fi\u200blm is very good", **told))
    assert top(one, "the film is very good") == "film"
    assert one.remedies["invisible"] == "mended"

    reader = ScriptedVictim("reader", translate, task="generation", labels=(), access="texts")
    told = {"reference": "der Film ist sehr gut", "goal": "wrong"}
    (one,) = explained(reader, case_of("the film", "the fi\u200blm", **told))
    assert one.remedies["invisible"] == "mended"


def test_a_reader_is_explained_by_what_its_answer_hung_on_and_never_loses_the_answer_itself() -> None:
    def read(inputs: Sequence[tuple[str, ...]]) -> list[str]:
        return ["Oslo" if "mary" in q.lower() and "Mary lives in" in c else "Bergen" for q, c in inputs]

    reader = ScriptedVictim("reader", read, task="qa", fields=("question", "context"), labels=(), access="texts")
    question, context = "Where does Mary live?", "Tom left Bergen. Mary lives in Oslo, Norway."
    told: dict[str, Any] = {"texts": {"question": question, "context": context}, "goal": "answer-lost"}
    told |= {"reference": "Oslo", "gold": ["Oslo"], "clean": Judged("Oslo"), "best": Judged("Bergen")}
    (one,) = explained(reader, case_of("", context.replace("lives", "li\u200bves"), field="context", **told))
    assert one.state == "explained", one.note
    weighed = {context[start:end]: weight for start, end, weight in one.before}
    assert weighed.keys() == {"Tom", "left", "Bergen", "Mary", "lives", "in", "Norway"}, "the answer itself stays in the text"
    assert {word for word, weight in weighed.items() if weight and weight > 0} == {"Mary", "lives", "in"}
    assert one.remedies["invisible"] == "mended"

    (one,) = explained(reader, case_of("", question.replace("Mary", "M\u0430ry"), field="question", **told))
    assert top(one, question) == "Mary"
    assert (one.remedies["confusables"], one.remedies["invisible"]) == ("mended", "unchanged")


def test_dialogues_and_reductions_say_that_they_cannot_be_explained() -> None:
    from attacks.dialogue import Turn, written

    told = written([Turn("user", "hello"), Turn("assistant", "yes"), Turn("input", "a dull film")])
    cases = [case_of("a dull film", told, "d"), case_of("a dull film", "dull", "k", goal="keep-answer")]
    found = explained(load_victim("scripted:keyword"), *cases)
    assert [one.state for one in found] == ["not applicable", "not applicable"]
    assert "turns" in found[0].note


@pytest.mark.parametrize("technique", [InvisibleCharacter(), BidiReorder(), DeletionCharacter(), Homoglyph()])
def test_every_unseen_edit_is_undone_by_all_repairs_together(technique: Any) -> None:
    text = "a gripping and warm film about nothing"
    words = Words(text)
    tried = 0
    for index in range(len(words)):
        for new in technique.swaps(words, index, Random(0)):
            assert repaired(REMEDY["characters"], str(words.replace(index, new))) == text
            tried += 1
    assert tried > 20


def test_repairs_leave_alone_what_is_no_disguise() -> None:
    family = "the \U0001f468\u200d\U0001f469\u200d\U0001f467 family"
    assert repaired(REMEDY["invisible"], family) == family
    for russian in ("хороший фильм", "Москва, 2024"):
        assert repaired(REMEDY["confusables"], russian) == russian
    assert repaired(REMEDY["invisible"], "\u200b\u200b") == "\u200b\u200b", "nothing would be left"


def test_integrated_gradients_add_up_to_what_they_explain() -> None:
    victim: Any = load_victim("demo")
    pair = ("an utterly dull and lifeless film", "an utterly dulx and liveless film")
    (right,) = victim.predict([(pair[0],)])
    found = victim.attributions((pair[0],), 0, 64)
    assert abs(found.left) < 1e-3
    assert 0.3 < sum(share for _, share in found.tokens) <= float(right[0]) + 1e-6
    with pytest.raises(UsageError, match="leave-one-out"):
        explained(load_victim("scripted:keyword"), method="integrated-gradients")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [
        "a dull film,negative",
        "one dull hour,negative",
        "so boring,negative",
        "a great film,positive",
        "fun & <b>good,positive",
    ]
    Path("data.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    flags = ["--recipes", "bad-characters-invisible,deepwordbug", "--encoder", "none", "--out", "run", "-q", "--no-github"]
    assert main(["audit", "--victim", "scripted:keyword", "--data", "data.csv", *flags]) == 0
    capsys.readouterr()
    return tmp_path / "run"


def test_the_command_writes_seals_and_the_reports_show(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    best = told["remedies"][0]
    assert (best["mended"], best["verdict"], best["cost"]["lost"]) == (6, "would help", 0)
    assert verify(run).verdict == "verified"
    found = read_explanations(run / EXPLANATIONS)
    assert found is not None
    assert found.finished
    assert main(["report", "run"]) == 0
    markdown, html = ((run / name).read_text("utf-8") for name in ("report.md", "report.html"))
    assert "## What would help" in markdown
    assert "| invisible |" in markdown or "invisible" in markdown
    assert "technique: invisible" in html
    assert html.count('class="lean lean-4"') >= 3
    assert "<b>good" not in html
    capsys.readouterr()
    main(["explain", "run", "--json"])
    again = capsys.readouterr()
    assert "already" in again.err
    assert json.loads(again.out)["remedies"] == told["remedies"]


def test_no_word_of_the_data_is_shown_where_no_text_may_be(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "run", "-q"]) == 0
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    main(["gate", "run", "--github", "-q"])
    shown = Path("step.md").read_text("utf-8")
    assert "What would help" in shown
    assert "dull" not in shown


def test_bad_input_is_refused_with_what_was_expected(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["explain", "run", "--method", "shap"], "leave-one-out"),
        (["explain", "run", "--remedies", "invisble"], "did you mean 'invisible'"),
        (["explain", "run", "--remedies", ""], "without a value"),
        (["explain", "run/failures.jsonl"], "not a run folder"),
        (["explain", "run", "--method", "integrated-gradients"], "gives no integrated gradients"),
    ):
        assert main(words) == 2, words
        assert said in capsys.readouterr().err
    assert main(["explain", "run", "--victim", "scripted:constant:negative", "-q"]) == 3, "none of the failures fails it"
    assert main(["explain", "run", "--victim", "scripted:keyword", "-q"]) == 0
    path = run / EXPLANATIONS
    path.write_text(path.read_text().replace('"state":"explained"', '"state":"great"', 1))
    assert main(["explain", "run", "-q"]) == 2, "an edit of a sealed run, of this file too, is never sealed again"
    path.write_text(path.read_text().replace('"kind":"failure"', '"kind":"x"', 1))
    with pytest.raises(RunError, match="line 2"):
        read_explanations(path)
    (run / "outcomes.jsonl").write_text("")
    assert main(["explain", "run", "-q"]) == 2, "an edited run explains nothing"


SLOW = """
import time
def answer(texts):
    time.sleep(0.002 * len(texts))
    return [[0.9, 0.1] if "dull" in t else [0.1, 0.9] for t in texts]
answer.labels = ["negative", "positive"]
"""


def test_a_kill_at_any_moment_resumes_to_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    rows = [f"a dull film number {n} of many words in it,negative" for n in range(40)]
    (tmp_path / "data.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[3]), str(tmp_path)])}
    base = [sys.executable, "-m", "robustness"]

    def go(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*base, *words], cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    audit = (
        "audit",
        "--victim",
        "python:slow:answer",
        "--data",
        "data.csv",
        "--recipes",
        "deepwordbug",
        "--encoder",
        "none",
        "-q",
    )
    assert go(*audit, "--budget", "30", "--out", "run").wait(120) in (0, 3)
    explain = ("explain", "run", "--victim", "python:slow:answer", "-q")
    assert go(*explain).wait(120) == 0
    whole = (tmp_path / "run" / EXPLANATIONS).read_bytes()
    assert verify(tmp_path / "run").verdict == "verified"
    (tmp_path / "run" / EXPLANATIONS).unlink()
    (tmp_path / "run" / "seal.json").unlink()
    assert go("report", "run").wait(120) in (0, 3)
    rng, killed = random.Random(0), 0
    for _ in range(3):
        started = go(*explain)
        target, seen = tmp_path / "run" / EXPLANATIONS, rng.randint(1, 30)
        limit = time.monotonic() + 60
        while started.poll() is None and time.monotonic() < limit:
            if target.exists() and target.read_bytes().count(b"\n") > seen:
                started.send_signal(signal.SIGKILL)
                killed += 1
                break
            time.sleep(0.01)
        started.wait(60)
    assert killed
    assert go(*explain).wait(120) == 0
    assert (tmp_path / "run" / EXPLANATIONS).read_bytes() == whole
    assert verify(tmp_path / "run").verdict == "verified"


def test_edits_of_the_run_are_never_sealed_again(run: Path) -> None:
    assert main(["explain", "run", "-q"]) == 0
    (run / "report.md").write_text("mine")
    assert main(["explain", "run", "-q", "--fresh"]) == 2
