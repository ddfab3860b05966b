"""spaCy pipelines: entities by rule and from a trained pipeline, under the names of the data."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from robustness.errors import MissingExtraError, UsageError, VictimError
from robustness.victims import load_victim

with_spacy = pytest.mark.skipif(
    find_spec("spacy") is None, reason="spaCy is not installed: pip install 'robustness-suite[spacy]'"
)
TEXT = "Mary Walker left Acme in Rome."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline of rules, saved: no weights are needed to read what it finds."""
    import spacy

    pipeline: Any = spacy.blank("en")
    rules = [("PERSON", "Mary Walker"), ("ORG", "Acme"), ("GPE", "Rome"), ("DATE", "1996")]
    pipeline.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": text} for label, text in rules])
    path = tmp_path_factory.mktemp("spacy") / "rules"
    pipeline.to_disk(path)
    return path


@with_spacy
def test_entities_come_in_code_points_under_the_names_of_the_data(folder: Path) -> None:
    plain = load_victim(f"spacy:{folder}")
    assert (plain.info.task, set(plain.info.labels)) == ("ner", {"PERSON", "ORG", "GPE", "DATE"})
    assert plain.predict([("👍 " + TEXT,), ("",)]) == [[(2, 13, "PERSON"), (19, 23, "ORG"), (27, 31, "GPE")], []]
    conll = load_victim(f"spacy:{folder}#conll")
    assert set(conll.info.labels) == {"PER", "ORG", "LOC"}
    assert conll.predict([(TEXT + " 1996",)]) == [[(0, 11, "PER"), (17, 21, "ORG"), (25, 29, "LOC")]]


@with_spacy
def test_what_it_is_is_pinned_by_content(folder: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(folder, tmp_path / "copy")
    one, copy, other = (dict(load_victim(f"spacy:{f}").info.identity) for f in (folder, tmp_path / "copy", f"{folder}#conll"))
    assert one == copy != other


@with_spacy
def test_pipelines_that_are_not_there_or_find_nothing_are_explained(folder: Path, tmp_path: Path) -> None:
    import spacy

    with pytest.raises(UsageError, match=r"no spaCy pipeline 'en_core_web_xx'; installed: .*python -m spacy download"):
        load_victim("spacy:en_core_web_xx")
    (tmp_path / "empty").mkdir()
    with pytest.raises(VictimError, match="cannot load the spaCy pipeline"):
        load_victim(f"spacy:{tmp_path / 'empty'}")
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(UsageError, match="finds no entities, it has: no component"):
        load_victim(f"spacy:{tmp_path / 'blank'}")
    with pytest.raises(UsageError, match="finds no 'PRS'; it finds: "):
        load_victim(f"spacy:{folder}#PRS=PER")


@with_spacy
def test_a_trained_pipeline_finds_people_and_places() -> None:
    import spacy

    found = [name for name in spacy.util.get_installed_models() if name.startswith("en_core_web_")]
    if not found:
        pytest.skip("no English pipeline is installed: python -m spacy download en_core_web_sm")
    victim = load_victim(f"spacy:{found[0]}#conll")
    assert set(victim.info.labels) == {"PER", "LOC", "ORG", "MISC"}
    text = "Angela Merkel flew from Berlin to Paris on Monday ."
    entities = victim.predict([(text,)])[0]
    assert [(text[start:end], label) for start, end, label in entities] == [
        ("Angela Merkel", "PER"),
        ("Berlin", "LOC"),
        ("Paris", "LOC"),
    ]
    assert victim.predict([("other",), (text,)])[1] == entities


def test_without_spacy_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['spacy'] = None\n"
        "from robustness.victims import load_victim\n"
        "from robustness.errors import MissingExtraError\n"
        "try: load_victim('spacy:en_core_web_sm')\n"
        "except MissingExtraError as error: print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "robustness-suite[spacy]" in told
    assert issubclass(MissingExtraError, Exception)
