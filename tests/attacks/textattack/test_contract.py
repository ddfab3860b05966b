"""Every recipe that TextAttack ships runs on the engine, or says before the run why it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import util
from typing import Any

import pytest

from attacks.search import Recipe
from attacks.textattack_bridge import catalogue
from robustness.victims import load_victim

pytestmark = pytest.mark.textattack
NAMES = list(catalogue.entries()) if util.find_spec("textattack") else []
IMPOSSIBLE = {
    "morpheus-tan-2020": "text that the victim writes",
    "seq2sick-cheng-2018-blackbox": "text that the victim writes",
    "hotflip-ebrahimi-2017": "its own LSTM classifier",
    "pso-zang-2020": "HowNet's synonyms",  # nothing can be chosen in their place
}
GRADIENTS = {"a2t-yoo-2021", "a2t-yoo-2021-mlm"}
OTHER_LANGUAGES = ("chinese-recipe", "french-recipe", "spanish-recipe")
RUNNING = [name for name in NAMES if name not in IMPOSSIBLE and name not in GRADIENTS]
LACKING = {
    "a2t-yoo-2021": {"counter-fitted", "sentence-encoder"},
    "a2t-yoo-2021-mlm": {"sentence-encoder", "masked-lm"},
    "bad-characters-2021": {"homoglyphs"},
    "bad-characters-2021-deletions": set(),
    "bad-characters-2021-invisible": set(),
    "bad-characters-2021-reorderings": set(),
    "bae-garg-2019": {"sentence-encoder", "masked-lm"},
    "bert-attack-li-2020": {"sentence-encoder", "masked-lm"},
    "checklist-ribeiro-2020": {"flair-ner"},
    "chinese-recipe": {"masked-lm", "open-hownet", "chinese-homophones"},
    "clare-li-2020": {"sentence-encoder", "masked-lm", "flair-pos"},
    "deepwordbug-gao-2018": set(),
    "faster-genetic-algorithm-jia-2019": {"counter-fitted", "learning-to-write"},
    "french-recipe": {"flair-ner"},
    "genetic-algorithm-alzantot-2018": {"counter-fitted", "google-lm"},
    "iga-wang-2019": {"counter-fitted"},
    "input-reduction-feng-2018": set(),
    "kuleshov-2017": {"counter-fitted", "gpt2"},
    "leap-2023": set(),
    "pruthi-2019": set(),
    "pso-zang-2020": {"flair-pos", "hownet"},
    "pwws-ren-2019": set(),
    "spanish-recipe": {"flair-ner"},
    "textbugger-li-2018": {"counter-fitted", "sentence-encoder", "homoglyphs"},
    "textfooler-jin-2019": {"counter-fitted", "sentence-encoder"},
}
"""What each recipe lacks on a machine that has NLTK's data for English and nothing else."""
OURS = {name for name, lacking in LACKING.items() if "counter-fitted" in lacking} - {"kuleshov-2017"}
"""Those that this package's own counter-fitted vectors serve unasked; Kuleshov's sums vectors, which a table cannot."""


def test_every_recipe_of_textattack_is_accounted_for() -> None:
    assert set(NAMES) == set(LACKING) | {
        name for name in IMPOSSIBLE if "victim" in IMPOSSIBLE[name] or "LSTM" in IMPOSSIBLE[name]
    }


@pytest.mark.parametrize("name", RUNNING)
def test_it_runs_alike_however_many_are_in_flight(name: str, build: Callable[..., Recipe], run: Any) -> None:
    recipe = build(f"textattack:{name}")
    alone, together = run(recipe, in_flight=1), run(recipe, in_flight=16)
    assert [o.to_json() for o in alone] == [o.to_json() for o in together]
    victim = load_victim("scripted:keyword")
    for outcome in alone:
        assert outcome.status in ("succeeded", "failed", "exhausted"), outcome.error
        assert 1 <= outcome.queries <= 80
        assert outcome.attempted or name == "input-reduction-feng-2018"
        if outcome.status == "succeeded":
            assert outcome.perturbed is not None
            scores = victim.predict([(outcome.perturbed,)])[0]
            kept = victim.info.labels[max(range(2), key=scores.__getitem__)] == outcome.reference
            assert kept == (bool(recipe.goal))


@pytest.mark.parametrize("name", [n for n in RUNNING if n not in ("checklist-ribeiro-2020", *OTHER_LANGUAGES)])
def test_it_breaks_something_or_at_least_tries(name: str, build: Callable[..., Recipe], run: Any) -> None:
    """A recipe that silently proposes nothing would make a victim look robust."""
    outcomes = run(build(f"textattack:{name}"), budget=None if "bad-characters" in name else 80)
    assert sum(o.proposed for o in outcomes) > 0 or "bad-characters" in name
    if name not in ("input-reduction-feng-2018", "bae-garg-2019", "bert-attack-li-2020", "clare-li-2020", "kuleshov-2017"):
        assert any(o.status == "succeeded" for o in outcomes), [(o.status, o.perturbed) for o in outcomes]


@pytest.mark.parametrize("name", list(IMPOSSIBLE))
def test_it_is_refused_with_a_reason(name: str, build: Callable[..., Recipe]) -> None:
    with pytest.raises(ValueError, match=f"textattack:{name} cannot run here") as caught:
        build(f"textattack:{name}")
    assert IMPOSSIBLE[name] in str(caught.value)


@pytest.mark.parametrize("name", [n for n in NAMES if n in LACKING])
def test_what_lacks_is_named_with_where_it_was_looked_for_and_what_may_be_chosen(
    name: str, build: Callable[..., Recipe], nltk_folder: Any
) -> None:
    lacking = LACKING[name] - ({"counter-fitted"} if name in OURS else set())
    if not lacking:
        recipe = build(f"textattack:{name}", {})
        assert len(recipe.substitutes) == recipe.note.count("in place of") == (name in OURS)
        return
    with pytest.raises(ValueError, match="cannot run here") as caught:
        build(f"textattack:{name}", {})
    said = str(caught.value)
    assert set(re.findall(r"--resource ([\w-]+)=…", said)) == lacking
    assert said.count("looked for") == len(lacking)
    assert f"robustness prefetch textattack:{name}" in said


@pytest.mark.parametrize("name", RUNNING)
def test_a_report_shows_version_parts_and_every_substitute(name: str, build: Callable[..., Recipe]) -> None:
    recipe = build(f"textattack:{name}")
    parameters = dict(recipe.parameters)
    assert parameters["textattack"] == catalogue.version()
    assert {"search", "transformations", "constraints"} <= set(parameters)
    assert not any(re.search(r" at 0x|/tmp/|\bline\b", value) for value in parameters.values()), parameters
    chosen = LACKING[name] - {"nltk"}
    assert recipe.note.count("in place of") == len(recipe.substitutes) == len(chosen)
    assert {f"resource {key}" for key in chosen} <= set(parameters)
    assert recipe.citation.url.startswith("https://")
    assert recipe.level in ("character", "word", "mixed")
