"""An error says nothing about the victim: ``--resume`` runs such trials again, as if the first run had not met it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import reports.run.store
from reports.run import Run
from reports.run.seal import verify
from reports.run.store import load_run
from robustness import audit
from robustness.errors import VictimError

ROWS = [
    *(("a dull and lazy film", "negative"), ("a bad plot", "negative"), ("a good zebra of a film", "positive")),
    *(("a great and warm story", "positive"), ("a fine zebra", "positive"), ("a good mess", "positive")),
]
UNSTABLE = ("created", "versions", "usage")


class Served:
    """Counts words. A text with a word of ``down`` in it gets a 503; so does the first with ``once`` that would break it."""

    labels = ("negative", "positive")
    robustness_identity = "served-1"

    def __init__(self, *down: str, once: str = "") -> None:
        self.down, self.once, self.asked, self.lone = down, once, 0, True

    def predict_proba(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked += len(texts)
        first = bool(self.once) and any(self.once in text and "good" not in text and text not in dict(ROWS) for text in texts)
        if first and len(texts) == 1 + (not self.lone):
            self.once = ""
        if first or any(word in text for text in texts for word in self.down):
            raise ConnectionError("503 Service Unavailable")
        good = [sum(word in text for word in ("good", "great", "fine", "warm")) for text in texts]
        bad = [sum(word in text for word in ("bad", "dull", "lazy", "mess")) for text in texts]
        shares = [(1 + g) / (2 + g + b) for g, b in zip(good, bad, strict=True)]
        return [[1 - share, share] for share in shares]


def run(
    out: Path, victim: Served, *, resume: bool = False, recipes: str = "deepwordbug,natural:keyboard-typo", **more: Any
) -> Run:
    subject: Any = victim
    return audit(subject, ROWS, recipes=recipes, out=out, resume=resume, encoder="none", budget=30, **more)


def stable(folder: Path) -> dict[str, Any]:
    """All that two runs of the same thing share: the outcome lines, the manifest and the summary."""
    found: dict[str, Any] = {"lines": sorted((folder / "outcomes.jsonl").read_bytes().splitlines())}
    for name in ("run.json", "summary.json"):
        raw = json.loads((folder / name).read_text())
        inner = raw["run"] if name == "summary.json" else raw
        found[name] = {**raw, "run": None} if name == "summary.json" else {}
        found[name]["facts"] = {key: value for key, value in inner.items() if key not in UNSTABLE}
    return found


def errors(folder: Path) -> list[tuple[str, str]]:
    return [(o.example_id, o.recipe) for o in load_run(folder).outcomes if o.status == "error"]


def test_a_finished_run_with_errors_is_resumed_to_the_undisturbed_one(tmp_path: Path) -> None:
    run(tmp_path / "whole", Served())
    run(tmp_path / "run", Served("zebra"))
    assert len(errors(tmp_path / "run")) == 4
    run(tmp_path / "run", Served(), resume=True)
    assert stable(tmp_path / "run") == stable(tmp_path / "whole")
    assert verify(tmp_path / "run").verdict == "verified"


def test_only_trials_in_error_are_asked_again(tmp_path: Path) -> None:
    run(tmp_path / "run", Served("zebra"))
    again = Served("zebra")
    run(tmp_path / "run", again, resume=True)
    assert len(errors(tmp_path / "run")) == 4
    # the six one by one; the four that answer twice one by one and once together; then the two texts in error, halved
    assert again.asked == 6 + 4 + 4 + 4 + 2 + 2


def test_a_run_without_errors_keeps_its_bytes(tmp_path: Path) -> None:
    run(tmp_path / "run", Served())
    before = (tmp_path / "run" / "outcomes.jsonl").read_bytes()
    run(tmp_path / "run", Served(), resume=True)
    assert (tmp_path / "run" / "outcomes.jsonl").read_bytes() == before


def test_a_finished_run_keeps_its_doubts_when_it_is_resumed(tmp_path: Path) -> None:
    """What was seen while it ran, such as answers that came only at the second try, is not seen again by a resume."""
    victim = Served(once="zebra")
    victim.lone = False
    run(tmp_path / "run", victim)
    before = json.loads((tmp_path / "run" / "run.json").read_text())
    assert "unreliable" in [flag["code"] for flag in before["flags"]]
    run(tmp_path / "run", Served(), resume=True)
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == before


def test_in_a_cascade_what_came_after_the_error_is_run_anew(tmp_path: Path) -> None:
    """An example that the first recipe would have broken has no line for the later ones, whatever an error let happen."""
    run(tmp_path / "whole", Served(), recipes="standard", profile="paper")
    whole = stable(tmp_path / "whole")
    broken = {(o.example_id, o.recipe) for o in load_run(tmp_path / "whole").outcomes if o.status == "succeeded"}
    run(tmp_path / "run", Served(once="zebra"), recipes="standard", profile="paper", in_flight=1)
    erred = errors(tmp_path / "run")
    later = [o for o in load_run(tmp_path / "run").outcomes if o.status != "error" and o.example_id in dict(erred)]
    assert erred
    assert later, "no recipe ran after the error, so this test shows nothing"
    assert set(erred) & broken, "the recipe that erred does not break the example, so this test shows nothing"
    run(tmp_path / "run", Served(), resume=True, recipes="standard", profile="paper")
    assert stable(tmp_path / "run")["lines"] == whole["lines"]


def test_a_run_until_its_verdict_is_certain_asks_errors_again(tmp_path: Path) -> None:
    from reports.gate.policy import parse_policy

    policy = parse_policy({"gate": {"min_robust_accuracy": 0.99}}, "test")
    run(tmp_path / "run", Served("zebra"), until_decided=True, policy=policy)
    run(tmp_path / "run", Served(), resume=True, until_decided=True, policy=policy)
    resumed = load_run(tmp_path / "run")
    assert errors(tmp_path / "run") == []
    assert resumed.manifest.finished
    assert resumed.manifest.due == len({o.example_id for o in resumed.outcomes})


@pytest.mark.parametrize("moment", ["sync_folder", "drop_seal", "_write"])
def test_a_kill_while_errors_are_taken_out_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    run(tmp_path / "whole", Served())
    run(tmp_path / "run", Served("zebra"))

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reports.run.store, moment, die)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run", Served(), resume=True)
    run(tmp_path / "run", Served(), resume=True)
    assert stable(tmp_path / "run") == stable(tmp_path / "whole")
    assert not list((tmp_path / "run").glob("*.tmp"))


def test_a_victim_that_is_still_down_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    run(tmp_path / "run", Served("zebra"))
    shutil.copytree(tmp_path / "run", tmp_path / "before")
    with pytest.raises(VictimError, match="answered none"):
        run(tmp_path / "run", Served("a"), resume=True)
    for file in (tmp_path / "before").iterdir():
        assert file.read_bytes() == (tmp_path / "run" / file.name).read_bytes()
