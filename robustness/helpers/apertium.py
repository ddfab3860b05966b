"""Back-translation by Debian's rule-based ``apertium``, without a shell and the same for a text in any company.

Apertium is a chain of small programs, listed in its ``.mode`` files. Each is run here once for all texts, with texts kept
apart by NUL, except the tagger: its answer to a text depends on what it read before, so it is started afresh for each.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from robustness.errors import UsageError, VictimError, VictimTimeoutError, cut
from robustness.isolation.offline import own_child
from robustness.victims.transformers.checkpoints import digest
from robustness.victims.transformers.tokens import is_readable

STATEFUL = ("apertium-tagger", "cg-proc")
INSTALL = "install it with: apt-get install apertium apertium-eng-spa"
_SPECIAL = re.compile(r"([\\^$@/<>\[\]{}])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MARK = re.compile(r"(?<!\w)[#@*](?=\w)")
_SPACES = re.compile(r" {2,}")
END = ".[]"
"""A full stop that ends the last sentence for the grammar, marked as an addition; apertium's own reader does the same."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The programs of one translation direction, each with its arguments."""

    direction: str
    stages: tuple[tuple[str, ...], ...]

    def files(self) -> list[Path]:
        """The language data that the programs read."""
        return [Path(word) for stage in self.stages for word in stage if word.startswith("/") and Path(word).is_file()]


class ApertiumRewriter:
    """English there and back again: at most one rewrite of each text, none where it comes back unchanged.

    ``timeout``: seconds that one program may take. A translation direction is a name such as ``eng-spa``.
    """

    def __init__(self, there: str = "eng-spa", back: str = "spa-eng", timeout: float = 60.0) -> None:
        if not timeout > 0:
            raise UsageError(f"timeout must be positive seconds, got {timeout}")
        self._chains, self._timeout = (_chain(there), _chain(back)), timeout
        self.name = f"apertium {there} {back}"
        self.identity: Mapping[str, str] = {"data": digest(file for chain in self._chains for file in chain.files())}

    def rewrite(self, texts: Sequence[str], n: int = 1) -> list[list[str]]:
        """One rewrite of each text, or none: ``apertium`` knows a single translation, whatever ``n``.

        Raises:
            VictimError: a program failed, or lost count of the texts.
            VictimTimeoutError: a program took longer than ``timeout``.
        """
        if n < 1:
            raise UsageError(f"n must be at least 1, got {n}")
        wanted = [t for t in dict.fromkeys(texts) if t.strip() and is_readable((t,))]
        back = wanted
        for chain in self._chains:
            back = self._translate(back, chain) if back else []
        found = {text: _tidy(text, result) for text, result in zip(wanted, back, strict=True)}
        return [found.get(text, []) for text in texts]

    def _translate(self, texts: Sequence[str], chain: Chain) -> list[str]:
        streams = [_SPECIAL.sub(r"\\\1", text.replace("\0", " ")) + END for text in texts]
        for stage in chain.stages:
            companies = [[stream] for stream in streams] if stage[0] in STATEFUL else [streams]
            streams = [answer for company in companies for answer in self._run(stage, company)]
        return [_ESCAPED.sub(r"\1", stream.replace(END, "").replace("[]", "")) for stream in streams]

    def _run(self, command: Sequence[str], streams: Sequence[str]) -> list[str]:
        given = "".join(stream + "\0" for stream in streams)
        try:
            with own_child():  # each stage reads its files and its input
                done = subprocess.run(command, input=given.encode(), capture_output=True, timeout=self._timeout, check=False)
        except subprocess.TimeoutExpired as late:
            raise VictimTimeoutError(f"{command[0]} did not answer within {self._timeout:g} s") from late
        if done.returncode:
            reason = cut(done.stderr.decode(errors="replace").strip(), 200)
            raise VictimError(f"{command[0]} ended with status {done.returncode}: {reason or 'no message'}")
        parts = done.stdout.decode(errors="replace").split("\0")
        if len(parts) < len(streams):
            raise VictimError(f"{command[0]} was given {len(streams)} texts and returned {len(parts)}")
        return parts[: len(streams)]


def _tidy(text: str, result: str) -> list[str]:
    """The rewrite in the text's own manner, or nothing when it is the text again or holds marks of a failed word."""
    rewrite = _SPACES.sub(" ", result).strip()
    first = text.lstrip()[0]
    if first.islower() and rewrite[:1].isupper():
        rewrite = rewrite[0].lower() + rewrite[1:]
    failed = len(_MARK.findall(rewrite)) > len(_MARK.findall(text))
    same = "".join(rewrite.split()).casefold() == "".join(text.split()).casefold()
    return [] if failed or same or not rewrite else [rewrite]


def _chain(direction: str) -> Chain:
    program = shutil.which("apertium")
    if program is None:
        raise UsageError(f"apertium is not installed; {INSTALL}")
    modes = Path(program).resolve().parent.parent / "share" / "apertium" / "modes"
    file = modes / f"{direction}.mode"
    if not re.fullmatch(r"[A-Za-z_]+-[A-Za-z_]+", direction) or not file.is_file():
        known = ", ".join(sorted(p.stem for p in modes.glob("*.mode"))) or "none"
        raise UsageError(f"apertium has no direction {direction!r}, it has: {known}; {INSTALL}")
    words = [{"$1": "-n", "$2": ""}.get(word, word) for word in shlex.split(file.read_text())]
    stages = _split([word for word in words if word])
    for stage in stages:
        if shutil.which(stage[0]) is None:
            raise UsageError(f"apertium's {direction} needs {stage[0]}, which is not installed")
    return Chain(direction, tuple((stage[0], "-z", *stage[1:]) for stage in stages))


def _split(words: Sequence[str]) -> list[list[str]]:
    stages: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            stages.append([])
        else:
            stages[-1].append(word)
    return stages
