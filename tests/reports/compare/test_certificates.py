"""Comparing certificates: what is paired, what decides, and that nothing which cannot be compared passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.compare.certificates import CertificateChange, CertificateComparison, compare_certificates
from reports.compare.compare import compare
from reports.gate.policy import CompareRules
from reports.measures.paired import Pairs, mcnemar, tango
from reports.run import Outcome, Run, RunError
from reports.run.certificates import CERTIFICATES, Certificate, Certificates, block, write_certificates
from robustness.cli import main

STATES = {"c": "certified", "b": "broken", "s": "skipped", "u": "uncertified", "x": "uncertified", "t": "untouched"}
STATES["h"] = "harmless"
SETTINGS: dict[str, Any] = {
    **{"certificate_id": "id", "name": "char-1", "kind": "exhaustive", "victim": "demo", "identity": {"weights": "a"}},
    **{"task": "classification", "goal": "misclassify", "field": "text", "labels": ["no", "yes"], "data": "d1", "seed": 0},
    **{"varies": False, "space": {"digest": "s1"}, "all_texts": False},
}
SAMPLED: dict[str, Any] = {
    "name": "smooth:mask",
    "kind": "smoothed",
    "smoothing": "mask",
    "confidence": 0.95,
    "samples": 200,
    "radius": 1,
}


def made(states: str, group: Callable[[int], str | None] = lambda _: None, **changes: Any) -> Certificates:
    """A certificate from one letter an example."""
    found = [
        Certificate(f"e{i:04d}", STATES[letter], asked=9, error=letter == "x", group=group(i)) for i, letter in enumerate(states)
    ]
    return block({**SETTINGS, **changes}, found)


@pytest.fixture
def held(tmp_path: Path) -> Callable[..., CertificateComparison]:
    """``held([...], [...], margin)``: the certificates of two files compared."""

    def compared(base: list[Certificates], candidate: list[Certificates], margin: float = 0.05) -> CertificateComparison:
        paths = tmp_path / "base.jsonl", tmp_path / "candidate.jsonl"
        for path, blocks in zip(paths, (base, candidate), strict=True):
            write_certificates(path, blocks)
        return compare_certificates(*paths, CompareRules(max_regression=margin))

    return compared


def one(found: CertificateComparison) -> CertificateChange:
    (change,) = found.certificates
    return change


def test_examples_are_paired_and_nothing_but_certified_holds(held: Callable[..., CertificateComparison]) -> None:
    found = one(held([made("ccccc" + "bsuh")], [made("cbsuc" + "cbbh")]))
    assert found.change is not None
    assert found.change.pairs == Pairs(both=2, broken=3, fixed=1, neither=2)
    assert found.lost == ("e0001", "e0002", "e0003")
    assert found.gained == ("e0005",)
    assert (found.change.low, found.change.high) == tango(3, 1, 8, 0.95)
    assert found.change.p == mcnemar(3, 1)
    assert "no longer certified: e0001, e0002, e0003" in found.notes


@pytest.mark.parametrize(
    ("base", "candidate", "margin", "verdict"),
    [
        ("c" * 100 + "b" * 100, "c" * 100 + "b" * 100, 0.05, "no evidence"),
        ("c" * 10 + "b" * 10, "c" * 10 + "b" * 10, 0.05, "inconclusive"),
        ("c" * 100 + "b" * 100, "c" * 60 + "b" * 140, 0.05, "regressed"),
        ("c" * 100 + "b" * 100, "c" * 97 + "b" * 103, 0.05, "no evidence"),
        ("c" * 100 + "b" * 100, "c" * 92 + "b" * 108, 0.05, "inconclusive"),
        ("c" * 60 + "b" * 140, "c" * 100 + "b" * 100, 0.05, "improved"),
        ("c" * 100 + "b" * 100, "c" * 90 + "x" * 10 + "b" * 100, 0.05, "inconclusive"),
        ("c" * 401, "c" * 400 + "x", 0.05, "inconclusive"),  # few errors are allowed, an unfinished certificate is not
        ("c" * 100 + "b" * 100, "c" * 80 + "t" * 20 + "b" * 100, 0.05, "inconclusive"),
    ],
)
def test_the_margin_decides_and_what_is_missing_never_passes(
    base: str, candidate: str, margin: float, verdict: str, held: Callable[..., CertificateComparison]
) -> None:
    found = held([made(base)], [made(candidate, identity={"weights": "b"})], margin)
    assert found.verdict == verdict, one(found).reasons
    assert found.exit_code == {"no evidence": 0, "improved": 0, "regressed": 1, "inconclusive": 3}[verdict]
    assert json.loads(json.dumps(found.to_dict()))["certificates"][0]["verdict"] == verdict


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"data": "d2"}, "data: d1 in the base, d2 in the candidate"),
        ({"space": {"digest": "s2"}}, "space.digest"),
        ({"goal": "answer-with:yes"}, "goal"),
        ({"data": ""}, "the record of the data: kept in the base, missing in the candidate"),
    ],
)
def test_other_questions_are_not_compared(changes: dict[str, Any], what: str, held: Callable[..., CertificateComparison]) -> None:
    found = held([made("c" * 200)], [made("c" * 200, **changes)])
    assert (found.verdict, found.exit_code) == ("not comparable", 3)
    assert any(what in reason for reason in one(found).reasons), one(found).reasons
    assert one(found).change is None


def test_a_certificate_that_the_candidate_lacks_or_of_other_examples_is_no_pass(
    held: Callable[..., CertificateComparison],
) -> None:
    good, mask = made("c" * 200), made("c" * 200, **SAMPLED)
    assert held([good, mask], [good]).exit_code == 3
    alone = held([good], [good, mask])
    assert (alone.verdict, alone.extra) == ("no evidence", ("smooth:mask",))
    assert (
        "examples that the other lacks: 1, such as e0199 in the base, none in the candidate"
        in one(held([good], [made("c" * 199)])).reasons
    )
    assert held([good, mask], [good, made("b" * 200, **SAMPLED)]).verdict == "regressed", "the worst of them"


def test_a_sampled_certificate_that_is_gone_is_not_called_broken(held: Callable[..., CertificateComparison]) -> None:
    found = one(held([made("c" * 40, **SAMPLED)], [made("c" * 39 + "u", **SAMPLED, identity={"weights": "b"})]))
    assert any("no longer shown, and not shown to be broken" in note for note in found.notes)
    assert one(held([made("c" * 40)], [made("c" * 40)])).notes == ("both speak of the same victim, byte for byte",)


def test_examples_in_groups_count_as_what_they_are_worth_together(held: Callable[..., CertificateComparison]) -> None:
    base, candidate = "c" * 100 + "b" * 100, "c" * 80 + "b" * 120
    alone, grouped = (one(held([made(base, g)], [made(candidate, g)])).change for g in (lambda _: None, lambda i: str(i // 20)))
    assert alone is not None
    assert grouped is not None
    assert grouped.low < alone.low


def test_two_runs_say_what_became_of_their_certificates_and_decide_nothing_by_it(
    make_run: Callable[..., Run], make_outcome: Callable[..., Outcome], tmp_path: Path
) -> None:
    base, candidate = (make_run([make_outcome(f"e{i:04d}", status="failed") for i in range(100)]) for _ in range(2))
    write_certificates(base.path / CERTIFICATES, [made("c" * 100)])
    (told,) = [note for note in compare(base, candidate).notes if "certificates" in note]
    assert told == "only the base run has certificates, so those are not compared"
    write_certificates(candidate.path / CERTIFICATES, [made("b" * 100)])
    found = compare(base, candidate, CompareRules(max_regression=0.1))
    assert found.verdict == "no evidence"
    assert any(note.startswith("certificate char-1: regressed: certified 100.0 % → 0.0 % of 100") for note in found.notes)
    (candidate.path / CERTIFICATES).write_text("{}")
    with pytest.raises(RunError, match="line 1"):
        compare(base, candidate)


def test_the_command_takes_two_files_and_refuses_what_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = "".join(f"a {'dull' if i % 4 else 'great'} film number {i},{'negative' if i % 4 else 'positive'}\n" for i in range(40))
    Path("data.csv").write_text("text,label\n" + data)
    for victim, out in (("keyword", "a.jsonl"), ("constant:negative", "b.jsonl")):
        certify = [
            "certify",
            "--victim",
            f"scripted:{victim}",
            "--data",
            "data.csv",
            "--space",
            "char-1:swap",
            "--out",
            out,
            "-q",
        ]
        assert main(certify) in (0, 3)
    capsys.readouterr()
    assert main(["compare", "a.jsonl", "b.jsonl"]) == 0
    assert capsys.readouterr().out.startswith("IMPROVED")
    assert main(["compare", "b.jsonl", "a.jsonl", "-q"]) == 1
    assert capsys.readouterr().out.startswith("REGRESSED: char-1:swap: certified 75.0 % → 25.0 % of 40")
    assert main(["compare", "b.jsonl", "a.jsonl", "--max-regression", "90pt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["certificates"][0]["change"]["pairs"]["broken"] == 30
    Path("run").mkdir()
    for words, said in (
        (["run", "a.jsonl"], "two run folders, or two files of certificates"),
        (["a.jsonl", "b.jsonl", "--out", "x"], "--out is for two run folders"),
        (["a.jsonl", "b.jsonl", "--shared"], "--shared is for two run folders"),
        (["a.jsonl", "b.jsonl", "--device", "cpu"], "--device is for two run folders"),
        (["a.jsonl", "data.csv"], "line 1: not a certificate"),
        (["a.jsonl", "b.jsonl", "--expect", "0" * 64], "--expect needs a run folder"),
    ):
        assert main(["compare", *words]) == 2, words
        assert said in capsys.readouterr().err
