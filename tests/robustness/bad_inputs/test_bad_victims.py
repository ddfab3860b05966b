"""Victims that cannot be loaded, or answer what cannot be used: exit code 2, or outcomes in error that the gate counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

ZEBRA = """text,label
a good and funny film,positive
a bad zebra of a film,negative
such a lovely story,positive
a dull mess,negative
"""

# spec, fragment of the message
UNLOADABLE = [
    ("model.bin", "there is no kind of victim 'model.bin'"),
    ("onnx:model", "there is no kind of victim 'onnx'"),
    ("''", "there is no kind of victim ''"),
    ("python:", "expected python:MODULE:NAME"),
    ("python:json", "expected python:module:name"),
    ("python:no_such_module:predict", "no module named 'no_such_module'"),
    ("python:HERE/none.py:predict", "no such Python file"),
    ("python:HERE/victims.py:predictt", "there is no 'predictt'"),
    ("python:raising_module:predict", "importing 'raising_module' failed: RuntimeError: no GPU here"),
    ("python:misspelt.py:predict", "importing 'misspelt.py' failed: SyntaxError"),
    ("python:needy_module:predict", "it needs the package 'a_package_that_is_not_there'"),
    ("python:HERE/victims.py:not_callable", "is a int: expected a function"),
    ("python:HERE/victims.py:without_labels", "pass --labels first,second in score order"),
    ("python:HERE/victims.py:same_labels", "needs two or more different labels"),
    ("python:HERE/victims.py:one_label", "needs two or more different labels"),
    ("python:HERE/victims.py:strange_access", "must be one of scores, labels, got 'gradients'"),
    ("python:HERE/victims.py:broken_loader", "raised OSError: weights.bin is not there"),
    ("python:HERE/victims.py:empty_loader", "returned NoneType, which is not a predictor"),
    ("python:HERE/victims.py:NeedsArguments", "is a class that needs arguments"),
    ("scripted:oracle", "there is no scripted victim 'oracle'"),
    ("scripted:random:2", "needs a share from 0 to 1, got '2'"),
    ("scripted:flaky:0", "at least 1, got 0"),
    ("predictions:none.jsonl", "none.jsonl"),
    ("hf:no-such-folder", "no-such-folder"),
    ("hf:.", "config.json"),
]
MODULES = {
    "raising_module.py": "raise RuntimeError('no GPU here')\n",
    "misspelt.py": "def predict(texts:\n",
    "needy_module.py": "import a_package_that_is_not_there\n",
}

# name in victims.py, fragment of the message; every answer is unusable, so no run begins
ALWAYS_WRONG = [
    ("nan_all", "not finite"),
    ("raises_all", "ValueError: the tokenizer broke"),
    ("exits_all", "SystemExit"),
    ("hangs_all", "did not answer within 0.2 s"),
    ("too_few_all", "asked about 1 inputs and returned 0 rows"),
    ("too_many_all", "asked about 1 inputs and returned 2 rows"),
    ("nothing_all", "returned 0 rows"),
    ("none_all", "returned None (NoneType)"),
    ("text_all", "returned 'positive' (str)"),
    ("dict_all", "(dict); expected a list or array"),
    ("number_all", "returned 0.9 (float)"),
    ("names_all", "a victim that gives labels only must say so: --access labels"),
    ("strings_all", "['0.1', 'nine'] (list); expected one number per label"),
    ("none_rows_all", "answered None (NoneType); expected one score per label"),
    ("dict_rows_all", "gave a score for 'positive' only"),
    ("nested_all", "expected one number per label"),
    ("flat_all", "answered 0.9 (float)"),
    ("three_all", "gave 3 scores for one input; it declares 2 labels"),
    ("one_all", "gave 1 scores for one input; it declares 2 labels"),
    ("complex_all", "expected one number per label"),
    ("ragged_all", "gave 1 scores for one input"),
    ("unknown_label_all", "answered the label 'neutral'; it declares ['negative', 'positive']"),
    ("index_label_all", "answered label index 2; it declares 2 labels"),
    ("negative_label_all", "answered label index -1"),
    ("truth_label_all", "answered True (bool)"),
    ("score_label_all", "answered 0.9 (float); a label-only victim must answer"),
]

# name in victims.py, type of the error, fragment of its message; only the text with a zebra is affected
SOMETIMES_WRONG = [
    ("nan_some", "AnswerError", "not finite"),
    ("inf_some", "AnswerError", "not finite"),
    ("raises_some", "VictimError", "the tokenizer broke"),
    ("exits_some", "VictimError", "SystemExit"),
    ("hangs_some", "VictimTimeoutError", "did not answer"),
    ("recurses_some", "VictimError", "RecursionError"),
    ("too_few_some", "AnswerError", "returned 0 rows"),
]


@pytest.mark.parametrize(("spec", "fragment"), UNLOADABLE, ids=[spec for spec, _ in UNLOADABLE])
def test_refused_at_loading(spec: str, fragment: str, audit: Callable[..., Any], refused: Callable[..., None]) -> None:
    refused(audit(f"--victim {spec} --offline", MODULES), fragment)


@pytest.mark.parametrize(("name", "fragment"), ALWAYS_WRONG, ids=[name for name, _ in ALWAYS_WRONG])
def test_refused_before_the_run(name: str, fragment: str, audit: Callable[..., Any], refused: Callable[..., None]) -> None:
    ended = audit(f"--victim python:HERE/victims.py:{name} --victim-timeout 0.2")
    refused(ended, "the victim answered none of")
    refused(ended, fragment)
    assert not (ended.folder / "run").exists()


@pytest.mark.parametrize(("name", "error", "fragment"), SOMETIMES_WRONG, ids=[name for name, _, _ in SOMETIMES_WRONG])
def test_counted_as_error(name: str, error: str, fragment: str, audit: Callable[..., Any]) -> None:
    ended = audit(f"--victim python:HERE/victims.py:{name} --victim-timeout 0.5 --data zebra.csv", {"zebra.csv": ZEBRA})
    assert ended.code == 1, (ended.out, ended.err)
    assert "Traceback" not in ended.err
    wrong = [o for o in ended.outcomes() if o["status"] == "error"]
    assert [o["texts"]["text"] for o in wrong] == ["a bad zebra of a film"]
    assert error in str(wrong[0]["error"])
    assert fragment in str(wrong[0]["error"])
    assert len(ended.outcomes()) == 4
    assert any(flag["code"] == "errors" for flag in ended.manifest()["flags"])


def test_errors_fail_the_gate_unless_the_policy_allows_them(audit: Callable[..., Any], command: Callable[..., Any]) -> None:
    ended = audit("--victim scripted:raising:zebra --data zebra.csv --max-error-rate 0.25", {"zebra.csv": ZEBRA})
    assert ended.code != 1, ended.out
    assert command("gate run").code == 1
    assert command("gate run --max-error-rate 0.24").code == 1


def test_an_interrupt_is_no_verdict(audit: Callable[..., Any]) -> None:
    ended = audit("--victim python:HERE/victims.py:interrupts_all")
    assert ended.code not in (0, 1, 3)
    assert "interrupted" in ended.err


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("python:HERE/victims.py:logits_all", "not-probabilities"),
        ("scripted:logits", "not-probabilities"),
        ("scripted:noisy", "nondeterministic"),
        ("scripted:hard-label", "label-only"),
        ("scripted:rounded:0", "rounded-scores"),
        ("scripted:constant", "near-chance"),
    ],
)
def test_odd_answers_are_used_as_they_came_and_flagged(spec: str, code: str, audit: Callable[..., Any]) -> None:
    ended = audit(f"--victim {spec}")
    assert ended.code in (0, 3), ended.err
    assert code in [flag["code"] for flag in ended.manifest()["flags"]]


def test_a_victim_that_fails_at_random_ends_in_errors_not_in_a_crash(audit: Callable[..., Any]) -> None:
    ended = audit("--victim scripted:flaky:3")
    assert ended.code in (0, 1, 3), ended.err
    assert len(ended.outcomes()) == 6
    assert any(o["status"] == "error" for o in ended.outcomes()) == (ended.code == 1)


@pytest.mark.parametrize(
    ("flags", "fragment"),
    [
        ("--victim scripted:keyword --access labels", "access cannot be used with scripted"),
        ("--victim python:HERE/victims.py:logits_all --max-length 9", "max_length cannot be used with python"),
        ("--victim python:HERE/victims.py:without_labels --labels a", "needs two or more different labels"),
        ("--victim python:HERE/victims.py:without_labels --labels a,b", "the labels of the data and of the victim do not match"),
        (
            "--victim python:HERE/victims.py:logits_all --fields a,b",
            "no column has a usual name for the victim's 2 text fields (a, b)",
        ),
        ("--victim python:HERE/victims.py:logits_all --access gradients", "access must be one of scores, labels"),
    ],
)
def test_options_that_do_not_fit_the_victim(
    flags: str, fragment: str, audit: Callable[..., Any], refused: Callable[..., None]
) -> None:
    refused(audit(flags), fragment)
