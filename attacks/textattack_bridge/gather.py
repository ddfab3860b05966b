"""Decides, before anything is loaded or asked, whether a recipe can run here and with which resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attacks.language.vectors import BuiltinNeighbours
from attacks.textattack_bridge.catalogue import Entry
from attacks.textattack_bridge.resources import FILE, FOLDER, NONE, RUN_ENCODER, VECTORS, Found, Resource, needed, options

_TEXT_GOAL = "its goal is a change in a text that the victim writes; the victims here answer with labels"
_IMPOSSIBLE = {
    "MinimizeBleu": _TEXT_GOAL,
    "NonOverlappingOutput": _TEXT_GOAL,
    "WordSwapGradientBased": "TextAttack takes its gradients from its own LSTM classifier alone, never from another victim",
}
"""What makes a recipe impossible here whatever the resources, by component."""
_NATIVE = {
    "a2t-yoo-2021": "a2t",
    "bad-characters-2021": "bad-characters-homoglyph",
    "bae-garg-2019": "bae",
    "bert-attack-li-2020": "bert-attack",
    "checklist-ribeiro-2020": "checklist",
    "hotflip-ebrahimi-2017": "hotflip",
    "textbugger-li-2018": "textbugger",
    "textfooler-jin-2019": "textfooler",
}
"""This package's own recipes of the same papers, for those of TextAttack's that can be refused."""
_OWN = {"counter-fitted": "builtin"}
"""What this package ships, by resource: used where the real thing is not on this machine, and reported as a substitute."""
_TECHNIQUES = ("WordSwap", "WordInsertion", "WordMerge", "WordDeletion", "Chinese")


def gather(entry: Entry, named: Mapping[str, object]) -> dict[str, Found]:
    """The resources of a recipe, each found on this machine or chosen by name.

    Raises:
        ValueError: the recipe cannot run here: for each missing resource, which, where it was looked for, what may be chosen.
    """
    check_names(named)
    why = impossible(entry)
    if why is not None:
        raise ValueError(f"{entry.spec} cannot run here: {why}{_instead(entry)}")
    found: dict[str, Found] = {}
    problems: list[str] = []
    for key, resource in needed(entry).items():
        try:
            found[key] = _one(entry, resource, named.get(resource.option))
        except ValueError as error:
            problems.append(str(error))
    problems += _unsuited(entry, found)
    if problems:
        raise ValueError(_refusal(entry, problems))
    return found


def impossible(entry: Entry) -> str | None:
    """Why a recipe cannot run here whatever the resources, or None."""
    return next((why for component, why in _IMPOSSIBLE.items() if component in entry.components), None)


def check_names(named: Mapping[str, object]) -> None:
    """Raise ``ValueError`` for a resource that no recipe knows."""
    unknown = sorted(set(named) - set(options()))
    if unknown:
        raise ValueError(f"unknown resource {', '.join(map(repr, unknown))}; known: {', '.join(sorted(options()))}")


def _one(entry: Entry, resource: Resource, value: object) -> Found:
    if resource.option == "nltk" and value is not None:
        _add_nltk_folder(_path(resource, value, Path.is_dir))
    elif value is not None:
        return _chosen(resource, value)
    looked = resource.look(entry)
    if looked.path is not None:
        return Found(looked.path, f"found on this machine: {looked.path.name}")
    own = stand_in(entry, resource)
    if own is None:
        where = ", ".join(looked.places)
        raise ValueError(f"{resource.title}: looked for {where}. To choose: --resource {resource.option}=… ({resource.choices})")
    return own


def stand_in(entry: Entry, resource: Resource) -> Found | None:
    """What of this package's own takes the place of a resource that is not on this machine, or None.

    The shipped table holds neighbours and no vectors, so a recipe that sums vectors cannot do with it.
    """
    value = _OWN.get(resource.option)
    return None if value is None or "ThoughtVector" in entry.components else _chosen(resource, value)


def _chosen(resource: Resource, value: object) -> Found:
    if VECTORS in resource.kinds:
        return _vectors(resource, value)
    if value == NONE and NONE in resource.kinds:
        return Found(NONE, "left out", substitute=True)
    if value in RUN_ENCODER and value in resource.kinds:
        return Found(value, "the run's sentence encoder", substitute=True)
    if FOLDER in resource.kinds:
        path = _path(resource, value, Path.is_dir)
    elif FILE in resource.kinds:
        path = _path(resource, value, Path.is_file)
    else:
        raise ValueError(f"--resource {resource.option}={value} is not one of its choices: {resource.choices}")
    return Found(path, path.name, substitute=True)


def _vectors(resource: Resource, value: object) -> Found:
    vectors: Any = BuiltinNeighbours() if value == "builtin" else value
    if not hasattr(vectors, "nearest"):
        raise ValueError(f"resource {resource.option!r} expects loaded word vectors or 'builtin', got {value!r}")
    return Found(vectors, vectors.name, substitute=True)


def _path(resource: Resource, value: object, there: Callable[[Path], bool]) -> Path:
    path = Path(str(value)).expanduser()
    if not there(path):
        raise ValueError(f"--resource {resource.option}={value}: nothing there; expected {resource.choices}")
    return path


def _add_nltk_folder(folder: Path) -> None:
    import nltk

    if str(folder) not in nltk.data.path:
        nltk.data.path.append(str(folder))


def _unsuited(entry: Entry, found: Mapping[str, Found]) -> list[str]:
    """Problems with choices that are possible one by one: nothing left to try, sums of vectors without vectors."""
    problems = []
    vectors = found.get("counter-fitted")
    if "ThoughtVector" in entry.components and vectors and vectors.substitute and not hasattr(vectors.value, "vectors"):
        problems.append(
            f"it sums word vectors, and {vectors.shown} holds neighbours alone; choose --resource counter-fitted=FILE"
        )
    gone = {part for key, f in found.items() if f.left_out for part in needed(entry)[key].components}
    techniques = {part for part in entry.components if part.startswith(_TECHNIQUES)}
    if techniques and techniques <= gone:
        problems.append("`none` leaves it without any technique to try")
    return problems


def _refusal(entry: Entry, problems: list[str]) -> str:
    listed = "\n    ".join(problems)
    fetched = f"`robustness prefetch {entry.spec}` fetches what can be fetched"
    return f"{entry.spec} cannot run here:\n    {listed}\n  {fetched}{_instead(entry)}"


def _instead(entry: Entry) -> str:
    native = _NATIVE.get(entry.name)
    return f"; this package's own recipe `{native}` needs no TextAttack" if native else ""
