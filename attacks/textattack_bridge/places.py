"""Where on this machine TextAttack's resources may lie. Looks, and downloads nothing."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Looked:
    """What a search came to: the path, or None, and the places that were tried."""

    path: Path | None
    places: tuple[str, ...]


def cache_folder() -> Path:
    """The folder that TextAttack downloads to."""
    return Path(os.environ.get("TA_CACHE_DIR", "~/.cache/textattack")).expanduser()


def in_cache(relative: str) -> Looked:
    """A file or folder that TextAttack has downloaded."""
    path = cache_folder() / relative
    return Looked(path if path.exists() else None, (str(path),))


def nltk_data(relative: str) -> Looked:
    """A piece of NLTK data, zipped or not, such as ``corpora/stopwords``."""
    import nltk

    for name in (relative, f"{relative}.zip"):
        try:
            return Looked(Path(str(nltk.data.find(name))), ())
        except LookupError:
            continue
    return Looked(None, (f"{relative} in {', '.join(dict.fromkeys(map(str, nltk.data.path)))}",))


def multilingual_wordnet() -> str:
    """The folder in which this NLTK looks for the Open Multilingual WordNet; releases differ."""
    spec = util.find_spec("nltk")
    corpora = Path(spec.origin or "").parent / "corpus" / "__init__.py" if spec else None
    named = re.findall(r"\"(omw-[\d.]+)\"", corpora.read_text(encoding="utf-8")) if corpora and corpora.exists() else []
    return max(named, default="omw-1.4")


def hub_model(repository: str) -> Looked:
    """The newest snapshot of a checkpoint in the local cache of the Hugging Face hub, if its weights are there."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}" / "snapshots"
    snapshots = [path for path in folder.glob("*") if any(_weights(path))]
    newest = max(snapshots, key=lambda path: path.stat().st_mtime, default=None)
    return Looked(newest, (str(folder),))


def _weights(folder: Path) -> Iterator[Path]:
    for pattern in ("*.safetensors", "pytorch_model*.bin"):
        yield from folder.glob(pattern)


def flair_model(folder: str) -> Looked:
    """The weights of a flair tagger in flair's own cache."""
    root = Path(os.environ.get("FLAIR_CACHE_ROOT", "~/.flair")).expanduser() / "models" / folder
    found = sorted(root.rglob("pytorch_model.bin"))
    return Looked(found[-1] if found else None, (str(root),))


def hub_module(handle: str) -> Looked:
    """A TensorFlow Hub module; None as well where the packages that run it are missing."""
    root = Path(os.environ.get("TFHUB_CACHE_DIR", Path(tempfile.gettempdir()) / "tfhub_modules"))
    path = root / hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest()
    places = (f"{path} ({handle})", *missing_packages("tensorflow", "tensorflow_hub"))
    return Looked(path if path.exists() and len(places) == 1 else None, places)


def missing_packages(*names: str) -> tuple[str, ...]:
    """A note for each package that is not installed."""
    return tuple(f"the package {name}, which is not installed" for name in names if util.find_spec(name) is None)
