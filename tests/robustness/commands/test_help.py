"""``--help`` of every command, as it reads in a terminal of 80 columns."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest
import typer

from robustness.cli import _FILES, PANELS, _outline, app, main
from robustness.cli import COMMANDS as PLACES
from robustness.commands.terminal.help import COMMAND_PANELS
from robustness.commands.terminal.help import PANELS as OPTION_PANELS

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # the program is a group


def help_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("name", "columns"), [*((name, 80) for name in COMMANDS), ("audit", 40)])
def test_every_option_is_named_whole_and_takes_no_column_for_its_type(
    name: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    COMMANDS[name](["--help"], prog_name=f"robustness {name}", standalone_mode=False)
    shown = capsys.readouterr().out
    for option in COMMANDS[name].params:
        for spelling in (*option.opts, *option.secondary_opts) if option.param_type_name == "option" else ():
            assert re.search(rf"(?<![\w-]){re.escape(spelling)}(?![\w-])", shown), f"{name} {spelling} at {columns} columns"
    assert not re.search(r"<\w+> ", shown)
    assert max(map(len, shown.splitlines())) <= columns


def test_every_option_has_a_panel_of_the_list() -> None:
    options = [(name, one) for name, command in COMMANDS.items() for one in command.params if one.param_type_name == "option"]
    elsewhere = {(name, one.opts[0]): one.rich_help_panel for name, one in options if one.rich_help_panel not in OPTION_PANELS}
    assert not elsewhere, f"give these rich_help_panel= one of {', '.join(OPTION_PANELS)}"


def test_commands_are_grouped_and_none_is_lost(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert tuple(PANELS) == COMMAND_PANELS
    shown = help_of(capsys, monkeypatch)
    places = [shown.index(f"─ {panel} ─") for panel in PANELS]
    assert places == sorted(places)
    for panel, commands in PANELS.items():
        part = shown[shown.index(f"─ {panel} ─") :].split("╰")[0]
        assert [line.split()[1] for line in part.splitlines()[1:] if not line.startswith("│  ")] == list(commands)


def test_values_in_help_are_no_markup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ocr[:SEVERITY]" in help_of(capsys, monkeypatch, "audit")


def test_the_programs_help_says_of_each_command_what_its_own_help_says() -> None:
    """The program's help is made without building the commands, and such an outline can never be called as one."""
    for name, place in PLACES.items():
        module, _, function = place.partition(":")
        outline = _outline(module, function)
        assert inspect.getdoc(outline) == inspect.getdoc(getattr(import_module(_FILES + module), function)), name
        with pytest.raises(RuntimeError, match="listed and is not built"):
            outline()
    assert main(["--", "runs", "nowhere"]) == 2
