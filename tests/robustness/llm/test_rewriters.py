"""SmolLM2 asked to rewrite sentences: behind llama.cpp's server, and in transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robustness import audit
from robustness.helpers.rewriter import load_rewriter

pytestmark = [pytest.mark.llm, pytest.mark.timeout(900)]
SENTENCES = [
    "The plot was slow, but the actors were wonderful.",
    "Although the film is long, nobody in the room looked bored.",
]


@pytest.mark.parametrize("where", ["server", "transformers"])
def test_a_chat_model_rewrites_through_the_shipped_prompt(where: str, llama: str, smollm2: Path) -> None:
    """Several rewrites of a sentence, none of them the sentence, each on one line; in this process the same when asked again."""
    spec = f"openai:{llama}#smollm2" if where == "server" else f"hf:{smollm2}"
    found = load_rewriter(spec, offline=True).rewrite(SENTENCES, 3)
    assert all(found), "it wrote nothing that counts"
    for sentence, rewrites in zip(SENTENCES, found, strict=True):
        assert len(set(rewrites)) == len(rewrites) <= 3
        assert sentence not in rewrites
        assert not any("\n" in one for one in rewrites)
    if where == "transformers":
        assert load_rewriter(spec, offline=True).rewrite(SENTENCES, 3) == found


def test_what_it_writes_is_screened_before_a_victim_sees_it(llama: str, reviews: list[tuple[str, str]], tmp_path: Path) -> None:
    """An audit with the endpoint as rewriter: a rewrite is asked about as it was written, and its requests are on the bill."""
    how: dict[str, Any] = {
        "recipes": "paraphrase-model",
        "rewriter": f"openai:{llama}#smollm2",
        "encoder": "minilm",
        "offline": True,
        "budget": 20,
    }
    run = audit("demo", reviews[:8], out=tmp_path / "run", **how)
    outcomes = run.outcomes
    assert sum(o.proposed for o in outcomes) > 0
    assert all(o.status != "error" for o in outcomes), [o.error for o in outcomes if o.error]
    assert run.manifest.bill["requests"] > 0
