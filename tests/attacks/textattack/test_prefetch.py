"""``robustness prefetch``: what is there, what lacks, what was fetched; nothing under ``--offline``."""

from __future__ import annotations

from pathlib import Path

import pytest

from attacks.textattack_bridge import fetch, places
from attacks.textattack_bridge.catalogue import Entry, entries, find
from attacks.textattack_bridge.resources import needed
from robustness.cli import main

pytestmark = pytest.mark.textattack
SAID = pytest.CaptureFixture[str]


def test_what_is_there_is_not_fetched_again(capsys: SAID, nltk_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "FETCHERS", {})
    assert main(["prefetch", "textattack:pwws-ren-2019"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "textattack:pwws-ren-2019: ready",
        "  + NLTK's stop words, without which TextAttack cannot be imported: there already",
        "  + NLTK's WordNet: there already",
    ]


def test_what_lacks_is_fetched_where_it_is_looked_for(capsys: SAID, nltk_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(entry: Entry) -> None:
        (places.cache_folder() / "word_embeddings" / "paragramcf").mkdir(parents=True)

    monkeypatch.setattr(fetch, "FETCHERS", {"counter-fitted": download})
    assert main(["prefetch", "textattack:iga"]) == 0
    assert "  + counter-fitted word vectors (Mrkšić et al. 2016): fetched" in capsys.readouterr().out
    assert main(["prefetch", "textattack:iga"]) == 0
    assert "  + counter-fitted word vectors (Mrkšić et al. 2016): there already" in capsys.readouterr().out


def test_a_failed_download_is_told_and_the_next_is_tried(
    capsys: SAID, nltk_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def broken(entry: Entry) -> None:
        tried.append(entry.name)
        raise ConnectionError("no route")

    monkeypatch.setattr(fetch, "FETCHERS", {"counter-fitted": broken, "sentence-encoder": broken})
    assert main(["prefetch", "textattack:textfooler"]) == 2
    out = capsys.readouterr().out
    assert tried == ["textfooler-jin-2019"] * 2
    assert "  - a sentence encoder: could not be fetched, ConnectionError: no route" in out
    assert "textattack:textfooler: not ready" in out
    assert "(Mrkšić et al. 2016): could not be fetched, ConnectionError: no route; a run uses" in out


def test_offline_fetches_nothing(capsys: SAID, nltk_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(entry: Entry) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(fetch, "FETCHERS", dict.fromkeys(fetch.FETCHERS, never))
    assert main(["prefetch", "textattack:iga", "--offline"]) == 2
    told = capsys.readouterr()
    assert "--offline forbids fetching" in told.err
    assert "  - counter-fitted word vectors (Mrkšić et al. 2016): not in" in told.out
    assert told.out.splitlines()[0] == "textattack:iga: ready"
    assert "a run uses this package's own, glove-50d-counter-fitted" in told.out
    assert main(["prefetch", "textattack:pwws", "--offline"]) == 0


def test_without_a_recipe_every_one_is_told_of(capsys: SAID, nltk_folder: Path) -> None:
    assert main(["prefetch"]) == 0
    heads = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert len(heads) == len(entries())
    assert "textattack:deepwordbug-gao-2018: ready" in heads
    assert "textattack:hotflip-ebrahimi-2017: not ready" in heads


def test_recipes_of_this_package_need_nothing(capsys: SAID) -> None:
    assert main(["prefetch", "pwws"]) == 0
    assert capsys.readouterr().out == "pwws: ready, its resources come with this package\n"
    assert main(["prefetch", "pwsw"]) == 2
    assert main(["prefetch", "textattack:pwsw"]) == 2


def test_whatever_can_lack_can_be_fetched_or_nobody_offers_it() -> None:
    keys = {key for entry in entries().values() for key in needed(entry)}
    assert keys - set(fetch.FETCHERS) == {"chinese-homophones"}
    assert set(fetch.FETCHERS) <= keys
    (state,) = [s for s in fetch.states(find("hotflip"), fetch=True)]
    assert not state.there
