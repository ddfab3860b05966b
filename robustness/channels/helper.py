"""The channels as helpers: what the recipes ``natural:ocr-real`` and ``natural:speech-real`` ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from robustness.channels import Channel, Lost, check_channel, open_channel
from robustness.channels.channel import SEVERITIES
from robustness.engine.time_limit import guarded

if TYPE_CHECKING:
    from robustness.engine.cache import Memory, Shelf

Item = tuple[str, int]
"""A text and a severity."""


class Noise:
    """A channel at every severity. ``identity`` pins each step of its dial."""

    def __init__(self, channel: Channel) -> None:
        self.name = channel.name.partition(":")[0]
        self._steps = {severity: channel.at(severity) for severity in SEVERITIES}

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What pins the channel, and the settings that differ at each severity."""
        steps = {severity: dict(step.identity) for severity, step in self._steps.items()}
        shared = {key: value for key, value in steps[1].items() if all(step[key] == value for step in steps.values())}
        own = {f"{key}.{n}": value for n, step in steps.items() for key, value in step.items() if key not in shared}
        return shared | own

    def carry(self, items: Sequence[Item]) -> list[str | Lost]:
        """What comes out of each text at its severity."""
        found: dict[Item, str | Lost] = {}
        for severity in sorted({severity for _, severity in items}):
            texts = list(dict.fromkeys(text for text, wanted in items if wanted == severity))
            carried = self._steps[severity].carry(texts)
            found |= {(text, severity): one for text, one in zip(texts, carried, strict=True)}
        return [found[item] for item in items]


class ChannelBackend:
    """Asks a channel; answered by the text that came out, empty where nothing did."""

    row_quantum = 0
    length_quantum = 1
    mixed_lengths = (0, 0)
    padding_cost = 1.0

    def __init__(self, noise: Noise) -> None:
        self._noise = noise

    def lengths(self, items: Sequence[Item]) -> Sequence[int]:
        """Rough lengths: a quarter of the characters."""
        return [max(1, len(text) // 4) for text, _ in items]

    def compute(self, items: Sequence[Item]) -> Sequence[str]:
        """What came out of each text."""
        carried = guarded(partial(self._noise.carry, items), f"the channel {self._noise.name}")
        return ["" if isinstance(one, Lost) else one for one in carried]

    def store(self, memory: Memory) -> Shelf[str]:
        """Where answers outlive the run."""
        from robustness.engine.cache import Shelf

        return Shelf(memory, ["noise", dict(self._noise.identity)], _pack, _unpack)


def _pack(text: str) -> bytes:
    return b"+" + text.encode("utf-8", "surrogatepass")


def _unpack(raw: bytes) -> str:
    if raw[:1] != b"+":
        raise ValueError("no text that came out of a channel")
    return raw[1:].decode("utf-8", "surrogatepass")


def check_ocr(spec: str | None, *, offline: bool = False) -> None:
    """Raise what ``check_channel`` raises; ``spec``: options of the channel, ``font=PATH,lang=deu``."""
    check_channel(_spec("ocr", spec), offline=offline)


def check_speech(spec: str | None, *, offline: bool = False) -> None:
    """Raise what ``check_channel`` raises; ``spec``: options of the channel, ``model=PATH``."""
    check_channel(_spec("speech", spec), offline=offline)


def open_ocr(spec: str | None, *, offline: bool = False) -> Noise:
    """The channel of scans."""
    return Noise(open_channel(_spec("ocr", spec), offline=offline))


def open_speech(spec: str | None, *, offline: bool = False) -> Noise:
    """The channel of speech."""
    return Noise(open_channel(_spec("speech", spec), offline=offline))


def _spec(role: str, options: str | None) -> str:
    return f"{role}:1,{options}" if options else role
