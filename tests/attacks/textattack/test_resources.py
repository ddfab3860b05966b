"""Resources: looked for on this machine first, chosen by name, never fetched in passing, and read without running code."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attacks.language.resources import Resources
from attacks.language.vectors import BuiltinNeighbours, VectorNeighbours
from attacks.recipes import build as build_recipe
from attacks.recipes.registry import Options
from attacks.search import Recipe
from attacks.textattack_bridge import catalogue, places, techniques
from attacks.textattack_bridge.gather import check_names, gather
from attacks.textattack_bridge.loading import MARK, load
from attacks.textattack_bridge.resources import options

pytestmark = pytest.mark.textattack


def refused(name: str, named: dict[str, object]) -> str:
    with pytest.raises(ValueError, match="cannot run here") as caught:
        gather(catalogue.find(name), named)
    return str(caught.value)


def test_the_message_says_which_resource_where_and_what_may_be_chosen(nltk_folder: Path) -> None:
    said = refused("kuleshov-2017", {"gpt2": "none"})
    cache = places.cache_folder() / "word_embeddings" / "paragramcf"
    assert f"counter-fitted word vectors (Mrkšić et al. 2016): looked for {cache}. To choose: --resource counter-fitted=…" in said
    assert "`builtin`, the neighbours that this package ships" in said
    assert "GPT-2" not in said
    assert "robustness prefetch textattack:kuleshov-2017" in said


def test_our_own_counter_fitted_vectors_stand_in_unasked_and_are_named(
    nltk_folder: Path, build: Callable[..., Recipe], run: Any
) -> None:
    found = gather(catalogue.find("textfooler-jin-2019"), {"sentence-encoder": "run"})["counter-fitted"]
    assert (found.substitute, found.shown) == (True, BuiltinNeighbours.name)
    unasked, chosen = build("textattack:iga-wang-2019", {}), build("textattack:iga-wang-2019", {"counter-fitted": "builtin"})
    assert unasked.substitutes == (f"in place of counter-fitted word vectors (Mrkšić et al. 2016): {BuiltinNeighbours.name}",)
    assert (unasked.note, unasked.parameters) == (chosen.note, chosen.parameters)
    (outcome,) = run(unasked, [("a bad script", "negative")])
    assert outcome.status == "succeeded"


def test_stop_words_are_missed_before_the_import(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import nltk

    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    said = refused("deepwordbug-gao-2018", {})
    assert f"NLTK's stop words, without which TextAttack cannot be imported: looked for corpora/stopwords in {tmp_path}" in said


def test_a_folder_of_nltk_data_can_be_named(monkeypatch: pytest.MonkeyPatch, nltk_folder: Path) -> None:
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    found = gather(catalogue.find("pwws-ren-2019"), {"nltk": str(nltk_folder)})
    assert found["nltk-wordnet"].value == nltk_folder / "corpora" / "wordnet"
    assert not found["nltk-wordnet"].substitute
    assert nltk.data.path == [str(nltk_folder)]


def test_french_needs_more_than_english_wordnet(monkeypatch: pytest.MonkeyPatch, nltk_folder: Path, tmp_path: Path) -> None:
    import nltk

    (tmp_path / "corpora").mkdir()
    for name in ("stopwords", "wordnet"):
        (tmp_path / "corpora" / name).symlink_to(nltk_folder / "corpora" / name)
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    said = refused("french-recipe", {"flair-ner": "none"})
    where = f"corpora/{places.multilingual_wordnet()} in {tmp_path}"
    assert f"NLTK's Open Multilingual WordNet: looked for {where}. To choose: --resource nltk=…" in said
    assert set(gather(catalogue.find("pwws"), {})) == {"nltk-stopwords", "nltk-wordnet"}


@pytest.mark.parametrize(
    ("name", "named", "said"),
    [
        ("textbugger", {"homoglyphs": "/no/such/file"}, "--resource homoglyphs=/no/such/file: nothing there"),
        ("bae", {"masked-lm": __file__}, "nothing there; expected DIR, a fill-mask checkpoint"),
        ("alzantot", {"google-lm": "gpt2"}, "--resource google-lm=gpt2 is not one of its choices"),
        ("textfooler", {"sentence-encoder": "use"}, "--resource sentence-encoder=use is not one of its choices"),
        ("textfooler", {"counter-fitted": "glove.txt"}, "expects loaded word vectors or 'builtin', got 'glove.txt'"),
        ("kuleshov", {"counter-fitted": "builtin", "gpt2": "none"}, "it sums word vectors, and glove-50d-counter-fitted holds"),
        ("bae", {"masked-lm": "none", "sentence-encoder": "none"}, "`none` leaves it without any technique to try"),
    ],
)
def test_choices_that_cannot_be_are_refused(name: str, named: dict[str, object], said: str, nltk_folder: Path) -> None:
    assert said in refused(name, named)


def test_an_unknown_resource_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown resource 'counterfitted'; known: chinese-homophones, counter-fitted"):
        check_names({"counterfitted": "builtin"})


def test_the_strict_profile_is_refused(named: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="brings the rules of its paper; it cannot run under the profile 'strict'"):
        build_recipe("textattack:pwws", Options(profile="strict", resources=Resources(named=named)))


def test_what_textattack_downloaded_before_is_used(nltk_folder: Path, build: Callable[..., Recipe], run: Any) -> None:
    folder = places.cache_folder() / "word_embeddings" / "paragramcf"
    folder.mkdir(parents=True)
    words = ["dull", "drab", "bad", "poor"]
    vectors = np.array([[1, 0, 0], [0.98, 0.2, 0], [0, 1, 0], [0, 0.98, 0.2]], np.float32)
    np.save(folder / "paragram.npy", vectors)
    np.save(folder / "nn.npy", np.array([[0, 1, 3], [1, 0, 3], [2, 3, 1], [3, 2, 1]]))
    (folder / "wordlist.pickle").write_bytes(pickle.dumps({word: row for row, word in enumerate(words)}))
    recipe = build("textattack:iga-wang-2019", {})
    assert "in place of" not in recipe.note
    assert dict(recipe.parameters)["resource counter-fitted"] == "found on this machine: paragramcf"
    (outcome,) = run(recipe, [("a dull , bad story", "negative")])
    assert outcome.perturbed in ("a drab , poor story", "a drab , bad story", "a dull , poor story")


class Sly:
    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/never",)


def test_a_pickle_that_holds_more_than_plain_values_is_not_opened(tmp_path: Path) -> None:
    plain, sly = tmp_path / "plain.pkl", tmp_path / "sly.pkl"
    plain.write_bytes(pickle.dumps({"good": {"adj": ["fine"]}}))
    sly.write_bytes(pickle.dumps({"good": Sly()}))
    assert techniques.plain_pickle(plain) == {"good": {"adj": ["fine"]}}
    with pytest.raises(ValueError, match=r"sly.pkl cannot be read: it holds more than plain values \(posix.system\)"):
        techniques.plain_pickle(sly)


def test_word_vectors_answer_as_textattack_asks(vectors: VectorNeighbours, nltk_folder: Path) -> None:
    chosen = techniques.vectors_class()(vectors)
    index = chosen.word2index("good")
    near = [chosen.index2word(i) for i in chosen.nearest_neighbours(index, 2)]
    assert set(near) == {"decent", "solid"}
    assert chosen.get_cos_sim("good", "decent") > 0.9 > chosen.get_cos_sim("good", "dull")
    assert chosen.get_mse_dist("good", "decent") == pytest.approx(
        float(((chosen["good"] - chosen["decent"]) ** 2).sum()), abs=1e-5
    )
    assert chosen["xyzzy"] is None
    with pytest.raises(KeyError):
        chosen.word2index("xyzzy")


def test_a_table_of_neighbours_knows_no_other_pairs(nltk_folder: Path) -> None:
    chosen = techniques.vectors_class()(BuiltinNeighbours())
    ((word, cosine), *_) = BuiltinNeighbours().nearest("good", 1)
    assert chosen.get_cos_sim("good", word) == chosen.get_cos_sim(word, "good") == cosine
    assert chosen.get_cos_sim("good", "good") == 1.0
    assert chosen.get_cos_sim("good", "algebra") == -1.0


def test_entities_are_looked_up_where_the_word_stands(nltk_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ta = load()

    class Tagger:
        def predict(self, sentence: Any, **options: Any) -> None:
            for i, token in enumerate(sentence.tokens):
                token.add_label("ner", f"tag{i}", 0.9)

    monkeypatch.setitem(ta.shared.utils.strings._flair_taggers, "ner", Tagger())
    text = techniques.Positioned(ta.shared.AttackedText("May is not May"))
    assert [text.ner_of_word_index(i).value for i in range(4)] == ["tag0", "tag1", "tag2", "tag3"]
    assert text.words == ["May", "is", "not", "May"]


def test_the_import_leaves_nothing_behind(nltk_folder: Path) -> None:
    before = dict(os.environ)
    load()
    assert dict(os.environ) == before
    assert not (places.cache_folder() / MARK).exists()


def test_every_option_says_what_may_be_chosen() -> None:
    for name, choices in options().items():
        assert any(sign in choices for sign in ("DIR", "FILE", "`")), name


def test_the_documentation_knows_every_recipe_and_every_resource() -> None:
    text = (Path(__file__).parents[3] / "docs" / "textattack.md").read_text(encoding="utf-8")
    bare = {name for name in catalogue.entries() if not name.startswith("bad-characters-2021-")}
    assert {name for name in bare if f"`{name}`" not in text} == set()
    assert {name for name in options() if f"`{name}`" not in text} == set()
