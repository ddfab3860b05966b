"""What came out of a channel, kept by text: in memory, and with ``--cache`` on disk under the channel's identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from robustness.channels.channel import Channel, Lost

if TYPE_CHECKING:
    from robustness.engine.cache import Memory, Shelf

MOST = 200_000
"""Texts kept in memory."""


class Kept:
    """A channel that carries each text once."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._shelf: Shelf[str | Lost] | None = None
        self._known: dict[str, str | Lost] = {}

    def keep_in(self, memory: Memory) -> None:
        """Remember beyond this process."""
        self._shelf = shelf(memory, self.channel)

    def carry(self, texts: Sequence[str]) -> list[str | Lost]:
        """What comes out of each text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        found: dict[str, str | Lost] = {}
        if new and self._shelf is not None:
            found = self._shelf.recall(new)
            new = [text for text in new if text not in found]
        if new:
            carried = dict(zip(new, self.channel.carry(new), strict=True))
            if self._shelf is not None:
                self._shelf.keep(carried)
            found |= carried
        out = [found[text] if text in found else self._known[text] for text in texts]
        if len(self._known) + len(found) > MOST:
            self._known.clear()
        self._known |= found
        return out


def shelf(memory: Memory, channel: Channel) -> Shelf[str | Lost]:
    """The place on disk for what comes out of a channel of this identity."""
    from robustness.engine.cache import Shelf

    return Shelf(memory, ["channel", dict(channel.identity)], pack, unpack)


def pack(carried: str | Lost) -> bytes:
    """What came out as bytes."""
    lost = isinstance(carried, Lost)
    return (b"-" if lost else b"+") + (carried.message if isinstance(carried, Lost) else carried).encode("utf-8", "surrogatepass")


def unpack(raw: bytes) -> str | Lost:
    """What ``pack`` made; raises ``ValueError`` for anything else."""
    text = raw[1:].decode("utf-8", "surrogatepass")
    if raw[:1] not in (b"+", b"-") or not text:
        raise ValueError("no text that came out of a channel")
    return Lost(text) if raw[:1] == b"-" else text
