"""The side-by-side runs: each pair is the same paper, and TextAttack's side is built from the resources that were named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from attacks.recipes import names
from attacks.textattack_bridge.gather import _NATIVE

ROOT = Path(__file__).resolve().parents[3]
unknown_victim = pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated:DeprecationWarning")
"""How TextAttack says that it does not know a victim's class."""


@pytest.fixture(scope="module")
def theirs() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        return import_module("bench.theirs")


class Keyword:
    """A victim as TextAttack asks it: class 1 where a text says good, else class 0."""

    model = None
    max_length = 64

    def __call__(self, texts: Sequence[str]) -> Any:
        import torch

        return torch.tensor([[0.1, 0.9] if "good" in text else [0.8, 0.2] for text in texts])


def test_both_sides_of_a_pair_follow_one_paper(theirs: Any) -> None:
    assert set(theirs.BRIDGED) <= set(names())
    papers = {native: f"textattack:{other}" for other, native in _NATIVE.items() if native != "hotflip"}
    assert papers.items() <= theirs.BRIDGED.items()


@unknown_victim
@pytest.mark.textattack
def test_every_recipe_is_built_with_what_was_named_and_aims_at_any_wrong_answer(theirs: Any, named: dict[str, object]) -> None:
    for recipe in theirs.BRIDGED:
        attack = theirs.built(recipe, named, "dynamic", Keyword(), {"film"}, theirs.Count())
        wanted = "InputReduction" if recipe == "input-reduction" else "UntargetedClassification"
        assert type(attack.goal_function).__name__ == wanted
        parts = [type(part).__name__ for part in (*attack.constraints, *getattr(attack.transformation, "transformations", ()))]
        assert ("MiniLM" in parts) == (recipe in ("textfooler", "textbugger", "a2t", "bae", "bert-attack"))
        assert parts.count("LeftOut") == (2 if recipe == "checklist" else 0)
        if recipe in ("bae", "bert-attack"):
            assert attack.transformation._lm_tokenizer.name_or_path == named["masked-lm"]


@unknown_victim
@pytest.mark.textattack
def test_a_reduced_text_is_a_success_with_one_word_left(theirs: Any, named: dict[str, object]) -> None:
    from attacks.textattack_bridge.loading import load

    attack = theirs.built("input-reduction", named, "dynamic", Keyword(), set(), theirs.Count())
    results, _ = theirs.run(load(), attack, [("good film", 1), ("good the and", 1), ("bad film", 1)], 0)
    won, lost = "SuccessfulAttackResult", "FailedAttackResult"
    assert [theirs.status(result) for result in results] == [won, lost, "SkippedAttackResult"]


def test_rows_of_the_same_settings_count_as_earlier_rounds(theirs: Any, tmp_path: Path) -> None:
    from argparse import Namespace

    from bench.versus_textattack import _settings, earlier

    shared: dict[str, Any] = {
        "victim": "hf:m",
        "data": "d.tsv",
        "lexicon": None,
        "vectors": None,
        "masked_lm": None,
        "resource": [],
        "device": "cpu",
    }
    args = Namespace(**shared, n=10, threads=2, batch_tokens=2048, rounds=2, rows=tmp_path / "rows.jsonl")
    assert earlier(args, "pwws", "native") == []
    rows = [_settings(Namespace(**{**vars(args), "n": n}), "pwws", "native") | {"wall_s": n} for n in (10, 20, 10, 10)]
    args.rows.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert [row["wall_s"] for row in earlier(args, "pwws", "native")] == [10, 10]
    assert earlier(args, "pwws", "stock") == earlier(args, "textfooler", "native") == []
