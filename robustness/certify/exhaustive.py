"""Exhaustive certificates: every text of a declared space is asked, so what is found holds for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from attacks.search import Query, Search, Unusable
from reports.run import Outcome
from reports.run.certificates import BROKEN, CERTIFIED, EXHAUSTIVE, UNCERTIFIED, UNTOUCHED, Certificate
from robustness.certify.frame import Asked, Begun, Found, Frame, begin, case_of
from robustness.certify.spaces import Space
from robustness.errors import UsageError

CHUNKS = (64, 192, 512)
"""How many texts of an example are asked at once: few at first, where most breaks are found, then full batches."""


@dataclass(frozen=True, slots=True)
class Exhaustive:
    """Asks every text of ``space``. ``all_texts``: goes on after the first counterexample, to count them all.

    ``most``: most texts that may be asked for all examples together, None for no limit; two edits need one.
    """

    space: Space
    all_texts: bool = False
    most: int | None = None

    @property
    def name(self) -> str:
        """The space's."""
        return self.space.name

    @property
    def kind(self) -> str:
        """``exhaustive``."""
        return EXHAUSTIVE

    def check(self, frame: Frame) -> None:
        """Refuse a victim whose answers vary: one answer to each text says nothing of the next."""
        if frame.varies:
            raise UsageError(
                f"--space {self.name} asks each text once, and this victim may answer one text differently when asked again; "
                "certify it over samples (--rewrites or --smooth), or state --deterministic for an endpoint that never varies"
            )

    def check_size(self, examples: Iterable[Asked], field: int) -> int:
        """How many texts there are at most; raises ``UsageError`` where that is more than may be asked, or nobody said so."""
        needed = self.forwards(examples, field)
        if self.most is None and self.space.edits > 1:
            raise UsageError(
                f"--space {self.name} has up to {needed:,} texts for these examples; to ask so many: --max-forwards {needed}"
            )
        if self.most is not None and needed > self.most:
            raise UsageError(
                f"--space {self.name} has up to {needed:,} texts for these examples, and --max-forwards allows {self.most:,}; "
                f"give --max-forwards {needed}, fewer examples (--limit), or a smaller space (--space char-1:swap+delete)"
            )
        return needed

    def forwards(self, examples: Iterable[Asked], field: int) -> int:
        """The clean texts, and every text of the space of each."""
        return sum(1 + self.space.size(one.inputs[field]) for one in examples)

    def record(self, examples: Iterable[Asked], field: int) -> Mapping[str, Any]:
        """The space with its formula and digest."""
        return {"space": dict(self.space.record(one.inputs[field] for one in examples)), "all_texts": self.all_texts}

    def certificate(self, frame: Frame, example: Asked) -> Search[Found]:
        """Ask the whole space, or until a text breaks the example."""
        begun = yield from begin(frame, example)
        if isinstance(begun, Found):
            return begun
        count = _Count(begun, self.name)
        texts = self.space.texts(begun.text, begun.protected)
        for size in _sizes():
            chunk = list(islice(texts, size))
            if not chunk:
                break
            answers = yield Query(tuple(begun.with_text(text) for text, _ in chunk))
            for (text, kind), answer in zip(chunk, answers, strict=True):
                count.take(text, kind, answer)
            if count.case is not None and not self.all_texts:
                break
        return Found(count.certificate(self.space, inside(self.space, begun, example)), count.case)


def _sizes() -> Iterator[int]:
    yield from CHUNKS
    while True:
        yield CHUNKS[-1]


def inside(space: Space, begun: Begun, example: Asked) -> tuple[str, ...]:
    """Recipes of the run that broke the example by a text of the space."""
    if not example.broken:
        return ()
    texts = {text for _, text in example.broken}
    found = {made for made, _ in space.texts(begun.text, begun.protected) if made in texts}
    return tuple(sorted({recipe for recipe, text in example.broken if text in found}))


class _Count:
    """What was asked of one example, and what came."""

    def __init__(self, begun: Begun, method: str) -> None:
        self.begun, self.method = begun, method
        self.asked: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.unusable = self.unchanged = self.distinct = self.fair = 0
        self.worst: tuple[str, str] | None = None
        self.case: Outcome | None = None
        self._readings: set[bytes] = set()

    def take(self, text: str, kind: str, answer: Any) -> None:
        """One answer."""
        begun = self.begun
        self.asked[kind] += 1
        reading = None if isinstance(answer, Unusable) else answer.reading
        if reading is not None and reading == begun.clean.reading:
            self.unchanged += 1
        elif reading is None or reading not in self._readings:
            self.distinct += 1
            if reading is not None:
                self._readings.add(reading)
        reached, unusable, fair = begun.lost(answer, begun.with_text(text))
        self.unusable += unusable
        self.fair += fair
        if reached:
            self.failed[kind] += 1
            if self.case is None:
                self.worst = (text, kind)
                self.case = case_of(begun, self.method, text, answer, kind, self.asked.total())

    def certificate(self, space: Space, attacked: tuple[str, ...]) -> Certificate:
        """What all answers show. Whatever came back as no answer, or could not be told from the original, certifies nothing."""
        state, why, error = CERTIFIED, "", False
        if self.failed:
            state = BROKEN
        elif attacked:
            state, error = UNCERTIFIED, True
            why = f"{attacked[0]} broke it by a text of the space that is now answered rightly: the victim's answers vary"
        elif self.unusable:
            state, why = UNCERTIFIED, f"{self.unusable} texts got no answer that counts"
        elif not self.distinct or not self.fair:
            state = UNTOUCHED
        return Certificate(
            example_id=self.begun.example.id,
            state=state,
            size=space.size(self.begun.text),
            asked=self.asked.total(),
            failures=self.failed.total(),
            unusable=self.unusable,
            distinct=self.distinct,
            unchanged=self.unchanged,
            kinds={kind: (self.asked[kind], self.failed[kind]) for kind in sorted(self.asked)},
            worst=self.worst[0] if self.worst else None,
            technique=self.worst[1] if self.worst else "",
            attacked=attacked,
            why=why,
            error=error,
            group=self.begun.example.group,
        )
