"""Paraphrases by models: the same for a text in any company, never the text itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from robustness.errors import UsageError, VictimError, VictimTimeoutError
from robustness.helpers.apertium import ApertiumRewriter
from robustness.helpers.rewriter import load_rewriter

TEXTS = [
    "the film is not bad , and the music is great .",
    "a lot of good cheer .",  # after this one the tagger, if it is not started afresh, reads the next differently
    "there is a promise implied in the title that is just breathtaking .",
    "It is 5 < 6 & [brackets] ^caret$ @at \\back /slash {x}",
    "he directs the traffic well and uses damon's ability to be focused and sincere .",
    "I saw him\nyesterday in the old house.",
    "offers that rare combination of entertainment and education .",
    "a smile 🙂 and ünïcödé",
]
needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="apertium is not installed (apt-get install apertium-eng-spa)"
)


@pytest.fixture(scope="module")
def apertium() -> ApertiumRewriter:
    return ApertiumRewriter()


@needs_apertium
def test_back_translation_says_the_same_in_other_words(apertium: ApertiumRewriter) -> None:
    (rewrites,) = apertium.rewrite(
        ["offers that rare combination of entertainment and education , but it is a film for the whole family ."], 3
    )
    assert len(rewrites) == 1
    assert "education" in rewrites[0]
    assert "family" in rewrites[0]
    assert rewrites[0][0].islower()


@needs_apertium
def test_a_back_translation_does_not_depend_on_its_neighbours(apertium: ApertiumRewriter) -> None:
    together = apertium.rewrite(TEXTS, 1)
    assert apertium.rewrite(TEXTS[::-1], 1) == together[::-1]
    assert [apertium.rewrite([text], 1)[0] for text in TEXTS[1:4]] == together[1:4]
    assert sum(map(bool, together)) >= 5


@needs_apertium
def test_apertium_answers_nothing_rather_than_the_text_itself(apertium: ApertiumRewriter) -> None:
    texts = ["", "   ", "half \ud83d", "a\0b", "."]
    answers = apertium.rewrite(texts, 1)
    assert answers[:3] == [[], [], []]
    for text, rewrites in zip(texts, answers, strict=True):
        assert text not in rewrites
        assert all("\0" not in rewrite for rewrite in rewrites)


@needs_apertium
def test_markup_of_the_translator_is_kept_apart_from_the_text(apertium: ApertiumRewriter) -> None:
    (rewrites,) = apertium.rewrite(["It is 5 < 6 [and] the price is 3$ in {this} old house."], 1)
    assert all(mark in rewrites[0] for mark in "<[]{}$")
    assert "\\" not in rewrites[0]


@needs_apertium
def test_a_slow_or_broken_program_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="positive seconds"):
        ApertiumRewriter(timeout=0)
    with pytest.raises(UsageError, match=r"no direction 'eng-xyz', it has: .*eng-spa"):
        ApertiumRewriter("eng-xyz", "xyz-eng")
    rewriter = ApertiumRewriter(timeout=0.2)
    with pytest.raises(VictimTimeoutError, match="did not answer within"):
        rewriter._run(["sleep", "5"], ["text"])
    with pytest.raises(VictimError, match="status 1"):
        rewriter._run(["false"], ["text"])
    with pytest.raises(VictimError, match="given 2 texts and returned 1"):
        rewriter._run(["true"], ["one", "two"])


def test_without_apertium_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="apt-get install apertium"):
        load_rewriter("apertium")


@pytest.mark.parametrize("spec", ["", "hf:", "hf:a,b,c", "hf:a,", "apertium:x", "t5"])
def test_unknown_rewriters_are_refused(spec: str) -> None:
    with pytest.raises(UsageError, match=r"expected apertium|apertium expects"):
        load_rewriter(spec)


@pytest.fixture(scope="module")
def seq2seq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny T5 with random weights and a tokenizer of bytes."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer: Any = Tokenizer(models.BPE({t: n for n, t in enumerate(["<pad>", "</s>", "<unk>", *letters])}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    sizes = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
    torch.manual_seed(5)
    model = transformers.T5ForConditionalGeneration(transformers.T5Config(vocab_size=len(fast), initializer_factor=3.0, **sizes))
    folder = tmp_path_factory.mktemp("t5")
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def test_a_checkpoint_gives_different_rewrites_the_same_every_time(seq2seq: Path) -> None:
    rewriter = load_rewriter(f"hf:{seq2seq}", device="cpu")
    texts = ["the film is great", "dull", "", "half \ud83d"]
    answers = rewriter.rewrite(texts, 3)
    assert rewriter.rewrite(texts[:1], 3) == answers[:1]
    assert rewriter.rewrite(texts[::-1], 3) == answers[::-1]
    assert answers[2:] == [[], []]
    for text, rewrites in zip(texts, answers, strict=True):
        assert len(rewrites) == len(set(rewrites)) <= 3
        assert text not in rewrites
    assert answers[0]


def test_a_pair_of_checkpoints_translates_there_and_back(seq2seq: Path) -> None:
    single, pair = load_rewriter(f"hf:{seq2seq}", device="cpu"), load_rewriter(f"hf:{seq2seq},{seq2seq}", device="cpu")
    pivot = single.rewrite(["the film"], 1)[0][0]
    assert pair.rewrite(["the film"], 1) == single.rewrite([pivot], 1)
    assert any(key.startswith("back.") for key in pair.identity)


def test_a_prefix_is_part_of_the_question_and_of_the_identity(seq2seq: Path) -> None:
    plain = load_rewriter(f"hf:{seq2seq}", device="cpu")
    prefixed = load_rewriter(f"hf:{seq2seq}", prefix="paraphrase: ", device="cpu")
    assert prefixed.rewrite(["the film"], 2) == [plain.rewrite(["paraphrase: the film"], 2)[0]]
    assert prefixed.identity != plain.identity


def test_a_text_longer_than_the_model_reads_gets_no_rewrite(seq2seq: Path) -> None:
    assert load_rewriter(f"hf:{seq2seq}", device="cpu").rewrite(["long " * 400], 1) == [[]]


def test_at_least_one_rewrite_must_be_asked_for(seq2seq: Path) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        load_rewriter(f"hf:{seq2seq}", device="cpu").rewrite(["a"], 0)
