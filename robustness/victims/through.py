"""A victim that gets what came out of a channel: a scan that was read, speech that was heard (``--through``).

Every text passes the channel, the clean one included. A text of which nothing came out is never put to the victim: it counts
as an error, neither as robustness nor as a break.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from attacks.search import Input
from robustness.channels.channel import Channel, Lost
from robustness.channels.kept import Kept
from robustness.errors import UsageError, VictimError
from robustness.victims.base import PlainVictim, Streaming, Victim, VictimInfo

if TYPE_CHECKING:
    from robustness.engine.cache import Memory

PLACES = ("ner",)
"""Tasks whose answers are places in the text; those of what came out are not places in the text that went in."""
IDENTITY = "through"
"""Key in the identity under which the channel's spec stands."""


class ThroughVictim(PlainVictim):
    """A victim behind a channel. Its identity is the victim's and the channel's; it gives no gradients."""

    def __init__(self, inner: Victim, channel: Channel) -> None:
        if inner.info.task in PLACES:
            raise UsageError(
                f"--through cannot be used with the task {inner.info.task}: its answers are places in what came out of the "
                "channel, and the data name places in what went in"
            )
        self.inner, self.channel = inner, channel
        self._kept = Kept(channel)
        pins = {**dict(inner.info.identity), IDENTITY: channel.name}
        pins |= {f"{IDENTITY}.{key}": value for key, value in channel.identity.items()}
        note = f"every text reached it through {channel.name}"
        self._info = replace(inner.info, identity=tuple(sorted(pins.items())), gradients=False, notes=(*inner.info.notes, note))

    @property
    def info(self) -> VictimInfo:
        """Who it is."""
        return self._info

    def keep_in(self, memory: Memory) -> None:
        """Remember on disk what came out of the channel."""
        self._kept.keep_in(memory)

    def arrived(self, inputs: Sequence[Input]) -> list[Input | Lost]:
        """What comes out of each input, all fields of the data carried; ``Lost`` where nothing comes out of one of them."""
        own = len(self._info.supplied)
        texts = list(dict.fromkeys(text for one in inputs for text in one[own:]))
        out = dict(zip(texts, self._kept.carry(texts), strict=True))
        return [_whole([*one[:own], *(out[text] for text in one[own:])]) for one in inputs]

    def carry(self, inputs: Sequence[Input]) -> dict[Input, str]:
        """Bring inputs through the channel, ahead of being asked about; those of which nothing came out, each with the reason."""
        came = zip(inputs, self.arrived(inputs), strict=True)
        return {one: out.message for one, out in came if isinstance(out, Lost)}

    def predict(self, inputs: Sequence[Input]) -> Any:
        """What the victim says of what came out; raises ``VictimError`` where nothing did."""
        arrived = self.arrived(inputs)
        reached = [out for out in arrived if not isinstance(out, Lost)]
        lost = [out for out in arrived if isinstance(out, Lost)]
        if lost:
            raise VictimError(f"nothing came out of {self.channel.name}: {lost[0].message}")
        return self.inner.predict(reached)

    def lengths(self, inputs: Sequence[Input]) -> Sequence[int]:
        """Lengths of what came out, in the victim's own tokens."""
        return self._of_arrived(inputs, self.inner.lengths, 1)

    def truncated(self, inputs: Sequence[Input]) -> Sequence[bool]:
        """Which the victim would cut off."""
        return self._of_arrived(inputs, self.inner.truncated, False)

    def readings(self, inputs: Sequence[Input]) -> Sequence[bytes | None]:
        """Digests of what the victim reads: two texts that come out alike are one and the same to it."""

        def read(arrived: Sequence[Input]) -> Sequence[bytes | None]:
            own = getattr(self.inner, "readings", None)
            told = own(arrived) if own is not None else [None] * len(arrived)
            return [reading if reading is not None else _digest(one) for one, reading in zip(arrived, told, strict=True)]

        return self._of_arrived(inputs, read, None)

    def unknown_tokens(self, inputs: Sequence[Input]) -> Sequence[tuple[int, int]]:
        """Unknown and all tokens of what came out."""
        count = getattr(self.inner, "unknown_tokens", None)
        return self._of_arrived(inputs, count, (0, 0)) if count is not None else super().unknown_tokens(inputs)

    def close(self) -> None:
        """Close the victim."""
        self.inner.close()

    def _of_arrived(self, inputs: Sequence[Input], ask: Any, otherwise: Any) -> list[Any]:
        """What is told of each input that came out, in order, and ``otherwise`` of one that did not."""
        arrived = self.arrived(inputs)
        reached = [out for out in arrived if not isinstance(out, Lost)]
        told = iter(ask(reached) if reached else ())
        return [otherwise if isinstance(out, Lost) else next(told) for out in arrived]


class StreamedThroughVictim(ThroughVictim):
    """A victim behind a channel that is asked one input at a time."""

    def __init__(self, inner: Victim, channel: Channel) -> None:
        super().__init__(inner, channel)
        assert isinstance(inner, Streaming)
        self._ask = inner.start

    def start(self, inputs: Input, ask: str, done: Callable[[Any], None]) -> None:
        """Ask about what came out; where nothing did, that is what is known."""
        (out,) = self.arrived([inputs])
        if isinstance(out, Lost):
            done(VictimError(f"nothing came out of {self.channel.name}: {out.message}"))
        else:
            self._ask(out, ask, done)


def behind_channel(inner: Victim, channel: Channel) -> ThroughVictim:
    """The victim behind the channel, asked as it is asked without."""
    return (StreamedThroughVictim if isinstance(inner, Streaming) else ThroughVictim)(inner, channel)


def _whole(parts: Sequence[str | Lost]) -> Input | Lost:
    lost = next((part for part in parts if isinstance(part, Lost)), None)
    return lost if lost is not None else tuple(part for part in parts if not isinstance(part, Lost))


def _digest(one: Input) -> bytes:
    digest = blake2b(digest_size=16)
    for text in one:
        digest.update(f"{len(text)}\x1f{text}".encode("utf-8", "surrogatepass"))
    return digest.digest()
