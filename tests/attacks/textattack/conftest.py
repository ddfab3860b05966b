"""Resources small enough to be made here: NLTK data of a few words, word vectors, checkpoints with random weights."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import util
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from attacks.language.resources import Resources
from attacks.language.vectors import VectorNeighbours
from attacks.recipes import build as build_recipe
from attacks.recipes.registry import Options
from attacks.search import Recipe
from attacks.textattack_bridge import places
from reports.run import Outcome
from robustness.data import load_examples
from robustness.engine.backends import VictimBackend
from robustness.engine.engine import Engine, Oracles
from robustness.engine.oracle import Oracle
from robustness.engine.trial import Plan
from robustness.helpers.encoder import EncoderBackend
from robustness.tasks.classification import Classification, Misclassify
from robustness.tasks.task import Space
from robustness.victims import load_victim

SYNONYMS: dict[str, list[tuple[str, ...]]] = {
    "n": [("film", "movie", "picture"), ("story", "tale"), ("cast", "troupe"), ("script", "screenplay"), ("actors", "players")],
    "v": [("love", "enjoy"), ("bore", "tire"), ("fails", "flops")],
    "a": [("good", "decent", "solid"), ("bad", "poor", "weak"), ("charming", "appealing"), ("dull", "drab"), ("lovely", "nice")],
    "r": [("really", "truly"), ("badly", "poorly")],
}
NEAR = [*(group for groups in SYNONYMS.values() for group in groups), ("great", "grand"), ("bleak", "grim"), ("mess", "muddle")]
TAGGED = [
    [("a", "DT"), ("good", "JJ"), ("film", "NN")],
    [("they", "PRP"), ("film", "VBP"), ("a", "DT"), ("bad", "JJ"), ("movie", "NN")],
    [("the", "DT"), ("story", "NN"), ("fails", "VBZ"), ("badly", "RB")],
    [("we", "PRP"), ("really", "RB"), ("love", "VBP"), ("charming", "JJ"), ("actors", "NNS")],
]
TAGSET = {"DT": "DET", "JJ": "ADJ", "NN": "NOUN", "NNS": "NOUN", "PRP": "PRON", "RB": "ADV", "VBP": "VERB", "VBZ": "VERB"}
EXAMPLES = [
    ("a dull film , with a good story and a bad script", "negative"),
    ("the 2 actors fails in a weak film , but it's a tale", "negative"),
    ("a charming story and a really good cast", "positive"),
]
"""The scripted victim counts keywords: the first two can be turned by one or two words, the third cannot."""


@pytest.fixture(autouse=True)
def _needs_textattack(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("textattack") and util.find_spec("textattack") is None:
        pytest.skip("TextAttack is not installed: make test-textattack")


def _stopwords(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "english").write_text("a\nand\nthe\nof\nit\nbut\nwith\nis\n")
    (folder / "french").write_text("le\nla\net\n")
    (folder / "spanish").write_text("el\nla\ny\n")


def _tagger(folder: Path, tagset: Path) -> None:
    from nltk.tag.perceptron import PerceptronTagger

    tagger: Any = PerceptronTagger(load=False)
    state = random.getstate()
    random.seed(0)  # it shuffles with the global generator
    tagger.train(TAGGED, nr_iter=5)
    random.setstate(state)
    folder.mkdir(parents=True)
    parts = {"weights": tagger.model.weights, "tagdict": tagger.tagdict, "classes": sorted(tagger.classes)}
    for name, part in parts.items():
        (folder / f"averaged_perceptron_tagger_eng.{name}.json").write_text(json.dumps(part))
    tagset.mkdir(parents=True)
    (tagset / "en-ptb.map").write_text("".join(f"{tag}\t{universal}\n" for tag, universal in TAGSET.items()))


def _wordnet(folder: Path) -> None:
    """A WordNet of a few words in the format of Princeton's database files."""
    folder.mkdir(parents=True)
    for name in ("index.sense", "cntlist.rev"):
        (folder / name).touch()
    (folder / "lexnames").write_text("".join(f"{i:02}\tfile{i}\t1\n" for i in range(45)))
    for letter, pos in (("n", "noun"), ("v", "verb"), ("a", "adj"), ("r", "adv")):
        (folder / f"{pos}.exc").touch()
        data, index, at = "", {}, 0
        for group in SYNONYMS[letter]:
            words = " ".join(f"{word} 0" for word in group)
            frames = " 00" if letter == "v" else ""
            line = f"{at:08} 03 {letter} {len(group):02x} {words} 000{frames} | a gloss  \n"
            index.update({word: at for word in group})
            data, at = data + line, at + len(line)
        (folder / f"data.{pos}").write_text(data)
        (folder / f"index.{pos}").write_text("".join(f"{w} {letter} 1 0 1 0 {n:08}  \n" for w, n in sorted(index.items())))


def _multilingual(folder: Path) -> None:
    """French and Spanish lemmas of the first two nouns of that WordNet."""
    offsets = [0, len("00000000 03 n 03 film 0 movie 0 picture 0 000 | a gloss  \n")]
    for lang, lemmas in (
        ("fra", [("film", "cinéma"), ("histoire", "récit")]),
        ("spa", [("película", "cinta"), ("historia", "cuento")]),
    ):
        (folder / lang).mkdir(parents=True)
        rows = [f"{at:08}-n\t{lang}:lemma\t{word}\n" for at, group in zip(offsets, lemmas, strict=True) for word in group]
        (folder / lang / f"wn-data-{lang}.tab").write_text(f"# a WordNet\t{lang}\n" + "".join(rows), encoding="utf-8")


@pytest.fixture(scope="session")
def nltk_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """NLTK data of a few words, and nothing else of NLTK's in sight."""
    nltk = pytest.importorskip("nltk")
    folder = tmp_path_factory.mktemp("nltk_data")
    _stopwords(folder / "corpora" / "stopwords")
    _wordnet(folder / "corpora" / "wordnet")
    _multilingual(folder / "corpora" / places.multilingual_wordnet())
    _tagger(folder / "taggers" / "averaged_perceptron_tagger_eng", folder / "taggers" / "universal_tagset")
    before = list(nltk.data.path)
    nltk.data.path[:] = [str(folder)]
    yield folder
    nltk.data.path[:] = before


@pytest.fixture(scope="session")
def vectors() -> VectorNeighbours:
    """Unit vectors in which the words of one group lie close together."""
    rng = np.random.default_rng(0)
    centres = [rng.normal(size=16) for _ in NEAR]
    words = [word for group in NEAR for word in group]
    rows = [centre + 0.05 * rng.normal(size=16) for centre, group in zip(centres, NEAR, strict=True) for _ in group]
    matrix = np.array(rows, np.float32)
    return VectorNeighbours(words, matrix / np.linalg.norm(matrix, axis=1, keepdims=True), "small vectors")


@pytest.fixture(scope="session")
def masked_lm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked language model with random weights that knows the words of the examples."""
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = sorted({word for group in NEAR for word in group} | {w for text, _ in EXAMPLES for w in text.split()})
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate([*special, *words])}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=len(special) + len(words), **sizes)
    transformers.set_seed(0)
    folder = tmp_path_factory.mktemp("masked")
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 with random weights over single bytes."""
    import transformers
    from tokenizers import pre_tokenizers

    folder = tmp_path_factory.mktemp("gpt2")
    tokens = ["<|endoftext|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    transformers.set_seed(0)
    config = transformers.GPT2Config(vocab_size=len(tokens), n_embd=16, n_layer=1, n_head=2, n_positions=256)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def homoglyphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few lines in the format of Unicode's table of intentional homoglyphs."""
    path = tmp_path_factory.mktemp("unicode") / "intentional.txt"
    rows = [("a", "а"), ("o", "о"), ("i", "і")]
    lines = [f"{ord(a):04X} ;\t{ord(b):04X}\t# ( {a} ~ {b} ) SMALL LETTER ~ CYRILLIC SMALL LETTER\n" for a, b in rows]
    path.write_text("# intentional.txt\n\n" + "\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def named(nltk_folder: Path, vectors: VectorNeighbours, masked_lm: Path, gpt2: Path, homoglyphs: Path) -> dict[str, object]:
    """Something for every resource that any recipe can be given."""
    left_out = ("google-lm", "learning-to-write", "flair-ner", "flair-pos", "open-hownet", "chinese-homophones")
    return {
        **dict.fromkeys(left_out, "none"),
        "nltk": str(nltk_folder),
        "counter-fitted": vectors,
        "sentence-encoder": "run",
        "masked-lm": str(masked_lm),
        "gpt2": str(gpt2),
        "homoglyphs": str(homoglyphs),
    }


@pytest.fixture(autouse=True)
def _empty_caches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the home folder of whoever runs these tests must not decide them."""
    empty = tmp_path_factory.mktemp("home")
    for name in ("TFHUB_CACHE_DIR", "FLAIR_CACHE_ROOT"):
        monkeypatch.setenv(name, str(empty / name))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(empty / "hub"))
    monkeypatch.setattr("attacks.textattack_bridge.places.cache_folder", lambda: empty / "textattack")


@pytest.fixture
def build(named: dict[str, object]) -> Callable[..., Recipe]:
    """Build a recipe by name, with resources other than the usual ones where given."""

    def make(name: str, resources: Mapping[str, object] | None = None) -> Recipe:
        recipe = build_recipe(name, Options(resources=Resources(named=named if resources is None else resources)))
        return _smaller(recipe)

    return make


def _smaller(recipe: Recipe) -> Recipe:
    """The same recipe; a search with a population takes a few rounds instead of minutes."""
    attack: Any = recipe.attack
    search = attack.parts.pattern.search_method
    for name, most in (("pop_size", 8), ("popsize", 8), ("max_iters", 3), ("maxiter", 3)):
        if hasattr(search, name):
            setattr(search, name, min(getattr(search, name), most))
    return recipe


class BagOfWords:
    """A sentence encoder without weights: the sum of a random direction for each word."""

    name = "bag of words"
    identity: Mapping[str, str] = {"weights": "none"}
    row_quantum, length_quantum, mixed_lengths, padding_cost = 0, 1, (0, 0), 1.0

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 1 for text in texts]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.array([np.sum([_direction(w) for w in [".", *t.lower().split()]], axis=0) for t in texts], np.float32)
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def _direction(word: str) -> list[float]:
    rng = Random(word)
    return [rng.gauss(0, 1) for _ in range(16)]


Run = Callable[..., list[Outcome]]


@pytest.fixture
def run() -> Run:
    """Run a recipe on a few examples; outcomes in the order of the examples."""

    def go(recipe: Recipe, rows: Sequence[Any] = EXAMPLES, **options: Any) -> list[Outcome]:
        victim = options.pop("victim", None) or load_victim("scripted:keyword")
        data = load_examples([_row(row) for row in rows], labels=victim.info.labels, text=list(victim.info.fields))
        encoder = Oracle(EncoderBackend(BagOfWords()))
        oracles = Oracles({"victim": Oracle(VictimBackend(victim)), "encoder": encoder})
        engine = Engine(oracles, in_flight=options.pop("in_flight", 8))
        space = Space(victim.info.labels, victim.info.fields)
        plan = {"task": Classification(), "goal": Misclassify(), "space": space, "budget": 80, **options}
        finished = plan.pop("finished", {})
        found = {o.example_id: o for o in engine.outcomes(Plan(recipes=(recipe,), **plan), data.examples, finished)}
        return [found[e.id] for e in data.examples if e.id in found]

    return go


def _row(row: Any) -> dict[str, str]:
    if isinstance(row, Mapping):
        return dict(row)
    text, label = row
    return {"text": text, "label": label}
