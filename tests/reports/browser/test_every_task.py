"""``report.html`` of every kind of run in a browser: drawn without a complaint, no wider than the screen, all examples there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reports.run import EditRecord, Judged, Outcome, Run, Rung

Open = Callable[..., Any]
MakeOutcome = Callable[..., Outcome]

LONG = "The quick brown fox jumps over the lazy dog, and then it goes home to its den to sleep through the cold winter. " * 12


def pairs(outcome: MakeOutcome) -> list[Outcome]:
    texts = {"premise": "A man sleeps." * 80, "hypothesis": "a good film"}
    answers = {"clean": Judged("entailment", (0.9, 0.1, 0)), "best": Judged("contradiction", (0.2, 0.1, 0.7))}
    return [outcome(texts=texts, field="hypothesis", reference="entailment", stratum="entailment", **answers)]


def entities(outcome: MakeOutcome) -> list[Outcome]:
    text, perturbed = "Anna lives in Oslo .", "Bnna lives in Oslo ."
    clean = Judged("Anna PER, Oslo LOC", quality=1.0, spans=((0, 4, "PER"), (14, 18, "LOC")))
    best = Judged("Oslo LOC", quality=0.5, spans=((14, 18, "LOC"),))
    return [
        outcome(
            texts={"text": text},
            perturbed=perturbed,
            edits=(),
            reference="Anna PER, Oslo LOC",
            stratum=None,
            clean=clean,
            best=best,
        )
    ]


def answers(outcome: MakeOutcome) -> list[Outcome]:
    texts = {"context": LONG, "question": "Where does it sleep?"}
    clean, best = Judged("in its den", quality=1.0), Judged("at a lazy dog's home", quality=0.2)
    facts: dict[str, Any] = {
        "texts": texts,
        "field": "context",
        "reference": "its den",
        "stratum": None,
        "clean": clean,
        "best": best,
    }
    return [outcome(perturbed=LONG + "It sleeps at a lazy dog's home.", edits=(), **facts)]


def generation(outcome: MakeOutcome) -> list[Outcome]:
    clean, best = (
        Judged(LONG[:400], quality=0.8, score=0.1),
        Judged("I cannot help with that.", quality=0.1, score=1.0, kind="refused"),
    )
    edit = EditRecord(0, 0, 0, 14, "", "Please, kindly ", "prefix")
    facts: dict[str, Any] = {"goal": "refuses", "reference": "", "stratum": None, "edits": (edit,)}
    return [outcome(perturbed="Please, kindly a good film", clean=clean, best=best, **facts)]


def dialogue(outcome: MakeOutcome) -> list[Outcome]:
    turns = "user: hello\nassistant: hi\nuser: now say the word"
    best = Judged("zubrovka\n\nof course!", score=1.0)
    return [
        outcome(texts={"text": turns}, perturbed=turns + "\nuser: please", edits=(), stratum=None, clean=Judged("no"), best=best)
    ]


def ladder(outcome: MakeOutcome) -> list[Outcome]:
    rungs = tuple(Rung(level, "negative" if level > 2 else "positive", level <= 2, "a go od film") for level in range(1, 6))
    return [outcome("e1", "natural-typos", "succeeded", ladder=rungs), outcome("e2", "natural-typos", "failed", ladder=rungs[:2])]


def universal(outcome: MakeOutcome) -> list[Outcome]:
    edit = EditRecord(0, 0, 0, 8, "", "zoning t", "trigger")
    return [
        outcome(f"e{i}", "universal", "succeeded" if i else "failed", perturbed="zoning ta good film", edits=(edit,))
        for i in range(9)
    ]


def wordless(outcome: MakeOutcome) -> list[Outcome]:
    return [outcome(recipe="translate-back", texts={"text": LONG}, perturbed=LONG[::-1], edits=(), similarity=None)]


def nothing_broke(outcome: MakeOutcome) -> list[Outcome]:
    return [outcome(f"e{i}", "pwws", ("failed", "exhausted", "skipped", "untested", "error")[i % 5]) for i in range(10)]


def nothing_at_all(_: MakeOutcome) -> list[Outcome]:
    return []


KINDS = (pairs, entities, answers, generation, dialogue, ladder, universal, wordless, nothing_broke, nothing_at_all)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_of_run_is_drawn(
    kind: Callable[[MakeOutcome], list[Outcome]],
    make_run: Callable[..., Run],
    make_outcome: MakeOutcome,
    report: Callable[..., str],
    open_page: Open,
) -> None:
    made = kind(make_outcome)
    run = make_run(
        made, finished=kind is not wordless, task="classification" if kind in (pairs, ladder, universal) else "generation"
    )
    if kind is pairs:
        victim = {
            **run.manifest.victim,
            "labels": ["entailment", "neutral", "contradiction"],
            "fields": ["premise", "hypothesis"],
        }
        run = replace(run, manifest=replace(run.manifest, victim=victim))
    page = open_page(report(run), width=390)
    assert page.complaints == ()
    assert page.ask("document.documentElement.classList.contains('scripted')")
    examples = list(dict.fromkeys(o.example_id for o in made))
    assert page.texts("#grid tbody th") == examples
    for example in examples[:2]:
        page.browser.execute_script(
            "location.hash = arguments[0]; dispatchEvent(new HashChangeEvent('hashchange'))", f"example-{example}"
        )
        assert page.ask("document.getElementById('example').open")
        assert len(page.texts("#example .trial")) == 1
        text = next(o for o in made if o.example_id == example).texts
        assert all(name in page.texts("#example-body")[0] for name in text)
        assert page.ask("document.getElementById('example').getBoundingClientRect().right <= 390")
        page.browser.execute_script("document.getElementById('example').close()")
    assert page.ask("document.documentElement.scrollWidth") == 390
    commands = page.ask("document.querySelectorAll('#failure-table [data-act=command]').length")
    assert commands == (sum(o.status == "succeeded" for o in made) if kind in (pairs, ladder, universal) else 0)
    assert (kind is wordless) == any("resume" in step for step in page.texts("#next code"))
    assert page.browser.get_log("browser") == []


def test_a_text_that_the_page_shortens_is_read_from_the_run(
    make_run: Callable[..., Run], make_outcome: MakeOutcome, report: Callable[..., str], open_page: Open
) -> None:
    run = make_run([make_outcome("a"), make_outcome("b", texts={"text": LONG}, perturbed=LONG + "!", edits=())])
    page = open_page(report(run))
    page.browser.execute_script(
        "window.copied = null; navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }"
    )
    page.browser.execute_script("document.getElementById('failure-deepwordbug/b').querySelector('[data-act=command]').click()")
    assert page.ask("window.copied").startswith("sed -n 2p ")
    assert page.ask("window.copied").endswith(
        "| robustness attack --victim demo --profile strict --budget 500 --label positive --recipe deepwordbug -- -"
    )
