"""Dialogues reach a decoder as the turns that they are, and a victim that takes none is never asked in several turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attacks.dialogue import ASSISTANT, INPUT, USER, Turn, turns_of, written
from reports.measures.of_run import measure
from reports.run.replayed import BROKEN
from robustness import audit
from robustness.cli import main
from robustness.engine.converse import oracle_for
from robustness.errors import UsageError
from robustness.followups.minimise import minimise
from robustness.followups.replay import replay
from robustness.victims import load_victim
from robustness.victims.dialogues import spoken
from robustness.victims.prompts.prompt import Message
from robustness.victims.transformers.prompting import Prompts, Templated, template_of

ROWS = [("capital of france?", "paris"), ("capital of spain?", "madrid"), ("capital of italy?", "rome")]
TALK = written([Turn(USER, "hello"), Turn(ASSISTANT, "hi"), Turn(INPUT, "capital of france?"), Turn(USER, "sure?")])


def test_the_input_turn_goes_through_the_prompt_and_the_others_stand_around_it() -> None:
    def alone(inputs: tuple[str, ...]) -> list[Message]:
        return [Message("system", "be brief"), Message("user", f"Q: {inputs[0]} ({inputs[1]})")]

    roles = [
        ("system", "be brief"),
        ("user", "hello"),
        ("assistant", "hi"),
        ("user", "Q: capital of france? (x)"),
        ("user", "sure?"),
    ]
    assert [(one.role, one.content) for one in spoken(alone, (TALK, "x"))] == roles
    assert spoken(alone, ("plain", "x")) == alone(("plain", "x"))


def test_a_decoder_reads_turns_through_its_chat_template(decoder: Path) -> None:
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(decoder))
    prompts = Prompts(tokenizer, Templated(template_of("Say: {text}", None)))
    chat = [("user", "hello"), ("assistant", "hi"), ("user", "Say: capital of france?"), ("user", "sure?")]
    expected = tokenizer.apply_chat_template(
        [{"role": role, "content": content} for role, content in chat], tokenize=False, add_generation_prompt=True
    )
    assert prompts.render((TALK,)) == expected


def test_pressure_on_a_decoder_climbs_a_ladder_whose_rungs_can_be_replayed(decoder: Path, tmp_path: Path) -> None:
    how: dict[str, Any] = {"offline": True, "device": "cpu", "max_new_tokens": 10}
    victim = load_victim(f"hf:{decoder}", **how)
    assert victim.info.dialogue
    run = audit(victim, ROWS, recipes="dialogue:pressure", encoder="none", out=tmp_path / "run")
    climbed = [o for o in run.outcomes if o.ladder]
    assert climbed
    for outcome in climbed:
        turns = turns_of(outcome.ladder[-1].text) or ()
        said = [turn.content for turn in turns if turn.role == ASSISTANT]
        assert said[1:] == [rung.shown for rung in outcome.ladder[:-1]], "each turn holds what the victim said before"
        assert outcome.queries == 1 + len(outcome.ladder) + sum(outcome.unusable.values())
    (table,) = measure(run).tables
    assert str(table.rows[0][0]) == "pressure: 1"
    assert measure(run).severities == ()
    broken = [o for o in run.outcomes if o.status == "succeeded"]
    assert broken, "the tiny decoder has learnt single questions only"
    assert {one.state for one in replay(victim, broken).cases} == {BROKEN}
    for found in minimise(victim, broken, oracle_for(victim, batch_tokens=2048, timeout=60.0)):
        assert turns_of(found.perturbed or "") is not None, "a dialogue is not taken apart"


def test_a_victim_without_turns_is_refused_before_it_is_attacked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps({"text": t, "label": "positive"}) + "\n" for t, _ in ROWS), encoding="utf-8")
    code = main(["audit", "--victim", "scripted:keyword", "--data", str(data), "--recipes", "dialogue", "--encoder", "none"])
    said = capsys.readouterr().err
    assert code == 2
    assert "dialogue:pressure asks in several turns, which the victim" in said


def test_a_decoder_without_a_chat_template_takes_no_turns(decoder: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "base"
    shutil.copytree(decoder, folder)
    (folder / "chat_template.jinja").unlink()
    victim = load_victim(f"hf:{folder}", offline=True, device="cpu", max_new_tokens=4)
    assert not victim.info.dialogue
    with pytest.raises(UsageError, match="asks in several turns"):
        audit(victim, ROWS, recipes="dialogue:many-shot", encoder="none", out=tmp_path / "run")
