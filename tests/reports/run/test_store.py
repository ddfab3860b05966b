from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.run import EditRecord, Manifest, Outcome, Run, RunError, Rung
from reports.run.progress import Done
from reports.run.store import RunWriter, comparability_id, iter_outcomes, load_run

MakeManifest = Callable[..., Manifest]
MakeOutcome = Callable[..., Outcome]


def test_what_was_written_is_read_back(tmp_path: Path, make_manifest: MakeManifest, make_outcome: MakeOutcome) -> None:
    outcomes = [make_outcome("a"), make_outcome("b", status="error"), make_outcome("c", status="skipped")]
    with RunWriter.create(tmp_path / "run", make_manifest(examples=3)) as writer:
        writer.append(outcomes[0])
        writer.append_many(outcomes[1:])
        writer.finish(({"code": "x", "message": "m"},), {"seconds": 1.0})
    run = load_run(tmp_path / "run")
    assert run.outcomes == tuple(outcomes)
    assert run.manifest.finished
    assert run.manifest.flags == ({"code": "x", "message": "m"},)
    assert list(iter_outcomes(tmp_path / "run")) == outcomes


@given(st.text(), st.text(), st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.none(), max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_text_survives_a_line(text: str, after: str, meta: dict[str, object]) -> None:
    outcome = Outcome("e", "r", "failed", "x", "text", {"text": text}, perturbed=after, meta=meta)
    line = outcome.to_json()
    assert line.isascii()
    assert "\n" not in line
    assert Outcome.from_json(line) == outcome


def test_every_field_of_edits_and_rungs_survives_a_line(make_outcome: MakeOutcome) -> None:
    edits = (EditRecord(1, 2, 3, 4, "five", "six", "seven"), EditRecord(5, 6, 7, 8, "", "'"))
    ladder = (Rung(1, "positive", True, "one"), Rung(4, "negative", False, "four"))
    outcome = make_outcome(edits=edits, ladder=ladder)
    raw = json.loads(outcome.to_json())
    assert [list(raw["edits"][0]), list(raw["ladder"][0])] == [[f.name for f in fields(one)] for one in (EditRecord, Rung)]
    assert Outcome.from_json(outcome.to_json()) == outcome


def test_lone_surrogates_survive(tmp_path: Path, make_manifest: MakeManifest, make_outcome: MakeOutcome) -> None:
    outcome = make_outcome(texts={"text": "lone \ud800"})
    with RunWriter.create(tmp_path / "run", make_manifest(examples=1)) as writer:
        writer.append(outcome)
    assert load_run(tmp_path / "run").outcomes == (outcome,)


def test_create_refuses_what_is_not_empty(tmp_path: Path, make_manifest: MakeManifest) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(RunError, match="not empty and holds no run"):
        RunWriter.create(tmp_path, make_manifest())
    with pytest.raises(RunError, match="is a file"):
        RunWriter.create(tmp_path / "thesis.tex", make_manifest())


def test_create_refuses_a_run(tmp_path: Path, make_manifest: MakeManifest) -> None:
    RunWriter.create(tmp_path / "run", make_manifest()).close()
    with pytest.raises(RunError, match="already holds a run"):
        RunWriter.create(tmp_path / "run", make_manifest())


def test_resume_starts_where_nothing_was_begun(tmp_path: Path, make_manifest: MakeManifest) -> None:
    with RunWriter.resume(tmp_path / "run", make_manifest()) as writer:
        assert len(writer.done) == 0


def test_resume_knows_what_is_done(tmp_path: Path, make_manifest: MakeManifest, make_outcome: MakeOutcome) -> None:
    with RunWriter.create(tmp_path / "run", make_manifest(("p", "q"))) as writer:
        writer.append_many([make_outcome("a", "p"), make_outcome("a", "q", "failed")])
    with RunWriter.resume(tmp_path / "run", make_manifest(("p", "q"))) as writer:
        assert dict(writer.done) == {("a", "p"): "succeeded", ("a", "q"): "failed"}
        assert ("b", "p") not in writer.done


@pytest.mark.parametrize("cut", [1, 2, 30, -1])
def test_a_torn_last_line_is_cut_off_and_run_again(
    tmp_path: Path, make_manifest: MakeManifest, make_outcome: MakeOutcome, cut: int
) -> None:
    path = tmp_path / "run"
    with RunWriter.create(path, make_manifest()) as writer:
        writer.append_many([make_outcome("a"), make_outcome("b")])
    whole = (path / "outcomes.jsonl").read_bytes()
    first = whole.index(b"\n") + 1
    (path / "outcomes.jsonl").write_bytes(whole[: first + cut] if cut > 0 else whole[:cut])
    with pytest.raises(RunError, match="line 2"):
        load_run(path)
    with RunWriter.resume(path, make_manifest()) as writer:
        assert set(writer.done) == {("a", "deepwordbug")}
        writer.append(make_outcome("b"))
        writer.finish()
    assert (path / "outcomes.jsonl").read_bytes() == whole


def test_a_bad_line_elsewhere_is_named(tmp_path: Path, make_manifest: MakeManifest, make_outcome: MakeOutcome) -> None:
    path = tmp_path / "run"
    with RunWriter.create(path, make_manifest()) as writer:
        writer.append_many([make_outcome(name) for name in "abc"])
    lines = (path / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    (path / "outcomes.jsonl").write_bytes(lines[0] + b"{}\n" + lines[2])
    for read in (lambda: load_run(path), lambda: RunWriter.resume(path, make_manifest())):
        with pytest.raises(RunError, match="line 2"):
            read()
    assert len((path / "outcomes.jsonl").read_bytes()) == len(lines[0] + b"{}\n" + lines[2])


def test_resume_refuses_another_run_and_names_the_keys(tmp_path: Path, make_manifest: MakeManifest) -> None:
    RunWriter.create(tmp_path, make_manifest()).close()
    other = make_manifest(comparability={"data": "d2", "recipes": ["deepwordbug"], "budget": 9})
    with pytest.raises(RunError, match="differs in budget, data;"):
        RunWriter.resume(tmp_path, other)
    with pytest.raises(RunError, match="differs in seed;"):
        RunWriter.resume(tmp_path, make_manifest(seed=1))
    with pytest.raises(RunError, match="differs in victim;"):
        RunWriter.resume(tmp_path, make_manifest(victim={"name": "other"}))


def test_resume_under_other_versions_says_so(tmp_path: Path, make_manifest: MakeManifest) -> None:
    RunWriter.create(tmp_path, make_manifest(versions={"python": "3.11"})).close()
    with RunWriter.resume(tmp_path, make_manifest(versions={"python": "3.12"})) as writer:
        assert writer.finish().versions == {"python": "3.11", "python (resumed)": "3.12"}


AVX512 = {"name": "one", "instructions": "AVX512", "kernels": "packed", "threads": 2}
AVX2 = {"name": "other", "instructions": "AVX2", "kernels": "plain", "threads": 2}


def test_resume_refuses_a_processor_whose_last_digits_are_others(tmp_path: Path, make_manifest: MakeManifest) -> None:
    RunWriter.create(tmp_path, make_manifest(processor=AVX512)).close()
    with pytest.raises(RunError, match="begun on a processor of AVX512 with packed kernels, and this one has AVX2 with plain"):
        RunWriter.resume(tmp_path, make_manifest(processor=AVX2))
    with pytest.raises(RunError, match="near ties"):
        RunWriter.resume(tmp_path, make_manifest(processor={**AVX512, "kernels": "plain"}))
    for same in (AVX512, {**AVX512, "name": "other", "threads": 64}, {}):  # the name and the threads change no digit
        with RunWriter.resume(tmp_path, make_manifest(processor=same)) as writer:
            assert writer.manifest.processor == AVX512


def test_a_run_of_an_older_version_names_no_processor_and_is_resumed(tmp_path: Path, make_manifest: MakeManifest) -> None:
    RunWriter.create(tmp_path, make_manifest()).close()
    RunWriter.resume(tmp_path, make_manifest(processor=AVX2)).close()


def test_a_pair_ends_once(tmp_path: Path, make_manifest: MakeManifest, make_outcome: MakeOutcome) -> None:
    path = tmp_path / "run"
    with RunWriter.create(path, make_manifest()) as writer:
        writer.append(make_outcome("a"))
        with pytest.raises(RunError, match="each pair ends once"):
            writer.append(make_outcome("a", status="failed"))
    file = path / "outcomes.jsonl"
    file.write_bytes(file.read_bytes() * 2)
    for read in (lambda: load_run(path), lambda: RunWriter.resume(path, make_manifest())):
        with pytest.raises(RunError, match=r"line 2.*each pair ends once"):
            read()


def test_a_refused_batch_writes_nothing_and_closes(
    tmp_path: Path, make_manifest: MakeManifest, make_outcome: MakeOutcome
) -> None:
    writer = RunWriter.create(tmp_path / "run", make_manifest())
    with pytest.raises(RunError, match="not one of this run's"):
        writer.append_many([make_outcome("a"), make_outcome("b", "stranger")])
    assert (tmp_path / "run" / "outcomes.jsonl").read_bytes() == b""
    with pytest.raises(RunError, match="closed"):
        writer.append(make_outcome("c"))
    with pytest.raises(RunError, match="closed"):
        writer.finish()


def test_nan_is_refused_before_it_is_written(tmp_path: Path, make_manifest: MakeManifest, make_outcome: MakeOutcome) -> None:
    with RunWriter.create(tmp_path / "run", make_manifest()) as writer:
        with pytest.raises(ValueError, match="JSON compliant"):
            writer.append(make_outcome("a", similarity=float("nan")))
        writer.append(make_outcome("a"))
    assert len(load_run(tmp_path / "run").outcomes) == 1


def test_two_writers_at_once_are_refused(tmp_path: Path, make_manifest: MakeManifest) -> None:
    with (
        RunWriter.create(tmp_path / "run", make_manifest()),
        pytest.raises(RunError, match="being written by another process"),
    ):
        RunWriter.resume(tmp_path / "run", make_manifest())
    RunWriter.resume(tmp_path / "run", make_manifest()).close()


KILLED = """
import os, signal, sys
from reports.run import Manifest, Outcome
from reports.run.store import RunWriter
manifest = Manifest("now", {}, 0, "strict", None, False, 9, {"name": "v", "labels": ["x", "y"]}, {}, ({"name": "r"},))
writer = RunWriter.create(sys.argv[1], manifest)
for i in range(5):
    writer.append(Outcome(str(i), "r", "failed", "x", "text", {"text": "t"}))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_appended_line_survives_kill_9(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "run")], check=False)
    assert ended.returncode == -signal.SIGKILL
    run = load_run(tmp_path / "run")
    assert [o.example_id for o in run.outcomes] == ["0", "1", "2", "3", "4"]
    assert not run.manifest.finished


def test_a_finished_run_that_lost_a_line_is_refused(make_run: Callable[..., Run], make_outcome: MakeOutcome) -> None:
    path = make_run([make_outcome(name) for name in "abc"]).path
    file = path / "outcomes.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    with pytest.raises(RunError, match="2 outcomes, not 3"):
        load_run(path)


def test_a_finished_run_with_an_edited_line_is_refused(make_run: Callable[..., Run], make_outcome: MakeOutcome) -> None:
    path = make_run([make_outcome(name) for name in "abc"]).path
    file = path / "outcomes.jsonl"
    file.write_text(file.read_text("ascii").replace('"status":"succeeded"', '"status":"failed"', 1), "ascii")
    with pytest.raises(RunError, match="edited"):
        load_run(path)


def test_the_order_of_lines_does_not_matter(make_run: Callable[..., Run], make_outcome: MakeOutcome) -> None:
    outcomes = [make_outcome(name) for name in "abc"]
    one, other = make_run(outcomes), make_run(outcomes[::-1])
    assert one.manifest.outcomes == other.manifest.outcomes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 0}, "run the audit again with this version"),
        ({"schema": 99}, "upgrade robustness-suite"),
        ({"schema": True}, "schema True"),
        ({"seed": "zero"}, "seed cannot be 'zero'"),
        ({"finished": "yes"}, "finished cannot be 'yes'"),
        ({"surprise": 1}, "unknown keys"),
        ({"recipes": [{}]}, "with a name"),
        ({"flags": ["x"]}, "with a code"),
    ],
)
def test_a_bad_manifest_is_refused(
    make_run: Callable[..., Run], make_outcome: MakeOutcome, change: dict[str, object], message: str
) -> None:
    path = make_run([make_outcome()]).path
    raw = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**raw, **change}))
    with pytest.raises(RunError, match=message):
        load_run(path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 1}', '{"schema": NaN}'])
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RunError, match=r"run\.json cannot be read"):
        load_run(tmp_path)


def test_not_a_run_folder(tmp_path: Path, make_run: Callable[..., Run], make_outcome: MakeOutcome) -> None:
    with pytest.raises(RunError, match="nothing there"):
        load_run(tmp_path / "absent")
    with pytest.raises(RunError, match=r"no run\.json"):
        load_run(tmp_path)
    run = make_run([make_outcome()])
    with pytest.raises(RunError, match="it is a file"):
        load_run(run.path / "run.json")
    (run.path / "outcomes.jsonl").unlink()
    with pytest.raises(RunError, match=r"no outcomes\.jsonl"):
        load_run(run.path)


@pytest.mark.parametrize(
    "line",
    [
        "null",
        "[" * 100_000,
        '{"example_id":"a"}',
        '{"example_id":"a","recipe":"r","status":"won","label":"x","field":"text","texts":{}}',
        '{"example_id":"a","recipe":"r","status":"succeeded","label":"x","field":"text","texts":{}}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"queries":"9"}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"queries":true}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"similarity":NaN}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"edits":[{"at":1}]}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"clean":{}}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"clean":{"label":3}}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"clean":{"label":"x","scores":["1"]}}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"clean":{"label":"x","scores":0.5}}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"clean":[]}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"edits":[3]}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"ladder":[{"severity":1,"label":"x","correct":1,"text":"t"}]}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"ladder":[{"severity":true,"label":"x","correct":true,"text":"t"}]}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{},"error":3}',
        '{"example_id":"a","recipe":"r","status":"failed","label":"x","field":"text","texts":{"text":1}}',
    ],
)
def test_lines_that_are_no_outcome(tmp_path: Path, make_manifest: MakeManifest, line: str) -> None:
    RunWriter.create(tmp_path, make_manifest(("r",))).close()
    (tmp_path / "outcomes.jsonl").write_text(line + "\n")
    with pytest.raises(RunError, match="line 1"):
        load_run(tmp_path)


@given(
    st.dictionaries(st.tuples(st.text(max_size=3), st.sampled_from("pqrs")), st.sampled_from(("failed", "error")), max_size=30)
)
@settings(max_examples=60, deadline=None)
def test_done_is_a_mapping(pairs: dict[tuple[str, str], str]) -> None:
    done = Done()
    for pair, status in pairs.items():
        done.add(*pair, status)
    assert dict(done) == pairs
    assert len(done) == len(pairs)


def test_done_stays_small() -> None:
    done = Done()
    for i in range(2000):
        for recipe in range(30):
            done.add(str(i), str(recipe), "failed")
    assert max(sys.getsizeof(code) for code in done._codes.values()) < 48


def test_comparability_ignores_key_order_and_sees_values() -> None:
    one = comparability_id({"a": 1, "b": [1, 2]})
    assert one == comparability_id({"b": (1, 2), "a": 1})
    assert one != comparability_id({"a": 1, "b": [2, 1]})
    assert len(one) == 16


def test_frame_has_a_row_per_outcome(rich_run: Run) -> None:
    frame = rich_run.frame()
    assert len(frame) == 180
    assert {"example_id", "status", "text.text", "clean.shown", "best.scores", "meta.source", "error"} <= set(frame.columns)
    assert frame["meta.year"].dtype == "int64"
    assert "\ud800" in "".join(frame["text.text"])
    assert frame.loc[frame["status"] == "error", "error"].iloc[0] == "VictimError: the victim raised ValueError"


def test_frame_of_nothing_has_columns(make_run: Callable[..., Run]) -> None:
    frame = make_run().frame()
    assert frame.empty
    assert "status" in frame.columns


def test_reading_runs_loads_neither_torch_nor_pandas() -> None:
    code = "import sys, reports.run.store; print([m for m in ('torch', 'transformers', 'pandas', 'scipy') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=dict(os.environ))
    assert said.stdout.strip() == "[]"
