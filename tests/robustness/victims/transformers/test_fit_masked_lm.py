"""The script that builds a masked language model, on a tiny one: it learns, it freezes what it should, ``bae`` reads it."""

from __future__ import annotations

import random
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from robustness import audit
from robustness.helpers.masked_lm import load_masker

SCRIPTS = Path(__file__).resolve().parents[4] / "scripts"
SENTENCES = ("the film is a warm and funny story", "the plot is thin but the actors are wonderful", "it fails as a comedy")
QUICK = {"rate": 5e-3, "steps": 60, "batch": 8, "longest": 16, "narrow": False}


@pytest.fixture(scope="module")
def script() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        return import_module("fit_masked_lm")


@pytest.fixture
def tiny(build: Any) -> tuple[Any, Any]:
    base = build("bert")
    torch.manual_seed(0)
    return transformers.BertForMaskedLM(transformers.BertConfig.from_pretrained(base)), (
        transformers.AutoTokenizer.from_pretrained(base)
    )


def test_it_learns_and_bae_reads_what_it_saved(script: Any, tiny: Any, build: Any, tmp_path: Path) -> None:
    texts = script.Texts(SENTENCES, (" . ".join(SENTENCES),), SENTENCES * 4)
    found = script.fit(*tiny, texts, script.Setting(**{**QUICK, "steps": 400}))
    assert 4 * found["after"]["perplexity"] < found["unigram"]["perplexity"] < found["before"]["perplexity"]
    assert found["after"]["accuracy"] >= 0.5 > found["unigram"]["accuracy"]
    script.save(*tiny, tmp_path / "mlm")
    (words,) = load_masker(f"hf:{tmp_path / 'mlm'}").fill([("the ", " is a warm and funny story", "", 3)])
    model, tokenizer = tiny
    own = _read(model, tokenizer, "the [MASK] is a warm and funny story", [word for word, _ in words])
    assert dict(words) == pytest.approx(own, rel=1e-3)
    run = audit(
        f"hf:{build('bert')}",
        [(text, label) for text in SENTENCES for label in ("bad", "fair", "good")],
        recipes="bae",
        out=tmp_path / "run",
        budget=60,
        masked_lm=f"hf:{tmp_path / 'mlm'}",
    )
    lines = (run.path / "outcomes.jsonl").read_text(encoding="utf-8")
    assert '"status":"error"' not in lines
    assert "masked-lm-replacement" in lines or '"status":"failed"' in lines


def _read(model: Any, tokenizer: Any, text: str, words: list[str]) -> dict[str, float]:
    """What the fitted model itself gives for words in place of the mask."""
    ids = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        likely = model(**ids).logits[0, ids["input_ids"][0].tolist().index(tokenizer.mask_token_id)].softmax(-1)
    return {word: float(likely[tokenizer.convert_tokens_to_ids(word)]) for word in words}


def test_the_loss_falls_and_a_seed_repeats_it(script: Any, tiny: Any) -> None:
    model, tokenizer = tiny
    setting = script.Setting(**QUICK)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    runs = []
    for _ in range(2):
        model.load_state_dict(start)
        torch.manual_seed(setting.seed)
        stream = script.corpus(tokenizer, script.Texts(SENTENCES, (), ()), setting)
        runs.append(list(script.train(model, script.vocabulary(tokenizer), stream, setting)))
    assert runs[0] == runs[1]
    assert sum(runs[0][-10:]) < 0.6 * sum(runs[0][:10])


def test_lower_layers_and_word_vectors_stay_where_only_upper_ones_are_fitted(script: Any, tiny: Any) -> None:
    model, tokenizer = tiny
    start = {name: value.clone() for name, value in model.state_dict().items()}
    setting = script.Setting(**{**QUICK, "steps": 2, "layers": 1})
    stream = script.corpus(tokenizer, script.Texts(SENTENCES, (), ()), setting)
    list(script.train(model, script.vocabulary(tokenizer), stream, setting))
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, start[name])}
    assert any(name.startswith("bert.encoder.layer.1.") for name in moved)
    assert any(name.startswith("cls.") for name in moved)
    assert not any("layer.0." in name or "embeddings" in name for name in moved)


def test_masking_hides_a_share_of_the_words_and_asks_for_them(script: Any, tiny: Any) -> None:
    _, tokenizer = tiny
    known, ids = script.vocabulary(tokenizer), tokenizer(" ".join(SENTENCES))["input_ids"]
    shown, wanted = script.masked(ids, known, 0.15, random.Random(0), hidden=1.0)
    asked = [at for at, one in enumerate(wanted) if one != script.IGNORED]
    assert len(asked) == round(0.15 * (len(ids) - 2))
    assert all(shown[at] == known.mask and wanted[at] == ids[at] for at in asked)
    assert all(shown[at] == one for at, one in enumerate(ids) if at not in asked)
    draws = [script.masked(ids, known, 0.5, random.Random(seed)) for seed in range(200)]
    told = [(now, old) for shown, wanted in draws for now, old in zip(shown, wanted, strict=True) if old != script.IGNORED]
    assert 0.75 < sum(now == known.mask for now, _ in told) / len(told) < 0.85
    assert 0.08 < sum(now == old for now, old in told) / len(told) < 0.14
    assert all(wanted[0] == wanted[-1] == script.IGNORED for _, wanted in draws)


def test_figures_of_a_guess_by_frequency(script: Any) -> None:
    known = script.Vocabulary(4, mask=3, pad=0, special=frozenset({0, 3}))
    counts = script.Counter({1: 5, 2: 1})
    assert script.unigram(counts, known, [[0, 1], [0, 2]], 0.15) == {
        "accuracy": 0.5,
        "perplexity": round((10 / 6 * 10 / 2) ** 0.5, 1),
        "tokens": 2,
    }
