"""``robustness attack --interactive``: a text, what becomes of it, the next text, with the model loaded once.

Lines come from the terminal, or from a pipe: then there is no prompt, and each line is a text. What goes wrong with one text is
said, and the next is read.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from reports.files.text import visible
from robustness.commands.options.values import listed_recipes
from robustness.commands.starting.one_text import OneText, exit_code
from robustness.commands.starting.telling import show
from robustness.commands.terminal import output
from robustness.commands.terminal.interrupts import prompting
from robustness.errors import RefusedError, RobustnessError, SpentError, UsageError

HELP = (
    ":recipe NAME    attack with this recipe, suite or composition from now on, or several with commas between",
    ":label LABEL    what is right for the texts that follow; :label alone: the victim's own answer",
    ":all            try every recipe, also after one that broke the text; :first goes back",
    ":help           this list",
    ":quit           end, as do Ctrl-D and the end of a pipe; Ctrl-C ends a search only",
    "::text          a text that begins with a colon",
)


@dataclass(slots=True)
class Loop:
    """The state of a session: the recipes, the label, whether every recipe is tried, and how each text ended."""

    one: OneText
    recipes: Sequence[str]
    label: str | None = None
    every: bool = False
    statuses: list[str] = field(default_factory=list)

    def run(self) -> int:
        """Read until the end of the input. The exit code is 0 on a terminal, in a pipe that of all texts together."""
        terminal = sys.stdin.isatty()
        if hasattr(sys.stdin, "reconfigure"):
            sys.stdin.reconfigure(errors="surrogateescape")  # a bad byte spoils its line, not the ones after it
        if terminal:
            output.warn("a text to attack it, :help for more, Ctrl-D to end")
        while True:
            try:
                texts = self._read(terminal=terminal)
                if texts is None:
                    break
                if texts:
                    self._attack(texts)
            except KeyboardInterrupt:
                if not terminal:
                    raise
                output.warn("", "interrupted; Ctrl-D ends")
            except (RefusedError, SpentError):
                raise  # nothing more will be answered
            except RobustnessError as problem:
                self._failed(str(problem))
            except Exception as problem:  # noqa: BLE001 - whatever one text sets off, the model is loaded and the next can be tried
                self._failed(f"internal error, {type(problem).__name__}: {problem}")
        return 0 if terminal else exit_code(self.statuses)

    def _failed(self, message: str) -> None:
        self.statuses.append("error")
        output.warn(*(f"error: {line}" for line in message.split("\n")))

    def _read(self, *, terminal: bool) -> tuple[str, ...] | None:
        """The texts of the next example, nothing after a command or a blank line, None at the end of the input."""
        texts: list[str] = []
        for name in self.one.fields:
            prompt = f"{visible(name)}> " if len(self.one.fields) > 1 else "> "
            line = read_line(prompt if terminal else None)
            if line is None:
                if texts:
                    raise UsageError(f"the input ended before {name}: an example has {', '.join(self.one.fields)}, a line each")
                return None
            if line.startswith(":") and not line.startswith("::"):
                return () if self._obey(line) else None
            if not line.strip():
                return ()
            texts.append(line.removeprefix(":") if line.startswith("::") else line)
        return tuple(texts)

    def _attack(self, texts: tuple[str, ...]) -> None:
        data, right = self.one.example(texts, self.label)
        own = ", the victim's own answer" if right.own else ""
        output.say(f"label {right.shown}{own}")
        for outcome in self.one.outcomes(data, self.recipes, every=self.every):
            self.statuses.append(outcome.status)
            show(outcome)
        sys.stdout.flush()

    def _obey(self, line: str) -> bool:
        """Carry out a command; whether to go on."""
        word, _, rest = line[1:].strip().partition(" ")
        rest = rest.strip()
        if word in ("quit", "exit", "q"):
            return False
        if word in ("help", "h", "?"):
            output.say(*HELP)
        elif word in ("recipe", "recipes"):
            self._choose(rest)
        elif word == "label":
            self.label = rest or None
            output.say(f"label {rest}" if rest else "label: the victim's own answer")
        elif word in ("all", "first"):
            self.every = word == "all"
            output.say("every recipe is tried" if self.every else "the first recipe that breaks a text is the last")
        else:
            raise UsageError(
                f"there is no command :{word}; :help lists them, and a text that begins with a colon is written ::text"
            )
        return True

    def _choose(self, named: str) -> None:
        from robustness.planning.early_checks import check_settings
        from robustness.settings import Settings

        recipes = listed_recipes(named) or []
        if not recipes:
            raise UsageError("expected a recipe after :recipe, such as :recipe textfooler; `robustness list recipes` names them")
        check_settings(Settings(**{**self.one.chosen, "recipes": tuple(recipes)}))
        self.recipes = recipes
        output.say(f"recipe {', '.join(recipes)}")


def read_line(prompt: str | None) -> str | None:
    """A line of the terminal, with its editing and history, or of a pipe, without the line's end; None at the end.

    Raises:
        UsageError: bytes that are not text in the encoding of the input.
    """
    if prompt is None:
        line = sys.stdin.readline()
        if not line:
            return None
    else:
        line = _edited(prompt)
        if line is None:
            return None
    line = line.rstrip("\r\n")
    if any("\udc80" <= character <= "\udcff" for character in line):
        raise UsageError(f"this line is not valid {getattr(sys.stdin, 'encoding', 'utf-8')}; convert it to UTF-8")
    return line


def _edited(prompt: str) -> str | None:
    """A line typed on a terminal; ``input`` lets it be edited only while ``sys.stdout`` is the interpreter's first stream."""
    kept, sys.stdout = sys.stdout, sys.__stdout__ or sys.stdout
    with suppress(ImportError):
        import readline  # noqa: F401 - its import is what gives `input` arrow keys and a history
    try:
        with prompting():
            return input(prompt)
    except EOFError:
        return None
    finally:
        sys.stdout = kept
