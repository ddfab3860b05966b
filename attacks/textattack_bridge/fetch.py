"""Fetches what TextAttack's recipes need, for users with a network. Only ``robustness prefetch`` calls this."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from urllib.request import urlopen

from attacks.textattack_bridge import places
from attacks.textattack_bridge.catalogue import Entry
from attacks.textattack_bridge.gather import impossible, stand_in
from attacks.textattack_bridge.loading import load
from attacks.textattack_bridge.resources import MASKED, NER, USE, needed

UNICODE_TABLE = "https://www.unicode.org/Public/security/latest/intentional.txt"
_CHECKPOINT = ("*.json", "*.txt", "*.model", "model.safetensors")
"""Files of a checkpoint that are worth fetching; pickled weights are not."""
Fetch = Callable[[Entry], None]


@dataclass(frozen=True, slots=True)
class State:
    """One resource of a recipe: whether it is on this machine now, and what was done or is in the way.

    ``stand_in``: what of this package's own a run takes until then, or nothing.
    """

    title: str
    there: bool
    remark: str
    stand_in: str = ""


def states(entry: Entry, *, fetch: bool = False) -> Iterator[State]:
    """The resources of a recipe one by one; with ``fetch`` each missing one is fetched first, if that is possible."""
    why = impossible(entry)
    if why is not None:
        yield State("the recipe itself", False, why)
        return
    for key, resource in needed(entry).items():
        looked = resource.look(entry)
        if looked.path is not None:
            yield State(resource.title, True, "there already")
            continue
        state = _fetched(entry, key, resource.title) if fetch else _lacking(resource.title, looked.places)
        own = stand_in(entry, resource)
        yield replace(state, stand_in=own.shown) if own and not state.there else state


def _lacking(title: str, places_: Sequence[str]) -> State:
    return State(title, False, f"not in {', '.join(places_)}")


def _fetched(entry: Entry, key: str, title: str) -> State:
    if key not in FETCHERS:
        return State(title, False, "it is not offered for download")
    try:
        FETCHERS[key](entry)
    except Exception as error:  # noqa: BLE001 - whatever a download raises, the user is told and the next one is tried
        return State(title, False, f"could not be fetched, {type(error).__name__}: {str(error)[:300]}")
    looked = needed(entry)[key].look(entry)
    return State(title, True, "fetched") if looked.path else _lacking(title, looked.places)


def _nltk(name: str) -> Fetch:
    def fetch(entry: Entry) -> None:
        import nltk

        nltk.download(name, quiet=True, raise_on_error=True)

    return fetch


def _textattack(path: str) -> Fetch:
    return lambda entry: load().shared.utils.download_from_s3(path)


def _checkpoint(repository: str) -> None:
    from huggingface_hub import snapshot_download

    snapshot_download(repository, allow_patterns=list(_CHECKPOINT))


def _sentence_encoder(entry: Entry) -> None:
    if "SBERT" in entry.components:
        import_module("sentence_transformers")
        _checkpoint("sentence-transformers/stsb-distilbert-base")
        return
    hub = import_module("tensorflow_hub")
    hub.load(USE)


def _homoglyphs(entry: Entry) -> None:
    target = places.cache_folder() / "intentional_homoglyphs.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(".part")
    with urlopen(UNICODE_TABLE, timeout=60) as answer, half.open("wb") as file:
        shutil.copyfileobj(answer, file)
    half.replace(target)


def _tagger(repository: str, folder: str) -> None:
    from huggingface_hub import hf_hub_download

    root = Path(os.environ.get("FLAIR_CACHE_ROOT", "~/.flair")).expanduser()
    hf_hub_download(repository, "pytorch_model.bin", cache_dir=root / "models" / folder)


def _names(entry: Entry) -> None:
    _, folder = NER.get(entry.name, NER[""])
    _tagger(f"flair/{folder}", folder)


def _open_hownet(entry: Entry) -> None:
    import_module("OpenHowNet").download()


FETCHERS: Mapping[str, Fetch] = {
    "nltk-stopwords": _nltk("stopwords"),
    "nltk-tagger": _nltk("averaged_perceptron_tagger_eng"),
    "nltk-tagset": _nltk("universal_tagset"),
    "nltk-wordnet": _nltk("wordnet"),
    "nltk-omw": lambda entry: _nltk(places.multilingual_wordnet())(entry),
    "counter-fitted": _textattack("word_embeddings/paragramcf"),
    "sentence-encoder": _sentence_encoder,
    "homoglyphs": _homoglyphs,
    "masked-lm": lambda entry: _checkpoint(MASKED.get(entry.name, "bert-base-uncased")),
    "gpt2": lambda entry: _checkpoint("gpt2"),
    "google-lm": _textattack("constraints/semantics/language-models/alzantot-goog-lm"),
    "learning-to-write": _textattack("constraints/grammaticality/language-models/learning-to-write"),
    "flair-ner": _names,
    "flair-pos": lambda entry: _tagger("flair/upos-english-fast", "upos-english-fast"),
    "hownet": _textattack("transformations/hownet/word_candidates_sense.pkl"),
    "open-hownet": _open_hownet,
}
"""How each kind of resource is fetched; one that is not named here is not offered for download by anybody."""
