"""Encoder-decoders: a word-for-word translator trained here in seconds, and untrained T5 and BART for what padding would do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from attacks.recipes import build as recipe_of
from robustness.data import Example
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.errors import UsageError, VictimError
from robustness.tasks.registry import task_named
from robustness.tasks.task import Space
from robustness.victims import load_victim

EN = "the film was good bad very not a story actor music dull warm long short and I like hate this".split()
PT = "o filme foi bom mau muito não um enredo ator música chato quente longo curto e eu gosto odeio este".split()
KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "marian": (transformers.MarianConfig, transformers.MarianMTModel, {"scale_embedding": True, "decoder_start_token_id": 0}),
    "bart": (
        transformers.BartConfig,
        transformers.BartForConditionalGeneration,
        {"decoder_start_token_id": 1, "bos_token_id": 1},
    ),
    "t5": (
        transformers.T5Config,
        transformers.T5ForConditionalGeneration,
        {"d_kv": 32, "d_ff": 96, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0, "initializer_factor": 3.0},
    ),
}
COMMON: dict[str, Any] = {"d_model": 64, "pad_token_id": 0, "eos_token_id": 1, "forced_eos_token_id": 1}
LAYERS: dict[str, Any] = {
    **{
        f"{half}_{what}": n
        for half in ("encoder", "decoder")
        for what, n in (("layers", 1), ("attention_heads", 2), ("ffn_dim", 96))
    },
    **{"max_position_embeddings": 64, "dropout": 0.0, "init_std": 0.02},
}
Make = Callable[..., Path]


def tokenizer() -> Any:
    vocabulary = {token: n for n, token in enumerate(["<pad>", "</s>", "<unk>", *dict.fromkeys(EN + PT)])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, model_input_names=["input_ids", "attention_mask"], **names
    )


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Save an encoder-decoder of a kind, untrained unless ``steps``, and return its folder."""

    def saved(kind: str, *, steps: int = 0, **changes: Any) -> Path:
        config_class, model_class, own = KINDS[kind]
        tokens = tokenizer()
        torch.manual_seed(0)
        wide = {} if kind == "t5" else LAYERS if steps else {**LAYERS, "init_std": 0.3}
        model = model_class(config_class(vocab_size=len(tokens), **{**COMMON, **wide, **own, **changes}))
        if steps:
            train(model, tokens.get_vocab(), steps)
        folder = tmp_path_factory.mktemp(kind)
        model.save_pretrained(folder)
        tokens.save_pretrained(folder)
        return folder

    return saved


def train(model: Any, ids: dict[str, int], steps: int) -> None:
    """Teach it to put each English word into Portuguese, word by word."""
    rng, optimizer = Random(0), torch.optim.Adam(model.parameters(), lr=4e-3)
    slower = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, steps)
    model.train()
    for _ in range(steps):
        length = rng.randint(2, 7)
        rows = [[rng.randrange(len(EN)) for _ in range(length)] for _ in range(16)]
        source, target = (torch.tensor([[*(ids[words[n]] for n in row), 1] for row in rows]) for words in (EN, PT))
        optimizer.zero_grad()
        model(input_ids=source, labels=target).loss.backward()
        optimizer.step()
        slower.step()


@pytest.fixture(scope="module")
def folder(make: Make) -> Path:
    return make("marian", steps=350)


@pytest.fixture(scope="module")
def victim(folder: Path) -> Any:
    return load_victim(f"hf:{folder}", device="cpu", offline=True)


def texts(count: int, longest: int = 12) -> list[tuple[str]]:
    rng = Random(5)
    return [(" ".join(rng.choice(EN) for _ in range(rng.randint(1, longest))),) for _ in range(count)]


def test_it_translates_and_says_who_it_is(victim: Any) -> None:
    assert victim.predict([("I hate this film and the music",), ("the film was good",)]) == [
        {"text": "eu odeio este filme e o música", "finish": "stop"},
        {"text": "o filme foi bom", "finish": "stop"},
    ]
    assert victim.info.task == "translation"
    assert (victim.info.labels, victim.info.deterministic) == ((), True)
    assert any("writes greedily (one beam, no sampling)" in note for note in victim.info.notes)


def test_it_writes_what_the_plain_model_writes_for_one_text(victim: Any, folder: Path) -> None:
    model, tokens = transformers.MarianMTModel.from_pretrained(folder).eval(), tokenizer()
    for (text,) in texts(12, 6):  # on longer ones it begins to loop, and its last bits decide where
        given = tokens(text, return_tensors="pt")
        ids = model.generate(**given, num_beams=1, do_sample=False, max_length=None, max_new_tokens=victim._most)[0]
        assert victim.predict([(text,)])[0]["text"] == tokens.decode(ids, skip_special_tokens=True)


@pytest.mark.parametrize("kind", ["marian", "bart", "t5"])
def test_no_neighbour_changes_what_is_written(make: Make, kind: str) -> None:
    victim = load_victim(f"hf:{make(kind)}", device="cpu", task="translation", max_new_tokens=12)
    asked = texts(16, 6)
    together = victim.predict(asked)
    assert [victim.predict([one])[0] for one in asked] == together
    order = Random(1).sample(range(16), 16)
    shuffled = victim.predict([asked[n] for n in order])
    assert [shuffled[order.index(n)] for n in range(16)] == together
    assert len({row["text"] for row in together}) > 6, "answers that tell texts apart"


def test_an_answer_that_was_cut_off_is_no_answer(make: Make) -> None:
    endless = load_victim(f"hf:{make('bart')}", device="cpu", task="translation", max_new_tokens=5)
    rows = endless.predict(texts(8))
    cut = [row for row in rows if row["finish"] == "length"]
    assert cut, "forced_eos_token_id in its config would make them look whole"
    answer: Any = task_named("translation").answer(cut[0], ("x",), Space())
    assert answer.kind == "truncated"


def test_a_prefix_goes_before_every_text_and_into_its_identity(folder: Path) -> None:
    plain, prefixed = (load_victim(f"hf:{folder}", device="cpu", prefix=prefix) for prefix in (None, "the "))
    assert prefixed.predict([("film",)]) == plain.predict([("the film",)])
    assert prefixed.lengths([("film",)]) == plain.lengths([("the film",)])
    assert plain.info.identity != prefixed.info.identity


def test_a_text_longer_than_it_reads_is_told_and_a_lone_surrogate_is_an_error_of_its_text(victim: Any) -> None:
    long = ("film " * 100,)
    assert victim.truncated([long, ("film",)]) == [True, False]
    assert victim.readings([long, ("\ud800",)])[1] is None
    with pytest.raises(VictimError, match="lone surrogate"):
        victim.predict([("\ud800",)])


def test_an_unchanged_recipe_breaks_it(victim: Any) -> None:
    task, space = task_named("translation"), Space()
    plan = Plan(recipes=(recipe_of("deepwordbug"),), task=task, goal=task.goal("degraded", space), space=space, budget=60)
    rows = [Example(str(n), one, None, {}) for n, one in enumerate([("I hate this film and the music",), ("the film was good",)])]
    outcomes = list(Engine(Oracles({"victim": Oracle(VictimBackend(victim))})).outcomes(plan, rows, {}))
    assert {one.status for one in outcomes} == {"succeeded"}
    for one in outcomes:
        assert one.best is not None
        assert victim.predict([(one.perturbed,)])[0]["text"] == one.best.shown


def test_what_a_checkpoint_is_for_is_told_by_its_kind_or_by_the_user(make: Make) -> None:
    bart, marian = make("bart"), make("marian")
    assert load_victim(f"hf:{bart}", device="cpu", task="summarisation").info.task == "summarisation"
    assert load_victim(f"hf:{marian}", device="cpu", task="generation" if _known("generation") else None).info.kind == "hf"
    for folder, options, message in (
        (bart, {}, r"BartForConditionalGeneration, which may be for translation or summarisation; say which: --task"),
        (bart, {"task": "classification"}, "its task is one of translation, summarisation"),
        (bart, {"task": "translat"}, "did you mean 'translation'"),
        (marian, {"fields": ("a", "b")}, "reads one field"),
        (marian, {"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        (marian, {"max_length": 4000}, "max_length must be from 1 to the 64 tokens"),
        (marian, {"prompt": "Say: {text}"}, "prompt cannot be used with"),
    ):
        with pytest.raises(UsageError, match=message):
            load_victim(f"hf:{folder}", device="cpu", **options)
    with pytest.raises(UsageError, match="label cannot be used with"):
        load_victim(f"hf:{marian}#positive", device="cpu")


def _known(task: str) -> bool:
    try:
        return bool(task_named(task))
    except UsageError:
        return False


def test_a_checkpoint_without_a_part_is_refused(make: Make) -> None:
    from safetensors.torch import load_file, save_file

    folder = make("marian")
    weights = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in weights.items() if "encoder_attn" not in k}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(VictimError, match=r"is not a trained encoder-decoder: it lacks .*encoder_attn"):
        load_victim(f"hf:{folder}", device="cpu")


def test_beams_that_the_checkpoint_asks_for_are_named_where_they_are_not_used(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(folder, tmp_path / "beams"))
    settings = json.loads((copy / "generation_config.json").read_text())
    (copy / "generation_config.json").write_text(
        json.dumps(settings | {"num_beams": 4, "early_stopping": True, "length_penalty": 2.0})
    )
    victim = load_victim(f"hf:{copy}", device="cpu")
    assert any("though the checkpoint asks for 4 beams" in note for note in victim.info.notes)
    assert victim.predict([("the film was good",)]) == [{"text": "o filme foi bom", "finish": "stop"}]
