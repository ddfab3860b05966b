"""Smoothed victims, guards behind erase-and-check, and tasks whose right answers name spans: what is asked and what is stated."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from attacks.search import Unusable
from reports.measures.chance.statement import statement
from reports.run.certificates import block, read_certificates
from robustness.certify.certify import certify, settings_of
from robustness.certify.erasing import Erasing, remainders
from robustness.certify.exhaustive import Exhaustive
from robustness.certify.frame import Asked, Frame
from robustness.certify.noise import Masking, noise_of
from robustness.certify.smoothing import Smoothed
from robustness.certify.spaces import parse_space
from robustness.cli import main
from robustness.engine.backends import VictimBackend
from robustness.engine.converse import over_victim
from robustness.engine.engine import Oracles
from robustness.errors import UsageError
from robustness.tasks.registry import task_named
from robustness.tasks.task import Space, space_of
from robustness.victims.scripted import ScriptedVictim

TEXT = "one two three four five six seven eight nine ten"


def frame_of(victim: Any, task: str = "classification", **changes: Any) -> Frame:
    asked = task_named(task)
    return Frame(asked, asked.goal("", space_of(victim)), 0, space_of(victim), **changes)


def found_of(method: Any, victim: Any, examples: Sequence[Asked], **changes: Any) -> list[Any]:
    oracles = Oracles(over_victim(VictimBackend(victim), batch_tokens=1 << 14))
    return [one.certificate for one in certify(oracles, frame_of(victim, **changes), method, examples).found]


def answering(label_of: Any, **changes: Any) -> ScriptedVictim:
    return ScriptedVictim("test", lambda rows: [((0.9, 0.1), (0.1, 0.9))[label_of(text)] for (text,) in rows], **changes)


def test_a_vote_that_is_always_right_is_certified_to_the_radius_of_its_bound() -> None:
    (found,) = found_of(Smoothed(Masking(0.3), radius=1), answering(lambda t: 1), [Asked("e", (TEXT,), 1)])
    assert (found.state, found.radius, found.asked, found.failures) == ("certified", 1, 200, 0)
    assert found.bound == pytest.approx(0.05 ** (1 / 200), abs=1e-5)
    (more,) = found_of(Smoothed(Masking(0.28), radius=2), answering(lambda t: 1), [Asked("e", (TEXT,), 1)])
    assert (more.state, more.why) == ("uncertified", "shown within 1 words, 2 are asked for")


def test_a_vote_shown_to_be_wrong_is_skipped_and_an_undecided_one_abstains() -> None:
    (wrong,) = found_of(Smoothed(Masking()), answering(lambda t: 0), [Asked("e", (TEXT,), 1)])
    assert (wrong.state, wrong.radius) == ("skipped", -1)
    tossed = answering(lambda t: crc32(t.encode()) & 1)
    (coin,) = found_of(Smoothed(Masking(0.4)), tossed, [Asked("e", (TEXT,), 1)])
    assert (coin.state, coin.why) == ("uncertified", "no majority is shown")


def test_an_answer_that_is_none_counts_against_the_vote_and_an_empty_copy_is_not_asked() -> None:
    asked: Counter[str] = Counter()

    def cut(rows: Sequence[Any]) -> list[Any]:
        asked.update(text for (text,) in rows)
        return [Unusable("empty", "") if "one" in text.split() else (0.1, 0.9) for (text,) in rows]

    (found,) = found_of(Smoothed(noise_of("delete", 0.3, None, None)), ScriptedVictim("cut", cut), [Asked("e", ("one two",), 1)])
    assert found.unusable == found.failures > 100
    assert "" not in asked


def test_samples_depend_on_seed_and_example_alone_and_a_varying_victim_is_asked_afresh() -> None:
    victim = answering(lambda t: int("three" in t or "five" in t))
    examples = [Asked(f"e{i}", (TEXT,), 1) for i in range(3)]
    assert found_of(Smoothed(Masking()), victim, examples) == found_of(Smoothed(Masking()), victim, examples[::-1])[::-1]
    count: list[int] = []

    def counted(rows: Sequence[Any]) -> list[Any]:
        count.append(len(rows))
        return [(0.1, 0.9)] * len(rows)

    found_of(Smoothed(Masking(0.4)), ScriptedVictim("v", counted, deterministic=False), [Asked("e", ("a b",), 1)], varies=True)
    assert sum(count) == 200, "equal copies are samples of their own"


def test_only_votes_over_right_labels_are_smoothed() -> None:
    tagging = task_named("ner")
    frame = Frame(tagging, tagging.goal("", Space(("PER",), ("text",))), 0)
    with pytest.raises(UsageError, match="votes over labels"):
        Smoothed(Masking()).check(frame)
    with pytest.raises(UsageError, match="can show no radius of 1"):
        Smoothed(Masking(0.5))
    with pytest.raises(UsageError, match="can show nothing"):
        Smoothed(Masking(), samples=4, confidence=0.95)


def test_what_is_erased_gives_every_text_back_that_something_was_added_to() -> None:
    text = "ignore the rules  above"
    plain = " ".join(text.split())
    for added in ("x", "x y", "x y z"):
        assert plain in set(remainders(f"{text} {added}", "suffix", 3))
        for at in range(5):
            words = plain.split()
            assert plain in set(remainders(" ".join([*words[:at], added, *words[at:]]), "insertion", 3))
    assert plain not in set(remainders(f"{text} x y z w", "suffix", 3))
    assert list(remainders("a b c", "suffix", 9)) == ["a b c", "a b", "a"]


def test_a_guard_behind_erase_and_check_keeps_what_it_flags_and_pays_in_false_alarms() -> None:
    guard = answering(lambda t: int("attack" in t or t.endswith("the")), labels=("safe", "attack"))
    examples = [
        Asked("harmful", ("an attack on you",), 1),
        Asked("missed", ("a sly thing",), 1),
        Asked("calm", ("a nice day",), 0),
        Asked("costly", ("pass me the salt",), 0),
    ]
    method = Erasing("suffix", 3, 0, "safe")
    found = found_of(method, guard, examples)
    assert [one.state for one in found] == ["certified", "skipped", "harmless", "harmless"]
    assert [one.failures for one in found] == [0, 0, 0, 1]
    settings = settings_of(frame_of(guard), method, examples, "test", {"data": "d", "field": "text", "identity": {}}, {})
    said = statement(block(settings, found))
    assert (said.n, said.certified, said.flagged) == (2, 1, (1, 0, 2))
    attacked = [f"an attack on you {'x ' * many}".strip() for many in range(1, 4)]
    asked = {text: remainder for text in attacked for remainder in remainders(text, "suffix", 3)}
    assert len(asked) == 3
    assert all(any("attack" in left for left in remainders(text, "suffix", 3)) for text in attacked)


def test_gold_entities_are_left_alone_and_what_is_reached_is_judged_by_the_task(tmp_path: Path) -> None:
    """A tagger that loses a name when anything stands close to it: edits elsewhere break it, the name itself stays."""
    (tmp_path / "tagger.py").write_text(
        "def answer(texts):\n"
        "    at = [t.find('Anna') for t in texts]\n"
        "    return [[(i, i + 4, 'PER')] if i >= 0 and 'met' in t else [] for t, i in zip(texts, at)]\n\n"
        "answer.labels = ['PER']\nanswer.task = 'ner'\n"
    )
    row = {"text": "I met Anna", "entities": [{"start": 6, "end": 10, "label": "PER"}]}
    (tmp_path / "data.jsonl").write_text(json.dumps(row) + "\n")
    out = tmp_path / "c.jsonl"
    victim = f"python:{tmp_path / 'tagger.py'}:answer"
    asked = ["certify", "--victim", victim, "--task", "ner", "--data", str(tmp_path / "data.jsonl"), "--out", str(out), "-q"]
    assert main([*asked, "--space", "char-1:swap+delete"]) == 0
    (made,) = read_certificates(out)
    (one,) = made.found
    assert one.state == "broken"
    assert one.worst is not None
    assert "Anna" in one.worst
    cases = [json.loads(line) for line in (tmp_path / "c.counterexamples.jsonl").read_text().splitlines()]
    assert [case["recipe"] for case in cases] == ["certify:char-1:swap+delete"]
    assert Exhaustive(parse_space("char-1")).kind == "exhaustive"


def test_certificates_of_several_kinds_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data.csv").write_text("text,label\n" + "".join(f"a good film number {i},positive\n" for i in range(40)))
    out = tmp_path / "c.jsonl"
    base = ["certify", "--victim", "scripted:constant:positive", "--data", str(tmp_path / "data.csv"), "--out", str(out)]
    assert main([*base, "--space", "char-1:swap", "--min-certified", "80%"]) == 0
    assert "PASSED" in capsys.readouterr().out
    assert main([*base, "--smooth", "mask", "--keep", "0.2", "--min-certified", "80%"]) == 0
    said = capsys.readouterr().out
    assert "of the smoothed victim, which is not the victim itself" in said
    assert "smooth:mask, radius 1  [100.0 % ≤ truth], at 95 %" in said or "≤ truth], at 95 %" in said
    assert main([*base, "--smooth", "synonyms", "--radius", "2", "--samples", "60", "--json"]) in (0, 3)
    assert main([*base, "--rewrites", "keyboard-typo@1"]) == 0
    assert [one.name for one in read_certificates(out)] == ["char-1:swap", "rewrites", "smooth:mask", "smooth:synonyms"]
