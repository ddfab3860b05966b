"""What each name in a recipe's ``build`` function means here: parts without faults, with their resources, or left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

from attacks.textattack_bridge import judging, searching, techniques
from attacks.textattack_bridge.catalogue import Entry
from attacks.textattack_bridge.loading import load
from attacks.textattack_bridge.resources import NER, RESOURCES, Found

_RULES = {
    "UniversalSentenceEncoder", "SBERT", "GPT2", "Google1BillionWordsLanguageModel", "LearningToWriteLanguageModel",
}  # fmt: skip


def names(entry: Entry, found: Mapping[str, Found]) -> dict[str, Any]:
    """The meaning of every global name of the recipe's ``build`` function that differs from TextAttack's own."""
    ta = load()
    made: dict[str, Any] = {
        "UntargetedClassification": judging.goal_class(),
        "TargetedClassification": judging.goal_class(),
        "InputReduction": judging.reduction_class(),
        "GreedyWordSwapWIR": searching.greedy_class(),
        "PartOfSpeech": searching.part_of_speech_class(),
        "StopwordModification": searching.stopword_class(),
        "WordSwapWordNet": techniques.wordnet_class(),
    }
    for key in (k for k in found if k in _MAKERS and not found[k].left_out):
        made |= _MAKERS[key](ta, entry, found[key])
    return made | left_out(found)


def left_out(found: Mapping[str, Found]) -> dict[str, Any]:
    """Stand-ins for the rules and techniques whose resource the user left out."""
    return {name: _left_out(name) for key, one in found.items() if one.left_out for name in RESOURCES[key].components}


def _left_out(name: str) -> Any:
    return techniques.left_out_rule() if name in _RULES else techniques.left_out_technique()


def _counter_fitted(ta: Any, entry: Entry, found: Found) -> dict[str, Any]:
    vectors = techniques.vectors_class()(found.value) if found.substitute else techniques.downloaded_vectors(found.value)  # type: ignore[arg-type]
    return {
        "WordSwapEmbedding": partial(ta.transformations.WordSwapEmbedding, embedding=vectors),
        "WordEmbeddingDistance": partial(ta.constraints.semantics.WordEmbeddingDistance, embedding=vectors),
        "ThoughtVector": partial(ta.constraints.semantics.sentence_encoders.ThoughtVector, embedding=vectors),
    }


def _sentence_encoder(ta: Any, entry: Entry, found: Found) -> dict[str, Any]:
    if not found.substitute:
        return {}
    encoder = searching.encoder_class()
    return {
        "UniversalSentenceEncoder": lambda threshold=0.8, large=False, metric="angular", **rest: encoder(
            threshold, metric, **rest
        ),
        "SBERT": lambda threshold=0.7, metric="cosine", model_name="", **rest: encoder(threshold, metric, **rest),
    }


def _homoglyphs(ta: Any, entry: Entry, found: Found) -> dict[str, Any]:
    return {"WordSwapHomoglyphSwap": partial(techniques.homoglyph_class(), found.value)}


def _masked_lm(ta: Any, entry: Entry, found: Found) -> dict[str, Any]:
    path, transformers = str(found.value), ta.attack.transformers
    kinds = ("WordSwapMaskedLM", "WordInsertionMaskedLM", "WordMergeMaskedLM")
    made: dict[str, Any] = {}
    for kind in kinds:
        whole = techniques.masked_class(kind)
        made[kind] = (
            whole
            if "transformers.AutoTokenizer.from_pretrained" in entry.components
            else partial(whole, masked_language_model=path)
        )
    chosen = ta.transformations.ChineseWordSwapMaskedLM if hasattr(ta.transformations, "ChineseWordSwapMaskedLM") else None
    made["ChineseWordSwapMaskedLM"] = partial(chosen, model=path) if chosen else None
    made["transformers"] = SimpleNamespace(
        AutoModelForCausalLM=_fixed(transformers.AutoModelForMaskedLM, path),
        AutoTokenizer=_fixed(transformers.AutoTokenizer, path),
    )
    return made


def _fixed(loader: Any, path: str) -> Any:
    """A loader that reads this checkpoint whatever name it is asked for."""
    return SimpleNamespace(from_pretrained=lambda _: loader.from_pretrained(path))


def _gpt2(ta: Any, entry: Entry, found: Found) -> dict[str, Any]:
    return {"GPT2": partial(ta.constraints.grammaticality.language_models.GPT2, model_name=str(found.value))}


def _flair_ner(ta: Any, entry: Entry, found: Found) -> dict[str, Any]:
    _tagger(ta, NER.get(entry.name, NER[""])[0], found)
    kinds = ("WordSwapChangeName", "WordSwapChangeLocation")
    return {kind: techniques.entity_class(kind) for kind in kinds}


def _flair_pos(ta: Any, entry: Entry, found: Found) -> dict[str, Any]:
    _tagger(ta, "upos-fast", found)
    return {}


def _tagger(ta: Any, name: str, found: Found) -> None:
    """Load a tagger from its file, under the name by which TextAttack asks for it."""
    from flair.models import SequenceTagger

    known = ta.shared.utils.strings._flair_taggers
    if name not in known:
        known[name] = SequenceTagger.load(str(found.value))


def _hownet(ta: Any, entry: Entry, found: Found) -> dict[str, Any]:
    return {"WordSwapHowNet": partial(techniques.hownet_class(), found.value)}


_MAKERS: Mapping[str, Callable[[Any, Entry, Found], dict[str, Any]]] = {
    "counter-fitted": _counter_fitted,
    "sentence-encoder": _sentence_encoder,
    "homoglyphs": _homoglyphs,
    "masked-lm": _masked_lm,
    "gpt2": _gpt2,
    "flair-ner": _flair_ner,
    "flair-pos": _flair_pos,
    "hownet": _hownet,
}
