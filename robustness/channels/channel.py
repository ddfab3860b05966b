"""What a channel is, and how one is named."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from robustness.errors import UsageError

SEVERITIES = (1, 2, 3, 4, 5)
DEFAULT_SEVERITY = 1


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing that a model could be asked about came out; ``message`` says why. Neither robustness nor a break."""

    message: str


class Channel(Protocol):
    """What texts go through."""

    @property
    def name(self) -> str:
        """The spec that brings it back: ``ocr:3``."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What pins what comes out: settings, versions of programs, digests of fonts and models."""

    def carry(self, texts: Sequence[str]) -> list[str | Lost]:
        """What comes out of each text; the same for a text in any company.

        Raises:
            VictimError: a program of the channel failed.
        """

    def at(self, severity: int) -> Channel:
        """The same programs and seed at another severity."""


def parse(spec: str) -> tuple[str, int, dict[str, str]]:
    """Name, severity and options of ``NAME[:SEVERITY][,OPTION=VALUE …]``.

    Raises:
        UsageError: a severity that is none, an option without a value or given twice.
    """
    name, colon, rest = spec.partition(":")
    severity, options = DEFAULT_SEVERITY, {}
    for place, part in enumerate(rest.split(",") if colon else ()):
        key, equals, value = (side.strip() for side in part.partition("="))
        if place == 0 and not equals:
            severity = _severity(key, spec)
        elif not (key and equals and value):
            raise UsageError(f"expected NAME[:SEVERITY][,OPTION=VALUE …], such as ocr:3 or ocr:3,px=12, got {spec!r}")
        elif key in options:
            raise UsageError(f"{spec!r} gives {key} twice; give it once")
        else:
            options[key] = value
    return name.strip(), severity, options


def _severity(text: str, spec: str) -> int:
    if text not in map(str, SEVERITIES):
        raise UsageError(f"a severity is a whole number from {SEVERITIES[0]} to {SEVERITIES[-1]}, got {text!r} in {spec!r}")
    return int(text)


def number(options: Mapping[str, str], key: str, default: float, least: float, most: float) -> float:
    """The number of an option within its range; raises ``UsageError``."""
    text = options.get(key)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise UsageError(f"{key} must be a number from {least:g} to {most:g}, got {text!r}")
    return value


def whole(options: Mapping[str, str], key: str, default: int, least: int, most: int) -> int:
    """The whole number of an option within its range; raises ``UsageError``."""
    value = number(options, key, default, least, most)
    if value != int(value):
        raise UsageError(f"{key} must be a whole number from {least} to {most}, got {options[key]!r}")
    return int(value)


def refuse_unknown(channel: str, options: Mapping[str, str], known: Sequence[str]) -> None:
    """Raise ``UsageError`` for an option that the channel does not have."""
    odd = sorted(set(options) - set(known))
    if odd:
        raise UsageError(f"the channel {channel} has no option {odd[0]!r}; it has: {', '.join(known)}")


def noise_seed(seed: int, text: str) -> int:
    """The seed of a text's noise: a function of seed and text, and of nothing else."""
    digest = hashlib.blake2b(f"{seed}\x1f{text}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
