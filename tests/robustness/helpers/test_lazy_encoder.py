"""The encoder is loaded when something wants a vector, and not before; what it is, is known before that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reports.run.store import load_run
from robustness.cli import main
from robustness.errors import VictimError
from robustness.helpers import encoder as encoders
from robustness.helpers.lazy_encoder import LazyEncoder

ROWS = "text,label\n" + "".join(f"a great film {n},positive\na dull film {n},negative\n" for n in range(3))
AUDIT = ["audit", "--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "deepwordbug", "-q"]


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each loading of an encoder, which still happens."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(ROWS)
    found: list[str] = []
    real = encoders._load

    def counted(name: str, *rest: Any) -> Any:
        found.append(name)
        return real(name, *rest)

    monkeypatch.setattr(encoders, "_load", counted)
    return found


def test_it_is_known_by_its_files_as_it_is_when_loaded(loads: list[str]) -> None:
    lazy = LazyEncoder()
    assert loads == []
    loaded = encoders.load_encoder("minilm")
    assert loaded is not None
    assert dict(lazy.identity) == dict(loaded.identity)
    assert lazy.encode(["a text"]).tolist() == loaded.encode(["a text"]).tolist()
    assert (lazy.row_quantum, lazy.mixed_lengths) == (loaded.row_quantum, loaded.mixed_lengths)


def test_validate_loads_none_and_an_audit_loads_it_for_the_first_success(loads: list[str]) -> None:
    assert main(["validate", "--victim", "scripted:keyword", "--data", "data.csv", "--recipes", "textfooler"]) == 0
    assert main([*AUDIT[:2], "scripted:constant", *AUDIT[3:], "--out", "held"]) == 0
    assert loads == [], "nothing was broken, so no similarity was wanted"
    assert json.loads(Path("held/run.json").read_text())["encoder"] == "minilm"
    assert main([*AUDIT, "--out", "broken"]) == 0
    assert loads == ["minilm"]
    run = load_run("broken")
    similar = [one.similarity for one in run.outcomes if one.status == "succeeded"]
    assert similar
    assert all(one is not None for one in similar)
    assert run.manifest.processor, "a model ran in the end"


def test_what_only_wanted_similarity_goes_on_without_and_says_so(loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise VictimError("its weights are damaged")

    monkeypatch.setattr(encoders, "_load", broken)
    assert main([*AUDIT, "--out", "run"]) == 0
    run = load_run("run")
    assert {one.similarity for one in run.outcomes if one.status == "succeeded"} == {None}
    (flag,) = [one for one in run.manifest.flags if one["code"] == "no-encoder"]
    assert "its weights are damaged" in flag["message"]
    assert main([*AUDIT[:-2], "textfooler", "-q", "--out", "needed"]) == 2, "a recipe that cannot do without ends the run"
    assert not Path("needed").exists()
