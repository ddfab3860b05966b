"""What TextAttack's recipes need besides their code: where it is looked for, what may stand in for it, who uses it.

Nothing is downloaded. Counter-fitted vectors alone have a substitute that is taken unasked, and reported: this package's
own. Every other is named by the user: ``--resource NAME=VALUE``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from attacks.textattack_bridge import places
from attacks.textattack_bridge.catalogue import Entry, root

NONE = "none"
RUN_ENCODER = ("minilm", "run")
"""Values of ``sentence-encoder`` that stand for the run's own sentence encoder."""
USE = "https://tfhub.dev/google/universal-sentence-encoder/3"
FILE, FOLDER, VECTORS = "file", "folder", "vectors"
MASKED = {"clare-li-2020": "distilroberta-base", "chinese-recipe": "xlm-roberta-base"}
"""The masked language model of each recipe that does not use BERT's."""
NER = {
    "": ("ner", "ner-english"),
    "french-recipe": ("flair/ner-french", "ner-french"),
    "spanish-recipe": ("flair/ner-multi-fast", "ner-multi-fast"),
}
"""Flair's tagger of names by recipe: how TextAttack calls it, and its folder in flair's cache."""
MULTILINGUAL = ("es", "fr")

Look = Callable[[Entry], places.Looked]


@dataclass(frozen=True, slots=True)
class Found:
    """A resource that a recipe will use: the real thing (a path), or what stands in for it."""

    value: object
    shown: str
    substitute: bool = False

    @property
    def left_out(self) -> bool:
        """Whether the parts that need it are left out."""
        return self.value == NONE


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of resource. ``option``: the NAME of ``--resource NAME=VALUE``; ``kinds``: what its VALUE may be."""

    title: str
    components: frozenset[str]
    look: Look
    option: str
    choices: str
    kinds: tuple[str, ...]


def _cached(relative: str, *packages: str) -> Look:
    def look(entry: Entry) -> places.Looked:
        looked, missing = places.in_cache(relative), places.missing_packages(*packages)
        return places.Looked(None if missing else looked.path, (*looked.places, *missing))

    return look


def _sentence_encoder(entry: Entry) -> places.Looked:
    if "SBERT" not in entry.components:
        return places.hub_module(USE)
    looked = places.hub_model("sentence-transformers/stsb-distilbert-base")
    missing = places.missing_packages("sentence_transformers")
    return places.Looked(None if missing else looked.path, (*looked.places, *missing))


def _in_package(relative: str) -> Look:
    def look(entry: Entry) -> places.Looked:
        path = root() / relative
        fetched = places.in_cache(path.name)
        found = path if path.exists() else fetched.path
        return places.Looked(found, (f"{path}, which TextAttack's wheel lacks", *fetched.places))

    return look


def _open_hownet(entry: Entry) -> places.Looked:
    spec = util.find_spec("OpenHowNet")
    path = Path(spec.origin or "").parent / "resources" / "HowNet_dict_complete" if spec else Path("OpenHowNet")
    return places.Looked(path if path.exists() else None, (str(path.parent),))


def _nltk(title: str, component: str, relative: str) -> Resource:
    def look(entry: Entry) -> places.Looked:
        return places.nltk_data(relative.replace("corpora/omw", f"corpora/{places.multilingual_wordnet()}"))

    return Resource(title, frozenset({component}), look, "nltk", "DIR, a folder of NLTK data", (FOLDER,))


RESOURCES: Mapping[str, Resource] = {
    "nltk-stopwords": _nltk("NLTK's stop words, without which TextAttack cannot be imported", "*", "corpora/stopwords"),
    "nltk-tagger": _nltk("NLTK's part-of-speech tagger", "PartOfSpeech", "taggers/averaged_perceptron_tagger_eng"),
    "nltk-tagset": _nltk("NLTK's universal tag set", "PartOfSpeech", "taggers/universal_tagset"),
    "nltk-wordnet": _nltk("NLTK's WordNet", "WordSwapWordNet", "corpora/wordnet"),
    "nltk-omw": _nltk("NLTK's Open Multilingual WordNet", "WordSwapWordNet:multilingual", "corpora/omw"),
    "counter-fitted": Resource(
        "counter-fitted word vectors (Mrkšić et al. 2016)",
        frozenset({"WordSwapEmbedding", "WordEmbeddingDistance", "ThoughtVector"}),
        _cached("word_embeddings/paragramcf"),
        "counter-fitted",
        "FILE, word vectors as for --vectors, or `builtin`, the neighbours that this package ships",
        (VECTORS,),
    ),
    "sentence-encoder": Resource(
        "a sentence encoder",
        frozenset({"UniversalSentenceEncoder", "SBERT"}),
        _sentence_encoder,
        "sentence-encoder",
        "`minilm` or `run`, the sentence encoder of this run, asked in batches across examples; `none` leaves the rule out",
        (*RUN_ENCODER, NONE),
    ),
    "homoglyphs": Resource(
        "Unicode's table of homoglyphs",
        frozenset({"WordSwapHomoglyphSwap"}),
        _in_package("shared/intentional_homoglyphs.txt"),
        "homoglyphs",
        "FILE, Unicode's security/latest/intentional.txt; `none` leaves the technique out",
        (FILE, NONE),
    ),
    "masked-lm": Resource(
        "a masked language model",
        frozenset({"WordSwapMaskedLM", "WordInsertionMaskedLM", "WordMergeMaskedLM", "ChineseWordSwapMaskedLM"}),
        lambda entry: places.hub_model(MASKED.get(entry.name, "bert-base-uncased")),
        "masked-lm",
        "DIR, a fill-mask checkpoint; `none` leaves the technique out",
        (FOLDER, NONE),
    ),
    "gpt2": Resource(
        "the language model GPT-2",
        frozenset({"GPT2"}),
        lambda entry: places.hub_model("gpt2"),
        "gpt2",
        "DIR, a GPT-2 checkpoint; `none` leaves the rule out",
        (FOLDER, NONE),
    ),
    "google-lm": Resource(
        "Google's language model of a billion words",
        frozenset({"Google1BillionWordsLanguageModel"}),
        _cached("constraints/semantics/language-models/alzantot-goog-lm", "tensorflow"),
        "google-lm",
        "`none` leaves the rule out",
        (NONE,),
    ),
    "learning-to-write": Resource(
        "the language model of Holtzman et al. 2018",
        frozenset({"LearningToWriteLanguageModel"}),
        _cached("constraints/grammaticality/language-models/learning-to-write"),
        "learning-to-write",
        "`none` leaves the rule out",
        (NONE,),
    ),
    "flair-ner": Resource(
        "a named-entity tagger of flair's",
        frozenset({"WordSwapChangeName", "WordSwapChangeLocation"}),
        lambda entry: places.flair_model(NER.get(entry.name, NER[""])[1]),
        "flair-ner",
        "FILE, a flair tagger (a pickle: trust its source); `none` leaves the techniques out",
        (FILE, NONE),
    ),
    "flair-pos": Resource(
        "a part-of-speech tagger of flair's",
        frozenset({"WordSwapHowNet", "WordSwapInflections", "WordMergeMaskedLM"}),
        lambda entry: places.flair_model("upos-english-fast"),
        "flair-pos",
        "FILE, a flair tagger (a pickle: trust its source); `none` leaves the technique out",
        (FILE, NONE),
    ),
    "hownet": Resource(
        "HowNet's synonyms as TextAttack stores them",
        frozenset({"WordSwapHowNet"}),
        _cached("transformations/hownet/word_candidates_sense.pkl"),
        "hownet",
        "FILE, TextAttack's word_candidates_sense.pkl, of which only plain values are read",
        (FILE,),
    ),
    "open-hownet": Resource(
        "OpenHowNet's data",
        frozenset({"ChineseWordSwapHowNet"}),
        _open_hownet,
        "open-hownet",
        "`none` leaves the technique out",
        (NONE,),
    ),
    "chinese-homophones": Resource(
        "a table of Chinese homophones",
        frozenset({"ChineseHomophoneCharacterSwap"}),
        _in_package("shared/chinese_homophone_char.txt"),
        "chinese-homophones",
        "`none` leaves the technique out",
        (NONE,),
    ),
}


def options() -> dict[str, str]:
    """Every NAME of ``--resource NAME=VALUE`` with what may be chosen."""
    return {r.option: r.choices for r in RESOURCES.values()}


def needed(entry: Entry) -> dict[str, Resource]:
    """The resources that a recipe uses, by key."""
    components = {"*", *entry.components}
    if entry.languages[0] in MULTILINGUAL:
        components.add("WordSwapWordNet:multilingual")
    return {key: resource for key, resource in RESOURCES.items() if components & resource.components}
